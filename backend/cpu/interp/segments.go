package interp

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Segments are runs of operations that another engine computes within a program of this one.
type Segments struct {
	// Of lists those of a function or body, in order and apart.
	Of func(f *ir.Func) []Segment
	// NewRunner makes what computes them in one session.
	NewRunner func() Runner
	Close     func() error
}

// Segment is a run of neighbouring operations: those From <= i < To of the function's list.
type Segment struct {
	ID       int // the runner's name for it
	From, To int
}

// Runner computes a segment: from the values that come into it the values that leave it, as [Boundary] lists them, in
// memory of the call's arena or of nobody else's. The list is the runner's.
type Runner func(id int, c *SegmentCall) ([]*host.Tensor, error)

// SegmentCall is one run of a segment. It is valid until the runner returns.
type SegmentCall struct {
	Eval   *ir.EvalCtx
	Opt    *backend.CallOptions
	In     []*host.Tensor
	Memory *memory.Arena // for what lives within the call: the results that the function does not return, too
	Saved  *memory.Arena // for what is needed to undo what a segment writes over: all of it is there until the call ends

	run   *run
	step  *step
	slots []*host.Tensor
	sizes *backend.Sizes
	outer bool // the segment belongs to the called function
}

// Output gives memory that the caller offers for a result of the called function, nil where it offers none of this type and
// shape, or where the segment belongs to another function or a body.
func (c *SegmentCall) Output(result int, elem host.Elem, shape []int) *host.Tensor {
	if !c.outer || !fits(c.run.outputs[result], elem, shape) {
		return nil
	}
	return c.run.outputs[result]
}

// MayOverwrite reports that an operand may be written over: it is memory of a state of this call, and nothing else that the
// segment is given, or that is read after it, lies there.
func (c *SegmentCall) MayOverwrite(operand int) bool {
	t := c.In[operand]
	if !c.outer || !c.run.owns(t) || c.step.readsLater(t, c.slots) {
		return false
	}
	for i, other := range c.In {
		if i != operand && other != nil && share(t, other) {
			return false
		}
	}
	return true
}

// InUse reports that a state of the session, or a value that this function still has, lies in memory.
func (c *SegmentCall) InUse(data []byte) bool {
	memory := &host.Tensor{Data: data}
	for _, t := range c.run.session.states {
		if share(t, memory) {
			return true
		}
	}
	return sharesAny(memory, c.slots)
}

// Undo notes how to take back what the segment is about to write over, should the call fail.
func (c *SegmentCall) Undo(restore func()) { c.run.undo = append(c.run.undo, restore) }

// Interpret computes the segment in the interpreter, without observers.
func (c *SegmentCall) Interpret() ([]*host.Tensor, error) {
	return c.run.interpret(c.step, c.slots, c.Eval, c.sizes)
}

// ArenaOf gives the memory of a session of this package in which another engine computes; nil where none does.
func ArenaOf(s backend.Session) *memory.Arena {
	if s, ok := s.(*session); ok {
		return s.arena
	}
	return nil
}

// Boundary lists the values that operations From..To-1 take from outside, each once in order of first use, and those of
// their results that are used outside.
func Boundary(f *ir.Func, from, to int) (in, out []*ir.Value) {
	last := lastUses(f)
	inside, seen := map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, op := range f.Ops[from:to] {
		for _, v := range op.Operands {
			if v != nil && !inside[v] && !seen[v] {
				seen[v] = true
				in = append(in, v)
			}
		}
		for _, r := range op.Results {
			inside[r] = true
			if last[r] >= to {
				out = append(out, r)
			}
		}
	}
	return in, out
}

// lastUses gives the place of the last operation that uses a value.
func lastUses(f *ir.Func) map[*ir.Value]int {
	last := map[*ir.Value]int{}
	for i, op := range f.Ops {
		for _, v := range op.Operands {
			last[v] = i
		}
	}
	return last
}

// CompileWith is Compile with operations that another engine computes.
func CompileWith(ctx context.Context, m *ir.Module, opt backend.Options, s *Segments) (backend.Program, error) {
	return compile(ctx, m, opt, s)
}

