package native

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// pool runs the parts of one job on several threads. Its workers wait for the next job spinning for a moment, as jobs follow
// each other within microseconds, and then asleep.
type pool struct {
	mu      sync.Mutex // held during a job
	workers []*worker
	pending atomic.Int64
	closed  sync.Once
}

type worker struct {
	job   atomic.Pointer[func(int)]
	state atomic.Int32 // spinning or asleep
	wake  chan struct{}
}

const (
	spinning = iota
	asleep
	stopped
)

// spinTime is how long a thread waits awake.
const spinTime = 30 * time.Microsecond

// newPool starts threads beside the caller's.
func newPool(threads int) *pool {
	p := &pool{}
	for i := 1; i < threads; i++ {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		go w.loop(p, i)
	}
	return p
}

// size is how many parts a job may have.
func (p *pool) size() int { return len(p.workers) + 1 }

// run calls part(0), ..., part(n-1) at the same time, n at most the pool's size. While another job runs, it calls them one
// after the other. parts must not panic.
func (p *pool) run(n int, part func(i int)) {
	if n <= 1 || !p.mu.TryLock() {
		for i := range n {
			part(i)
		}
		return
	}
	defer p.mu.Unlock()
	p.pending.Store(int64(n - 1))
	for _, w := range p.workers[:n-1] {
		w.job.Store(&part)
		if w.state.CompareAndSwap(asleep, spinning) {
			w.wake <- struct{}{}
		}
	}
	part(0)
	for spins := 0; p.pending.Load() > 0; spins++ {
		if spins > 2000 { // the other may need this processor
			runtime.Gosched()
		}
	}
}

func (w *worker) loop(p *pool, i int) {
	for {
		job := w.next()
		if job == nil {
			return
		}
		(*job)(i)
		p.pending.Add(-1)
	}
}

// next waits for a job; nil is the end.
func (w *worker) next() *func(int) {
	for {
		start := time.Now()
		for spins := 1; ; spins++ {
			if job := w.job.Swap(nil); job != nil {
				return job
			}
			if spins%64 == 0 && time.Since(start) > spinTime {
				break
			}
		}
		if !w.state.CompareAndSwap(spinning, asleep) {
			return nil
		}
		if w.job.Load() != nil && w.state.CompareAndSwap(asleep, spinning) {
			continue // it came in between, and nobody will wake this one
		}
		if _, ok := <-w.wake; !ok {
			return nil
		}
	}
}

// close ends the workers. No job may be running.
func (p *pool) close() {
	p.closed.Do(func() {
		for _, w := range p.workers {
			w.state.Store(stopped)
			close(w.wake)
		}
	})
}
