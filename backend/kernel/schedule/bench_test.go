package schedule_test

import (
	"testing"

	"github.com/aiopt/aiopt/backend/kernel/schedule"
)

// BenchmarkPlan is what planning costs: shapes of several axes have many ways of looping, and open sizes take proofs.
func BenchmarkPlan(b *testing.B) {
	for _, bb := range append([]struct{ name, src string }{
		{"softmax4d", "air 1\nmodule @m {\n  func @main(%x: tensor<[B]x12x128x128xf32>) -> (%y: tensor<[B]x12x128x128xf32>) {\n    dim B in 1..64\n    %y = nn.softmax(%x) {axis = 3} : tensor<[B]x12x128x128xf32>\n    core.return(%y)\n  }\n}\n"},
		{"layernorm", "air 1\nmodule @m {\n  func @main(%x: tensor<[B]x128x768xf32>, %w: tensor<768xf32>, %c: tensor<768xf32>) -> (%y: tensor<[B]x128x768xf32>) {\n    dim B in 1..64\n    %y = nn.layer_norm(%x, %w, %c) {axes = [2], eps = 1e-5} : tensor<[B]x128x768xf32>\n    core.return(%y)\n  }\n}\n"},
		{"broadcast5d", "air 1\nmodule @m {\n  func @main(%x: tensor<[B]x7x12x5x9xf32>, %w: tensor<12x1x9xf32>) -> (%y: tensor<[B]x7x12x5x9xf32>) {\n    dim B in 1..64\n    %y = tensor.add(%x, %w) : tensor<[B]x7x12x5x9xf32>\n    core.return(%y)\n  }\n}\n"},
		{"groupnorm", "air 1\nmodule @m {\n  func @main(%x: tensor<[B]x64x32x32xf32>, %w: tensor<64xf32>) -> (%y: tensor<[B]x64x32x32xf32>) {\n    dim B in 1..64\n    %y = nn.group_norm(%x, %w) {groups = 8, eps = 1e-5} : tensor<[B]x64x32x32xf32>\n    core.return(%y)\n  }\n}\n"},
	}, openGroups...) {
		b.Run(bb.name, func(b *testing.B) {
			_, op := parse(b, bb.src)
			to := target
			to.Lanes = 16
			for range b.N {
				g, err := schedule.NewGroup(op)
				if err != nil {
					b.Fatal(err)
				}
				if _, why := schedule.Plan(g, to); why != "" {
					b.Fatal(why)
				}
			}
		})
	}
}
