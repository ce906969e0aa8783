package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Canonicalize is the pass `canonicalize`.
func Canonicalize() *pass.Pass {
	return &pass.Pass{
		Name: "canonicalize",
		Doc: "Simplify views, casts, comparisons and arithmetic, and put constants on the right. Every number stays the " +
			"same, -0.0 and NaN included.",
		Run: func(_ *pass.Context, m *ir.Module) error {
			return settle(m, "canonicalize", slices.Concat([]rewrite.Pattern{{Name: "operand", Apply: foldToOperand}},
				viewPatterns(), joinPatterns(), splatPatterns(), arithmeticPatterns(), logicPatterns()))
		},
	}
}

// foldToOperand replaces an operation that its definition says equals one of its operands.
func foldToOperand(rw *rewrite.Rewriter, op *ir.Op) bool {
	if op.Def.Fold == nil || len(op.Results) != 1 {
		return false
	}
	v := op.Def.Fold(op)
	if v == nil || !v.Type.Equal(op.Results[0].Type) {
		return false
	}
	rw.Replace(op, v)
	return true
}

// canonKernels gives every kernel its one form after its body has changed; one that computes nothing any more goes.
func canonKernels(m *ir.Module) {
	var kernels []*ir.Op
	m.Walk(func(op *ir.Op) {
		if op.Is(core.Kernel) {
			kernels = append(kernels, op)
		}
	})
	for _, k := range kernels {
		out := k.Bodies[0].Returns()[0]
		if out.Def != nil {
			rewrite.CanonKernel(k)
			continue
		}
		same, r := k.Operands[out.Index], k.Results[0]
		same.AddClaims(r.Claims...)
		r.ReplaceAllUses(same)
		k.Parent().Erase(k)
	}
}

// rebuild makes an operation of one result again with other operands.
func rebuild(rw *rewrite.Rewriter, op *ir.Op, operands ...*ir.Value) *ir.Value {
	if op.Def.Traits.Has(ir.Typed) {
		return rw.Typed(op.Def, op.Attrs, op.Result().Type, operands...)
	}
	return rw.Build(op.Def, op.Attrs, operands...)
}
