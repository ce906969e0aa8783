package compress

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainLloyd is the least error of some runs of the textbook's k-means in float64, from points drawn at random.
func plainLloyd(r *rand.Rand, x []float64, length, k, runs int) float64 {
	n, best := len(x)/length, math.Inf(1)
	for range runs {
		centres := make([]float64, 0, k*length)
		for _, p := range r.Perm(n)[:k] {
			centres = append(centres, x[p*length:(p+1)*length]...)
		}
		for before := math.Inf(1); ; {
			loss, sums, counts := 0.0, make([]float64, k*length), make([]float64, k)
			for p := range n {
				c, d := plainNearest(x[p*length:(p+1)*length], centres)
				loss += d
				counts[c]++
				for t := range length {
					sums[c*length+t] += x[p*length+t]
				}
			}
			for i, s := range sums {
				if w := counts[i/length]; w > 0 {
					centres[i] = s / w
				}
			}
			best = min(best, loss)
			if loss >= before {
				break
			}
			before = loss
		}
	}
	return best
}

func plainNearest(x, centres []float64) (at int, least float64) {
	least = math.Inf(1)
	for c := range len(centres) / len(x) {
		sum := 0.0
		for t, v := range x {
			d := v - centres[c*len(x)+t]
			sum += d * d
		}
		if sum < least {
			at, least = c, sum
		}
	}
	return at, least
}

// clouds are kinds of points; neighbours among the numbers of a point may depend on each other.
var clouds = []struct {
	name string
	next func(r *rand.Rand, x []float32, i int)
}{
	{"normal", func(r *rand.Rand, x []float32, _ int) { eachNumber(x, r.NormFloat64) }},
	{"t4", func(r *rand.Rand, x []float32, i int) { eachNumber(x, func() float64 { return draws[1].next(r, i) }) }},
	{"correlated", func(r *rand.Rand, x []float32, _ int) {
		common := r.NormFloat64()
		eachNumber(x, func() float64 { return 0.9*common + 0.3*r.NormFloat64() })
	}},
	{"clumps", func(r *rand.Rand, x []float32, i int) {
		eachNumber(x, func() float64 { return float64(r.IntN(3)) + 0.05*r.NormFloat64() })
	}},
	{"outliers", func(r *rand.Rand, x []float32, i int) {
		eachNumber(x, func() float64 { return draws[5].next(r, i) / 1e8 })
	}},
	{"few", func(r *rand.Rand, x []float32, _ int) { eachNumber(x, func() float64 { return float64(r.IntN(5)) }) }},
}

func eachNumber(x []float32, next func() float64) {
	for t := range x {
		x[t] = float32(0.02 * next())
	}
}

// cloudOf draws points.
func cloudOf(r *rand.Rand, next func(*rand.Rand, []float32, int), points, length int) []float32 {
	x := make([]float32, points*length)
	for i := range points {
		next(r, x[i*length:(i+1)*length], i)
	}
	return x
}

// TestVectorsLloyd holds the search to the best of 20 runs of plain k-means.
func TestVectorsLloyd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	better, count, sum, worst := 0, 0, 0.0, 0.0
	for _, c := range clouds {
		for _, size := range []struct{ columns, rows, length, k int }{
			{32, 16, 2, 16}, {48, 16, 2, 4}, {64, 16, 2, 16}, {96, 16, 2, 8}, {128, 16, 2, 16}, {288, 16, 2, 16}, {512, 16, 2, 16}, {64, 16, 4, 16}, {128, 16, 2, 64},
		} {
			if testing.Short() && size.columns > 48 {
				continue
			}
			x := cloudOf(r, c.next, size.columns*size.rows/size.length, size.length)
			wide := make([]float64, len(x))
			for i, v := range x {
				wide[i] = float64(v)
			}
			got, want := 0.0, plainLloyd(r, wide, size.length, size.k, 20)
			var centres []float64
			for _, v := range clusterVectors(newVectors(x, nil, size.length), size.k) {
				centres = append(centres, float64(v))
			}
			for p := 0; p < len(wide); p += size.length {
				_, d := plainNearest(wide[p:p+size.length], centres)
				got += d
			}
			if got > want*1.0001 {
				t.Errorf("%s, %+v: the error is %g, plain k-means' %g (ratio %.6f)", c.name, size, got, want, got/want)
			}
			if count++; got < want*0.9999 {
				better++
			}
			if want > 0 {
				worst = max(worst, got/want)
				sum += math.Log(got / want)
			}
		}
	}
	if better < count/2 {
		t.Errorf("only %d of %d are better", better, count)
	}
	t.Logf("%d of %d are better; the mean of the errors is %.4f of plain k-means', the largest %.6f", better, count, math.Exp(sum/float64(count)), worst)
}

// TestVectorsWeights holds the search with weights to the points repeated as often.
func TestVectorsWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	x := cloudOf(r, clouds[0].next, 600, 2)
	weights := make([]float64, len(x))
	var repeated []float32
	for p := range 600 {
		n := 1 + r.IntN(3)
		weights[2*p], weights[2*p+1] = float64(n), float64(n)
		repeated = append(repeated, slices.Repeat(x[2*p:2*p+2], n)...)
	}
	var want []float64
	for _, v := range repeated {
		want = append(want, float64(v))
	}
	losses := [2]float64{}
	for i, v := range []vectors{newVectors(x, weights, 2), newVectors(repeated, nil, 2)} {
		var centres []float64
		for _, c := range clusterVectors(v, 16) {
			centres = append(centres, float64(c))
		}
		for p := 0; p < len(want); p += 2 {
			_, d := plainNearest(want[p:p+2], centres)
			losses[i] += d
		}
	}
	if math.Abs(losses[0]-losses[1]) > 1e-3*losses[1] {
		t.Errorf("the error with weights is %g, of repeated points %g", losses[0], losses[1])
	}
}

// TestVectorsBounds compares Lloyd's algorithm with bounds to the one that looks at all centres.
func TestVectorsBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, c := range clouds {
		x := cloudOf(r, c.next, 3000, 2)
		v := newVectors(x, nil, 2)
		l := newLloyd(v)
		l.centres = slices.Clone(x[:2*32])
		l.assign()
		for range 30 {
			l.move()
			l.update()
			for i, a := range l.nearest {
				s := v.look(i, l.centres)
				if d := v.distance(i, l.centres[2*a:]); d > s.distance*(1+1e-5) {
					t.Fatalf("%s: point %d is taken to be nearest to a centre at %g, one is at %g", c.name, i, d, s.distance)
				}
			}
		}
	}
}

func BenchmarkVectors(b *testing.B) {
	for _, tt := range []struct{ points, length, k int }{{256, 2, 16}, {1024, 2, 16}, {8192, 2, 16}, {32768, 2, 16}, {8192, 2, 256}, {4096, 4, 64}, {1 << 20, 2, 16}} {
		b.Run(fmt.Sprintf("%+v", tt), func(b *testing.B) {
			x := cloudOf(rand.New(rand.NewPCG(1, 1)), clouds[0].next, tt.points, tt.length)
			b.SetBytes(int64(len(x)))
			for b.Loop() {
				clusterVectors(newVectors(x, nil, tt.length), tt.k)
			}
		})
	}
}
