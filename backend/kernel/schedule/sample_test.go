package schedule_test

import "testing"

// skipped leaves out all but each nth case with -short: the race detector makes each many times slower, and sees the same
// accesses in all of a table.
func skipped(i, n int) bool { return testing.Short() && i%n > 0 }
