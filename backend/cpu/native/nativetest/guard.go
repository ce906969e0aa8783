//go:build unix

package nativetest

import (
	"syscall"
	"testing"
	"unsafe"
)

// Guarded is memory whose neighbours on both sides may not be touched: an access outside ends the process.
type Guarded struct {
	pages []byte
	Data  []byte
}

// Guard copies data to memory that ends at a page which may not be touched, or starts behind one.
func Guard(t testing.TB, data []byte, atEnd bool) *Guarded {
	t.Helper()
	page := syscall.Getpagesize()
	n := (len(data) + page - 1) / page * page
	pages, err := syscall.Mmap(-1, 0, n+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][]byte{pages[:page], pages[page+n:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	g := &Guarded{pages: pages, Data: pages[page : page+len(data)]}
	if atEnd {
		g.Data = pages[page+n-len(data) : page+n]
	}
	copy(g.Data, data)
	return g
}

// Free unmaps the memory.
func (g *Guarded) Free(t testing.TB) {
	t.Helper()
	if err := syscall.Munmap(g.pages); err != nil {
		t.Error(err)
	}
}

// Addr is where the data starts.
func (g *Guarded) Addr() uintptr {
	if len(g.Data) == 0 {
		return uintptr(unsafe.Pointer(&g.pages[0])) + uintptr(syscall.Getpagesize())
	}
	return uintptr(unsafe.Pointer(&g.Data[0]))
}
