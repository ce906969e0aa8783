package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

type (
	named struct {
		target string
		def    *ir.OpDef
	}
	formula struct {
		target string
		fn     func(c *Call, x *ir.Value) *ir.Value
	}
	formula2 struct {
		target string
		fn     func(c *Call, a, b *ir.Value) *ir.Value
	}
)

// pointwise holds the functions of one tensor.
func pointwise(t *Table) {
	for _, e := range []named{ // numbers of any kind, the type stays
		{"aten.neg", tensor.Neg}, {"aten.negative", tensor.Neg}, {"aten._neg_view", tensor.Neg}, {"aten._neg_view_copy", tensor.Neg}, {"aten.abs", tensor.Abs}, {"aten.absolute", tensor.Abs},
		{"aten.sign", tensor.Sign},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if x.Type.Elem == host.Bool {
				return c.Out(x)
			}
			return c.Out(c.One(e.def, nil, x))
		}))
	}
	for _, e := range []named{ // integers stay as they are
		{"aten.ceil", tensor.Ceil}, {"aten.floor", tensor.Floor}, {"aten.trunc", tensor.Trunc}, {"aten.fix", tensor.Trunc},
		{"aten.round.default", tensor.Round}, {"aten.special_round.default", tensor.Round},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if !x.Type.Elem.IsFloat() {
				return x
			}
			return c.One(e.def, nil, x)
		}))
	}
	for _, e := range []named{ // float functions: integers become floats first
		{"aten.sqrt", tensor.Sqrt}, {"aten.rsqrt", tensor.Rsqrt}, {"aten.exp", tensor.Exp}, {"aten.exp2", tensor.Exp2},
		{"aten.special_exp2", tensor.Exp2}, {"aten.expm1", tensor.Expm1}, {"aten.special_expm1", tensor.Expm1},
		{"aten.log", tensor.Log}, {"aten.log1p", tensor.Log1p}, {"aten.special_log1p", tensor.Log1p}, {"aten.log2", tensor.Log2},
		{"aten.log10", tensor.Log10}, {"aten.sin", tensor.Sin}, {"aten.cos", tensor.Cos}, {"aten.tan", tensor.Tan},
		{"aten.asin", tensor.Asin}, {"aten.arcsin", tensor.Asin}, {"aten.acos", tensor.Acos}, {"aten.arccos", tensor.Acos},
		{"aten.atan", tensor.Atan}, {"aten.arctan", tensor.Atan}, {"aten.sinh", tensor.Sinh}, {"aten.cosh", tensor.Cosh},
		{"aten.tanh", tensor.Tanh}, {"aten.asinh", tensor.Asinh}, {"aten.arcsinh", tensor.Asinh}, {"aten.acosh", tensor.Acosh},
		{"aten.arccosh", tensor.Acosh}, {"aten.atanh", tensor.Atanh}, {"aten.arctanh", tensor.Atanh}, {"aten.erf", tensor.Erf},
		{"aten.special_erf", tensor.Erf}, {"aten.erfc", tensor.Erfc}, {"aten.special_erfc", tensor.Erfc},
		{"aten.erfinv", tensor.Erfinv}, {"aten.special_erfinv", tensor.Erfinv}, {"aten.special_erfcx", tensor.Erfcx},
		{"aten.lgamma", tensor.Lgamma}, {"aten.special_gammaln", tensor.Lgamma}, {"aten.digamma", tensor.Digamma},
		{"aten.special_digamma", tensor.Digamma}, {"aten.special_psi", tensor.Digamma}, {"aten.sigmoid", tensor.Sigmoid},
		{"aten.special_expit", tensor.Sigmoid},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			return c.One(e.def, nil, c.Out(c.Value("self")))
		}))
	}
	for _, e := range []formula{
		{"aten.square", func(c *Call, x *ir.Value) *ir.Value { return c.Mul(x, x) }},
		{"aten.positive", func(_ *Call, x *ir.Value) *ir.Value { return x }},
		{"aten.reciprocal", func(c *Call, x *ir.Value) *ir.Value { return c.Reciprocal(x) }},
		{"aten.frac", func(c *Call, x *ir.Value) *ir.Value { return c.Sub(x, c.One(tensor.Trunc, nil, x)) }},
		{"aten.deg2rad", func(c *Call, x *ir.Value) *ir.Value { return c.MulN(x, math.Pi/180) }},
		{"aten.rad2deg", func(c *Call, x *ir.Value) *ir.Value { return c.MulN(x, 180/math.Pi) }},
		{"aten.sinc", sinc},
		{"aten.special_sinc", sinc},
		{"aten.sgn", sgn},
		{"aten.special_log_ndtr", logNdtr},
		{"aten.special_entr", entropy},
		{"aten.log_sigmoid", logSigmoid},
		{"aten.mish", func(c *Call, x *ir.Value) *ir.Value {
			return c.Mul(x, c.One(tensor.Tanh, nil, c.One(nn.Softplus, nil, x)))
		}},
		{"aten.relu6", func(c *Call, x *ir.Value) *ir.Value { return c.Clamp(x, 0, 6) }},
		{"aten.logit", logit},
		{"aten.special_logit", logit},
		{"aten.round.decimals", roundDecimals},
		{"aten.nan_to_num", nanToNum},
		{"aten.hardtanh", func(c *Call, x *ir.Value) *ir.Value { return c.Clamp(x, c.Float("min_val"), c.Float("max_val")) }},
		{"aten.celu", celu},
		{"aten.selu", selu},
		{"aten.hardshrink", hardshrink},
		{"aten.softshrink", softshrink},
		{"aten.threshold", threshold},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value { return e.fn(c, c.Value("self")) }))
	}
	t.Add("aten.log_sigmoid_forward", All(func(c *Call) []*ir.Value {
		return []*ir.Value{c.Out(logSigmoid(c, c.Cast(c.Value("self"), opmath(c.Result(0).Elem)))), nil}
	}))
	t.Add("aten.logical_not", One(func(c *Call) *ir.Value { return c.Not(c.Cast(c.Value("self"), host.Bool)) }))
	t.Add("aten.bitwise_not", One(func(c *Call) *ir.Value { return c.Not(c.Value("self")) }))
	t.Add("aten.signbit", One(func(c *Call) *ir.Value { return c.signBit(c.Value("self")) }))
	predicates(t)
	activations(t)
	complexParts(t)
}

