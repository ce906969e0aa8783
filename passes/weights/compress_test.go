package weights_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// twoLayers has two weights, of which the operations use the second one first.
const twoLayers = `air 1
module @m {
  func @main(%x: tensor<1x8xf32>) -> (%a: tensor<1x2xf32>, %b: tensor<1x2xf32>) {
    %v = core.constant() {value = @b.weight} : tensor<2x8xf32>
    %w = core.constant() {value = @a.weight} : tensor<2x8xf32>
    %a = nn.linear(%x, %v) : tensor<1x2xf32>
    %b = nn.linear(%x, %w) : tensor<1x2xf32>
    core.return(%a, %b)
  }
  resource @a.weight : tensor<2x8xf32> = data "AAAAwQAA4EAAAIA/AAAAAAAAAEAAAEBAAACAwAAAoEAAAIDBAABgQQAAAEAAAAAAAACAQAAAwEAAAADBAAAgQQ=="
  resource @b.weight : tensor<2x8xf32> = data "AAAAwQAA4EAAAIA/AAAAAAAAAEAAAEBAAACAwAAAoEAAAIDBAABgQQAAAEAAAAAAAACAQAAAwEAAAADBAAAgQQ=="
}
`

// everything stores all weights in one way.
type everything struct{ scheme compress.Scheme }

func (e everything) Choose(*weights.Weight) weights.Choice { return weights.Choice{Scheme: e.scheme} }
func (e everything) Unused() []string                      { return nil }

// TestCompressorOrder: a pass may work on weights in any order; what it tells of them is in the order of the module.
func TestCompressorOrder(t *testing.T) {
	reg, err := ir.NewRegistry(core.Dialect, tensor.Dialect, nn.Dialect, quant.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	scheme := compress.Scheme{Quant: &compress.Quant{Elem: host.I4, Granularity: compress.Granularity{Kind: compress.PerChannel, Auto: true}}}
	for _, hold := range []bool{false, true} {
		m, err := text.Parse("m.air", []byte(twoLayers), reg)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		ctx := &pass.Context{Context: t.Context(), Pass: &pass.Pass{Name: "mine"}, Compressed: func(c pass.Compressed) {
			told = append(told, c.Tensor+": "+c.SchemeText()+c.Refused)
		}}
		c := weights.NewCompressor(ctx, m, everything{scheme})
		c.Hold = hold
		backwards := slices.Clone(c.Weights)
		slices.Reverse(backwards)
		if err := c.Each(backwards...); err != nil {
			t.Fatal(err)
		}
		if held := m.Resource("a.weight") != nil; held != hold {
			t.Errorf("hold is %v, and before the end the weight is there: %v", hold, held)
		}
		if err := c.Finish(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a.weight: int4 symmetric per_channel", "b.weight: int4 symmetric per_channel"}, told); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if m.Resource("a.weight") != nil || m.Resource("b.weight.codes") == nil {
			t.Error("the weights are not replaced")
		}
	}
}
