package compress

import "testing"

// skipped leaves out all but each nth case with -short: the race detector makes numbers tens of times slower, and sees
// the same accesses in each case of a table.
func skipped(i, n int) bool { return testing.Short() && i%n > 0 }
