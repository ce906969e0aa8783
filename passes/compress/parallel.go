package compress

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel runs fn for 0 to n-1 on all cores, each once and in any order, until one fails or the context is done.
func parallel(ctx context.Context, n int, fn func(i int) error) error {
	var next atomic.Int64
	var once sync.Once
	var failed error
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
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
			}
		})
	}
	wg.Wait()
	return failed
}

// inPieces runs fn on the pieces of n things, always the same ones, on all cores if there are several.
func inPieces(n int, fn func(piece, lo, hi int)) {
	parallel(context.Background(), piecesOf(n), func(i int) error {
		fn(i, i*pieceSize, min((i+1)*pieceSize, n))
		return nil
	})
}

// sumPieces adds up what fn gives for pieces, in their order.
func sumPieces(n int, fn func(lo, hi int) float64) (sum float64) {
	if n <= pieceSize {
		return fn(0, n)
	}
	sums := make([]float64, piecesOf(n))
	inPieces(n, func(piece, lo, hi int) { sums[piece] = fn(lo, hi) })
	for _, s := range sums {
		sum += s
	}
	return sum
}

const pieceSize = 1 << 18 // that a core works on a while longer than it takes to begin

func piecesOf(n int) int { return (n + pieceSize - 1) / pieceSize }
