package kernel_test

import (
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestHalvesAreRoundedOnce counts the casts that lie between what is stored, as f16, and what is loaded.
func TestHalvesAreRoundedOnce(t *testing.T) {
	f16 := host.F16
	for _, tt := range []struct {
		name  string
		make  func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value // of numbers that were f16
		casts int                                                       // beside those of x and y
	}{
		{"itself", func(_ *kernel.Builder, x, _ *kernel.Value) *kernel.Value { return x }, 0},
		{"rounded again", func(b *kernel.Builder, x, _ *kernel.Value) *kernel.Value { return b.Rounded(x, f16) }, 0},
		{"a sum", func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value {
			return b.Rounded(b.Op(kernel.Add, x, y), f16)
		}, 1},
		{"a product of a sum", func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value {
			return b.Rounded(b.Op(kernel.Mul, x, b.Rounded(b.Op(kernel.Add, x, y), f16)), f16)
		}, 3},
		{"the larger of a sum and nothing", func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value {
			return b.Rounded(b.Op(kernel.Max, b.Rounded(b.Op(kernel.Add, x, y), f16), b.Float(x.Type, 0)), f16)
		}, 1},
		{"the larger of a sum and what is no f16", func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value {
			return b.Rounded(b.Op(kernel.Max, b.Rounded(b.Op(kernel.Add, x, y), f16), b.Float(x.Type, 0.1)), f16)
		}, 1},
		{"in another type", func(b *kernel.Builder, x, y *kernel.Value) *kernel.Value {
			return b.Rounded(b.Rounded(b.Op(kernel.Add, x, y), f16), host.BF16)
		}, 5},
	} {
		b := kernel.NewBuilder("k")
		x, y, z := b.Input("x", f16, ir.Const(8)), b.Input("y", f16, ir.Const(8)), b.Output("z", f16, ir.Const(8))
		load := func(buf *kernel.Buffer) *kernel.Value { return b.Cast(b.Load(buf, ir.Const(0), 8), host.F32) }
		b.Store(z, ir.Const(0), b.Cast(tt.make(b, load(x), load(y)), f16))
		k, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		if n := needed(k); n-2 > tt.casts {
			t.Errorf("%s: found %d casts that the result needs, expected %d:\n%s", tt.name, n-2, tt.casts, kernel.Print(k))
		}
	}
}

// needed counts the casts that a store depends on, and two where it depends on fewer loads.
func needed(k *kernel.Kernel) int {
	used := map[*kernel.Value]bool{}
	n := 0
	for i := len(k.Body.Instrs) - 1; i >= 0; i-- {
		in := k.Body.Instrs[i]
		if in.Op != kernel.Store && !used[in.Result] {
			continue
		}
		for _, a := range in.Args {
			used[a] = true
		}
		if in.Op == kernel.Cast {
			n++
		}
	}
	return max(n, 2)
}
