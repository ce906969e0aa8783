package host

import "math"

// resampleBytes is [Resample] of u8 along two axes as PyTorch and Pillow do it: the last axis first, each with weights of 16
// bits, and rounded to bytes in between.
func resampleBytes(p Parallel, x *Tensor, size []int, scales []float64, s sampling) (*Tensor, error) {
	shape := append([]int(nil), x.Shape...)
	data := dense[uint64](p, x)
	for i := len(size) - 1; i >= 0; i-- {
		axis, scale := x.Rank()-len(size)+i, 0.0
		if scales != nil {
			scale = scales[i]
		}
		n, m := shape[axis], size[i]
		list := sampleTaps[float64](s, n, m, scale)
		if identity(list, n) {
			continue
		}
		weights, bits := fixedWeights(list)
		inner, outer := product(shape[axis+1:]), product(shape[:axis])
		shape[axis] = m
		if _, err := SizeBytes(x.Elem, shape); err != nil {
			return nil, err
		}
		next := make([]uint64, outer*m*inner)
		p(outer*m, 1+(1<<14)/max(inner, 1), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				from, to := data[k/m*n*inner:], next[k*inner:(k+1)*inner]
				for c := range to {
					sum := int64(1) << (bits - 1)
					for j, at := range list[k%m].at {
						sum += int64(from[at*inner+c]) * weights[k%m][j]
					}
					to[c] = uint64(min(max(sum>>bits, 0), 255))
				}
			}
		})
		data = next
	}
	out, buf, err := newResult[uint64](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	copy(buf, data)
	finish(p, out, buf)
	return out, nil
}

// fixedWeights gives weights as integers of 16 bits, and how many of their bits stand behind the point: as many as fit.
func fixedWeights(list []taps[float64]) (weights [][]int64, bits int) {
	most := 0.0
	for _, t := range list {
		for _, w := range t.weights {
			most = max(most, w)
		}
	}
	for bits < 22 && int64(0.5+most*float64(int64(1)<<(bits+1))) < 1<<15 {
		bits++
	}
	weights = make([][]int64, len(list))
	for i, t := range list {
		for _, w := range t.weights {
			weights[i] = append(weights[i], int64(math.Round(w*float64(int64(1)<<bits))))
		}
	}
	return weights, bits
}
