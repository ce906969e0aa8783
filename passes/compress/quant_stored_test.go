package compress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// allQuants are all types of codes with all ranges and offsets that they can have.
func allQuants() []Quant {
	var all []Quant
	for _, e := range codeElems {
		for _, r := range []Range{Symmetric, Clipped, Asymmetric} {
			for _, o := range []Offset{ZeroPoint, MinValue} {
				if q := (Quant{Elem: e, Range: r, Offset: o}); q.check() == nil {
					all = append(all, q)
				}
			}
		}
	}
	return all
}

// stored is what a packed weight decodes to.
func stored(t *testing.T, e host.Elem, p *Packed) []float64 {
	t.Helper()
	out := host.New(e, p.Stored...)
	if err := host.Dequantize(host.Serial, out, p.Codes, p.Scale, p.Zero, p.Min); err != nil {
		t.Fatal(err)
	}
	return host.Values[float64](out)
}

func squares(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return sum
}

// TestQuantStored holds the error that is told to that of what is decoded, for all that codes, scales and weights can be.
func TestQuantStored(t *testing.T) {
	for _, weight := range []host.Elem{host.F32, host.F16, host.BF16, host.F64} {
		for _, scale := range scaleElems {
			for _, q := range allQuants() {
				for _, q.Rule = range []Rule{Search, MinMax, CoreAI} {
					if q.Scale = scale; q.check() != nil {
						continue
					}
					x := randomWeight(weight, shifted, 0.02, 6, 32)
					p := quantized(t, x, q, 1, 16)
					values := host.Values[float64](x)
					is := squares(stored(t, weight, p), values)
					if math.Abs(p.Noise-is) > 1e-9*is || math.Abs(p.Signal-squares(values, make([]float64, len(values)))) > 1e-9*p.Signal {
						t.Errorf("%s, %s: the error is %g, told was %g", weight, q, is, p.Noise)
					}
					if want := map[bool]host.Elem{true: weight, false: scale}[scale == host.Invalid]; p.Scale.Elem != want || p.Codes.Elem != q.Elem {
						t.Errorf("%s, %s: codes are %s, scales %s", weight, q, p.Codes.Elem, p.Scale.Elem)
					}
				}
			}
		}
	}
}

// TestQuantLayouts holds codes and scales of many layouts to what the same numbers give block by block.
func TestQuantLayouts(t *testing.T) {
	for _, tt := range []struct{ shape, perm, block []int }{
		{[]int{5, 7}, nil, []int{1, 7}},
		{[]int{5, 7}, nil, []int{1, 1}},
		{[]int{6, 8}, nil, []int{1, 4}},
		{[]int{6, 8}, nil, []int{6, 8}},
		{[]int{6, 8}, []int{1, 0}, []int{1, 6}},
		{[]int{7, 9}, nil, []int{7, 1}},
		{[]int{8, 6}, nil, []int{2, 1}},
		{[]int{1, 12}, nil, []int{1, 3}},
		{[]int{12}, nil, []int{1}},
		{[]int{24}, nil, []int{3}},
		{[]int{3, 4, 5}, nil, []int{1, 4, 1}},
		{[]int{3, 4, 3, 3}, nil, []int{1, 2, 3, 3}},
		{[]int{4, 3, 3}, nil, []int{4, 1, 3}},
		{[]int{2, 3, 40}, nil, []int{1, 3, 2}},
		{[]int{600, 700}, nil, []int{600, 1}},
	} {
		for _, q := range []Quant{{Elem: host.I4}, {Elem: host.U3, Range: Asymmetric}, {Elem: host.U5, Range: Asymmetric, Offset: MinValue}, {Elem: host.I8, Range: Asymmetric}, {Elem: host.F4E2M1}} {
			x := randomWeight(host.F32, normal, 0.02, tt.shape...)
			if tt.perm != nil {
				x = x.Transpose(tt.perm)
			}
			p := quantized(t, x, q, tt.block...)
			values := host.Values[float32](x)
			if is := squares(stored(t, x.Elem, p), host.Values[float64](x)); math.Abs(p.Noise-is) > 1e-9*is {
				t.Errorf("%v in blocks of %v, %s: the error is %g, told was %g", tt.shape, tt.block, q, is, p.Noise)
			}
			if x.Len() > 5000 && q.Elem != host.I4 {
				continue
			}
			blocks := make([][]float32, p.Scale.Len())
			for i, id := range blockIDs(x.Shape, tt.block) {
				blocks[id] = append(blocks[id], values[i])
			}
			f, err := NewFitter(q, x.Elem)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, b := range blocks {
				g, _ := f.Fit(b, nil)
				sum += g.loss(b, nil)
			}
			if math.Abs(sum-p.Noise) > 1e-9*sum {
				t.Errorf("%v in blocks of %v, %s: the error is %g, that of its blocks %g", tt.shape, tt.block, q, p.Noise, sum)
			}
		}
	}
}

