//go:build unix

package cachedir

import (
	"io/fs"
	"syscall"
)

// hasModes: the modes of files say who may use them.
const hasModes = true

// ownerOf is the user that a file belongs to.
func ownerOf(info fs.FileInfo) (int, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
