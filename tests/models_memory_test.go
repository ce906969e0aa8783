package tests

import (
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// checkMemory holds the memory that native code computes in against the largest set of values alive at a time.
func (m *model) checkMemory(t *testing.T, built *ir.Module, p backend.Program) {
	for _, c := range m.calls {
		s := p.NewSession()
		sizes := map[*ir.Value]int{}
		watch := &backend.CallOptions{Observe: func(v *ir.Value, x *host.Tensor) { sizes[v] = x.Len() * max(x.Elem.Bytes(), 1) }}
		for _, opt := range []*backend.CallOptions{watch, nil} {
			in, err := slices.Clone(c.In), error(nil)
			for i, p := range backend.SignatureOf(built.Func(c.Func)).Inputs {
				if in[i], err = as(in[i], p.Value.Type.Elem); err != nil {
					t.Fatal(err)
				}
			}
			for _, st := range built.States {
				if x := m.states[st.Name]; x != nil {
					if x, err = as(x, st.Type.Elem); err != nil {
						t.Fatal(err)
					}
					if err := s.SetState(st.Name, x); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := s.Call(t.Context(), c.Func, in, opt); err != nil {
				t.Fatal(err)
			}
		}
		live := largestLiveSet(built.Func(c.Func), sizes)
		const pages = 2 << 12 // a mapping has whole pages
		if have := interp.ArenaOf(s).Bytes(); have > live*6/5+pages {
			t.Errorf("@%s computes in %d bytes, the largest live set has %d", c.Func, have, live)
		} else {
			t.Logf("@%s: %d bytes for %d", c.Func, have, live)
		}
	}
}

// largestLiveSet is the most bytes that results of a function's operations take at a time: from the operation that gives them
// to the last one that reads them. Constants, states and what the function returns take none of it.
func largestLiveSet(f *ir.Func, sizes map[*ir.Value]int) int {
	last := map[*ir.Value]int{}
	for i, op := range f.Ops {
		for _, v := range op.Operands {
			last[v] = i
		}
	}
	for i := len(f.Ops) - 1; i >= 0; i-- {
		if op := f.Ops[i]; op.Def.Traits&(ir.View|ir.Cheap) != 0 && len(op.Operands) > 0 { // what it shows lives as long
			last[op.Operands[0]] = max(last[op.Operands[0]], last[op.Results[0]])
		}
	}
	live, most := 0, 0
	ends := make([]int, len(f.Ops)+1)
	for i, op := range f.Ops {
		for _, r := range op.Results {
			if op.Is(core.Constant) || op.Def.Traits.Has(ir.InPlace) || slices.Contains(f.Returns(), r) {
				continue
			}
			live += sizes[r]
			ends[max(last[r], i)] += sizes[r]
		}
		most = max(most, live)
		live -= ends[i]
	}
	return most
}
