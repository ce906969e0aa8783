package host

import (
	"fmt"
	"math"
	"math/cmplx"
)

// CumSum and the other scans give, at each place along an axis, what the elements up to it combine to. Floats are combined
// in float64, and each result is rounded once.
func CumSum(p Parallel, t *Tensor, axis int) (*Tensor, error) {
	switch t.Elem.Class() {
	case ClassI64:
		return scan(p, t, axis, 0, sumScan[int64, int64])
	case ClassU64:
		return scan(p, t, axis, 0, sumScan[uint64, uint64])
	case ClassF32:
		return scan(p, t, axis, 0, sumScan[float32, float64])
	case ClassF64:
		return scan(p, t, axis, 0, sumScan[float64, float64])
	case ClassC64:
		return scan(p, t, axis, 0, sumComplexScan[complex64])
	case ClassC128:
		return scan(p, t, axis, 0, sumComplexScan[complex128])
	}
	return nil, fmt.Errorf("cumsum of %s elements is not defined", t.Elem)
}

// CumProd multiplies along an axis; see [CumSum].
func CumProd(p Parallel, t *Tensor, axis int) (*Tensor, error) {
	switch t.Elem.Class() {
	case ClassI64:
		return scan(p, t, axis, 1, prodScan[int64, int64])
	case ClassU64:
		return scan(p, t, axis, 1, prodScan[uint64, uint64])
	case ClassF32:
		return scan(p, t, axis, 1, prodScan[float32, float64])
	case ClassF64:
		return scan(p, t, axis, 1, prodScan[float64, float64])
	case ClassC64:
		return scan(p, t, axis, 1, prodComplexScan[complex64])
	case ClassC128:
		return scan(p, t, axis, 1, prodComplexScan[complex128])
	}
	return nil, fmt.Errorf("cumprod of %s elements is not defined", t.Elem)
}

// LogCumSumExp gives log(cumsum(exp(t))) along an axis without overflow; see [CumSum].
func LogCumSumExp(p Parallel, t *Tensor, axis int) (*Tensor, error) {
	switch t.Elem.Class() {
	case ClassF32:
		return scan(p, t, axis, math.Inf(-1), logScan[float32])
	case ClassF64:
		return scan(p, t, axis, math.Inf(-1), logScan[float64])
	case ClassC64:
		return scan(p, t, axis, complex(math.Inf(-1), 0), logComplexScan[complex64])
	case ClassC128:
		return scan(p, t, axis, complex(math.Inf(-1), 0), logComplexScan[complex128])
	}
	return nil, fmt.Errorf("logcumsumexp of %s elements is not defined", t.Elem)
}

// scan replaces each lane along an axis by its scan; loop works in place and hands on what the next block starts from.
func scan[T, A Wide](p Parallel, t *Tensor, axis int, init A, loop func(acc A, x []T) A) (*Tensor, error) {
	if t.Elem.Packed() {
		wide, err := scan(p, Unpack(t), axis, init, loop)
		if err != nil {
			return nil, err
		}
		return Pack(wide, t.Elem)
	}
	out, err := Alloc(t.Elem, t.Shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	n := t.Shape[axis]
	from, to := laneStarts(t, axis), laneStarts(out, axis)
	stride, step := t.Strides[axis], out.Strides[axis]
	p(len(from), laneGrain(n), func(lo, hi int) {
		buf := make([]T, min(n, blockLen))
		for i := lo; i < hi; i++ {
			acc := init
			for at := 0; at < n; at += len(buf) {
				block := buf[:min(len(buf), n-at)]
				Load(block, t, from[i]+at*stride, stride)
				acc = loop(acc, block)
				Store(out, to[i]+at*step, step, block)
			}
		}
	})
	return out, nil
}

func sumScan[T, A realNumber](acc A, x []T) A {
	for i, v := range x {
		acc += A(v)
		x[i] = T(acc)
	}
	return acc
}

func prodScan[T, A realNumber](acc A, x []T) A {
	for i, v := range x {
		acc *= A(v)
		x[i] = T(acc)
	}
	return acc
}

func sumComplexScan[T complexNumber](acc complex128, x []T) complex128 {
	for i, v := range x {
		acc += complex128(v)
		x[i] = T(acc)
	}
	return acc
}

func prodComplexScan[T complexNumber](acc complex128, x []T) complex128 {
	for i, v := range x {
		acc *= complex128(v)
		x[i] = T(acc)
	}
	return acc
}

func logScan[T float32 | float64](acc float64, x []T) float64 {
	for i, v := range x {
		lo, hi := min(acc, float64(v)), max(acc, float64(v))
		switch {
		case lo == hi && math.IsInf(lo, 0):
			acc = lo // two equal infinities, whose difference is NaN
		default:
			acc = hi + math.Log1p(math.Exp(lo-hi))
		}
		x[i] = T(acc)
	}
	return acc
}

func logComplexScan[T complexNumber](acc complex128, x []T) complex128 {
	for i, v := range x {
		lo, hi := acc, complex128(v)
		if real(lo) > real(hi) {
			lo, hi = hi, lo
		}
		switch {
		case cmplx.IsNaN(lo) || cmplx.IsNaN(hi):
			acc = cmplx.NaN()
		case math.IsInf(real(hi), -1):
			acc = lo
		case math.IsInf(real(lo), 1):
			acc = cmplx.Log(cmplx.Exp(lo) + cmplx.Exp(hi))
		default:
			acc = hi + cmplx.Log(1+cmplx.Exp(lo-hi))
		}
		x[i] = T(acc)
	}
	return acc
}
