package compress

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestRounding holds the rounding to few bits to that of host tensors, in all octaves and at ties.
func TestRounding(t *testing.T) {
	var xs []float32
	for exponent := -151; exponent <= 127; exponent++ {
		for m := range 2 * 2048 {
			if skipped(m, 18) {
				continue
			}
			xs = append(xs, float32(math.Ldexp(1+float64(m)/4096, exponent)), -float32(math.Ldexp(1+float64(m)/4096, exponent)))
		}
	}
	xs = append(xs, 0, math.MaxFloat32, -math.MaxFloat32, math.Nextafter32(65520, 0), 65520)
	for _, e := range []host.Elem{host.F16, host.BF16, host.F8E4M3, host.F8E5M2, host.F4E2M1} {
		most := math.Inf(1)
		if small, ok := smallFloats[e]; ok && e != host.F16 {
			most = float64(small.most)
		}
		var in []float32
		for _, x := range xs {
			if math.Abs(float64(x)) <= most {
				in = append(in, x)
			}
		}
		rounded, err := host.FromValues(e, []int{len(in)}, append([]float32(nil), in...))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range host.Values[float32](rounded) {
			got := float32(0)
			if e == host.F16 || e == host.BF16 {
				got = roundTo(in[i], e)
			} else {
				got = smallFloats[e].nearest(in[i])
			}
			if got != want {
				t.Fatalf("%s: %g is rounded to %g, expected %g", e, in[i], got, want)
			}
		}
	}
}

// TestCodes holds what codes stand for to what host tensors say.
func TestCodes(t *testing.T) {
	for _, e := range codeElems {
		k := newGridKind(Quant{Elem: e, Range: Symmetric}, host.F32)
		bits := make([]uint8, 1<<e.Bits())
		for c := range bits {
			bits[c] = uint8(c)
		}
		codes, err := packBits(e, []int{len(bits)}, bits)
		if err != nil {
			t.Fatal(err)
		}
		g := Grid{Scale: 1, kind: k}
		for c, want := range host.Values[float32](codes) {
			if want-want != 0 {
				continue // NaN and infinity, which are never used
			}
			if got := g.Value(uint8(c)); got != want {
				t.Errorf("%s: code %d is %g, expected %g", e, c, got, want)
			}
			if got := g.Code(want); g.Value(got) != want {
				t.Errorf("%s: the code of %g is %d", e, want, got)
			}
		}
	}
}

// TestNextScale walks through all positive f16 and bf16 numbers.
func TestNextScale(t *testing.T) {
	for _, e := range []host.Elem{host.F16, host.BF16} {
		most := map[host.Elem]int{host.F16: 0x7bff, host.BF16: 0x7b00}[e]
		all := host.New(e, most)
		for i := range host.Raw[uint16](all) {
			host.Raw[uint16](all)[i] = uint16(i)
		}
		values := host.Values[float32](all)
		for i := 2; i < len(values); i++ {
			if got := nextScale(values[i-1], e, 1); got != values[i] {
				t.Fatalf("%s: after %g comes %g, expected %g", e, values[i-1], got, values[i])
			}
			if got := nextScale(-values[i], e, -1); got != -values[i-1] {
				t.Fatalf("%s: before %g comes %g, expected %g", e, -values[i], got, -values[i-1])
			}
		}
	}
}

// TestGridLoops holds the fast loops to what Code and Value say of each number.
func TestGridLoops(t *testing.T) {
	for _, weight := range []host.Elem{host.F32, host.F16, host.BF16} {
		for _, q := range allQuants() {
			x := host.Values[float32](randomWeight(weight, heavy, 0.1, 150))
			f, err := NewFitter(q, weight)
			if err != nil {
				t.Fatal(err)
			}
			g, err := f.Fit(x, nil)
			if err != nil {
				t.Fatal(err)
			}
			codes := make([]uint8, len(x))
			g.encode(codes, x)
			want := 0.0
			for i, v := range x {
				if c := g.Code(v); c != codes[i] {
					t.Errorf("%s, %s: the code of %g is %d and %d", weight, q, v, c, codes[i])
				}
				d := float64(v) - float64(g.Value(codes[i]))
				want += d * d
			}
			ones := make([]float32, len(x))
			for i := range ones {
				ones[i] = 1
			}
			if a, b := g.loss(x, nil), g.loss(x, ones); math.Abs(a-want) > 1e-12*want || math.Abs(b-want) > 1e-12*want {
				t.Errorf("%s, %s: the loss is %g, weighed %g, expected %g", weight, q, a, b, want)
			}
			if _, noise := g.add(codes, x, 0, 0); math.Abs(noise-want) > 1e-12*want {
				t.Errorf("%s, %s: the noise is %g, expected %g", weight, q, noise, want)
			}
		}
	}
}

