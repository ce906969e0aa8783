package ir

import (
	"slices"
	"testing"
)

// TestBack undoes permutations, and refuses what files may state instead.
func TestBack(t *testing.T) {
	for _, c := range []struct {
		perm []int
		rank int
		want []int // nil: an error
	}{
		{[]int{2, 0, 1}, 3, []int{1, 2, 0}},
		{[]int{0}, 1, []int{0}},
		{[]int{5, 0}, 2, nil},
		{[]int{-1, 0}, 2, nil},
		{[]int{0, 0}, 2, nil},
		{[]int{1, 0}, 3, nil},
	} {
		back, err := Transform{Perm: c.perm}.Back(c.rank)
		if !slices.Equal(back, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%v of rank %d: found %v and %v, expected %v", c.perm, c.rank, back, err, c.want)
		}
	}
}
