package host

import (
	"fmt"
	"math"
	"testing"
)

// blockOf is the element of a parameter that belongs to row-major element i of shape.
func blockOf(p *Tensor, shape []int, i int) complex128 {
	at, stride := 0, 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at += i % shape[axis] * p.Shape[axis] / shape[axis] * stride
		i /= shape[axis]
		stride *= p.Shape[axis]
	}
	return number(At(p, at))
}

func shapedRamp(e Elem, shape ...int) *Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return must(must(ramp(F64, n).Reshape(shape)).as(e))
}

func (t *Tensor) as(e Elem) (*Tensor, error) {
	out := New(e, t.Shape...)
	return out, Cast(Serial, out, t)
}

func TestDequantize(t *testing.T) {
	shape := []int{4, 6}
	params := [][]int{{1, 1}, {4, 1}, {1, 6}, {2, 3}, {4, 6}, {1, 2}}
	for _, e := range []Elem{I4, U4, I3, I8, U8, I16, I32, F8E4M3, F8E5M2, F4E2M1} {
		for _, to := range []Elem{F32, F16, BF16, F64} {
			data := shapedRamp(e, shape...)
			for _, ps := range params {
				for flags := range 4 {
					scale := shapedRamp(F16, ps...)
					var zero, low *Tensor
					if flags&1 != 0 {
						zero = shapedRamp(I8, ps...)
					}
					if flags&2 != 0 {
						low = shapedRamp(F32, ps...)
					}
					if flags == 3 { // parameters of one block beside others
						zero = shapedRamp(I8, 1, 1)
					}
					out := New(to, shape...)
					if err := Dequantize(chopped, out, data, scale, zero, low); err != nil {
						t.Fatal(err)
					}
					for i := range out.Len() {
						want := number(At(data, i))
						if zero != nil {
							want -= blockOf(zero, shape, i)
						}
						want *= blockOf(scale, shape, i)
						if low != nil {
							want += blockOf(low, shape, i)
						}
						want = number(At(must(Scalar(to, real(want))), 0)) // integers that f32 has exactly, rounded once
						if got := number(At(out, i)); got != want {
							t.Fatalf("%s to %s, parameters %v, flags %d: element %d is %v, want %v", e, to, ps, flags, i, got, want)
						}
					}
				}
			}
		}
	}
}

func TestQuantize(t *testing.T) {
	f := func(shape []int, values ...float64) *Tensor { return must(FromValues(F64, shape, values)) }
	nan, inf := math.NaN(), math.Inf(1)
	tests := []struct {
		name        string
		to          Elem
		x, scale    *Tensor
		zero, low   *Tensor
		least, most float64
		want        string
	}{
		{"halves", I8, f([]int{5}, 0.25, 0.75, 1.25, -0.25, 0.26), f([]int{1}, 0.5), nil, nil, -128, 127, "[0 2 2 0 1]"},
		{"clamp", I4, f([]int{5}, -100, 100, nan, inf, -inf), f([]int{1}, 1), nil, nil, -8, 7, "[-8 7 -8 7 -8]"},
		{"symmetric", I4, f([]int{2}, -100, 100), f([]int{1}, 1), nil, nil, -7, 7, "[-7 7]"},
		{"zero point", U8, f([]int{3}, -1, 0, 500), f([]int{1}, 0.5), must(FromValues(U8, []int{1}, []uint64{128})), nil, 0, 255, "[126 128 255]"},
		{"least value", U4, f([]int{3}, -1, 0, 1), f([]int{1}, 0.125), nil, f([]int{1}, -1), 0, 15, "[0 8 15]"},
		{"blocks", I8, f([]int{2, 4}, 1, 2, 3, 4, 5, 6, 7, 8), f([]int{2, 2}, 1, 2, 0.5, 4), nil, nil, -128, 127, "[1 2 2 2 10 12 2 2]"},
		{"i32", I32, f([]int{2}, 1e10, -1e10), f([]int{1}, 1), nil, nil, math.MinInt32, math.MaxInt32, "[2147483647 -2147483648]"},
	}
	for _, tt := range tests {
		for _, e := range []Elem{F64, F32} {
			out := New(tt.to, tt.x.Shape...)
			if err := Quantize(chopped, out, must(tt.x.as(e)), must(tt.scale.as(e)), tt.zero, tt.low, tt.least, tt.most); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(Values[int64](out)); got != tt.want {
				t.Errorf("%s from %s: got %s, want %s", tt.name, e, got, tt.want)
			}
		}
	}
	for _, e := range []Elem{F8E4M3, F4E2M1} {
		most := map[Elem]float64{F8E4M3: 448, F4E2M1: 6}[e]
		out := New(e, 4)
		if err := Quantize(Serial, out, f([]int{4}, 2, -3, 1e9, -1e9), f([]int{1}, 2), nil, nil, -most, most); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(Values[float64](out)), fmt.Sprint([]float64{1, -1.5, most, -most}); got != want {
			t.Errorf("%s: got %s, want %s", e, got, want)
		}
	}
}

func TestQuantRejects(t *testing.T) {
	out, data := New(F32, 4, 6), New(I8, 4, 6)
	for _, params := range [][]*Tensor{
		{New(F32, 4)}, {New(F32, 3, 1)}, {New(F32, 0, 1)}, {New(F32, 2, 1), New(I8, 4, 1)}, {New(F32, 8, 1)},
	} {
		var zero *Tensor
		if len(params) > 1 {
			zero = params[1]
		}
		if err := Dequantize(Serial, out, data, params[0], zero, nil); err == nil {
			t.Errorf("scale %v was accepted", params[0])
		}
	}
	if err := Quantize(Serial, New(F64, 1), New(F32, 1), New(F32, 1), nil, nil, 0, 1); err == nil {
		t.Error("quantized to f64")
	}
}
