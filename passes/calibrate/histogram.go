package calibrate

import "math"

// histogram counts numbers in equal bins over (-limit, limit), limit being a power of two that doubles when a number
// lies outside: neighbouring bins become one, so that the counts are those of all numbers counted with the last limit,
// in whatever order they came.
type histogram struct {
	limit float64 // 0: nothing but zeros so far
	bins  []uint64
	zeros uint64 // are not in bins: they cost no code
}

// add counts a finite number.
func (h *histogram) add(x float64) {
	if x == 0 {
		h.zeros++
		return
	}
	if a := math.Abs(x); a >= h.limit {
		h.grow(a)
	}
	half := float64(len(h.bins) / 2)
	at := int(math.Floor(x/h.limit*half)) + len(h.bins)/2
	h.bins[min(max(at, 0), len(h.bins)-1)]++
}

// grow makes room for a magnitude.
func (h *histogram) grow(a float64) {
	_, exp := math.Frexp(a) // a < 2^exp
	limit := math.Ldexp(1, min(exp, 1023))
	if h.limit == 0 {
		h.limit = limit
		return
	}
	n := len(h.bins)
	for ; h.limit < limit; h.limit *= 2 {
		wide := make([]uint64, n)
		for i, c := range h.bins {
			wide[n/2+(i-n/2)>>1] += c
		}
		copy(h.bins, wide)
	}
}

// center is the middle of a bin.
func (h *histogram) center(i int) float64 { return h.edge(i) + h.limit/float64(len(h.bins)) }

// edge is where a bin starts.
func (h *histogram) edge(i int) float64 {
	return float64(i-len(h.bins)/2) * h.limit / float64(len(h.bins)/2)
}

// cut is the range without a share of the numbers at either end, to the edges of bins.
func (h *histogram) cut(share float64) Range {
	total := h.zeros
	for _, c := range h.bins {
		total += c
	}
	drop := uint64(share * float64(total))
	return Range{h.tail(drop, -1), h.tail(drop, 1)}
}

// tail is the outer edge of the first bin, coming from one end, that is not dropped; 0 where all of that sign are.
func (h *histogram) tail(drop uint64, sign int) float64 {
	n := len(h.bins)
	seen := uint64(0)
	for k := range n / 2 {
		i := k
		if sign > 0 {
			i = n - 1 - k
		}
		if seen += h.bins[i]; seen > drop {
			if sign > 0 {
				i++
			}
			return h.edge(i)
		}
	}
	return 0
}

// filled lists the middles and counts of the bins that hold something.
func (h *histogram) filled() (centers, counts []float64) {
	for i, c := range h.bins {
		if c > 0 {
			centers, counts = append(centers, h.center(i)), append(counts, float64(c))
		}
	}
	return centers, counts
}
