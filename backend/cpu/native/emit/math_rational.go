package emit

import (
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/value"
)

// tanh of f32; error below 4 ulp.
func (g *gen) tanh(x value.Value) value.Value {
	c := g.clamp(x, -9, 9)
	z := g.fmul(c, c)
	p := g.poly(z, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
		1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03)
	q := g.poly(z, 1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
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

// erf of f32; error below 4 ulp.
func (g *gen) erf(x value.Value) value.Value {
	c := g.clamp(x, -4, 4)
	z := g.fmul(c, c)
	p := g.poly(z, -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
		-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)
	q := g.poly(z, -1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)
	return g.clamp(g.fdiv(g.fmul(c, p), q), -1, 1)
}
