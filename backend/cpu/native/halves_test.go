//go:build unix

package native

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel/calls"
)

// halvesTests have odd and even depths, few rows and many, and windows.
var halvesTests = []heavy{
	{[]string{"1x33xf32"}, []string{"70x33xf32", "70xf32"}, "nn.linear(%x0, %c0, %c1)", "1x70xf32", ""},
	{[]string{"29x40xf32"}, []string{"40x100xf32"}, "tensor.matmul(%x0, %c0)", "29x100xf32", ""},
	{[]string{"131x301xf32"}, []string{"70x301xf32", "70xf32"}, "nn.linear(%x0, %c0, %c1)", "131x70xf32", ""},
	{[]string{"1x15x15x24xf32"}, []string{"70x24x3x3xf32", "70xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], channels_last = true}", "1x15x15x70xf32", ""},
	{[]string{"1x45x47x3xf32"}, []string{"20x3x7x7xf32"}, "nn.conv(%x0, %c0) {low = [3, 3], high = [3, 3], stride = [2, 2], channels_last = true}", "1x23x24x20xf32", ""},
	{[]string{"1x31x33x16xf32"}, []string{"40x16x1x1xf32"}, "nn.conv(%x0, %c0) {channels_last = true}", "1x31x33x40xf32", ""},
}

// TestHalves holds products of rounded numbers against the interpreter, on numbers that rounding leaves alone.
func TestHalves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	for _, h := range halvesTests {
		m := h.module(t, rng)
		reference, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		rounded, err := Backend{Cache: testCompiler(t).cache}.Compile(context.Background(), m, backend.Options{Threads: 2, Precision: backend.BF16})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(rounded.NewSession(), reference.NewSession(), inputsOf(t, m, rng)); err != nil {
			t.Errorf("%s %s: %v", h.op, h.result, err)
		}
		if err := rounded.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestHalvesTargets compiles products of rounded numbers for every target, with the instruction for pairs where there is one.
func TestHalvesTargets(t *testing.T) {
	tools, err := toolchain.Find()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 9))
	for _, target := range emit.Targets() {
		machines := []*emit.Machine{{Target: target, Rounded: true}}
		if len(target.Halves) > 0 {
			machines = append(machines, &emit.Machine{Target: target, Rounded: true, Extra: []string{target.Halves[0].Feature}})
		}
		for _, m := range machines {
			for _, h := range halvesTests {
				f := h.module(t, rng).Funcs[0]
				plan, err := calls.Of(f.Ops[len(f.Ops)-2], TargetOf(m))
				if err != nil {
					t.Fatalf("%s: %v", h.op, err)
				}
				module := emit.NewModule(m)
				if err := module.Add("k", plan.Kernels[len(plan.Kernels)-1]); err != nil {
					t.Fatalf("%s: %v", h.op, err)
				}
				text, err := module.Text()
				if err != nil {
					t.Fatal(err)
				}
				asm, err := tools.Assembly(context.Background(), toolchain.Target{Triple: m.Triple, CPU: m.CPU, Features: m.All()}, text)
				if err != nil {
					t.Fatal(err)
				}
				if found := called.FindAllString(asm, -1); len(found) > 0 {
					t.Errorf("%s %v: the code calls %v", m.Name, m.Extra, found)
				}
				if found := spills(asm); len(found) > 0 {
					t.Errorf("%s %v %s: vectors are spilled among sums: %q", m.Name, m.Extra, h.result, found)
				}
			}
		}
	}
}