// segment plans a run of operations as one step. inner are the steps that compute it here.
func (p *planner) segment(f *ir.Func, s Segment, slot map[*ir.Value]int, last map[*ir.Value]int, inner []step) step {
	st := step{segment: &segmentStep{Segment: s, inner: inner}}
	in, out := Boundary(f, s.From, s.To)
	for _, v := range in {
		st.in = append(st.in, slot[v])
		if last[v] < s.To {
			st.free = append(st.free, slot[v])
		}
	}
	for _, v := range out {
		st.out = append(st.out, slot[v])
	}
	if slices.ContainsFunc(inner, func(st step) bool { return st.overwrites }) {
		for v, k := range slot {
			if last[v] >= s.To && (v.Def == nil || !slices.Contains(f.Ops[s.From:s.To], v.Def)) {
				st.others = append(st.others, k)
			}
		}
		slices.Sort(st.others)
	}
	return st
}

// segmentStep is the part of a step that a segment has.
type segmentStep struct {
	Segment
	inner []step
}

// segment runs one, and has its results bind and agree with sizes as those of operations do.
func (r *run) segment(st *step, slots []*host.Tensor, ctx *ir.EvalCtx, sizes *backend.Sizes, outermost bool) error {
	c := r.session.call() // its fields are free: what a segment interprets, below, begins when it does not read them any more
	c.Eval, c.Opt, c.run, c.step, c.slots, c.sizes, c.outer = ctx, r.opt, r, st, slots, sizes, outermost
	for _, k := range st.in {
		c.In = append(c.In, slots[k])
	}
	out, err := r.session.runner(st.segment.ID, c)
	if err != nil {
		return err
	}
	if len(out) != len(st.out) {
		return fmt.Errorf("internal error: a native segment gave %d results, expected %d", len(out), len(st.out))
	}
	for i, t := range out {
		r.fill(slots, st.out[i], t)
	}
	clear(out) // nothing of the call stays in the session
	clear(c.In)
	*c = SegmentCall{In: c.In[:0]}
	return nil
}

// call gives the session's SegmentCall, of which one is in use at a time.
func (s *session) call() *SegmentCall {
	s.segment = SegmentCall{Memory: s.arena, Saved: s.saved, In: s.segment.In[:0]}
	return &s.segment
}

// fill puts a value into its slot.
func (r *run) fill(slots []*host.Tensor, k int, t *host.Tensor) {
	slots[k] = t
	if a := r.session.arena; a != nil && t != nil {
		a.Keep(t)
	}
}

// empty gives up the value in a slot.
func (r *run) empty(slots []*host.Tensor, k int) {
	if a := r.session.arena; a != nil && slots[k] != nil {
		a.Drop(slots[k])
	}
	slots[k] = nil
}

// leave ends a body or function within a call: what it returns moves out of the arena unless somebody outside keeps it there.
func (r *run) leave(slots, out []*host.Tensor) {
	a := r.session.arena
	if a == nil {
		return
	}
	for _, t := range slots {
		if t != nil {
			a.Unkeep(t)
		}
	}
	for i, t := range out {
		if t != nil && a.Holds(t) && !a.Kept(t) {
			out[i] = t.Clone()
		}
	}
	for _, t := range slots {
		if t != nil && !a.Kept(t) {
			a.Give(t.Data)
		}
	}
}

// interpret computes a segment step by step in slots of its own.
func (r *run) interpret(st *step, outer []*host.Tensor, ctx *ir.EvalCtx, sizes *backend.Sizes) ([]*host.Tensor, error) {
	slots := append([]*host.Tensor(nil), outer...)
	quiet := *r
	quiet.opt = &backend.CallOptions{}
	for i := range st.segment.inner {
		if err := quiet.one(&st.segment.inner[i], slots, ctx, sizes, false); err != nil {
			return nil, err
		}
	}
	out := make([]*host.Tensor, len(st.out))
	for i, k := range st.out {
		out[i] = slots[k]
	}
	return out, nil
}