func (c *Call) signBit(x *ir.Value) *ir.Value {
	if x.Type.Elem.IsFloat() {
		x = c.One(tensor.Copysign, nil, c.Like(x, 1), x)
	} else if x.Type.Elem == host.Bool {
		return c.Fill(ir.Bool(false), x.Type)
	}
	return c.Compare(tensor.Lt, x, c.Like(x, 0))
}

func (c *Call) erfc(x *ir.Value) *ir.Value { return c.One(tensor.Erfc, nil, x) }

func (c *Call) isNaN(x *ir.Value) *ir.Value { return c.One(tensor.IsNaN, nil, x) }

func (c *Call) isInf(x *ir.Value) *ir.Value { return c.One(tensor.IsInf, nil, x) }

// predicates ask whether a number is finite; all integers are.
func predicates(t *Table) {
	for _, e := range []formula{
		{"aten.isnan", (*Call).isNaN},
		{"aten.isinf", (*Call).isInf},
		{"aten.isfinite", (*Call).isFinite},
		{"aten.isposinf", func(c *Call, x *ir.Value) *ir.Value { return c.Compare(tensor.Eq, x, c.Like(x, math.Inf(1))) }},
		{"aten.isreal", func(c *Call, x *ir.Value) *ir.Value {
			if x.Type.Elem.IsComplex() {
				x = c.One(tensor.Imag, nil, x)
				return c.Compare(tensor.Eq, x, c.Like(x, 0))
			}
			return c.Fill(ir.Bool(true), x.Type.WithElem(host.Bool))
		}},
		{"aten.isneginf", func(c *Call, x *ir.Value) *ir.Value { return c.Compare(tensor.Eq, x, c.Like(x, math.Inf(-1))) }},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if k := x.Type.Elem; !k.IsFloat() && !k.IsComplex() {
				return c.Fill(ir.Bool(e.target == "aten.isfinite" || e.target == "aten.isreal"), x.Type.WithElem(host.Bool))
			}
			return e.fn(c, x)
		}))
	}
}

