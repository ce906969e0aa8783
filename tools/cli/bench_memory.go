package cli

import (
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// needs is what a model holds at least, to compare its memory with.
type needs struct {
	Constants float64 `json:"constants_mb"`
	// Live is what the results of operations take at a time, the largest of all calls.
	Live float64 `json:"live_mb"`
	// Given is what inputs, outputs and states take.
	Given float64 `json:"given_mb"`
}

// needs counts bytes. Sizes that only a run finds count as nothing.
func (b *benchRun) needs() (*needs, error) {
	n := &needs{Constants: float64(constantBytes(b.m)) / 1e6}
	for _, s := range b.m.States {
		n.Given += typeBytes(s.Type, nil) / 1e6
	}
	for _, one := range b.calls {
		sizes, err := b.sizes(one)
		if err != nil {
			return nil, err
		}
		f := one.sig.Func
		live := backend.LargestLiveSet(f, func(v *ir.Value) int64 { return int64(typeBytes(v.Type, sizes.Get)) })
		n.Live = max(n.Live, float64(live)/1e6)
		for _, t := range one.in {
			n.Given += float64(t.Len()*t.Elem.Bits()) / 8e6
		}
		for _, r := range f.Results {
			if r.Role == ir.Output {
				n.Given += typeBytes(r.Type, sizes.Get) / 1e6
			}
		}
	}
	return n, nil
}

// typeBytes is what a tensor of a type takes, or 0 where that is not known.
func typeBytes(t ir.Type, size func(string) (int64, bool)) float64 {
	n, err := t.NumElements().Eval(size)
	if err != nil {
		return 0
	}
	return float64(n) * float64(t.Elem.Bits()) / 8
}

// constantBytes is what a model's constants take as they are stored, each source once.
func constantBytes(m *ir.Module) (n int64) {
	initial := map[string]bool{}
	for _, s := range m.States {
		initial[s.Init] = true
	}
	seen := map[*ir.Source]bool{}
	for _, r := range m.Resources {
		if !initial[r.Name] && !seen[r.Source] {
			seen[r.Source] = true
			n += r.Source.Size
		}
	}
	m.AllFuncs(func(f *ir.Func) {
		for _, op := range f.Ops {
			if d, ok := op.Attr("value").(ir.Dense); ok && op.Is(core.Constant) {
				n += int64((d.T.Len()*d.T.Elem.Bits() + 7) / 8)
			}
		}
	})
	return n
}
