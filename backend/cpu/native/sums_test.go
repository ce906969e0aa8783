//go:build unix

package native

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/ir/host"
)

// longSums are sums of many f32: open sizes, the types of %x and the result, and an operation; then the shape of %x and the axes it reduces.
var longSums = []struct {
	name, open, x, y, op string
	shape                []int
	axes                 []bool // that are reduced
	mean                 bool
}{
	{"a row", "", "524288", "1", "tensor.sum(%x) {axes = [0], keep_dims = true}", []int{524288}, []bool{true}, false},
	{"an open row", "N", "[N]", "1", "tensor.sum(%x) {axes = [0], keep_dims = true}", []int{524291}, []bool{true}, false},
	{"columns", "", "262145x2", "2", "tensor.sum(%x) {axes = [0], keep_dims = false}", []int{262145, 2}, []bool{true, false}, false},
	{"open columns", "N", "[N]x2", "2", "tensor.sum(%x) {axes = [0], keep_dims = false}", []int{262145, 2}, []bool{true, false}, false},
	{"many columns", "N", "[N]x70", "70", "tensor.mean(%x) {axes = [0], keep_dims = false}", []int{9001, 70}, []bool{true, false}, true},
	{"two axes", "", "1x512x512x3", "1x3", "tensor.mean(%x) {axes = [1, 2], keep_dims = false}", []int{1, 512, 512, 3}, []bool{false, true, true, false}, true},
	{"axes apart", "", "300x3x700", "3", "tensor.sum(%x) {axes = [0, 2], keep_dims = false}", []int{300, 3, 700}, []bool{true, false, true}, false},
	{"open axes apart", "A B", "[A]x3x[B]", "3", "tensor.sum(%x) {axes = [0, 2], keep_dims = false}", []int{700, 3, 301}, []bool{true, false, true}, false},
	{"a pool", "", "1x2x512x512", "1x2x1x1", "nn.avg_pool(%x) {kernel = [512, 512]}", []int{1, 2, 512, 512}, []bool{false, false, true, true}, true},
	{"an adaptive pool", "", "1x512x512x3", "1x1x1x3", "nn.adaptive_avg_pool(%x) {output = [1, 1], channels_last = true}", []int{1, 512, 512, 3}, []bool{false, true, true, false}, true},
	{"a product", "", "1x262144", "1x1", "tensor.matmul(%x, %w)", []int{1, 262144}, []bool{false, true}, false},
	{"an open product", "N", "3x[N]", "3x1", "tensor.matmul(%x, %w)", []int{3, 100003}, []bool{false, true}, false},
}

// TestLongSums holds sums of up to 2^19 numbers, equal ones and those of 200 to 250, against sums in f64.
func TestLongSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 24))
	for _, tt := range longSums {
		t.Run(tt.name, func(t *testing.T) {
			params := "%x: tensor<" + tt.x + "xf32>"
			product := tt.op == "tensor.matmul(%x, %w)"
			if product {
				k := "262144"
				if tt.open != "" {
					k = "[N]"
				}
				params += ", %w: tensor<" + k + "x1xf32>"
			}
			dims := ""
			for _, name := range strings.Fields(tt.open) {
				dims += "    dim " + name + " in 0..\n"
			}
			m := backendtest.Parse(t, fmt.Sprintf("air 1\nmodule @m {\n  func @main(%s) -> (%%y: tensor<%sxf32>) {\n%s    %%y = %s : tensor<%sxf32>\n    core.return(%%y)\n  }\n}\n", params, tt.y, dims, tt.op, tt.y))
			s := compileHeavy(t, m, 1)
			most := map[bool]float64{false: 1e-6, true: 1e-5}[product] // of sums in f64, and of those in f32
			for _, fill := range []func() float32{func() float32 { return 0.1 }, func() float32 { return 200 + 50*rng.Float32() }} {
				x := host.New(host.F32, tt.shape...)
				data := host.Values[float32](x)
				for i := range data {
					data[i] = fill()
				}
				in := []*host.Tensor{x}
				if product {
					w := host.New(host.F32, tt.shape[1], 1)
					for i := range host.Values[float32](w) {
						host.Values[float32](w)[i] = 1
					}
					in = append(in, w)
				}
				out, err := s.Call(context.Background(), "main", in, nil)
				if err != nil {
					t.Fatal(err)
				}
				want := sumsOf(data, tt.shape, tt.axes, tt.mean)
				for i, got := range host.Values[float32](out[0]) {
					if off := math.Abs(float64(got)/want[i] - 1); off > most {
						t.Errorf("result %d is %g, expected %g: off by %.1e", i, got, want[i], off)
						break
					} else if i == 0 {
						t.Logf("off by %.1e", off)
					}
				}
			}
		})
	}
}

// sumsOf are the sums, or means, of the elements along axes.
func sumsOf(data []float32, shape []int, axes []bool, mean bool) []float64 {
	n, count := 1, 1
	for a, size := range shape {
		if axes[a] {
			count *= size
		} else {
			n *= size
		}
	}
	sums := make([]float64, n)
	for i, v := range data {
		rest, at, by := i, 0, 1
		for a := len(shape) - 1; a >= 0; a-- {
			if !axes[a] {
				at += rest % shape[a] * by
				by *= shape[a]
			}
			rest /= shape[a]
		}
		sums[at] += float64(v)
	}
	if mean {
		for i := range sums {
			sums[i] /= float64(count)
		}
	}
	return sums
}
