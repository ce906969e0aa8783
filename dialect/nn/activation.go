package nn

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var activationOps = []*ir.OpDef{ReLU, SiLU, GELU, HardSwish, HardSigmoid, Softplus, LeakyReLU, ELU}

// activation makes an elementwise operation on floats from a function on one number.
func activation(name, doc string, attrs []ir.AttrDef, of func(op *ir.Op) func(x float64) float64, expand func(s *steps) *ir.Value, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "nn." + name,
		Doc:      doc,
		Operands: []ir.Arg{ir.In("x", ir.Floats)},
		Results:  []ir.Arg{ir.Out("y", ir.Floats)},
		Attrs:    attrs,
		Traits:   ir.Elementwise,
		Infer:    inferSame,
		Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
			f := of(op)
			return mapped(c, op, in[0], &host.Kernel{F32: perNumber[float32](f), F64: perNumber[float64](f)})
		},
		Expand:  expansion(expand),
		Example: example,
	}
}

func inferSame(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil }

func mapped(c *ir.EvalCtx, op *ir.Op, x *host.Tensor, k *host.Kernel) ([]*host.Tensor, error) {
	y, err := host.Alloc(x.Elem, x.Shape)
	if err == nil {
		err = host.Map(c.Par(), k, y, x)
	}
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	return []*host.Tensor{y}, nil
}

// perNumber is a block loop over a function so slow that calling it does not matter.
func perNumber[T float32 | float64](f func(float64) float64) func(dst []T, src [][]T) {
	return func(dst []T, src [][]T) {
		for i, x := range src[0] {
			dst[i] = T(f(float64(x)))
		}
	}
}

func reluLoop[T float32 | float64 | int64 | uint64](dst []T, src [][]T) {
	for i, x := range src[0][:len(dst)] {
		dst[i] = max(x, 0)
	}
}

var reluKernel = host.Kernel{F32: reluLoop[float32], F64: reluLoop[float64], I64: reluLoop[int64], U64: reluLoop[uint64]}

// ReLU is the only activation that integers have too.
var ReLU = &ir.OpDef{
	Name:     "nn.relu",
	Doc:      "max(x, 0).",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals)},
	Traits:   ir.Elementwise,
	Infer:    inferSame,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return mapped(c, op, in[0], &reluKernel)
	},
	Expand: expansion(func(s *steps) *ir.Value {
		x := s.in(0)
		return s.do(tensor.Max, x, s.num(0))
	}),
	Example: `%y = nn.relu(%x: tensor<4xf32> = [-1, 0, 2, nan]) : tensor<4xf32> // [0, 0, 2, nan]
%y = nn.relu(%x: tensor<2xi8> = [-1, 2]) : tensor<2xi8> // [0, 2]`,
}

// SiLU is also called swish.
var SiLU = activation("silu", "x / (1 + exp(-x)).", nil,
	func(*ir.Op) func(float64) float64 { return func(x float64) float64 { return x / (1 + math.Exp(-x)) } },
	func(s *steps) *ir.Value {
		x := s.in(0)
		return s.mul(x, s.do(tensor.Sigmoid, x))
	},
	`%y = nn.silu(%x: tensor<3xf32> = [0, 1, -1]) : tensor<3xf32> // [0, 0.7310586, -0.26894143]`)

// GELU is the Gaussian error linear unit.
var GELU = activation("gelu", "x * P(z <= x) for a normally distributed z: x/2 * (1 + erf(x/sqrt(2))), or with approximate = tanh "+
	"x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x*x*x))).",
	[]ir.AttrDef{ir.Choice("approximate", "the formula", "none", "tanh")},
	func(op *ir.Op) func(float64) float64 {
		if op.Str("approximate") == "tanh" {
			return func(x float64) float64 { return x / 2 * (1 + math.Tanh(geluTanh*(x+geluCube*x*x*x))) }
		}
		return func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }
	},
	func(s *steps) *ir.Value {
		x := s.in(0)
		var inner *ir.Value
		if s.op.Str("approximate") == "tanh" {
			cube := s.mul(s.mul(x, x), s.mul(x, s.num(geluCube)))
			inner = s.do(tensor.Tanh, s.mul(s.add(x, cube), s.num(geluTanh)))
		} else {
			inner = s.do(tensor.Erf, s.mul(x, s.num(1/math.Sqrt2)))
		}
		return s.mul(s.mul(x, s.num(0.5)), s.add(inner, s.num(1)))
	},
	`%y = nn.gelu(%x: tensor<3xf32> = [0, 1, -1]) : tensor<3xf32> // [0, 0.8413447, -0.15865526]
%y = nn.gelu(%x: tensor<3xf32> = [0, 1, -1]) {approximate = "tanh"} : tensor<3xf32> // [0, 0.841192, -0.158808]`)

const (
	geluTanh = math.Sqrt2 / math.SqrtPi
	geluCube = 0.044715
)

