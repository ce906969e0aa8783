//go:build unix

package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// indexed are operations that places are given to as numbers: the parameters, of which %i are the numbers, the result and the body that
// makes %y. There are size places; wraps says that negative numbers count from the end, and op is what an error names.
var indexed = []struct {
	name, params, y, body string
	size                  int64
	wraps                 bool
	op                    string
}{
	{"embedding", "%w: tensor<10x24xf32>, %i: tensor<3xi64>", "3x24xf32", "%y = nn.embedding(%w, %i)", 10, false, "nn.embedding"},
	{"embedding by i32", "%w: tensor<10x5xf32>, %i: tensor<3xi32>", "3x5xf32", "%y = nn.embedding(%w, %i)", 10, false, "nn.embedding"},
	{"embedding in a group", "%w: tensor<10x5xf32>, %i: tensor<3xi64>, %b: tensor<5xf32>", "3x5xf32",
		"%y = core.kernel(%w, %i, %b) : tensor<3x5xf32>\n do(%w: tensor<10x5xf32>, %i: tensor<3xi64>, %b: tensor<5xf32>) {\n %e = nn.embedding(%w, %i) : tensor<3x5xf32>\n %s = tensor.add(%e, %b) : tensor<3x5xf32>\n core.return(%s)\n }", 10, false, "nn.embedding"},
	{"gather", "%x: tensor<2x7xf32>, %i: tensor<2x3xi64>", "2x3xf32", "%y = tensor.gather(%x, %i) {axis = 1}", 7, true, "tensor.gather"},
	{"gather of columns", "%x: tensor<7x40xf32>, %i: tensor<3x40xi32>", "3x40xf32", "%y = tensor.gather(%x, %i) {axis = 0}", 7, true, "tensor.gather"},
	{"index", "%x: tensor<7x40xf32>, %i: tensor<3xi64>", "3x40xf32", "%y = tensor.index(%x, %i) {axes = [0]}", 7, true, "tensor.index"},
	{"index of the last axis", "%x: tensor<4x7xf16>, %i: tensor<3xi32>", "4x3xf16", "%y = tensor.index(%x, %i) {axes = [1]}", 7, true, "tensor.index"},
	{"index of two axes", "%x: tensor<2x7x7x5xf32>, %i: tensor<3xi64>", "2x3x5xf32", "%y = tensor.index(%x, %i, %i) {axes = [1, 2]}", 7, true, "tensor.index"},
	{"index in a group", "%x: tensor<7x40xf32>, %i: tensor<3xi64>", "3x40xf32",
		"%y = core.kernel(%x, %i) : tensor<3x40xf32>\n do(%x: tensor<7x40xf32>, %i: tensor<3xi64>) {\n %e = tensor.exp(%x) : tensor<7x40xf32>\n %s = tensor.index(%e, %i) {axes = [0]} : tensor<3x40xf32>\n core.return(%s)\n }", 7, true, "tensor.index"},
	{"scatter", "%x: tensor<2x7xf32>, %i: tensor<2x3xi64>, %s: tensor<2x3xf32>", "2x7xf32", "%y = tensor.scatter(%x, %i, %s) {axis = 1}", 7, true, "tensor.scatter"},
	{"scatter of sums", "%x: tensor<7x33xf32>, %i: tensor<3x33xi64>, %s: tensor<3x33xf32>", "7x33xf32", `%y = tensor.scatter(%x, %i, %s) {axis = 0, reduce = "add"}`, 7, true, "tensor.scatter"},
	{"index_put", "%x: tensor<7x33xf32>, %v: tensor<3x33xf32>, %i: tensor<3xi64>", "7x33xf32", "%y = tensor.index_put(%x, %v, %i) {axes = [0]}", 7, true, "tensor.index_put"},
	{"index_put of sums", "%x: tensor<7xf32>, %v: tensor<3xf32>, %i: tensor<3xi32>", "7xf32", "%y = tensor.index_put(%x, %v, %i) {axes = [0], accumulate = true}", 7, true, "tensor.index_put"},
	{"index_update", "%x: tensor<7x33xf32>, %v: tensor<3x33xf32>, %i: tensor<3xi64>", "7x33xf32", "%y = state.index_update(%x, %v, %i) {axis = 0}", 7, true, "state.index_update"},
	{"index_update of columns", "%x: tensor<4x7xf32>, %v: tensor<4x3xf32>, %i: tensor<3xi32>", "4x7xf32", "%y = state.index_update(%x, %v, %i) {axis = 1}", 7, true, "state.index_update"},
	{"lookup", "%i: tensor<3x1xu8>, %t: tensor<1x1x7x1xf32>", "3x1xf32", "%y = quant.lookup(%i, %t) {axis = 0}", 7, false, "quant.lookup"},
}

