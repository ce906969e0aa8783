package compress

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// fitCoreAI finds the table and the indices that coreai-opt 0.3.0 finds in its fast mode: it clusters the distinct numbers
// of those rounded to f16 and then to 1e-4, adds up the means in float64 one number after another, and quantizes a table
// without looking back at the numbers.
func (j *paletteJob) fitCoreAI(w *paletteGroup) (codebook, error) {
	y := slices.Clone(w.relative())
	roundAll(y, j.elem)
	if most := float32(smallFloats[host.F16].most); slices.Max(y) <= most && slices.Min(y) >= -most {
		roundAll(y, host.F16)
		for i, v := range y {
			y[i] = float32(math.RoundToEven(float64(v*coreAIDigits))) / coreAIDigits
		}
	}
	x := newLine(y, w.weights)
	cluster := clusterCoreAI
	if len(x.v) > mostCoreAI {
		cluster = func(x line, k int) []int { return cluster1D(x, k, 0) }
	}
	ends := cluster(x, 1<<j.palette.Bits)
	near := nearestRun(x, ends)
	for i, v := range y {
		w.codes[i] = near.find(v)
	}
	numbers := x.runningMeans(ends)
	roundAll(numbers, j.elem)
	return j.storeNumbers(numbers, nil)
}

const (
	coreAIDigits = 10_000  // its rounding_precision of 4
	mostCoreAI   = 1 << 16 // f16 has fewer numbers; beyond its range, memory for the recurrence would be large
)

// runningMeans are the means of runs, each computed as its numbers come.
func (x line) runningMeans(ends []int) []float32 {
	total := make([]float64, len(x.w)+1)
	for i, w := range x.w {
		total[i+1] = w + total[i]
	}
	out := make([]float32, len(ends))
	start := 0
	for c, end := range ends {
		mean := 0.0
		for i := start; i < end; i++ {
			step := (float64(x.v[i]) - mean) * (total[i+1] - total[i])
			mean += step / (total[i+1] - total[start])
		}
		out[c] = float32(mean)
		start = end
	}
	return out
}
