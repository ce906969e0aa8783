package interp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// plan is a function made ready to run: values are numbered slots.
type plan struct {
	fn    *ir.Func
	slots int
	steps []step
	ret   []int // the slots that are returned

	inputs  int             // how many tensors a caller gives
	updates map[string]bool // the states that it gives new values
	writes  bool            // some of its steps may write over states
}

type step struct {
	op      *ir.Op
	segment *segmentStep // instead of an operation: a run of them that another engine computes
	body    *plan        // for an operation without Eval: what it expands to
	in      []int        // -1: absent
	out     []int
	free    []int // slots not used after this step

	// overwrites is set for an update that may be written over its base; others are the slots that are read later, of which
	// none may show the base's memory then.
	overwrites bool
	others     []int
}

type planner struct {
	plans    map[*ir.Func]*plan
	segments *Segments
	literals []*host.Tensor
}

// module plans every function.
func (p *planner) module(m *ir.Module) error {
	var errs []error
	for _, f := range m.Funcs {
		if _, err := p.function(f); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (p *planner) function(f *ir.Func) (*plan, error) {
	pl := &plan{fn: f, inputs: len(backend.SignatureOf(f).Inputs), updates: map[string]bool{}}
	for _, r := range f.Results {
		if r.State {
			pl.updates[r.Target] = true
		}
	}
	n := &numbering{plan: pl, slot: map[*ir.Value]int{}, last: lastUses(f)}
	for _, prm := range f.Params {
		n.number(prm.Value)
	}
	var segments []Segment
	var over map[*ir.Op]bool
	if p.segments != nil {
		segments, over = p.segments.Of(f), Overwriting(f)
	}
	first := 0 // the step at which the segment begins
	for i, op := range f.Ops {
		if len(segments) > 0 && segments[0].From == i {
			first = len(pl.steps)
		}
		if op.Def.Traits.Has(ir.Terminator) {
			for _, v := range op.Operands {
				pl.ret = append(pl.ret, n.slot[v])
			}
			continue
		}
		for _, a := range op.Attrs {
			if d, ok := a.Value.(ir.Dense); ok {
				p.literals = append(p.literals, d.T)
			}
		}
		st := n.step(i, op)
		if op.Def.Eval == nil {
			body, err := p.expanded(op)
			if err != nil {
				return nil, err
			}
			st.body = body
		}
		if over[op] {
			st.overwrites, st.others = true, n.later(i, op)
			pl.writes = true
		}
		pl.steps = append(pl.steps, st)
		for _, b := range op.Bodies {
			if _, err := p.function(b); err != nil {
				return nil, err
			}
		}
		if len(segments) > 0 && segments[0].To == i+1 {
			inner := append([]step(nil), pl.steps[first:]...)
			pl.steps = append(pl.steps[:first], p.segment(f, segments[0], n.slot, n.last, inner))
			segments = segments[1:]
		}
	}
	p.plans[f] = pl
	return pl, nil
}

// numbering gives the values of a function their slots.
type numbering struct {
	plan *plan
	slot map[*ir.Value]int
	last map[*ir.Value]int // see lastUses
}

func (n *numbering) number(v *ir.Value) int {
	n.slot[v] = n.plan.slots
	n.plan.slots++
	return n.slot[v]
}

// step says where the i-th operation of the function has its operands and results, and which slots nobody uses after it.
func (n *numbering) step(i int, op *ir.Op) step {
	st := step{op: op}
	for k, v := range op.Operands {
		if v == nil {
			st.in = append(st.in, -1)
			continue
		}
		st.in = append(st.in, n.slot[v])
		if n.last[v] == i && !seenBefore(op.Operands[:k], v) {
			st.free = append(st.free, n.slot[v])
		}
	}
	for _, r := range op.Results {
		s := n.number(r)
		st.out = append(st.out, s)
		if !r.Used() {
			st.free = append(st.free, s)
		}
	}
	return st
}

// later are the slots that are read after the i-th operation, but for its results.
func (n *numbering) later(i int, op *ir.Op) (list []int) {
	for v, k := range n.slot {
		if n.last[v] > i && v.Def != op {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

func seenBefore(vs []*ir.Value, v *ir.Value) bool {
	for _, w := range vs {
		if v == w {
			return true
		}
	}
	return false
}

// expanded plans an operation that has no Eval through its Expand.
func (p *planner) expanded(op *ir.Op) (*plan, error) {
	body, err := ir.Expanded(op, core.Return)
	if err != nil {
		return nil, err
	}
	if body == nil {
		name := op.Name()
		if callee, ok := op.Attr("callee").(ir.String); ok {
			name += " " + string(callee)
		}
		return nil, fmt.Errorf("%s%s cannot run: run the pass `decompose` first", name, at(op.Loc))
	}
	return p.function(body)
}

func at(l *ir.Loc) string {
	if l.IsUnknown() {
		return ""
	}
	return " (" + l.String() + ")"
}