// TestIndicesOfNothing holds that ids are looked at where the rows that they name have no columns.
func TestIndicesOfNothing(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, `air 1
module @m {
  func @main(%w: tensor<10x0xf32>, %i: tensor<3xi64>) -> (%y: tensor<3x0xf32>) {
    %y = nn.embedding(%w, %i) : tensor<3x0xf32>
    core.return(%y)
  }
}
`), 2)
	ids := host.New(host.I64, 3)
	for id, told := range map[int64]string{9: "", 10: "the id 10 is outside 0..9", -1: "the id -1 is outside 0..9"} {
		host.SetInt(ids, 1, id)
		_, err := native.NewSession().Call(t.Context(), "main", []*host.Tensor{host.New(host.F32, 10, 0), ids}, nil)
		if (err == nil) != (told == "") || err != nil && !strings.Contains(err.Error(), told) {
			t.Errorf("found the error %v for %d, expected %q", err, id, told)
		}
	}
}

// TestIndices gives operations places inside and outside of what they take from or write to: both engines give the same, or the same
// error, which names the operation, the number and the size.
func TestIndices(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	for _, tt := range indexed {
		t.Run(tt.name, func(t *testing.T) {
			y := "tensor<" + tt.y + ">"
			typed := tt.body
			if !strings.Contains(typed, "core.kernel") {
				typed += " : " + y
			}
			m := backendtest.Parse(t, "air 1\nmodule @m {\n  func @main("+tt.params+") -> (%y: "+y+") {\n    "+typed+"\n    core.return(%y)\n  }\n}\n")
			reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			a, b := compileHeavy(t, m, 2), reference.NewSession()
			in := inputsOf(t, m, rng)
			at := slices.IndexFunc(m.Funcs[0].Params, func(p *ir.Param) bool { return p.Value.Name == "i" })
			legal := func(n int64) bool { return n < tt.size && (n >= 0 || tt.wraps && n >= -tt.size) }
			for _, n := range []int64{0, tt.size - 1, -1, -tt.size, -tt.size - 1, tt.size, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
				for i := range in[at].Len() {
					host.SetInt(in[at], i, int64(rng.IntN(int(tt.size))))
				}
				last := in[at].Len() - 1
				host.SetInt(in[at], last, n)
				n := host.IntAt(in[at], last) // as far as its type has it
				if legal(n) {
					if err := agree(a, b, in); err != nil {
						t.Errorf("for %d: %v", n, err)
					}
					continue
				}
				_, got := a.Call(t.Context(), "main", in, nil)
				_, want := b.Call(t.Context(), "main", in, nil)
				if got == nil || want == nil || got.Error() != want.Error() {
					t.Errorf("found the error %v for %d, expected %v", got, n, want)
					continue
				}
				for _, part := range []string{tt.op, fmt.Sprint(n), fmt.Sprint(tt.size)} {
					if !strings.Contains(got.Error(), part) {
						t.Errorf("the error %q does not tell of %s", got, part)
					}
				}
			}
		})
	}
}