func (c *Call) isFinite(x *ir.Value) *ir.Value { return c.Not(c.Or(c.isNaN(x), c.isInf(x))) }

// activations are float functions that nn has whole.
func activations(t *Table) {
	for _, e := range []struct {
		target string
		def    *ir.OpDef
		attrs  func(c *Call) ir.Attrs
	}{
		{"aten.hardswish", nn.HardSwish, nil},
		{"aten.hardsigmoid", nn.HardSigmoid, nil},
		{"aten.gelu", nn.GELU, func(c *Call) ir.Attrs { return ir.Attrs{ir.Set("approximate", ir.String(c.Str("approximate")))} }},
		{"aten.softplus", nn.Softplus, func(c *Call) ir.Attrs {
			return ir.Attrs{ir.Set("beta", ir.Float(c.Float("beta"))), ir.Set("threshold", ir.Float(c.Float("threshold")))}
		}},
		{"aten.leaky_relu", nn.LeakyReLU, func(c *Call) ir.Attrs { return ir.Attrs{ir.Set("slope", ir.Float(c.Float("negative_slope")))} }},
		{"aten.rrelu", nn.LeakyReLU, func(c *Call) ir.Attrs {
			if c.Bool("training") {
				c.Failf("the model draws slopes at random (training=True): export it in eval mode, model.eval()")
			}
			return ir.Attrs{ir.Set("slope", ir.Float((c.Float("lower")+c.Float("upper"))/2))}
		}},
		{"aten.elu", nn.ELU, func(c *Call) ir.Attrs {
			return ir.Attrs{ir.Set("alpha", ir.Float(c.Float("alpha"))), ir.Set("scale", ir.Float(c.Float("scale"))), ir.Set("input_scale", ir.Float(c.Float("input_scale")))}
		}},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			var attrs ir.Attrs
			if e.attrs != nil {
				attrs = e.attrs(c)
			}
			return c.One(e.def, attrs, c.Value("self"))
		}))
	}
	for _, target := range []string{"aten.rrelu_with_noise", "aten.rrelu_with_noise_functional"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs, err := t.Lookup("aten.rrelu")(c)
			c.check(err)
			if c.Results() > 1 {
				vs = append(vs, c.Value("noise"))
			}
			return vs
		}))
	}
	t.Add("aten.silu", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		if x.Type.Elem.IsComplex() {
			return c.Mul(x, c.One(tensor.Sigmoid, nil, x))
		}
		return c.One(nn.SiLU, nil, x)
	}))
	t.Add("aten.relu", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		if !x.Type.Elem.IsFloat() {
			return c.Max(x, c.Like(x, 0))
		}
		return c.One(nn.ReLU, nil, x)
	}))
	t.Add("aten.glu", Math(func(c *Call) *ir.Value {
		x := c.Value("self")
		axis := c.Axis("dim", x.Type.Rank())
		half := x.Type.Shape[axis].FloorDiv(ir.Const(2))
		return c.Mul(c.Part(x, axis, ir.Const(0), half), c.One(tensor.Sigmoid, nil, c.Part(x, axis, half, half)))
	}))
	prelu := Math(func(c *Call) *ir.Value {
		x, w := c.Value("self"), c.Value("weight")
		if rank := x.Type.Rank(); w.Type.Rank() == 1 && rank > 1 && !w.Type.Shape[0].Equal(ir.Const(1)) { // a slope per channel
			shape := make([]ir.Dim, rank)
			for i := range shape {
				shape[i] = ir.Const(1)
			}
			shape[1] = w.Type.Shape[0]
			w = c.Reshape(w, shape...)
		} else if w.Type.Rank() == 1 && rank <= 1 {
			w = c.Reshape(w)
		}
		return c.Where(c.Compare(tensor.Gt, x, c.Like(x, 0)), x, c.Mul(w, x))
	})
	t.Add("aten.prelu", prelu)
	t.Add("aten._prelu_kernel", prelu)
}

func sinc(c *Call, x *ir.Value) *ir.Value {
	p := c.MulN(x, math.Pi)
	return c.Where(c.Compare(tensor.Eq, x, c.Like(x, 0)), c.Like(x, 1), c.Div(c.One(tensor.Sin, nil, p), p))
}

