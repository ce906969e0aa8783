package compress

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// nearest finds the nearest of up to 256 numbers. Of two that are equally near it is the smaller one, of equal ones the
// first.
type nearest struct {
	cuts [256]float32 // what lies above the cut i is nearer to a number after i; infinite from the last on
	code [256]uint8
	half int // of the first step of the search
}

func newNearest(values []float32) *nearest {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	order = slices.CompactFunc(order, func(a, b int) bool { return values[a] == values[b] })
	n := emptyNearest(len(order))
	for i, o := range order {
		n.code[i] = uint8(o)
		if i > 0 {
			n.cuts[i-1] = cutBetween(values[order[i-1]], values[o])
		}
	}
	return n
}

// nearestRun finds the run of sorted numbers that a number is in.
func nearestRun(x line, ends []int) *nearest {
	n := emptyNearest(len(ends))
	for i, end := range ends {
		n.code[i], n.cuts[i] = uint8(i), x.v[end-1]
	}
	return n
}

func emptyNearest(size int) *nearest {
	n := &nearest{half: 1 << bits.Len(uint(size-1)) >> 1}
	for i := range n.cuts {
		n.cuts[i] = float32(math.Inf(1))
	}
	return n
}

// cutBetween is the greatest float32 that is no nearer to b than to a.
func cutBetween(a, b float32) float32 {
	mid := 0.5 * (float64(a) + float64(b))
	cut := float32(mid)
	if float64(cut) > mid {
		cut = math.Nextafter32(cut, float32(math.Inf(-1)))
	}
	return cut
}

// find gives the place of the nearest number.
func (n *nearest) find(x float32) uint8 {
	at := 0
	for half := n.half; half > 0; half >>= 1 {
		if x > n.cuts[(at+half-1)&255] {
			at += half
		}
	}
	return n.code[at&255]
}

// finder finds the places of many numbers.
type finder interface {
	all(x []float32, codes []uint8)
	kept(x []float32, codes, keep []uint8) // of those where keep is not 0
}

// finder is the one that suits so many numbers.
func (n *nearest) finder(count int) finder {
	if count > 4*nearestSteps {
		if g := n.grid(); g != nil {
			return g
		}
	}
	return n
}

func (n *nearest) all(x []float32, codes []uint8) {
	codes = codes[:len(x)]
	for i, v := range x {
		codes[i] = n.find(v)
	}
}

func (n *nearest) kept(x []float32, codes, keep []uint8) {
	for i, v := range x {
		if keep[i] != 0 {
			codes[i] = n.find(v)
		}
	}
}

// nearestGrid finds what nearest does faster, for many numbers: equal steps of the line have the first place that a number
// in them can be.
type nearestGrid struct {
	*nearest
	low, scale float32
	places     [nearestSteps]uint8
}

const nearestSteps = 1024

func (g *nearestGrid) all(x []float32, codes []uint8) {
	codes = codes[:len(x)]
	for i, v := range x {
		codes[i] = g.find(v)
	}
}

// grid is nil where the numbers are too close to each other or too far apart for equal steps.
func (n *nearest) grid() *nearestGrid {
	count := 0
	for count < len(n.cuts) && !math.IsInf(float64(n.cuts[count]), 1) {
		count++
	}
	if count == 0 {
		return nil
	}
	g := &nearestGrid{nearest: n, low: n.cuts[0]}
	g.scale = (nearestSteps - 1) / (n.cuts[count-1] - g.low)
	if count > 1 && !(g.scale > 0 && g.scale < 1e30) {
		return nil
	}
	if count == 1 {
		g.scale = 1
	}
	at := 0
	for i := range g.places {
		for at < count && g.step(n.cuts[at]) < i {
			at++
		}
		g.places[i] = uint8(at)
	}
	return g
}

// step never falls where x rises, so that of the cuts in a number's own step alone it is open where they lie.
func (g *nearestGrid) step(x float32) int {
	return int(max(0, min(nearestSteps-1, float32(x-g.low)*g.scale)))
}

// find gives the place of the nearest number.
func (g *nearestGrid) find(x float32) uint8 {
	at := g.places[g.step(x)&(nearestSteps-1)]
	for x > g.cuts[at] {
		at++
	}
	return g.code[at]
}
