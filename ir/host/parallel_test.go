package host

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

// TestInParallel holds that each index comes once, however many threads there are.
func TestInParallel(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		for _, threads := range []int{-1, 0, 1, 3, 2000} {
			seen := make([]atomic.Int32, n)
			InParallel(threads, n, func(i int) { seen[i].Add(1) })
			for i := range seen {
				if k := seen[i].Load(); k != 1 {
					t.Errorf("%d threads: index %d of %d came %d times", threads, i, n, k)
				}
			}
		}
	}
}

// TestEach holds that the first failure ends the work, and so does a context.
func TestEach(t *testing.T) {
	failed := errors.New("failed")
	var ran atomic.Int32
	err := Each(t.Context(), 1<<20, func(i int) error {
		ran.Add(1)
		return failed
	})
	if err != failed || ran.Load() == 1<<20 {
		t.Errorf("found %v after %d calls", err, ran.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 3, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
	if err := Each(ctx, 0, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}
