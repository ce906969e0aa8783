package compress

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

func sparseOf(t *testing.T, x *host.Tensor, s Scheme, opt Options) *Packed {
	t.Helper()
	p, err := Apply(context.Background(), x, s, opt)
	if err != nil {
		t.Fatalf("%s of %v: %v", s, x, err)
	}
	return p
}

// TestSparseMask states which elements stay.
func TestSparseMask(t *testing.T) {
	opt := Options{Out: []int{0}, In: []int{1}}
	for _, tt := range []struct {
		name  string
		shape []int
		x     []float32
		s     Sparse
		keep  []uint8
	}{
		{"half", []int{1, 6}, []float32{3, -1, 2, 0, -5, 1}, Sparse{Fraction: 0.5}, []uint8{1, 0, 1, 0, 1, 0}},
		{"fewer than asked for", []int{1, 5}, []float32{3, -1, 2, 4, -5}, Sparse{Fraction: 0.5}, []uint8{1, 0, 0, 1, 1}},
		{"the first of equal ones go", []int{2, 2}, []float32{1, -1, 1, -1}, Sparse{Fraction: 0.5}, []uint8{0, 0, 1, 1}},
		{"none", []int{1, 3}, []float32{0, 1, 2}, Sparse{}, []uint8{1, 1, 1}},
		{"zeros of both signs", []int{1, 4}, []float32{float32(math.Copysign(0, -1)), 0, 0, 0}, Sparse{Fraction: 0.75}, []uint8{0, 0, 0, 1}},
		{"tiny", []int{1, 4}, []float32{3e-45, 1e-45, -4e-45, 1e-38}, Sparse{Fraction: 0.5}, []uint8{0, 0, 1, 1}},
		{"2 of 4", []int{2, 4}, []float32{1, 2, 3, 4, 4, 3, 2, 1}, Sparse{N: 2, M: 4}, []uint8{0, 0, 1, 1, 1, 1, 0, 0}},
		{"1 of 2 in a window", []int{1, 4, 2}, []float32{1, 5, 2, 4, 3, 3, 4, 2}, Sparse{N: 1, M: 2}, []uint8{0, 1, 1, 0, 0, 1, 1, 0}},
		{"blocks along the output axis", []int{4, 2}, []float32{3, 0, 0, 2, 1, 1, 1, 3}, Sparse{Fraction: 0.5, Block: 2}, []uint8{1, 0, 1, 0, 0, 1, 0, 1}},
		{"channels", []int{3, 2}, []float32{1, 1, 3, 0, -2, -2}, Sparse{Fraction: 0.34, Channel: true}, []uint8{0, 0, 1, 1, 1, 1}},
		{"blocks, 1 of 2", []int{2, 4}, []float32{1, 2, 3, 4, 1, 2, 3, 4}, Sparse{N: 1, M: 2, Block: 2}, []uint8{0, 1, 0, 1, 0, 1, 0, 1}},
	} {
		x, _ := host.FromValues(host.F32, tt.shape, tt.x)
		p := sparseOf(t, x, Scheme{Sparse: &tt.s}, opt)
		if got := host.Values[uint64](p.Mask); !slices.EqualFunc(got, tt.keep, func(a uint64, b uint8) bool { return a == uint64(b) }) {
			t.Errorf("%s: keeps %v, expected %v", tt.name, got, tt.keep)
		}
		storedError(t, p, x)
		if p.Mask.Elem != host.U1 || p.Codes.Rank() != 1 || p.Codes.Elem != x.Elem {
			t.Errorf("%s: %v and %v", tt.name, p.Mask, p.Codes)
		}
	}
}

// TestSparseForms decodes pruned weights of all forms; what is kept of the joint ones is as good as without zeros.
func TestSparseForms(t *testing.T) {
	sparses := []Sparse{{Fraction: 0.5}, {Fraction: 0.9}, {}, {N: 2, M: 4}, {Fraction: 0.5, Block: 4}, {Fraction: 0.25, Channel: true}}
	forms := []Scheme{
		{},
		{Quant: &Quant{Elem: host.I4}},
		{Quant: &Quant{Elem: host.I3, Scale: host.F16}},
		{Quant: &Quant{Elem: host.I8, Rule: MinMax}},
		{Quant: &Quant{Elem: host.F8E4M3}},
		{Quant: &Quant{Elem: host.F4E2M1, Scale: host.F8E8M0}},
		{Palette: &Palette{Bits: 4}},
		{Palette: &Palette{Bits: 1}},
		{Palette: &Palette{Bits: 3, ChannelScale: true}},
		{Palette: &Palette{Bits: 6, Table: host.I8}},
		{Palette: &Palette{Bits: 5, Table: host.U8, Asymmetric: true, ChannelScale: true}},
	}
	for _, e := range []host.Elem{host.F32, host.BF16, host.F64} {
		for _, shape := range [][]int{{16, 24}, {16, 8, 3, 3}} {
			x := randomWeight(e, normal, 0.02, shape...)
			block := slices.Clone(shape)
			block[0] = 4
			for _, s := range sparses {
				for _, form := range forms {
					form.Sparse = &s
					p := sparseOf(t, x, form, Options{Out: []int{0}, In: []int{1}, Block: block})
					storedError(t, p, x)
					kept, zero := 0, decoded(t, p, e, shape)
					for i, k := range host.Values[uint64](p.Mask) {
						kept += int(k)
						if k == 0 && host.FloatAt(zero, i) != 0 {
							t.Fatalf("%s of %v: element %d is %g", form, x, i, host.FloatAt(zero, i))
						}
					}
					if p.Codes.Len() != kept || p.Codes.Rank() != 1 {
						t.Errorf("%s of %v: %v for %d elements", form, x, p.Codes, kept)
					}
				}
			}
		}
	}
}

