package schedule_test

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
)

// openGroups are groups with several open sizes, whose indices hold products and quotients of them.
var openGroups = []struct{ name, src string }{
	{"conv", openModule("%x: tensor<[B]x3x[H]x[W]xf32>, %w: tensor<8x3x3x3xf32>, %b: tensor<8xf32>", "tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>",
		"%y = nn.conv(%x, %w, %b) {stride = [2, 2], low = [1, 1], high = [1, 1]} : tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>")},
	{"conv with channels last", openModule("%x: tensor<[B]x[H]x[W]x16xf32>, %w: tensor<8x16x3x3xf32>", "tensor<[B]x[(H+1)//2]x[(W+1)//2]x8xf32>",
		"%y = nn.conv(%x, %w) {stride = [2, 2], low = [1, 1], high = [1, 1], channels_last = true} : tensor<[B]x[(H+1)//2]x[(W+1)//2]x8xf32>")},
	{"depthwise", openModule("%x: tensor<[B]x8x[H]x[W]xf32>, %w: tensor<8x1x3x3xf32>", "tensor<[B]x8x[H]x[W]xf32>",
		"%y = nn.conv(%x, %w) {groups = 8, low = [1, 1], high = [1, 1]} : tensor<[B]x8x[H]x[W]xf32>")},
	{"pool", openModule("%x: tensor<[B]x8x[H]x[W]xf32>", "tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>",
		"%y = nn.avg_pool(%x) {kernel = [3, 3], stride = [2, 2], padding = [1, 1]} : tensor<[B]x8x[(H+1)//2]x[(W+1)//2]xf32>")},
	{"transpose", openModule("%x: tensor<[B]x[H]x[W]x16xf32>", "tensor<[B]x16x[H]x[W]xf32>", "%y = tensor.transpose(%x) {perm = [0, 3, 1, 2]} : tensor<[B]x16x[H]x[W]xf32>")},
	{"attention", openModule("%q: tensor<[B]x4x[H]x32xf32>, %k: tensor<[B]x4x[W]x32xf32>, %v: tensor<[B]x4x[W]x32xf32>, %m: tensor<[B]x4x[H]x[W]xf32>", "tensor<[B]x4x[H]x32xf32>",
		"%y = nn.sdpa(%q, %k, %v, %m) : tensor<[B]x4x[H]x32xf32>")},
}

func openModule(params, result, body string) string {
	return "air 1\nmodule @m {\n  func @main(" + params + ") -> (%y: " + result + ") {\n    dim B in 1..\n    dim H in 16..4096\n    dim W in 16..4096\n    " + body + "\n    core.return(%y)\n  }\n}\n"
}

// TestOpenGroups plans each with the effort that groups have, which is spent with less, or stopped.
func TestOpenGroups(t *testing.T) {
	const spent = "proving bounds takes too long"
	for _, tt := range openGroups {
		t.Run(tt.name, func(t *testing.T) {
			_, op := parse(t, tt.src)
			for _, lanes := range []int{4, 16} {
				to := target
				to.Lanes = lanes
				g, err := schedule.NewGroup(op)
				if err != nil {
					t.Fatal(err)
				}
				if _, why := schedule.Plan(g, to); why != "" {
					t.Errorf("with %d lanes: %s", lanes, why)
				}
				if made, why := schedule.PlanWithin(g, to, 1<<8); made != nil || !strings.Contains(why, spent) {
					t.Errorf("with %d lanes and hardly any effort %v is made, and the reason is %q, expected %q", lanes, made, why, spent)
				}
				asked := 0
				to.Stop = func() bool { asked++; return asked == 2 }
				if made, why := schedule.Plan(g, to); made != nil || !strings.Contains(why, spent) || asked != 2 {
					t.Errorf("with %d lanes and an end after two questions, %v is made after %d, and the reason is %q, expected %q", lanes, made, asked, why, spent)
				}
			}
		})
	}
}
