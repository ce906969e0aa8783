package host

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func narrowOf(t *testing.T, e Elem, shape []int, values ...float64) *Tensor {
	t.Helper()
	x, err := FromValues(F64, shape, values)
	if err != nil {
		t.Fatal(err)
	}
	y := New(e, shape...)
	if err := Cast(Serial, y, x); err != nil {
		t.Fatal(err)
	}
	return y
}

// TestNarrowSteps holds functions that PyTorch computes in f16 and bf16 step by step to what it gives on a CPU.
func TestNarrowSteps(t *testing.T) {
	grid := func(e Elem, f Filter) func() (*Tensor, error) {
		return func() (*Tensor, error) {
			x := narrowOf(t, e, []int{1, 1, 2, 3}, 0, 1.1, 2.2, 3.3, 4.4, 5.5)
			return GridSample(Serial, x, narrowOf(t, e, []int{1, 1, 1, 2}, 0.3, -0.35), f, PadZeros, false)
		}
	}
	transposed := func(e Elem, big float64, c ConvTransposeParams) func() (*Tensor, error) {
		return func() (*Tensor, error) {
			c.Stride, c.Padding, c.Groups = []int{1}, []int{0}, 1
			return ConvTranspose(Serial, narrowOf(t, e, []int{1, 1, 3}, 1, 1, big), narrowOf(t, e, []int{1, 1, 3}, 1, 1, 1), nil, c)
		}
	}
	plain, padded := ConvTransposeParams{Dilation: []int{1}, OutputPadding: []int{0}}, ConvTransposeParams{Dilation: []int{1}, OutputPadding: []int{1}}
	for _, c := range []struct {
		name string
		run  func() (*Tensor, error)
		want []float64
	}{
		{"grid bf16", grid(BF16, FilterLinear), []float64{2.078125}},
		{"grid f16", grid(F16, FilterLinear), []float64{2.08984375}},
		{"cubic grid bf16", grid(BF16, FilterCubic), []float64{2.5625}},
		{"cubic grid f16", grid(F16, FilterCubic), []float64{2.568359375}},
		{"conv_transpose f16", transposed(F16, 2048, plain), []float64{1, 2, 2048, 2048, 2048}},
		{"conv_transpose bf16", transposed(BF16, 256, plain), []float64{1, 2, 258, 256, 256}},
		{"padded conv_transpose bf16", transposed(BF16, 256, padded), []float64{1, 2, 256, 256, 256, 0}},
		{"adaptive_avg_pool3d f16", func() (*Tensor, error) {
			return AdaptiveAvgPool(Serial, narrowOf(t, F16, []int{1, 1, 8}, 2048, 1, 1, 1, 1, 1, 1, 1), []int{1, 1, 2})
		}, []float64{512, 1}},
		{"mean of all f16", func() (*Tensor, error) {
			return AdaptiveAvgPool(Serial, narrowOf(t, F16, []int{1, 1, 4}, 2048, 1, 1, 2), []int{1, 1, 1})
		}, []float64{513}},
		{"log_softmax bf16", func() (*Tensor, error) {
			return Softmax(Serial, narrowOf(t, BF16, []int{1, 4}, 1, 2.5, -3, 0.25), 1, true)
		}, []float64{-1.7890625, -0.2890625, -5.78125, -2.53125}},
		{"log_softmax bf16 along another axis", func() (*Tensor, error) {
			return Softmax(Serial, narrowOf(t, BF16, []int{4, 1}, 1, 2.5, -3, 0.25), 0, true)
		}, []float64{-1.7890625, -0.287109375, -5.78125, -2.53125}},
	} {
		got, err := c.run()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, Values[float64](got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestResampleBytes holds interpolation of u8 to PyTorch's.
func TestResampleBytes(t *testing.T) {
	x, err := FromValues(U8, []int{1, 1, 3, 4}, []uint64{0, 50, 100, 255, 3, 77, 200, 9, 1, 128, 64, 32})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size      []int
		f         Filter
		antialias bool
		want      []uint64
	}{
		{[]int{4, 5}, FilterLinear, false, []uint64{0, 35, 75, 146, 255, 2, 48, 115, 144, 101, 2, 68, 123, 110, 18, 1, 90, 96, 54, 32}},
		{[]int{4, 6}, FilterCubic, false, []uint64{0, 19, 56, 71, 187, 255, 0, 20, 85, 170, 148, 89, 0, 44, 118, 169, 82, 0, 0, 74, 132, 69, 37, 31}},
		{[]int{2, 3}, FilterLinear, true, []uint64{19, 99, 155, 34, 112, 51}},
	} {
		got, err := Resample(goParallel, x, c.size, c.f, false, c.antialias, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, Values[uint64](got)); diff != "" {
			t.Errorf("%v, filter %d (-want +got):\n%s", c.size, c.f, diff)
		}
	}
}

// TestKthValueTies holds which of equal elements is found to PyTorch's choice.
func TestKthValueTies(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		x  []float64
		k  int
		at int64
	}{
		{[]float64{3, 1, 2, 1, 3, 1, 2, 1, 0, 1}, 3, 3},
		{[]float64{2, 2, 2, 2, 2, 2}, 2, 0},
		{[]float64{1, nan, 0, nan}, 2, 1},
		{[]float64{5}, 0, 0},
	} {
		x, err := FromValues(F64, []int{len(c.x)}, c.x)
		if err != nil {
			t.Fatal(err)
		}
		values, index, err := KthValue(Serial, x, 0, c.k)
		if err != nil {
			t.Fatal(err)
		}
		if at := IntAt(index, 0); at != c.at || !sameNumber(FloatAt(values, 0), c.x[at]) {
			t.Errorf("element %d of %v is %v at %d, want the one at %d", c.k, c.x, FloatAt(values, 0), at, c.at)
		}
		if _, _, err := KthValue(Serial, x, 0, len(c.x)); err == nil {
			t.Errorf("element %d of %v: found no error", len(c.x), c.x)
		}
	}
}

// TestModeTies holds which of equal elements is found to PyTorch's choice.
func TestModeTies(t *testing.T) {
	for _, c := range []struct {
		x  []float64
		at int64
	}{
		{[]float64{2, 0, 2, 0, 1, 0, 1, 1, 1, 0, 2, 2, 0, 0, 1, 2, 0}, 3},
		{[]float64{0, 2, 1, 2, 3, 3, 2, 0, 1, 1, 1, 1, 0, 1, 0, 3, 0, 3, 1, 2, 3, 3, 0, 2, 3, 0, 1, 3, 1, 3, 3, 2, 3, 0, 1, 1, 1, 3, 0, 3}, 4},
		{[]float64{3, 1, 1, 3, 2}, 2},
	} {
		x, err := FromValues(F64, []int{len(c.x)}, c.x)
		if err != nil {
			t.Fatal(err)
		}
		values, index, err := Mode(Serial, x, 0)
		if err != nil {
			t.Fatal(err)
		}
		if at := IntAt(index, 0); at != c.at || FloatAt(values, 0) != c.x[at] {
			t.Errorf("the mode of %v is %v at %d, want the one at %d", c.x, FloatAt(values, 0), at, c.at)
		}
	}
}

func TestComplexLogCumSumExp(t *testing.T) {
	inf := math.Inf(-1)
	x, err := FromValues(C128, []int{4}, []complex128{1 + 2i, 3 - 1i, complex(inf, 0), -2 + 5i})
	if err != nil {
		t.Fatal(err)
	}
	got, err := LogCumSumExp(Serial, x, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []complex128{1 + 2i, 2.8563947677612305 - 0.9779503345489502i, 2.8563947677612305 - 0.9779503345489502i, 2.8637890815734863 - 0.9802706837654114i}
	for i, g := range Values[complex128](got) {
		if d := g - want[i]; math.Hypot(real(d), imag(d)) > 1e-6 {
			t.Errorf("element %d is %v, want %v", i, g, want[i])
		}
	}
}
