package passes

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/passes/pass"
)

// Decompose is the pass `decompose` over a table of lowerings.
func Decompose(table *lower.Table) *pass.Pass {
	p := &pass.Pass{
		Name: "decompose",
		Doc: "Replace the calls of PyTorch operators by operations of aiopt, then restore composites that the exporter " +
			"took apart (see recompose). Operators without a lowering are reported all at once.",
	}
	composites := p.Options.Bool("composites", true, "restore composites; without it every tensor of the PyTorch graph that is computed stays there to be compared, and the model is slower")
	keep := p.Options.Strings("keep", "operators that stay torch.call, such as aten.linear")
	p.Run = func(_ *pass.Context, m *ir.Module) error {
		if err := table.Decompose(m, *keep); err != nil {
			return err
		}
		if *composites {
			if err := recompose(m, "decompose"); err != nil {
				return err
			}
		}
		removeDead(m, "decompose")
		return nil
	}
	return p
}
