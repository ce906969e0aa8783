package host

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel runs fn over the ranges [lo, hi) that cut 0..n, each of at least grain indices, perhaps at the same time.
// Results must not depend on where the cuts lie: each index writes its own part of the output.
type Parallel func(n, grain int, fn func(lo, hi int))

// Serial is the Parallel that runs everything in one piece.
func Serial(n, _ int, fn func(lo, hi int)) {
	if n > 0 {
		fn(0, n)
	}
}

// InParallel runs fn for 0 to n-1, each once, on so many threads, of which there is at least one.
func InParallel(threads, n int, fn func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(threads, 1), n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				fn(int(i))
			}
		})
	}
	wg.Wait()
}

// Each runs fn for 0 to n-1 on all cores, each once and in any order, until one fails or the context is done.
func Each(ctx context.Context, n int, fn func(i int) error) error {
	var once sync.Once
	var failed error
	var stop atomic.Bool
	InParallel(runtime.GOMAXPROCS(0), n, func(i int) {
		if stop.Load() {
			return
		}
		err := ctx.Err()
		if err == nil {
			err = fn(i)
		}
		if err != nil {
			once.Do(func() { failed = err })
			stop.Store(true)
		}
	})
	return failed
}
