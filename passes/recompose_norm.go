package passes

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// normComposites restore nn.rms_norm: first without a weight and in the type it was computed in, then with both.
func normComposites() []rewrite.Pattern {
	patterns := []rewrite.Pattern{
		{Name: "rms-norm", Root: tensor.Mul, Apply: rmsNormOfMul},
		{Name: "rms-norm", Root: tensor.Div, Apply: rmsNormOfDiv},
		{Name: "rms-norm-weight", Root: tensor.Mul, Apply: rmsNormWeight},
	}
	return append(patterns, rewrite.Pattern{Name: "widened", Root: tensor.Cast, Apply: widened})
}

// rmsNormOfMul matches x * rsqrt(mean(x*x) + eps) and x * (1 / sqrt(...)).
func rmsNormOfMul(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(x, r *ir.Value) bool {
		if !once(r) {
			return false
		}
		switch {
		case r.DefinedBy(tensor.Rsqrt):
			return rmsNorm(rw, op, x, r.Def.Operands[0])
		case r.DefinedBy(tensor.Div) && isNumber(r.Def.Operands[0], 1) && r.Def.Operands[1].DefinedBy(tensor.Sqrt):
			return rmsNorm(rw, op, x, r.Def.Operands[1].Def.Operands[0])
		}
		return false
	})
}

// rmsNormOfDiv matches x / sqrt(mean(x*x) + eps).
func rmsNormOfDiv(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, r := op.Operands[0], op.Operands[1]
	return r.DefinedBy(tensor.Sqrt) && once(r) && rmsNorm(rw, op, x, r.Def.Operands[0])
}

// rmsNorm replaces op, which is x divided by the root of a sum, if that is the mean square of x plus a number.
func rmsNorm(rw *rewrite.Rewriter, op *ir.Op, x, sum *ir.Value) bool {
	if !sum.DefinedBy(tensor.Add) {
		return false
	}
	return eitherOrder(sum.Def, func(mean, eps *ir.Value) bool {
		number, ok := floatOf(eps)
		if !ok || !mean.DefinedBy(tensor.Mean) || !mean.Def.Bool("keep_dims") || !isSquare(mean.Def.Operands[0], x) {
			return false
		}
		axes := mean.Def.Ints("axes")
		slices.Sort(axes)
		attrs := ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("eps", ir.Float(number))}
		if !provable(op.Parent(), nn.RMSNorm, attrs, op.Result().Type, x) {
			return false
		}
		rw.Replace(op, rw.Build(nn.RMSNorm, attrs, x))
		return true
	})
}

func isSquare(v, x *ir.Value) bool {
	switch {
	case v.DefinedBy(tensor.Mul):
		return v.Def.Operands[0] == x && v.Def.Operands[1] == x
	case v.DefinedBy(tensor.Pow):
		return v.Def.Operands[0] == x && isNumber(v.Def.Operands[1], 2)
	}
	return false
}

// rmsNormWeight moves the multiplication by a weight into the norm that only it uses.
func rmsNormWeight(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(y, w *ir.Value) bool {
		if !y.DefinedBy(nn.RMSNorm) || !once(y) || y.Def.Operand(1) != nil || !y.Type.Equal(op.Result().Type) {
			return false
		}
		axes := y.Def.Ints("axes")
		shape := y.Type.Shape[axes[0]:]
		if len(shape) != len(axes) {
			return false // not the last axes: the weight broadcasts to others
		}
		switch before := behindLeadingOnes(w); {
		case sameDims(w.Type.Shape, shape):
		case before != nil && sameDims(before.Type.Shape, shape):
			w = before
		case isConstant(w) && sameDims(withoutLeadingOnes(w.Type.Shape), shape):
			w = reshaped(rw, w, shape)
		default:
			return false
		}
		rw.Replace(op, rw.Build(nn.RMSNorm, y.Def.Attrs, y.Def.Operands[0], w))
		return true
	})
}

// widenedOps compute narrow floats as f32 and round once, so that casts around them are for nothing.
var widenedOps = []*ir.OpDef{nn.RMSNorm, nn.LayerNorm, nn.GroupNorm, nn.Softmax, nn.LogSoftmax, nn.SiLU, nn.GELU, nn.Rope}

