package emit

import (
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// pickLanes gives the lanes of a table that integers name by their low bits.
func (g *gen) pickLanes(table, at value.Value) value.Value {
	w := g.machine.Pick.Lanes
	if w == 0 || widthOf(table) != 32 || lanesOf(at)%w != 0 {
		return g.pickEach(table, at)
	}
	if n := lanesOf(at) / w; n&(n-1) != 0 { // join wants a power of two of them
		return g.pickEach(table, at)
	}
	whole := elemOf(table).Equal(types.I32)
	if whole {
		table = g.asFloat(table)
	}
	if n := lanesOf(table); n < w { // repeated, so that bits above those of the table do not matter
		index := make([]int, w)
		for i := range index {
			index[i] = i % n
		}
		table = g.shuffle(g.vector(table), g.poison(g.vector(table)), index)
	}
	var parts []value.Value
	for i := 0; i < lanesOf(at); i += w {
		parts = append(parts, g.pickFrom(table, g.part(at, i, w)))
	}
	v := g.join(parts)
	if whole {
		v = g.asInt(v)
	}
	return v
}

// pickFrom looks up one vector of places: in one or two vectors by an instruction, in larger tables by halves.
func (g *gen) pickFrom(table, at value.Value) value.Value {
	n, w := lanesOf(table), g.machine.Pick.Lanes
	switch {
	case n == w:
		return g.pure(g.machine.Pick.Name, table.Type(), table, at)
	case n == 2*w && g.machine.Pick2.Lanes == w:
		low, high := g.part(table, 0, w), g.part(table, w, w)
		return g.pure(g.machine.Pick2.Name, low.Type(), low, at, high)
	}
	low, high := g.pickFrom(g.part(table, 0, n/2), at), g.pickFrom(g.part(table, n/2, n/2), at)
	upper := g.icmp(enum.IPredNE, g.and(at, g.bits(at, int64(n/2))), g.bits(at, 0))
	return g.choose(upper, high, low)
}

// pickEach takes lane by lane.
func (g *gen) pickEach(table, at value.Value) value.Value {
	n, lanes := lanesOf(table), lanesOf(at)
	table = g.vector(table)
	at = g.and(at, g.bits(at, int64(n-1)))
	if lanes == 1 {
		return g.block.NewExtractElement(table, at)
	}
	v := value.Value(constant.NewPoison(types.NewVector(uint64(lanes), elemOf(table))))
	for i := range lanes {
		x := g.block.NewExtractElement(table, g.lane(at, i))
		v = g.block.NewInsertElement(v, x, constant.NewInt(types.I64, int64(i)))
	}
	return v
}
