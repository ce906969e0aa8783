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
	slot := map[*ir.Value]int{}
	number := func(v *ir.Value) int {
		slot[v] = pl.slots
		pl.slots++
		return slot[v]
	}
	for _, prm := range f.Params {
		number(prm.Value)
	}
	last := lastUses(f)
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
				pl.ret = append(pl.ret, slot[v])
			}
			continue
		}
		for _, a := range op.Attrs {
			if d, ok := a.Value.(ir.Dense); ok {
				p.literals = append(p.literals, d.T)
			}
		}
		st := step{op: op}
		if op.Def.Eval == nil {
			body, err := p.expanded(op)
			if err != nil {
				return nil, err
			}
			st.body = body
		}
		for k, v := range op.Operands {
			if v == nil {
				st.in = append(st.in, -1)
				continue
			}
			st.in = append(st.in, slot[v])
			if last[v] == i && !seenBefore(op.Operands[:k], v) {
				st.free = append(st.free, slot[v])
			}
		}
		for _, r := range op.Results {
			s := number(r)
			st.out = append(st.out, s)
			if !r.Used() {
				st.free = append(st.free, s)
			}
		}
		if over[op] {
			st.overwrites = true
			pl.writes = true
			for v, k := range slot {
				if last[v] > i && v.Def != op {
					st.others = append(st.others, k)
				}
			}
			slices.Sort(st.others)
		}
		pl.steps = append(pl.steps, st)
		for _, b := range op.Bodies {
			if _, err := p.function(b); err != nil {
				return nil, err
			}
		}
		if len(segments) > 0 && segments[0].To == i+1 {
			inner := append([]step(nil), pl.steps[first:]...)
			pl.steps = append(pl.steps[:first], p.segment(f, segments[0], slot, last, inner))
			segments = segments[1:]
		}
	}
	p.plans[f] = pl
	return pl, nil
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
