package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Functions of f32 for targets without f64, in formulas in which nothing cancels. Errors are below 1e-5 of the result.

// singleTable is how they are computed.
func singleTable() map[*ir.OpDef]valueFunc {
	return map[*ir.OpDef]valueFunc{
		tensor.Sinh: inSingle(sinhSingle), tensor.Asinh: inSingle(asinhSingle), tensor.Acosh: inSingle(acoshSingle),
		tensor.Atanh: inSingle(atanhSingle), tensor.Hypot: inSingle(hypotSingle),
		tensor.Erfc: inSingle(erfcSingle), tensor.Erfcx: inSingle(erfcxSingle),
	}
}

func (c calc) apply(f valueFunc, x val) val { v, _ := f(c.emitter, nil, []val{x}); return v }

// sinhSingle is (E + E/(E+1)) / 2 with E = exp(x) - 1.
func sinhSingle(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	less := c.apply(expm1, x)
	y := c.mul(c.add(less, c.div(less, c.add(less, c.n(1)))), c.n(0.5))
	large := c.mul(c.one(kernel.Exp, c.mul(x, c.n(0.5))), c.n(0.5))
	large = c.mul(large, c.one(kernel.Exp, c.mul(x, c.n(0.5))))
	return c.signed(c.Select(c.less(c.n(40), x), large, y), a[0])
}

// asinhSingle is log(1 + x + x^2/(1+sqrt(x^2+1))).
func asinhSingle(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	square := c.mul(x, x)
	y := c.apply(log1p, c.add(x, c.div(square, c.add(c.n(1), c.one(kernel.Sqrt, c.add(square, c.n(1)))))))
	far := c.add(c.one(kernel.Log, x), c.n(math.Ln2))
	return c.signed(c.Select(c.less(c.n(1e8), x), far, y), a[0])
}

// acoshSingle is log(1 + t + sqrt(2t + t^2)) with t = x - 1.
func acoshSingle(c calc, a []val) val {
	t := c.sub(a[0], c.n(1))
	y := c.apply(log1p, c.add(t, c.one(kernel.Sqrt, c.mul(t, c.add(t, c.n(2))))))
	far := c.add(c.one(kernel.Log, a[0]), c.n(math.Ln2))
	y = c.Select(c.less(c.n(1e8), a[0]), far, y)
	return c.Select(c.less(a[0], c.n(1)), c.n(math.NaN()), y)
}

// atanhSingle is log(1 + 2x/(1-x)) / 2.
func atanhSingle(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	y := c.mul(c.apply(log1p, c.div(c.mul(x, c.n(2)), c.sub(c.n(1), x))), c.n(0.5))
	y = c.Select(c.Op(kernel.Equal, x, c.n(1)), c.n(math.Inf(1)), y)
	return c.signed(y, a[0])
}

// hypotSingle is m * sqrt(1 + (n/m)^2) with m the larger one.
func hypotSingle(c calc, a []val) val {
	x, y := c.one(kernel.Abs, a[0]), c.one(kernel.Abs, a[1])
	m := c.Op(kernel.Max, x, y)
	ratio := c.div(c.Op(kernel.Min, x, y), c.Select(c.Op(kernel.Equal, m, c.n(0)), c.n(1), m))
	v := c.mul(m, c.one(kernel.Sqrt, c.fma(ratio, ratio, c.n(1))))
	inf := c.n(math.Inf(1))
	for _, side := range []val{x, y} {
		v = c.Select(c.Op(kernel.Equal, side, inf), inf, v)
	}
	return v
}

// squareExp is exp(sign * x^2): what rounding the square loses is a factor of its own.
func (c calc) squareExp(x val, sign float64) val {
	square := c.mul(x, x)
	lost := c.fma(x, x, c.one(kernel.Neg, square))
	v := c.mul(c.one(kernel.Exp, c.mul(square, c.n(sign))), c.fma(lost, c.n(sign), c.n(1)))
	return c.Select(c.less(c.n(200), square), c.n(map[float64]float64{1: math.Inf(1), -1: 0}[sign]), v)
}

func erfcSingle(c calc, a []val) val {
	x := c.one(kernel.Abs, a[0])
	t, log := c.decay(x)
	y := c.mul(c.mul(t, c.one(kernel.Exp, log)), c.squareExp(x, -1))
	return c.Select(c.less(a[0], c.n(0)), c.sub(c.n(2), y), y)
}

func erfcxSingle(c calc, a []val) val {
	t, log := c.decay(c.one(kernel.Abs, a[0]))
	y := c.mul(t, c.one(kernel.Exp, log))
	back := c.sub(c.mul(c.n(2), c.squareExp(a[0], 1)), y)
	return c.Select(c.less(a[0], c.n(0)), back, y)
}

// divisors are what rest takes multiples of away, in this order. A quotient of f32 has a quarter of the bits that it needs for the
// quotients of all f32, which may be infinite, too; so a multiple of b by a power of two comes first.
func (c calc) divisors(b val) []val {
	list := make([]val, 6)
	for i := range list {
		list[i] = b
	}
	if c.t.Elem == host.F64 {
		return list
	}
	far := c.Select(c.less(c.one(kernel.Abs, b), c.n(1)), c.mul(b, c.n(0x1p127)), b)
	return append([]val{far, far, far, far, far, far}, list...)
}
