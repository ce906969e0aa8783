package tensor

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var sortOps = []*ir.OpDef{Sort, Topk, KthValue, Mode, Searchsorted, Unique, UniqueRows}

// Sort orders elements.
var Sort = &ir.OpDef{
	Name: "tensor.sort",
	Doc: "The elements along an axis in ascending or descending order, and the index each one had. Equal elements keep their " +
		"order; NaN is the greatest.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.Integers)},
	Attrs:    []ir.AttrDef{axisAttr, ir.Default("descending", ir.KindBool, ir.Bool(false), "the greatest first")},
	Infer:    inferOrder,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		values, indices, err := host.Sort(c.Par(), in[0], op.Int("axis"), op.Bool("descending"))
		return results(op, err, values, indices)
	},
	Example: `%y, %i = tensor.sort(%x: tensor<5xf32> = [2, nan, 1, 2, -1]) {axis = 0} : tensor<5xf32>, tensor<5xi64> // [-1, 1, 2, 2, nan]; [4, 2, 0, 3, 1]`,
}

// Topk chooses the largest elements.
var Topk = &ir.OpDef{
	Name: "tensor.topk",
	Doc: "The k largest (or smallest) elements along an axis, and where they are; NaN is the greatest. Which of several equal " +
		"elements are taken, and with sorted = false the order, are those of PyTorch on a CPU.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.Integers)},
	Attrs: []ir.AttrDef{
		ir.Require("k", ir.KindDim, "the number of elements chosen"),
		axisAttr,
		ir.Default("largest", ir.KindBool, ir.Bool(true), "choose the largest, not the smallest"),
		ir.Default("sorted", ir.KindBool, ir.Bool(true), "give them in order, the best first"),
	},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := inferOrder(c, op); err != nil {
			return nil, err
		}
		x, k, axis := op.In(0), op.Dim("k"), op.Int("axis")
		if err := c.Require(ir.Const(0), ir.RelLE, k); err != nil {
			return nil, op.Errorf("k: %v", err)
		}
		if err := c.Require(k, ir.RelLE, x.Shape[axis]); err != nil {
			return nil, op.Errorf("k is more than axis %d of %s has: %v", axis, x, err)
		}
		values := withAxis(x, axis, k)
		return []ir.Type{values, values.WithElem(host.I64)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		k, err := c.Dim(op.Dim("k"))
		if err != nil {
			return results(op, err)
		}
		values, indices, err := host.TopK(c.Par(), in[0], op.Int("axis"), k, op.Bool("largest"), op.Bool("sorted"))
		return results(op, err, values, indices)
	},
	Example: `%y, %i = tensor.topk(%x: tensor<5xf32> = [2, 5, 1, 4, -1]) {k = 2, axis = 0} : tensor<2xf32>, tensor<2xi64> // [5, 4]; [1, 3]`,
}

// KthValue finds one element of a sorted order.
var KthValue = &ir.OpDef{
	Name: "tensor.kthvalue",
	Doc: "Of each line along an axis the element number k, from 0, in ascending order, and where it is; the axis has size 1. NaN is " +
		"the greatest. Which of several equal elements is taken is PyTorch's choice on a CPU.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.Integers)},
	Attrs:    []ir.AttrDef{ir.Require("k", ir.KindDim, "how many elements come before it"), axisAttr},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := inferOrder(c, op); err != nil {
			return nil, err
		}
		x, k, axis := op.In(0), op.Dim("k"), op.Int("axis")
		if err := c.Require(ir.Const(0), ir.RelLE, k); err != nil {
			return nil, op.Errorf("k: %v", err)
		}
		if err := c.Require(k, ir.RelLT, x.Shape[axis]); err != nil {
			return nil, op.Errorf("k is no element of axis %d of %s: %v", axis, x, err)
		}
		values := withAxis(x, axis, ir.Const(1))
		return []ir.Type{values, values.WithElem(host.I64)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		k, err := c.Dim(op.Dim("k"))
		if err != nil {
			return results(op, err)
		}
		values, indices, err := host.KthValue(c.Par(), in[0], op.Int("axis"), k)
		return results(op, err, values, indices)
	},
	Example: `%y, %i = tensor.kthvalue(%x: tensor<5xf32> = [2, nan, 1, 4, -1]) {k = 2, axis = 0} : tensor<1xf32>, tensor<1xi64> // [2]; [0]`,
}

