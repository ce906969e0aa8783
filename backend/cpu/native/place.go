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

// place gives intervals, sorted by from, offsets at which none overlaps another one in time and space, each the lowest that
// is free. It gives the size of the whole.
func place(list []interval) int {
	total := 0
	var alive []*interval // by offset
	for i := range list {
		v := &list[i]
		v.size = memory.Aligned(v.size)
		alive = slices.DeleteFunc(alive, func(w *interval) bool { return w.to < v.from })
		k := 0
		for ; k < len(alive) && alive[k].offset < v.offset+v.size; k++ {
			v.offset = max(v.offset, alive[k].offset+alive[k].size)
		}
		alive = slices.Insert(alive, k, v)
		total = max(total, v.offset+v.size)
	}
	return total
}
