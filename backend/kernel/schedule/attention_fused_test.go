package schedule_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// fusedAttentions are what models have around attention.
var fusedAttentions = []struct{ name, params, body, result string }{
	{"heads from a row", "%x: tensor<2x9x24xf32>", `
    %r = tensor.reshape(%x) : tensor<2x9x3x8xf32>
    %h = tensor.transpose(%r) {perm = [0, 2, 1, 3]} : tensor<2x3x9x8xf32>
    %y = nn.sdpa(%h, %h, %h) : tensor<2x3x9x8xf32>`, "2x3x9x8"},
	{"rotated", "%x: tensor<1x9x3x8xf32>, %c: tensor<9x8xf32>, %s: tensor<9x8xf32>, %k: tensor<1x3x9x8xf32>", `
    %h = tensor.transpose(%x) {perm = [0, 2, 1, 3]} : tensor<1x3x9x8xf32>
    %q = nn.rope(%h, %c, %s) : tensor<1x3x9x8xf32>
    %y = nn.sdpa(%q, %k, %k) {is_causal = true} : tensor<1x3x9x8xf32>`, "1x3x9x8"},
	{"pairs of neighbours", "%x: tensor<1x2x9x8xf32>, %k: tensor<1x2x9x8xf32>", `
    %p = tensor.reshape(%x) : tensor<1x2x9x4x2xf32>
    %a = tensor.slice(%p) {axis = 4, start = 0, stop = 1} : tensor<1x2x9x4x1xf32>
    %b = tensor.slice(%p) {axis = 4, start = 1, stop = 2} : tensor<1x2x9x4x1xf32>
    %m = tensor.neg(%b) : tensor<1x2x9x4x1xf32>
    %t = tensor.concat(%m, %a) {axis = 4} : tensor<1x2x9x4x2xf32>
    %q = tensor.reshape(%t) : tensor<1x2x9x8xf32>
    %y = nn.sdpa(%q, %k, %k) : tensor<1x2x9x8xf32>`, "1x2x9x8"},
	{"batches and heads in one axis", "%x: tensor<7x2x12xf32>", `
    %r = tensor.reshape(%x) : tensor<7x6x4xf32>
    %h = tensor.transpose(%r) {perm = [1, 0, 2]} : tensor<6x7x4xf32>
    %q = tensor.reshape(%h) : tensor<2x3x7x4xf32>
    %y = nn.sdpa(%q, %q, %q) : tensor<2x3x7x4xf32>`, "2x3x7x4"},
	{"a residual after it", "%q: tensor<1x2x9x8xf32>, %z: tensor<1x9x16xf32>", `
    %h = nn.sdpa(%q, %q, %q) : tensor<1x2x9x8xf32>
    %t = tensor.transpose(%h) {perm = [0, 2, 1, 3]} : tensor<1x9x2x8xf32>
    %r = tensor.reshape(%t) : tensor<1x9x16xf32>
    %y = tensor.add(%r, %z) : tensor<1x9x16xf32>`, "1x9x16"},
	{"a mask of places", "%q: tensor<1x2x9x8xf32>, %k: tensor<1x2x12x8xf32>, %p: tensor<9xi64>, %n: tensor<12xi64>", `
    %a = tensor.reshape(%p) : tensor<9x1xi64>
    %b = tensor.reshape(%n) : tensor<1x12xi64>
    %m = tensor.le(%b, %a) : tensor<9x12xbool>
    %y = nn.sdpa(%q, %k, %k, %m) : tensor<1x2x9x8xf32>`, "1x2x9x8"},
	{"a word over a cache", "%q: tensor<1x4x1x8xf32>, %c: tensor<2x1x2x20x8xf32>, %p: tensor<1xi64>, %n: tensor<20xi64>", `
    %s = tensor.slice(%c) {axis = 0, start = 1, stop = 2} : tensor<1x1x2x20x8xf32>
    %k = tensor.reshape(%s) : tensor<1x2x20x8xf32>
    %a = tensor.reshape(%p) : tensor<1x1xi64>
    %b = tensor.reshape(%n) : tensor<1x20xi64>
    %m = tensor.le(%b, %a) : tensor<1x20xbool>
    %y = nn.sdpa(%q, %k, %k, %m) : tensor<1x4x1x8xf32>`, "1x4x1x8"},
}

// TestFusedAttention runs attention with what fuse puts around it.
func TestFusedAttention(t *testing.T) {
	n := &natively{}
	for _, c := range fusedAttentions {
		t.Run(c.name, func(t *testing.T) {
			m, _ := parse(t, module(c.params, "tensor<"+c.result+"xf32>", c.body))
			rng := rand.New(rand.NewPCG(1, 1))
			inputs := map[string]*host.Tensor{}
			var all []*host.Tensor
			for _, p := range m.Funcs[0].Params {
				x := host.New(p.Value.Type.Elem, shapeOf(p.Value.Type, nil)...)
				for k := range x.Len() {
					if x.Elem == host.I64 {
						host.SetInt(x, k, int64(k))
					} else {
						host.SetFloat(x, k, rng.NormFloat64())
					}
				}
				inputs[p.Value.Name] = x
				all = append(all, x)
			}
			want, err := reference(m, all)
			if err != nil {
				t.Fatal(err)
			}
			if err := aiopt.Standard().Build(context.Background(), m, "fuse", aiopt.BuildOptions{}); err != nil {
				t.Fatal(err)
			}
			if n := count(m.Funcs[0], core.Kernel); n != 1 {
				t.Fatalf("fuse made %d kernels, expected one", n)
			}
			n.hold(t, only(m), func(g *schedule.Group) (in []*host.Tensor) {
				for _, p := range g.Params {
					in = append(in, inputs[p.Name])
				}
				return in
			}, nil, want[0])
		})
	}
	n.run(t)
}

func count(f *ir.Func, def *ir.OpDef) int {
	n := 0
	for _, op := range f.Ops {
		if op.Is(def) {
			n++
		}
	}
	return n
}
