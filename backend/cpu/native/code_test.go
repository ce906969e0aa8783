//go:build unix

package native

import (
	"os"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestFaultsAreNoReasons compiles a kernel that the machine has no code for, which is told apart from one that breaks the code
// generator: that is an error, and nothing is cached.
func TestFaultsAreNoReasons(t *testing.T) {
	c := testCompiler(t)
	b := kernel.NewBuilder("threads")
	b.For(kernel.Thread, "i", ir.Const(8), 1, func(ir.Dim) { b.Barrier() })
	refused, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.compile(t.Context(), "test", []*kernel.Kernel{refused})
	if err != nil || made.refused[0] == nil || !strings.Contains(made.refused[0].Error(), "has no code for a CPU") {
		t.Errorf("found %v and the error %v, expected a kernel that is refused", made, err)
	}
	before, err := os.ReadDir(c.cache.Dir)
	if err != nil {
		t.Fatal(err)
	}
	broken := &kernel.Kernel{Name: "broken", Body: &kernel.Block{Instrs: []*kernel.Instr{{
		Op: kernel.Add, Result: &kernel.Value{Type: kernel.Type{Elem: host.F32, Lanes: 1}},
	}}}}
	if _, err := c.compile(t.Context(), "test", []*kernel.Kernel{broken}); err == nil || !strings.Contains(err.Error(), "internal error in kernel broken") {
		t.Errorf("found the error %v, expected an internal one", err)
	}
	after, err := os.ReadDir(c.cache.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) {
		t.Errorf("the cache has %d files, expected %d as before", len(after), len(before))
	}
}
