package schedule_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain collects garbage less often: interpreted kernels make much of it and keep little, which is a seventh of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// skipped leaves out all but each nth case with -short: the race detector makes each many times slower, and sees the same
// accesses in all of a table.
func skipped(i, n int) bool { return testing.Short() && i%n > 0 }
