package walk_test

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestSizes holds that calls of other sizes find other memory.
func TestSizes(t *testing.T) {
	c := walktest.Programs[1]
	m := backendtest.Parse(t, c.Text)
	e := engine{sizes: map[string]int64{}}
	p, err := e.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession()
	for _, n := range []int64{5, 9, 9, 2, 5} {
		e.sizes["n"] = n
		in, err := numeric.MakeInputs(m.Funcs[0], e.sizes)
		if err != nil {
			t.Fatal(err)
		}
		want := walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
		got, err := s.Call(t.Context(), "main", in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if err := numeric.Differ(got[i], want[i]); err != nil {
				t.Errorf("size %d, result %d: %v", n, i, err)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestGuards holds that a kernel does not run for sizes that break its guards.
func TestGuards(t *testing.T) {
	c := walktest.Programs[1]
	m := backendtest.Parse(t, c.Text)
	e := engine{sizes: map[string]int64{"n": 5}, idle: true, change: func(p *plan.Plan) {
		guard, err := ir.ParseGuard("2 <= 1")
		if err != nil {
			t.Fatal(err)
		}
		p.Kernels[0].Guards = append(p.Kernels[0].Guards, guard)
	}}
	p, err := e.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := numeric.MakeInputs(m.Funcs[0], e.sizes)
	if err != nil {
		t.Fatal(err)
	}
	want := "the sizes break the guard 2 <= 1"
	if _, err := p.NewSession().Call(t.Context(), "main", in, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found the error %v, expected one with %q", err, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
