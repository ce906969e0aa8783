package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// rule says how a binary target finds the type it computes in.
type rule uint8

const (
	promoted  rule = iota // that of the promoted operands
	exact                 // the same, but f16 and bf16 meet numbers in f32: PyTorch does not round a scalar first
	asFloats              // exact, and integers become floats
	asBools               // bool
	comparing             // promoted; the result is bool
)

// binary lowers to one operation on self and other.
func binary(def *ir.OpDef, r rule) Lowering {
	return One(func(c *Call) *ir.Value { return c.binary(def, r, c.operand("self"), c.operand("other")) })
}

func (c *Call) binary(def *ir.OpDef, r rule, a, b operand) *ir.Value {
	e := promote(a, b)
	switch r {
	case asBools:
		e = host.Bool
	case asFloats:
		e = floating(e)
		if out := c.Result(0).Elem; e == host.F32 && out == host.F64 {
			e = out
		}
	}
	if other, ok := ofIntegers[def]; ok && !e.IsFloat() {
		def = other
	}
	if (r == exact || r == asFloats) && opmath(e) != e {
		for _, o := range []operand{a, b} {
			if o.scalar() && !o.exactIn(e) {
				e = opmath(e)
				break
			}
		}
	}
	return c.Out(c.One(def, nil, a.as(c, e), b.as(c, e)))
}

// ofIntegers replaces operations that exist for the sake of NaN.
var ofIntegers = map[*ir.OpDef]*ir.OpDef{tensor.Fmax: tensor.Max, tensor.Fmin: tensor.Min}

