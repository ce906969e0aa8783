package compress

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// exactError is the least error of k clusters, by the plain recurrence over all distinct numbers. Each cluster's error is
// computed around its own mean, in two passes.
func exactError(x line, k int) float64 {
	n := len(x.v)
	k = min(k, n)
	best := make([]float64, n)
	for e := range best {
		best[e] = twoPass(x, 0, e+1)
	}
	for c := 1; c < k; c++ {
		next := slices.Repeat([]float64{math.Inf(1)}, n)
		for e := c; e < n; e++ {
			m := moments{}
			for s := e; s >= c; s-- {
				one := moments{x.w[s], float64(x.v[s]), 0}
				if s == e {
					m = one
				} else {
					m = one.join(m)
				}
				next[e] = min(next[e], best[s-1]+m.error)
			}
		}
		best = next
	}
	return best[n-1]
}

func twoPass(x line, lo, hi int) float64 {
	w, mean := 0.0, 0.0
	for i := lo; i < hi; i++ {
		w += x.w[i]
	}
	for i := lo; i < hi; i++ {
		mean += float64(x.v[i]) * (x.w[i] / w)
	}
	sum := 0.0
	for i := lo; i < hi; i++ {
		d := float64(x.v[i]) - mean
		sum += x.w[i] * d * d
	}
	return sum
}

// nearestError is the error where each number is replaced by the nearest of the means.
func nearestError(x line, means []moments) float64 {
	sum := 0.0
	for i, v := range x.v {
		least := math.Inf(1)
		for _, m := range means {
			d := float64(v) - m.mean
			least = min(least, d*d)
		}
		sum += x.w[i] * least
	}
	return sum
}

// draws are kinds of numbers that weights are made of, and some that are made to mislead a search.
var draws = []struct {
	name string
	next func(r *rand.Rand, i int) float64
}{
	{"normal", func(r *rand.Rand, _ int) float64 { return r.NormFloat64() }},
	{"t4", func(r *rand.Rand, _ int) float64 {
		chi := 0.0
		for range 4 {
			g := r.NormFloat64()
			chi += g * g
		}
		return r.NormFloat64() / math.Sqrt(chi/4)
	}},
	{"bimodal", func(r *rand.Rand, i int) float64 { return float64(i%2*2-1) + 0.05*r.NormFloat64() }},
	{"cauchy", func(r *rand.Rand, _ int) float64 { return r.NormFloat64() / r.NormFloat64() }},
	{"many scales", func(r *rand.Rand, i int) float64 { return float64(i%2*2-1) * math.Exp(6*r.NormFloat64()) }},
	{"outliers", func(r *rand.Rand, i int) float64 {
		if i%199 == 7 {
			return 1e10 * r.NormFloat64()
		}
		return r.NormFloat64()
	}},
	{"clumps", func(r *rand.Rand, i int) float64 { return math.Pow(10, float64(i%7)) + 1e-3*r.NormFloat64() }},
	{"near one", func(r *rand.Rand, _ int) float64 { return 1 + float64(r.IntN(4000))*0x1p-22 }},
	{"grid", func(r *rand.Rand, _ int) float64 { return float64(r.IntN(300)) }},
	{"few", func(r *rand.Rand, _ int) float64 { return float64(r.IntN(5)) }},
	{"equal", func(*rand.Rand, int) float64 { return 3 }},
	{"even", func(_ *rand.Rand, i int) float64 { return float64(i) }},
	{"far combs", func(r *rand.Rand, i int) float64 { return float64(i%17)*1000 + float64(r.IntN(100)) }},
}

func drawLine(r *rand.Rand, next func(*rand.Rand, int) float64, n int, scale float64, weighted bool) line {
	v, w := make([]float32, n), make([]float64, n)
	for i := range v {
		v[i], w[i] = float32(next(r, i)*scale), 1
		if weighted {
			w[i] = math.Exp(2 * r.NormFloat64())
		}
	}
	return newLine(v, w)
}

