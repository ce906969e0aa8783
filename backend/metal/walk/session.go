package walk

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// session runs the segments of one session.
type session struct {
	*program
	held *held
	lost error // the device gave up on work, and what memory holds is not known
}

// held is what a session holds of the device, until nobody has the session any more.
type held struct {
	queue Queue
	calls map[*launch.Function]*call
	homes map[string]Span // of states, where the host shares memory with the device
	apart bool            // it does not
}

// call is the memory of a call of a function, which the next one uses again.
type call struct {
	rooms
	arena Span
	slots []Span
	known *known
}

func newSession(p *program) *session {
	s := &session{program: p, held: &held{calls: map[*launch.Function]*call{}, homes: map[string]Span{}}}
	runtime.AddCleanup(s, (*held).free, s.held)
	return s
}

func (h *held) free() {
	for _, c := range h.calls {
		c.free()
	}
	for _, s := range h.homes {
		s.Block.Free()
	}
	if h.queue != nil {
		h.queue.Close()
	}
}

// running is one run of a segment.
type running struct {
	*Frame
	*session
	seg *segment
	c   *interp.SegmentCall
}

// run computes a segment.
func (s *session) run(id int, c *interp.SegmentCall) (out []*host.Tensor, err error) {
	if s.lost != nil {
		return nil, s.lost
	}
	r, err := s.begin(s.segments[id], c)
	if err != nil {
		return nil, err
	}
	whole, err := r.enter()
	if err != nil {
		return nil, err
	}
	if !whole {
		return c.Interpret()
	}
	c.Undo(r.undoAll)
	if err := r.work(); err != nil {
		_, _ = r.wait() // what was queued is over when it is undone; an error of the device stays with the session
		return nil, err
	}
	wrong, err := r.wrong()
	if err != nil {
		return nil, err
	}
	if wrong {
		r.undoAll()
		return c.Interpret() // which says what is wrong with the data
	}
	return r.leave()
}

// begin makes the frame of a run.
func (s *session) begin(seg *segment, c *interp.SegmentCall) (*running, error) {
	if s.held.queue == nil {
		q, err := s.device.NewQueue()
		if err != nil {
			return nil, err
		}
		s.held.queue = q
	}
	k := s.held.calls[seg.fn]
	if k == nil {
		k = &call{rooms: rooms{device: s.device}, known: newKnown()}
		s.held.calls[seg.fn] = k
	}
	k.known.at(seg.fn.Sizes, c.Eval.Size)
	f := &Frame{plan: s.plan, fn: seg.fn, queue: s.held.queue, rooms: &k.rooms, shared: &shared{s.program, k}, size: c.Eval.Size, known: k.known, bound: map[int]Span{}}
	r := &running{Frame: f, session: s, seg: seg, c: c}
	if !seg.first && k.slots != nil {
		return r, nil
	}
	k.begin()
	k.slots = make([]Span, len(seg.fn.Slots))
	var err error
	if k.arena, err = k.take(int(seg.fn.Arena)); err == nil {
		err = f.poison(k.arena)
	}
	return r, err
}

// shared is the memory that stays from segment to segment, or longer.
type shared struct {
	*program
	call *call
}

// place is where a buffer of n bytes lies in it.
func (s *shared) place(f *Frame, buffer, n int) (Span, error) {
	b := f.fn.Buffers[buffer]
	switch b.Kind {
	case launch.Arena:
		return Span{s.call.arena.Block, int(b.Offset), n}, nil
	case launch.Packed:
		return Span{}, fmt.Errorf("internal error: no step of the segment fills buffer %d", buffer)
	}
	slot := &s.call.slots[b.Slot]
	if slot.Block == nil {
		room, err := f.eval(f.fn.Slots[b.Slot])
		if err != nil {
			return Span{}, err
		}
		if *slot, err = s.call.take(int(room)); err == nil {
			err = f.poison(*slot)
		}
		if err != nil {
			return Span{}, err
		}
	}
	if n > slot.Len {
		return Span{}, fmt.Errorf("buffer %d takes %d bytes of a slot of %d", buffer, n, slot.Len)
	}
	return Span{slot.Block, 0, n}, nil
}