// binaries holds the functions of two or more tensors.
func binaries(t *Table) {
	for _, e := range []struct {
		target string
		def    *ir.OpDef
		rule   rule
	}{
		{"aten.mul", tensor.Mul, exact}, {"aten.multiply", tensor.Mul, exact}, {"aten.__mul__", tensor.Mul, exact},
		{"aten.div.Tensor", tensor.Div, asFloats}, {"aten.div.Scalar", tensor.Div, asFloats}, {"aten.divide.Tensor", tensor.Div, asFloats},
		{"aten.divide.Scalar", tensor.Div, asFloats}, {"aten.true_divide", tensor.Div, asFloats},
		{"aten.floor_divide", tensor.FloorDiv, exact}, {"aten.remainder", tensor.Remainder, promoted}, {"aten.fmod", tensor.Fmod, promoted},
		{"aten.maximum", tensor.Max, promoted}, {"aten.max.other", tensor.Max, promoted},
		{"aten.minimum", tensor.Min, promoted}, {"aten.min.other", tensor.Min, promoted},
		{"aten.fmax", tensor.Fmax, promoted}, {"aten.fmin", tensor.Fmin, promoted},
		{"aten.atan2", tensor.Atan2, asFloats}, {"aten.arctan2", tensor.Atan2, asFloats}, {"aten.hypot", tensor.Hypot, promoted},
		{"aten.copysign", tensor.Copysign, asFloats}, {"aten.nextafter", tensor.Nextafter, promoted}, {"aten.gcd", tensor.Gcd, promoted},
		{"aten.bitwise_and", tensor.And, promoted}, {"aten.bitwise_or", tensor.Or, promoted}, {"aten.bitwise_xor", tensor.Xor, promoted},
		{"aten.__and__", tensor.And, promoted}, {"aten.__or__", tensor.Or, promoted}, {"aten.__xor__", tensor.Xor, promoted},
		{"aten.logical_and", tensor.And, asBools}, {"aten.logical_or", tensor.Or, asBools}, {"aten.logical_xor", tensor.Xor, asBools},
		{"aten.bitwise_left_shift", tensor.Shl, promoted}, {"aten.__lshift__", tensor.Shl, promoted},
		{"aten.bitwise_right_shift", tensor.Shr, promoted}, {"aten.__rshift__", tensor.Shr, promoted},
		{"aten.eq", tensor.Eq, comparing}, {"aten.ne", tensor.Ne, comparing}, {"aten.not_equal", tensor.Ne, comparing},
		{"aten.lt", tensor.Lt, comparing}, {"aten.less", tensor.Lt, comparing}, {"aten.le", tensor.Le, comparing}, {"aten.less_equal", tensor.Le, comparing},
		{"aten.gt", tensor.Gt, comparing}, {"aten.greater", tensor.Gt, comparing}, {"aten.ge", tensor.Ge, comparing}, {"aten.greater_equal", tensor.Ge, comparing},
	} {
		t.Add(e.target, binary(e.def, e.rule))
	}
	for _, target := range []string{"aten.div.Tensor_mode", "aten.div.Scalar_mode", "aten.divide.Tensor_mode", "aten.divide.Scalar_mode"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			a, b := c.operand("self"), c.operand("other")
			if !c.Has("rounding_mode") {
				return c.binary(tensor.Div, asFloats, a, b)
			}
			if c.Str("rounding_mode") == "floor" {
				return c.binary(tensor.FloorDiv, exact, a, b)
			}
			if c.Result(0).Elem.IsFloat() { // the quotient is rounded to its type first
				return c.One(tensor.Trunc, nil, c.binary(tensor.Div, asFloats, a, b))
			}
			return c.binary(tensor.TruncDiv, exact, a, b)
		}))
	}
	for _, target := range []string{"aten.add", "aten.sub", "aten.subtract", "aten.rsub"} {
		def := tensor.Sub
		if target == "aten.add" {
			def = tensor.Add
		}
		t.Add(target, One(func(c *Call) *ir.Value {
			a, b := c.operand("self"), c.operand("other")
			if target == "aten.rsub" {
				a, b = b, a
			}
			return c.addScaled(def, a, b)
		}))
	}
	t.Add("aten._add_relu", One(func(c *Call) *ir.Value {
		y := c.addScaled(tensor.Add, c.operand("self"), c.operand("other"))
		return c.Max(y, c.Like(y, 0))
	}))
	powers(t)
	choices(t)
	for _, e := range []formula2{
		{"aten.logaddexp", logaddexp},
		{"aten.logaddexp2", logaddexp2},
		{"aten.xlogy", func(c *Call, a, b *ir.Value) *ir.Value { return xTimes(c, a, b, c.Log(b)) }},
		{"aten.special_xlogy", func(c *Call, a, b *ir.Value) *ir.Value { return xTimes(c, a, b, c.Log(b)) }},
		{"aten.special_xlog1py", func(c *Call, a, b *ir.Value) *ir.Value { return xTimes(c, a, b, c.One(tensor.Log1p, nil, b)) }},
		{"aten.ldexp", func(c *Call, a, b *ir.Value) *ir.Value { return c.Mul(a, c.Pow(c.Like(b, 2), b)) }},
		{"aten.lcm", lcm},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value {
			return e.fn(c, c.Tensor("self", c.math), c.Tensor("other", c.math))
		}))
	}
	t.Add("aten.heaviside", One(func(c *Call) *ir.Value {
		x, v := c.Value("self"), c.Value("values")
		zero := c.Like(x, 0)
		return c.Where(c.Compare(tensor.Eq, x, zero), c.Out(v), c.Out(c.Compare(tensor.Gt, x, zero)))
	}))
	t.Add("aten.isclose", One(isClose))
	t.Add("aten.lerp", Math(func(c *Call) *ir.Value {
		a, b, w := c.Value("self"), c.Value("end"), c.Tensor("weight", c.math)
		d := c.Sub(b, a)
		near := c.Add(a, c.Mul(w, d))
		far := c.Sub(b, c.Mul(d, c.SubFrom(1, w)))
		return c.Where(c.Compare(tensor.Lt, c.Abs(w), c.Const(ir.Float(0.5), realOf(w.Type.Elem))), near, far)
	}))
	t.Add("aten.addcmul", Math(func(c *Call) *ir.Value {
		return c.Add(c.Value("self"), c.Mul(c.scaled(c.Value("tensor1"), "value"), c.Value("tensor2")))
	}))
	t.Add("aten.addcdiv", Math(func(c *Call) *ir.Value {
		return c.Add(c.Value("self"), c.Div(c.scaled(c.Value("tensor1"), "value"), c.Value("tensor2")))
	}))
}

// scaled is x times the number in an argument.
func (c *Call) scaled(x *ir.Value, name string) *ir.Value {
	if n, ok := asFloat(c.Arg(name)); ok && n == 1 {
		return x
	}
	return c.Mul(x, c.Tensor(name, x.Type.Elem))
}

// addScaled is a + alpha*b or a - alpha*b.
func (c *Call) addScaled(def *ir.OpDef, a, b operand) *ir.Value {
	if !c.Has("alpha") {
		return c.binary(def, exact, a, b)
	}
	if n, ok := asFloat(c.Scalar("alpha")); ok && n == 1 {
		return c.binary(def, exact, a, b)
	}
	e := opmath(promote(a, b))
	return c.Out(c.One(def, nil, a.as(c, e), c.scaled(b.as(c, e), "alpha")))
}

func powers(t *Table) {
	power := One(func(c *Call) *ir.Value {
		a, b := c.operand("self"), c.operand("exponent")
		e := promote(a, b)
		if e == host.Bool {
			e = c.Result(0).Elem
		}
		if n, ok := asFloat(b.number); ok && b.value == nil {
			if y := c.powN(a.as(c, opmath(e)), n); y != nil {
				return c.Out(y)
			}
		}
		return c.Out(c.Pow(a.as(c, e), b.as(c, e)))
	})
	t.Add("aten.pow", power)
	t.Add("aten.__pow__", power)
	t.Add("aten.float_power", One(func(c *Call) *ir.Value {
		e := c.Result(0).Elem
		return c.Pow(c.operand("self").as(c, e), c.operand("exponent").as(c, e))
	}))
}

