package emit

import (
	"math"

	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// The polynomials of exp, log, sin and cos are those of S. Moshier's Cephes library, the rational functions of tanh and erf
// in f32 those of Eigen. Errors are the largest found over all arguments, in units in the last place; the tests hold them.

// poly evaluates a polynomial by Horner's rule; the coefficient of the highest power comes first.
func (g *gen) poly(x value.Value, c ...float64) value.Value {
	sum := g.like(x, c[0])
	for _, a := range c[1:] {
		sum = g.fma(sum, x, g.like(x, a))
	}
	return sum
}

// nearest gives x*factor rounded to an integer as a float and as an integer, by adding a number so large that the sum has no
// fraction. It is for up to 2^22 in f32 and 2^51 in f64, and NaN passes through.
func (g *gen) nearest(x value.Value, factor float64) (float, integer value.Value) {
	magic := g.like(x, 0x1.8p23)
	if widthOf(x) == 64 {
		magic = g.like(x, 0x1.8p52)
	}
	sum := g.fma(x, g.like(x, factor), magic)
	return g.fsub(sum, magic), g.sub(g.asInt(sum), g.asInt(magic))
}

// clamp keeps x in a range and lets NaN through.
func (g *gen) clamp(x value.Value, lo, hi float64) value.Value {
	low, high := g.like(x, lo), g.like(x, hi)
	x = g.choose(g.fcmp(enum.FPredOGT, low, x), low, x)
	return g.choose(g.fcmp(enum.FPredOLT, high, x), high, x)
}

// scaled is x * 2^n; it rounds once, to a denormal or infinity too. n, an integer and the same number as a float, is in
// -2*bias..2*bias.
func (g *gen) scaled(x, n, asFloat value.Value) value.Value {
	if s := g.machine.Scalef; s != "" && lanesOf(x) == 16 && widthOf(x) == 32 {
		mask, current := constant.NewInt(types.I16, -1), constant.NewInt(types.I32, 4) // all lanes, rounding as set
		return g.pure(s, x.Type(), x, asFloat, x, mask, current)
	}
	half := g.ashr(n, 1)
	x = g.fmul(x, g.powerOf2(half))
	return g.fmul(x, g.powerOf2(g.sub(n, half)))
}

// powerOf2 is 2^n for a normal result.
func (g *gen) powerOf2(n value.Value) value.Value {
	if widthOf(n) == 64 {
		return g.asFloat(g.shl(g.add(n, g.bits(n, 1023)), 52))
	}
	return g.asFloat(g.shl(g.add(n, g.bits(n, 127)), 23))
}

// exp of f32; error below 1.1 ulp.
func (g *gen) exp(x value.Value) value.Value {
	x = g.clamp(x, -104.5, 89)
	f, n := g.nearest(x, math.Log2E)
	r := g.fma(f, g.like(x, -0.693359375), x)
	r = g.fma(f, g.like(x, 2.12194440e-4), r)
	return g.scaled(g.expSmall(r), n, f)
}

// exp2 of f32, exact for integers; error below 1 ulp. The polynomial of 2^r for |r| <= 1/2 is that of least relative error, found by
// Lawson's iteration.
func (g *gen) exp2(x value.Value) value.Value {
	var r, f, n value.Value
	if s := g.machine.Reduce; s != "" && lanesOf(x) == 16 { // and Scalef is there, which needs no n
		nearest, mask, current := constant.NewInt(types.I32, 8), constant.NewInt(types.I16, -1), constant.NewInt(types.I32, 4)
		r = g.pure(s, x.Type(), x, nearest, x, mask, current)
		f = g.fsub(x, r)
	} else {
		x = g.clamp(x, -151, 129)
		f, n = g.nearest(x, 1)
		r = g.fsub(x, f)
	}
	return g.scaled(g.poly(r, 1.5353362e-4, 1.33988739e-3, 9.61843692e-3, 5.55033237e-2, 2.40226477e-1, 6.93147182e-1, 1), n, f)
}

// expSmall is exp for |r| <= ln(2)/2.
func (g *gen) expSmall(r value.Value) value.Value {
	p := g.poly(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	return g.fadd(g.fma(p, g.fmul(r, r), r), g.like(r, 1))
}

// exp of f64; error below 2 ulp.
func (g *gen) exp64(x value.Value) value.Value {
	x = g.clamp(x, -746, 710)
	f, n := g.nearest(x, math.Log2E)
	r := g.fma(f, g.like(x, -6.93145751953125e-1), x)
	r = g.fma(f, g.like(x, -1.42860682030941723212e-6), r)
	z := g.fmul(r, r)
	p := g.fmul(r, g.poly(z, 1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1))
	q := g.poly(z, 3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2)
	y := g.fdiv(p, g.fsub(q, p))
	return g.scaled(g.fma(y, g.like(x, 2), g.like(x, 1)), n, f)
}

// exp2 of f64; error below 2 ulp.
func (g *gen) exp264(x value.Value) value.Value {
	x = g.clamp(x, -1076, 1025)
	f, n := g.nearest(x, 1)
	r := g.fsub(x, f)
	z := g.fmul(r, r)
	p := g.fmul(r, g.poly(z, 2.30933477057345225087e-2, 2.02020656693165307700e1, 1.51390680115615096133e3))
	q := g.poly(z, 1, 2.33184211722314911771e2, 4.36821166879210612817e3)
	y := g.fdiv(p, g.fsub(q, p))
	return g.scaled(g.fma(y, g.like(x, 2), g.like(x, 1)), n, f)
}

// split takes a positive number apart into m in [sqrt(1/2), sqrt(2)) and an integral e with x = m * 2^e.
func (g *gen) split(x value.Value) (m, e value.Value) {
	mant, least, up := int64(23), 0x1p-126, 0x1p23
	if widthOf(x) == 64 {
		mant, least, up = 52, 0x1p-1022, 0x1p52
	}
	tiny := g.fcmp(enum.FPredOLT, x, g.like(x, least))
	x = g.choose(tiny, g.fmul(x, g.like(x, up)), x)
	// The exponent that makes the mantissa lie around 1 instead of above it: carried over from the bits of sqrt(1/2).
	b := g.asInt(x)
	root := g.asInt(g.like(x, math.Sqrt2/2))
	off := g.sub(b, root)
	n := g.ashr(off, mant)
	m = g.asFloat(g.sub(b, g.shl(n, mant)))
	e = g.block.NewSIToFP(n, x.Type())
	return m, g.choose(tiny, g.fsub(e, g.like(x, float64(mant))), e)
}

// logSpecial puts in what the logarithm of zero, negative numbers, infinity and NaN is.
func (g *gen) logSpecial(x, y value.Value) value.Value {
	zero := g.like(x, 0)
	y = g.choose(g.fcmp(enum.FPredOLT, x, g.like(x, math.Inf(1))), y, x)
	y = g.choose(g.fcmp(enum.FPredOLT, x, zero), g.like(x, math.NaN()), y)
	return g.choose(g.fcmp(enum.FPredOEQ, x, zero), g.like(x, math.Inf(-1)), y)
}

// logCubic is log(1+r) - r + r*r/2 in f32.
func (g *gen) logCubic(r, z value.Value) value.Value {
	p := g.poly(r, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	return g.fmul(g.fmul(r, z), p)
}

// log of f32; error below 1.5 ulp.
func (g *gen) log(x value.Value) value.Value {
	m, e := g.split(x)
	r := g.fsub(m, g.like(x, 1))
	z := g.fmul(r, r)
	y := g.fma(e, g.like(x, -2.12194440e-4), g.logCubic(r, z))
	y = g.fma(z, g.like(x, -0.5), y)
	return g.logSpecial(x, g.fma(e, g.like(x, 0.693359375), g.fadd(r, y)))
}

// log2 of f32, exact for powers of two; error below 2 ulp.
func (g *gen) log2(x value.Value) value.Value {
	m, e := g.split(x)
	r := g.fsub(m, g.like(x, 1))
	z := g.fmul(r, r)
	y := g.fma(z, g.like(x, -0.5), g.logCubic(r, z))
	return g.logSpecial(x, g.log2Sum(r, y, e))
}

// log2Sum is (r+y)/ln(2) + e, with 1/ln(2) as 1 + the rest, so that little is lost.
func (g *gen) log2Sum(r, y, e value.Value) value.Value {
	rest := g.like(r, math.Log2E-1)
	s := g.fmul(y, rest)
	s = g.fma(r, rest, s)
	s = g.fadd(s, y)
	s = g.fadd(s, r)
	return g.fadd(s, e)
}

// logRational is log(1+r) - r + r*r/2 in f64.
func (g *gen) logRational(r, z value.Value) value.Value {
	p := g.poly(r, 1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854, 1.44989225341610930846e1,
		1.79368678507819816313e1, 7.70838733755885391666)
	q := g.poly(r, 1, 1.12873587189167450590e1, 4.52279145837532221105e1, 8.29875266912776603211e1, 7.11544750618563894466e1,
		2.31251620126765340583e1)
	return g.fmul(r, g.fdiv(g.fmul(z, p), q))
}

// log of f64; error below 2 ulp.
func (g *gen) log64(x value.Value) value.Value {
	m, e := g.split(x)
	r := g.fsub(m, g.like(x, 1))
	z := g.fmul(r, r)
	y := g.fma(e, g.like(x, -2.121944400546905827679e-4), g.logRational(r, z))
	y = g.fma(z, g.like(x, -0.5), y)
	return g.logSpecial(x, g.fma(e, g.like(x, 0.693359375), g.fadd(r, y)))
}

// log2 of f64; error below 2 ulp.
func (g *gen) log264(x value.Value) value.Value {
	m, e := g.split(x)
	r := g.fsub(m, g.like(x, 1))
	z := g.fmul(r, r)
	y := g.fma(z, g.like(x, -0.5), g.logRational(r, z))
	return g.logSpecial(x, g.log2Sum(r, y, e))
}
