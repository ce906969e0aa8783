package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// knownInts gives the integers in the lanes of a value that is made of constants and the numbers of lanes alone.
func (g *gen) knownInts(v *kernel.Value) ([]int64, bool) {
	def := g.defs[v]
	if def == nil || !v.Type.Elem.IsInt() {
		return nil, false
	}
	list := make([]int64, v.Type.Lanes)
	for i := range list {
		switch def.Op {
		case kernel.Const:
			list[i] = def.Int
		case kernel.Lanes:
			list[i] = int64(i)
		}
	}
	if def.Op == kernel.Const || def.Op == kernel.Lanes {
		return list, true
	}
	compute := onInts[def.Op]
	if compute == nil || len(def.Args) > 2 {
		return nil, false
	}
	a, ok := g.knownInts(def.Args[0])
	b := a
	if ok && len(def.Args) == 2 {
		b, ok = g.knownInts(def.Args[1])
	}
	if !ok {
		return nil, false
	}
	for i := range list {
		list[i] = wrap(v.Type.Elem, compute(a[i%len(a)], b[i%len(b)]))
	}
	return list, true
}

// onInts are the operations on integers that are computed before printing. A splat has its number in each lane.
var onInts = map[kernel.Op]func(a, b int64) int64{
	kernel.Cast: func(a, _ int64) int64 { return a }, kernel.Splat: func(a, _ int64) int64 { return a },
	kernel.Add: func(a, b int64) int64 { return a + b }, kernel.Sub: func(a, b int64) int64 { return a - b }, kernel.Mul: func(a, b int64) int64 { return a * b },
	kernel.ShiftLeft: func(a, b int64) int64 { return a << (b & 63) },
}

// wrap keeps the low bits of a type, extended by its sign.
func wrap(e host.Elem, n int64) int64 {
	shift := 64 - e.Bits()
	if e.Kind() == host.KindInt {
		return n << shift >> shift
	}
	return int64(uint64(n) << shift >> shift)
}

// folded is a value of constants as a constant.
func (g *gen) foldedInts(in *kernel.Instr) (expr, bool) {
	if onInts[in.Op] == nil {
		return expr{}, false
	}
	list, ok := g.knownInts(in.Result)
	if !ok {
		return expr{}, false
	}
	return g.each(in.Result.Type, func(i int) expr { return number(in.Result.Type.Elem, 0, list[i]) }), true
}
