package native

import (
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestProven holds that what was verified is remembered by its text, that what failed is not, and that another build starts anew.
func TestProven(t *testing.T) {
	build := func(n int64, verify func(*kernel.Kernel, *ir.Effort) error) error {
		b := kernel.NewBuilder("k")
		b.VerifyBy(func(k *kernel.Kernel) error { return verify(k, nil) })
		x, y := b.Input("x", host.F32, ir.Const(64)), b.Output("y", host.F32, ir.Const(n))
		b.For(kernel.Parallel, "i", ir.Const(n), 1, func(i ir.Dim) { b.Store(y, i, b.Load(x, i, 1)) })
		_, err := b.Build()
		return err
	}
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	p := newProven(cache, "a build")
	if err := build(64, p.verify); err != nil {
		t.Fatal(err)
	}
	if err := build(65, p.verify); err == nil {
		t.Error("a kernel that reads behind its input was accepted")
	}
	p.save()
	again := newProven(cache, "a build")
	if len(again.known) != 1 {
		t.Fatalf("%d kernels are remembered, expected one", len(again.known))
	}
	if err := build(65, again.verify); err == nil {
		t.Error("a kernel that reads behind its input was accepted the second time")
	}
	if err := build(32, again.verify); err != nil || len(again.fresh) != 1 {
		t.Errorf("another kernel: %v, %d are fresh, expected one", err, len(again.fresh))
	}
	again.save()
	if n := len(newProven(cache, "a build").known); n != 2 {
		t.Errorf("%d kernels are remembered, expected two", n)
	}
	note := cache.Note(provenNote)
	note[0]++
	if err := cache.PutNote(provenNote, note); err != nil {
		t.Fatal(err)
	}
	if n := len(newProven(cache, "a build").known); n != 0 {
		t.Errorf("%d kernels of another build are remembered", n)
	}
}
