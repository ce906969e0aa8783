package native

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// pool are threads that help with lists of kernels. Its workers wait for the next list spinning for a moment, as lists follow
// each other within microseconds, and then asleep. Nobody waits for them: a list that no worker comes to help with is run
// by its caller alone, so that sessions never block each other, whatever the machine is busy with.
//
// No lock is taken. launch.begin makes all pieces of a list's items free and then sets the job's epoch, so that who reads an epoch finds its
// pieces. A thread claims a piece by a compare-and-swap of the item's claim. That word has the epoch in it: who comes late, to a list that is
// over or was begun anew, can claim nothing and leaves. What a piece wrote is released by adding to the item's count of done pieces, and
// acquired by whoever reads there that all are done and goes on to the next item, or ends the list: then no claimed piece is still computed,
// and begin may come again. A worker is given a job by its pointer first and is then woken if it sleeps; before sleeping it says so first and
// then looks at the pointer, so that one of the two sees the other. Who changes its state from asleep to spinning is who wakes it, once.
type pool struct {
	workers []*worker
	ended   sync.WaitGroup
	closed  sync.Once
}

type worker struct {
	job   atomic.Pointer[job]
	wait  uintptr      // see emit.Waiter; 0 before the first job
	state atomic.Int32 // spinning, asleep or stopped
	wake  chan struct{}
	args  [6]uintptr
}

const (
	spinning = iota
	asleep
	stopped
)

// spins is how often native code looks whether an item is done before it goes back to Go: for about half a millisecond, as
// going back makes Go's scheduler wake further threads, which disturb those that compute.
const spins = 20_000

// awake is how often a worker looks for the next list before it goes to sleep.
const awake = 10_000

// patience is how often a thread goes back to wait for the same item: then a worker leaves the list, and the caller sleeps in
// between.
const patience = 10

// job is a list of kernels for several threads. A worker may look at a job that ended, or one that has begun again: a
// claim holds for one epoch only.
type job struct {
	share   uintptr // see emit.Sharer
	wait    uintptr // see emit.Waiter
	list    uintptr
	n       int
	words   []uint64 // where the list lies
	epoch   atomic.Uint64
	scratch atomic.Uintptr // of all threads
	stride  atomic.Uintptr // from thread to thread
}

// enter runs the list from an item on as a thread: see emit.Sharer.
func (j *job) enter(args *[6]uintptr, thread, at int, epoch uint64) int {
	*args = [6]uintptr{j.list, uintptr(at), uintptr(j.n), uintptr(epoch), j.scratch.Load() + uintptr(thread)*j.stride.Load(), spins}
	r, _, _ := purego.SyscallN(j.share, args[:]...)
	return int(r)
}

// newPool starts threads beside the callers'.
func newPool(threads int) *pool {
	p := &pool{}
	for i := 1; i < threads; i++ {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		p.ended.Go(func() { w.loop(i) })
	}
	return p
}

// size is how many threads may be at one list.
func (p *pool) size() int { return len(p.workers) + 1 }

// run computes a job whose epoch was set, with the help of those workers that are free. A job that a worker has not looked at
// yet gives way: it may be over, as short ones are before a thread has woken up.
func (p *pool) run(j *job, args *[6]uintptr) error {
	for _, w := range p.workers {
		w.job.Store(j)
		if w.state.CompareAndSwap(asleep, spinning) {
			w.wake <- struct{}{}
		}
	}
	epoch := j.epoch.Load()
	for at, waited := j.enter(args, 0, 0, epoch), 0; at < j.n; waited++ {
		if at < 0 {
			return errAnew
		}
		if waited < patience {
			runtime.Gosched()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
		at = j.enter(args, 0, at, epoch)
	}
	return nil
}

var errAnew = errors.New("internal error: a list of kernels began anew while it ran")

// each calls part(0), ..., part(n-1) on as many goroutines.
func (p *pool) each(n int, part func(i int)) {
	if n == 0 {
		return
	}
	var all sync.WaitGroup
	for i := 1; i < n; i++ {
		all.Go(func() { part(i) })
	}
	part(0)
	all.Wait()
}

func (w *worker) loop(thread int) {
	for j := w.next(); j != nil; j = w.next() {
		w.help(thread, j)
	}
}

// help runs what is left of a job.
func (w *worker) help(thread int, j *job) {
	epoch := j.epoch.Load()
	for at, waited := 0, 0; waited < patience; {
		r := j.enter(&w.args, thread, at, epoch)
		if r < 0 || r >= j.n {
			return
		}
		if r == at {
			waited++
		} else {
			at, waited = r, 0
		}
		runtime.Gosched()
	}
}

// next waits for a job; nil is the end.
func (w *worker) next() *job {
	for {
		if w.wait != 0 {
			w.args = [6]uintptr{uintptr(unsafe.Pointer(&w.job)), awake}
			purego.SyscallN(w.wait, w.args[:2]...)
		}
		if j := w.job.Swap(nil); j != nil {
			w.wait = j.wait
			return j
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

// close ends the workers and waits for them. No job may be running.
func (p *pool) close() {
	p.closed.Do(func() {
		for _, w := range p.workers {
			w.state.Store(stopped)
			close(w.wake)
		}
		p.ended.Wait()
	})
}