// TestNewLine compares with a plain sort.
func TestNewLine(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, d := range draws {
		v, w := make([]float32, 500), make([]float64, 500)
		for i := range v {
			v[i], w[i] = float32(d.next(r, i)), float64(1+r.IntN(5))
		}
		v[0], v[1] = float32(math.Copysign(0, -1)), 0
		x := newLine(v, w)
		want := slices.Compact(slices.Sorted(slices.Values(v)))
		if !slices.Equal(x.v, want) {
			t.Fatalf("%s: %v, expected %v", d.name, x.v, want)
		}
		for i, u := range x.v {
			sum := 0.0
			for j, o := range v {
				if o == u {
					sum += w[j]
				}
			}
			if x.w[i] != sum {
				t.Fatalf("%s: %g weighs %g, expected %g", d.name, u, x.w[i], sum)
			}
		}
	}
}

// TestClusterOptimum holds the error to the exact optimum's, with bins for every number and with far fewer bins.
func TestClusterOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	worst := 0.0
	for i, d := range draws {
		if skipped(i, 8) {
			continue
		}
		for _, scale := range []float64{1, 1e-3, 1e-6} {
			for trial := range 10 {
				x := drawLine(r, d.next, 1+r.IntN(700), scale, trial%2 == 1)
				k := 1 << r.IntN(6)
				want := exactError(x, k)
				for _, bins := range []int{0, max(16*k, 64)} {
					got := nearestError(x, x.means(cluster1D(x, k, bins)))
					if got > want*1.0001 {
						t.Errorf("%s, %d numbers, k=%d, %d bins: %g, expected %g (ratio %.6f)", d.name, len(x.v), k, bins, got, want, got/want)
					}
					if want > 0 {
						worst = max(worst, got/want)
					}
				}
			}
		}
	}
	t.Logf("largest error: %.8f of the optimum", worst)
}

func BenchmarkCluster1D(b *testing.B) {
	for _, n := range []int{16 << 10, 64 << 10} {
		for _, bits := range []int{2, 4, 6, 8} {
			x := drawLine(rand.New(rand.NewPCG(1, 2)), draws[0].next, n, 0.02, false)
			b.Run(fmt.Sprintf("%d/%d", n, bits), func(b *testing.B) {
				b.SetBytes(int64(n))
				for b.Loop() {
					cluster1D(x, 1<<bits, 0)
				}
			})
		}
	}
}

// TestClusterBins holds the search with its usual bins to the one that has a bin for every number.
func TestClusterBins(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	worst := 0.0
	for i, d := range draws {
		if skipped(i, 8) {
			continue
		}
		for _, k := range []int{2, 4, 8, 16, 32, 64} {
			for trial, n := range []int{1000 + r.IntN(3000), 4097 + r.IntN(2000)} {
				x := drawLine(r, d.next, n, 1, trial == 0)
				want := nearestError(x, x.means(cluster1D(x, k, len(x.v))))
				got := nearestError(x, x.means(cluster1D(x, k, 0)))
				if got > want*1.0001 {
					t.Errorf("%s, %d numbers, k=%d: %g, expected %g (ratio %.6f)", d.name, len(x.v), k, got, want, got/want)
				} else if want > 0 {
					worst = max(worst, got/want)
				}
			}
		}
	}
	t.Logf("largest error: %.8f of that with a bin for every number", worst)
}

// TestBuckets compares clusters of numbers in buckets with those of all numbers; where they would tell, there are none.
func TestBuckets(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for i, d := range draws {
		if skipped(i, 8) {
			continue
		}
		v := make([]float32, 20000)
		for i := range v {
			v[i] = float32(d.next(r, i))
		}
		x := newLine(v, nil)
		for _, k := range []int{64} {
			want := nearestError(x, x.means(cluster1D(x, k, 0)))
			among, means := new(runs).clusterNumbers(v, nil, k, 1000)
			if got := nearestError(x, means); got > want*1.0001 {
				t.Errorf("%s, k=%d: %g, expected %g (ratio %.6f)", d.name, k, got, want, got/want)
			}
			if d.name == "normal" && len(among.v) == len(x.v) {
				t.Errorf("%s, k=%d: there are no buckets", d.name, k)
			}
		}
	}
}

func BenchmarkNewLine(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, 64<<10)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	b.SetBytes(int64(len(x)))
	for b.Loop() {
		newLine(x, nil)
	}
}
