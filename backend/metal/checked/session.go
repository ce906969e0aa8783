package checked

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// session runs the segments of one session.
type session struct {
	p         *program
	constants map[*ir.Op][]byte
	calls     map[*launch.Function]*call
}

// call is the memory of a call of a function. It is new in each call, so that nobody who still has a tensor of it sees it change.
type call struct {
	arena []byte
	slots [][]byte
}

// run computes a segment.
func (s *session) run(id int, c *interp.SegmentCall) ([]*host.Tensor, error) {
	seg := s.p.segments[id]
	r := &running{session: s, seg: seg, c: c, bound: map[int][]byte{}, tensors: map[int]*host.Tensor{}}
	if s.calls == nil {
		s.calls = map[*launch.Function]*call{}
	}
	if seg.first || s.calls[seg.fn] == nil {
		s.calls[seg.fn] = &call{arena: unset(seg.fn.Arena), slots: make([][]byte, len(seg.fn.Slots))}
	}
	r.call = s.calls[seg.fn]
	if whole, err := r.enter(); err != nil || !whole {
		if err == nil {
			return c.Interpret()
		}
		return nil, err
	}
	for _, i := range r.order() {
		if err := r.step(&seg.fn.Steps[i]); err != nil {
			return nil, err
		}
	}
	if binary.LittleEndian.Uint32(r.status[:]) != 0 {
		r.restore()
		return c.Interpret() // which says what is wrong with the data
	}
	return r.leave()
}

// unset is memory that nobody has written, as the checker fills it.
func unset(n int64) []byte { return slices.Repeat([]byte{0xff}, int(n)) }

// running is one run of a segment.
type running struct {
	*session
	seg     *segment
	c       *interp.SegmentCall
	call    *call
	bound   map[int][]byte       // buffers in memory of tensors
	tensors map[int]*host.Tensor // that go to the caller, or came in
	status  [4]byte
	undo    []*launch.Undo // what has run
	most    int            // threadgroups of a dispatch that run; 0 for all
	partial bool           // there were more
}

