package compress

import (
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// rounder finds codes for numbers, with parameters that stay as they are.
type rounder interface {
	// nearest gives the code for a number in a block, and what that stands for.
	nearest(block int, x float32) (code, value float32)
	// value gives what a code of a block stands for.
	value(block int, code float32) float32
}

// rounderOf reads the parameters of a packed weight.
func rounderOf(s Scheme, p *Packed, t *host.Tensor) (rounder, error) {
	switch {
	case p.Mask != nil:
		return nil, &Refusal{"which of its elements are stored is no matter of codes"}
	case s.Quant != nil && p.Table == nil:
		return gridsOf(*s.Quant, p, t.Elem)
	case s.Palette != nil && p.Scale == nil && s.Palette.Length <= 1:
		return tablesOf(p), nil
	}
	return nil, &Refusal{"its tables have scales or entries of several numbers"}
}

// gridRounder has a grid for each block.
type gridRounder struct{ grids []Grid }

func gridsOf(q Quant, p *Packed, weight host.Elem) (rounder, error) {
	f, err := NewFitter(q, weight)
	if err != nil {
		return nil, err
	}
	b := &gridRounder{grids: make([]Grid, p.Scale.Len())}
	scales := host.Values[float32](p.Scale)
	zeros, lows := perBlock(p.Zero, len(b.grids)), perBlock(p.Min, len(b.grids))
	for i := range b.grids {
		b.grids[i] = Grid{Scale: scales[i], Zero: int(zeros[i]), Min: lows[i], kind: f.kind}
	}
	return b, nil
}

// perBlock reads a parameter that all blocks may share or lack.
func perBlock(t *host.Tensor, n int) []float32 {
	switch {
	case t == nil:
		return make([]float32, n)
	case t.Len() == n:
		return host.Values[float32](host.Unpack(t))
	}
	return slices.Repeat(host.Values[float32](host.Unpack(t))[:1], n)
}

func (b *gridRounder) nearest(block int, x float32) (code, value float32) {
	g := &b.grids[block]
	var level [1]float32
	g.nearest(level[:], []float32{x})
	code = level[0] + float32(g.Zero)
	g.values(level[:])
	return code, level[0]
}

func (b *gridRounder) value(block int, code float32) float32 {
	g := &b.grids[block]
	level := [1]float32{code - float32(g.Zero)}
	g.values(level[:])
	return level[0]
}

// tableRounder has a table for each block.
type tableRounder struct {
	size   int
	values []float32 // size for each block, in the order of codes
	sorted []tableEntry
}

type tableEntry struct{ value, code float32 }

func tablesOf(p *Packed) rounder {
	rank := len(p.Table.Shape)
	b := &tableRounder{size: p.Table.Shape[rank-2], values: host.Values[float32](p.Table)}
	for i, v := range b.values {
		b.sorted = append(b.sorted, tableEntry{v, float32(i % b.size)})
	}
	for lo := 0; lo < len(b.sorted); lo += b.size {
		slices.SortStableFunc(b.sorted[lo:lo+b.size], func(x, y tableEntry) int {
			switch {
			case x.value < y.value:
				return -1
			case x.value > y.value:
				return 1
			}
			return 0
		})
	}
	return b
}

func (b *tableRounder) nearest(block int, x float32) (code, value float32) {
	table := b.sorted[block*b.size : (block+1)*b.size]
	lo, hi := 0, len(table)-1
	for lo < hi { // the first entry that is not below x
		mid := (lo + hi) / 2
		if table[mid].value < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo > 0 && x-table[lo-1].value <= table[lo].value-x {
		lo--
	}
	return table[lo].code, table[lo].value
}

func (b *tableRounder) value(block int, code float32) float32 {
	return b.values[block*b.size+int(code)]
}
