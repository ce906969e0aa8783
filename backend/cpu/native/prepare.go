package native

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// prepared is a segment made ready for the sizes of a call: memory is laid out, bounds are checked, context blocks are
// written save for the addresses that differ from call to call.
type prepared struct {
	words    []uint64 // context blocks, then the lists for the runner; on the heap, where nothing moves
	patches  []patch
	fixed    []int // words that hold addresses already
	launches []launch
	steps    map[int]int // of which step the item of a list is that begins at a word
	shapes   map[*ir.Value][]int
	at       map[*ir.Value]int // offsets of inner values in the arena
	status   []int             // offsets of the steps' status words
	statusN  int               // bytes of all of them
	scratch  int               // bytes for each thread
	arena    int               // bytes in all, without scratch
}

// patch is a word that holds the address of a value from outside, or that leaves the segment.
type patch struct {
	word  int
	value *ir.Value
}

// launch is work between two looks at whether the call was cancelled: a list of kernels on one thread, or one kernel on
// several.
type launch struct {
	list, n  int       // the first word of the list, and how many kernels are in it
	function *function // on several threads
	ctx      int       // its context block
	rounds   int64
	step     int // the first step that it belongs to
}

// maxLaunch is about how long, in estimated nanoseconds, native code runs without a look at the call's context.
const maxLaunch = 1e6

// preparing is the state of prepare.
type preparing struct {
	*prepared
	s        *segment
	size     func(string) (int64, bool)
	outside  map[*ir.Value]bool // values whose addresses are patched
	items    []item
	offsets  map[tempPlace]int
	threads  int
	interval []interval
}

// item is one kernel to run.
type item struct {
	function *function
	ctx      int
	rounds   int64
	cost     float64
	step     int
}

// tempPlace names memory of a step beside values: a temporary.
type tempPlace struct{ step, temp int }

// prepare lays a segment out. size gives the sizes of the call.
func (s *segment) prepare(size func(string) (int64, bool), threads int) (*prepared, error) {
	p := &preparing{
		prepared: &prepared{steps: map[int]int{}, shapes: map[*ir.Value][]int{}, at: map[*ir.Value]int{}},
		s:        s, size: size, outside: map[*ir.Value]bool{}, offsets: map[tempPlace]int{}, threads: threads,
	}
	for _, v := range append(append([]*ir.Value{}, s.in...), s.out...) {
		p.outside[v] = true
	}
	for _, op := range s.consts {
		p.outside[op.Results[0]] = true
	}
	if err := p.layout(); err != nil {
		return nil, err
	}
	for i := range s.steps {
		if err := p.step(i); err != nil {
			return nil, fmt.Errorf("%s: %w", s.steps[i].op.Name(), err)
		}
	}
	p.order()
	return p.prepared, nil
}

// layout gives every inner value and temporary a place in the arena.
func (p *preparing) layout() error {
	last := map[*ir.Value]int{}
	for i, st := range p.s.steps {
		for _, v := range st.operands {
			last[v] = i
		}
	}
	var owners []func(offset int)
	add := func(from, to, size int, own func(int)) {
		p.interval = append(p.interval, interval{from: from, to: to, size: size})
		owners = append(owners, own)
	}
	for i, st := range p.s.steps {
		v := st.op.Results[0]
		shape, bytes, err := p.measure(v.Type)
		if err != nil {
			return err
		}
		p.shapes[v] = shape
		if !p.outside[v] {
			add(i, max(last[v], i), bytes, func(at int) { p.at[v] = at })
		}
		for k, t := range st.plan.Temps {
			n, err := p.eval(t.Bytes)
			if err != nil {
				return err
			}
			add(i, i, int(n), func(at int) { p.offsets[tempPlace{i, k}] = at })
		}
	}
	total := place(p.interval)
	for i, own := range owners {
		own(p.interval[i].offset)
	}
	p.arena = total
	return nil
}

// measure gives a type's shape and bytes for the call's sizes.
func (p *preparing) measure(t ir.Type) (shape []int, bytes int, err error) {
	for _, d := range t.Shape {
		n, err := p.eval(d)
		if err != nil {
			return nil, 0, err
		}
		shape = append(shape, int(n))
	}
	bytes, err = host.SizeBytes(t.Elem, shape)
	return shape, bytes, err
}

func (p *preparing) eval(d ir.Dim) (int64, error) {
	n, err := d.Eval(p.size)
	if err == nil && (n < 0 || n > math.MaxInt64/16) {
		err = fmt.Errorf("the size %s is %d", d, n)
	}
	return n, err
}

// step writes the context blocks of an operation's kernels.
func (p *preparing) step(i int) error {
	st := &p.s.steps[i]
	for k, f := range st.functions {
		if err := p.check(f.kernel); err != nil {
			return err
		}
		it := item{function: f, ctx: len(p.words), rounds: 1, step: i, cost: costOf(f.kernel, p.size)}
		at := 0
		for _, b := range f.kernel.Buffers {
			if b.Space != kernel.Global {
				continue
			}
			if at >= len(st.plan.Args[k]) {
				return fmt.Errorf("internal error: kernel %s has a buffer %s that nothing is given for", f.kernel.Name, b.Name)
			}
			if err := p.argument(i, st.plan.Args[k][at], b); err != nil {
				return err
			}
			at++
		}
		for _, d := range f.kernel.Sizes {
			n, _ := p.size(d.Name)
			p.words = append(p.words, uint64(n))
		}
		if err := p.scratchOf(f); err != nil {
			return err
		}
		if f.layout.Rounds != nil {
			n, err := f.layout.Rounds.Eval(p.size)
			if err != nil {
				return err
			}
			it.rounds = max(n, 0)
		}
		p.items = append(p.items, it)
	}
	return nil
}

