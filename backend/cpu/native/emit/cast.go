package emit

import (
	"math"

	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/ir/host"
)

// cast converts between element types, in steps where the machine has no single one.
func (g *gen) cast(v value.Value, from, e host.Elem) value.Value {
	switch {
	case from == e:
		return v
	case from == host.BF16:
		return g.cast(g.fromBF16(v), host.F32, e)
	case from == host.F16 && e != host.F32:
		return g.cast(g.block.NewFPExt(v, to(v, types.Float)), host.F32, e)
	case e == host.BF16 && from == host.F32:
		return g.toBF16(v)
	case (e == host.BF16 || e == host.F16) && from != host.F32: // by way of f32, as the interpreter does it
		return g.cast(g.cast(v, from, host.F32), host.F32, e)
	case from.IsFloat() && e.IsFloat():
		if from.Bits() < e.Bits() {
			return g.block.NewFPExt(v, to(v, held(e)))
		}
		return g.block.NewFPTrunc(v, to(v, held(e)))
	case from.IsFloat() && e == host.Bool:
		return g.fcmp(enum.FPredUNE, v, g.like(v, 0))
	case from.IsFloat():
		return g.saturate(v, e)
	case e == host.Bool:
		return g.icmp(enum.IPredNE, v, g.bits(v, 0))
	case e.IsFloat() && signed(from):
		return g.block.NewSIToFP(v, to(v, held(e)))
	case e.IsFloat():
		return g.block.NewUIToFP(v, to(v, held(e)))
	}
	return g.resize(v, from, intType(e.Bits()))
}

// resize keeps the low bits of an integer, or extends it by its own sign.
func (g *gen) resize(v value.Value, from host.Elem, t *types.IntType) value.Value {
	switch w := widthOf(v); {
	case w > int(t.BitSize):
		return g.block.NewTrunc(v, to(v, t))
	case w == int(t.BitSize):
		return v
	case signed(from):
		return g.block.NewSExt(v, to(v, t))
	}
	return g.block.NewZExt(v, to(v, t))
}

// saturate converts a float to the nearest integer toward zero that the type has; NaN is 0. It goes by way of a signed integer
// that is wide enough, clamped as a float before and chosen by comparisons after, where the bounds are no floats.
func (g *gen) saturate(v value.Value, e host.Elem) value.Value {
	least, most := e.Range()
	wide := types.I32
	if e.Bits() >= 32 && e != host.I32 {
		wide = types.I64
	}
	v = g.choose(g.isNaN(v), g.like(v, 0), v)
	below := g.fcmp(enum.FPredOLE, v, g.like(v, least))
	above := g.fcmp(enum.FPredOGE, v, g.like(v, math.Ldexp(1, e.Bits()-btoi(signed(e)))))
	if e.Bits() < 32 {
		above = g.fcmp(enum.FPredOGE, v, g.like(v, most))
	}
	safe := g.choose(g.or(below, above), g.like(v, 0), v)
	var n value.Value
	if e == host.U64 {
		n = g.block.NewFPToUI(safe, to(v, types.I64))
	} else {
		n = g.block.NewFPToSI(safe, to(v, wide))
	}
	n = g.resize(n, host.I64, intType(e.Bits()))
	top := int64(-1)
	low := int64(0)
	if signed(e) {
		top, low = 1<<(e.Bits()-1)-1, -1<<(e.Bits()-1)
	}
	return g.choose(below, g.bits(n, low), g.choose(above, g.bits(n, top), n))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fromBF16 puts the bits into the upper half of an f32.
func (g *gen) fromBF16(v value.Value) value.Value {
	return g.asFloat(g.shl(g.block.NewZExt(v, to(v, types.I32)), 16))
}

// toBF16 rounds to nearest even by integer arithmetic, as not every target has an instruction. A NaN stays one.
func (g *gen) toBF16(v value.Value) value.Value {
	b := g.asInt(v)
	odd := g.and(g.lshr(b, 16), g.bits(b, 1))
	rounded := g.add(b, g.add(odd, g.bits(b, 0x7fff)))
	quiet := g.or(b, g.bits(b, 1<<22))
	return g.block.NewTrunc(g.lshr(g.choose(g.isNaN(v), quiet, rounded), 16), to(v, types.I16))
}

// dotBytes adds to each lane of c the dot product of four neighbouring bytes, a without sign and b with it.
func (g *gen) dotBytes(a, b, c value.Value) value.Value {
	lanes := lanesOf(c)
	if d, ok := g.machine.dot(g.machine.Bytes, lanes); ok {
		return g.inParts(d, lanes, c, a, b, types.I32)
	}
	extended := func(v value.Value, first int, sign bool) value.Value {
		v = g.pick(v, lanes, first, 4)
		if sign {
			return g.block.NewSExt(v, to(v, types.I32))
		}
		return g.block.NewZExt(v, to(v, types.I32))
	}
	for i := range 4 {
		c = g.add(c, g.mul(extended(a, i, false), extended(b, i, true)))
	}
	return c
}

// dotHalf adds to each lane of c the dot product of two neighbouring bf16. The instruction takes denormals for zero and
// rounds in an order of its own.
func (g *gen) dotHalf(a, b, c value.Value) value.Value {
	lanes := lanesOf(c)
	if d, ok := g.machine.dot(g.machine.Halves, lanes); ok {
		return g.inParts(d, lanes, c, a, b, rawType("bfloat"))
	}
	for i := range 2 {
		c = g.fma(g.fromBF16(g.pick(a, lanes, i, 2)), g.fromBF16(g.pick(b, lanes, i, 2)), c)
	}
	return c
}

// pick takes every step-th lane, from the first.
func (g *gen) pick(v value.Value, lanes, first, step int) value.Value {
	if lanes == 1 {
		return g.lane(v, first)
	}
	return g.shuffle(v, g.poison(v), run(first, lanes, step))
}

// inParts calls an intrinsic on as many lanes at a time as it takes. Its other arguments are shown as vectors of elem.
func (g *gen) inParts(d Dot, lanes int, c, a, b value.Value, elem types.Type) value.Value {
	times := lanesOf(a) / lanes
	var parts []value.Value
	for at := 0; at < lanes; at += d.Lanes {
		t := shaped(elem, d.Lanes)
		if elem != types.I32 {
			t = shaped(elem, d.Lanes*times)
		}
		x := g.block.NewBitCast(g.part(a, at*times, d.Lanes*times), t)
		y := g.block.NewBitCast(g.part(b, at*times, d.Lanes*times), t)
		acc := g.part(c, at, d.Lanes)
		parts = append(parts, g.pure(d.Name, acc.Type(), acc, x, y))
	}
	return g.joinAny(parts)
}

// joinAny joins any number of vectors of equal type.
func (g *gen) joinAny(parts []value.Value) value.Value {
	for len(parts)&(len(parts)-1) != 0 {
		n := lanesOf(parts[0])
		whole := g.joinAny(parts[:len(parts)-1])
		last := g.shuffle(parts[len(parts)-1], g.poison(parts[len(parts)-1]), append(run(0, n, 1), make([]int, lanesOf(whole)-n)...))
		return g.shuffle(whole, last, run(0, lanesOf(whole)+n, 1))
	}
	return g.join(parts)
}
