package memory

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a large page on the processors that aiopt makes code for.
const hugePage = 2 << 20

// Large asks for large pages under memory that is about to be written for the first time: each page costs a fault, and one of
// 2 MiB hardly more than one of 4 KiB. Memory of less than a few of them is left alone, and so it is where the system
// does not give any.
func Large(data []byte) {
	if len(data) < 2*hugePage {
		return
	}
	addr := uintptr(unsafe.Pointer(&data[0]))
	from, to := (addr+hugePage-1)/hugePage*hugePage-addr, (addr+uintptr(len(data)))/hugePage*hugePage-addr
	_ = unix.Madvise(data[from:to], unix.MADV_HUGEPAGE)
}
