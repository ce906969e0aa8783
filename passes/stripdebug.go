package passes

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// StripDebug is the pass `strip-debug`.
func StripDebug() *pass.Pass {
	return &pass.Pass{
		Name: "strip-debug",
		Doc:  "Remove what only people and the debugger read: locations, classes of modules, claims, and the list of lost tensors.",
		Run: func(_ *pass.Context, m *ir.Module) error {
			m.Lost, m.Classes = nil, nil
			m.AllFuncs(func(f *ir.Func) {
				for _, p := range f.Params {
					p.Value.Claims = nil
				}
				for _, op := range f.Ops {
					op.Loc = ir.Unknown
					if op.Is(core.MetalKernel) {
						op.Attrs = op.Attrs.Without("places")
					}
					for _, r := range op.Results {
						r.Claims = nil
					}
				}
			})
			return nil
		},
	}
}
