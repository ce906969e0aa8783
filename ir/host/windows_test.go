package host

import (
	"slices"
	"testing"
)

// TestWindows: the windows, as rows, times a weight are its convolution.
func TestWindows(t *testing.T) {
	for _, c := range []struct {
		shape, weight []int
		params        ConvParams
	}{
		{[]int{2, 3, 5, 6}, []int{4, 3, 3, 2}, ConvParams{Stride: []int{2, 1}, Dilation: []int{1, 2}, Low: []int{1, 0}, High: []int{1, 2}, Groups: 1}},
		{[]int{2, 5, 6, 3}, []int{4, 3, 1, 1}, ConvParams{Stride: []int{1, 1}, Dilation: []int{1, 1}, Low: []int{0, 0}, High: []int{0, 0}, Groups: 1, ChannelsLast: true}},
		{[]int{1, 2, 9}, []int{2, 2, 4}, ConvParams{Stride: []int{3}, Dilation: []int{1}, Low: []int{2}, High: []int{0}, Groups: 1}},
	} {
		x, w := counting(c.shape), counting(c.weight)
		want, err := Conv(Serial, x, w, nil, c.params)
		if err != nil {
			t.Fatal(err)
		}
		view, err := Windows(x, c.weight[2:], c.params)
		if err != nil {
			t.Fatal(err)
		}
		n := len(Values[float64](w)) / c.weight[0]
		rows, err := view.Reshape([]int{view.Len() / n, n})
		if err != nil {
			t.Fatal(err)
		}
		flat, err := w.Reshape([]int{c.weight[0], n})
		if err != nil {
			t.Fatal(err)
		}
		got, err := MatMul(Serial, rows, flat.Transpose([]int{1, 0}))
		if err != nil {
			t.Fatal(err)
		}
		if !c.params.ChannelsLast {
			want = want.Transpose(append(append([]int{0}, rangeOf(2, want.Rank())...), 1)) // the channels behind the places
		}
		if !slices.Equal(Values[float64](got), Values[float64](want)) {
			t.Errorf("windows %v of %v give another convolution", c.weight, c.shape)
		}
	}
	if _, err := Windows(counting([]int{1, 4, 3}), []int{2}, ConvParams{Groups: 2}); err == nil {
		t.Error("took windows in groups")
	}
}

// counting holds small integers, whose products and sums are exact.
func counting(shape []int) *Tensor {
	x := New(F64, shape...)
	for i := range Raw[float64](x) {
		Raw[float64](x)[i] = float64(i*7%11 - 5)
	}
	return x
}

func rangeOf(lo, hi int) []int {
	var list []int
	for i := lo; i < hi; i++ {
		list = append(list, i)
	}
	return list
}
