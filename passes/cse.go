package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// CSE is the pass `cse`.
func CSE() *pass.Pass {
	return &pass.Pass{
		Name: "cse",
		Doc:  "Compute equal expressions once. Two operations are equal when definition, attributes, operands and result types are.",
		Run: func(_ *pass.Context, m *ir.Module) error {
			m.AllFuncs(cseFunc)
			m.SettleLost()
			return nil
		},
	}
}

func cseFunc(f *ir.Func) {
	seen := map[string]*ir.Op{}
	ids := map[*ir.Value]int{}
	id := func(v *ir.Value) int {
		if v == nil {
			return -1
		}
		if _, ok := ids[v]; !ok {
			ids[v] = len(ids)
		}
		return ids[v]
	}
	kept := f.Ops[:0:0]
	written := writtenInPlace(f)
	for _, op := range f.Ops {
		if len(written) > 0 && slices.ContainsFunc(op.Results, func(r *ir.Value) bool { return written[r] }) {
			kept = append(kept, op)
			continue
		}
		if op.Def.Traits.Has(ir.Terminator) || len(op.Bodies) > 0 || len(op.Binds()) > 0 || op.Def.Traits.Has(ir.Open) || elided(op) {
			kept = append(kept, op)
			continue
		}
		var key strings.Builder
		fmt.Fprintf(&key, "%p", op.Def)
		for _, v := range op.Operands {
			fmt.Fprintf(&key, " %d", id(v))
		}
		for _, a := range op.Attrs {
			fmt.Fprintf(&key, " %s=%s", a.Name, ir.AttrKey(a.Value))
		}
		for _, r := range op.Results {
			key.WriteString(" " + r.Type.String())
		}
		first := seen[key.String()]
		if first == nil {
			seen[key.String()] = op
			kept = append(kept, op)
			continue
		}
		for i, r := range op.Results {
			first.Results[i].AddClaims(r.Claims...)
			r.ReplaceAllUses(first.Results[i])
		}
		op.Detach()
	}
	f.SetOps(kept)
}

// writtenInPlace is the memory that marked updates write to, and what shows it: it must stay one's own.
func writtenInPlace(f *ir.Func) map[*ir.Value]bool {
	written := map[*ir.Value]bool{}
	for _, op := range f.Ops {
		if !op.MarkedInPlace() {
			continue
		}
		for v := op.Operands[0]; !written[v]; v = v.Def.Operands[0] {
			written[v] = true
			if v.Def == nil || v.Def.Def.Traits&(ir.View|ir.InPlace) == 0 {
				break
			}
		}
	}
	return written
}

// elided reports data that was left out of the text: two such constants look equal and need not be.
func elided(op *ir.Op) bool {
	return slices.ContainsFunc(op.Attrs, func(a ir.Named) bool { return a.Value == ir.Attr(ir.Elided{}) })
}
