package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Expand is the pass `expand`.
func Expand() *pass.Pass {
	p := &pass.Pass{
		Name: "expand",
		Doc: "Replace composite operations, such as nn.layer_norm, by the smaller ones that define them. Those inside kernels stay, as a kernel " +
			"has one such operation at most; run it before `fuse`.",
	}
	keep := p.Options.Strings("keep", "composites that stay whole, such as nn.linear")
	only := p.Options.Strings("only", "composites to expand, such as nn.rope; without it, all")
	p.Run = func(_ *pass.Context, m *ir.Module) error {
		// An expansion may hold composites again; definitions are not circular, so this ends.
		for {
			n := 0
			var err error
			m.AllFuncs(func(f *ir.Func) {
				if f.Owner() != nil && f.Owner().Is(core.Kernel) {
					return
				}
				for _, op := range slices.Clone(f.Ops) {
					if err != nil || op.Def.Expand == nil || slices.Contains(*keep, op.Name()) || len(*only) > 0 && !slices.Contains(*only, op.Name()) {
						continue
					}
					if e := expandOp(m, op); e != nil {
						err = fmt.Errorf("%w (%s)", e, op.Loc)
					}
					n++
				}
			})
			if err != nil || n == 0 {
				m.SettleLost()
				return err
			}
		}
	}
	return p
}

func expandOp(m *ir.Module, op *ir.Op) error {
	b := ir.Before(op)
	b.Loc = op.Loc.By("expand")
	values, err := op.Def.Expand(b, op)
	if err != nil {
		return err
	}
	for i, r := range op.Results {
		if values[i].Name == "" {
			values[i].Name = r.Name
		}
		values[i].AddClaims(r.Claims...)
		r.Claims = nil
		r.ReplaceAllUses(values[i])
	}
	rewrite.Lose(m, op, "expand", values[0])
	op.Parent().Erase(op)
	return nil
}
