package nn

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var normOps = []*ir.OpDef{Softmax, LogSoftmax, LayerNorm, RMSNorm, GroupNorm, BatchNorm}

// Softmax makes numbers along an axis to shares of 1.
var Softmax = softmax("softmax", "exp(x) / sum(exp(x)) along an axis.", false,
	`%y = nn.softmax(%x: tensor<2x2xf32> = [0, 1.0986123, 1000, 1000]) {axis = 1} : tensor<2x2xf32> // [0.25, 0.75, 0.5, 0.5]`)

// LogSoftmax is the logarithm of softmax.
var LogSoftmax = softmax("log_softmax", "x - log(sum(exp(x))) along an axis.", true,
	`%y = nn.log_softmax(%x: tensor<2x2xf32> = [0, 1000, 0, 0]) {axis = 0} : tensor<2x2xf32> // [-0.6931472, 0, -0.6931472, -1000]`)

func softmax(name, doc string, log bool, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "nn." + name,
		Doc:      doc + " The largest number is subtracted first, so that nothing overflows.",
		Operands: []ir.Arg{ir.In("x", ir.Floats)},
		Results:  []ir.Arg{ir.Out("y", ir.Floats)},
		Attrs:    []ir.AttrDef{ir.Require("axis", ir.KindInt, "the axis, counted from 0")},
		Traits:   ir.Anchor,
		Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
			_, err := checkAxis(op)
			return []ir.Type{op.In(0)}, err
		},
		Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
			return one(host.Softmax(c.Par(), in(0), op.Int("axis"), log))
		}),
		Expand: expansion(func(s *steps) *ir.Value {
			x, axis := s.in(0), s.op.Int("axis")
			x = s.sub(x, s.reduce(tensor.ReduceMax, x, axis))
			e := s.do(tensor.Exp, x)
			sum := s.reduce(tensor.Sum, e, axis)
			if log {
				return s.sub(x, s.do(tensor.Log, sum))
			}
			return s.div(e, sum)
		}),
		Example: example,
	}
}

var (
	epsAttr      = ir.Require("eps", ir.KindFloat, "what is added to the variance")
	normAxesAttr = ir.Require("axes", ir.KindInts, "the axes normalized over, ascending")
)

// LayerNorm normalizes by mean and variance.
var LayerNorm = &ir.OpDef{
	Name: "nn.layer_norm",
	Doc: "(x - mean) / sqrt(variance + eps) * weight + bias, with mean and variance (divided by n) over the given axes; weight and bias " +
		"have the shape of these axes.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.Opt("weight", ir.Floats), ir.Opt("bias", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{normAxesAttr, epsAttr},
	Traits:   ir.Anchor,
	Infer:    inferNorm,
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.Normalize(c.Par(), host.LayerNorm, in(0), in(1), in(2), op.Ints("axes"), op.Float("eps")))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		axes := s.op.Ints("axes")
		y := s.standardize(s.in(0), axes)
		if w := s.along(1, axes...); w != nil {
			y = s.mul(y, w)
		}
		if b := s.along(2, axes...); b != nil {
			y = s.add(y, b)
		}
		return y
	}),
	Example: `%y = nn.layer_norm(%x: tensor<2x2xf32> = [1, 3, 5, 5], %weight: tensor<2xf32> = [1, 2], %bias: tensor<2xf32> = [0, 10]) {axes = [1], eps = 3.0} : tensor<2x2xf32> // [-0.5, 11, 0, 10]`,
}

// RMSNorm normalizes by the root of the mean square.
var RMSNorm = &ir.OpDef{
	Name:     "nn.rms_norm",
	Doc:      "x / sqrt(mean(x*x) + eps) * weight, with the mean over the given axes; weight has the shape of these axes.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.Opt("weight", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{normAxesAttr, epsAttr},
	Traits:   ir.Anchor,
	Infer:    inferNorm,
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.Normalize(c.Par(), host.RMSNorm, in(0), in(1), nil, op.Ints("axes"), op.Float("eps")))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		x, axes := s.in(0), s.op.Ints("axes")
		square := s.reduce(tensor.Mean, s.mul(x, x), axes...)
		y := s.mul(x, s.do(tensor.Rsqrt, s.add(square, s.num(s.op.Float("eps")))))
		if w := s.along(1, axes...); w != nil {
			y = s.mul(y, w)
		}
		return y
	}),
	Example: `%y = nn.rms_norm(%x: tensor<1x2xf32> = [1, 7], %weight: tensor<2xf32> = [1, 2]) {axes = [1], eps = 0.0} : tensor<1x2xf32> // [0.2, 2.8]`,
}

func inferNorm(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if _, err := ir.SameElem(op); err != nil {
		return nil, err
	}
	x, axes := op.In(0), op.Ints("axes")
	var shape []ir.Dim
	for i, a := range axes {
		if a < 0 || a >= x.Rank() || i > 0 && a <= axes[i-1] {
			return nil, op.Errorf("axes %v are not ascending axes of x, which is %s", axes, x)
		}
		shape = append(shape, x.Shape[a])
	}
	if len(axes) == 0 {
		return nil, op.Errorf("axes is empty, expected at least one axis")
	}
	for i := 1; i < len(op.Operands); i++ {
		if err := has(c, op, i, shape...); err != nil {
			return nil, err
		}
	}
	return []ir.Type{x}, nil
}

