package cli

import (
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// TestTraffic counts what operations move: of tables the rows that are picked, through views and codes too.
func TestTraffic(t *testing.T) {
	m, err := text.Parse("m.air", []byte(`air 1
module @m {
  state @cache : tensor<1000x8xf32> = zero
  func @main(%table: tensor<1000x8xf32>, %codes: tensor<1000x8xi8>, %scale: tensor<1000x1xf32>, %ids: tensor<[B]xi64>, state @cache %c: tensor<1000x8xf32>) -> (%y: tensor<[B]x8xf32>, update @cache: tensor<1000x8xf32>) {
    dim B in 1..100
    %rows = nn.embedding(%table, %ids) : tensor<[B]x8xf32>
    %own = tensor.index(%table, %ids) {axes = [0]} : tensor<[B]x8xf32>
    %sum = tensor.add(%rows, %own) : tensor<[B]x8xf32>
    %twice = tensor.mul(%sum, %sum) : tensor<[B]x8xf32>
    %fused = core.kernel(%codes, %scale, %ids, %twice) : tensor<[B]x8xf32>
      do(%codes: tensor<1000x8xi8>, %scale: tensor<1000x1xf32>, %ids: tensor<[B]xi64>, %twice: tensor<[B]x8xf32>) {
        %w = quant.dequantize(%codes, %scale) : tensor<1000x8xf32>
        %r = nn.embedding(%w, %ids) : tensor<[B]x8xf32>
        %s = tensor.add(%r, %twice) : tensor<[B]x8xf32>
        core.return(%s)
      }
    %next = state.index_update(%c, %fused, %ids) {axis = 0, in_place = true} : tensor<1000x8xf32>
    core.return(%fused, %next)
  }
}
`), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	const rows, ids = 5 * 8 * 4, 5 * 8 // bytes
	want := map[string]float64{
		"rows": rows + ids + rows, "own": rows + ids + rows, "sum": 3 * rows, "twice": 2 * rows,
		"fused": rows/4 + 1000*4*5/1000 + ids + rows + rows,
		"next":  rows + ids + rows,
	}
	for _, op := range m.Func("main").Ops {
		if len(op.Results) == 0 {
			continue
		}
		count := &traffic{size: func(string) (int64, bool) { return 5, true }}
		if got := count.of(op); got != want[op.Result().Name] || count.failed {
			t.Errorf("%%%s moves %v bytes, expected %v", op.Result().Name, got, want[op.Result().Name])
		}
		if lookup := op.Result().Name; looksUp(op) != (lookup == "rows" || lookup == "own" || lookup == "fused") {
			t.Errorf("%%%s looks up: %t", lookup, looksUp(op))
		}
	}
	count := &traffic{size: func(string) (int64, bool) { return 0, false }}
	if count.of(m.Func("main").Ops[0]); !count.failed {
		t.Error("the size of B is not known, and nothing tells")
	}
}
