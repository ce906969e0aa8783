package compress

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// decoded undoes the steps of a packed weight, in the weight's element type and shape.
func decoded(t testing.TB, p *Packed, e host.Elem, shape []int) *host.Tensor {
	t.Helper()
	x, err := p.Codes, error(nil)
	if p.Mask != nil {
		if x, err = host.Densify(x, p.Mask); err != nil {
			t.Fatal(err)
		}
	}
	if p.Table != nil {
		if x, err = host.Lookup(host.Serial, x, p.Table, p.Axis); err != nil {
			t.Fatal(err)
		}
	}
	if p.Scale != nil {
		out := host.New(e, x.Shape...)
		in := [4]*host.Tensor{x, p.Scale, p.Zero, p.Min}
		for i, part := range in {
			if part != nil {
				in[i] = host.Unpack(part)
			}
		}
		if err := host.Dequantize(host.Serial, out, in[0], in[1], in[2], in[3]); err != nil {
			t.Fatalf("%v of %v: %v", x, p.Scale, err)
		}
		x = out
	}
	if !slices.Equal(x.Shape, p.Stored) || x.Elem != e {
		t.Fatalf("it decodes to %v, expected %v of %s", x, p.Stored, e)
	}
	if x, err = x.Reshape(shape); err != nil {
		t.Fatal(err)
	}
	return x
}

// storedError is that of the decoded weight, and checks that the packed one says the same.
func storedError(t testing.TB, p *Packed, x *host.Tensor) float64 {
	t.Helper()
	got, want := host.Values[float64](decoded(t, p, x.Elem, x.Shape)), host.Values[float64](x)
	noise, signal := 0.0, 0.0
	for i, v := range want {
		d := v - got[i]
		noise += d * d
		signal += v * v
	}
	if math.Abs(noise-p.Noise) > 1e-5*noise+1e-12*signal || math.Abs(signal-p.Signal) > 1e-5*signal {
		t.Errorf("it says that of %g it differs by %g; it decodes with %g and %g", p.Signal, p.Noise, signal, noise)
	}
	return noise
}

func paletteOf(t testing.TB, x *host.Tensor, p Palette, opt Options) *Packed {
	t.Helper()
	packed, err := Apply(context.Background(), x, Scheme{Palette: &p}, opt)
	if err != nil {
		t.Fatalf("%+v of %v in %v: %v", p, x, opt.Block, err)
	}
	return packed
}

// TestPaletteForms decodes palettes of all shapes and forms.
func TestPaletteForms(t *testing.T) {
	for k, tt := range []struct {
		shape, out, block []int
		stored            []int
	}{
		{[]int{12}, []int{0}, []int{12}, []int{12}},
		{[]int{12, 10}, []int{0}, []int{12, 10}, []int{12, 10}},
		{[]int{12, 10}, []int{0}, []int{4, 10}, []int{12, 10}},
		{[]int{12, 10}, []int{-2}, []int{12, 5}, []int{12, 10}},
		{[]int{12, 10}, []int{1}, []int{3, 10}, []int{12, 10}},
		{[]int{12, 10}, []int{1}, []int{4, 2}, []int{12, 10}},
		{[]int{12, 10, 3, 3}, []int{0}, []int{4, 10, 3, 3}, []int{12, 90}},
		{[]int{12, 10, 3, 3}, []int{0}, []int{12, 2, 3, 3}, []int{12, 90}},
		{[]int{10, 12, 3, 3}, []int{1}, []int{10, 4, 3, 3}, []int{10, 108}},
		{[]int{12, 1, 5}, []int{0}, []int{12, 1, 5}, []int{12, 5}},
		{[]int{2, 12, 10}, []int{0, 1}, []int{1, 4, 10}, []int{2, 120}},
	} {
		if skipped(k, 8) {
			continue
		}
		for _, e := range []host.Elem{host.F32, host.F16, host.BF16, host.F64} {
			for bits := 1; bits <= 8; bits++ {
				for i, form := range []struct {
					p     Palette
					floor float64 // the part of the energy that rounding the table alone may cost
				}{
					{Palette{}, 1e-5},
					{Palette{ChannelScale: true}, 1e-5},
					{Palette{Table: host.I8}, 1e-4},
					{Palette{Table: host.U8}, 1e-4},
					{Palette{Table: host.I8, Asymmetric: true}, 1e-4},
					{Palette{Table: host.U8, Asymmetric: true, ChannelScale: true}, 1e-4},
					{Palette{Table: host.F8E4M3, ChannelScale: true}, 1e-3},
					{Palette{Table: host.F8E5M2}, 4e-3},
				} {
					p := form.p
					if (e != host.F32 || len(tt.shape) == 1) && (i+bits)%4 > 0 { // a sample is enough
						continue
					}
					p.Bits = bits
					x := randomWeight(e, normal, 0.02, tt.shape...)
					packed := paletteOf(t, x, p, Options{Out: tt.out, Block: tt.block})
					if !p.ChannelScale && !slices.Equal(packed.Stored, tt.stored) {
						t.Errorf("%v in %v is stored as %v, expected %v", tt.shape, tt.block, packed.Stored, tt.stored)
					}
					if packed.Codes.Elem != indexElems[bits] {
						t.Errorf("%d bits are stored as %s", bits, packed.Codes.Elem)
					}
					noise := storedError(t, packed, x)
					if most := packed.Signal * (math.Pow(4, -float64(bits))*2 + form.floor); noise > most {
						t.Errorf("%v of %s in %v: %+v: the error is %g of %g", tt.shape, e, tt.block, p, noise, packed.Signal)
					}
				}
			}
		}
	}
}

