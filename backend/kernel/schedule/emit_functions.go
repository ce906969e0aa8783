package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Functions of f32 that are made of others. Where terms cancel they are computed in f64, from which one rounding is left; errors
// are a few units in the last place, and below 4e-7 for erfc, erfcx and erfinv.

// functionTable is how the less usual functions are computed.
func functionTable() map[*ir.OpDef]valueFunc {
	return map[*ir.OpDef]valueFunc{
		tensor.Sinh: inDouble(sinh), tensor.Cosh: inDouble(cosh), tensor.Asinh: inDouble(asinh), tensor.Acosh: inDouble(acosh),
		tensor.Atanh: inDouble(atanh), tensor.Hypot: inDouble(hypot),
		tensor.Asin: inSingle(asin), tensor.Acos: inSingle(acos), tensor.Atan: inSingle(atan), tensor.Atan2: inSingle(atan2),
		tensor.Erfc: inDouble(erfc), tensor.Erfcx: inDouble(erfcx), tensor.Erfinv: inSingle(erfinv),
	}
}

// calc writes formulas of one type.
type calc struct {
	*emitter
	t kernel.Type
}

type val = *kernel.Value

func (c calc) n(x float64) val             { return c.Float(c.t, x) }
func (c calc) add(a, b val) val            { return c.Op(kernel.Add, a, b) }
func (c calc) sub(a, b val) val            { return c.Op(kernel.Sub, a, b) }
func (c calc) mul(a, b val) val            { return c.Op(kernel.Mul, a, b) }
func (c calc) div(a, b val) val            { return c.Op(kernel.Div, a, b) }
func (c calc) fma(a, b, d val) val         { return c.Op(kernel.MulAdd, a, b, d) }
func (c calc) one(op kernel.Op, a val) val { return c.Op(op, a) }
func (c calc) less(a, b val) val           { return c.Op(kernel.Less, a, b) }
func (c calc) signed(a, b val) val         { v, _ := copysign(c.emitter, nil, []val{a, b}); return v }

// poly evaluates a polynomial by Horner's rule; the coefficient of the highest power comes first.
func (c calc) poly(x val, coef ...float64) val {
	sum := c.n(coef[0])
	for _, a := range coef[1:] {
		sum = c.fma(sum, x, c.n(a))
	}
	return sum
}

// inDouble computes a function of f32 in f64, where the target has it.
func inDouble(f func(c calc, a []val) val) valueFunc {
	return func(e *emitter, op *ir.Op, a []val) (val, error) {
		if a[0].Type.Elem != host.F32 {
			return nil, reason(op, "it is not emitted for %s", a[0].Type.Elem)
		}
		wide := make([]val, len(a))
		for i, x := range a {
			wide[i] = e.Cast(x, e.target.wide())
		}
		return e.Cast(f(calc{e, wide[0].Type}, wide), host.F32), nil
	}
}

func inSingle(f func(c calc, a []val) val) valueFunc {
	return func(e *emitter, op *ir.Op, a []val) (val, error) {
		if a[0].Type.Elem != host.F32 {
			return nil, reason(op, "it is not emitted for %s", a[0].Type.Elem)
		}
		return f(calc{e, a[0].Type}, a), nil
	}
}

// small takes the first two terms of a series, x + k*x^3, below 1e-3 in place of a formula that cancels there.
func (c calc) small(x val, k float64, otherwise val) val {
	series := c.fma(c.mul(c.mul(x, x), c.n(k)), x, x)
	return c.Select(c.less(c.one(kernel.Abs, x), c.n(1e-3)), series, otherwise)
}

func sinh(c calc, a []val) val {
	up, down := c.one(kernel.Exp, a[0]), c.one(kernel.Exp, c.one(kernel.Neg, a[0]))
	return c.small(a[0], 1./6, c.mul(c.sub(up, down), c.n(0.5)))
}

func cosh(c calc, a []val) val {
	up, down := c.one(kernel.Exp, a[0]), c.one(kernel.Exp, c.one(kernel.Neg, a[0]))
	return c.mul(c.add(up, down), c.n(0.5))
}

func asinh(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	y := c.one(kernel.Log, c.add(x, c.one(kernel.Sqrt, c.fma(x, x, c.n(1)))))
	return c.small(a[0], -1./6, c.signed(y, a[0]))
}

func acosh(c calc, a []val) val {
	y := c.one(kernel.Log, c.add(a[0], c.one(kernel.Sqrt, c.fma(a[0], a[0], c.n(-1)))))
	return c.Select(c.less(a[0], c.n(1)), c.n(math.NaN()), y)
}

