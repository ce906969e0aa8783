package compress

import (
	"math"
	"math/bits"
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

// cluster1D cuts the numbers into the k runs with the least weighted squared error from their means, fewer where there are
// fewer numbers. It gives how many numbers there are up to the end of each run. bins is how many bins the search begins
// with; 0 stands for a number that suits k.
func cluster1D(x line, k, bins int) (ends []int) { return new(runs).cluster(x, k, bins) }

// cluster is cluster1D that uses the memory of clusterings before.
func (c *runs) cluster(x line, k, bins int) (ends []int) {
	n := len(x.v)
	k = min(k, n)
	if k == 0 {
		return nil
	}
	if bins == 0 {
		bins = max(8*k, 256)
		if n <= fewNumbers { // they are less alike, and there is time
			bins *= 4
		}
	}
	edges := binEdges(x, bins)
	c.blocks = c.blocks[:0]
	c.cut(x, edges)
	last := len(edges) - 2
	low, high := make([]int, k), make([]int, k)
	for i := range k {
		low[i], high[i] = i, last-(k-1-i)
	}
	low[k-1] = last
	ends = places(edges, c.search(low, high))
	if len(edges) == n+1 {
		return ends
	}
	for round := range mostRounds {
		w := newWindows(ends)
		for pass := range mostWindows {
			edges = w.edges()
			c.cut(x, edges)
			found := places(edges, c.search(w.bounds(edges)))
			same := slices.Equal(found, ends)
			ends = found
			if same && round > 0 && pass == 0 {
				return ends
			}
			if fine := w.settle(ends); same && fine {
				break
			}
		}
	}
	return ends
}

// places gives how many numbers there are up to the end of each of some bins.
func places(edges, bins []int) []int {
	out := make([]int, len(bins))
	for i, b := range bins {
		out[i] = edges[b+1]
	}
	return out
}

// means are those of runs of numbers.
func (x line) means(ends []int) []moments {
	out := make([]moments, len(ends))
	start := 0
	for i, end := range ends {
		out[i] = momentsOf(x, start, end)
		start = end
	}
	return out
}

// windows are the places that the last number of each cluster is sought among. Places count the numbers before.
type windows struct {
	n      int
	at     []int // where each cluster ends, the last one apart
	lo, hi []int
	step   []int // between places that are tried
}

const (
	fewNumbers   = 4096
	wideTries    = 128 // places that a window has at first, about; they must tell apart optima that differ by little
	windowTries  = 48  // and later
	windowShrink = 6   // steps to either side that the next window has, of smaller steps
	mostRounds   = 6   // of windows from wide to narrow; mostly the second changes nothing
	mostWindows  = 40  // an end rarely moves more than twice
)

// newWindows reach from the end before to the end after, since another optimum may have all ends moved by a part of that.
func newWindows(ends []int) *windows {
	k := len(ends) - 1
	w := &windows{n: ends[k], at: slices.Clone(ends[:k]), lo: make([]int, k), hi: make([]int, k), step: make([]int, k)}
	before := 0
	for i, at := range w.at {
		w.set(i, before, ends[i+1], wideTries)
		before = at
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
	marks := make([]uint64, w.n/64+1) // a bit for each place: faster than to sort them
	marks[w.n/64] |= 1 << (w.n % 64)
	marks[0] |= 1
	for i, at := range w.at {
		for p := at - (at-w.lo[i])/w.step[i]*w.step[i]; p <= w.hi[i]; p += w.step[i] {
			marks[p/64] |= 1 << (p % 64)
		}
	}
	var out []int
	for i, m := range marks {
		for ; m != 0; m &= m - 1 {
			out = append(out, i*64+bits.TrailingZeros64(m))
		}
	}
	return out
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

// settle narrows the windows around the ends found; it reports that every place in the last ones was tried.
func (w *windows) settle(ends []int) (fine bool) {
	fine = true
	for i, at := range ends[:len(w.at)] {
		step := w.step[i]
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
	limit := math.Inf(1)
	total := sumUpTo(gaps, limit)
	for range 8 {
		before := total
		limit = 2 * total / float64(bins) // so that such a gap adds 1 below, a cut
		total = sumUpTo(gaps, limit)
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
		at += float64(byWeight*x.w[i]) + float64(byGap*min(g, limit))
		if at >= next {
			edges = append(edges, i+1)
			next = math.Floor(at) + 1
		}
	}
	return append(edges, n)
}

// sumUpTo adds up numbers, each up to a limit.
func sumUpTo(x []float64, limit float64) float64 {
	var a, b, c, d float64 // one sum would wait for itself at each number
	for ; len(x) >= 4; x = x[4:] {
		a, b, c, d = a+min(x[0], limit), b+min(x[1], limit), c+min(x[2], limit), d+min(x[3], limit)
	}
	for _, v := range x {
		a += min(v, limit)
	}
	return a + b + (c + d)
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