// enter binds what comes in, and makes tensors of what goes out. It reports false where the interpreter has to run the segment, because a
// state may not be written over.
func (r *running) enter() (bool, error) {
	for i, v := range r.seg.in {
		at, ok := r.p.plan.Values[v]
		if !ok {
			continue // only what is packed, or nothing, takes it
		}
		if r.overwrites(at) && !r.c.MayOverwrite(i) {
			return false, nil
		}
		t := r.c.In[i]
		if !t.Contiguous() {
			t = t.Clone()
		}
		r.tensors[at] = t
		if err := r.take(at, t); err != nil {
			return false, err
		}
	}
	r.c.Undo(r.restore)
	for _, op := range r.seg.f.Ops[r.seg.from:r.seg.to] {
		for _, v := range op.Results {
			if err := r.give(v); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// give binds what lies in no memory of the call: constants, and what goes to the caller.
func (r *running) give(v *ir.Value) error {
	at, used := r.p.plan.Values[v]
	switch {
	case !used:
	case v.Def.Is(core.Constant):
		data, err := r.constant(v.Def)
		r.bound[at] = data
		return err
	case r.seg.fn.Buffers[at].Kind == launch.Output && r.tensors[at] == nil:
		t, err := r.fresh(v)
		if err != nil {
			return err
		}
		r.tensors[at], r.bound[at] = t, t.Bytes()
	}
	return nil
}

// overwrites reports a buffer that a step of the segment writes over and saves.
func (r *running) overwrites(at int) bool {
	return slices.ContainsFunc(r.seg.steps, func(i int) bool {
		d := r.seg.fn.Steps[i].Dispatch
		return d != nil && d.Undo != nil && d.Undo.Base == at
	})
}

// take puts a tensor where the plan has its value.
func (r *running) take(at int, t *host.Tensor) error {
	switch r.seg.fn.Buffers[at].Kind {
	case launch.Arena, launch.Slot, launch.Part:
		to, err := r.bytes(at)
		if err != nil {
			// What a part lies in did not come in: the tensor itself is it.
			r.bound[at] = t.Bytes()
			return nil
		}
		copy(to, t.Bytes())
	default:
		r.bound[at] = t.Bytes()
	}
	return nil
}

// constant gives the bytes of a constant.
func (r *running) constant(op *ir.Op) ([]byte, error) {
	if data, ok := r.constants[op]; ok {
		return data, nil
	}
	made, err := op.Def.Eval(r.c.Eval, op, nil)
	if err != nil {
		return nil, err
	}
	t := made[0]
	if !t.Contiguous() {
		t = t.Clone()
	}
	r.constants[op] = t.Bytes()
	return r.constants[op], nil
}

// fresh makes the tensor of a value that goes to the caller.
func (r *running) fresh(v *ir.Value) (*host.Tensor, error) {
	shape, err := r.shape(r.seg.fn.Buffers[r.p.plan.Values[v]].Shape)
	if err != nil {
		return nil, err
	}
	t, err := host.Alloc(v.Type.Elem, shape)
	if err != nil {
		return nil, err
	}
	for i := range t.Data {
		t.Data[i] = 0xff
	}
	return t, nil
}

// order lists the segment's steps in an order that hazards allow: the first one that may run, the last one, or any.
func (r *running) order() []int {
	if r.p.Order == check.Forward {
		return r.seg.steps
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(r.seg.steps))))
	left := slices.Clone(r.seg.steps)
	var list []int
	for len(left) > 0 {
		var ready []int // places in left
		for i, s := range left {
			if !slices.ContainsFunc(r.seg.fn.Steps[s].Waits, func(w int) bool { return slices.Contains(left, w) }) {
				ready = append(ready, i)
			}
		}
		at := ready[len(ready)-1]
		if r.p.Order == check.Shuffled {
			at = ready[rng.IntN(len(ready))]
		}
		list = append(list, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return list
}

// step runs a dispatch.
func (r *running) step(s *launch.Step) error {
	if err := r.c.Eval.Context.Err(); err != nil {
		return err
	}
	d := s.Dispatch
	k := &r.p.file.Kernels[d.Kernel]
	sizes := map[string]int64{}
	for _, name := range k.Sizes {
		n, ok := r.c.Eval.Size(name)
		if !ok {
			return fmt.Errorf("the size %s of kernel %s is not known", name, k.Function)
		}
		sizes[name] = n
	}
	bound, err := k.Bind(sizes)
	if err != nil {
		return err
	}
	run := check.Dispatch{Launch: k.Kernel, Threads: r.fewer(bound.Threads, k.Threadgroup)}
	at := 0
	for i, p := range k.Params {
		a := check.Arg{}
		if p.Kind == launch.Bytes {
			a.Bytes = binary.LittleEndian.AppendUint32(nil, uint32(bound.Values[i]))
		} else {
			if a.Bytes, err = r.bytes(d.Buffers[at]); err != nil {
				return fmt.Errorf("kernel %s: %w", k.Function, err)
			}
			if k.ABI == launch.Tensors {
				if a.Extents, err = r.shape(r.seg.fn.Buffers[d.Buffers[at]].Shape); err != nil {
					return err
				}
			}
			at++
		}
		run.Args = append(run.Args, a)
	}
	if d.Undo != nil {
		if err := r.begin(d.Undo); err != nil {
			return err
		}
	}
	if bound.Empty() {
		return nil
	}
	return r.p.dispatch(r.c.Eval.Context, run, k.Text)
}

// fewer cuts a grid down to the threadgroups that are to run, those at its start.
func (r *running) fewer(threads, group [3]int) [3]int {
	if r.most == 0 {
		return threads
	}
	left := r.most
	for i, n := range threads {
		groups := (n + group[i] - 1) / group[i]
		if groups > left {
			threads[i] = left * group[i]
			r.partial = true
		}
		left = max(1, left/max(groups, 1))
	}
	return threads
}

// leave gives the values that go out.
func (r *running) leave() ([]*host.Tensor, error) {
	var out []*host.Tensor
	for _, v := range r.seg.out {
		at, ok := r.p.plan.Values[v]
		if v.Def.Is(core.Constant) {
			made, err := v.Def.Def.Eval(r.c.Eval, v.Def, nil)
			if err != nil {
				return nil, err
			}
			out = append(out, made[0])
			continue
		}
		if !ok {
			return nil, fmt.Errorf("internal error: the plan has no buffer for %%%s", v.Name)
		}
		if t := r.tensors[at]; t != nil && slices.Equal(r.seg.fn.Buffers[at].Shape, dims(v.Type)) {
			out = append(out, t)
			continue
		}
		data, err := r.bytes(at)
		if err != nil {
			return nil, err
		}
		shape, err := r.shape(r.seg.fn.Buffers[at].Shape)
		if err != nil {
			return nil, err
		}
		t, err := host.FromBytes(v.Type.Elem, shape, data)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func dims(t ir.Type) []string {
	list := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		list[i] = d.String()
	}
	return list
}
