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