// TestQuantSearch holds the search to never doing worse than the other rules, on any block, as the numbers are stored.
func TestQuantSearch(t *testing.T) {
	for _, weight := range []host.Elem{host.F32, host.F16, host.BF16} {
		for i, draw := range []func(*rand.Rand) float64{normal, heavy, sparse, shifted, constantly} {
			name := []string{"normal", "heavy", "sparse", "shifted", "constant"}[i]
			for _, deviation := range []float64{1e-7, 0.001, 0.02, 1000} {
				for _, scale := range []host.Elem{host.Invalid, host.F8E8M0} {
					for k, q := range allQuants() {
						if skipped(k, 14) {
							continue
						}
						q.Scale = scale
						neverWorse(t, fmt.Sprintf("%s %s, deviation %g", name, weight, deviation), randomWeight(weight, draw, deviation, 8, 16), q, 16)
					}
				}
			}
		}
	}
	for k, q := range allQuants() {
		if skipped(k, 6) {
			continue
		}
		neverWorse(t, "long blocks", randomWeight(host.BF16, heavy, 0.02, 8, 1500), q, 1500)
	}
}

func neverWorse(t *testing.T, name string, x *host.Tensor, q Quant, block int) {
	t.Helper()
	values := host.Values[float64](x)
	search := stored(t, x.Elem, quantized(t, x, q, 1, block))
	for _, q.Rule = range []Rule{MinMax, CoreAI} {
		if q.check() != nil {
			continue
		}
		simple := stored(t, x.Elem, quantized(t, x, q, 1, block))
		for i := 0; i < len(values); i += block {
			a, b := squares(search[i:i+block], values[i:i+block]), squares(simple[i:i+block], values[i:i+block])
			if a > b {
				t.Errorf("%s, %s: block %d has error %g by search, %g without", name, q, i/block, a, b)
			}
		}
	}
}

