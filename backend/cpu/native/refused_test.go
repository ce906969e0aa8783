//go:build unix

package native

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// TestRefusedModules compiles a module with an operation that no engine runs: it is refused before anything is compiled, and
// leaves no threads behind.
func TestRefusedModules(t *testing.T) {
	foreign := ir.NewDialect("foreign", "an operation that nothing computes", &ir.OpDef{
		Name:     "foreign.op",
		Doc:      "Do something unknown.",
		Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
		Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
		Infer:    func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil },
	})
	m := parse(t, `air 1
module @refused {
  func @main(%x: tensor<100xf32>) -> (%y: tensor<100xf32>) {
    %a = tensor.exp(%x) : tensor<100xf32>
    %y = foreign.op(%a) : tensor<100xf32>
    core.return(%y)
  }
}
`, foreign)
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	before := runtime.NumGoroutine()
	for range 5 {
		p, err := Backend{Plan: Scheduled, Cache: cache}.Compile(t.Context(), m, backend.Options{Threads: 4})
		if p != nil || err == nil || !strings.Contains(err.Error(), "foreign.op cannot run: run the pass `decompose` first") {
			t.Fatalf("found the program %v and the error %v", p, err)
		}
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("there are %d goroutines after compiles that failed, before there were %d", now, before)
	}
	if entries, err := cache.List(); err != nil || len(entries) > 0 {
		t.Errorf("the cache holds %v, %v after a module was refused, expected nothing", entries, err)
	}
}

// TestGuardsAreChecked holds the sizes of a call against a kernel's guard: one that cannot be checked is broken.
func TestGuardsAreChecked(t *testing.T) {
	guard, err := ir.ParseGuard("N >= 2")
	if err != nil {
		t.Fatal(err)
	}
	k := &kernel.Kernel{Name: "k", Guards: []ir.Guard{guard}}
	for _, c := range []struct {
		sizes map[string]int64
		want  string
	}{
		{map[string]int64{"N": 2}, ""},
		{map[string]int64{"N": 1}, "the sizes break the guard N >= 2 of kernel k"},
		{nil, "no size is given for the guard N >= 2 of kernel k"},
	} {
		p := &preparing{size: func(name string) (int64, bool) { n, ok := c.sizes[name]; return n, ok }}
		if err := p.check(k); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("found the error %v for %v, expected one with %q", err, c.sizes, c.want)
		}
	}
}
