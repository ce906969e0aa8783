package native

import (
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// session is what one session has of its own: the segments made ready for the sizes that it has seen, and memory of its
// threads. What lives during a call lies in the arena of the interpreter's session.
type session struct {
	p       *program
	ready   [][]*prepared  // by segment, the most recently used first
	scratch *memory.Region // the kernels' own memory
	stride  int            // bytes of it for each thread
	consts  map[*ir.Op]constant

	// What a run of a segment needs; a segment runs no other one.
	tensors []*host.Tensor
	addr    []uintptr
	out     []*host.Tensor
	args    [6]uintptr
}

// constant is a constant's tensor as it is given to others, and as native code reads it.
type constant struct{ given, dense *host.Tensor }

// maxReady is for how many different sizes a session keeps a segment ready.
const maxReady = 16

func (p *program) newSession() *session {
	s := &session{p: p, ready: make([][]*prepared, len(p.segments)), consts: map[*ir.Op]constant{}}
	runtime.SetFinalizer(s, func(s *session) { _ = s.scratch.Free() }) // a backend.Session has no Close
	return s
}

// run computes a segment.
func (s *session) run(id int, c *interp.SegmentCall) ([]*host.Tensor, error) {
	seg := s.p.segments[id]
	pr, err := s.prepared(seg, c.Eval.Size)
	if err != nil {
		return nil, err
	}
	s.tensors = append(s.tensors[:0], make([]*host.Tensor, seg.count)...)
	s.out = s.out[:0]
	defer func() { clear(s.tensors) }()
	if err := s.values(seg, c); err != nil {
		return nil, err
	}
	block, err := c.Memory.Take(pr.arena, seg.high())
	if err != nil {
		return nil, err
	}
	if err := s.outputs(seg, pr, c, block); err != nil {
		return nil, err
	}
	base := s.scratch.Addr() // somewhere, where there is nothing to read or write
	if len(block) > 0 {
		base = uintptr(unsafe.Pointer(&block[0]))
	}
	s.addr = s.addr[:0]
	for _, t := range s.tensors {
		a := base
		if len(t.Data) > 0 {
			a = uintptr(unsafe.Pointer(&t.Data[t.Offset*t.Elem.Bytes()]))
		}
		s.addr = append(s.addr, a)
	}
	pr.bind(base, s.addr)
	clear(pr.status)
	if err := s.launch(seg, pr, c, block); err != nil {
		return nil, err
	}
	runtime.KeepAlive(s)
	for _, b := range pr.status {
		if b != 0 {
			c.Memory.Give(block)
			return c.Interpret() // which says what is wrong with the number that was out of range
		}
	}
	c.Memory.Split(block, pr.stays)
	return s.out, nil
}

// prepared gives a segment made ready for the sizes of a call.
func (s *session) prepared(seg *segment, size func(string) (int64, bool)) (*prepared, error) {
	ready := s.ready[seg.ID]
	for i, pr := range ready {
		if pr.is(seg, size) {
			copy(ready[1:i+1], ready[:i])
			ready[0] = pr
			return pr, nil
		}
	}
	pr, err := seg.prepare(size, s.p.pool.size(), s.p.code)
	if err != nil {
		return nil, err
	}
	if s.scratch == nil || pr.scratch > s.stride {
		stride := max(memory.Aligned(pr.scratch), memory.Alignment)
		if err := s.scratch.Free(); err != nil {
			return nil, err
		}
		if s.scratch, err = memory.NewRegion(stride * s.p.pool.size()); err != nil {
			return nil, err
		}
		s.stride = stride
	}
	s.ready[seg.ID] = slices.Insert(ready[:min(len(ready), maxReady-1)], 0, pr)
	return pr, nil
}

// is reports sizes that a segment was made ready for.
func (p *prepared) is(seg *segment, size func(string) (int64, bool)) bool {
	for i, name := range seg.symbols {
		if n, _ := size(name); n != p.sizes[i] {
			return false
		}
	}
	return true
}

// values finds the tensors that come into a segment, dense, and the constants in it.
func (s *session) values(seg *segment, c *interp.SegmentCall) error {
	for i, v := range seg.in {
		t := c.In[i]
		switch {
		case t.Contiguous():
		case v.Def != nil && v.Def.Is(core.Constant):
			if s.consts[v.Def].given != t {
				s.consts[v.Def] = constant{t, t.Clone()}
			}
			t = s.consts[v.Def].dense
		default:
			t = t.Clone()
		}
		s.tensors[i] = t
	}
	for i, op := range seg.consts {
		k := s.consts[op]
		if k.given == nil {
			made, err := op.Def.Eval(c.Eval, op, nil)
			if err != nil {
				return err
			}
			k = constant{made[0], made[0]}
			if !k.given.Contiguous() {
				k.dense = k.given.Clone()
			}
			s.consts[op] = k
		}
		s.tensors[len(seg.in)+i] = k.dense
	}
	return nil
}

// outputs makes the tensors of values that leave the segment: in memory of the caller's where the function gives them on, in
// the block otherwise.
func (s *session) outputs(seg *segment, pr *prepared, c *interp.SegmentCall, block []byte) (err error) {
	for i, o := range seg.outs {
		m := &pr.outs[i]
		switch {
		case o.constant:
			s.out = append(s.out, s.consts[o.value.Def].given)
			continue
		case o.returned:
			t := c.Output(o.result, o.value.Type.Elem, m.shape)
			if t == nil {
				if t, err = freshOutput(o.value.Type.Elem, m.shape); err != nil {
					return err
				}
			}
			s.tensors[o.index] = t
			s.out = append(s.out, t)
			continue
		case m.tensor == nil:
			if m.tensor, err = host.FromBytes(o.value.Type.Elem, m.shape, block[:m.bytes:m.bytes]); err != nil {
				return err
			}
		}
		at := pr.at[o.value]
		m.tensor.Data = block[at : at+m.bytes : at+m.bytes] // its last holder is gone when the segment runs again
		s.out = append(s.out, m.tensor)
	}
	return nil
}

// freshOutput makes a tensor that the caller will own.
func freshOutput(elem host.Elem, shape []int) (*host.Tensor, error) {
	t, err := host.Alloc(elem, shape)
	if err == nil {
		memory.Large(t.Data)
	}
	return t, err
}

// launch runs the kernels. Where somebody watches, it does so operation by operation.
func (s *session) launch(seg *segment, pr *prepared, c *interp.SegmentCall, block []byte) error {
	if c.Opt.Timing != nil || c.Opt.Observe != nil {
		return s.watched(seg, pr, c, block)
	}
	for _, l := range pr.launches {
		if err := c.Eval.Context.Err(); err != nil {
			return err
		}
		s.start(l)
	}
	return nil
}

func (s *session) start(l *launch) {
	if l.shared {
		l.begin(s.scratch.Addr(), uintptr(s.stride))
		s.p.pool.run(&l.job, &s.args)
		return
	}
	s.args = [6]uintptr{l.list, 0, uintptr(l.n), s.scratch.Addr()}
	purego.SyscallN(s.p.code.runner, s.args[:4]...)
}

// watched runs every operation alone, shows its result and says how long it took.
func (s *session) watched(seg *segment, pr *prepared, c *interp.SegmentCall, block []byte) error {
	opt := c.Opt
	for i := range seg.steps {
		op := seg.steps[i].op
		if err := c.Eval.Context.Err(); err != nil {
			return err
		}
		l := pr.alone(i, s.p.pool.size(), s.p.code)
		begin := time.Now()
		s.start(l)
		if opt.Timing != nil {
			opt.Timing(op, "native", time.Since(begin).Nanoseconds())
		}
		v := op.Results[0]
		if opt.Observe == nil || opt.Select != nil && !opt.Select(v) {
			continue
		}
		t, err := s.shown(seg, pr, v, block)
		if err != nil {
			return err
		}
		opt.Observe(v, t)
	}
	return nil
}

// shown gives the tensor of a result, which may lie in the segment's block.
func (s *session) shown(seg *segment, pr *prepared, v *ir.Value, block []byte) (*host.Tensor, error) {
	if i, ok := seg.index[v]; ok {
		return s.tensors[i], nil
	}
	n, err := host.SizeBytes(v.Type.Elem, pr.shapes[v])
	if err != nil {
		return nil, err
	}
	at := pr.at[v]
	return host.FromBytes(v.Type.Elem, pr.shapes[v], block[at:at+n])
}
