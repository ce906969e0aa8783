package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// keptRow is a row of a value that a reduction stored while it summed it up, for those who need the numbers again: the
// exponentials of a softmax.
type keptRow struct {
	v    *ir.Value
	buf  *kernel.Buffer
	at   point // the place of the row in v
	axis int   // the first axis of the row; it has the last ones of v
}

// longRow is the most elements of a row that is kept: more would leave the cache.
const longRow = 1 << 16

// keep gives a buffer for the row that is reduced, where what is reduced is worth keeping: it costs much, another operation
// needs it, and the row is the last axes of it.
func (s *sweep) keep(runs []int) *keptRow {
	e := s.e
	if e.target.gpu() || s.across || len(runs) != 1 || !s.expensive() || e.uses(s.x) < 2 {
		return nil
	}
	axis := slices.Index(s.reduced, true)
	if slices.Contains(s.reduced[axis:], false) {
		return nil
	}
	if _, most := e.g.env.Range(s.count); most > longRow {
		return nil
	}
	t := computeElem(s.x.Type.Elem)
	row := &keptRow{v: s.x, buf: e.Buffer("row", t, s.count, kernel.Private, 0), axis: axis}
	at := 0
	for _, q := range s.kept {
		if at < axis {
			row.at = append(row.at, q)
		}
		at += q.axes
	}
	return row
}

// expensive reports a value that takes a function to compute.
func (s *sweep) expensive() bool {
	costly := []*ir.OpDef{tensor.Exp, tensor.Exp2, tensor.Expm1, tensor.Log, tensor.Log1p, tensor.Log2, tensor.Log10, tensor.Sigmoid, tensor.Sin,
		tensor.Cos, tensor.Tan, tensor.Tanh, tensor.Erf, tensor.Div, tensor.Sqrt, tensor.Rsqrt}
	var within func(v *ir.Value, depth int) bool
	within = func(v *ir.Value, depth int) bool {
		if v == nil || v.Def == nil || depth == 0 || v.Type.NumElements().Equal(one) {
			return false
		}
		if _, reduces := reducedAxes(v.Def); reduces {
			return false
		}
		return slices.Contains(costly, v.Def.Def) || slices.ContainsFunc(v.Def.Operands, func(o *ir.Value) bool { return within(o, depth-1) })
	}
	return within(s.x, 8)
}

// uses counts the operations of the group that have the value as an operand.
func (e *emitter) uses(v *ir.Value) int {
	n := 0
	for _, op := range e.g.Body {
		if slices.Contains(op.Operands, v) {
			n++
		}
	}
	return n
}

// fromRow loads a value that has been kept; nil where it has not.
func (e *emitter) fromRow(v *ir.Value, p point) *kernel.Value {
	for i := len(e.kept) - 1; i >= 0; i-- {
		row := e.kept[i]
		if row.v != v {
			continue
		}
		q, err := p.cut(v.Type.Shape, row.axis)
		if err != nil {
			continue
		}
		axis, split := 0, len(q)
		for k, r := range q {
			if axis == row.axis {
				split = k
				break
			}
			axis += r.axes
		}
		if q[:split].String() == row.at.String() {
			return e.load(row.buf, q[split:].linear())
		}
	}
	return nil
}