// TestSparsePaletteOptimum holds joint palettes to the optimum of the kept elements with an entry less.
func TestSparsePaletteOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, d := range draws {
		values := make([]float32, 4*50)
		for i := range values {
			values[i] = float32(d.next(r, i))
		}
		x, _ := host.FromValues(host.F32, []int{4, 50}, values)
		p := sparseOf(t, x, Scheme{Sparse: &Sparse{Fraction: 0.5}, Palette: &Palette{Bits: 3}}, Options{Out: []int{0}, Block: []int{4, 50}})
		var kept []float32
		dropped := 0.0
		for i, k := range host.Values[uint64](p.Mask) {
			if k == 0 {
				dropped += float64(values[i]) * float64(values[i])
			} else {
				kept = append(kept, values[i])
			}
		}
		want := exactError(newLine(kept, nil), 7) + dropped
		if got := storedError(t, p, x); got > want*1.0001+p.Signal*0x1p-48 {
			t.Errorf("%s: the error is %g, expected %g", d.name, got, want)
		}
		if host.FloatAt(p.Table, 0) != 0 {
			t.Errorf("%s: entry 0 is %g", d.name, host.FloatAt(p.Table, 0))
		}
	}
}

// TestSparseCoreAI holds the masks to those of coreai-opt.
func TestSparseCoreAI(t *testing.T) {
	eachPaletteCase(t, "sparse", func(name string, c paletteCase, x *host.Tensor, part func(string) *host.Tensor) {
		s := Sparse{Fraction: c.Fraction, Channel: c.Channel}
		p := sparseOf(t, x, Scheme{Sparse: &s}, Options{Out: []int{0}, In: []int{1}})
		if got, want := host.Values[uint64](p.Mask), host.Values[uint64](part("mask")); !slices.Equal(got, want) {
			t.Errorf("%s: keeps %v, expected %v", name, got, want)
		}
	})
}

// TestSparseRefuses names what cannot be stored.
func TestSparseRefuses(t *testing.T) {
	x := randomWeight(host.F32, normal, 1, 6, 10)
	opt := Options{Out: []int{0}, In: []int{1}, Block: []int{6, 10}}
	half := &Sparse{Fraction: 0.5}
	for _, tt := range []struct {
		s   Scheme
		opt Options
	}{
		{Scheme{Sparse: &Sparse{Fraction: 1.5}}, opt},
		{Scheme{Sparse: &Sparse{Fraction: math.NaN()}}, opt},
		{Scheme{Sparse: &Sparse{N: 2, M: 4}}, opt},
		{Scheme{Sparse: &Sparse{N: 2, M: 5}}, Options{Out: []int{0}}},
		{Scheme{Sparse: &Sparse{Fraction: 0.5, Block: 4}}, opt},
		{Scheme{Sparse: &Sparse{Fraction: 0.5, Channel: true}}, Options{In: []int{1}}},
		{Scheme{Sparse: half, Quant: &Quant{Elem: host.U4}}, opt},
		{Scheme{Sparse: half, Quant: &Quant{Elem: host.I4, Range: Asymmetric}}, opt},
		{Scheme{Sparse: half, Quant: &Quant{Elem: host.I4, Offset: MinValue}}, opt},
		{Scheme{Sparse: half, Palette: &Palette{Bits: 4, Rule: CoreAI}}, opt},
		{Scheme{Sparse: half, Palette: &Palette{Bits: 4, Length: 2}}, opt},
	} {
		_, err := Apply(context.Background(), x, tt.s, tt.opt)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v, expected a refusal", tt.s, err)
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		host.SetFloat(x, 5, bad)
		for _, s := range []Scheme{{Sparse: half}, {Sparse: half, Palette: &Palette{Bits: 2}}, {Sparse: half, Quant: &Quant{Elem: host.I4}}} {
			if _, err := Apply(context.Background(), x, s, opt); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%g: %s: %v", bad, s, err)
			}
		}
	}
}

// TestSparseEdges compresses weights of zeros, and of nothing.
func TestSparseEdges(t *testing.T) {
	for _, shape := range [][]int{{4, 8}, {0, 8}, {4, 0}, {5}, {0}} {
		x := host.New(host.F32, shape...)
		block := slices.Clone(shape)
		for i := range block {
			block[i] = max(block[i], 1)
		}
		for _, s := range []Scheme{
			{Sparse: &Sparse{Fraction: 0.5}}, {Sparse: &Sparse{Fraction: 0.5, Channel: true}}, {Palette: &Palette{Bits: 3}},
			{Palette: &Palette{Bits: 2, Table: host.U8, ChannelScale: true}},
			{Sparse: &Sparse{Fraction: 0.5}, Palette: &Palette{Bits: 3}}, {Sparse: &Sparse{Fraction: 0.5}, Quant: &Quant{Elem: host.I4}},
		} {
			p, err := Apply(context.Background(), x, s, Options{Out: []int{0}, In: []int{min(1, len(shape)-1)}, Block: block})
			if err != nil {
				t.Errorf("%s of %v: %v", s, x, err)
				continue
			}
			if storedError(t, p, x) != 0 {
				t.Errorf("%s of %v: an error of %g", s, x, p.Noise)
			}
		}
	}
	one := host.New(host.F32)
	for _, s := range []Scheme{{Sparse: &Sparse{Fraction: 0.5}}, {Palette: &Palette{Bits: 3}}} {
		var refusal *Refusal
		if _, err := Apply(context.Background(), one, s, Options{}); !errors.As(err, &refusal) {
			t.Errorf("%s of a single number: %v", s, err)
		}
	}
}
