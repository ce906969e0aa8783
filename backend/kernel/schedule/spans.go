package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// holds says whether a condition is true for all lanes that count, for none, or neither is known.
func (e *emitter) holds(c cond) ir.Truth {
	lanes := c.step.Mul(ir.Const(int64(e.lanes - 1)))
	if n, ok := c.step.IsConst(); ok && n < 0 {
		if truth := e.between(c.at.Add(lanes), c.at, c); truth != ir.Undecided {
			return truth
		}
	} else if truth := e.between(c.at, c.at.Add(lanes), c); truth != ir.Undecided {
		return truth
	}
	for _, have := range e.conds {
		if !have.step.Equal(c.step) {
			continue
		}
		apart := c.at.Sub(have.at)
		if truth := e.between(have.least.Add(apart), have.most.Add(apart), c); truth != ir.Undecided {
			return truth
		}
	}
	return ir.Undecided
}

// between says whether all places from low to high meet a condition, or none does.
func (e *emitter) between(low, high ir.Dim, c cond) ir.Truth {
	prove := func(a ir.Dim, rel ir.Relation, b ir.Dim) bool {
		return e.env().Prove(ir.Cond{Left: a, Rel: rel, Right: b}) == ir.True
	}
	switch {
	case prove(low, ir.RelGE, c.least) && prove(high, ir.RelLE, c.most):
		return ir.True
	case prove(high, ir.RelLT, c.least) || prove(low, ir.RelGT, c.most):
		return ir.False
	}
	return ir.Undecided
}

// mostSpans is into how many spans a part is cut at most.
const mostSpans = 16

// span is a stretch of a part in which a concatenation or padding takes one way.
type span struct{ from, size ir.Dim }

// spans cuts a part of the nest where the operand of a concatenation changes, or padding begins, so that nothing has to be chosen
// between for each element.
func (l *loops) spans(i int, size ir.Dim) []span {
	axis := 0
	for _, axes := range l.parts[:i] {
		axis += axes
	}
	for _, op := range l.g.Body {
		if !slices.EqualFunc(op.Results[0].Type.Shape, l.shape, ir.Dim.Equal) {
			continue
		}
		cuts := cutsOf(l.g.env, op, axis)
		if len(cuts) == 0 || len(cuts) >= mostSpans {
			continue
		}
		inner := product(l.shape[axis+1 : axis+l.parts[i]])
		var list []span
		from := zero
		for _, at := range append(cuts, l.shape[axis]) {
			if s := (span{from, at.Mul(inner).Sub(from)}); !isZero(s.size) {
				list = append(list, s)
			}
			from = at.Mul(inner)
		}
		return list
	}
	return []span{{zero, size}}
}

// cutsOf are the places along an axis of an operation's result, rising, where it takes another operand or begins or ends to pad.
func cutsOf(env *ir.DimEnv, op *ir.Op, axis int) []ir.Dim {
	var cuts []ir.Dim
	switch {
	case op.Is(tensor.Concat) && op.Int("axis") == axis:
		at := zero
		for k := range op.Operands[1:] {
			at = at.Add(op.In(k).Shape[axis])
			cuts = append(cuts, at)
		}
	case op.Is(tensor.Pad):
		low, high := op.Dims("low")[axis], op.Dims("high")[axis]
		negative := func(d ir.Dim) bool { return env.Prove(ir.Cond{Left: d, Rel: ir.RelGE, Right: zero}) != ir.True }
		if isZero(low) && isZero(high) || negative(low) || negative(high) {
			return nil
		}
		cuts = []ir.Dim{low, low.Add(op.In(0).Shape[axis])}
	}
	return cuts
}

// misfits counts the axes that are cut by concatenations and padding and do not begin a part of the nest.
func (n nest) misfits(g *Group) int {
	count := 0
	for _, op := range g.Body {
		if !op.Is(tensor.Concat) && !op.Is(tensor.Pad) || !slices.EqualFunc(op.Results[0].Type.Shape, n.shape, ir.Dim.Equal) {
			continue
		}
		begins := map[int]bool{}
		axis := 0
		for _, axes := range n.parts {
			begins[axis] = true
			axis += axes
		}
		for axis := range n.shape {
			if !begins[axis] && len(cutsOf(g.env, op, axis)) > 0 {
				count++
			}
		}
	}
	return count
}

// leading splits the point so that one part begins with the axis, and gives a copy with that part's number and how many elements it
// has for each index of the axis.
func (p point) leading(shape []ir.Dim, axis int) (q point, i int, inner ir.Dim, err error) {
	q, err = p.cut(shape, axis)
	at := 0
	for i, r := range q {
		if at == axis && err == nil {
			return slices.Clone(q), i, product(shape[axis+1 : axis+r.axes]), nil
		}
		at += r.axes
	}
	return nil, 0, one, errLanes
}
