package host

import (
	"fmt"
	"testing"
)

// naiveConv convolves with three spatial axes; all arguments are dense.
func naiveConv(x, w, bias []complex128, n, ch, out, groups int, g *grid) []complex128 {
	in, kept := ch/groups, out/groups
	var result []complex128
	for b := range n {
		for o := range out {
			for z := range g.places[0] {
				for y := range g.places[1] {
					for xx := range g.places[2] {
						sum := bias[o]
						for c := range in {
							for tap := range g.numTaps() {
								iz := z*g.stride[0] - g.low[0] + tap/(g.taps[1]*g.taps[2])*g.dilation[0]
								iy := y*g.stride[1] - g.low[1] + tap/g.taps[2]%g.taps[1]*g.dilation[1]
								ix := xx*g.stride[2] - g.low[2] + tap%g.taps[2]*g.dilation[2]
								if iz < 0 || iy < 0 || ix < 0 || iz >= g.elements[0] || iy >= g.elements[1] || ix >= g.elements[2] {
									continue
								}
								at := (((b*ch+o/kept*in+c)*g.elements[0]+iz)*g.elements[1]+iy)*g.elements[2] + ix
								sum += x[at] * w[(o*in+c)*g.numTaps()+tap]
							}
						}
						result = append(result, sum)
					}
				}
			}
		}
	}
	return result
}

var convCases = []struct {
	name                        string
	n, c, out, groups           int
	in, k                       []int
	stride, dilation, low, high []int
}{
	{"1x1", 2, 5, 6, 1, []int{4, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}, []int{0, 0}, []int{0, 0}},
	{"1x1 strided", 1, 3, 4, 1, []int{5, 4}, []int{1, 1}, []int{2, 2}, []int{1, 1}, []int{0, 0}, []int{0, 0}},
	{"3x3", 1, 4, 8, 1, []int{7, 6}, []int{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}, []int{1, 1}},
	{"7x7 stride 2", 1, 3, 5, 1, []int{16, 15}, []int{7, 7}, []int{2, 2}, []int{1, 1}, []int{3, 3}, []int{3, 3}},
	{"dilated", 2, 2, 4, 2, []int{9, 8}, []int{3, 2}, []int{2, 1}, []int{2, 3}, []int{2, 0}, []int{1, 3}},
	{"depthwise", 1, 6, 6, 6, []int{5, 5}, []int{3, 3}, []int{1, 2}, []int{1, 1}, []int{1, 1}, []int{1, 1}},
	{"multiplier", 1, 3, 6, 3, []int{5, 5}, []int{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 2}, []int{0, 1}},
	{"groups of 4", 2, 8, 8, 2, []int{5, 4}, []int{2, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}, []int{0, 1}},
	{"one axis", 2, 3, 7, 1, []int{11}, []int{4}, []int{3}, []int{2}, []int{5}, []int{2}},
	{"three axes", 1, 2, 5, 1, []int{4, 5, 3}, []int{2, 3, 2}, []int{2, 1, 1}, []int{1, 1, 2}, []int{1, 0, 1}, []int{0, 1, 1}},
	{"far padding", 1, 1, 4, 1, []int{2}, []int{2}, []int{1}, []int{1}, []int{6}, []int{5}},
	{"no batch", 0, 2, 5, 1, []int{4}, []int{2}, []int{1}, []int{1}, []int{0}, []int{0}},
	{"deep", 1, 70, 6, 1, []int{5, 5}, []int{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}, []int{1, 1}},
}

func TestConv(t *testing.T) {
	for _, c := range convCases {
		for _, e := range []Elem{F32, BF16, F64, I32, C64} {
			for _, layout := range []string{"", "strided", "last"} {
				shape := append([]int{c.n, c.c}, c.in...)
				x := noise(e, 1, shape...)
				w := noise(e, 2, append([]int{c.out, c.c / c.groups}, c.k...)...)
				if layout == "strided" {
					x, w = transposed(e, 3, x.Shape...), transposed(e, 4, w.Shape...)
				}
				bias := noise(e, 5, c.out)
				params := ConvParams{Stride: c.stride, Dilation: c.dilation, Low: c.low, High: c.high, Groups: c.groups}
				arg := x
				if layout == "last" {
					params.ChannelsLast = true
					perm := []int{0}
					for i := range c.in {
						perm = append(perm, 2+i)
					}
					arg = x.Transpose(append(perm, 1)).Clone()
				}
				got, err := Conv(goParallel, arg, w, bias, params)
				if err != nil {
					t.Fatal(c.name, err)
				}
				if layout == "last" {
					perm := []int{0, got.Rank() - 1}
					for i := range c.in {
						perm = append(perm, 1+i)
					}
					got = got.Transpose(perm)
				}
				want := []int{c.n, c.out}
				for i := range c.in {
					want = append(want, WindowSize(c.in[i], c.k[i], c.stride[i], c.dilation[i], c.low[i], c.high[i]))
				}
				g := newGrid(want[2:], c.in, c.k, c.stride, c.dilation, c.low)
				near(t, fmt.Sprint(c.name, " ", e, " ", layout), got, want, naiveConv(Values[complex128](x), Values[complex128](w), Values[complex128](bias), c.n, c.c, c.out, c.groups, g))
			}
		}
	}
}