// enter brings in what the segment takes, and finds memory for what it gives. It reports false where the interpreter has to run the segment,
// because a state may not be written over.
func (r *running) enter() (bool, error) {
	for i, v := range r.seg.in {
		at, ok := r.plan.Values[v]
		if !ok {
			continue // only what is packed, or nothing, takes it
		}
		mine := r.c.MayOverwrite(i)
		if r.overwrites(at) && !mine {
			return false, nil
		}
		t := r.c.In[i]
		if !t.Contiguous() {
			t = t.Clone()
		}
		if err := r.bring(at, t, mine); err != nil {
			return false, err
		}
	}
	for _, op := range r.seg.f.Ops[r.seg.from:r.seg.to] {
		for _, v := range op.Results {
			if err := r.give(v); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// overwrites reports a buffer that a step of the segment writes over and saves.
func (r *running) overwrites(at int) bool {
	return slices.ContainsFunc(r.seg.steps, func(i int) bool {
		d := r.seg.fn.Steps[i].Dispatch
		return d.Undo != nil && d.Undo.Base == at
	})
}

// bring puts a tensor where the plan has its value. One of a state that is the session's own stays on the device.
func (r *running) bring(at int, t *host.Tensor, mine bool) error {
	data := t.Bytes()
	switch b := r.seg.fn.Buffers[at]; b.Kind {
	case launch.Arena, launch.Slot, launch.Part:
		if to, err := r.place(at); err == nil {
			return to.Block.Write(to.At, data)
		}
		// What a part lies in did not come in: the tensor itself is it.
	case launch.StateIn:
		home, err := r.home(b.Name, data, mine)
		if err != nil || home.Block != nil {
			r.bound[at] = home
			return err
		}
	}
	return r.Give(at, data)
}

// home gives the memory of a state on the device: that which data is, or, where the state is the session's own, one that becomes it. None is given
// where the host does not share the device's memory, or where another state has moved in.
func (r *running) home(state string, data []byte, mine bool) (Span, error) {
	have, ok := r.held.homes[state]
	switch {
	case len(data) == 0 || r.held.apart:
		return Span{}, nil
	case ok && &have.Block.Bytes()[0] == unsafe.SliceData(data) && have.Len >= len(data):
		return Span{have.Block, 0, len(data)}, nil
	case !mine || ok && r.c.InUse(have.Block.Bytes()):
		return Span{}, nil
	case !ok || have.Len < len(data):
		s, err := r.room(len(data))
		if err != nil {
			return s, err
		}
		if s.Block.Bytes() == nil {
			s.Block.Free()
			r.held.apart = true
			return Span{}, nil
		}
		if ok {
			have.Block.Free()
		}
		r.held.homes[state], have = s, s
	}
	return Span{have.Block, 0, len(data)}, have.Block.Write(0, data)
}

// give binds what lies in no memory of the call: constants, and what goes to the caller.
func (r *running) give(v *ir.Value) error {
	at, used := r.plan.Values[v]
	if !used {
		return nil
	}
	if v.Def.Is(core.Constant) {
		s, err := r.constant(r.c.Eval, v.Def)
		r.bound[at] = s
		return err
	}
	if _, ok := r.bound[at]; ok || r.seg.fn.Buffers[at].Kind != launch.Output {
		return nil
	}
	n, err := r.bytes(at)
	if err != nil {
		return err
	}
	return r.fresh(at, n)
}

// undoAll puts states back; where that fails, the session can do no more.
func (r *running) undoAll() {
	if err := r.restore(); err != nil {
		r.lost = err
	}
}

// leave gives the values that go out.
func (r *running) leave() ([]*host.Tensor, error) {
	var out []*host.Tensor
	for _, v := range r.seg.out {
		t, err := r.tensor(v)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// tensor gives a value. That of a state which lies on the device is the device's own memory, others are the caller's. All that was queued must
// be over.
func (r *running) tensor(v *ir.Value) (*host.Tensor, error) {
	if v.Def.Is(core.Constant) {
		made, err := v.Def.Def.Eval(r.c.Eval, v.Def, nil)
		if err != nil {
			return nil, err
		}
		return made[0], nil
	}
	at, ok := r.plan.Values[v]
	if !ok {
		return nil, fmt.Errorf("internal error: the plan has no buffer for %%%s", v.Name)
	}
	s, err := r.place(at)
	if err != nil {
		return nil, err
	}
	b := r.seg.fn.Buffers[at]
	shape, err := r.shape(b.Shape)
	if err != nil {
		return nil, err
	}
	if home := r.held.homes[b.Name]; b.Kind == launch.StateIn && home.Block != nil && home.Block == s.Block {
		return host.FromBytes(v.Type.Elem, shape, s.Block.Bytes()[:s.Len:s.Len])
	}
	t, err := r.target(v, shape)
	if err != nil {
		return nil, err
	}
	return t, s.Block.Read(s.At, t.Data)
}

// target gives a tensor for a value: what the caller offers for it, or a new one.
func (r *running) target(v *ir.Value, shape []int) (*host.Tensor, error) {
	if i := slices.Index(r.seg.f.Returns(), v); i >= 0 {
		if t := r.c.Output(i, v.Type.Elem, shape); t != nil && len(t.Data) == len(t.Bytes()) {
			return t, nil
		}
	}
	return host.Alloc(v.Type.Elem, shape)
}