// TestGivenGrid rounds parameters as they are stored, and keeps to the scheme.
func TestGivenGrid(t *testing.T) {
	for _, tt := range []struct {
		q          Quant
		scale, low float32
		zero       int
	}{
		{Quant{Elem: host.I4, Scale: host.F16}, 1.0009765625, 0, 0},
		{Quant{Elem: host.U4, Scale: host.BF16}, 1, 0, 8},
		{Quant{Elem: host.U4, Scale: host.BF16, Range: Asymmetric}, 1, 0, 15},
		{Quant{Elem: host.I4, Scale: host.F16, Range: Asymmetric, Offset: MinValue}, 1.0009765625, -1.0009765625, -8},
		{Quant{Elem: host.F4E2M1, Scale: host.F8E8M0}, 1, 0, 0},
	} {
		f, err := NewFitter(tt.q, host.F32)
		if err != nil {
			t.Fatal(err)
		}
		if g := f.Grid(1.001, -1.001, 99); g.Scale != tt.scale || g.Min != tt.low || g.Zero != tt.zero {
			t.Errorf("%s: got %g, %g and %d, expected %g, %g and %d", tt.q, g.Scale, g.Min, g.Zero, tt.scale, tt.low, tt.zero)
		}
		if g := f.Grid(float32(math.NaN()), 0, 0); !(g.Scale > 0) {
			t.Errorf("%s: NaN gives the scale %g", tt.q, g.Scale)
		}
	}
}

// TestAssemble puts together from grids and single codes what quantizing makes at once.
func TestAssemble(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct{ shape, block []int }{{[]int{5, 12}, []int{1, 4}}, {[]int{5, 12}, []int{5, 1}}, {[]int{4, 6, 3}, []int{2, 3, 3}}, {[]int{4, 6, 3, 3}, []int{1, 2, 3, 3}}} {
		for _, q := range allQuants() {
			x := randomWeight(host.F16, shifted, 0.1, tt.shape...)
			opt := Options{Block: tt.block}
			want := quantized(t, x, q, tt.block...)
			f, err := NewFitter(q, x.Elem)
			if err != nil {
				t.Fatal(err)
			}
			values, ids := host.Values[float32](x), blockIDs(tt.shape, tt.block)
			blocks := make([][]float32, want.Scale.Len())
			for i, id := range ids {
				blocks[id] = append(blocks[id], values[i])
			}
			grids, codes := make([]Grid, len(blocks)), make([]uint8, len(values))
			for i, b := range blocks {
				if grids[i], err = f.Fit(b, nil); err != nil {
					t.Fatal(err)
				}
			}
			for i, v := range values {
				codes[i] = grids[ids[i]].Code(v)
			}
			got, err := Assemble(ctx, x, q, opt, grids, codes)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range got.Parts() {
				if w := want.Parts()[i]; p.Name != w.Name || !bytes.Equal(p.Data.Data, w.Data.Data) {
					t.Errorf("%v in %v, %s: %s differs", tt.shape, tt.block, q, p.Name)
				}
			}
			if math.Abs(got.Noise-want.Noise) > 1e-12*want.Noise || math.Abs(got.Signal-want.Signal) > 1e-12*want.Signal {
				t.Errorf("%v in %v, %s: noise %g of %g, expected %g of %g", tt.shape, tt.block, q, got.Noise, got.Signal, want.Noise, want.Signal)
			}
		}
	}
	x := host.New(host.F32, 2, 4)
	if _, err := Assemble(ctx, x, Quant{Elem: host.I4}, Options{Block: []int{1, 4}}, nil, make([]uint8, 8)); err == nil || err.Error() != "0 grids for 2 blocks" {
		t.Errorf("got %v", err)
	}
	if _, err := Assemble(ctx, x, Quant{Elem: host.I4}, Options{Block: []int{1, 4}}, make([]Grid, 2), nil); err == nil {
		t.Error("expected an error for too few codes")
	}
}

// blockIDs gives the block of each element, both row-major.
func blockIDs(shape, block []int) []int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	ids := make([]int, n)
	for i := range ids {
		rest, factor := i, 1
		for axis := len(shape) - 1; axis >= 0; axis-- {
			ids[i] += rest % shape[axis] / block[axis] * factor
			rest /= shape[axis]
			factor *= shape[axis] / block[axis]
		}
	}
	return ids
}