func sgn(c *Call, x *ir.Value) *ir.Value {
	if x.Type.Elem == host.Bool {
		return x
	}
	if !x.Type.Elem.IsComplex() {
		return c.One(tensor.Sign, nil, x)
	}
	size := c.Abs(x)
	zero := c.Compare(tensor.Eq, size, c.Like(size, 0))
	return c.Where(zero, c.Like(x, 0), c.Div(x, c.Cast(size, x.Type.Elem)))
}

// logNdtr is the logarithm of the normal distribution, in the two forms PyTorch uses for its tails.
func logNdtr(c *Call, x *ir.Value) *ir.Value {
	t := c.MulN(x, math.Sqrt2/2)
	low := c.Sub(c.Log(c.MulN(c.One(tensor.Erfcx, nil, c.Neg(t)), 0.5)), c.Mul(t, t))
	high := c.One(tensor.Log1p, nil, c.MulN(c.erfc(t), -0.5))
	return c.Where(c.Compare(tensor.Lt, x, c.Like(x, -1)), low, high)
}

func entropy(c *Call, x *ir.Value) *ir.Value {
	inside := c.Neg(c.Mul(x, c.Log(x)))
	v := c.Where(c.Compare(tensor.Eq, x, c.Like(x, 0)), c.Like(x, 0), inside)
	return c.Where(c.Compare(tensor.Lt, x, c.Like(x, 0)), c.Like(x, math.Inf(-1)), v)
}

func logSigmoid(c *Call, x *ir.Value) *ir.Value {
	return c.Sub(c.Min(x, c.Like(x, 0)), c.One(tensor.Log1p, nil, c.Exp(c.Neg(c.Abs(x)))))
}

func logit(c *Call, x *ir.Value) *ir.Value {
	if c.Has("eps") {
		eps := c.Float("eps")
		x = c.Clamp(x, eps, 1-eps)
	}
	return c.Log(c.Div(x, c.SubFrom(1, x)))
}

func roundDecimals(c *Call, x *ir.Value) *ir.Value {
	if !x.Type.Elem.IsFloat() {
		return x
	}
	decimals := c.Int("decimals")
	ten := c.Like(x, math.Pow10(max(decimals, -decimals)))
	switch {
	case decimals > 0:
		return c.Div(c.One(tensor.Round, nil, c.Mul(x, ten)), ten)
	case decimals < 0:
		return c.Mul(c.One(tensor.Round, nil, c.Div(x, ten)), ten)
	}
	return c.One(tensor.Round, nil, x)
}

func nanToNum(c *Call, x *ir.Value) *ir.Value {
	e := c.Result(0).Elem
	if !e.IsFloat() {
		return x
	}
	number := func(name string, otherwise float64) *ir.Value {
		if c.Has(name) {
			otherwise = c.Float(name)
		}
		return c.Like(x, otherwise)
	}
	x0 := x
	least, most := e.Range()
	x = c.Where(c.isNaN(x0), number("nan", 0), x)
	x = c.Where(c.Compare(tensor.Eq, x0, c.Like(x, math.Inf(1))), number("posinf", most), x)
	return c.Where(c.Compare(tensor.Eq, x0, c.Like(x, math.Inf(-1))), number("neginf", least), x)
}

func celu(c *Call, x *ir.Value) *ir.Value {
	a := c.Float("alpha")
	below := c.MulN(c.One(tensor.Expm1, nil, c.MulN(x, 1/a)), a)
	return c.Where(c.Compare(tensor.Gt, x, c.Like(x, 0)), x, below)
}

func selu(c *Call, x *ir.Value) *ir.Value {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	below := c.MulN(c.One(tensor.Expm1, nil, x), alpha*scale)
	return c.Where(c.Compare(tensor.Gt, x, c.Like(x, 0)), c.MulN(x, scale), below)
}

func hardshrink(c *Call, x *ir.Value) *ir.Value {
	l := c.Float("lambd")
	in := c.And(c.Compare(tensor.Ge, x, c.Like(x, -l)), c.Compare(tensor.Le, x, c.Like(x, l)))
	return c.Where(in, c.Like(x, 0), x)
}

