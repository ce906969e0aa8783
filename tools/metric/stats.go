package metric

import (
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// Stats sums up a tensor of numbers. Min, Max, Mean and Std are of the finite ones; of none, Finite is 0.
type Stats struct {
	Finite             int
	NaN, Inf, Zero     int
	Min, Max           float64
	Mean, Std          float64 // Std is that of the population
	ArgMin, ArgMax     int     // the first place of each, counted row-major
	sum, squares, base float64
}

// statsPart is how many elements are converted at a time.
const statsPart = 4096

// StatsOf reads a tensor once. Of complex numbers it takes the absolute values.
func StatsOf(t *host.Tensor) Stats {
	s := Stats{Min: math.Inf(1), Max: math.Inf(-1)}
	if t.Elem.Packed() || t.Elem.IsComplex() || !t.Contiguous() {
		for i := range t.Len() {
			s.add(i, number(host.At(t, i)))
		}
		return s.end()
	}
	var part [statsPart]float64
	for at := 0; at < t.Len(); at += statsPart {
		n := min(statsPart, t.Len()-at)
		host.Load(part[:n], t, t.Offset+at, 1)
		for i, x := range part[:n] {
			s.add(at+i, x)
		}
	}
	return s.end()
}

func (s *Stats) add(i int, x float64) {
	switch {
	case math.IsNaN(x):
		s.NaN++
		return
	case math.IsInf(x, 0):
		s.Inf++
		return
	case x == 0:
		s.Zero++
	}
	if s.Finite == 0 {
		s.base = x // sums of differences from it lose fewer digits than sums of large numbers that are near each other
	}
	s.Finite++
	if x < s.Min {
		s.Min, s.ArgMin = x, i
	}
	if x > s.Max {
		s.Max, s.ArgMax = x, i
	}
	d := x - s.base
	s.sum += d
	s.squares += d * d
}

func (s *Stats) end() Stats {
	if s.Finite == 0 {
		s.Min, s.Max = math.NaN(), math.NaN()
		return *s
	}
	n := float64(s.Finite)
	s.Mean = s.base + s.sum/n
	s.Std = math.Sqrt(max(0, s.squares/n-s.sum/n*s.sum/n))
	return *s
}

// number is an element as a float64.
func number(v any) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	case complex128:
		return math.Hypot(real(v), imag(v))
	}
	return math.NaN()
}
