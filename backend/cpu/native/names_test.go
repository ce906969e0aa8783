//go:build unix

package native

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// namesakes are what schedules call buffers and loops.
var namesakes = []string{"packed0", "packed", "temp0", "status", "y", "x0", "r", "k"}

// namedBodies are functions over an open size SIZE: with packed weights, with rows copied before a product, with a status, with a
// private row, and with the memory of a state.
var namedBodies = []struct{ name, text string }{
	{"linear", `(%x: tensor<[SIZE]x64xf32>) -> (%y: tensor<[SIZE]x64xf32>) {
    dim SIZE in 0..1000
    %w = core.constant() {value = 0.0} : tensor<64x64xf32>
    %y = nn.linear(%x, %w) : tensor<[SIZE]x64xf32>`},
	{"before", `(%x: tensor<[SIZE]x768xf32>) -> (%y: tensor<[SIZE]x1100xf32>) {
    dim SIZE in 0..1000
    %w = core.constant() {value = 0.0} : tensor<1100x768xf32>
    %y = nn.linear(%x, %w) : tensor<[SIZE]x1100xf32>`},
	{"embedding", `(%i: tensor<[SIZE]xi64>) -> (%y: tensor<[SIZE]x24xf32>) {
    dim SIZE in 0..1000
    %w = core.constant() {value = 0.0} : tensor<16x24xf32>
    %y = nn.embedding(%w, %i) : tensor<[SIZE]x24xf32>`},
	{"softmax", `(%x: tensor<[SIZE]x100xf32>) -> (%y: tensor<[SIZE]x100xf32>) {
    dim SIZE in 0..1000
    %y = nn.softmax(%x) {axis = 1} : tensor<[SIZE]x100xf32>`},
}

// TestNamesDoNotMatter has sizes that are called as buffers and loops of kernels are.
func TestNamesDoNotMatter(t *testing.T) {
	text := "air 1\nmodule @m {\n"
	for _, name := range namesakes {
		for _, b := range namedBodies {
			text += fmt.Sprintf("  func @%s_%s%s\n    core.return(%%y)\n  }\n", b.name, name, strings.ReplaceAll(b.text, "SIZE", name))
		}
	}
	m, rng := backendtest.Parse(t, text+"}\n"), rand.New(rand.NewPCG(8, 1))
	kinds := map[kernel.Role]bool{}
	for _, f := range m.Funcs {
		for _, op := range f.Ops[:len(f.Ops)-1] {
			if op.Is(core.Constant) {
				shape, err := constShape(op.Result().Type)
				if err != nil {
					t.Fatal(err)
				}
				op.Attrs = ir.Attrs{ir.Set("value", ir.Dense{T: eighths(rng, host.F32, shape)})}
				continue
			}
			plan, err := calls.Of(op, TargetOf(testCompiler(t).machine))
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range plan.Args {
				for _, a := range args {
					kinds[a.Kind] = true
				}
			}
		}
	}
	for _, kind := range []kernel.Role{kernel.Operand, kernel.Result, kernel.Temporary, kernel.Packed, kernel.Status} {
		if !kinds[kind] {
			t.Errorf("no kernel has an argument of role %d", kind)
		}
	}
	native, reference := engines(t, m, 2)
	a, b := native.NewSession(), reference.NewSession()
	for i, f := range m.Funcs {
		if skipped(i, 5) {
			continue
		}
		for _, n := range []int{1, 100} {
			x := f.Params[0].Value.Type
			shape := []int{n}
			for _, d := range x.Shape[1:] {
				size, _ := d.IsConst()
				shape = append(shape, int(size))
			}
			if err := agreeOn(f.Name, a, b, []*host.Tensor{eighths(rng, x.Elem, shape)}); err != nil {
				t.Errorf("@%s: %v", f.Name, err)
			}
		}
	}
}