// TestQuantImportance: the search minds which errors weigh more, and weights that are all the same change nothing.
func TestQuantImportance(t *testing.T) {
	x := randomWeight(host.F32, heavy, 0.02, 32, 256)
	importance := randomWeight(host.F32, func(r *rand.Rand) float64 { return r.ExpFloat64() * r.ExpFloat64() }, 1, 32, 256)
	values, weights := host.Values[float64](x), host.Values[float64](importance)
	for i := range 32 {
		weights[i] = 0 // no error of the first block matters
		host.SetFloat(importance, i, 0)
	}
	weighed := func(p *Packed) float64 {
		sum := 0.0
		for i, v := range stored(t, host.F32, p) {
			sum += (v - values[i]) * (v - values[i]) * weights[i]
		}
		return sum
	}
	for k, q := range allQuants() {
		if skipped(k, 8) {
			continue
		}
		for _, q.Scale = range []host.Elem{host.F16, host.F8E8M0} {
			p, err := quantize(context.Background(), x, q, Options{Block: []int{1, 32}, Importance: importance})
			if err != nil {
				t.Fatal(err)
			}
			plain := quantized(t, x, q, 1, 32)
			if got, without := weighed(p), weighed(plain); got > without {
				t.Errorf("%s: the weighed error is %g, without importance %g", q, got, without)
			}
			if is := squares(stored(t, host.F32, p), values); math.Abs(is-p.Noise) > 1e-9*is || p.Noise < plain.Noise*0.99 {
				t.Errorf("%s: the error is %g, told was %g; without importance it is %g", q, is, p.Noise, plain.Noise)
			}
		}
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		host.SetFloat(importance, 40, bad)
		if _, err := quantize(context.Background(), x, Quant{Elem: host.I4}, Options{Block: []int{1, 32}, Importance: importance}); err == nil || !strings.Contains(err.Error(), "its importance: it holds") {
			t.Errorf("%g: got %v", bad, err)
		}
	}
	if _, err := quantize(context.Background(), x, Quant{Elem: host.I4}, Options{Block: []int{1, 32}, Importance: host.New(host.F32, 4, 4)}); err == nil {
		t.Error("expected an error for importance of another shape")
	}
}

// TestQuantExtremes: the ends of the types neither panic nor give scales or numbers that are not finite.
func TestQuantExtremes(t *testing.T) {
	for _, weight := range []host.Elem{host.F32, host.F16, host.BF16, host.F64} {
		most, least := 3.3e38, 1e-45
		if weight == host.F16 {
			most, least = 65504, 6e-8
		}
		x := host.New(weight, 6, 4)
		for i, v := range []float64{0, 0, 0, 0, most, -most, most / 2, 0, least, -least, 0, least, -1, 0, 0, 0, most, most, most, least, -most, -most, -least, -1} {
			host.SetFloat(x, i, v)
		}
		for _, block := range []int{1, 2, 4} {
			for _, scale := range scaleElems {
				for _, q := range allQuants() {
					for _, q.Rule = range []Rule{Search, MinMax, CoreAI} {
						if q.Scale = scale; q.check() == nil {
							finite(t, x, q, block)
						}
					}
				}
			}
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			host.SetFloat(x, 5, bad)
			if _, err := quantize(context.Background(), x, Quant{Elem: host.I4}, Options{Block: []int{1, 4}}); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%s with %g: got %v", weight, bad, err)
			}
		}
	}
}

func finite(t *testing.T, x *host.Tensor, q Quant, block int) {
	t.Helper()
	p := quantized(t, x, q, 1, block)
	for i, s := range host.Values[float64](p.Scale) {
		if s == 0 || s-s != 0 {
			t.Errorf("%s in blocks of %d, %s: scale %d is %g", x.Elem, block, q, i, s)
		}
	}
	decoded := stored(t, x.Elem, p)
	for i, v := range decoded {
		if v-v != 0 {
			t.Errorf("%s in blocks of %d, %s: number %d is stored as %g", x.Elem, block, q, i, v)
		}
	}
	if is := squares(decoded, host.Values[float64](x)); math.Abs(p.Noise-is) > 1e-9*is {
		t.Errorf("%s in blocks of %d, %s: the error is %g, told was %g", x.Elem, block, q, is, p.Noise)
	}
}

func TestQuantEmpty(t *testing.T) {
	for _, shape := range [][]int{{0, 8}, {4, 0}, {0}} {
		for _, q := range []Quant{{Elem: host.I4}, {Elem: host.U4, Range: Asymmetric}, {Elem: host.F8E4M3}, {Elem: host.U8, Range: Asymmetric, Offset: MinValue}} {
			block, err := Granularity{Kind: PerChannel, Auto: true}.Blocks(shape, []int{0}, []int{1})
			if err != nil {
				t.Fatal(err)
			}
			if p := quantized(t, host.New(host.F32, shape...), q, block...); len(stored(t, host.F32, p)) != 0 {
				t.Errorf("%v, %s: something was stored", shape, q)
			}
		}
	}
}

