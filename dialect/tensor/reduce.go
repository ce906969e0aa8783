package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var reduceOps = slices.Concat([]*ir.OpDef{Sum, Prod, ReduceMax, ReduceMin, Mean, Any, All, Argmax, Argmin}, scanOps, sortOps)

var keepDims = ir.Default("keep_dims", ir.KindBool, ir.Bool(false), "keep what is reduced as axes of size 1")

// Sum adds.
var Sum = reduction("sum", host.ReduceSum, "The sum of the elements along axes.", ir.Numbers,
	`%y = tensor.sum(%x: tensor<2x3xf32> = [0, 1, 2, 3, 4, 5]) {axes = [1]} : tensor<2xf32> // [3, 12]`)

// Prod multiplies.
var Prod = reduction("prod", host.ReduceProd, "The product of the elements along axes.", ir.Numbers,
	`%y = tensor.prod(%x: tensor<2x3xi64> = [0, 1, 2, 3, 4, 5]) {axes = [0], keep_dims = true} : tensor<1x3xi64> // [0, 4, 10]`)

// ReduceMax finds the largest element.
var ReduceMax = reduction("reduce_max", host.ReduceMax,
	"The largest element along axes; NaN is larger than everything, true than false. No elements are an error.", ir.AnyElem,
	`%y = tensor.reduce_max(%x: tensor<2x3xf32> = [0, 1, 2, nan, 4, 5]) {axes = [1]} : tensor<2xf32> // [2, nan]`)

// ReduceMin finds the smallest element.
var ReduceMin = reduction("reduce_min", host.ReduceMin,
	"The smallest element along axes; NaN is smaller than everything, false than true. No elements are an error.", ir.AnyElem,
	`%y = tensor.reduce_min(%x: tensor<2x3xi32> = [0, 1, 2, -3, 4, 5]) {axes = [0, 1]} : tensor<i32> // [-3]`)

// Mean averages.
var Mean = reduction("mean", host.ReduceMean, "The mean of the elements along axes; NaN where there are none.", ir.FloatsComplex,
	`%y = tensor.mean(%x: tensor<2x4xf16> = [0, 1, 2, 3, 4, 5, 6, 9]) {axes = [1]} : tensor<2xf16> // [1.5, 6]`)

// Any is the logical or.
var Any = reduction("any", host.ReduceAny, "Whether any element along axes is true.", ir.Booleans,
	`%y = tensor.any(%x: tensor<2x2xbool> = [false, true, false, false]) {axes = [1]} : tensor<2xbool> // [true, false]`)

// All is the logical and.
var All = reduction("all", host.ReduceAll, "Whether all elements along axes are true.", ir.Booleans,
	`%y = tensor.all(%x: tensor<2x2xbool> = [false, true, true, true]) {axes = [1]} : tensor<2xbool> // [false, true]`)

// reduction makes an operation that reduces a list of axes.
func reduction(name string, r host.Reduction, doc string, elems ir.ElemSet, example string) *ir.OpDef {
	return &ir.OpDef{
		Name: "tensor." + name,
		Doc: doc + " The result has x's element type: floats are accumulated in f64 and rounded once, integers keep their low " +
			"bits. No axes leave x as it is.",
		Operands: []ir.Arg{ir.In("x", elems)},
		Results:  []ir.Arg{ir.Out("y", elems)},
		Attrs:    []ir.AttrDef{ir.Require("axes", ir.KindInts, "the axes to reduce"), keepDims},
		Traits:   ir.Anchor,
		Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
			x := op.In(0)
			if r == host.ReduceMax || r == host.ReduceMin {
				if err := checkOrdered(op, x); err != nil {
					return nil, err
				}
			}
			axes, err := checkAxes(op, x)
			if err != nil {
				return nil, err
			}
			return []ir.Type{withoutAxes(x, axes, op.Bool("keep_dims"))}, nil
		},
		Fold: func(op *ir.Op) *ir.Value {
			if len(op.Ints("axes")) == 0 {
				return op.Operand(0)
			}
			return nil
		},
		Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
			y, err := host.Reduce(c.Par(), r, in[0], op.Ints("axes"), op.Bool("keep_dims"))
			return results(op, err, y)
		},
		Example: example,
	}
}

// Argmax finds where the largest element is.
var Argmax = argReduction("argmax", "largest", true,
	`%y = tensor.argmax(%x: tensor<2x3xf32> = [0, 7, 7, 5, nan, 9]) {axis = 1} : tensor<2xi64> // [1, 1]`)

// Argmin finds where the smallest element is.
var Argmin = argReduction("argmin", "smallest", false,
	`%y = tensor.argmin(%x: tensor<2x3xi32> = [0, 7, -7, 5, 3, 3]) {axis = 1, keep_dims = true} : tensor<2x1xi64> // [2, 1]`)

func argReduction(name, what string, largest bool, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "tensor." + name,
		Doc:      "The index of the " + what + " element along an axis, the first of several; the first NaN where there is one. An empty axis is an error.",
		Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
		Results:  []ir.Arg{ir.Out("index", ir.Integers)},
		Attrs:    []ir.AttrDef{axisAttr, keepDims},
		Traits:   ir.Anchor,
		Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
			x := op.In(0)
			if err := checkOrdered(op, x); err != nil {
				return nil, err
			}
			axis, err := checkAxis(op, x)
			if err != nil {
				return nil, err
			}
			return []ir.Type{withoutAxes(x, []int{axis}, op.Bool("keep_dims")).WithElem(host.I64)}, nil
		},
		Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
			y, err := host.ArgReduce(c.Par(), in[0], op.Int("axis"), largest, op.Bool("keep_dims"))
			return results(op, err, y)
		},
		Example: example,
	}
}
