package memory

import (
	"fmt"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// Region is memory outside Go's heap: native code may keep its address, and its pages stay from call to call.
type Region struct{ Data mmap.MMap }

// NewRegion maps zeroed memory of at least n bytes, which starts on a page. Large memory has large pages where there are some.
func NewRegion(n int) (*Region, error) {
	data, err := mmap.MapRegion(nil, max(n, 1), mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes of memory: %w", n, err)
	}
	Large(data)
	return &Region{data}, nil
}

// Addr is where the region starts.
func (r *Region) Addr() uintptr { return uintptr(unsafe.Pointer(&r.Data[0])) }

// Free gives the memory back. Freeing nothing, or freeing again, does nothing.
func (r *Region) Free() error {
	if r == nil || r.Data == nil {
		return nil
	}
	return r.Data.Unmap() // which sets it to nil
}

// Alignment is that of every value in a region: a cache line, and the widest vector.
const Alignment = 64

// Aligned rounds bytes up to the alignment.
func Aligned(n int) int { return (n + Alignment - 1) / Alignment * Alignment }