// Mode finds what is most frequent in each line.
var Mode = &ir.OpDef{
	Name: "tensor.mode",
	Doc: "Of each line along an axis the most frequent element, the smallest of several, and where it is; the axis has size 1. Which of " +
		"several equal elements is taken is PyTorch's choice on a CPU.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.Integers)},
	Attrs:    []ir.AttrDef{axisAttr},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := inferOrder(c, op); err != nil {
			return nil, err
		}
		x, axis := op.In(0), op.Int("axis")
		if err := c.Require(ir.Const(0), ir.RelLT, x.Shape[axis]); err != nil {
			return nil, op.Errorf("axis %d of %s has no elements: %v", axis, x, err)
		}
		values := withAxis(x, axis, ir.Const(1))
		return []ir.Type{values, values.WithElem(host.I64)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		values, indices, err := host.Mode(c.Par(), in[0], op.Int("axis"))
		return results(op, err, values, indices)
	},
	Example: `%y, %i = tensor.mode(%x: tensor<5xf32> = [2, 1, 2, 1, 3]) {axis = 0} : tensor<1xf32>, tensor<1xi64> // [1]; [3]`,
}

// Searchsorted finds places in a sorted row.
var Searchsorted = &ir.OpDef{
	Name: "tensor.searchsorted",
	Doc: "For each value the number of elements of an ascending row that are smaller, or with right not larger: where it would " +
		"be put in. sorted is one row, or has a row for each row of values; NaN belongs behind everything. (torch.searchsorted.)",
	Operands: []ir.Arg{ir.In("sorted", ir.Reals), ir.In("values", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Integers)},
	Attrs:    []ir.AttrDef{ir.Default("right", ir.KindBool, ir.Bool(false), "behind equal elements, not before them")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		sorted, values := op.In(0), op.In(1)
		rank := sorted.Rank()
		if rank == 0 || rank > 1 && rank != values.Rank() {
			return nil, op.Errorf("sorted is %s, values is %s: expected rank 1 or the rank of values", sorted, values)
		}
		for i, d := range sorted.Shape[:rank-1] {
			if err := c.Require(d, ir.RelEQ, values.Shape[i]); err != nil {
				return nil, op.Errorf("sorted %s and values %s differ in dimension %d: %v", sorted, values, i, err)
			}
		}
		return []ir.Type{values.WithElem(host.I64)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.SearchSorted(c.Par(), in[0], in[1], op.Bool("right"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.searchsorted(%s: tensor<4xf32> = [1, 2, 2, 3], %v: tensor<3xf32> = [2, 0, nan]) : tensor<3xi64> // [1, 0, 4]`,
}

// Unique lists the different elements.
var Unique = &ir.OpDef{
	Name: "tensor.unique",
	Doc: "The different elements in ascending order, for each element of x its place in that list, and how often each one " +
		"occurs. A NaN is different from everything.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("inverse", ir.Integers), ir.Out("counts", ir.Integers)},
	Attrs:    []ir.AttrDef{bindCount},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		x := op.In(0)
		if err := checkOrdered(op, x); err != nil {
			return nil, err
		}
		n, err := boundCount(op)
		return []ir.Type{x.WithShape(n), x.WithElem(host.I64), ir.TensorOf(host.I64, n)}, err
	},
	Eval: func(_ *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		values, inverse, counts, err := host.Unique(in[0])
		return results(op, err, values, inverse, counts)
	},
	Example: `%y, %i, %n = tensor.unique(%x: tensor<2x2xi64> = [7, 3, 7, -1]) {binds = [u0]} : tensor<[u0]xi64>, tensor<2x2xi64>, tensor<[u0]xi64> // [-1, 3, 7]; [2, 1, 2, 0]; [1, 1, 2]`,
}

// UniqueRows lists the different rows.
var UniqueRows = &ir.OpDef{
	Name: "tensor.unique_rows",
	Doc: "The different slices along axis 0 in ascending order of their elements, for each slice of x its place in that list, " +
		"and how often each one occurs. (torch.unique with dim.)",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("rows", ir.AnyElem), ir.Out("inverse", ir.Integers), ir.Out("counts", ir.Integers)},
	Attrs:    []ir.AttrDef{bindCount},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		x := op.In(0)
		if err := checkOrdered(op, x); err != nil {
			return nil, err
		}
		if x.Rank() == 0 {
			return nil, op.Errorf("x is %s, which has no rows", x)
		}
		n, err := boundCount(op)
		return []ir.Type{withAxis(x, 0, n), ir.TensorOf(host.I64, x.Shape[0]), ir.TensorOf(host.I64, n)}, err
	},
	Eval: func(_ *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		rows, inverse, counts, err := host.UniqueRows(in[0])
		return results(op, err, rows, inverse, counts)
	},
	Example: `%y, %i, %n = tensor.unique_rows(%x: tensor<3x2xi64> = [2, 1, 0, 9, 2, 1]) {binds = [u0]} : tensor<[u0]x2xi64>, tensor<3xi64>, tensor<[u0]xi64> // [0, 9, 2, 1]; [1, 0, 1]; [1, 2]`,
}
