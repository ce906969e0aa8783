package host

import (
	"fmt"
	"math"
)

// rows runs a loop over the lanes of x along some axes, each as one dense slice in and one out of the same length. work is
// what one element costs, in additions.
func rows[T float32 | float64](p Parallel, x *Tensor, axes []int, work int, fn func(out, in []T)) (*Tensor, error) {
	t, perm := lastAxes(x, axes)
	out, buf, err := newResult[T](x.Elem, t.Shape)
	if err != nil {
		return nil, err
	}
	if len(buf) > 0 {
		n := product(t.Shape[t.Rank()-len(axes):])
		data := dense[T](p, t)
		p(len(buf)/n, 1+gemmWork/(n*work), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				fn(buf[i*n:(i+1)*n], data[i*n:(i+1)*n])
			}
		})
	}
	finish(p, out, buf)
	return unpermute(out, perm), nil
}

// Softmax gives exp(x) / sum(exp(x)) along an axis, or the logarithm of that.
func Softmax(p Parallel, x *Tensor, axis int, log bool) (*Tensor, error) {
	if axis < 0 || axis >= x.Rank() {
		return nil, fmt.Errorf("axis %d is outside %s", axis, x)
	}
	switch x.Elem.Class() {
	case ClassF32:
		if log {
			return rows(p, x, []int{axis}, 32, logSoftmaxRow[float32](logRounding(x, axis)))
		}
		return rows(p, x, []int{axis}, 32, softmaxRow[float32])
	case ClassF64:
		if log {
			return rows(p, x, []int{axis}, 32, logSoftmaxRow[float64](logRounding(x, axis)))
		}
		return rows(p, x, []int{axis}, 32, softmaxRow[float64])
	}
	return nil, unsupported("softmax", x.Elem)
}

func softmaxRow[T float32 | float64](out, in []T) {
	copy(out, in)
	softmaxInPlace(out, largestOf(out))
}

func largestOf[T float32 | float64](row []T) T {
	most := T(math.Inf(-1))
	for _, v := range row {
		if v > most || v != v {
			most = v
		}
	}
	return most
}

func softmaxInPlace[T float32 | float64](row []T, most T) {
	sum := 0.0
	for i, v := range row {
		e := math.Exp(float64(v - most))
		row[i] = T(e)
		sum += e
	}
	scale := T(1 / sum)
	for i := range row {
		row[i] *= scale
	}
}

// logRounding is how the sum of a row and its logarithm are rounded: as PyTorch on a CPU, to f16 and bf16 along the last axis.
func logRounding(x *Tensor, axis int) func(float64) float64 {
	if axis == x.Rank()-1 && (x.Elem == F16 || x.Elem == BF16) {
		return rounding(x.Elem)
	}
	return rounding(F64)
}

func logSoftmaxRow[T float32 | float64](round func(float64) float64) func(out, in []T) {
	return func(out, in []T) {
		most, sum := largestOf(in), 0.0
		for _, v := range in {
			sum += math.Exp(float64(v - most))
		}
		log := round(math.Log(round(sum)))
		for i, v := range in {
			out[i] = T(float64(v-most) - log)
		}
	}
}
