package checked

import (
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestPrograms holds small programs, run by their plans in three orders, against the interpreter.
func TestPrograms(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range programs {
		t.Run(c.name, func(t *testing.T) {
			m := backendtest.Parse(t, c.text)
			in, err := numeric.MakeInputs(m.Funcs[0], c.sizes)
			if err != nil {
				t.Fatal(err)
			}
			for _, order := range []check.Order{check.Forward, check.Reversed, check.Shuffled} {
				run, reference := backendtest.Session(t, Backend{Tools: tools, Order: order}, m), backendtest.Session(t, interp.Backend{}, m)
				for range c.calls {
					if err := backendtest.Agree("main", run, reference, in, numeric.Differ); err != nil {
						t.Errorf("order %d: %v", order, err)
					}
				}
			}
		})
	}
}

// TestMistake holds that a call with a position outside of the cache fails as it does in the interpreter, and leaves the states as they were.
func TestMistake(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	m := backendtest.Parse(t, decoder)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, b := range []backend.Backend{interp.Backend{}, Backend{Tools: tools}} {
		p, err := b.Compile(t.Context(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		s := p.NewSession()
		host.SetInt(in[2], 0, 3)
		if _, err := s.Call(t.Context(), "main", in, nil); err != nil {
			t.Fatal(err)
		}
		before, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		host.SetInt(in[2], 0, 16)
		_, err = s.Call(t.Context(), "main", in, nil)
		if err == nil {
			t.Fatalf("%s: position 16 of a cache of 16 is no error", b.Name())
		}
		said = append(said, err.Error())
		after, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		if err := host.Near(after, before, host.Tolerance{}); err != nil {
			t.Errorf("%s: the state after a call that failed: %v", b.Name(), err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if said[0] != said[1] {
		t.Errorf("found %q, expected %q", said[1], said[0])
	}
}
