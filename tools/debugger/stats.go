package debugger

import (
	"math"
	"net/http"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// bins is the length of a histogram.
const bins = 256

// magnitudes says of complex numbers what is shown of them.
const magnitudes = "magnitudes of complex numbers"

// stats sum up a tensor. Complex numbers count by their magnitude.
type stats struct {
	Elem     string    `json:"elem"`
	Shape    []int     `json:"shape"`
	Count    int       `json:"count"`
	Min      float64   `json:"min"` // of the finite numbers, as are the next ones; 0 where there are none
	Max      float64   `json:"max"`
	Mean     float64   `json:"mean"`
	Std      float64   `json:"std"` // of the whole, divided by n
	Zeros    int       `json:"zeros"`
	NaN      int       `json:"nan"`
	Infinite int       `json:"infinite"`
	Bins     [bins]int `json:"bins"`           // from Min to Max
	Note     string    `json:"note,omitempty"` // what the numbers are, where they are not the tensor's own
}

// measure sums up a tensor.
func measure(t *host.Tensor) stats {
	s := stats{Elem: t.Elem.String(), Shape: t.Shape, Count: t.Len()}
	t = host.Unpack(t)
	sum := metric.StatsOf(t)
	s.Zeros, s.NaN, s.Infinite = sum.Zero, sum.NaN, sum.Inf
	if t.Elem.IsComplex() {
		s.Note = magnitudes
	}
	if sum.Finite == 0 {
		return s
	}
	s.Min, s.Max, s.Mean, s.Std = sum.Min, sum.Max, bounded(sum.Mean), bounded(sum.Std)
	half := s.Max/2 - s.Min/2 // the whole of it may be more than a number can be
	each(t, func(x float64) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		at := 0
		if part := (x/2 - s.Min/2) / half; part > 0 { // not where all numbers are the same
			at = int(min(part*bins, bins-1))
		}
		s.Bins[at]++
	})
	return s
}

// block is how many elements are converted at a time: a tensor may be as large as the memory has room for.
const block = 4096

// each gives the elements of a tensor that is not packed as numbers, one by one.
func each(t *host.Tensor, fn func(float64)) {
	if !t.Contiguous() {
		t = t.Clone()
	}
	var reals [block]float64
	var complexes [block]complex128
	for at := 0; at < t.Len(); at += block {
		part := reals[:min(block, t.Len()-at)]
		if t.Elem.IsComplex() {
			turned := complexes[:len(part)]
			host.Load(turned, t, t.Offset+at, 1)
			for i, x := range turned {
				part[i] = math.Hypot(real(x), imag(x))
			}
		} else {
			host.Load(part, t, t.Offset+at, 1)
		}
		for _, x := range part {
			fn(x)
		}
	}
}

// bounded is a sum of finite numbers as JSON can have it: sums of very large ones are infinite, or no number.
func bounded(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return max(-math.MaxFloat64, min(x, math.MaxFloat64))
}

// numbers gives the elements of a tensor as numbers.
func numbers(t *host.Tensor) []float64 {
	switch {
	case t.Elem.Packed():
		t = host.Unpack(t)
	case t.Elem.IsComplex():
		list := make([]float64, t.Len())
		for i, x := range host.Values[complex128](t) {
			list[i] = math.Hypot(real(x), imag(x))
		}
		return list
	}
	return host.Values[float64](t)
}

// statsInfo are the stats of a value, and how often it was computed.
type statsInfo struct {
	stats
	Times int `json:"times"`
}

// getStats sums up a value of a run.
func (s *Server) getStats(r *http.Request) (any, error) {
	c, id, err := s.runValue(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	have := c.values[id]
	c.mu.Unlock()
	if have == nil {
		return nil, c.unseen()
	}
	return statsInfo{have.stats, have.times}, nil
}

// getTensorStats sums up a constant, or a value of a point.
func (s *Server) getTensorStats(r *http.Request) (any, error) {
	t, err := s.shownTensor(r)
	if err != nil {
		return nil, err
	}
	return statsInfo{measure(t), 1}, nil
}
