package host

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// noise makes a tensor of reproducible values between -2 and 2, integers for integer types, real and imaginary parts for
// complex ones.
func noise(e Elem, seed uint64, shape ...int) *Tensor {
	r := rand.New(rand.NewPCG(seed, 7))
	t := New(e, shape...)
	switch e.Class() {
	case ClassI64:
		fillNoise(t, func() int64 { return int64(r.IntN(7)) - 3 })
	case ClassU64:
		fillNoise(t, func() uint64 { return uint64(r.IntN(5)) })
	case ClassF32:
		fillNoise(t, func() float32 { return float32(r.Float64()*4 - 2) })
	case ClassF64:
		fillNoise(t, func() float64 { return r.Float64()*4 - 2 })
	case ClassC64:
		fillNoise(t, func() complex64 { return complex64(complex(r.Float64()*4-2, r.Float64()*4-2)) })
	case ClassC128:
		fillNoise(t, func() complex128 { return complex(r.Float64()*4-2, r.Float64()*4-2) })
	case ClassBool:
		fillNoise(t, func() bool { return r.IntN(2) == 1 })
	}
	return t
}

func fillNoise[T Wide](t *Tensor, next func() T) {
	values := make([]T, t.Len())
	for i := range values {
		values[i] = next()
	}
	Store(t, 0, 1, values)
}

// transposed makes a tensor with noise whose memory has the axes in the opposite order, so that nothing is contiguous.
func transposed(e Elem, seed uint64, shape ...int) *Tensor {
	back := slices.Clone(shape)
	slices.Reverse(back)
	perm := make([]int, len(shape))
	for i := range perm {
		perm[i] = len(shape) - 1 - i
	}
	return noise(e, seed, back...).Transpose(perm)
}

// goParallel runs every index range as its own goroutine, to find results that depend on the cuts.
func goParallel(n, grain int, fn func(lo, hi int)) {
	var wg sync.WaitGroup
	grain = max(grain/1000, 1)
	for lo := 0; lo < n; lo += grain {
		wg.Go(func() { fn(lo, min(lo+grain, n)) })
	}
	wg.Wait()
}

// tolerance is what a result of a few hundred additions may be off by, relative to values of some ten.
func tolerance(e Elem) float64 {
	switch e {
	case F64, C128:
		return 1e-11
	case F32, C64:
		return 2e-5
	case F16:
		return 1e-2
	case BF16:
		return 8e-2
	}
	return 0
}

// near compares a result with exact values; the tolerance is relative to the largest of them, and at least to 1.
func near(t *testing.T, what string, got *Tensor, shape []int, want []complex128) {
	t.Helper()
	if !slices.Equal(got.Shape, shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, shape)
	}
	scale := 1.0
	for _, w := range want {
		if a := cAbs(w); a > scale && !math.IsInf(a, 0) {
			scale = a
		}
	}
	for i, g := range Values[complex128](got) {
		w := want[i]
		switch got.Elem { // integers wrap
		case I8:
			w = complex(float64(int8(int64(real(w)))), 0)
		case U8:
			w = complex(float64(uint8(int64(real(w)))), 0)
		}
		if g == w || math.IsNaN(real(w)) && math.IsNaN(real(g)) {
			continue
		}
		if diff := cAbs(g - w); !(diff <= tolerance(got.Elem)*scale) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, g, w)
		}
	}
}

func cAbs(z complex128) float64 { return math.Hypot(real(z), imag(z)) }
