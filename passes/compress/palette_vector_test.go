package compress

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestVectorPalettes decodes palettes with entries of several numbers; they must beat those of one number with as many
// bits for each.
func TestVectorPalettes(t *testing.T) {
	for i, tt := range []struct {
		shape, out, block []int
		length            int
		indices           []int
	}{
		{[]int{16, 30}, []int{0}, []int{16, 30}, 2, []int{8, 30}},
		{[]int{16, 30}, []int{0}, []int{8, 30}, 4, []int{4, 30}},
		{[]int{16, 30}, []int{1}, []int{4, 30}, 3, []int{16, 10}},
		{[]int{16, 6, 3, 3}, []int{0}, []int{8, 6, 3, 3}, 8, []int{2, 6, 9}},
		{[]int{6, 16, 3, 3}, []int{1}, []int{6, 16, 3, 3}, 2, []int{6, 8, 3, 3}},
	} {
		if skipped(i, 6) {
			continue
		}
		for _, e := range []host.Elem{host.F32, host.BF16} {
			for _, p := range []Palette{{}, {ChannelScale: true}, {Table: host.I8}, {Table: host.F8E4M3, ChannelScale: true}} {
				p.Bits, p.Length = 4, tt.length
				x := randomWeight(e, heavy, 0.02, tt.shape...)
				got := paletteOf(t, x, p, Options{Out: tt.out, Block: tt.block})
				noise := storedError(t, got, x)
				if shape := got.Codes.Shape; product(shape) != x.Len()/tt.length {
					t.Errorf("%v in %v: indices %v", tt.shape, tt.block, shape)
				}
				if noise > 0.7*got.Signal {
					t.Errorf("%v in %v: %v: the error is %g of %g", tt.shape, tt.block, p, noise, got.Signal)
				}
			}
		}
	}
	x := randomWeight(host.F32, normal, 0.02, 32, 256)
	two := paletteOf(t, x, Palette{Bits: 4, Length: 2}, Options{Out: []int{0}, Block: []int{16, 256}})
	one := paletteOf(t, x, Palette{Bits: 2}, Options{Out: []int{0}, Block: []int{16, 256}})
	if two.Noise > 0.95*one.Noise {
		t.Errorf("two bits for a number in pairs: %g, one by one %g", two.Noise, one.Noise)
	}
}

// TestVectorExact finds all points where there are no more than entries.
func TestVectorExact(t *testing.T) {
	values := make([]float32, 4*64)
	for i := range values {
		values[i] = float32((i%64*7+i/64)%3) - 1
	}
	x, _ := host.FromValues(host.F32, []int{4, 64}, values)
	p := paletteOf(t, x, Palette{Bits: 4, Length: 2}, Options{Out: []int{0}, Block: []int{4, 64}})
	if storedError(t, p, x) > 1e-9*p.Signal {
		t.Errorf("nine different pairs of sixteen: the error is %g of %g", p.Noise, p.Signal)
	}
}

// TestPaletteDeterminism compares what one thread makes with what several make.
func TestPaletteDeterminism(t *testing.T) {
	x := randomWeight(host.F32, heavy, 1, 64, 64)
	for _, p := range []Palette{{Bits: 3}, {Bits: 5, ChannelScale: true, Table: host.U8}, {Bits: 3, Length: 2}} {
		opt := Options{Out: []int{0}, Block: []int{4, 64}}
		var want string
		for _, threads := range []int{1, 2, 8} {
			before := runtime.GOMAXPROCS(threads)
			got := ""
			for _, part := range paletteOf(t, x, p, opt).Parts() {
				got += fmt.Sprintf("%s %v %x\n", part.Name, part.Data, part.Data.Bytes())
			}
			runtime.GOMAXPROCS(before)
			if want == "" {
				want = got
			} else if got != want {
				t.Errorf("%v: other bytes with %d threads", p, threads)
			}
		}
	}
}

// TestPaletteImportance lowers the weighed error where it counts.
func TestPaletteImportance(t *testing.T) {
	x := randomWeight(host.F32, normal, 1, 16, 64)
	weights := make([]float32, x.Len())
	for i := range weights {
		weights[i] = float32(i%7*i%7*i%7) / 100
	}
	importance, _ := host.FromValues(host.F32, x.Shape, weights)
	weighed := func(p *Packed) float64 {
		got, sum := host.Values[float64](decoded(t, p, x.Elem, x.Shape)), 0.0
		for i, v := range host.Values[float64](x) {
			sum += float64(weights[i]) * (v - got[i]) * (v - got[i])
		}
		return sum
	}
	for _, p := range []Palette{{Bits: 3}, {Bits: 3, ChannelScale: true}, {Bits: 4, Table: host.I8}, {Bits: 4, Length: 2}} {
		opt := Options{Out: []int{0}, Block: []int{16, 64}}
		without := weighed(paletteOf(t, x, p, opt))
		opt.Importance = importance
		if with := weighed(paletteOf(t, x, p, opt)); with > 0.999*without {
			t.Errorf("%v: the weighed error is %g, %g where nothing is said", p, with, without)
		}
		opt.Importance, _ = host.FromValues(host.F32, x.Shape, slices.Repeat([]float32{0}, x.Len()))
		storedError(t, paletteOf(t, x, p, opt), x)
	}
}

// TestPalettePieces compares one large group on one core with the same on several, and its buckets too.
func TestPalettePieces(t *testing.T) {
	x := randomWeight(host.F32, heavy, 1, 1024, 600)
	var want *Packed
	var buckets line
	for _, threads := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(threads)
		got := paletteOf(t, x, Palette{Bits: 4}, Options{Out: []int{0}, Block: []int{1024, 600}})
		in, _ := bucketLine(host.Raw[float32](x), nil)
		runtime.GOMAXPROCS(before)
		if want == nil {
			storedError(t, got, x)
			want, buckets = got, in
		}
		if !slices.Equal(got.Codes.Data, want.Codes.Data) || got.Noise != want.Noise || got.Signal != want.Signal {
			t.Errorf("other indices or sums with %d threads", threads)
		}
		if !slices.Equal(in.v, buckets.v) || !slices.Equal(in.w, buckets.w) {
			t.Errorf("other buckets with %d threads", threads)
		}
	}
}
