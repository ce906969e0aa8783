package debugger

import (
	"context"
	"sync"
)

// flights joins requests for the same thing: the first one begins the work, and all get what it gives. Work that no request waits for
// any more is cancelled.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	going map[K]*flight[V]
}

// flight is work that is going on.
type flight[V any] struct {
	cancel  context.CancelFunc
	waiting int           // requests
	ended   chan struct{} // closed when value and err are there
	value   V
	err     error
}

// join gives what the work for a key gives. ctx is that of the request; the work has a context of its own, which ends with base.
func (f *flights[K, V]) join(ctx, base context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	f.mu.Lock()
	t := f.going[key]
	if t == nil {
		t = f.begin(base, key, work)
	}
	t.waiting++
	f.mu.Unlock()
	select {
	case <-t.ended:
		return t.value, t.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		t.cancel()
		f.land(key, t) // who asks now begins anew
	}
	var none V
	return none, ctx.Err()
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
		f.land(key, t)
		close(t.ended)
	}()
	return t
}

// land forgets work; the lock is held.
func (f *flights[K, V]) land(key K, t *flight[V]) {
	if f.going[key] == t {
		delete(f.going, key)
	}
}
