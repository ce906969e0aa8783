package compress

import (
	"math/bits"
	"slices"
)

// moments describe weighted numbers: their weight, mean and squared distance from it.
type moments struct{ weight, mean, error float64 }

// join gives the moments of two sets together (Chan, Golub, LeVeque 1979). Unlike a difference of running sums, it
// loses nothing where numbers lie close together and far from zero. (The conversions keep every machine from fusing
// products with sums.)
func (a moments) join(b moments) moments {
	w := a.weight + b.weight
	d, part := b.mean-a.mean, b.weight/w
	return moments{w, a.mean + float64(d*part), a.error + b.error + float64(d*d*(a.weight*part))}
}

// runs gives the moments of any run of bins from two that are stored. At level l the bins are cut into blocks of
// 2^(l+1); each bin keeps those of the run from it to the middle of its block, or from the middle to it.
type runs struct {
	blocks []moments // of momentsBlock numbers each
	bins   []moments
	levels [][]moments
	best   [2][]float64 // least error of the layer before and of this one, by the last bin
}

// cut sets the bins; edges are their ends among the numbers, from 0 on. It keeps the memory of cuts before.
func (r *runs) cut(x line, edges []int) {
	n := len(edges) - 1
	r.bins = slices.Grow(r.bins[:0], n)[:n]
	for i := range r.bins {
		r.bins[i] = r.between(x, edges[i], edges[i+1])
	}
	for len(r.levels) < bits.Len(uint(n-1)) {
		r.levels = append(r.levels, nil)
	}
	for l := range bits.Len(uint(n - 1)) {
		r.levels[l] = slices.Grow(r.levels[l][:0], n)[:n]
		fillLevel(r.levels[l], r.bins, 1<<l)
	}
	for i := range r.best {
		r.best[i] = slices.Grow(r.best[i][:0], n)[:n]
	}
}

// momentsBlock is how many numbers are summed up once for all cuts.
const momentsBlock = 128

// between is momentsOf for a run that may be long.
func (r *runs) between(x line, lo, hi int) moments {
	first, last := (lo+momentsBlock-1)/momentsBlock, hi/momentsBlock
	if first+1 >= last {
		return momentsOf(x, lo, hi)
	}
	if len(r.blocks) == 0 {
		n := len(x.v) / momentsBlock
		r.blocks = slices.Grow(r.blocks, n)[:n]
		for i := range r.blocks {
			r.blocks[i] = momentsOf(x, i*momentsBlock, (i+1)*momentsBlock)
		}
	}
	m := r.blocks[first]
	if lo < first*momentsBlock {
		m = momentsOf(x, lo, first*momentsBlock).join(m)
	}
	for _, b := range r.blocks[first+1 : last] {
		m = m.join(b)
	}
	if last*momentsBlock < hi {
		m = m.join(momentsOf(x, last*momentsBlock, hi))
	}
	return m
}

// fillLevel sums up from the middles of blocks of 2*half bins.
func fillLevel(level, bins []moments, half int) {
	for mid := half; mid < len(bins); mid += 2 * half {
		level[mid-1], level[mid] = bins[mid-1], bins[mid]
		for i := mid - 2; i >= mid-half; i-- {
			level[i] = bins[i].join(level[i+1])
		}
		for i := mid + 1; i < min(mid+half, len(bins)); i++ {
			level[i] = level[i-1].join(bins[i])
		}
	}
}

// momentsOf sums up the numbers lo to hi-1.
func momentsOf(x line, lo, hi int) moments {
	base := float64(x.v[lo])
	if hi == lo+1 {
		return moments{x.w[lo], base, 0}
	}
	var w, sum, square float64
	for i := lo; i < hi; i++ {
		d := float64(x.v[i]) - base
		w += x.w[i]
		wd := x.w[i] * d
		sum += wd
		square += float64(wd * d)
	}
	mean := sum / w
	return moments{w, base + mean, max(square-float64(sum*mean), 0)}
}

// run is the moments of the bins s to e.
func (r *runs) run(s, e int) moments {
	if s == e {
		return r.bins[s]
	}
	level := r.levels[bits.Len(uint(s^e))-1]
	return level[s].join(level[e])
}

// search gives the last bin of each cluster for the least error. Cluster i must end with a bin from low[i] to high[i];
// both ascend, and those of the last cluster are the last bin.
func (r *runs) search(low, high []int) []int {
	k := len(low)
	from := make([][]int32, k)
	for e := low[0]; e <= high[0]; e++ {
		r.best[0][e] = r.run(0, e).error
	}
	for i := 1; i < k; i++ {
		l := layer{r: r, before: r.best[(i-1)%2], best: r.best[i%2], from: make([]int32, high[i]-low[i]+1), base: low[i]}
		l.fill(low[i], high[i], low[i-1]+1, high[i-1]+1)
		from[i] = l.from
	}
	ends := make([]int, k)
	ends[k-1] = high[k-1]
	for i := k - 1; i > 0; i-- {
		ends[i-1] = int(from[i][ends[i]-low[i]]) - 1
	}
	return ends
}

// layer adds one cluster to the best clusterings of all beginnings of the bins.
type layer struct {
	r            *runs
	before, best []float64
	from         []int32
	base         int
}

// fill finds the best first bin of the last cluster for the last bins lo to hi. It never falls where the last bin rises,
// so each half of the last bins needs to look at a part of the first ones only.
func (l *layer) fill(lo, hi, first, last int) {
	for lo <= hi {
		mid := (lo + hi) / 2
		s, least := l.least(mid, first, min(last, mid))
		l.from[mid-l.base], l.best[mid] = int32(s), least
		l.fill(lo, mid-1, first, s)
		lo, first = mid+1, s
	}
}

// least looks for the best first bin from first to last of a cluster that ends with bin e, from the last one down: the
// cluster's error grows, so the search ends where it alone is too large.
func (l *layer) least(e, first, last int) (at int, least float64) {
	at, least = last, l.before[last-1]+l.r.run(last, e).error
	for s := last - 1; s >= first; {
		if s == e {
			s--
			continue
		}
		bit := bits.Len(uint(s^e)) - 1
		level := l.r.levels[bit]
		b := level[e]
		stop := max(first, e>>(bit+1)<<(bit+1))
		for ; s >= stop; s-- {
			a := &level[s]
			d := b.mean - a.mean
			grown := a.error + b.error + float64(d*d*(a.weight*b.weight/(a.weight+b.weight)))
			if grown >= least {
				return at, least
			}
			if sum := l.before[s-1] + grown; sum < least {
				at, least = s, sum
			}
		}
	}
	return at, least
}