// widened takes away the casts of all operands to f32 and of the result back.
func widened(rw *rewrite.Rewriter, op *ir.Op) bool {
	y, e := op.Operands[0], op.Result().Type.Elem
	if y.Type.Elem != host.F32 || e.Class() != host.ClassF32 || y.Def == nil || !slices.Contains(widenedOps, y.Def.Def) || !once(y) {
		return false
	}
	var narrow []*ir.Value
	for _, v := range y.Def.Operands {
		if v == nil {
			narrow = append(narrow, nil)
			continue
		}
		if !v.DefinedBy(tensor.Cast) || v.Def.In(0).Elem != e {
			return false
		}
		narrow = append(narrow, v.Def.Operands[0])
	}
	rw.Replace(op, rw.Build(y.Def.Def, y.Def.Attrs, narrow...))
	return true
}

// activationComposites restore nn.silu and nn.gelu.
func activationComposites() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "silu", Root: tensor.Mul, Apply: silu},
		{Name: "gelu", Root: tensor.Mul, Apply: gelu},
	}
}

// silu matches x * sigmoid(x).
func silu(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(x, s *ir.Value) bool {
		if !s.DefinedBy(tensor.Sigmoid) || s.Def.Operands[0] != x || !once(s) || !x.Type.Elem.IsFloat() {
			return false
		}
		rw.Replace(op, rw.Build(nn.SiLU, nil, x))
		return true
	})
}

// gelu matches 0.5 * x * (1 + erf(x/sqrt(2))) and the form with tanh, whatever the order of the products.
func gelu(rw *rewrite.Rewriter, op *ir.Op) bool {
	list, half := factors(op.Result())
	if len(list) != 2 || half != 0.5 {
		return false
	}
	for i, x := range list {
		sum := list[1-i]
		inner := plusNumber(sum, 1)
		if inner == nil || !once(sum) || !x.Type.Equal(op.Result().Type) || !x.Type.Elem.IsFloat() {
			continue
		}
		var approximate string
		switch {
		case inner.DefinedBy(tensor.Erf) && isProduct(inner.Def.Operands[0], 1/math.Sqrt2, x):
			approximate = "none"
		case inner.DefinedBy(tensor.Tanh) && isGeluCubic(inner.Def.Operands[0], x):
			approximate = "tanh"
		default:
			continue
		}
		rw.Replace(op, rw.Build(nn.GELU, ir.Attrs{ir.Set("approximate", ir.String(approximate))}, x))
		return true
	}
	return false
}

// plusNumber gives v of v + number; nil for anything else.
func plusNumber(sum *ir.Value, number float64) *ir.Value {
	if !sum.DefinedBy(tensor.Add) {
		return nil
	}
	for i, v := range sum.Def.Operands {
		if isNumber(v, number) {
			return sum.Def.Operands[1-i]
		}
	}
	return nil
}

// isProduct reports the product of a number and given factors.
func isProduct(v *ir.Value, number float64, want ...*ir.Value) bool {
	list, n := factors(v)
	if !near(v.Type.Elem, n, number) || len(list) != len(want) {
		return false
	}
	for i, w := range want {
		if list[i] != w {
			return false
		}
	}
	return true
}

// isGeluCubic reports sqrt(2/pi) * (x + 0.044715*x*x*x), or the same with x in front of the bracket.
func isGeluCubic(v, x *ir.Value) bool {
	const cube = 0.044715
	list, n := factors(v)
	if !near(v.Type.Elem, n, math.Sqrt2/math.SqrtPi) {
		return false
	}
	switch {
	case len(list) == 1 && list[0].DefinedBy(tensor.Add):
		return eitherOrder(list[0].Def, func(a, b *ir.Value) bool { return a == x && isProduct(b, cube, x, x, x) })
	case len(list) == 2 && slices.Contains(list, x):
		bracket := list[0]
		if bracket == x {
			bracket = list[1]
		}
		square := plusNumber(bracket, 1)
		return square != nil && isProduct(square, cube, x, x)
	}
	return false
}
