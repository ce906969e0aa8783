//go:build unix

package mapped

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Release says that a part of a mapped file, which must be one, is not read for a while: the pages that lie in it leave the memory of
// the process, and come back from the file when they are read.
func Release(part []byte) {
	if len(part) == 0 {
		return
	}
	page := uintptr(os.Getpagesize())
	addr := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	from, to := (addr+page-1)/page*page, (addr+uintptr(len(part)))/page*page
	if from < to {
		_ = unix.Madvise(part[from-addr:to-addr], unix.MADV_DONTNEED) // of a file nothing is lost
	}
}
