package cli

import "testing"

func TestThinnedKeepsEvenDistances(t *testing.T) {
	for _, n := range []int{1, mostThinned, mostThinned + 1, 10*mostThinned + 7} {
		var s thinned
		for i := range n {
			s.add(float64(i))
		}
		if got := len(s.kept); got > mostThinned || 2*got < min(n, mostThinned) {
			t.Errorf("of %d numbers %d are kept", n, got)
		}
		for i, x := range s.kept {
			if x != float64(i*(s.skip+1)) {
				t.Fatalf("of %d numbers the kept number %d is %g, expected %d", n, i, x, i*(s.skip+1))
			}
		}
	}
}
