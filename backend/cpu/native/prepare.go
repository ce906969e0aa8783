package native

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// prepared is a segment made ready for the sizes of a call: memory is laid out, bounds are checked, context blocks are
// written save for the addresses that differ from call to call.
type prepared struct {
	sizes    []int64  // of the segment's symbols
	words    []uint64 // context blocks; on the heap, where nothing moves
	patches  []patch
	inner    relative // to the segment's block
	undo     relative // to what is saved of what the segment writes over
	updates  []written
	before   []byte // what they have saved, in the call that is going on
	undone   func() // restore, made once
	items    []item
	launches []*launch
	single   map[int]*launch // the kernels of one step, made when asked for
	outs     []outMemory     // as the segment's outs
	stays    []memory.Span   // of the block: what leaves the segment
	takes    []measured      // of every value of the segment
	at       []int           // offsets in the block of those that own memory there
	status   []uint64        // of all kernels; on the heap, where nothing moves
	scratch  int             // bytes for each thread
	arena    int             // bytes of the block's values
	saved    int             // bytes of what is saved
}

// outMemory is what a value that leaves a segment takes.
type outMemory struct {
	shape  []int
	bytes  int
	tensor *host.Tensor // what shows it where it lies in the arena
}

// patch is a word that holds the address of a value from outside, or that leaves the segment, plus some bytes.
type patch struct{ word, tensor, offset int }

// relative are words that hold addresses in one block.
type relative struct {
	words []int
	base  uintptr // of the block that they were written for
}

// move writes the words for a block that begins at base.
func (r *relative) move(words []uint64, base uintptr) {
	if base == r.base {
		return
	}
	for _, w := range r.words {
		words[w] += uint64(base - r.base)
	}
	r.base = base
}

// preparing is the state of prepare.
type preparing struct {
	*prepared
	s        *segment
	size     func(string) (int64, bool)
	interval []interval
	lies     []int   // in which interval a value lies; -1: in none
	temps    [][]int // in which a temporary of a step lies, and then its offset
	statusAt []int   // words that hold places among the status words
	statusN  int     // bytes of those
}

// prepare lays a segment out. size gives the sizes of the call.
func (s *segment) prepare(size func(string) (int64, bool), threads int, c *code) (*prepared, error) {
	p := &preparing{prepared: &prepared{single: map[int]*launch{}}, s: s, size: size}
	for _, name := range s.symbols {
		n, _ := size(name)
		p.sizes = append(p.sizes, n)
	}
	if err := p.measure(); err != nil {
		return nil, err
	}
	if err := p.layout(); err != nil {
		return nil, err
	}
	for i := range s.steps {
		if err := p.step(i); err != nil {
			return nil, fmt.Errorf("%s: %w", s.steps[i].op.Name(), err)
		}
	}
	for _, o := range s.outs {
		m := outMemory{shape: p.takes[o.id].shape}
		if o.kind == blockOut || o.kind == returnedOut {
			m.bytes = p.takes[o.id].bytes
			if at := p.at[o.id]; o.kind == blockOut && m.bytes > 0 {
				p.stays = append(p.stays, memory.Span{From: at, To: at + m.bytes})
			}
		}
		p.outs = append(p.outs, m)
	}
	slices.SortFunc(p.stays, func(a, b memory.Span) int { return a.From - b.From })
	p.status = make([]uint64, p.statusN/8)
	for _, w := range p.statusAt {
		p.words[w] += uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p.status))))
	}
	p.undone = p.prepared.restore
	p.order(threads, c)
	return p.prepared, nil
}

// measure finds what every value takes.
func (p *preparing) measure() error {
	p.takes = make([]measured, len(p.s.values))
	for id := range p.takes {
		v := &p.s.values[id]
		if v.fixed != nil {
			p.takes[id] = *v.fixed
			continue
		}
		m := measured{shape: make([]int, 0, len(v.typ.Shape))}
		for _, d := range v.typ.Shape {
			n, err := p.eval(d)
			if err != nil {
				return err
			}
			m.shape = append(m.shape, int(n))
		}
		var err error
		if m.bytes, err = host.SizeBytes(v.typ.Elem, m.shape); err != nil {
			return err
		}
		p.takes[id] = m
	}
	return nil
}

// layout gives temporaries, and every value that has no tensor outside, a place in the segment's block.
func (p *preparing) layout() error {
	p.lies, p.at = slices.Repeat([]int{-1}, len(p.takes)), make([]int, len(p.takes))
	for i := range p.s.steps {
		st := &p.s.steps[i]
		if p.s.owns(st.out) {
			p.lay(i, st)
		}
		var temps []int
		for _, t := range st.plan.Temps {
			n, err := p.eval(t.Bytes())
			if err != nil {
				return err
			}
			temps = append(temps, len(p.interval))
			p.interval = append(p.interval, interval{from: i, to: i, size: int(n)})
		}
		p.temps = append(p.temps, temps)
	}
	p.arena = place(p.interval, len(p.s.steps))
	for id, k := range p.lies {
		if k >= 0 {
			p.at[id] = p.offset(k)
		}
	}
	for _, temps := range p.temps {
		for t, k := range temps {
			temps[t] = p.offset(k)
		}
	}
	return nil
}

