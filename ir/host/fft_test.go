package host

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"
)

func naiveDFT(x []complex128, sign float64) []complex128 {
	out := make([]complex128, len(x))
	for k := range out {
		for j, v := range x {
			out[k] += v * cmplx.Exp(complex(0, sign*2*math.Pi*float64(j*k%len(x))/float64(len(x))))
		}
	}
	return out
}

func TestFFT(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 25, 30, 61, 64, 67, 100, 122, 134, 139, 256, 400} {
		for _, e := range []Elem{C64, C128} {
			for _, inverse := range []bool{false, true} {
				x := transposed(e, uint64(n), 3, n)
				got, err := FFT(goParallel, x, []int{1}, inverse)
				if err != nil {
					t.Fatal(err)
				}
				sign := -1.0
				if inverse {
					sign = 1
				}
				var want []complex128
				for i := range 3 {
					want = append(want, naiveDFT(Values[complex128](x.Select(0, i)), sign)...)
				}
				near(t, fmt.Sprint(e, n, inverse), got, []int{3, n}, want)
			}
		}
	}
}

// TestFFTAxes transforms forth and back along two axes of three.
func TestFFTAxes(t *testing.T) {
	x := noise(C128, 1, 6, 3, 10)
	there, err := FFT(Serial, x, []int{0, 2}, false)
	if err != nil {
		t.Fatal(err)
	}
	back, err := FFT(Serial, there, []int{2, 0}, true)
	if err != nil {
		t.Fatal(err)
	}
	want := Values[complex128](x)
	scaled := make([]complex128, len(want))
	for i, v := range want {
		scaled[i] = v * 60
	}
	near(t, "there and back", back, []int{6, 3, 10}, scaled)
	sum := complex(0, 0)
	for i := range 6 {
		for k := range 10 {
			sum += want[(i*3+1)*10+k]
		}
	}
	if got := Values[complex128](there)[10]; cmplx.Abs(got-sum) > 1e-12 {
		t.Errorf("the constant part of the middle slice is %v, want %v", got, sum)
	}
	if _, err := FFT(Serial, x, []int{3}, false); err == nil {
		t.Error("an axis outside the tensor must be an error")
	}
	if _, err := FFT(Serial, New(F32, 4), []int{0}, false); err == nil {
		t.Error("real elements must be an error")
	}
	if out, err := FFT(Serial, New(C64, 0, 4), []int{0, 1}, false); err != nil || out.Len() != 0 {
		t.Errorf("an empty tensor gave %v, %v", out, err)
	}
}
