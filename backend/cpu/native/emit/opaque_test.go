package emit

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestAddressesMayLieOutside has lanes that a mask leaves out before the buffer's start, and parts of an index that alone lie behind
// its end: LLVM may take neither for addresses in the buffer.
func TestAddressesMayLieOutside(t *testing.T) {
	b := kernel.NewBuilder("padded")
	n, one := b.Size(&ir.DimDecl{Name: "N", Min: 1, Max: ir.Unbounded}), ir.Const(1)
	x, y := b.Input("x", host.F32, n), b.Output("y", host.F32, n)
	b.For(kernel.Parallel, "i", n, 8, func(i ir.Dim) {
		from := i.Sub(ir.Const(3))
		shifted := b.LoadLanes(x, from, one, 8, b.Within(8, from, one, ir.Const(0), n.Sub(one)))
		back := b.LoadLanes(x, n.Sub(one).Sub(i), ir.Const(-1), 8, b.Within(8, n.Sub(one).Sub(i), ir.Const(-1), ir.Const(0), n.Sub(one)))
		b.StoreLanes(y, i, one, b.Op(kernel.Add, shifted, back), b.Tail(8, i, n))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range Targets() {
		m := NewModule(&Machine{Target: target})
		if err := m.Add("padded", k); err != nil {
			t.Fatal(err)
		}
		text, err := m.Text()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, "getelementptr") || strings.Contains(text, "inbounds") {
			t.Errorf("%s: expected addresses that are not said to lie in bounds:\n%s", target.Name, text)
		}
	}
}
