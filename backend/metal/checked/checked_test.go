package checked

import (
	"testing"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestPrograms holds small programs, run by their plans in three orders, against the interpreter.
func TestPrograms(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range walktest.Programs {
		t.Run(c.Name, func(t *testing.T) {
			m := backendtest.Parse(t, c.Text)
			in, err := numeric.MakeInputs(m.Funcs[0], c.Sizes)
			if err != nil {
				t.Fatal(err)
			}
			want := c.Run(t, interp.Backend{}, m, in)
			for _, order := range []check.Order{check.Forward, check.Reversed, check.Shuffled} {
				got := c.Run(t, Backend{Tools: tools, Order: order}, m, in)
				for i := range want {
					if err := numeric.Differ(got[i], want[i]); err != nil {
						t.Errorf("order %d: result %d: %v", order, i, err)
					}
				}
			}
		})
	}
}

// TestMistake holds that a call which fails changes no state.
func TestMistake(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	m := backendtest.Parse(t, walktest.Decoder)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	walktest.Mistake(t, Backend{Tools: tools}, m, in)
}
