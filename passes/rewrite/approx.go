package rewrite

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// MarkApprox marks the claims of everything that is computed from values whose numbers a pass changed: through bodies,
// calls and the states that functions leave behind.
func MarkApprox(m *ir.Module, changed []*ir.Value) {
	t := taint{m: m, values: map[*ir.Value]bool{}, states: map[string]bool{}}
	for _, v := range changed {
		t.add(v)
	}
	for t.grew {
		t.grew = false
		for _, f := range m.Funcs {
			t.function(f)
		}
	}
}

type taint struct {
	m      *ir.Module
	values map[*ir.Value]bool
	states map[string]bool
	grew   bool
}

func (t *taint) add(v *ir.Value) {
	if t.values[v] {
		return
	}
	t.values[v], t.grew = true, true
	for i := range v.Claims {
		v.Claims[i].Approx = true
	}
}

func (t *taint) has(v *ir.Value) bool { return t.values[v] }

func (t *taint) function(f *ir.Func) {
	for _, p := range f.Params {
		if p.Role == ir.StateIn && t.states[p.State] {
			t.add(p.Value)
		}
	}
	t.ops(f)
	for i, r := range f.Results {
		if r.Role == ir.Update && r.State && t.has(f.Returns()[i]) && !t.states[r.Target] {
			t.states[r.Target], t.grew = true, true
		}
	}
}

func (t *taint) ops(f *ir.Func) {
	for _, op := range f.Ops {
		from := slices.ContainsFunc(op.Operands, t.has)
		switch {
		case op.Is(core.Kernel):
			for i, v := range op.Operands {
				if t.has(v) {
					t.add(op.Bodies[0].Params[i].Value)
				}
			}
			t.ops(op.Bodies[0])
			from = slices.ContainsFunc(op.Bodies[0].Returns(), t.has)
		case op.Is(core.Call):
			callee := t.m.Func(op.Sym("callee"))
			for i, v := range op.Operands {
				if t.has(v) {
					t.add(callee.Params[i].Value)
				}
			}
			from = slices.ContainsFunc(callee.Returns(), t.has)
		default:
			for _, b := range op.Bodies {
				if from {
					for _, p := range b.Params {
						t.add(p.Value)
					}
				}
				t.ops(b)
				from = from || slices.ContainsFunc(b.Returns(), t.has)
			}
		}
		if from {
			for _, r := range op.Results {
				t.add(r)
			}
		}
	}
}
