package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var shapeOps = []*ir.OpDef{Reshape, Expand, Transpose, Slice, Concat, Pad, Flip}

// Reshape shows the elements in another shape.
var Reshape = &ir.OpDef{
	Name:     "tensor.reshape",
	Doc:      "The elements of x, row-major, in the shape that the result type states.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:   ir.Typed | ir.View | ir.Whole,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := statedLike(op)
		if err != nil {
			return nil, err
		}
		if err := c.Require(op.In(0).NumElements(), ir.RelEQ, t.NumElements()); err != nil {
			return nil, op.Errorf("x is %s, the result %s: the numbers of elements differ: %v", op.In(0), t, err)
		}
		return []ir.Type{t}, nil
	},
	Fold: func(op *ir.Op) *ir.Value {
		if x := op.Operand(0); x.Type.Equal(op.Result().Type) {
			return x
		}
		if before := op.Operand(0).Def; before != nil && before.Is(op.Def) && before.In(0).Equal(op.Result().Type) {
			return before.Operand(0)
		}
		return nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		shape, err := c.Shape(op.Result().Type)
		if err != nil {
			return results(op, err)
		}
		y, err := in[0].Reshape(shape)
		return results(op, err, y)
	}),
	Example: `%y = tensor.reshape(%x: tensor<2x3xi64> = [0, 1, 2, 3, 4, 5]) : tensor<3x2xi64> // [0, 1, 2, 3, 4, 5]`,
}

// Expand repeats a tensor.
var Expand = &ir.OpDef{
	Name: "tensor.expand",
	Doc: "x repeated to the shape that the result type states, by numpy's broadcasting: axes of size 1 repeat, missing " +
		"leading axes are added.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:   ir.Typed | ir.Fusable | ir.Cheap,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := statedLike(op)
		if err != nil {
			return nil, err
		}
		return []ir.Type{t}, stretches(c, op, "x", op.In(0).Shape, t.Shape)
	},
	Fold: foldSameType,
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		shape, err := c.Shape(op.Result().Type)
		if err != nil {
			return results(op, err)
		}
		y, err := in[0].Expand(shape)
		return results(op, err, y)
	}),
	Example: `%y = tensor.expand(%x: tensor<2x1xf32> = [1.0, 2.0]) : tensor<2x2x3xf32> // [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]`,
}

// foldSameType gives the operand where the operation can only change its shape, and does not.
func foldSameType(op *ir.Op) *ir.Value {
	if x := op.Operand(0); x.Type.Equal(op.Result().Type) {
		return x
	}
	return nil
}

// Transpose reorders axes.
var Transpose = &ir.OpDef{
	Name:     "tensor.transpose",
	Doc:      "The axes of x in another order: axis i of the result is axis perm[i] of x.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("perm", ir.KindInts, "a permutation of the axes")},
	Traits:   ir.View,
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		x, perm := op.In(0), op.Ints("perm")
		if len(perm) != x.Rank() {
			return nil, op.Errorf("perm %v has %d axes, x is %s with %d", perm, len(perm), x, x.Rank())
		}
		shape := make([]ir.Dim, len(perm))
		for i, p := range perm {
			if p < 0 || p >= len(perm) || slices.Contains(perm[:i], p) {
				return nil, op.Errorf("perm %v is no permutation of 0..%d", perm, len(perm)-1)
			}
			shape[i] = x.Shape[p]
		}
		return []ir.Type{x.WithShape(shape...)}, nil
	},
	Fold: foldTranspose,
	Eval: unpacked(func(_ *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return []*host.Tensor{in[0].Transpose(op.Ints("perm"))}, nil
	}),
	Example: `%y = tensor.transpose(%x: tensor<2x3xf32> = [0, 1, 2, 3, 4, 5]) {perm = [1, 0]} : tensor<3x2xf32> // [0, 3, 1, 4, 2, 5]`,
}

// foldTranspose drops a transposition that keeps the order, and two that undo each other.
func foldTranspose(op *ir.Op) *ir.Value {
	x, perm := op.Operand(0), op.Ints("perm")
	if slices.IsSorted(perm) {
		return x
	}
	if before := x.Def; before != nil && before.Is(op.Def) {
		for i, p := range perm {
			if before.Ints("perm")[p] != i {
				return nil
			}
		}
		return before.Operand(0)
	}
	return nil
}

