package plan

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOffsets holds that values that live at the same time do not share bytes, and that the arena is not much larger than what lives.
func TestOffsets(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		var list []interval
		for i := range 1 + rng.IntN(40) {
			from := rng.IntN(30)
			list = append(list, interval{buffer: i, from: from, to: from + rng.IntN(6), size: int64(rng.IntN(9)) * alignment})
		}
		total := offsets(list)
		most := int64(0)
		for step := range 40 {
			live := int64(0)
			for _, v := range list {
				if v.from <= step && step <= v.to {
					live += v.size
				}
			}
			most = max(most, live)
		}
		for i, v := range list {
			if v.offset < 0 || v.offset%alignment != 0 || v.offset+v.size > total {
				t.Fatalf("%+v does not lie in %d bytes", v, total)
			}
			for _, w := range list[:i] {
				if v.from <= w.to && w.from <= v.to && v.offset < w.offset+w.size && w.offset < v.offset+v.size {
					t.Fatalf("%+v and %+v overlap", v, w)
				}
			}
		}
		if total < most || total > 2*most {
			t.Errorf("an arena of %d bytes for %d that live at a time", total, most)
		}
	}
}

// TestLeast holds that what others wait for is left out.
func TestLeast(t *testing.T) {
	after := make([][]uint64, 5)
	_, after[0] = least(nil, after)
	_, after[1] = least([]int{0}, after)
	_, after[2] = least([]int{0}, after)
	if list, _ := least([]int{1, 0, 2, 1}, after); !slices.Equal(list, []int{1, 2}) {
		t.Errorf("found %v, expected [1 2]", list)
	}
}
