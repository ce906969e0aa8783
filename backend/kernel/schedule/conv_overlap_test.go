package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// transposedConvs are sizes of x, the weight and the result, and attributes.
var transposedConvs = []struct {
	x, w, bias, y, elem, attrs string
	sizes                      map[string]int64
}{
	{"1x3x4", "3x3x3", "3", "1x3x6", "f32", "", nil},
	{"2x3x7", "3x4x5", "", "2x4x17", "f32", "stride = [2]", nil},
	{"1x4x40", "4x2x4", "4", "1x4x80", "f32", "stride = [2], padding = [1], groups = 2", nil},
	{"1x2x9", "2x3x3", "", "1x3x27", "f32", "stride = [3], output_padding = [0]", nil},
	{"1x2x9", "2x3x8", "", "1x3x70", "f32", "stride = [8], padding = [1]", nil},
	{"1x2x9", "2x3x3", "", "1x3x22", "f32", "stride = [2], dilation = [2], output_padding = [1]", nil},
	{"2x3x5x6", "3x4x2x2", "4", "2x4x10x12", "f32", "stride = [2, 2]", nil},
	{"1x2x4x4", "2x2x4x5", "4", "1x4x22x22", "f32", "stride = [3, 2], dilation = [4, 4], padding = [0, 1], output_padding = [0, 1], groups = 2", nil},
	{"1x2x3x20", "2x3x3x3", "", "1x3x6x40", "f16", "stride = [2, 2], padding = [1, 1], output_padding = [1, 1]", nil},
	{"1x2x3x5", "2x3x6x6", "", "1x3x8x10", "bf16", "", nil},
	{"1x2x3x5", "2x3x3x3", "", "1x3x5x7", "f64", "", nil},
	{"1x1x4x5x2", "1x1x4x3x1", "1", "1x1x13x14x2", "f32", "stride = [2, 3, 1], dilation = [2, 1, 1], padding = [0, 1, 0], output_padding = [0, 1, 0]", nil},
	{"1x4x5x5x5", "4x3x3x3x3", "", "1x3x9x9x10", "f32", "stride = [2, 2, 2], padding = [1, 1, 1], output_padding = [0, 0, 1]", nil},
	{"1x2x1", "2x3x1", "", "1x3x1", "f32", "", nil},
	{"[N]x2x[H]x8", "2x3x4x4", "3", "[N]x3x[2*H]x16", "f32", "stride = [2, 2], padding = [1, 1]", map[string]int64{"N": 2, "H": 5}},
	{"[N]x2x[H]x8", "2x3x4x4", "3", "[N]x3x[2*H]x16", "f32", "stride = [2, 2], padding = [1, 1]", map[string]int64{"N": 1, "H": 1}},
	{"1x2x3x[H]", "2x3x4x4", "3", "1x3x6x[2*H]", "f32", "stride = [2, 2], padding = [1, 1]", map[string]int64{"H": 21}},
	{"[N]x2x3", "2x3x3", "", "[N]x3x5", "f32", "", map[string]int64{"N": 0}},
}

// TestTransposedConvolutions holds them against the interpreter for every target, and the code that is made of them.
func TestTransposedConvolutions(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 7))
	n := &natively{}
	for i, tt := range transposedConvs {
		if skipped(i, 32) {
			continue
		}
		typ := func(shape string) string { return "tensor<" + shape + "x" + tt.elem + ">" }
		params, operands := "%x: "+typ(tt.x)+", %w: "+typ(tt.w), "%x, %w"
		if tt.bias != "" {
			params, operands = params+", %b: "+typ(tt.bias), operands+", %b"
		}
		dims := ""
		for name := range tt.sizes {
			dims += fmt.Sprintf("    dim %s in %d..64\n", name, map[string]int{"H": 1}[name])
		}
		src := "air 1\nmodule @m {\n  func @main(" + params + ") -> (%y: " + typ(tt.y) + ") {\n" + dims +
			"    %y = nn.conv_transpose(" + operands + ") {" + tt.attrs + "} : " + typ(tt.y) + "\n    core.return(%y)\n  }\n}\n"
		for _, to := range targets {
			t.Run(fmt.Sprint(tt.x, " ", tt.w, " ", to.Name), func(t *testing.T) {
				m, op := parse(t, src)
				in := randomInputs(rng, m.Funcs[0].Params, tt.sizes)
				want, err := reference(m, in)
				if err != nil {
					t.Fatal(err)
				}
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				parts, why := schedule.Parts(g, to)
				if why != "" {
					t.Fatal(why)
				}
				got, err := n.parts(t.Name(), to, parts, in, tt.sizes)
				if err != nil {
					t.Fatal(err)
				}
				if err := differ(got, want[0]); err != nil {
					t.Error(err)
				}
			})
		}
	}
	n.run(t)
}

// parts computes a group that is made in parts.
func (n *natively) parts(name string, to schedule.Target, parts []schedule.Part, in []*host.Tensor, sizes map[string]int64) (*host.Tensor, error) {
	have := in
	for _, p := range parts {
		var given []*host.Tensor
		for _, i := range p.Params {
			given = append(given, have[i])
		}
		y, err := n.compute(name, to, p.Made, given, sizes, host.New(p.Result.Elem, shapeOf(p.Result, sizes)...))
		if err != nil {
			return nil, err
		}
		have = append(have[:len(have):len(have)], y)
	}
	return have[len(have)-1], nil
}
