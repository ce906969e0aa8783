package emit

import (
	"fmt"

	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// pickLanes gives the lanes of a table that integers name by their low bits.
func (g *gen) pickLanes(table, at value.Value) value.Value {
	if g.machine.Bytes4 != "" && widthOf(table) == 32 && widthOf(at) == 32 && lanesOf(at)%4 == 0 && lanesOf(table) <= 64 {
		return g.pickBytes(table, at)
	}
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

// pickBytes looks up four places at a time, each as the four bytes that it has in up to 256: 64 by one instruction.
func (g *gen) pickBytes(table, at value.Value) value.Value {
	const w, quarter = 4, 16 // places at a time, and numbers that an instruction takes
	elem, n := elemOf(table), lanesOf(table)
	for ; n < w; n *= 2 {
		table = g.shuffle(g.vector(table), g.poison(g.vector(table)), append(run(0, n, 1), run(0, n, 1)...))
	}
	bytes := func(v value.Value) value.Value { return g.block.NewBitCast(v, types.NewVector(4*w, types.I8)) }
	at = g.and(at, g.bits(at, int64(n-1)))
	at = g.add(g.mul(at, g.bits(at, 0x04040404)), g.bits(at, 0x03020100))
	var parts []value.Value
	for i := 0; i < lanesOf(at); i += w {
		places := bytes(g.part(at, i, w))
		var all value.Value
		for first := 0; first < n; first += quarter {
			var vectors []value.Value
			for k := first; k < min(first+quarter, n); k += w {
				vectors = append(vectors, bytes(g.part(table, k, w)))
			}
			name := fmt.Sprintf("%s%d.v16i8", g.machine.Bytes4, len(vectors))
			found := value.Value(g.pure(name, places.Type(), append(vectors, g.sub(places, g.bits(places, int64(int8(4*first)))))...))
			if all != nil {
				found = g.or(all, found)
			}
			all = found
		}
		parts = append(parts, g.block.NewBitCast(all, types.NewVector(w, elem)))
	}
	return g.joinAny(parts)
}
