package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// specials holds the functions of torch.special that are not made of elementary ones. Integers become floats first.
func specials(t *Table) {
	for _, e := range []named{
		{"aten.special_ndtri", tensor.Ndtri}, {"aten.special_airy_ai", tensor.AiryAi}, {"aten.special_i0e", tensor.BesselI0e},
		{"aten.special_i1e", tensor.BesselI1e}, {"aten.special_bessel_j0", tensor.BesselJ0}, {"aten.special_bessel_j1", tensor.BesselJ1},
		{"aten.special_bessel_y0", tensor.BesselY0}, {"aten.special_bessel_y1", tensor.BesselY1},
		{"aten.special_scaled_modified_bessel_k0", tensor.BesselK0e}, {"aten.special_scaled_modified_bessel_k1", tensor.BesselK1e},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value { return c.One(e.def, nil, c.selfOrX()) }))
	}
	for _, e := range []named{
		{"aten.igamma", tensor.Gammainc}, {"aten.special_gammainc", tensor.Gammainc}, {"aten.igammac", tensor.Gammaincc},
		{"aten.special_gammaincc", tensor.Gammaincc}, {"aten.special_zeta", tensor.Zeta},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value {
			return c.One(e.def, nil, c.Tensor("self", c.math), c.Tensor("other", c.math))
		}))
	}
	for _, e := range []formula{
		{"aten.i0", besselI0},
		{"aten.special_i0", besselI0},
		{"aten.special_modified_bessel_i0", besselI0},
		{"aten.special_i1", besselI1},
		{"aten.special_modified_bessel_i1", besselI1},
		{"aten.special_modified_bessel_k0", func(c *Call, x *ir.Value) *ir.Value { return c.timesExp(tensor.BesselK0e, x, c.Neg(x)) }},
		{"aten.special_modified_bessel_k1", func(c *Call, x *ir.Value) *ir.Value { return c.timesExp(tensor.BesselK1e, x, c.Neg(x)) }},
		{"aten.special_spherical_bessel_j0", sphericalJ0},
		{"aten.polygamma", polygamma},
		{"aten.special_polygamma", polygamma},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value { return e.fn(c, c.selfOrX()) }))
	}
	for _, e := range []formula{ // PyTorch rounds each step to the type
		{"aten.special_ndtr", ndtr},
		{"aten.mvlgamma", mvlgamma},
		{"aten.special_multigammaln", mvlgamma},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value { return e.fn(c, c.Out(c.Value("self"))) }))
	}
	polynomials(t)
	t.Add("aten.frexp.Tensor", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		return []*ir.Value{c.One(tensor.Mantissa, nil, x), c.Cast(c.One(tensor.Exponent, nil, x), c.Result(1).Elem)}
	}))
}

// selfOrX is the one tensor of a call: some schemas call it self, some x.
func (c *Call) selfOrX() *ir.Value {
	if c.Has("x") {
		return c.Value("x")
	}
	return c.Value("self")
}

func polynomials(t *Table) {
	for _, e := range []named{
		{"chebyshev_polynomial_t", tensor.ChebyshevT}, {"chebyshev_polynomial_u", tensor.ChebyshevU},
		{"chebyshev_polynomial_v", tensor.ChebyshevV}, {"chebyshev_polynomial_w", tensor.ChebyshevW},
		{"hermite_polynomial_h", tensor.HermiteH}, {"hermite_polynomial_he", tensor.HermiteHe},
		{"laguerre_polynomial_l", tensor.LaguerreL}, {"legendre_polynomial_p", tensor.LegendreP},
	} {
		t.Add("aten.special_"+e.target, Math(func(c *Call) *ir.Value {
			return c.One(e.def, nil, c.Tensor("x", c.math), c.Tensor("n", c.math))
		}))
	}
	for _, e := range []named{ // those above, of 2x - 1
		{"t", tensor.ChebyshevT}, {"u", tensor.ChebyshevU}, {"v", tensor.ChebyshevV}, {"w", tensor.ChebyshevW},
	} {
		t.Add("aten.special_shifted_chebyshev_polynomial_"+e.target, Math(func(c *Call) *ir.Value {
			x := c.AddN(c.MulN(c.Tensor("x", c.math), 2), -1)
			return c.One(e.def, nil, x, c.Tensor("n", c.math))
		}))
	}
}

// timesExp is the scaled function times exp(y). Like PyTorch's, it overflows where exp does and is NaN at infinity.
func (c *Call) timesExp(scaled *ir.OpDef, x, y *ir.Value) *ir.Value {
	return c.Mul(c.Exp(y), c.One(scaled, nil, x))
}

func besselI0(c *Call, x *ir.Value) *ir.Value { return c.timesExp(tensor.BesselI0e, x, c.Abs(x)) }
func besselI1(c *Call, x *ir.Value) *ir.Value { return c.timesExp(tensor.BesselI1e, x, c.Abs(x)) }

// sphericalJ0 is sin(x)/x.
func sphericalJ0(c *Call, x *ir.Value) *ir.Value {
	v := c.Where(c.Compare(tensor.Eq, x, c.Like(x, 0)), c.Like(x, 1), c.Div(c.One(tensor.Sin, nil, x), x))
	return c.Where(c.isInf(x), c.Like(x, 0), v)
}

// polygamma is a derivative of digamma: from the second on, a factorial times a zeta function, as PyTorch has it.
func polygamma(c *Call, x *ir.Value) *ir.Value {
	n := c.Int("n")
	switch {
	case n < 0:
		c.Failf("n is %d, expected 0 or more", n)
	case n == 0:
		return c.One(tensor.Digamma, nil, x)
	case n == 1:
		return c.One(tensor.Trigamma, nil, x)
	}
	factorial := math.Gamma(float64(n) + 1)
	if n%2 == 0 {
		factorial = -factorial
	}
	return c.MulN(c.One(tensor.Zeta, nil, c.Like(x, float64(n)+1), x), factorial)
}

// ndtr is the normal distribution.
func ndtr(c *Call, x *ir.Value) *ir.Value {
	return c.MulN(c.AddN(c.One(tensor.Erf, nil, c.MulN(x, math.Sqrt2/2)), 1), 0.5)
}

// mvlgamma adds values of lgamma; only the sum is not rounded in between.
func mvlgamma(c *Call, x *ir.Value) *ir.Value {
	p := c.Int("p")
	if p < 1 || p > 1000 {
		c.Failf("p is %d, expected 1 to 1000", p)
	}
	wide := opmath(x.Type.Elem)
	var sum *ir.Value
	for j := range p {
		v := c.Cast(c.One(tensor.Lgamma, nil, c.AddN(x, -float64(j)/2)), wide)
		if sum == nil {
			sum = v
		} else {
			sum = c.Add(sum, v)
		}
	}
	return c.Out(c.AddN(c.Cast(c.Out(sum), wide), float64(p*(p-1))/4*math.Log(math.Pi)))
}
