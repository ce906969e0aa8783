package compress

// clusterCoreAI is cluster1D with the choices that coreai-opt's kmeans1d makes: of equally good ends the first ones, where
// errors are differences of running sums in float64, not centred, so that rounding decides between what is equal.
func clusterCoreAI(x line, k int) (ends []int) {
	n := len(x.v)
	k = min(k, n)
	c := coreAISums{make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)}
	for i, w := range x.w {
		v := float64(x.v[i])
		c.weight[i+1] = w + c.weight[i]
		c.sum[i+1] = float64(w*v) + c.sum[i]
		c.square[i+1] = float64(float64(w*v)*v) + c.square[i]
	}
	l := coreAILayer{sums: c, before: make([]float64, n), best: make([]float64, n)}
	for i := range l.best {
		l.best[i] = c.error(0, i)
	}
	from := make([][]int32, k)
	for i := 1; i < k; i++ {
		l.before, l.best = l.best, l.before
		l.from = make([]int32, n)
		l.fill(0, n-1, 0, n-1)
		from[i] = l.from
	}
	ends = make([]int, k)
	end := n
	for i := k - 1; i >= 0; i-- {
		ends[i] = end
		if i > 0 {
			end = max(int(from[i][end-1]), i)
		}
	}
	return ends
}

type coreAISums struct{ weight, sum, square []float64 }

// error is that of the numbers first to last.
func (c coreAISums) error(first, last int) float64 {
	if last < first {
		return 0
	}
	w, sum := c.weight[last+1]-c.weight[first], c.sum[last+1]-c.sum[first]
	mean := sum / w
	e := c.square[last+1] - c.square[first]
	e += float64(w * float64(mean*mean))
	e -= float64(float64(2*mean) * sum)
	return e
}

// coreAILayer adds one cluster, as layer does.
type coreAILayer struct {
	sums         coreAISums
	before, best []float64
	from         []int32
}

func (l *coreAILayer) fill(lo, hi, first, last int) {
	for lo <= hi {
		mid := (lo + hi) / 2
		at, least := first, l.error(mid, first)
		for s := first + 1; s <= min(last, mid); s++ {
			if e := l.error(mid, s); e < least {
				at, least = s, e
			}
		}
		l.from[mid], l.best[mid] = int32(at), least
		l.fill(lo, mid-1, first, at)
		lo, first = mid+1, at
	}
}

// error is the best one of the numbers up to last where the last cluster begins with first.
func (l *coreAILayer) error(last, first int) float64 {
	before := last
	if first > 0 && first-1 < last {
		before = first - 1
	}
	return l.before[before] + l.sums.error(first, last)
}