// check holds the sizes of the call against what the kernel was verified for.
func (p *preparing) check(k *kernel.Kernel) error {
	for _, d := range k.Sizes {
		n, ok := p.size(d.Name)
		if !ok || n < d.Min || n > d.Max {
			return fmt.Errorf("internal error: kernel %s takes %s in %d..%d, found %d", k.Name, d.Name, d.Min, d.Max, n)
		}
	}
	for _, g := range k.Guards {
		if holds, known, err := g.Holds(p.size); err != nil || known && !holds {
			return fmt.Errorf("internal error: the sizes break the guard %s of kernel %s", g, k.Name)
		}
	}
	return nil
}

// argument appends the word of one buffer: an offset in the arena, or something to be patched.
func (p *preparing) argument(i int, a Arg, b *kernel.Buffer) error {
	n, err := p.eval(b.Len)
	if err != nil {
		return err
	}
	need := int(n) * b.Elem.Bytes()
	st := &p.s.steps[i]
	var v *ir.Value
	have, at := 0, 0
	switch a.Kind {
	case Operand:
		if a.Index >= len(st.operands) {
			return fmt.Errorf("internal error: buffer %s is operand %d of %d", b.Name, a.Index, len(st.operands))
		}
		v = st.operands[a.Index]
	case Result:
		v = st.op.Results[0]
	case Temporary:
		at = p.offsets[tempPlace{i, a.Index}]
		bytes, err := p.eval(st.plan.Temps[a.Index].Bytes)
		if err != nil {
			return err
		}
		have = int(bytes)
	case Packed:
		a := st.packed[a.Index]
		at, have = int(a.addr()), len(a.data)
		p.fixed = append(p.fixed, len(p.words))
	case Status:
		at, have = p.arena+p.statusN, need
		p.status = append(p.status, p.statusN)
		p.statusN += aligned(need)
	}
	if v != nil {
		if _, have, err = p.measure(v.Type); err != nil {
			return err
		}
		at = p.at[v]
		if p.outside[v] {
			p.patches = append(p.patches, patch{len(p.words), v})
		}
	}
	if have < need {
		return fmt.Errorf("internal error: buffer %s takes %d bytes, its memory has %d", b.Name, need, have)
	}
	p.words = append(p.words, uint64(at))
	return nil
}

// scratchOf appends the offsets of a kernel's own memory.
func (p *preparing) scratchOf(f *function) error {
	total := 0
	for _, b := range f.layout.Scratch {
		n, err := p.eval(b.Len)
		if err != nil {
			return err
		}
		p.words = append(p.words, uint64(total))
		total += aligned(int(n) * b.Elem.Bytes())
	}
	p.scratch = max(p.scratch, total)
	return nil
}

// order cuts the kernels into launches.
func (p *preparing) order() {
	var l launch
	cost := 0.0
	flush := func() {
		if l.n > 0 {
			p.launches = append(p.launches, l)
		}
		l, cost = launch{}, 0
	}
	for _, it := range p.items {
		if p.threads > 1 && it.rounds > 1 && it.cost > serialWork {
			flush()
			p.launches = append(p.launches, launch{function: it.function, ctx: it.ctx, rounds: it.rounds, step: it.step})
			continue
		}
		if l.n == 0 {
			l = launch{list: len(p.words), step: it.step}
		}
		p.steps[len(p.words)] = it.step
		p.words = append(p.words, uint64(it.function.addr), uint64(it.ctx), 0, uint64(it.rounds), 0)
		l.n++
		if cost += it.cost; cost > maxLaunch {
			flush()
		}
	}
	flush()
}

// alone gives launches for the kernels of one operation only.
func (p *prepared) alone(step int) []launch {
	var list []launch
	for _, l := range p.launches {
		if l.function != nil {
			if l.step == step {
				list = append(list, l)
			}
			continue
		}
		for i := range l.n {
			if p.steps[l.list+i*emit.RunnerWords] == step {
				list = append(list, launch{list: l.list + i*emit.RunnerWords, n: 1, step: step})
			}
		}
	}
	return list
}

// bind turns the offsets in the words into addresses, once the arena is there.
func (p *prepared) bind(s *segment, base, scratch uintptr) {
	patched := map[int]bool{}
	for _, c := range p.patches {
		patched[c.word] = true
	}
	for _, w := range p.fixed {
		patched[w] = true
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(p.words)))
	for _, w := range p.blocks(s) {
		if !patched[w] {
			p.words[w] += uint64(base)
		}
	}
	for _, l := range p.launches {
		for i := range l.n {
			item := p.words[l.list+i*emit.RunnerWords:]
			item[1] = uint64(start) + item[1]*8
			item[4] = uint64(scratch)
		}
	}
}

// blocks lists the words that are addresses of buffers.
func (p *prepared) blocks(s *segment) []int {
	var list []int
	at := 0
	for _, st := range s.steps {
		for _, f := range st.functions {
			n := len(f.kernel.Buffers) - len(f.layout.Scratch)
			for k := range n {
				list = append(list, at+k)
			}
			at += f.layout.Words
		}
	}
	return list
}
