package tensor

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var scanOps = []*ir.OpDef{Cumsum, Cumprod, Logcumsumexp, Cummax, Cummin}

// Cumsum adds up along an axis.
var Cumsum = scan("cumsum", "At each place along an axis, the sum of the elements up to it.", ir.Numbers, host.CumSum,
	`%y = tensor.cumsum(%x: tensor<2x3xi64> = [0, 1, 2, 3, 4, 5]) {axis = 1} : tensor<2x3xi64> // [0, 1, 3, 3, 7, 12]`)

// Cumprod multiplies along an axis.
var Cumprod = scan("cumprod", "At each place along an axis, the product of the elements up to it.", ir.Numbers, host.CumProd,
	`%y = tensor.cumprod(%x: tensor<2x3xf32> = [1, 2, 3, 4, 5, 6]) {axis = 0} : tensor<2x3xf32> // [1, 2, 3, 4, 10, 18]`)

// Logcumsumexp is the logarithm of a sum of exponentials.
var Logcumsumexp = scan("logcumsumexp", "log(cumsum(exp(x))) along an axis, without overflow.", ir.FloatsComplex, host.LogCumSumExp,
	`%y = tensor.logcumsumexp(%x: tensor<3xf32> = [1000, 1000, -inf]) {axis = 0} : tensor<3xf32> // [1000, 1000.6931, 1000.6931]`)

func scan(name, doc string, elems ir.ElemSet, run func(host.Parallel, *host.Tensor, int) (*host.Tensor, error), example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "tensor." + name,
		Doc:      doc + " Floats are accumulated in f64 and each result is rounded once; integers keep their low bits.",
		Operands: []ir.Arg{ir.In("x", elems)},
		Results:  []ir.Arg{ir.Out("y", elems)},
		Attrs:    []ir.AttrDef{axisAttr},
		Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
			_, err := checkAxis(op, op.In(0))
			return []ir.Type{op.In(0)}, err
		},
		Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
			y, err := run(c.Par(), in[0], op.Int("axis"))
			return results(op, err, y)
		},
		Example: example,
	}
}

// Cummax keeps the largest element so far.
var Cummax = cumExtreme("cummax", "largest", true,
	`%y, %i = tensor.cummax(%x: tensor<5xf32> = [1, 3, 2, 3, nan]) {axis = 0} : tensor<5xf32>, tensor<5xi64> // [1, 3, 3, 3, nan]; [0, 1, 1, 3, 4]`)

// Cummin keeps the smallest element so far.
var Cummin = cumExtreme("cummin", "smallest", false,
	`%y, %i = tensor.cummin(%x: tensor<4xi64> = [3, 1, 2, 1]) {axis = 0} : tensor<4xi64>, tensor<4xi64> // [3, 1, 1, 1]; [0, 1, 1, 3]`)

func cumExtreme(name, what string, largest bool, example string) *ir.OpDef {
	return &ir.OpDef{
		Name: "tensor." + name,
		Doc: "At each place along an axis, the " + what + " element up to it and the last index where it stands. NaN comes before " +
			"everything.",
		Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
		Results:  []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.Integers)},
		Attrs:    []ir.AttrDef{axisAttr},
		Infer:    inferOrder,
		Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
			values, indices, err := host.CumExtreme(c.Par(), in[0], op.Int("axis"), largest)
			return results(op, err, values, indices)
		},
		Example: example,
	}
}

// inferOrder is for operations that give values in another order or choice along an axis, and their indices.
func inferOrder(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	x := op.In(0)
	if err := checkOrdered(op, x); err != nil {
		return nil, err
	}
	_, err := checkAxis(op, x)
	return []ir.Type{x, x.WithElem(host.I64)}, err
}
