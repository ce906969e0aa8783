//go:build unix

package native

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// TestRefusedModules compiles a module with an operation that no engine runs: it is refused before anything is compiled.
func TestRefusedModules(t *testing.T) {
	foreign := ir.NewDialect("foreign", "an operation that nothing computes", &ir.OpDef{
		Name:     "foreign.op",
		Doc:      "Do something unknown.",
		Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
		Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
		Infer:    func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil },
	})
	m := backendtest.Parse(t, `air 1
module @refused {
  func @main(%x: tensor<100xf32>) -> (%y: tensor<100xf32>) {
    %a = tensor.exp(%x) : tensor<100xf32>
    %y = foreign.op(%a) : tensor<100xf32>
    core.return(%y)
  }
}
`, foreign)
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	p, err := Backend{Cache: cache}.Compile(t.Context(), m, backend.Options{Threads: 4})
	if p != nil || err == nil || !strings.Contains(err.Error(), "foreign.op cannot run: run the pass `decompose` first") {
		t.Fatalf("found the program %v and the error %v", p, err)
	}
	if entries, err := cache.List(); err != nil || len(entries) > 0 {
		t.Errorf("the cache holds %v, %v after a module was refused, expected nothing", entries, err)
	}
}

// TestUnreadableWeights compiles a module whose weights cannot be read, which shows when its threads have begun to pack them: they end.
func TestUnreadableWeights(t *testing.T) {
	m := backendtest.Parse(t, strings.ReplaceAll(alikeWeights, "DATA", strings.Repeat("AAAA", 4*160*160/3)+"AA=="))
	for _, r := range m.Resources {
		r.Source = &ir.Source{File: "weights", Size: 4 * 160 * 160, CRC: 1, Open: func() ([]byte, error) { return nil, errors.New("the disk is gone") }}
	}
	b := Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), Packed: packed.NewCache(filepath.Join(t.TempDir(), "packed"))}
	const times, threads = 5, 8
	before := runtime.NumGoroutine()
	for range times {
		p, err := b.Compile(t.Context(), m, backend.Options{Threads: threads})
		if p != nil || err == nil || !strings.Contains(err.Error(), "the disk is gone") {
			t.Fatalf("found the program %v and the error %v", p, err)
		}
	}
	now := runtime.NumGoroutine()
	for range 1000 { // one that is at its end is counted for a moment
		if now <= before {
			return
		}
		time.Sleep(time.Millisecond)
		now = runtime.NumGoroutine()
	}
	t.Errorf("there are %d goroutines after compiles that failed, before there were %d", now, before)
}

// TestPacksTakeNoSizes holds that a kernel which packs constants for some sizes only is refused: it is called without any.
func TestPacksTakeNoSizes(t *testing.T) {
	guard, err := ir.ParseGuard("2 <= 1")
	if err != nil {
		t.Fatal(err)
	}
	for want, k := range map[string]*kernel.Kernel{
		"kernel k: no size N is given":               {Name: "k", Sizes: []*ir.DimDecl{{Name: "N", Max: 4}}},
		"kernel k: the sizes break the guard 2 <= 1": {Name: "k", Guards: []ir.Guard{guard}},
	} {
		j := &packing{f: &function{outline: &outline{kernel: k}}}
		if err := (&packer{}).fill(j, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found the error %v, expected one with %q", err, want)
		}
	}
}
