package nn

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var linearOps = []*ir.OpDef{Linear, GroupedMatMul, Embedding}

// Linear is a fully connected layer.
var Linear = &ir.OpDef{
	Name:     "nn.linear",
	Doc:      "x [..., in] times the transpose of weight [out, in], plus bias [out]. Narrow floats are summed as f32 and rounded once.",
	Operands: []ir.Arg{ir.In("x", ir.Numbers), ir.InWeight("weight", ir.Numbers, []int{0}, []int{1}), ir.Opt("bias", ir.Numbers)},
	Results:  []ir.Arg{ir.Out("y", ir.Numbers)},
	Traits:   ir.Anchor,
	Work:     func(op *ir.Op) ir.Dim { return op.Result().Type.NumElements().Mul(op.In(1).Shape[1]) },
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		x, w := op.In(0), op.In(1)
		if x.Rank() < 1 {
			return nil, op.Errorf("x is %s, expected at least one axis", x)
		}
		if err := rank(op, 1, 2, 2); err != nil {
			return nil, err
		}
		if err := c.Require(x.Shape[x.Rank()-1], ir.RelEQ, w.Shape[1]); err != nil {
			return nil, op.Errorf("x is %s, weight is %s: the inner sizes differ: %v", x, w, err)
		}
		if err := has(c, op, 2, w.Shape[0]); err != nil {
			return nil, err
		}
		shape := slices.Clone(x.Shape)
		shape[len(shape)-1] = w.Shape[0]
		return []ir.Type{x.WithShape(shape...)}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, _ *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.Linear(c.Par(), in(0), in(1), in(2)))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		x, w := s.in(0), s.swap(s.in(1))
		y := x
		if x.Type.Rank() == 1 {
			y = s.reshape(x, ir.Const(1), x.Type.Shape[0])
		}
		y = s.do(tensor.MatMul, y, w)
		if x.Type.Rank() == 1 {
			y = s.reshape(y, w.Type.Shape[1])
		}
		if bias := s.in(2); bias != nil {
			y = s.add(y, bias)
		}
		return y
	}),
	Example: `%y = nn.linear(%x: tensor<2x3xf32> = [1, 2, 3, 4, 5, 6], %weight: tensor<2x3xf32> = [1, 0, 2, 0, 1, -1], %bias: tensor<2xf32> = [10, 0]) : tensor<2x2xf32> // [17, -1, 26, -1]`,
}

// GroupedMatMul multiplies runs of rows by different matrices, as mixture-of-experts layers do.
var GroupedMatMul = &ir.OpDef{
	Name: "nn.grouped_matmul",
	Doc: "Runs of rows of x [s, k] times different matrices of w [experts, k, n]: offsets holds, ascending, the row behind each expert's " +
		"last one. Rows behind the last run become zeros.",
	Operands: []ir.Arg{ir.In("x", ir.Numbers), ir.InWeight("w", ir.Numbers, []int{0, 2}, []int{1}), ir.In("offsets", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.Numbers)},
	Traits:   ir.Anchor,
	Work:     func(op *ir.Op) ir.Dim { return op.In(0).NumElements().Mul(op.In(1).Shape[2]) },
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		for i, n := range []int{2, 3, 1} {
			if err := rank(op, i, n, n); err != nil {
				return nil, err
			}
		}
		x, w := op.In(0), op.In(1)
		if x.Elem != w.Elem {
			return nil, op.Errorf("x is %s, w is %s: cast one of them", x, w)
		}
		if err := has(c, op, 1, w.Shape[0], x.Shape[1], w.Shape[2]); err != nil {
			return nil, err
		}
		return []ir.Type{x.WithShape(x.Shape[0], w.Shape[2])}, has(c, op, 2, w.Shape[0])
	},
	Eval: eval(func(c *ir.EvalCtx, _ *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.GroupedMatMul(c.Par(), in(0), in(1), in(2)))
	}),
	Example: `%y = nn.grouped_matmul(%x: tensor<3x2xf32> = [1, 2, 3, 4, 5, 6], %w: tensor<2x2x1xf32> = [1, 1, 1, -1], %offsets: tensor<2xi32> = [1, 3]) : tensor<3x1xf32> // [3, -1, -1]`,
}

// Embedding looks up rows.
var Embedding = &ir.OpDef{
	Name:     "nn.embedding",
	Doc:      "The rows of weight [v, d] that ids name. One below 0 or above v-1 is an error, as in PyTorch; tensor.index counts negative ones from the end.",
	Operands: []ir.Arg{ir.InWeight("weight", ir.Numbers, []int{0}, []int{1}).AsPicked(), ir.In("ids", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.Numbers)},
	Traits:   ir.Anchor,
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if err := rank(op, 0, 2, 2); err != nil {
			return nil, err
		}
		weight, ids := op.In(0), op.In(1)
		return []ir.Type{weight.WithShape(append(slices.Clone(ids.Shape), weight.Shape[1])...)}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, _ *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.Embedding(c.Par(), in(0), in(1)))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		// tensor.index takes negative ids: the greatest integer in their place is outside of every axis.
		ids := s.op.Operand(1)
		scalar := func(n int64) *ir.Value {
			return s.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Int(n))}, ir.TensorOf(ids.Type.Elem))
		}
		most := int64(math.MaxInt64)
		if ids.Type.Elem == host.I32 {
			most = math.MaxInt32
		}
		legal := s.do(tensor.Where, s.do(tensor.Lt, ids, scalar(0)), scalar(most), ids)
		return s.with(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(0))}, s.op.Operand(0), legal)
	}),
	Example: `%y = nn.embedding(%weight: tensor<3x2xf32> = [0, 1, 2, 3, 4, 5], %ids: tensor<1x3xi64> = [2, 0, 1]) : tensor<1x3x2xf32> // [4, 5, 0, 1, 2, 3]`,
}
