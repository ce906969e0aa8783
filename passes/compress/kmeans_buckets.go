package compress

import (
	"context"

	"github.com/aiopt/aiopt/ir/host"
)

// clusterNumbers gives the moments of k clusters with the least weighted squared error, in ascending order, and the sorted
// numbers that it found them among: of many numbers those of buckets, if that tells little.
func (c *runs) clusterNumbers(x []float32, weights []float64, k, many int) (line, []moments) {
	if len(x) > many {
		out, within := bucketLine(x, weights)
		means, loss := out.means(c.cluster(out, k, 0)), 0.0
		for _, m := range means {
			loss += m.error
		}
		if within <= loss*mostWithin {
			return out, means
		}
	}
	out := newLine(x, weights)
	return out, out.means(c.cluster(out, k, 0))
}

const (
	manyNumbers = 1 << 22 // from where on numbers are put into buckets
	mostWithin  = 1e-4    // the part of the error that may be within buckets; of 256 clusters of normal numbers 3e-5 is
)

// bucketLine stands for many numbers with less memory: those that agree in their sign, exponent and upper 13 bits of the
// fraction become their mean. For f16 and bf16 that is each number itself. within is their squared error around the means.
func bucketLine(x []float32, weights []float64) (out line, within float64) {
	const low = 10 // bits that are left out
	type bucket struct{ weight, sum, square float64 }
	least := leastOf(weights)
	var halves [2][]bucket // of the numbers; always two, so that sums do not depend on how many cores there are
	host.Each(context.Background(), len(halves), func(half int) error {
		sums := make([]bucket, 1<<(32-low))
		for i := half * len(x) / 2; i < (half+1)*len(x)/2; i++ {
			k, w := floatKey(x[i]), 1.0
			if weights != nil {
				w = max(weights[i], least)
			}
			d := float64(x[i]) - float64(keyFloat(k>>low<<low))
			s := &sums[k>>low]
			s.weight += w
			s.sum += float64(w * d)
			s.square += float64(float64(w*d) * d)
		}
		halves[half] = sums
		return nil
	})
	sums := halves[0]
	for b, s := range halves[1] {
		to := &sums[b]
		*to = bucket{to.weight + s.weight, to.sum + s.sum, to.square + s.square}
	}
	for b, s := range sums {
		if s.weight == 0 {
			continue
		}
		mean := s.sum / s.weight
		v := float32(float64(keyFloat(uint32(b)<<low)) + mean)
		within += max(s.square-float64(s.sum*mean), 0)
		out.v, out.w = append(out.v, v), append(out.w, s.weight)
	}
	return out, within
}

// leastOf is the least weight that a number counts with.
func leastOf(weights []float64) float64 {
	most := 0.0
	for _, w := range weights {
		most = max(most, w)
	}
	return most * leastWeight
}
