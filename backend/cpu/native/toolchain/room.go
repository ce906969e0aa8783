package toolchain

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// NoRoom is the error of a folder on a disk that is full.
type NoRoom struct {
	Dir   string
	cause error
}

// Error says what to do. What the compiler said of a file of its own is left out.
func (n *NoRoom) Error() string {
	return fmt.Sprintf("there is no room in %s: run `aiopt cache clear`, or name a folder on another disk by XDG_CACHE_HOME", n.Dir)
}

// Unwrap gives what failed.
func (n *NoRoom) Unwrap() error { return n.cause }

// full holds of the error of a disk that has no room, whether this process met it or a compiler, whose words name it then.
func full(err error) bool {
	if err == nil {
		return false
	}
	said := strings.ToLower(err.Error())
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) || strings.Contains(said, strings.ToLower(e.Error())) {
			return true
		}
	}
	return false
}
