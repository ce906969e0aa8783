package host

import (
	"fmt"
	"math"
	"testing"
)

func TestPoolSize(t *testing.T) {
	for _, c := range []struct {
		n, k, s, d, low, high int
		ceil                  bool
		want                  int
	}{
		{7, 2, 2, 1, 0, 0, false, 3}, {7, 2, 2, 1, 0, 0, true, 4}, {6, 2, 2, 1, 0, 0, true, 3}, {5, 3, 2, 1, 1, 1, true, 3},
		{1, 2, 2, 1, 1, 1, true, 1}, // a second window would start in the padding after
		{4, 1, 3, 1, 0, 0, true, 2}, {2, 3, 1, 1, 0, 0, false, 0}, {2, 3, 1, 1, 0, 0, true, 0}, {2, 3, 2, 1, 0, 0, true, 1}, {9, 3, 2, 2, 0, 1, true, 4},
	} {
		if got := PoolSize(c.n, c.k, c.s, c.d, c.low, c.high, c.ceil); got != c.want {
			t.Errorf("%+v: found %d", c, got)
		}
	}
}

type poolCase struct {
	shape []int
	PoolParams
}

var poolCases = []poolCase{
	{[]int{3, 8}, PoolParams{[]int{2}, []int{2}, []int{1}, []int{0}, []int{0}, false}},
	{[]int{2, 3, 7, 6}, PoolParams{[]int{3, 2}, []int{2, 1}, []int{1, 1}, []int{1, 0}, []int{1, 1}, false}},
	{[]int{1, 2, 7, 8}, PoolParams{[]int{3, 3}, []int{2, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}, true}},
	{[]int{7, 8}, PoolParams{[]int{2, 2}, []int{1, 2}, []int{2, 3}, []int{1, 0}, []int{0, 0}, true}},
	{[]int{2, 1, 4, 5, 6}, PoolParams{[]int{2, 2, 3}, []int{2, 2, 2}, []int{1, 1, 1}, []int{0, 1, 1}, []int{0, 1, 1}, true}},
	{[]int{0, 3, 4}, PoolParams{[]int{2}, []int{2}, []int{1}, []int{0}, []int{0}, false}},
}

// window lists the elements of a window that exist.
func (g *grid) window(place int) []int {
	var list []int
	for tap := range g.numTaps() {
		z := place/(g.places[1]*g.places[2])*g.stride[0] - g.low[0] + tap/(g.taps[1]*g.taps[2])*g.dilation[0]
		y := place/g.places[2]%g.places[1]*g.stride[1] - g.low[1] + tap/g.taps[2]%g.taps[1]*g.dilation[1]
		x := place%g.places[2]*g.stride[2] - g.low[2] + tap%g.taps[2]*g.dilation[2]
		if z >= 0 && y >= 0 && x >= 0 && z < g.elements[0] && y < g.elements[1] && x < g.elements[2] {
			list = append(list, (z*g.elements[1]+y)*g.elements[2]+x)
		}
	}
	return list
}

func TestMaxPool(t *testing.T) {
	for i, c := range poolCases {
		for _, e := range []Elem{F32, F16, F64, I8, U8} {
			for _, strided := range []bool{false, true} {
				x := noise(e, uint64(i), c.shape...)
				if strided {
					x = transposed(e, uint64(i), c.shape...)
				}
				g, shape, err := c.grid(x)
				if err != nil {
					t.Fatal(err)
				}
				y, at, err := MaxPool(goParallel, x, c.PoolParams)
				if err != nil {
					t.Fatal(err)
				}
				in := Values[float64](x)
				var want, where []complex128
				for k := range product(shape) {
					plane := in[k/g.numPlaces()*g.numElements():]
					best, index := math.Inf(-1), -1
					for _, j := range g.window(k % g.numPlaces()) {
						if plane[j] > best {
							best, index = plane[j], j
						}
					}
					want, where = append(want, complex(best, 0)), append(where, complex(float64(index), 0))
				}
				near(t, fmt.Sprint("values", c, e), y, shape, want)
				near(t, fmt.Sprint("indices", c, e), at, shape, where)
			}
		}
	}
	x, _ := FromValues(F32, []int{5}, []float32{1, float32(math.NaN()), 3, 3, float32(math.Inf(-1))})
	y, at, err := MaxPool(Serial, x, PoolParams{[]int{2}, []int{1}, []int{1}, []int{0}, []int{0}, false})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "nan", y, []int{4}, []complex128{complex(math.NaN(), 0), complex(math.NaN(), 0), 3, 3})
	near(t, "nan", at, []int{4}, []complex128{1, 1, 2, 3})
}