// TestPaletteOptimum holds the stored palette's error to the exact optimum of each group.
func TestPaletteOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	worst := 0.0
	for i, d := range draws {
		if skipped(i, 8) {
			continue
		}
		for _, scale := range []float64{0.02, 1e-3, 1e-6} {
			for bits := 1; bits <= 8; bits++ {
				values := make([]float32, 8*40)
				for i := range values {
					values[i] = float32(d.next(r, i) * scale)
				}
				x, _ := host.FromValues(host.F32, []int{8, 40}, values)
				packed := paletteOf(t, x, Palette{Bits: bits}, Options{Out: []int{0}, Block: []int{4, 40}})
				want, energy := 0.0, 0.0
				for g := range 2 {
					l := newLine(values[g*160:(g+1)*160], nil)
					want += exactError(l, 1<<bits)
					for _, v := range values[g*160 : (g+1)*160] {
						energy += float64(v) * float64(v)
					}
				}
				// What rounding the entries to f32 costs is added; it shows where clusters are narrower than that.
				if got := storedError(t, packed, x); got > want*1.0001+energy*0x1p-48 {
					t.Errorf("%s times %g with %d bits: %g, expected %g (ratio %.6f)", d.name, scale, bits, got, want, got/want)
				} else if want > 0 {
					worst = max(worst, got/want)
				}
			}
		}
	}
	t.Logf("largest error: %.6f of the optimum", worst)
}

func ExamplePacked() {
	x, _ := host.FromValues(host.F32, []int{2, 4}, []float32{1, 1, 5, 5, -1, 1, -1, 1})
	p, err := Apply(context.Background(), x, Scheme{Palette: &Palette{Bits: 1}}, Options{Block: []int{1, 4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range p.Parts() {
		fmt.Println(part.Name, part.Data, host.Values[float32](part.Data))
	}
	// Output:
	// indices tensor<2x4xu1> [0 0 1 1 0 1 0 1]
	// lut tensor<2x1x2x1xf32> [1 5 -1 1]
}

// TestPaletteRefuses names what cannot be stored.
func TestPaletteRefuses(t *testing.T) {
	nan, _ := host.FromValues(host.F32, []int{2, 2}, []float32{1, float32(math.NaN()), 0, 0})
	if _, err := Apply(context.Background(), nan, Scheme{Palette: &Palette{Bits: 2}}, Options{Block: []int{2, 2}}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("NaN: %v", err)
	}
	x := randomWeight(host.F32, normal, 1, 6, 4)
	for _, tt := range []struct {
		p   Palette
		opt Options
	}{
		{Palette{Bits: 9}, Options{Block: []int{6, 4}}},
		{Palette{Bits: 2, Rule: MinMax}, Options{Block: []int{6, 4}}},
		{Palette{Bits: 2}, Options{Block: []int{4, 4}}},
		{Palette{Bits: 2}, Options{Block: []int{6}}},
		{Palette{Bits: 2, Length: 2}, Options{Block: []int{6, 4}}},
		{Palette{Bits: 2, Length: 4}, Options{Block: []int{6, 4}, Out: []int{0}}},
		{Palette{Bits: 2, Length: 2, Rule: CoreAI}, Options{Block: []int{6, 4}, Out: []int{0}}},
		{Palette{Bits: 2, ChannelScale: true}, Options{Block: []int{6, 4}}},
	} {
		_, err := Apply(context.Background(), x, Scheme{Palette: &tt.p}, tt.opt)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%+v in %v: %v, expected a refusal", tt.p, tt.opt.Block, err)
		}
	}
}

func BenchmarkPalette(b *testing.B) {
	for _, tt := range []struct {
		bits, columns int
		p             Palette
	}{{4, 1024, Palette{}}, {4, 4096, Palette{}}, {4, 4096, Palette{ChannelScale: true}}, {6, 4096, Palette{}}, {8, 4096, Palette{}},
		{4, 4096, Palette{Table: host.I8}}, {4, 1024, Palette{Rule: CoreAI}}, {4, 1024, Palette{Length: 2}}} {
		tt.p.Bits = tt.bits
		b.Run(fmt.Sprintf("%d columns/%v", tt.columns, tt.p), func(b *testing.B) {
			x := randomWeight(host.F32, normal, 0.02, 64, tt.columns)
			b.SetBytes(int64(x.Len()))
			for b.Loop() {
				paletteOf(b, x, tt.p, Options{Out: []int{0}, In: []int{1}, Block: []int{16, tt.columns}})
			}
		})
	}
}