// powN is x to the power of a number that PyTorch computes without pow; nil for the others.
func (c *Call) powN(x *ir.Value, n float64) *ir.Value {
	isFloat := x.Type.Elem.IsFloat()
	switch {
	case n == 0:
		return c.Fill(ir.Int(1), x.Type)
	case n == 1:
		return x
	case n == 2:
		return c.Mul(x, x)
	case n == 3:
		return c.Mul(c.Mul(x, x), x)
	case !isFloat:
		return nil
	case n == 0.5:
		return c.Sqrt(x)
	case n == -0.5:
		return c.One(tensor.Rsqrt, nil, x)
	case n == -1:
		return c.Reciprocal(x)
	case n == -2:
		return c.Reciprocal(c.Mul(x, x))
	}
	return nil
}

// choices pick between values: where, masked_fill, clamp.
func choices(t *Table) {
	t.Add("aten.where", One(func(c *Call) *ir.Value {
		cond := c.Cast(c.Value("condition"), host.Bool)
		e := c.Result(0).Elem
		return c.Where(cond, c.operand("self").as(c, e), c.operand("other").as(c, e))
	}))
	t.Add("aten.masked_fill", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		return c.Where(c.Cast(c.Value("mask"), host.Bool), c.operand("value").as(c, x.Type.Elem), x)
	}))
	for _, target := range []string{"aten.clamp", "aten.clip", "aten.clamp_min", "aten.clamp_max"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			e := c.Result(0).Elem
			x := c.Cast(c.Value("self"), e)
			if c.Has("min") {
				x = c.Max(x, c.operand("min").as(c, e))
			}
			if c.Has("max") {
				x = c.Min(x, c.operand("max").as(c, e))
			}
			return x
		}))
	}
}

func logaddexp(c *Call, a, b *ir.Value) *ir.Value {
	if a.Type.Elem.IsComplex() {
		return logaddexpComplex(c, a, b)
	}
	m := c.Max(a, b)
	v := c.Add(m, c.One(tensor.Log1p, nil, c.Exp(c.Neg(c.Abs(c.Sub(a, b))))))
	return c.Where(c.And(c.isInf(a), c.Compare(tensor.Eq, a, b)), a, v)
}

// logaddexpComplex takes the number of the larger real part out of the exponentials.
func logaddexpComplex(c *Call, a, b *ir.Value) *ir.Value {
	less := c.Compare(tensor.Lt, c.One(tensor.Real, nil, a), c.One(tensor.Real, nil, b))
	low, high := c.Where(less, a, b), c.Where(less, b, a)
	v := c.Add(high, c.One(tensor.Log1p, nil, c.Exp(c.Sub(low, high))))
	real := c.One(tensor.Real, nil, high)
	return c.Where(c.Compare(tensor.Eq, real, c.Like(real, math.Inf(-1))), low, v) // the logarithm of 0
}

func logaddexp2(c *Call, a, b *ir.Value) *ir.Value {
	m := c.Max(a, b)
	v := c.Add(m, c.MulN(c.One(tensor.Log1p, nil, c.One(tensor.Exp2, nil, c.Neg(c.Abs(c.Sub(a, b))))), 1/math.Ln2))
	return c.Where(c.And(c.isInf(a), c.Compare(tensor.Eq, a, b)), a, v)
}

// xTimes is x*logY, but 0 where x is 0 and y is a number.
func xTimes(c *Call, x, y, logY *ir.Value) *ir.Value {
	v := c.Where(c.Compare(tensor.Eq, x, c.Like(x, 0)), c.Like(x, 0), c.Mul(x, logY))
	return c.Where(c.isNaN(y), c.Like(x, math.NaN()), v)
}

func lcm(c *Call, a, b *ir.Value) *ir.Value {
	g := c.One(tensor.Gcd, nil, a, b)
	safe := c.Max(g, c.Like(g, 1)) // gcd(0, 0) is 0, and so is the product
	return c.Abs(c.Mul(c.One(tensor.TruncDiv, nil, a, safe), b))
}

func isClose(c *Call) *ir.Value {
	a, b := c.Value("self"), c.Value("other")
	e := floating(host.Promote(a.Type.Elem, b.Type.Elem))
	close := c.Compare(tensor.Eq, a, b)
	a, b = c.Cast(a, opmath(e)), c.Cast(b, opmath(e))
	if c.Bool("equal_nan") {
		close = c.Or(close, c.And(c.isNaN(a), c.isNaN(b)))
	}
	allowed := c.AddN(c.Abs(c.MulN(b, c.Float("rtol"))), c.Float("atol"))
	off := c.Abs(c.Sub(a, b))
	return c.Or(close, c.And(c.isFinite(off), c.Compare(tensor.Le, off, allowed)))
}
