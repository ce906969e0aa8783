package emit

import (
	"math"
	"math/big"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// sin and cos of f32; errors below 1.6 ulp for all arguments.
func (g *gen) sin(x value.Value) value.Value {
	y := g.circular(x, 0)
	tiny := g.fcmp(enum.FPredOLT, g.fabs(x), g.like(x, 0x1p-12))
	return g.choose(tiny, x, y) // keeps -0
}

func (g *gen) cos(x value.Value) value.Value { return g.circular(x, 1) }

// largeAngle is where the parts of pi/2 that fit between the bits of an f32 do not suffice any more.
const largeAngle = 1e5

// circular is the sine of x + shift*pi/2.
func (g *gen) circular(x value.Value, shift int64) value.Value {
	f, n := g.nearest(x, 2/math.Pi)
	// pi/2 in three parts of 24 bits; the product with the first one is exact within the fma.
	r := g.fma(f, g.like(x, -1.57079637050628662109375), x)
	r = g.fma(f, g.like(x, 4.37113900018624283e-8), r)
	r = g.fma(f, g.like(x, 1.71512451e-15), r)
	r, n = g.reduceLarge(x, r, n)
	n = g.add(n, g.bits(n, shift))

	z := g.fmul(r, r)
	s := g.poly(z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
	s = g.fma(g.fmul(s, z), r, r)
	c := g.poly(z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
	c = g.fma(g.fmul(c, z), z, g.fma(z, g.like(z, -0.5), g.like(z, 1)))
	odd := g.icmp(enum.IPredNE, g.and(n, g.bits(n, 1)), g.bits(n, 0))
	y := g.choose(odd, c, s)
	y = g.asFloat(g.xor(g.asInt(y), g.shl(g.and(n, g.bits(n, 2)), 30)))
	finite := g.fcmp(enum.FPredOLT, g.fabs(x), g.like(x, math.Inf(1)))
	return g.choose(finite, y, g.like(x, math.NaN()))
}

// reduceLarge replaces the reduced angle and quadrant where x is large, one lane at a time and only if there is such a lane.
func (g *gen) reduceLarge(x, r, n value.Value) (value.Value, value.Value) {
	lanes := lanesOf(x)
	large := g.fcmp(enum.FPredOGT, g.fabs(x), g.like(x, largeAngle))
	any := large
	if lanes > 1 {
		any = g.rules[kernel.Any](g, host.Bool, []value.Value{large})
	}
	slow, done := g.fn.NewBlock(""), g.fn.NewBlock("")
	before := g.block
	before.NewCondBr(any, slow, done)
	g.block = slow
	reduce := g.reducer()
	r2, n2 := r, n
	for i := range lanes {
		both := g.block.NewCall(reduce, g.lane(x, i))
		angle := g.block.NewBitCast(g.block.NewTrunc(both, types.I32), types.Float)
		quadrant := g.block.NewTrunc(g.lshr(both, 32), types.I32)
		if lanes == 1 {
			r2, n2 = angle, quadrant
			continue
		}
		at := constant.NewInt(types.I64, int64(i))
		r2, n2 = g.block.NewInsertElement(r2, angle, at), g.block.NewInsertElement(n2, quadrant, at)
	}
	r2, n2 = g.choose(large, r2, r), g.choose(large, n2, n)
	g.block.NewBr(done)
	slow = g.block
	g.continueAt(done)
	return done.NewPhi(llvm.NewIncoming(r, before), llvm.NewIncoming(r2, slow)),
		done.NewPhi(llvm.NewIncoming(n, before), llvm.NewIncoming(n2, slow))
}

// reducer is a function of the module that reduces one large f32 to an angle in -pi/4..pi/4 (its bits are the low half of
// the result) and the number of the quadrant, after Payne and Hanek: only those bits of 2/pi are multiplied that reach
// around the point, so that the product is exact to 2^-62 of a quadrant.
func (g *gen) reducer() *llvm.Func {
	const name = "reduce_angle"
	if f := g.known[name]; f != nil {
		return f
	}
	table := g.module.NewGlobalDef("two_over_pi", reduceTable())
	table.Linkage, table.Immutable = enum.LinkagePrivate, true
	x := llvm.NewParam("x", types.Float)
	f := g.module.NewFunc(name, types.I64, x)
	f.Linkage = enum.LinkageInternal
	f.FuncAttrs = append(f.FuncAttrs, enum.FuncAttrNoInline)
	g.known[name] = f

	in := &gen{Module: g.Module, fn: f, block: f.NewBlock("entry")}
	b := in.asInt(x)
	exponent := in.and(in.lshr(b, 23), in.bits(b, 255))
	mantissa := in.or(in.and(b, in.bits(b, 1<<23-1)), in.bits(b, 1<<23))
	m := in.block.NewZExt(mantissa, types.I64)
	row := in.block.NewZExt(exponent, types.I64)
	place := in.shl(row, 1)
	high := in.load(types.I64, in.address(types.I64, globalRef{table}, place), 8)
	low := in.load(types.I64, in.address(types.I64, globalRef{table}, in.add(place, in.bits(place, 1))), 8)
	turn := in.add(in.mul(m, high), in.lshr(in.mul(m, low), 32)) // quadrants, with 62 bits behind the point
	n := in.lshr(in.add(turn, in.bits(turn, 1<<61)), 62)
	rest := in.sub(turn, in.shl(n, 62))
	angle := in.fmul(in.block.NewSIToFP(rest, types.Double), float(types.Double, math.Pi/2*0x1p-62))
	single := in.block.NewFPTrunc(angle, types.Float)
	negative := in.icmp(enum.IPredSLT, b, in.bits(b, 0))
	single2 := in.choose(negative, in.block.NewFNeg(single), single)
	n = in.choose(negative, in.sub(in.bits(n, 0), n), n)
	bits := in.block.NewZExt(in.asInt(single2), types.I64)
	in.block.NewRet(in.or(bits, in.shl(n, 32)))
	return f
}

// reduceTable has for each exponent of an f32 the factor of its mantissa: 2/pi * 2^(exponent-150) modulo 4, as 64 bits of
// which 62 are behind the point, and 32 bits more.
func reduceTable() constant.Constant {
	const precision = 512
	pi, _, err := big.ParseFloat(piText, 10, precision, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	ratio := new(big.Float).SetPrec(precision).Quo(big.NewFloat(2).SetPrec(precision), pi)
	var words []constant.Constant
	word := func(n *big.Int, shift uint, bits uint) {
		mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
		v := new(big.Int).And(new(big.Int).Rsh(n, shift), mask)
		words = append(words, constant.NewInt(types.I64, int64(v.Uint64())))
	}
	for e := range 256 {
		scaled := new(big.Float).SetMantExp(ratio, e-150+62+32)
		n, _ := scaled.Int(nil)
		word(n, 32, 64)
		word(n, 0, 32)
	}
	return constant.NewArray(types.NewArray(uint64(len(words)), types.I64), words...)
}

// piText is pi to 100 digits, of which the largest f32 needs the first 70.
const piText = "3.141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117068"

// globalRef is the address of a global, which llir itself prints with a typed pointer.
type globalRef struct{ global *llvm.Global }

func (r globalRef) Type() types.Type { return pointer{} }
func (r globalRef) Ident() string    { return r.global.Ident() }
func (r globalRef) String() string   { return "ptr " + r.global.Ident() }