func atanh(c calc, a []val) val {
	y := c.mul(c.one(kernel.Log, c.div(c.add(c.n(1), a[0]), c.sub(c.n(1), a[0]))), c.n(0.5))
	return c.small(a[0], 1./3, y)
}

func hypot(c calc, a []val) val {
	y := c.one(kernel.Sqrt, c.fma(a[0], a[0], c.mul(a[1], a[1])))
	inf := c.n(math.Inf(1))
	for _, x := range a {
		y = c.Select(c.Op(kernel.Equal, c.one(kernel.Abs, x), inf), inf, y)
	}
	return y
}

// arc is the arc tangent for 0 <= x <= 1 (S. Moshier's Cephes).
func (c calc) arc(x val) val {
	big := c.less(c.n(math.Sqrt2-1), x)
	x = c.Select(big, c.div(c.sub(x, c.n(1)), c.add(x, c.n(1))), x)
	z := c.mul(x, x)
	y := c.fma(c.mul(c.poly(z, 8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1), z), x, x)
	return c.add(c.Select(big, c.n(math.Pi/4), c.n(0)), y)
}

func atan(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	over := c.less(c.n(1), x)
	y := c.arc(c.Select(over, c.div(c.n(1), x), x))
	y = c.Select(over, c.sub(c.n(math.Pi/2), y), y)
	return c.signed(y, a[0])
}

// atan2 is the angle of the point (x, y) with y before x, as the operation has them.
func atan2(c calc, a []val) val {
	y, x := c.one(kernel.Abs, a[0]), c.one(kernel.Abs, a[1])
	steep := c.less(x, y)
	top, bottom := c.Op(kernel.Min, x, y), c.Op(kernel.Max, x, y)
	ratio := c.Select(c.Op(kernel.Equal, top, bottom), c.n(1), c.div(top, bottom)) // both infinite, too
	ratio = c.Select(c.Op(kernel.Equal, bottom, c.n(0)), c.n(0), ratio)
	angle := c.arc(ratio)
	angle = c.Select(steep, c.sub(c.n(math.Pi/2), angle), angle)
	left := c.less(c.signed(c.n(1), a[1]), c.n(0)) // -0 is on the left
	angle = c.Select(left, c.sub(c.n(math.Pi), angle), angle)
	return c.signed(angle, a[0])
}

// asinSmall is the arc sine for |x| <= 1/2 (S. Moshier's Cephes).
func (c calc) asinSmall(x val) val {
	z := c.mul(x, x)
	p := c.poly(z, 4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2, 1.6666752422e-1)
	return c.fma(c.mul(p, z), x, x)
}

// asinLarge is pi/2 less the arc sine for x from 1/2 to 1.
func (c calc) asinLarge(x val) val {
	return c.mul(c.n(2), c.asinSmall(c.one(kernel.Sqrt, c.mul(c.sub(c.n(1), x), c.n(0.5)))))
}

func asin(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	y := c.Select(c.less(c.n(0.5), x), c.sub(c.n(math.Pi/2), c.asinLarge(x)), c.asinSmall(x))
	return c.signed(y, a[0])
}

func acos(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	large := c.asinLarge(x)
	large = c.Select(c.less(a[0], c.n(0)), c.sub(c.n(math.Pi), large), large)
	return c.Select(c.less(c.n(0.5), x), large, c.sub(c.n(math.Pi/2), c.asinSmall(a[0])))
}

// decay is log(erfcx(x)) for x >= 0 (W. Press et al., Numerical Recipes: a Chebyshev fit).
func (c calc) decay(x val) (t, log val) {
	t = c.div(c.n(1), c.fma(x, c.n(0.5), c.n(1)))
	return t, c.poly(t, 0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223)
}

func erfc(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	t, log := c.decay(x)
	y := c.mul(t, c.one(kernel.Exp, c.fma(c.one(kernel.Neg, x), x, log)))
	return c.Select(c.less(a[0], c.n(0)), c.sub(c.n(2), y), y)
}

func erfcx(c calc, a []val) val {
	t, log := c.decay(c.one(kernel.Abs, a[0]))
	y := c.mul(t, c.one(kernel.Exp, log))
	back := c.sub(c.mul(c.n(2), c.one(kernel.Exp, c.mul(a[0], a[0]))), y)
	return c.Select(c.less(a[0], c.n(0)), back, y)
}

