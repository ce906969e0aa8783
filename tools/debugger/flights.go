package debugger

import (
	"context"
	"sync"
)

// flights joins requests for the same thing: the first one begins the work, and all get what it gives. Work that no request waits for
// any more is cancelled, and until it has ended no other begins for its key: it may still hold what that needs.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	going map[K]*flight[V]
}

// flight is work that is going on.
type flight[V any] struct {
	cancel  context.CancelFunc
	waiting int           // requests
	left    bool          // by all of them
	ended   chan struct{} // closed when value and err are there
	value   V
	err     error
}

// join gives what the work for a key gives. ctx is that of the request; the work has a context of its own, which ends with base.
func (f *flights[K, V]) join(ctx, base context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	var none V
	for {
		t, ours := f.board(base, key, work)
		select {
		case <-t.ended:
			if ours {
				return t.value, t.err
			}
		case <-ctx.Done():
			if ours {
				f.leave(t)
			}
			return none, ctx.Err()
		}
	}
}

// board takes a place in the work for a key, or gives work to wait for first.
func (f *flights[K, V]) board(base context.Context, key K, work func(context.Context) (V, error)) (t *flight[V], ours bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t = f.going[key]
	if t == nil {
		t = f.begin(base, key, work)
	}
	if t.left {
		return t, false
	}
	t.waiting++
	return t, true
}

// leave gives a place back; work that nobody waits for is cancelled.
func (f *flights[K, V]) leave(t *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		t.left = true
		t.cancel()
	}
}

// begin starts work; the lock is held.
func (f *flights[K, V]) begin(base context.Context, key K, work func(context.Context) (V, error)) *flight[V] {
	ctx, cancel := context.WithCancel(base)
	t := &flight[V]{cancel: cancel, ended: make(chan struct{})}
	if f.going == nil {
		f.going = map[K]*flight[V]{}
	}
	f.going[key] = t
	go func() {
		defer cancel()
		t.err = guarded(func() (err error) {
			t.value, err = work(ctx)
			return err
		})
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.going, key)
		close(t.ended)
	}()
	return t
}
