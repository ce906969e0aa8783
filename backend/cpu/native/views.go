package native

import (
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
)

// view is where a value lies that has no memory of its own: in that of another, from an element on.
type view struct {
	of     *ir.Value
	offset ir.Dim
}

// views finds the values of a segment that lie in the memory of others: what an update has written over, and what shows a
// dense part of a value and does not leave the segment.
func (s *segment) views() {
	s.lies = map[*ir.Value]view{}
	for i := range s.steps {
		st := &s.steps[i]
		y := st.op.Results[0]
		if st.plan.InPlace != nil {
			s.lies[y] = view{st.op.Operands[0], ir.Const(0)}
			continue
		}
		offset, ok := calls.Shows(st.op)
		if ok && !slices.Contains(s.out, y) {
			s.lies[y] = view{st.op.Operands[0], offset}
			st.functions = nil
		}
	}
	s.number()
	for _, st := range s.steps {
		if st.plan.InPlace == nil {
			continue
		}
		if at := s.index[s.base(st.op)]; !slices.Contains(s.overwritten, at) {
			s.overwritten = append(s.overwritten, at)
		}
	}
}

// base is what came into the segment and is written over by an update.
func (s *segment) base(op *ir.Op) *ir.Value {
	v, _ := s.root(op.Operands[0])
	return v
}

// root gives the value that another one lies in the memory of, and from which of its elements on.
func (s *segment) root(v *ir.Value) (*ir.Value, ir.Dim) {
	offset := ir.Const(0)
	for {
		at, ok := s.lies[v]
		if !ok {
			return v, offset
		}
		v, offset = at.of, offset.Add(at.offset)
	}
}

// proofs are the updates of each function that may be written over their base.
type proofs map[*ir.Func]map[*ir.Op]bool

func (p proofs) of(f *ir.Func) map[*ir.Op]bool {
	if _, known := p[f]; !known {
		p[f] = interp.Overwriting(f)
	}
	return p[f]
}