// Slice keeps part of an axis.
var Slice = &ir.OpDef{
	Name:     "tensor.slice",
	Doc:      "The elements start, start + step, ... before stop along an axis; 0 <= start <= stop <= size.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		axisAttr,
		ir.Default("start", ir.KindDim, ir.Int(0), "the first index kept"),
		ir.Require("stop", ir.KindDim, "the index behind the last one that may be kept"),
		ir.Default("step", ir.KindInt, ir.Int(1), "the distance between indices kept"),
	},
	Traits: ir.View,
	Infer:  inferSlice,
	Fold: func(op *ir.Op) *ir.Value {
		x := op.Operand(0)
		if op.Int("step") == 1 && op.Dim("start").Equal(ir.Const(0)) && op.Dim("stop").Equal(x.Type.Shape[op.Int("axis")]) {
			return x
		}
		return nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		x, axis := in[0], op.Int("axis")
		ends, err := sizes(c, []ir.Dim{op.Dim("start"), op.Dim("stop")})
		if err != nil {
			return results(op, err)
		}
		if start, stop := ends[0], ends[1]; start < 0 || stop < start || stop > x.Shape[axis] {
			return nil, op.Errorf("start %d and stop %d do not lie in axis %d of size %d", start, stop, axis, x.Shape[axis])
		}
		step := min(op.Int("step"), max(1, ends[1]-ends[0])) // a larger one changes nothing and could overflow
		return []*host.Tensor{x.Slice(axis, ends[0], ends[1], step)}, nil
	}),
	Example: `%y = tensor.slice(%x: tensor<2x4xi64> = [0, 1, 2, 3, 4, 5, 6, 7]) {axis = 1, start = 1, stop = 4, step = 2} : tensor<2x2xi64> // [1, 3, 5, 7]`,
}

func inferSlice(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	x := op.In(0)
	axis, err := checkAxis(op, x)
	if err != nil {
		return nil, err
	}
	start, stop, step := op.Dim("start"), op.Dim("stop"), int64(op.Int("step"))
	if step < 1 {
		return nil, op.Errorf("step is %d, expected at least 1", step)
	}
	for _, need := range []struct {
		what string
		a, b ir.Dim
	}{{"start", ir.Const(0), start}, {"start and stop", start, stop}, {"stop", stop, x.Shape[axis]}} {
		if err := c.Require(need.a, ir.RelLE, need.b); err != nil {
			return nil, op.Errorf("%s: axis %d of %s: %v", need.what, axis, x, err)
		}
	}
	size := stop.Sub(start)
	if step > 1 {
		size = size.Add(ir.Const(step - 1)).FloorDiv(ir.Const(step))
	}
	return []ir.Type{withAxis(x, axis, size)}, nil
}

// Concat joins tensors.
var Concat = &ir.OpDef{
	Name:     "tensor.concat",
	Doc:      "The operands one behind the other along an axis. (torch.cat.)",
	Operands: []ir.Arg{ir.Many("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{axisAttr},
	Traits:   ir.Fusable,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if len(op.Operands) == 0 {
			return nil, op.Errorf("found no operands, expected at least 1")
		}
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		t := op.In(0)
		axis, err := checkAxis(op, t)
		if err != nil {
			return nil, err
		}
		size := t.Shape[axis]
		for i := 1; i < len(op.Operands); i++ {
			u := op.In(i)
			if u.Rank() != t.Rank() {
				return nil, op.Errorf("operand %d is %s, the first is %s: the ranks differ", i, u, t)
			}
			if err := c.SameShape(withAxis(t, axis, u.Shape[axis]), u); err != nil {
				return nil, op.Errorf("operand %d differs in another axis than %d: %v", i, axis, err)
			}
			size = size.Add(u.Shape[axis])
		}
		return []ir.Type{withAxis(t, axis, size)}, nil
	},
	Fold: func(op *ir.Op) *ir.Value {
		if len(op.Operands) == 1 {
			return op.Operand(0)
		}
		return nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Concat(c.Par(), op.Int("axis"), in...)
		return results(op, err, y)
	}),
	Example: `%y = tensor.concat(%a: tensor<2x2xi64> = [0, 1, 2, 3], %b: tensor<2x1xi64> = [8, 9]) {axis = 1} : tensor<2x3xi64> // [0, 1, 8, 2, 3, 9]`,
}

