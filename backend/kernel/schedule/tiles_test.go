package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
)

// TestMoves holds what only moves numbers, and scans, at sizes around those of vectors and squares of them, against the interpreter.
func TestMoves(t *testing.T) {
	shapes := []struct{ in, out, op string }{
		{"[A]x[B]", "[B]x[A]", "transpose(%x) {perm = [1, 0]}"},
		{"2x[A]x[B]", "2x[B]x[A]", "transpose(%x) {perm = [0, 2, 1]}"},
		{"[A]x2x[B]", "[B]x2x[A]", "transpose(%x) {perm = [2, 1, 0]}"},
		{"[A]x9", "9x[A]", "transpose(%x) {perm = [1, 0]}"},
		{"7x[A]", "[A]x7", "transpose(%x) {perm = [1, 0]}"},
		{"2x9x[A]x3", "2x[A]x3x9", "transpose(%x) {perm = [0, 2, 3, 1]}"},
		{"4x8", "8x4", "transpose(%x) {perm = [1, 0]}"},
		{"17x33", "33x17", "transpose(%x) {perm = [1, 0]}"},
		{"16x64", "64x16", "transpose(%x) {perm = [1, 0]}"},
		{"18x5x32", "5x32x18", "transpose(%x) {perm = [1, 2, 0]}"},
		{"[A]x[B]", "[A]x[2*B]", "concat(%x, %x) {axis = 1}"},
		{"[A]x[B]", "[2*A]x[B]", "concat(%x, %x) {axis = 0}"},
		{"5x[A]", "5x[3*A]", "concat(%x, %x, %x) {axis = 1}"},
		{"3x[A]x7", "3x[A+3]x10", "pad(%x) {low = [0, 1, 2], high = [0, 2, 1]}"},
		{"3x8x7", "3x6x9", "pad(%x) {low = [0, -1, 2], high = [0, -1, 0]}"},
		{"3x5x9", "3x8x14", "pad(%x) {low = [0, 1, 3], high = [0, 2, 2], mode = \"reflect\"}"},
		{"3x5x9", "3x8x14", "pad(%x) {low = [0, 1, 3], high = [0, 2, 2], mode = \"replicate\"}"},
		{"3x1x9", "3x4x3", "pad(%x) {low = [0, 1, -4], high = [0, 2, -2], mode = \"replicate\"}"},
		{"3x5x9", "3x8x14", "pad(%x) {low = [0, 1, 3], high = [0, 2, 2], mode = \"circular\"}"},
		{"3x1x17", "3x3x50", "pad(%x) {low = [0, 1, 16], high = [0, 1, 17], mode = \"circular\"}"},
		{"[A]x3", "[A]x7", "pad(%x) {low = [0, 2], high = [0, 2], mode = \"reflect\"}"},
		{"[A]", "[A+5]", "pad(%x) {low = [2], high = [3], mode = \"replicate\"}"},
		{"2x4x16", "2x4x17", "pad(%x) {low = [0, 0, 0], high = [0, 0, 1]}"},
		{"[A]", "[A]", "cumsum(%x) {axis = 0}"},
		{"3x[A]", "3x[A]", "cumsum(%x) {axis = 1}"},
		{"[A]x3x5", "[A]x3x5", "cumsum(%x) {axis = 0}"},
		{"3x[A]x5x7", "3x[A]x5x7", "cumprod(%x) {axis = 1}"},
		{"3x4x8", "3x4x8", "cumsum(%x) {axis = 1}"},
	}
	rng := rand.New(rand.NewPCG(3, 4))
	n := &natively{}
	for i, s := range shapes {
		if skipped(i, 10) {
			continue
		}
		for _, elem := range []string{"f32", "bf16", "i64", "bool"} {
			if elem == "bool" && strings.HasPrefix(s.op, "cum") {
				continue
			}
			in, out := fmt.Sprintf("tensor<%sx%s>", s.in, elem), fmt.Sprintf("tensor<%sx%s>", s.out, elem)
			var ops []string
			for _, dim := range []string{"A", "B"} {
				if strings.Contains(s.in, dim) {
					ops = append(ops, "dim "+dim+" in 1..40")
				}
			}
			m, op := parse(t, module("%x: "+in, out, append(ops, "%y = tensor."+s.op+" : "+out)...))
			agrees(t, n, rng, m, op, s.op+" of "+in)
		}
	}
	n.run(t)
}

// TestColumns holds reductions across rows, which go over several vectors of columns at a time.
func TestColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	n := &natively{}
	for _, s := range []struct{ in, out, op string }{
		{"7x[A]xf32", "[A]xf32", "tensor.sum(%x) {axes = [0]}"},
		{"7x[A]xbf16", "[A]xbf16", "tensor.mean(%x) {axes = [0]}"},
		{"3x5x[A]xf32", "[A]xf32", "tensor.reduce_max(%x) {axes = [0, 1]}"},
		{"3x5x[A]xi32", "3x1x[A]xi32", "tensor.reduce_min(%x) {axes = [1], keep_dims = true}"},
		{"3x5x33xi64", "3x33xi64", "tensor.prod(%x) {axes = [1]}"},
		{"9x64xbool", "64xbool", "tensor.any(%x) {axes = [0]}"},
		{"9x[A]xf32", "[A]xi64", "tensor.argmax(%x) {axis = 0}"},
		{"2x9x40xf32", "2x1x40xi64", "tensor.argmin(%x) {axis = 1, keep_dims = true}"},
		{"9x64xi32", "64xi64", "tensor.argmax(%x) {axis = 0}"},
		{"6x[A]xf32", "6x[A]xf32", "nn.softmax(%x) {axis = 0}"},
		{"2x6x33xf32", "2x6x33xf32", "nn.log_softmax(%x) {axis = 1}"},
		{"2x6x33xf32", "2x6x33xf32", "nn.layer_norm(%x) {axes = [1, 2], eps = 1e-5}"},
	} {
		dims := ""
		if strings.Contains(s.in, "A") {
			dims = "dim A in 1..80"
		}
		m, op := parse(t, module("%x: tensor<"+s.in+">", "tensor<"+s.out+">", dims, "%y = "+s.op+" : tensor<"+s.out+">"))
		agrees(t, n, rng, m, op, s.op+" of "+s.in)
	}
	n.run(t)
}

// agrees holds the kernels of an operation, and their code, against the interpreter.
func agrees(t *testing.T, n *natively, rng *rand.Rand, m *ir.Module, op *ir.Op, name string) {
	t.Helper()
	for _, to := range targets[1:] {
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		made, why := schedule.Plan(g, to)
		if why != "" {
			t.Fatalf("%s: %s", name, why)
		}
		for range 3 {
			sizes := map[string]int64{"A": int64(1 + rng.IntN(40)), "B": int64(1 + rng.IntN(20))}
			x := randomInputs(rng, m.Funcs[0].Params, sizes)
			want, err := reference(m, x)
			if err != nil {
				t.Fatal(err)
			}
			got, err := n.compute(fmt.Sprintf("%s, %v", name, sizes), to, made, x, sizes, want[0])
			if err == nil {
				err = differ(got, want[0])
			}
			if err != nil {
				t.Fatalf("%s: %s, %v: %v", to.Name, name, sizes, err)
			}
		}
	}
}
