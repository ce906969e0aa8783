package native

import (
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/memory"
)

// interval is memory that is in use during steps from..to.
type interval struct {
	from, to int
	size     int
	offset   int // the result
}

// place gives intervals, sorted by from, offsets at which none overlaps another one in time and space. Those that last to the
// end lie first, one behind the other, so that what stays of the memory is in one piece; each other one lies as low as is
// free. It gives the size of the whole.
func place(list []interval, end int) int {
	total := 0
	var stay, alive []*interval
	for i := range list {
		v := &list[i]
		v.size = memory.Aligned(v.size)
		if v.to >= end {
			v.offset = total
			total += v.size
			stay = append(stay, v)
		}
	}
	for i := range list {
		v := &list[i]
		if v.to >= end {
			continue
		}
		alive = slices.DeleteFunc(alive, func(w *interval) bool { return w.to < v.from })
		taken := slices.Clone(alive)
		for _, w := range stay {
			if w.from <= v.to {
				taken = append(taken, w)
			}
		}
		slices.SortFunc(taken, func(a, b *interval) int { return a.offset - b.offset })
		for _, w := range taken {
			if w.offset >= v.offset+v.size {
				break
			}
			v.offset = max(v.offset, w.offset+w.size)
		}
		alive = append(alive, v)
		total = max(total, v.offset+v.size)
	}
	return total
}
