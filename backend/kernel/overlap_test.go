package kernel_test

import (
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestMayShare holds which inputs an output may be written over.
func TestMayShare(t *testing.T) {
	n := ir.Const(64)
	for _, tt := range []struct {
		name string
		body func(b *kernel.Builder, x, y *kernel.Buffer)
		want bool
	}{
		{"the same place", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", n, 4, func(i ir.Dim) { b.Store(y, i, b.Op(kernel.Neg, b.Load(x, i, 4))) })
		}, true},
		{"the place behind", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", ir.Const(63), 1, func(i ir.Dim) { b.Store(y, i, b.Load(x, i.Add(ir.Const(1)), 1)) })
		}, false},
		{"one number for all", func(b *kernel.Builder, x, y *kernel.Buffer) {
			v := b.Load(x, ir.Const(0), 1)
			b.For(kernel.Parallel, "i", n, 1, func(i ir.Dim) { b.Store(y, i, v) })
		}, false},
		{"read after it is written", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", ir.Const(32), 1, func(i ir.Dim) {
				b.Store(y, i, b.Load(x, i, 1))
				b.Store(y, i.Add(ir.Const(32)), b.Load(x, i, 1))
			})
		}, false},
		{"other lanes", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", n, 4, func(i ir.Dim) { b.Store(y, i, b.Splat(b.Load(x, i, 1), 4)) })
		}, false},
		{"lanes that are masked alike", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", n, 4, func(i ir.Dim) {
				mask := b.Tail(4, i, ir.Const(63))
				b.StoreLanes(y, i, ir.Const(1), b.LoadLanes(x, i, ir.Const(1), 4, mask), mask)
			})
		}, true},
		{"lanes that are read and written elsewhere", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", n, 4, func(i ir.Dim) {
				b.StoreLanes(y, i, ir.Const(1), b.Load(x, i, 4), b.Tail(4, i, ir.Const(63)))
			})
		}, false},
		{"lanes of another mask", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", n, 4, func(i ir.Dim) {
				v := b.LoadLanes(x, i, ir.Const(1), 4, b.Tail(4, i, ir.Const(63)))
				b.StoreLanes(y, i, ir.Const(1), v, b.Tail(4, i, ir.Const(62)))
			})
		}, false},
	} {
		b := kernel.NewBuilder("k")
		x, y := b.Input("x", host.F32, n), b.Output("y", host.F32, n)
		y.Once = true
		tt.body(b, x, y)
		k, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		if got := k.MayShare(x, y); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if y.Once = false; k.MayShare(x, y) {
			t.Errorf("%s: an output that may be written twice shares memory", tt.name)
		}
	}
	b := kernel.NewBuilder("k")
	x, y := b.Input("x", host.F32, n), b.Output("y", host.F16, n)
	y.Once = true
	if k, err := b.Build(); err != nil || k.MayShare(x, y) {
		t.Errorf("elements of two sizes share memory, %v", err)
	}
}
