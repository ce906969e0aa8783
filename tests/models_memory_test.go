package tests

import (
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
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
		live := int(backend.LargestLiveSet(built.Func(c.Func), func(v *ir.Value) int64 { return int64(sizes[v]) }))
		const pages = 2 << 12 // a mapping has whole pages
		if have := interp.ArenaOf(s).Bytes(); have > live*6/5+pages {
			t.Errorf("@%s computes in %d bytes, the largest live set has %d", c.Func, have, live)
		} else {
			t.Logf("@%s: %d bytes for %d", c.Func, have, live)
		}
	}
}