func TestConvErrors(t *testing.T) {
	good := func() ConvParams {
		return ConvParams{Stride: []int{1}, Dilation: []int{1}, Low: []int{0}, High: []int{0}, Groups: 1}
	}
	x, w := New(F32, 1, 4, 8), New(F32, 4, 4, 3)
	for name, c := range map[string]struct {
		x, w, bias *Tensor
		change     func(*ConvParams)
	}{
		"stride 0":      {x, w, nil, func(c *ConvParams) { c.Stride[0] = 0 }},
		"dilation 0":    {x, w, nil, func(c *ConvParams) { c.Dilation[0] = 0 }},
		"negative pad":  {x, w, nil, func(c *ConvParams) { c.Low[0] = -1 }},
		"groups":        {x, w, nil, func(c *ConvParams) { c.Groups = 3 }},
		"no groups":     {x, w, nil, func(c *ConvParams) { c.Groups = 0 }},
		"too few sizes": {x, w, nil, func(c *ConvParams) { c.High = nil }},
		"too large":     {x, New(F32, 4, 4, 9), nil, func(*ConvParams) {}},
		"bias":          {x, w, New(F32, 5), func(*ConvParams) {}},
		"element types": {x, New(F16, 4, 4, 3), nil, func(*ConvParams) {}},
		"rank":          {x, New(F32, 4, 4), nil, func(*ConvParams) {}},
	} {
		params := good()
		c.change(&params)
		if out, err := Conv(Serial, c.x, c.w, c.bias, params); err == nil {
			t.Errorf("%s: found %s, want an error", name, out)
		}
	}
}

func TestConvTranspose(t *testing.T) {
	for _, c := range convCases {
		if c.name == "far padding" {
			continue
		}
		for _, e := range []Elem{F32, F16, F64, C128} {
			for _, strided := range []bool{false, true} {
				// x is what a convolution from c.out to c.c channels gives; the transposed one goes back.
				x := noise(e, 1, append([]int{c.n, c.c}, c.in...)...)
				w := noise(e, 2, append([]int{c.c, c.out / c.groups}, c.k...)...)
				if strided {
					x, w = transposed(e, 1, x.Shape...), transposed(e, 2, w.Shape...)
				}
				bias := noise(e, 3, c.out)
				params := ConvTransposeParams{Stride: c.stride, Dilation: c.dilation, Groups: c.groups}
				want := []int{c.n, c.out}
				for i := range c.in {
					pad, more := min(c.low[i], 1), min(1, c.stride[i]-1)
					params.Padding, params.OutputPadding = append(params.Padding, pad), append(params.OutputPadding, more)
					want = append(want, (c.in[i]-1)*c.stride[i]-2*pad+c.dilation[i]*(c.k[i]-1)+more+1)
				}
				got, err := ConvTranspose(goParallel, x, w, bias, params)
				if err != nil {
					t.Fatal(c.name, err)
				}
				g := newGrid(c.in, want[2:], c.k, c.stride, c.dilation, params.Padding)
				near(t, fmt.Sprint(c.name, e, strided), got, want, naiveTransposed(x, w, bias, c.groups, g, want))
			}
		}
	}
}

func naiveTransposed(x, w, bias *Tensor, groups int, g *grid, shape []int) []complex128 {
	vx, vw, vb := Values[complex128](x), Values[complex128](w), Values[complex128](bias)
	plane, taps, kept, in := g.numElements(), g.numTaps(), w.Shape[1], x.Shape[1]
	out := make([]complex128, product(shape))
	for i := range out {
		out[i] = vb[i/plane%shape[1]]
	}
	for i, v := range vx {
		place, c, n := i%g.numPlaces(), i/g.numPlaces()%in, i/g.numPlaces()/in
		for o := range kept {
			for tap := range taps {
				z := place/(g.places[1]*g.places[2])*g.stride[0] - g.low[0] + tap/(g.taps[1]*g.taps[2])*g.dilation[0]
				y := place/g.places[2]%g.places[1]*g.stride[1] - g.low[1] + tap/g.taps[2]%g.taps[1]*g.dilation[1]
				xx := place%g.places[2]*g.stride[2] - g.low[2] + tap%g.taps[2]*g.dilation[2]
				if z < 0 || y < 0 || xx < 0 || z >= g.elements[0] || y >= g.elements[1] || xx >= g.elements[2] {
					continue
				}
				channel := c/(in/groups)*kept + o
				out[(n*shape[1]+channel)*plane+(z*g.elements[1]+y)*g.elements[2]+xx] += v * vw[(c*kept+o)*taps+tap]
			}
		}
	}
	return out
}

func BenchmarkConv(b *testing.B) {
	for _, s := range []struct{ c, out, size, k, stride int }{{3, 64, 224, 7, 2}, {64, 64, 56, 3, 1}, {256, 512, 28, 1, 1}, {512, 512, 7, 3, 1}} {
		b.Run(fmt.Sprint(s), func(b *testing.B) {
			x, w := noise(F32, 1, 1, s.c, s.size, s.size), noise(F32, 2, s.out, s.c, s.k, s.k)
			params := ConvParams{Stride: []int{s.stride, s.stride}, Dilation: []int{1, 1}, Low: []int{s.k / 2, s.k / 2}, High: []int{s.k / 2, s.k / 2}, Groups: 1}
			n := s.size / s.stride
			for b.Loop() {
				if _, err := Conv(Serial, x, w, nil, params); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.out*n*n*s.c*s.k*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