func softshrink(c *Call, x *ir.Value) *ir.Value {
	l := c.Float("lambd")
	v := c.Where(c.Compare(tensor.Lt, x, c.Like(x, -l)), c.AddN(x, l), c.MulN(x, 0))
	return c.Where(c.Compare(tensor.Gt, x, c.Like(x, l)), c.AddN(x, -l), v)
}

func threshold(c *Call, x *ir.Value) *ir.Value {
	return c.Where(c.Compare(tensor.Le, x, c.Tensor("threshold", x.Type.Elem)), c.Tensor("value", x.Type.Elem), x)
}

func complexParts(t *Table) {
	part := func(def *ir.OpDef, ofReal func(c *Call, x *ir.Value) *ir.Value) Lowering {
		return One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if !x.Type.Elem.IsComplex() {
				return ofReal(c, x)
			}
			return c.One(def, nil, x)
		})
	}
	same := func(_ *Call, x *ir.Value) *ir.Value { return x }
	for _, target := range []string{"aten.conj", "aten._conj", "aten._conj_copy", "aten.conj_physical", "aten.resolve_conj", "aten._conj_physical"} {
		if target == "aten.resolve_conj" {
			t.Add(target, One(func(c *Call) *ir.Value { return c.Value("self") }))
			continue
		}
		t.Add(target, part(tensor.Conj, same))
	}
	t.Add("aten.real", part(tensor.Real, same))
	t.Add("aten.imag", part(tensor.Imag, func(c *Call, x *ir.Value) *ir.Value { return c.Fill(ir.Int(0), x.Type) }))
	t.Add("aten.angle", part(tensor.Angle, func(c *Call, x *ir.Value) *ir.Value {
		x = c.Out(x)
		v := c.Where(c.Compare(tensor.Lt, x, c.Like(x, 0)), c.Like(x, math.Pi), c.Like(x, 0))
		return c.Where(c.isNaN(x), x, v)
	}))
	t.Add("aten.complex", One(func(c *Call) *ir.Value { return c.One(tensor.Complex, nil, c.Value("real"), c.Value("imag")) }))
	t.Add("aten.polar", One(func(c *Call) *ir.Value {
		r, a := c.Value("abs"), c.Value("angle")
		return c.One(tensor.Complex, nil, c.Mul(r, c.One(tensor.Cos, nil, a)), c.Mul(r, c.One(tensor.Sin, nil, a)))
	}))
	t.Add("aten.view_as_real", One(func(c *Call) *ir.Value { return c.parts(c.Value("self")) }))
	t.Add("aten.view_as_real_copy", t.Lookup("aten.view_as_real"))
	t.Add("aten.view_as_complex", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		last := x.Type.Rank() - 1
		if last == 0 {
			return c.Reshape(c.Typed(tensor.Bitcast, nil, ir.StaticType(complexOf(x.Type.Elem), 1), x))
		}
		flat := slices.Clone(x.Type.Shape[:last])
		flat[last-1] = flat[last-1].Mul(ir.Const(2))
		return c.Typed(tensor.Bitcast, nil, c.Result(0), c.Reshape(x, flat...))
	}))
	t.Add("aten.view_as_complex_copy", t.Lookup("aten.view_as_complex"))
	t.Add("aten.view.dtype", One(func(c *Call) *ir.Value { return c.Typed(tensor.Bitcast, nil, c.Result(0), c.Value("self")) }))
	t.Add("aten.view_copy.dtype", t.Lookup("aten.view.dtype"))
}

// parts is a complex tensor as pairs of real numbers along a new last axis.
func (c *Call) parts(x *ir.Value) *ir.Value {
	shape := append(slices.Clone(x.Type.Shape), ir.Const(2))
	if x.Type.Rank() == 0 {
		x = c.Unsqueeze(x, 0)
	}
	wide := slices.Clone(x.Type.Shape)
	last := len(wide) - 1
	wide[last] = wide[last].Mul(ir.Const(2))
	return c.Reshape(c.Typed(tensor.Bitcast, nil, ir.TensorOf(realOf(x.Type.Elem), wide...), x), shape...)
}
