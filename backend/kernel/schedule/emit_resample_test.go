package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

// resamplings are sizes of x and of the result, and attributes: up and down, by whole numbers and others, of one element, of open
// sizes, over one to three axes.
var resamplings = []struct {
	x, y, elem, attrs string
	sizes             map[string]int64
}{
	{"2x3x4x5", "2x3x8x10", "f32", "", nil},
	{"1x2x3x40", "1x2x6x80", "f32", "scales = [2, 2]", nil},
	{"1x2x7", "1x2x19", "f32", `mode = "nearest"`, nil},
	{"1x2x19", "1x2x7", "f32", `mode = "nearest"`, nil},
	{"1x2x6x5x4", "1x2x7x12x9", "i64", `mode = "nearest"`, nil},
	{"1x2x4x4", "1x2x2x2", "f16", `mode = "nearest_exact", scales = [0.6, 0.6]`, nil},
	{"1x2x4x4", "1x2x6x37", "u8", `mode = "nearest_exact"`, nil},
	{"2x3x4x5", "2x3x8x10", "f32", `mode = "linear"`, nil},
	{"1x3x4x25", "1x3x9x61", "f32", `mode = "linear", align_corners = true`, nil},
	{"1x3x9x61", "1x3x4x25", "f32", `mode = "linear"`, nil},
	{"1x1x1x1", "1x1x3x5", "f32", `mode = "linear"`, nil},
	{"1x2x3x1", "1x2x1x20", "f32", `mode = "linear", align_corners = true`, nil},
	{"2x3x4x4", "2x3x6x6", "f16", `mode = "linear", scales = [1.7, 1.7]`, nil},
	{"1x1x10x90", "1x1x40x100", "bf16", `mode = "linear"`, nil},
	{"1x2x3x4x5", "1x2x6x6x20", "f32", `mode = "linear", scales = [1.7, 1.7, 3.5]`, nil},
	{"1x2x9", "1x2x20", "f64", `mode = "linear"`, nil},
	{"2x3x4x4", "2x3x3x3", "f32", `mode = "cubic", align_corners = true`, nil},
	{"1x3x5x6", "1x3x10x24", "f32", `mode = "cubic"`, nil},
	{"2x3x4x4", "2x3x6x6", "f16", `mode = "cubic", scales = [1.7, 1.7]`, nil},
	{"1x3x5x6", "1x3x5x6", "f32", `mode = "cubic"`, nil},
	{"[N]x2x[H]x4", "[N]x2x[2*H]x8", "f32", `mode = "linear"`, map[string]int64{"N": 2, "H": 3}},
	{"[N]x2x[H]x4", "[N]x2x[2*H]x8", "f32", `mode = "linear", align_corners = true`, map[string]int64{"N": 1, "H": 1}},
	{"[N]x2x4x[H]", "[N]x2x8x[2*H]", "f32", `scales = [2.0, 2.0]`, map[string]int64{"N": 1, "H": 21}},
	{"[N]x2x4x[H]", "[N]x2x8x[2*H]", "f32", `mode = "cubic", scales = [2.0, 2.0]`, map[string]int64{"N": 0, "H": 2}},
}

// TestResampling holds resampling against the interpreter for every target, and the code that is made of it.
func TestResampling(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	n := &natively{}
	for i, tt := range resamplings {
		if skipped(i, 8) {
			continue
		}
		t.Run(fmt.Sprint(tt.x, " ", tt.y, " ", tt.elem, tt.attrs), func(t *testing.T) {
			typ := func(shape string) string { return "tensor<" + shape + "x" + tt.elem + ">" }
			dims := ""
			for _, name := range []string{"N", "H"} {
				if strings.Contains(tt.x, name) {
					dims += fmt.Sprintf("    dim %s in %d..64\n", name, map[string]int{"H": 1}[name])
				}
			}
			m, op := parse(t, "air 1\nmodule @m {\n  func @main(%x: "+typ(tt.x)+") -> (%y: "+typ(tt.y)+") {\n"+dims+
				"    %y = nn.upsample(%x) {"+tt.attrs+"} : "+typ(tt.y)+"\n    core.return(%y)\n  }\n}\n")
			in := randomInputs(rng, m.Funcs[0].Params, tt.sizes)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			n.hold(t, op, func(*schedule.Group) []*host.Tensor { return in }, tt.sizes, want[0])
		})
	}
	n.run(t)
}