func TestQuantRefused(t *testing.T) {
	x := host.New(host.F32, 4, 6)
	wide := host.New(host.F64, 4, 6)
	host.SetFloat(wide, 3, 1e300)
	for _, tt := range []struct {
		x     *host.Tensor
		q     Quant
		block []int
		want  string
	}{
		{host.New(host.I8, 4, 6), Quant{Elem: host.I4}, []int{1, 6}, "its elements are i8, not f64, f32, bf16 or f16"},
		{x, Quant{Elem: host.I16}, []int{1, 6}, "codes cannot be i16: they are i1 to i8, u1 to u8, f8e4m3, f8e5m2 or f4e2m1"},
		{x, Quant{Elem: host.I4}, []int{1, 4}, "blocks of [1 4] for a weight of shape 4x6: 4 does not divide 6"},
		{x, Quant{Elem: host.I4}, []int{6}, "blocks of [6] for a weight of shape 4x6: expected a size for each of one or more axes"},
		{x, Quant{Elem: host.I4}, []int{1, 0}, "blocks of [1 0] for a weight of shape 4x6: 0 does not divide 6"},
		{wide, Quant{Elem: host.I4}, []int{1, 6}, "it holds 1e+300; scales are f32, which ends at 3.4e38"},
	} {
		if _, err := quantize(context.Background(), tt.x, tt.q, Options{Block: tt.block}); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, expected %s", err, tt.want)
		}
	}
}

// TestQuantZeroPoints: none are stored where all are zero, and one where all are the same.
func TestQuantZeroPoints(t *testing.T) {
	for _, tt := range []struct {
		q    Quant
		draw func(*rand.Rand) float64
		want string
	}{
		{Quant{Elem: host.I4}, normal, "none"},
		{Quant{Elem: host.U4}, normal, "[1 1]"},
		{Quant{Elem: host.U4, Range: Asymmetric}, shifted, "none"},
		{Quant{Elem: host.I4, Range: Asymmetric}, shifted, "[1 1]"},
		{Quant{Elem: host.U8, Range: Asymmetric}, normal, "[8 1]"},
		{Quant{Elem: host.U4, Range: Asymmetric, Offset: MinValue}, normal, "none"},
		{Quant{Elem: host.I4, Range: Asymmetric, Offset: MinValue}, normal, "[1 1]"},
		{Quant{Elem: host.F8E4M3}, normal, "none"},
	} {
		p := quantized(t, randomWeight(host.F32, tt.draw, 1, 8, 16), tt.q, 1, 16)
		got := "none"
		if p.Zero != nil {
			got = fmt.Sprint(p.Zero.Shape)
		}
		if got != tt.want || p.Zero != nil && p.Zero.Elem != tt.q.Elem {
			t.Errorf("%s: the zero points are %s, expected %s", tt.q, got, tt.want)
		}
	}
}

func TestQuantThreadsAndCancel(t *testing.T) {
	x := randomWeight(host.F16, heavy, 0.1, 900, 800)
	qs := []Quant{{Elem: host.I4}, {Elem: host.U3, Range: Asymmetric}, {Elem: host.F8E4M3, Scale: host.F8E8M0}}
	var many []*Packed
	for _, q := range qs {
		many = append(many, quantized(t, x, q, 1, 100))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for i, q := range qs {
		one := quantized(t, x, q, 1, 100)
		for k, p := range many[i].Parts() {
			if !bytes.Equal(p.Data.Data, one.Parts()[k].Data.Data) {
				t.Errorf("%s: %s depends on the number of threads", q, p.Name)
			}
		}
		if many[i].Noise != one.Noise {
			t.Errorf("%s: the error depends on the number of threads", q)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := quantize(ctx, x, qs[0], Options{Block: []int{1, 100}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, expected that it was canceled", err)
	}
}