// Pad adds elements around a tensor.
var Pad = &ir.OpDef{
	Name: "tensor.pad",
	Doc: "x with low[i] elements before axis i and high[i] behind it; negative numbers cut elements off. What is added is " +
		"value, or mirrors the axis without repeating its end (reflect), repeats its end (replicate), or goes round " +
		"(circular). (torch.nn.functional.pad.)",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		ir.Require("low", ir.KindDims, "the elements added before each axis"),
		ir.Require("high", ir.KindDims, "the elements added behind each axis"),
		ir.Choice("mode", "what is added", string(host.PadConstant), string(host.PadReflect), string(host.PadReplicate), string(host.PadCircular)),
		ir.Default("value", ir.KindNumber, ir.Int(0), "the number that mode constant adds"),
	},
	Traits: ir.Fusable,
	Infer:  inferPad,
	Fold: func(op *ir.Op) *ir.Value {
		for _, d := range slices.Concat(op.Dims("low"), op.Dims("high")) {
			if !d.Equal(ir.Const(0)) {
				return nil
			}
		}
		return op.Operand(0)
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		low, err := sizes(c, op.Dims("low"))
		if err != nil {
			return results(op, err)
		}
		high, err := sizes(c, op.Dims("high"))
		if err != nil {
			return results(op, err)
		}
		value, err := host.Scalar(in[0].Elem, number128(op.Attr("value")))
		if err != nil {
			return results(op, err)
		}
		y, err := host.Pad(c.Par(), in[0], low, high, host.PadMode(op.Str("mode")), value)
		return results(op, err, y)
	}),
	Example: `%y = tensor.pad(%x: tensor<3xi64> = [1, 2, 3]) {low = [1], high = [2], value = 7} : tensor<6xi64> // [7, 1, 2, 3, 7, 7]`,
}

func inferPad(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	x, low, high := op.In(0), op.Dims("low"), op.Dims("high")
	if len(low) != x.Rank() || len(high) != x.Rank() {
		return nil, op.Errorf("low has %d sizes and high %d, x is %s with rank %d", len(low), len(high), x, x.Rank())
	}
	most := func(axis int) ir.Dim { return x.Shape[axis] } // what an axis has to offer
	switch host.PadMode(op.Str("mode")) {
	case host.PadReflect:
		most = func(axis int) ir.Dim { return x.Shape[axis].Sub(ir.Const(1)) }
	case host.PadConstant, host.PadReplicate:
		most = nil
	}
	shape := make([]ir.Dim, x.Rank())
	for i, d := range x.Shape {
		shape[i] = low[i].Add(d).Add(high[i])
		if err := c.Require(shape[i], ir.RelGE, ir.Const(0)); err != nil {
			return nil, op.Errorf("axis %d of %s is cut by more than it has: %v", i, x, err)
		}
		for _, side := range []ir.Dim{low[i], high[i]} {
			if most == nil || side.Equal(ir.Const(0)) {
				continue
			}
			if err := c.Require(side, ir.RelLE, most(i)); err != nil {
				return nil, op.Errorf("axis %d of %s has too few elements for mode %s: %v", i, x, op.Str("mode"), err)
			}
		}
	}
	return []ir.Type{x.WithShape(shape...)}, nil
}

// Flip reverses axes.
var Flip = &ir.OpDef{
	Name:     "tensor.flip",
	Doc:      "x with the order of the elements along the given axes reversed.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("axes", ir.KindInts, "the axes to reverse")},
	Traits:   ir.Fusable,
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		_, err := checkAxes(op, op.In(0))
		return []ir.Type{op.In(0)}, err
	},
	Fold: func(op *ir.Op) *ir.Value {
		if len(op.Ints("axes")) == 0 {
			return op.Operand(0)
		}
		return nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Flip(c.Par(), in[0], op.Ints("axes"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.flip(%x: tensor<2x3xi64> = [0, 1, 2, 3, 4, 5]) {axes = [1]} : tensor<2x3xi64> // [2, 1, 0, 5, 4, 3]`,
}
