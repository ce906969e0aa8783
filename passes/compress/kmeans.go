package compress

import (
	"cmp"
	"math"
	"slices"
)

// Optimal clustering of numbers on a line. The clusters of an optimum are runs of the sorted numbers, so the search is for
// the places where runs end: first among the edges of some thousand bins by dynamic programming, then among all numbers
// near the ends found, until no joint move of the ends within their windows gains.

// line is a set of distinct numbers in ascending order, with positive weights.
type line struct {
	v []float32
	w []float64
}

// cluster1D gives the means of the k clusters with the least weighted squared error, in ascending order; fewer where there
// are fewer distinct numbers. bins bounds the size of the search, 0 stands for a size that suits k.
func cluster1D(x line, k, bins int) []float64 {
	n := len(x.v)
	k = min(k, n)
	if k == 0 {
		return nil
	}
	if bins == 0 {
		bins = max(8*k, 256)
	}
	edges := binEdges(x, bins)
	c := &runs{}
	c.cut(x, edges)
	last := len(edges) - 2
	low, high := make([]int, k), make([]int, k)
	for i := range k {
		low[i], high[i] = i, last-(k-1-i)
	}
	low[k-1] = last
	ends := c.search(low, high)
	if len(edges) == n+1 {
		return c.means(ends)
	}
	for round := range mostRounds {
		w := newWindows(x, edges, ends)
		for pass := range mostWindows {
			before := slices.Clone(w.at)
			edges = w.edges()
			c.cut(x, edges)
			ends = c.search(w.bounds(edges))
			fine := w.settle(edges, ends)
			if same := slices.Equal(before, w.at); same && round > 0 && pass == 0 {
				return c.means(ends)
			} else if same && fine {
				break
			}
		}
	}
	return c.means(ends)
}

// windows are the places that the last number of each cluster is sought among. Places count the numbers before.
type windows struct {
	n      int
	at     []int // where each cluster ends, the last one apart
	lo, hi []int
	step   []int // between places that are tried
}

const (
	wideTries    = 192 // places that a window has at first, about; they must tell apart optima that differ by little
	windowTries  = 48  // and later
	windowShrink = 6   // steps to either side that the next window has, of smaller steps
	mostRounds   = 6   // of windows from wide to narrow; mostly the second changes nothing
	mostWindows  = 40  // an end rarely moves more than twice
)

// newWindows reach from the end before to the end after, since another optimum may have all ends moved by a part of that.
func newWindows(x line, edges, ends []int) *windows {
	k := len(ends) - 1
	w := &windows{n: len(x.v), at: make([]int, k), lo: make([]int, k), hi: make([]int, k), step: make([]int, k)}
	before := 0
	for i, e := range ends[:k] {
		w.at[i] = edges[e+1]
		w.set(i, before, edges[ends[i+1]+1], wideTries)
		before = w.at[i]
	}
	return w
}

// set makes a window; every cluster keeps a number at least.
func (w *windows) set(i, lo, hi, tries int) {
	w.lo[i], w.hi[i] = max(lo, i+1), min(hi, w.n-len(w.at)+i)
	w.step[i] = max((w.hi[i]-w.lo[i]+tries-1)/tries, 1)
}

// edges are the places of all windows, in ascending order, from 0 to the end.
func (w *windows) edges() []int {
	out := []int{0, w.n}
	for i, at := range w.at {
		for p := at; p >= w.lo[i]; p -= w.step[i] {
			out = append(out, p)
		}
		for p := at + w.step[i]; p <= w.hi[i]; p += w.step[i] {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bounds are the bins that each cluster may end with.
func (w *windows) bounds(edges []int) (low, high []int) {
	k := len(w.at)
	low, high = make([]int, k+1), make([]int, k+1)
	for i := range w.at {
		low[i], _ = slices.BinarySearch(edges, w.lo[i])
		low[i] = max(low[i]-1, 0)
		at, found := slices.BinarySearch(edges, w.hi[i])
		if !found {
			at--
		}
		high[i] = at - 1
		if i > 0 {
			low[i] = max(low[i], low[i-1]+1)
		}
	}
	low[k], high[k] = len(edges)-2, len(edges)-2
	for i := k - 1; i >= 0; i-- {
		high[i] = min(high[i], high[i+1]-1)
	}
	return low, high
}

// settle takes over the ends found and narrows the windows around them; it reports that every place in them was tried.
func (w *windows) settle(edges, ends []int) (fine bool) {
	fine = true
	for i, e := range ends[:len(w.at)] {
		at, step := edges[e+1], w.step[i]
		fine = fine && step == 1
		reach := max(windowShrink*step, windowTries/2)
		w.at[i] = at
		w.set(i, at-reach, at+reach, windowTries)
	}
	return fine
}

// binEdges cuts the numbers into at most so many bins: half of the cuts by weight, and half by the cube root of weight
// times squared distance, the measure by which an optimal quantizer spreads its levels (Panter and Dite). A gap between
// two neighbours needs no more than one cut, however wide it is.
func binEdges(x line, bins int) []int {
	n := len(x.v)
	edges := make([]int, 1, min(n, bins)+1)
	if n <= bins {
		for i := range n {
			edges = append(edges, i+1)
		}
		return edges
	}
	gaps, weight := gapMeasure(x)
	limit := 0.0
	for _, g := range gaps {
		limit += g
	}
	total := limit
	for range 8 {
		before := total
		limit = 2 * total / float64(bins) // so that such a gap adds 1 below, a cut
		total = 0
		for _, g := range gaps {
			total += min(g, limit)
		}
		if total > 0.98*before {
			break
		}
	}
	byGap, byWeight := 0.0, 0.5*float64(bins)/weight
	if total > 0 {
		byGap = 0.5 * float64(bins) / total
	}
	at, next := 0.0, 1.0
	for i, g := range gaps {
		at += byWeight*x.w[i] + byGap*min(g, limit)
		if at >= next {
			edges = append(edges, i+1)
			next = math.Floor(at) + 1
		}
	}
	return append(edges, n)
}

// gapMeasure is the measure of each gap between neighbours, and the sum of all weights.
func gapMeasure(x line) (gaps []float64, weight float64) {
	n := len(x.v)
	scale := 1 / (float64(x.v[n-1]) - float64(x.v[0]))
	gaps = make([]float64, n-1)
	for _, w := range x.w {
		weight += w
	}
	for i := range gaps {
		d := (float64(x.v[i+1]) - float64(x.v[i])) * scale
		gaps[i] = roughCubeRoot(0.5 * (x.w[i] + x.w[i+1]) * d * d)
	}
	return gaps, weight
}

// roughCubeRoot is within 5 % for normal numbers: a third of the exponent, and of the fraction.
func roughCubeRoot(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x)/3 + 715094163<<32)
}

// compactLine sorts numbers with weights, and joins equal ones.
func compactLine(v []float32, w []float64) line {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	var x line
	for _, i := range order {
		if n := len(x.v); n > 0 && x.v[n-1] == v[i] {
			x.w[n-1] += w[i]
			continue
		}
		x.v, x.w = append(x.v, v[i]), append(x.w, w[i])
	}
	return x
}
