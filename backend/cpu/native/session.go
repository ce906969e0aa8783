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
	held    [][]*host.Tensor // by segment: its constants

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
	s := &session{p: p, ready: make([][]*prepared, len(p.segments)), consts: map[*ir.Op]constant{}, held: make([][]*host.Tensor, len(p.segments))}
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
	for _, i := range seg.overwritten {
		if !c.MayOverwrite(i) {
			return c.Interpret()
		}
	}
	block, err := c.Memory.Take(pr.arena, seg.high())
	if err != nil {
		return nil, err
	}
	saved, err := c.Saved.Take(pr.saved, false)
	if err != nil {
		return nil, err
	}
	if err := s.outputs(seg, pr, c, block); err != nil {
		return nil, err
	}
	s.addr = s.addr[:0]
	for _, t := range s.tensors {
		if t == nil { // nothing touches it
			s.addr = append(s.addr, s.scratch.Addr())
			continue
		}
		s.addr = append(s.addr, s.address(t.Data, t.Offset*t.Elem.Bytes()))
	}
	pr.bind(s.address(block, 0), s.address(saved, 0), s.addr)
	clear(pr.status)
	if len(pr.updates) > 0 {
		s.overwrite(pr, saved)
		c.Undo(pr.undone)
	}
	if err := s.launch(seg, pr, c, block); err != nil {
		return nil, err
	}
	runtime.KeepAlive(s)
	for _, b := range pr.status {
		if b != 0 {
			pr.restore()
			c.Memory.Give(block)
			return c.Interpret() // which says what is wrong with the number that was out of range
		}
	}
	c.Memory.Split(block, pr.stays)
	return s.out, nil
}

// address is that of a byte, or somewhere where there is nothing to read or write.
func (s *session) address(data []byte, at int) uintptr {
	if at >= len(data) {
		return s.scratch.Addr()
	}
	return uintptr(unsafe.Pointer(&data[at]))
}

// prepared gives a segment made ready for the sizes of a call.
func (s *session) prepared(seg *segment, size func(string) (int64, bool)) (*prepared, error) {
	ready := s.ready[seg.ID]
	for i, pr := range ready {
		if pr.is(seg, size) {
			copy(ready[1:i+1], ready[:i])
			ready[0] = pr
			return pr, s.room(pr)
		}
	}
	pr, err := seg.prepare(size, s.p.pool.size(), s.p.code)
	if err != nil {
		return nil, err
	}
	if err := s.room(pr); err != nil {
		return nil, err
	}
	s.ready[seg.ID] = slices.Insert(ready[:min(len(ready), maxReady-1)], 0, pr)
	return pr, nil
}

// room sees that the kernels' own memory is enough for a segment. Where there is no more, what there is stays for the others.
func (s *session) room(pr *prepared) error {
	if s.scratch != nil && pr.scratch <= s.stride {
		return nil
	}
	stride := max(memory.Aligned(pr.scratch), memory.Alignment)
	more, err := memory.NewRegion(stride * s.p.pool.size())
	if err != nil {
		return err
	}
	old := s.scratch
	s.scratch, s.stride = more, stride
	return old.Free()
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

// size looks up the sizes that a segment was made ready for.
func (p *prepared) size(seg *segment) func(string) (int64, bool) {
	return func(name string) (int64, bool) {
		i, ok := slices.BinarySearch(seg.symbols, name)
		if !ok {
			return 0, false
		}
		return p.sizes[i], true
	}
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
	held := s.held[seg.ID]
	if held == nil {
		var err error
		if held, err = s.hold(seg, c); err != nil {
			return err
		}
	}
	copy(s.tensors[len(seg.in):], held)
	return nil
}

// hold evaluates the constants of a segment, once in a session; nil stands for those that no kernel touches, as they are
// packed.
func (s *session) hold(seg *segment, c *interp.SegmentCall) ([]*host.Tensor, error) {
	held := make([]*host.Tensor, 0, len(seg.consts))
	for _, op := range seg.consts {
		if !seg.touched[op.Results[0]] {
			held = append(held, nil)
			continue
		}
		made, err := op.Def.Eval(c.Eval, op, nil)
		if err != nil {
			return nil, err
		}
		k := constant{made[0], made[0]}
		if !k.given.Contiguous() {
			k.dense = k.given.Clone()
		}
		s.consts[op] = k
		held = append(held, k.dense)
	}
	s.held[seg.ID] = held
	return held, nil
}

// outputs makes the tensors of values that leave the segment: in memory of the caller's where the function gives them on, in
// the block otherwise.
func (s *session) outputs(seg *segment, pr *prepared, c *interp.SegmentCall, block []byte) (err error) {
	for i, o := range seg.outs {
		m := &pr.outs[i]
		switch o.kind {
		case constantOut:
			s.out = append(s.out, s.consts[o.value.Def].given)
			continue
		case updatedOut:
			s.out = append(s.out, s.tensors[o.index])
			continue
		case returnedOut:
			t := c.Output(o.result, o.value.Type.Elem, m.shape)
			if t == nil {
				if t, err = freshOutput(o.value.Type.Elem, m.shape); err != nil {
					return err
				}
			}
			s.tensors[o.index] = t
			s.out = append(s.out, t)
			continue
		}
		if m.tensor == nil {
			if m.tensor, err = host.FromBytes(o.value.Type.Elem, m.shape, block[:m.bytes:m.bytes]); err != nil {
				return err
			}
		}
		at := pr.at[o.id]
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
		if err := s.start(l); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) start(l *launch) error {
	if l.shared {
		l.begin(s.scratch.Addr(), uintptr(s.stride))
		return s.p.pool.run(&l.job, &s.args)
	}
	s.args = [6]uintptr{l.list, 0, uintptr(l.n), s.scratch.Addr()}
	purego.SyscallN(s.p.code.runner, s.args[:4]...)
	return nil
}

// watched runs every operation alone, shows its result and says how long it took.
func (s *session) watched(seg *segment, pr *prepared, c *interp.SegmentCall, block []byte) error {
	opt := c.Opt
	for _, op := range seg.consts {
		if v := op.Results[0]; opt.Observe != nil && (opt.Select == nil || opt.Select(v)) {
			made, err := op.Def.Eval(c.Eval, op, nil)
			if err != nil {
				return err
			}
			opt.Observe(v, made[0])
		}
	}
	for i := range seg.steps {
		op := seg.steps[i].op
		if err := c.Eval.Context.Err(); err != nil {
			return err
		}
		l := pr.alone(i, s.p.pool.size(), s.p.code)
		begin := time.Now()
		if err := s.start(l); err != nil {
			return err
		}
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

// shown gives the tensor of a result, which may lie in the segment's block, or in another value.
func (s *session) shown(seg *segment, pr *prepared, v *ir.Value, block []byte) (*host.Tensor, error) {
	root, offset := seg.root(v)
	i, outside := seg.index[root]
	if outside && root == v {
		return s.tensors[i], nil
	}
	from, err := offset.Eval(pr.size(seg))
	if err != nil {
		return nil, err
	}
	takes := pr.takes[seg.ids[v]]
	at, data := int(from)*v.Type.Elem.Bytes(), block
	if outside {
		t := s.tensors[i]
		at, data = at+t.Offset*t.Elem.Bytes(), t.Data
	} else {
		at += pr.at[seg.ids[root]]
	}
	return host.FromBytes(v.Type.Elem, takes.shape, data[at:at+takes.bytes])
}