// HardSwish is SiLU in straight pieces.
var HardSwish = activation("hardswish", "x * min(max(x + 3, 0), 6) / 6.", nil,
	func(*ir.Op) func(float64) float64 {
		return func(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 }
	},
	func(s *steps) *ir.Value {
		x := s.in(0)
		return s.div(s.mul(x, s.clamp(s.add(x, s.num(3)), 0, 6)), s.num(6))
	},
	`%y = nn.hardswish(%x: tensor<4xf32> = [-4, -1.5, 3, 5]) : tensor<4xf32> // [0, -0.375, 3, 5]`)

// HardSigmoid is a sigmoid in straight pieces.
var HardSigmoid = activation("hardsigmoid", "min(max(x + 3, 0), 6) / 6.", nil,
	func(*ir.Op) func(float64) float64 { return func(x float64) float64 { return min(max(x+3, 0), 6) / 6 } },
	func(s *steps) *ir.Value { return s.div(s.clamp(s.add(s.in(0), s.num(3)), 0, 6), s.num(6)) },
	`%y = nn.hardsigmoid(%x: tensor<4xf32> = [-4, -1.5, 0, 5]) : tensor<4xf32> // [0, 0.25, 0.5, 1]`)

// Softplus is a smooth relu.
var Softplus = activation("softplus", "log(1 + exp(beta*x)) / beta, and x where beta*x is above the threshold.",
	[]ir.AttrDef{
		ir.Default("beta", ir.KindFloat, ir.Float(1), "how sharply it bends"),
		ir.Default("threshold", ir.KindFloat, ir.Float(20), "where it counts as straight"),
	},
	func(op *ir.Op) func(float64) float64 {
		beta, threshold := op.Float("beta"), op.Float("threshold")
		return func(x float64) float64 {
			if x*beta > threshold {
				return x
			}
			return math.Log1p(math.Exp(x*beta)) / beta
		}
	},
	func(s *steps) *ir.Value {
		x, beta := s.in(0), s.num(s.op.Float("beta"))
		scaled := s.mul(x, beta)
		bent := s.div(s.do(tensor.Log1p, s.do(tensor.Exp, scaled)), beta)
		return s.do(tensor.Where, s.do(tensor.Gt, scaled, s.num(s.op.Float("threshold"))), x, bent)
	},
	`%y = nn.softplus(%x: tensor<3xf32> = [0, 1, 30]) : tensor<3xf32> // [0.6931472, 1.3132616, 30]
%y = nn.softplus(%x: tensor<2xf32> = [0, 1]) {beta = 2.0, threshold = 1.0} : tensor<2xf32> // [0.3465736, 1]`)

// LeakyReLU keeps a part of negative numbers.
var LeakyReLU = activation("leaky_relu", "x where it is positive, slope*x elsewhere.",
	[]ir.AttrDef{ir.Default("slope", ir.KindFloat, ir.Float(0.01), "the factor of negative numbers")},
	func(op *ir.Op) func(float64) float64 {
		slope := op.Float("slope")
		return func(x float64) float64 {
			if x > 0 {
				return x
			}
			return x * slope
		}
	},
	func(s *steps) *ir.Value {
		x := s.in(0)
		return s.do(tensor.Where, s.do(tensor.Gt, x, s.num(0)), x, s.mul(x, s.num(s.op.Float("slope"))))
	},
	`%y = nn.leaky_relu(%x: tensor<3xf32> = [-2, 0, 2]) {slope = 0.25} : tensor<3xf32> // [-0.5, 0, 2]`)

// ELU is the exponential linear unit; with its factors also SELU and CELU.
var ELU = activation("elu", "scale*x where x is positive, scale*alpha*(exp(input_scale*x) - 1) elsewhere.",
	[]ir.AttrDef{
		ir.Default("alpha", ir.KindFloat, ir.Float(1), "minus the limit for large negative numbers"),
		ir.Default("scale", ir.KindFloat, ir.Float(1), "the factor of the result"),
		ir.Default("input_scale", ir.KindFloat, ir.Float(1), "the factor of negative numbers"),
	},
	func(op *ir.Op) func(float64) float64 {
		scale, negative, input := op.Float("scale"), op.Float("scale")*op.Float("alpha"), op.Float("input_scale")
		return func(x float64) float64 {
			if x > 0 {
				return x * scale
			}
			return math.Expm1(x*input) * negative
		}
	},
	func(s *steps) *ir.Value {
		x, scale := s.in(0), s.op.Float("scale")
		negative := s.mul(s.do(tensor.Expm1, s.mul(x, s.num(s.op.Float("input_scale")))), s.num(scale*s.op.Float("alpha")))
		return s.do(tensor.Where, s.do(tensor.Gt, x, s.num(0)), s.mul(x, s.num(scale)), negative)
	},
	`%y = nn.elu(%x: tensor<3xf32> = [-inf, 0, 2]) {alpha = 0.5, scale = 2.0} : tensor<3xf32> // [-1, 0, 4]`)