func TestAvgPool(t *testing.T) {
	for i, c := range poolCases {
		if c.Dilation[0] != 1 {
			continue
		}
		for _, mode := range []struct {
			countPad bool
			divisor  int
		}{{false, 0}, {true, 0}, {true, 5}} {
			x := transposed(F64, uint64(i), c.shape...)
			g, shape, err := c.grid(x)
			if err != nil {
				t.Fatal(err)
			}
			got, err := AvgPool(goParallel, x, c.PoolParams, mode.countPad, mode.divisor)
			if err != nil {
				t.Fatal(err)
			}
			padded := *g // the same windows over the padded input count what countPad includes
			padded.low = [3]int{}
			for a := range padded.elements {
				padded.elements[a] += g.low[a] + three(c.High, 0)[a]
			}
			in := Values[complex128](x)
			var want []complex128
			for k := range product(shape) {
				plane, window := in[k/g.numPlaces()*g.numElements():], g.window(k%g.numPlaces())
				sum := complex(0, 0)
				for _, j := range window {
					sum += plane[j]
				}
				count := len(window)
				if mode.countPad {
					count = len(padded.window(k % g.numPlaces()))
				}
				if mode.divisor != 0 {
					count = mode.divisor
				}
				want = append(want, sum/complex(float64(count), 0))
			}
			near(t, fmt.Sprint(c, mode), got, shape, want)
		}
	}
}

func TestAdaptivePool(t *testing.T) {
	for i, c := range []struct{ shape, output []int }{
		{[]int{2, 7}, []int{3}}, {[]int{2, 2, 5, 7}, []int{3, 2}}, {[]int{3, 4}, []int{7, 1}}, {[]int{1, 4, 5, 6}, []int{2, 3, 4}}, {[]int{0, 4}, []int{2}}, {[]int{2, 4}, []int{0}},
	} {
		x := transposed(F32, uint64(i), c.shape...)
		avg, err := AdaptiveAvgPool(goParallel, x, c.output)
		if err != nil {
			t.Fatal(err)
		}
		largest, at, err := AdaptiveMaxPool(goParallel, x, c.output)
		if err != nil {
			t.Fatal(err)
		}
		lead := len(c.shape) - len(c.output)
		size, to := three(c.shape[lead:], 1), three(c.output, 1)
		plane, places := product(size[:]), product(to[:])
		in := Values[float64](x)
		var means, values, indices []complex128
		for k := range product(c.shape[:lead]) * places {
			o := [3]int{k % places / (to[1] * to[2]), k % places / to[2] % to[1], k % places % to[2]}
			sum, n, best, index := 0.0, 0.0, math.Inf(-1), 0
			for j := range plane {
				inside := true
				for a, v := range [3]int{j / (size[1] * size[2]), j / size[2] % size[1], j % size[2]} {
					// v belongs to o unless it ends before o starts or starts after o ends
					inside = inside && (v+1)*to[a] > o[a]*size[a] && v*to[a] < (o[a]+1)*size[a]
				}
				if v := in[k/places*plane+j]; inside {
					sum, n = sum+v, n+1
					if v > best {
						best, index = v, j
					}
				}
			}
			means, values, indices = append(means, complex(sum/n, 0)), append(values, complex(best, 0)), append(indices, complex(float64(index), 0))
		}
		shape := append(append([]int{}, c.shape[:lead]...), c.output...)
		near(t, fmt.Sprint("mean", c), avg, shape, means)
		near(t, fmt.Sprint("max", c), largest, shape, values)
		near(t, fmt.Sprint("index", c), at, shape, indices)
	}
}

func TestPoolErrors(t *testing.T) {
	one := []int{1}
	for _, c := range []PoolParams{
		{[]int{9}, one, one, []int{0}, []int{0}, false}, {[]int{0}, one, one, []int{0}, []int{0}, false}, {one, []int{0}, one, []int{0}, []int{0}, false},
		{one, one, []int{0}, []int{0}, []int{0}, false}, {one, one, one, []int{-1}, []int{0}, false}, {one, one, one, nil, []int{0}, false}, {nil, nil, nil, nil, nil, false},
		{[]int{1, 1, 1}, one, one, one, one, false},
	} {
		if y, _, err := MaxPool(Serial, New(F32, 2, 4), c); err == nil {
			t.Errorf("%v gave %s, want an error", c, y)
		}
	}
	if y, err := AdaptiveAvgPool(Serial, New(F32, 2, 0), []int{2}); err == nil {
		t.Errorf("an empty axis gave %s, want an error", y)
	}
}

// TestPoolLongMeans holds means of many elements of f32 against sums in f64.
func TestPoolLongMeans(t *testing.T) {
	const side = 512
	x := New(F32, 1, side, side)
	data, sum := Values[float32](x), 0.0
	for i := range data {
		v := float32(200 + i*7919%side*50/side)
		data[i], sum = v+0.1, sum+float64(v+0.1)
	}
	want := float32(sum / (side * side))
	whole := []int{side, side}
	avg, err := AvgPool(goParallel, x, PoolParams{Kernel: whole, Stride: whole, Dilation: []int{1, 1}, Low: []int{0, 0}, High: []int{0, 0}}, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	adaptive, err := AdaptiveAvgPool(goParallel, x, []int{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, y := range map[string]*Tensor{"avg_pool": avg, "adaptive_avg_pool": adaptive} {
		if got := Values[float32](y)[0]; got != want {
			t.Errorf("%s of %d elements is %g, expected %g", name, side*side, got, want)
		}
	}
}
