package check

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// limit bounds what a process and those that it starts may take: time of the processor, addresses, and bytes of a file. It leaves no core behind.
func limit(process int, l Limits, file int64) error {
	seconds := uint64(max(math.Ceil(l.Time.Seconds()), 1))
	var errs []error
	for _, r := range []struct {
		what int
		most uint64
	}{
		{unix.RLIMIT_CPU, seconds}, // at the hard limit it is killed, at a soft one before clang would first print where it is
		{unix.RLIMIT_AS, uint64(l.Memory)},
		{unix.RLIMIT_FSIZE, uint64(file)},
		{unix.RLIMIT_CORE, 0},
	} {
		errs = append(errs, unix.Prlimit(process, r.what, &unix.Rlimit{Cur: r.most, Max: r.most}, nil))
	}
	return errors.Join(errs...)
}