// offset is where an interval lies in the block.
func (p *preparing) offset(k int) int {
	if v := p.interval[k]; p.s.high() {
		return p.arena - v.offset - v.size
	}
	return p.interval[k].offset
}

// lay gives the result of a step an interval: that of an operand that ends there, where the result may lie in it, or a new one.
func (p *preparing) lay(i int, st *segmentStep) {
	until := max(p.s.values[st.out].last, i)
	for _, id := range st.reuses {
		if k := p.lies[id]; k >= 0 && p.interval[k].size == p.takes[st.out].bytes {
			p.interval[k].to, p.lies[st.out] = until, k
			return
		}
	}
	p.lies[st.out] = len(p.interval)
	p.interval = append(p.interval, interval{from: i, to: until, size: p.takes[st.out].bytes})
}

func (p *preparing) eval(d ir.Dim) (int64, error) {
	n, ok := d.IsConst()
	var err error
	if !ok {
		n, err = d.Eval(p.size)
	}
	if err == nil && (n < 0 || n > math.MaxInt64/16) {
		err = fmt.Errorf("the size %s is %d", d, n)
	}
	return n, err
}

// step writes the context blocks of an operation's kernels.
func (p *preparing) step(i int) error {
	st := &p.s.steps[i]
	if err := p.update(st); err != nil {
		return err
	}
	for k, f := range st.functions {
		if err := f.kernel.Takes(p.size); err != nil {
			return fmt.Errorf("internal error: kernel %s: %w", f.kernel.Name, err)
		}
		it := item{function: f, ctx: len(p.words), rounds: 1, step: i, cost: f.Effort.cost(p.size)}
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
		if f.Rounds != nil {
			n, err := f.Rounds.Eval(p.size)
			if err != nil {
				return err
			}
			it.rounds = max(n, 0)
		}
		p.items = append(p.items, it)
	}
	return nil
}

// argument appends the word of one buffer: an offset in the arena, or something to be patched.
func (p *preparing) argument(i int, a calls.Arg, b *kernel.Buffer) error {
	n, err := p.eval(b.Len)
	if err != nil {
		return err
	}
	need := int(n) * b.Elem.Bytes()
	st := &p.s.steps[i]
	v, have, at, within := -1, 0, 0, &p.inner
	switch a.Kind {
	case kernel.Operand:
		if a.Index >= len(st.in) {
			return fmt.Errorf("internal error: buffer %s is operand %d of %d", b.Name, a.Index, len(st.in))
		}
		v = st.in[a.Index]
	case kernel.Result:
		v = st.out
	case kernel.Temporary:
		at = p.temps[i][a.Index]
		bytes, err := p.eval(st.plan.Temps[a.Index].Bytes())
		if err != nil {
			return err
		}
		have = int(bytes)
	case kernel.Packed:
		a := st.packed[a.Index]
		at, have, within = int(uintptr(unsafe.Pointer(unsafe.SliceData(a)))), len(a), nil
	case kernel.Saved, kernel.Places:
		at, have = p.savedAt(a.Kind)
		within = &p.undo
	case kernel.Status:
		at, have, within = p.statusN, need, nil
		p.statusAt = append(p.statusAt, len(p.words))
		p.statusN += memory.Aligned(need)
	}
	if v >= 0 {
		info := &p.s.values[v]
		elements, err := p.eval(info.offset)
		if err != nil {
			return err
		}
		have, at = p.takes[v].bytes, p.at[info.root]+int(elements)*info.typ.Elem.Bytes()
		if info.outside >= 0 {
			p.patches, within = append(p.patches, patch{len(p.words), info.outside, at}), nil
		}
	}
	if have < need {
		return fmt.Errorf("internal error: buffer %s takes %d bytes, its memory has %d", b.Name, need, have)
	}
	if within != nil {
		within.words = append(within.words, len(p.words))
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
		total += memory.Aligned(int(n) * b.Elem.Bytes())
	}
	p.scratch = max(p.scratch, total)
	return nil
}

// bind writes the addresses of the blocks and of the tensors outside, indexed as the segment does.
func (p *prepared) bind(block, saved uintptr, addr []uintptr) {
	p.inner.move(p.words, block)
	p.undo.move(p.words, saved)
	for _, c := range p.patches {
		p.words[c.word] = uint64(addr[c.tensor]) + uint64(c.offset)
	}
}
