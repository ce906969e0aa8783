package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// What the families of operations on shapes, indices and axes share.

var axisAttr = ir.Require("axis", ir.KindInt, "the axis, counted from 0")

type evalFunc = func(*ir.EvalCtx, *ir.Op, []*host.Tensor) ([]*host.Tensor, error)

// unpacked makes an evaluation that knows no packed element types one that does.
func unpacked(run evalFunc) evalFunc {
	return func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		wide := make([]*host.Tensor, len(in))
		for i, t := range in {
			wide[i] = host.Unpack(t)
		}
		out, err := run(c, op, wide)
		if err != nil {
			return nil, err
		}
		for i, t := range out {
			if e := op.Results[i].Type.Elem; e.Packed() {
				if out[i], err = host.Pack(t, e); err != nil {
					return nil, op.Errorf("%v", err)
				}
			}
		}
		return out, nil
	}
}

// results ends an evaluation; an error gets the operation's name.
func results(op *ir.Op, err error, out ...*host.Tensor) ([]*host.Tensor, error) {
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	return out, nil
}

// checkAxis gives the attribute axis, an axis of t.
func checkAxis(op *ir.Op, t ir.Type) (int, error) {
	axis := op.Int("axis")
	if axis < 0 || axis >= t.Rank() {
		return 0, op.Errorf("axis %d is outside %s, which has rank %d", axis, t, t.Rank())
	}
	return axis, nil
}

// checkAxes gives the attribute axes, different axes of t.
func checkAxes(op *ir.Op, t ir.Type) ([]int, error) {
	axes := op.Ints("axes")
	for i, axis := range axes {
		if axis < 0 || axis >= t.Rank() {
			return nil, op.Errorf("axis %d of axes %v is outside %s, which has rank %d", axis, axes, t, t.Rank())
		}
		if slices.Contains(axes[:i], axis) {
			return nil, op.Errorf("axis %d is in axes %v twice", axis, axes)
		}
	}
	return axes, nil
}

// checkOrdered refuses complex numbers, which have no order.
func checkOrdered(op *ir.Op, t ir.Type) error {
	if t.Elem.IsComplex() {
		return op.Errorf("x is %s: complex numbers have no order", t)
	}
	return nil
}

// withAxis is t with another size in one axis.
func withAxis(t ir.Type, axis int, size ir.Dim) ir.Type {
	shape := slices.Clone(t.Shape)
	shape[axis] = size
	return t.WithShape(shape...)
}

// withoutAxes drops axes, or with keep sets them to 1.
func withoutAxes(t ir.Type, axes []int, keep bool) ir.Type {
	shape := []ir.Dim{}
	for i, d := range t.Shape {
		switch {
		case !slices.Contains(axes, i):
			shape = append(shape, d)
		case keep:
			shape = append(shape, ir.Const(1))
		}
	}
	return t.WithShape(shape...)
}

// stretches demands that a shape broadcasts to another one by numpy's rules.
func stretches(c *ir.InferCtx, op *ir.Op, what string, from, to []ir.Dim) error {
	lead := len(to) - len(from)
	if lead < 0 {
		return op.Errorf("%s has rank %d and does not broadcast to rank %d", what, len(from), len(to))
	}
	for i, d := range from {
		if d.Equal(ir.Const(1)) {
			continue
		}
		if err := c.Require(d, ir.RelEQ, to[lead+i]); err != nil {
			return op.Errorf("dimension %d of %s does not broadcast: %v", i, what, err)
		}
	}
	return nil
}

// statedLike is the result type that a Typed operation states, which has x's element type.
func statedLike(op *ir.Op) (ir.Type, error) {
	t, err := statedType(op)
	if x := op.In(0); err == nil && t.Elem != x.Elem {
		return t, op.Errorf("x is %s, the result is stated as %s: expected one element type", x, t)
	}
	return t, err
}

// sizes gives the numbers that a list of sizes has in this call.
func sizes(c *ir.EvalCtx, dims []ir.Dim) ([]int, error) {
	out := make([]int, len(dims))
	for i, d := range dims {
		n, err := c.Dim(d)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}
