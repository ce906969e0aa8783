package emit

import (
	"math"

	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/value"
)

// tanh of f32; error below 5 ulp, next to where it becomes 1.
func (g *gen) tanh(x value.Value) value.Value {
	c := g.clamp(x, -9, 9)
	z := g.fmul(c, c)
	p := g.poly(z, 1.394553628e-08, 2.102733560e-05, 3.520756727e-03, 1.340216100e-01, 1)
	q := g.poly(z, 8.015776984e-07, 3.326951409e-04, 2.597254514e-02, 4.673548340e-01, 1)
	y := g.fdiv(g.fmul(c, p), q)
	tiny := g.fcmp(enum.FPredOLT, g.fabs(x), g.like(x, 0.0004))
	return g.choose(tiny, x, g.clamp(y, -1, 1))
}

// tanh of f64, with a rational function of Cephes below 0.625 and exp above; error below 2 ulp.
func (g *gen) tanh64(x value.Value) value.Value {
	z := g.fmul(x, x)
	p := g.poly(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3)
	q := g.poly(z, 1, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3)
	small := g.fma(g.fmul(x, z), g.fdiv(p, q), x)
	magnitude := g.fabs(x)
	e := g.exp64(g.fmul(magnitude, g.like(x, 2)))
	large := g.fsub(g.like(x, 1), g.fdiv(g.like(x, 2), g.fadd(e, g.like(x, 1))))
	large = g.pure("llvm.copysign."+mangled(x.Type()), x.Type(), large, x)
	return g.choose(g.fcmp(enum.FPredOLT, magnitude, g.like(x, 0.625)), small, large)
}

// erf of f32; error below 5 ulp, next to where it becomes 1.
func (g *gen) erf(x value.Value) value.Value {
	c := g.clamp(x, -3.925724029541015625, 3.925724029541015625)
	z := g.fmul(c, c)
	p := g.poly(z, 2.123732201653183437883853912353515625e-06, 2.861979592125862836837768554687500e-04, 3.658048342913389205932617187500e-03,
		5.243302136659622192382812500000e-02, 1.874160766601562500000000000000e-01, 1.128379106521606445312500000000e+00)
	q := g.poly(z, 3.89185734093189239501953125e-05, 1.14329601638019084930419921875e-03, 1.47520881146192550659179687500e-02,
		1.12945675849914550781250000000e-01, 4.99425798654556274414062500000e-01, 1)
	y := g.clamp(g.fdiv(g.fmul(c, p), q), -1, 1)
	tiny := g.fcmp(enum.FPredOLT, g.fabs(x), g.like(x, 1e-4)) // where c*p may be a denormal
	return g.choose(tiny, g.fmul(x, g.like(x, 2/math.SqrtPi)), y)
}