// erfinv by M. Giles, Approximating the erfinv function.
func erfinv(c calc, a []val) val {
	x := a[0]
	w := c.one(kernel.Neg, c.one(kernel.Log, c.mul(c.sub(c.n(1), x), c.add(c.n(1), x))))
	near := c.poly(c.sub(w, c.n(2.5)), 2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)
	far := c.poly(c.sub(c.one(kernel.Sqrt, w), c.n(3)), -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)
	y := c.mul(c.Select(c.less(w, c.n(5)), near, far), x)
	end := c.Op(kernel.Equal, c.one(kernel.Abs, x), c.n(1))
	return c.Select(end, c.signed(c.n(math.Inf(1)), x), y)
}

// power is x to the power of y, in f64: the sign is that of odd powers of negative numbers.
func power(c calc, a []val) val {
	x, y, m := a[0], a[1], c.one(kernel.Abs, a[0])
	inf := c.n(math.Inf(1))
	equal := func(a, b val) val { return c.Op(kernel.Equal, a, b) }
	v := c.one(kernel.Exp2, c.mul(y, c.one(kernel.Log2, m)))
	half := c.mul(y, c.n(0.5))
	whole := equal(c.one(kernel.Floor, y), y)
	odd := c.Op(kernel.And, whole, c.Op(kernel.Not, equal(c.one(kernel.Floor, half), half)))
	v = c.Select(odd, c.signed(v, x), v)
	negative := c.Op(kernel.And, c.less(x, c.n(0)), c.less(m, inf))
	v = c.Select(c.Op(kernel.And, negative, c.Op(kernel.Not, whole)), c.n(math.NaN()), v)
	unit := c.Op(kernel.Or, equal(x, c.n(1)), equal(y, c.n(0)))
	unit = c.Op(kernel.Or, unit, c.Op(kernel.And, equal(m, c.n(1)), equal(c.one(kernel.Abs, y), inf)))
	return c.Select(unit, c.n(1), v)
}

// rest is what a division of f32 without fraction leaves over, in f64 and exact: each step takes as many multiples of b away as a
// quotient has bits, and the exponents of f32 differ by less than 6 times as many. The quotient of the last step may be one too
// large.
func (c calc) rest(a, b val) val {
	r := a
	for _, by := range c.divisors(b) {
		q := c.one(kernel.Trunc, c.div(r, by))
		r = c.fma(c.one(kernel.Neg, q), by, r)
	}
	b = c.signed(b, a)
	low := c.Op(kernel.And, c.less(r, c.n(0)), c.less(c.n(0), a))
	high := c.Op(kernel.And, c.less(c.n(0), r), c.less(a, c.n(0)))
	r = c.Select(c.Op(kernel.Or, low, high), c.add(r, b), r)
	endless := c.Op(kernel.Equal, c.one(kernel.Abs, b), c.n(math.Inf(1)))
	r = c.Select(c.Op(kernel.And, endless, c.less(c.one(kernel.Abs, a), c.n(math.Inf(1)))), a, r)
	return c.signed(r, a)
}

// unlike reports numbers that are not zero and have other signs than b.
func (c calc) unlike(r, b val) val {
	differ := c.Op(kernel.Xor, c.less(r, c.n(0)), c.less(b, c.n(0)))
	return c.Op(kernel.And, differ, c.Op(kernel.Not, c.Op(kernel.Equal, r, c.n(0))))
}

func floatMod(c calc, a []val) val { return c.rest(a[0], a[1]) }

func floatRemainder(c calc, a []val) val {
	r := c.rest(a[0], a[1])
	return c.Select(c.unlike(r, a[1]), c.add(r, a[1]), r)
}

// floatFloorDiv is PyTorch's: the quotient of what is left without the rest, rounded to the nearest whole number.
func floatFloorDiv(c calc, a []val) val {
	r := c.rest(a[0], a[1])
	q := c.div(c.sub(a[0], r), a[1])
	q = c.Select(c.unlike(r, a[1]), c.sub(q, c.n(1)), q)
	down := c.one(kernel.Floor, q)
	v := c.Select(c.less(c.n(0.5), c.sub(q, down)), c.add(down, c.n(1)), down)
	plain := c.div(a[0], a[1])
	v = c.Select(c.Op(kernel.Equal, q, c.n(0)), c.signed(c.n(0), plain), v)
	return c.Select(c.Op(kernel.Equal, a[1], c.n(0)), plain, v)
}
