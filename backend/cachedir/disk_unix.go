//go:build linux || darwin

package cachedir

import "golang.org/x/sys/unix"

// diskBytes is the size of the file system that a folder is on.
func diskBytes(dir string) (int64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Blocks) * int64(s.Bsize), true
}
