package interp

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/aiopt/aiopt/ir/host"
)

// workers gives a Parallel over n threads; 0 means one per core.
func workers(n int) host.Parallel {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	if n == 1 {
		return host.Serial
	}
	return func(total, grain int, fn func(lo, hi int)) {
		pieces := min(n*4, total/max(grain, 1))
		if pieces <= 1 {
			host.Serial(total, grain, fn)
			return
		}
		var next atomic.Int64
		var wg sync.WaitGroup
		var failed atomic.Value
		work := func() {
			defer func() {
				if p := recover(); p != nil { // carried to the goroutine that called
					failed.CompareAndSwap(nil, &p)
				}
			}()
			for {
				i := int(next.Add(1)) - 1
				if i >= pieces {
					return
				}
				fn(total*i/pieces, total*(i+1)/pieces)
			}
		}
		for range min(n, pieces) - 1 {
			wg.Go(work)
		}
		work()
		wg.Wait()
		if p := failed.Load(); p != nil {
			panic(*p.(*any))
		}
	}
}
