package host

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// lanesOf lists the lanes along some axes, in the order in which the axes are given, and where their elements lie in the
// row-major values of x.
func lanesOf(x *Tensor, axes []int) (lanes [][]float64, places [][]int) {
	index := make([]float64, x.Len())
	for i := range index {
		index[i] = float64(i)
	}
	where, _ := FromValues(F64, x.Shape, index)
	moved, _ := lastAxes(where, axes)
	n := 1
	for _, a := range axes {
		n *= x.Shape[a]
	}
	values := Values[float64](x)
	for lane := range slices.Chunk(Values[float64](moved), max(n, 1)) {
		at, v := make([]int, n), make([]float64, n)
		for i, k := range lane {
			at[i], v[i] = int(k), values[int(k)]
		}
		lanes, places = append(lanes, v), append(places, at)
	}
	return lanes, places
}

func TestSoftmax(t *testing.T) {
	for _, shape := range [][]int{{4}, {2, 3, 5}, {3, 1}, {0, 2}, {2, 0}, {2, 70}} {
		for axis := range shape {
			for _, e := range []Elem{F32, F16, BF16, F64} {
				x := transposed(e, uint64(axis), shape...)
				soft, err := Softmax(goParallel, x, axis, false)
				if err != nil {
					t.Fatal(err)
				}
				logs, err := Softmax(goParallel, x, axis, true)
				if err != nil {
					t.Fatal(err)
				}
				want, wantLog := make([]complex128, x.Len()), make([]complex128, x.Len())
				lanes, places := lanesOf(x, []int{axis})
				for i, lane := range lanes {
					sum := 0.0
					for _, v := range lane {
						sum += math.Exp(v)
					}
					for k, v := range lane {
						want[places[i][k]] = complex(math.Exp(v)/sum, 0)
						wantLog[places[i][k]] = complex(v-math.Log(sum), 0)
					}
				}
				near(t, fmt.Sprint("softmax", shape, axis, e), soft, shape, want)
				near(t, fmt.Sprint("log softmax", shape, axis, e), logs, shape, wantLog)
			}
		}
	}
	inf := float32(math.Inf(-1))
	x, _ := FromValues(F32, []int{2, 3}, []float32{1000, 1000, inf, inf, inf, inf})
	got, err := Softmax(Serial, x, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	nan := complex(math.NaN(), 0)
	near(t, "extremes", got, []int{2, 3}, []complex128{0.5, 0.5, 0, nan, nan, nan})
	if _, err := Softmax(Serial, x, 2, false); err == nil {
		t.Error("an axis outside the tensor must be an error")
	}
}

func TestNormalize(t *testing.T) {
	const eps = 1e-5
	for _, c := range []struct {
		shape, axes []int
		weight      []int
	}{
		{[]int{2, 3, 5}, []int{2}, []int{5}}, {[]int{2, 3, 5}, []int{1, 2}, []int{3, 5}}, {[]int{4, 3, 2}, []int{0, 2}, []int{4, 2}}, {[]int{3, 6}, []int{1}, nil},
		{[]int{3, 6}, []int{0}, []int{1}}, {[]int{0, 6}, []int{1}, []int{6}}, {[]int{2, 300}, []int{1}, []int{300}},
	} {
		for _, kind := range []Norm{LayerNorm, RMSNorm} {
			for _, e := range []Elem{F32, BF16, F64} {
				x := transposed(e, 1, c.shape...)
				var weight, bias *Tensor
				var axesShape []int
				for _, a := range c.axes {
					axesShape = append(axesShape, c.shape[a])
				}
				w, b := make([]float64, product(axesShape)), make([]float64, product(axesShape))
				for i := range w {
					w[i] = 1
				}
				if c.weight != nil {
					weight, bias = noise(e, 2, c.weight...), noise(e, 3, c.weight...)
					wide, _ := weight.Expand(axesShape)
					w = Values[float64](wide)
					wide, _ = bias.Expand(axesShape)
					b = Values[float64](wide)
				}
				got, err := Normalize(goParallel, kind, x, weight, bias, c.axes, eps)
				if err != nil {
					t.Fatal(err)
				}
				want := make([]complex128, x.Len())
				lanes, places := lanesOf(x, c.axes)
				for i, lane := range lanes {
					mean, square, n := 0.0, 0.0, float64(len(lane))
					for _, v := range lane {
						mean += v / n
					}
					if kind == RMSNorm {
						mean = 0
					}
					for _, v := range lane {
						square += (v - mean) * (v - mean) / n
					}
					for k, v := range lane {
						want[places[i][k]] = complex((v-mean)/math.Sqrt(square+eps)*w[k]+b[k], 0)
					}
				}
				near(t, fmt.Sprint(c, kind, e), got, c.shape, want)
			}
		}
	}
	if _, err := Normalize(Serial, LayerNorm, New(F32, 2, 3), New(F32, 2), nil, []int{1}, eps); err == nil {
		t.Error("a weight of the wrong size must be an error")
	}
	if _, err := Normalize(Serial, LayerNorm, New(F32, 2, 3), nil, nil, []int{1, 1}, eps); err == nil {
		t.Error("an axis given twice must be an error")
	}
}

func TestGroupAndBatchNormalize(t *testing.T) {
	const eps = 1e-3
	for _, e := range []Elem{F32, F16, F64} {
		for _, shape := range [][]int{{2, 6, 3, 2}, {1, 6}, {0, 6, 2}} {
			x, w, b := transposed(e, 1, shape...), noise(e, 2, 6), noise(e, 3, 6)
			vw, vb := Values[complex128](w), Values[complex128](b)
			channel := func(i int) int { return i / product(shape[2:]) % 6 }

			// Groups are lanes of the tensor with its channels split.
			split, err := x.Reshape(append([]int{shape[0], 3, 2}, shape[2:]...))
			if err != nil {
				t.Fatal(err)
			}
			axes := []int{2}
			for i := range shape[2:] {
				axes = append(axes, 3+i)
			}
			plain, err := Normalize(Serial, LayerNorm, split, nil, nil, axes, eps)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(Values[complex128](plain))
			for i := range want {
				want[i] = want[i]*vw[channel(i)] + vb[channel(i)]
			}
			got, err := GroupNormalize(goParallel, x, w, b, 1, 3, eps)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprint("group", e, shape), got, shape, want)
			bare, err := GroupNormalize(goParallel, x, nil, nil, 1, 3, eps)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprint("bare group", e, shape), bare, shape, Values[complex128](plain))
			if rank := len(shape); rank > 2 { // the same with the channels last
				last, back := []int{0}, []int{0, rank - 1}
				for i := 2; i < rank; i++ {
					last, back = append(last, i), append(back, i-1)
				}
				last = append(last, 1)
				behind, err := GroupNormalize(goParallel, x.Transpose(last).Clone(), w, b, rank-1, 3, eps)
				if err != nil {
					t.Fatal(err)
				}
				near(t, fmt.Sprint("last group", e, shape), behind.Transpose(back), shape, want)
			}

			mean := noise(e, 4, 6)
			square, err := MatMul(Serial, noise(e, 5, 6, 1, 1), noise(e, 5, 6, 1, 1))
			if err != nil {
				t.Fatal(err)
			}
			square, _ = square.Reshape([]int{6})
			vm, vv, vx := Values[complex128](mean), Values[float64](square), Values[complex128](x)
			want = make([]complex128, len(vx))
			for i, v := range vx {
				want[i] = (v-vm[channel(i)])*complex(1/math.Sqrt(vv[channel(i)]+eps), 0)*vw[channel(i)] + vb[channel(i)]
			}
			if got, err = BatchNormalize(goParallel, x, mean, square, w, b, 1, eps); err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprint("batch", e, shape), got, shape, want)
		}
	}
	if _, err := GroupNormalize(Serial, New(F32, 2, 6), nil, nil, 1, 4, eps); err == nil {
		t.Error("groups that do not divide the channels must be an error")
	}
	if _, err := BatchNormalize(Serial, New(F32, 2, 6), New(F32, 5), New(F32, 6), nil, nil, 1, eps); err == nil {
		t.Error("a mean of the wrong size must be an error")
	}
}
