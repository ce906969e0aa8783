//go:build unix

package native

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestUntouchedConstants holds that weights that were packed are not read when a program runs, and that who observes sees them
// all the same.
func TestUntouchedConstants(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	m := heavy{[]string{"200x300xf32"}, []string{"130x300xf32", "130xf32"}, "nn.linear(%x0, %c0, %c1)", "200x130xf32", ""}.module(t, rng)
	reads := 0
	for _, op := range m.Funcs[0].Ops {
		if !op.Is(core.Constant) || op.Result().Name != "c0" {
			continue
		}
		data := op.Attr("value").(ir.Dense).T.Bytes()
		open := func() ([]byte, error) { reads++; return data, nil }
		m.Resources = append(m.Resources, &ir.Resource{Name: "w", Type: op.Result().Type, Source: &ir.Source{File: "weights", Entry: "w", Size: int64(len(data)), Open: open}})
		op.Attrs = ir.Attrs{ir.Set("value", ir.Symbol("w"))}
	}
	native, reference := engines(t, m, 2)
	packed := reads
	if packed == 0 {
		t.Error("the weights were not read when they were packed")
	}
	in := []*host.Tensor{eighths(rng, host.F32, []int{200, 300})}
	s := native.NewSession()
	got, err := s.Call(context.Background(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if reads != packed {
		t.Errorf("the weights were read %d times when the program ran", reads-packed)
	}
	want, err := reference.NewSession().Call(context.Background(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Near(got[0], want[0], host.Tolerance{Abs: 1e-5, Rel: 1e-5}); err != nil {
		t.Error(err)
	}
	var seen []int
	opt := &backend.CallOptions{Observe: func(v *ir.Value, x *host.Tensor) {
		if v.Name == "c0" {
			seen = x.Shape
		}
	}}
	if _, err := s.Call(context.Background(), "main", in, opt); err != nil || len(seen) != 2 || seen[0] != 130 {
		t.Errorf("weights of the shape %v were observed (%v), expected 130x300", seen, err)
	}
}
