package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// concat takes of each operand what lies in it.
func concat(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	axis := op.Int("axis")
	p, i, inner, err := p.leading(op.Result().Type.Shape, axis)
	if err != nil {
		return nil, err
	}
	var list []choice
	start := zero
	for k := range op.Operands {
		size := op.In(k).Shape[axis].Mul(inner)
		q := slices.Clone(p)
		q[i].size, q[i].at = size, p[i].at.Sub(start)
		start = start.Add(size)
		list = append(list, choice{
			cond{at: q[i].at, step: q[i].step, least: zero, most: size.Sub(one)},
			func() (*kernel.Value, error) { return e.value(op.Operand(k), q) },
		})
	}
	return e.among(op, list, nil)
}

// choice is what a value is where a condition holds.
type choice struct {
	cond
	make func() (*kernel.Value, error)
}

// among gives the value of the choice whose condition holds, else what is otherwise. It emits those of which it is not known that
// they do not hold, each under its condition.
func (e *emitter) among(op *ir.Op, list []choice, otherwise *kernel.Value) (*kernel.Value, error) {
	all := otherwise
	for _, c := range list {
		switch e.holds(c.cond) {
		case ir.True:
			return c.make()
		case ir.False:
			continue
		}
		err := e.under(c.cond, func() error {
			v, err := c.make()
			if err != nil {
				return err
			}
			if all != nil {
				v = e.choose(c.cond, v, all)
			}
			all = v
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if all == nil {
		return nil, reason(op, "nothing is joined")
	}
	return all, nil
}

// choose gives a where the condition holds, else b.
func (e *emitter) choose(c cond, a, b *kernel.Value) *kernel.Value {
	pair := []*kernel.Value{a, b}
	e.level(pair)
	lanes := pair[0].Type.Lanes
	if !isZero(c.step) && lanes == 1 {
		lanes = e.lanes
		pair[0], pair[1] = e.Splat(a, lanes), e.Splat(b, lanes)
	}
	return e.Select(e.mask([]cond{c}, lanes), pair[0], pair[1])
}

func pad(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	d := padding{op: op, mode: host.PadMode(op.Str("mode")), low: op.Dims("low"), high: op.Dims("high")}
	if err := computable(op, op.In(0).Elem); err != nil {
		return nil, err
	}
	if d.mode == host.PadConstant {
		var err error
		if d.fill, err = constant(e, op, nil); err != nil {
			return nil, err
		}
	}
	return e.padded(d, p, op.Result().Type.Shape, 0)
}

// padding is what tensor.pad adds; fill is for a constant one.
type padding struct {
	op        *ir.Op
	mode      host.PadMode
	low, high []ir.Dim
	fill      *kernel.Value
}

// padded takes one axis after the other: what the operand has, and what is shown before and behind it.
func (e *emitter) padded(d padding, p point, shape []ir.Dim, axis int) (*kernel.Value, error) {
	for axis < len(shape) && isZero(d.low[axis]) && isZero(d.high[axis]) {
		axis++
	}
	if axis == len(shape) {
		return e.value(d.op.Operand(0), p)
	}
	q, i, each, err := p.leading(shape, axis)
	if d.mode != host.PadConstant && err == nil {
		q, i, err = p.alone(shape, axis)
		each = one
	}
	if err != nil {
		return nil, err
	}
	inner := slices.Clone(shape)
	inner[axis] = d.op.In(0).Shape[axis]
	size := inner[axis].Mul(each)
	from := q[i]
	from.size, from.at = size, from.at.Sub(d.low[axis].Mul(each))
	within := func(least, most ir.Dim, shown part) choice {
		r := slices.Clone(q)
		r[i] = shown
		return choice{
			cond{at: from.at, step: from.step, least: least, most: most},
			func() (*kernel.Value, error) { return e.padded(d, r, inner, axis+1) },
		}
	}
	list := []choice{within(zero, size.Sub(one), from)}
	if d.mode != host.PadConstant {
		list = append(list, within(d.low[axis].Neg(), ir.Const(-1), d.beyond(from, false)),
			within(size, size.Add(d.high[axis]).Sub(one), d.beyond(from, true)))
	}
	return e.among(d.op, list, d.fill)
}

// beyond is the place that is shown for one before the axis, or behind it.
func (d padding) beyond(at part, behind bool) part {
	end, by := zero, at.size
	if behind {
		end, by = at.size.Sub(one), at.size.Neg()
	}
	switch d.mode {
	case host.PadReplicate:
		at.at, at.step = end, zero
	case host.PadReflect:
		at.at, at.step = end.Mul(ir.Const(2)).Sub(at.at), at.step.Neg()
	case host.PadCircular:
		at.at = at.at.Add(by)
	}
	return at
}
