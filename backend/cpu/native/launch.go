package native

import (
	"sync/atomic"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
)

// item is one kernel to run.
type item struct {
	function *function
	ctx      int // the first word of its context block
	rounds   int64
	cost     float64
	step     int
}

// launch is the work between two looks at whether the call was cancelled: a list of kernels.
type launch struct {
	words  []uint64 // the list, see emit.RunnerWords
	list   uintptr
	n      int
	shared bool // by several threads
	job    job
}

const (
	// maxLaunch is about how long, in estimated nanoseconds, native code runs without a look at the call's context.
	maxLaunch = 1e7
	// finePieces is the work, in estimated nanoseconds, from which on each thread may have several pieces of a kernel, so that
	// one that is held up does not hold up the others.
	finePieces = 200_000
	// piecesEach is how many each may have then: the last ones are short, so that threads end at nearly the same time.
	piecesEach = 32
)

// order cuts the kernels into launches.
func (p *prepared) order(threads int, c *code) {
	first, cost := 0, 0.0
	for i, it := range p.items {
		if cost += it.cost; cost > maxLaunch || i == len(p.items)-1 {
			p.launches = append(p.launches, p.launch(p.items[first:i+1], threads, c))
			first, cost = i+1, 0
		}
	}
}

// alone gives a launch for the kernels of one step only.
func (p *prepared) alone(step, threads int, c *code) *launch {
	if l := p.single[step]; l != nil {
		return l
	}
	var items []item
	for _, it := range p.items {
		if it.step == step {
			items = append(items, it)
		}
	}
	p.single[step] = p.launch(items, threads, c)
	return p.single[step]
}

// pieces is into how many parts a kernel is cut; 1 where it is not worth it.
func (it *item) pieces(threads int) int {
	switch {
	case threads == 1 || it.rounds <= 1 || it.cost < serialWork:
		return 1
	case it.cost < finePieces:
		return int(min(it.rounds, int64(threads)))
	}
	n := int64(piecesEach * threads)
	if it.rounds < 4*n { // pieces of one and of two rounds would end at different times
		n = it.rounds
	}
	return int(min(n, 1<<emit.ClaimBits-1))
}

// launch makes the list for some kernels. On several threads, neighbours that are not cut become one item, a list of their
// own behind the first one.
func (p *prepared) launch(items []item, threads int, c *code) *launch {
	l := &launch{words: make([]uint64, 2*len(items)*emit.RunnerWords+cacheLine)}
	for i := range items {
		l.shared = l.shared || items[i].pieces(threads) > 1
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(l.words)))
	skip := -start / 8 % cacheLine
	l.list = start + skip*8
	words := l.words[skip:]
	put := func(at int, function, ctx uintptr, rounds int64, pieces int) {
		copy(words[at*emit.RunnerWords:], []uint64{uint64(function), uint64(ctx), uint64(rounds), uint64(pieces)})
	}
	blocks := uintptr(unsafe.Pointer(unsafe.SliceData(p.words)))
	inner := len(items) // where the lists in the list begin
	for i := 0; i < len(items); l.n++ {
		it := &items[i]
		same := i
		for l.shared && same < len(items) && items[same].pieces(threads) == 1 {
			same++
		}
		if same-i < 2 {
			put(l.n, it.function.addr, blocks+uintptr(it.ctx)*8, it.rounds, it.pieces(threads))
			i++
			continue
		}
		put(l.n, c.runner, l.list+uintptr(inner*emit.RunnerWords*8), int64(same-i), 1)
		for ; i < same; i++ {
			put(inner, items[i].function.addr, blocks+uintptr(items[i].ctx)*8, items[i].rounds, 1)
			inner++
		}
	}
	l.job.share, l.job.wait, l.job.list, l.job.n, l.job.words = c.sharer, c.waiter, l.list, l.n, l.words
	return l
}

// cacheLine is a line of a cache in words.
const cacheLine = 8

// begin lets the pieces of a shared launch be claimed anew.
func (l *launch) begin(scratch, stride uintptr) {
	epoch := l.job.epoch.Load() + 1
	words := l.words[(l.list-uintptr(unsafe.Pointer(unsafe.SliceData(l.words))))/8:]
	l.job.scratch.Store(scratch)
	l.job.stride.Store(stride)
	for i := range l.n {
		atomic.StoreUint64(&words[i*emit.RunnerWords+emit.ItemDone], 0)
		atomic.StoreUint64(&words[i*emit.RunnerWords+emit.ItemClaim], epoch<<emit.ClaimBits)
	}
	l.job.epoch.Store(epoch)
}
