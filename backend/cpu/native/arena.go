package native

import (
	"fmt"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// arena is memory outside Go's heap: native code may keep its address, and its pages stay from call to call.
type arena struct{ data mmap.MMap }

// newArena maps zeroed memory of at least n bytes, which starts on a page.
func newArena(n int) (*arena, error) {
	data, err := mmap.MapRegion(nil, max(n, 1), mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes of memory: %w", n, err)
	}
	return &arena{data}, nil
}

func (a *arena) addr() uintptr { return uintptr(unsafe.Pointer(&a.data[0])) }

func (a *arena) free() error {
	if a == nil || a.data == nil {
		return nil
	}
	return a.data.Unmap() // which sets it to nil
}

// alignment is that of every value in an arena: a cache line, and the widest vector.
const alignment = 64

func aligned(n int) int { return (n + alignment - 1) / alignment * alignment }

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
	for i := range list {
		v := &list[i]
		v.size = aligned(v.size)
		for moved := true; moved; {
			moved = false
			for _, w := range list[:i] {
				if w.to >= v.from && w.offset < v.offset+v.size && v.offset < w.offset+w.size {
					v.offset, moved = w.offset+w.size, true
				}
			}
		}
		total = max(total, v.offset+v.size)
	}
	return total
}
