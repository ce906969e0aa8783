package mypasses

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/weights"
)

// Mixed is the pass `mixed`, such as mixed{few="decoder.*"}.
func Mixed() *pass.Pass {
	p := &pass.Pass{
		Name:         "mixed",
		Doc:          "Store the weights of some layers as 4-bit integers, and those of the others as 8-bit integers.",
		Lossy:        &pass.Lossy{MinSNR: compress.Codes(host.I4).MinSNR()},
		NeedsLowered: true,
	}
	few := p.Options.Strings("few", "4 bits for these layers: patterns such as \"decoder.*\" for the paths of modules")
	only := weights.DeclareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		filter, err := only()
		if err != nil {
			return err
		}
		globs, err := pass.NewGlobs("few", *few)
		if err != nil {
			return err
		}
		return weights.Compress(ctx, m, &mixed{filter, globs})
	}
	return p
}

// mixed chooses between two schemes, among the weights that the options cover.
type mixed struct {
	*weights.Filter
	few *pass.Globs
}

func (c *mixed) Choose(w *weights.Weight) weights.Choice {
	if keep := c.Keep(w); keep != "" {
		return weights.Choice{Keep: keep}
	}
	if _, ok := c.few.Match(w.Modules()...); ok {
		return weights.Choice{Scheme: compress.Codes(host.I4)}
	}
	return weights.Choice{Scheme: compress.Codes(host.I8)}
}

// Unused lists the patterns that named no weight.
func (c *mixed) Unused() []string { return slices.Concat(c.few.Missed(), c.Filter.Unused()) }
