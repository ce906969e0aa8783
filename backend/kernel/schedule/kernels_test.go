package schedule_test

import (
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
)

func TestShow(t *testing.T) {
	for _, src := range []string{
		"air 1\nmodule @m {\n  func @main(%x: tensor<[B]x100xf32>) -> (%y: tensor<[B]x100xf32>) {\n    dim B in 1..64\n    %y = nn.softmax(%x) {axis = 1} : tensor<[B]x100xf32>\n    core.return(%y)\n  }\n}\n",
		"air 1\nmodule @m {\n  func @main(%x: tensor<[B]x100xf32>) -> (%y: tensor<[B]x100xf32>) {\n    dim B in 1..64\n    %y = nn.softmax(%x) {axis = 0} : tensor<[B]x100xf32>\n    core.return(%y)\n  }\n}\n",
		"air 1\nmodule @m {\n  func @main(%x: tensor<[B]x100xf32>, %w: tensor<100xf32>) -> (%y: tensor<[B]x100xf32>) {\n    dim B in 1..64\n    %y = tensor.add(%x, %w) : tensor<[B]x100xf32>\n    core.return(%y)\n  }\n}\n",
		"air 1\nmodule @m {\n  func @main(%x: tensor<4x64x10x10xf32>, %w: tensor<64xf32>) -> (%y: tensor<4x64x10x10xf32>) {\n    %y = nn.group_norm(%x, %w) {groups = 8, eps = 1e-5} : tensor<4x64x10x10xf32>\n    core.return(%y)\n  }\n}\n",
	} {
		_, op := parse(t, src)
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		ks, why := schedule.Plan(g, target)
		if why != "" {
			t.Error(why)
			continue
		}
		t.Log("\n" + kernel.Print(ks[0]))
	}
}