// standardize subtracts the mean over axes and divides by the standard deviation.
func (s *steps) standardize(x *ir.Value, axes []int) *ir.Value {
	x = s.sub(x, s.reduce(tensor.Mean, x, axes...))
	variance := s.reduce(tensor.Mean, s.mul(x, x), axes...)
	return s.mul(x, s.do(tensor.Rsqrt, s.add(variance, s.num(s.op.Float("eps")))))
}

// along is operand i, which has a size for each of the axes of x, in a shape that broadcasts to x; nil where it is absent.
func (s *steps) along(i int, axes ...int) *ir.Value {
	v := s.in(i)
	if v == nil {
		return nil
	}
	x := s.op.In(0)
	if first := x.Rank() - len(axes); axes[0] == first {
		return v
	}
	shape := make([]ir.Dim, x.Rank())
	for k := range shape {
		shape[k] = ir.Const(1)
		if slices.Contains(axes, k) {
			shape[k] = x.Shape[k]
		}
	}
	return s.reshape(v, shape...)
}

// GroupNorm normalizes groups of channels.
var GroupNorm = &ir.OpDef{
	Name: "nn.group_norm",
	Doc: "x [n, ..., c, ...] normalized by mean and variance over each group of c/groups channels with all their elements, times weight [c] plus " +
		"bias [c]. The channels are the elements of an axis.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.Opt("weight", ir.Floats), ir.Opt("bias", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs: []ir.AttrDef{ir.Require("groups", ir.KindInt, "the number of groups"), epsAttr,
		ir.Default("axis", ir.KindInt, ir.Int(1), "the axis of the channels, not the first")},
	Traits: ir.Anchor,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		x := op.In(0)
		if x.Rank() < 2 {
			return nil, op.Errorf("x is %s, expected at least 2 axes", x)
		}
		axis, err := checkAxis(op)
		if err == nil && axis == 0 {
			err = op.Errorf("axis is 0, which is the batch")
		}
		if err != nil {
			return nil, err
		}
		channels := x.Shape[axis]
		if err := grouped(c, op, "x", channels, op.Int("groups")); err != nil {
			return nil, err
		}
		if err := has(c, op, 1, channels); err != nil {
			return nil, err
		}
		return []ir.Type{x}, has(c, op, 2, channels)
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.GroupNormalize(c.Par(), in(0), in(1), in(2), op.Int("axis"), op.Int("groups"), op.Float("eps")))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		x, axis, groups := s.in(0), s.op.Int("axis"), ir.Const(int64(s.op.Int("groups")))
		shape := x.Type.Shape
		y := s.reshape(x, slices.Concat(shape[:axis], []ir.Dim{groups, shape[axis].FloorDiv(groups)}, shape[axis+1:])...)
		var axes []int
		for i := 1; i <= len(shape); i++ {
			if i != axis {
				axes = append(axes, i)
			}
		}
		y = s.reshape(s.standardize(y, axes), shape...)
		if w := s.along(1, axis); w != nil {
			y = s.mul(y, w)
		}
		if b := s.along(2, axis); b != nil {
			y = s.add(y, b)
		}
		return y
	}),
	Example: `%y = nn.group_norm(%x: tensor<1x4xf32> = [1, 3, 5, 5], %weight: tensor<4xf32> = [1, 1, 1, 1], %bias: tensor<4xf32> = [0, 0, 0, 1]) {groups = 2, eps = 3.0} : tensor<1x4xf32> // [-0.5, 0.5, 0, 1]
%y = nn.group_norm(%x: tensor<1x2x2xf32> = [1, 5, 3, 5], %weight: tensor<2xf32> = [1, 2]) {groups = 2, eps = 3.0, axis = 2} : tensor<1x2x2xf32> // [-0.5, 0, 0.5, 0]`,
}

// BatchNorm normalizes channels by given statistics.
var BatchNorm = &ir.OpDef{
	Name:     "nn.batch_norm",
	Doc:      "(x - mean) / sqrt(variance + eps) * weight + bias with one number of each for every channel, the elements of an axis.",
	Operands: []ir.Arg{ir.In("x", ir.Floats), ir.In("mean", ir.Floats), ir.In("variance", ir.Floats), ir.Opt("weight", ir.Floats), ir.Opt("bias", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{epsAttr, ir.Default("axis", ir.KindInt, ir.Int(1), "the axis of the channels")},
	Traits:   ir.Fusable,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		axis, err := checkAxis(op)
		if err != nil {
			return nil, err
		}
		x := op.In(0)
		for i := 1; i < 5; i++ {
			if err := has(c, op, i, x.Shape[axis]); err != nil {
				return nil, err
			}
		}
		return []ir.Type{x}, nil
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		return one(host.BatchNormalize(c.Par(), in(0), in(1), in(2), in(3), in(4), op.Int("axis"), op.Float("eps")))
	}),
	Expand: expansion(func(s *steps) *ir.Value {
		axis := s.op.Int("axis")
		scale := s.do(tensor.Rsqrt, s.add(s.along(2, axis), s.num(s.op.Float("eps"))))
		y := s.mul(s.sub(s.in(0), s.along(1, axis)), scale)
		if w := s.along(3, axis); w != nil {
			y = s.mul(y, w)
		}
		if b := s.along(4, axis); b != nil {
			y = s.add(y, b)
		}
		return y
	}),
	Example: `%y = nn.batch_norm(%x: tensor<1x2x2xf32> = [1, 2, 3, 4], %mean: tensor<2xf32> = [1, 2], %variance: tensor<2xf32> = [3, 0], %weight: tensor<2xf32> = [2, 1]) {eps = 1.0} : tensor<1x2x2xf32> // [0, 1, 1, 2]`,
}
