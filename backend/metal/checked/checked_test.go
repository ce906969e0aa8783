package checked

import (
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
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
			m := parse(t, c.text)
			in, err := numeric.MakeInputs(m.Funcs[0], c.sizes)
			if err != nil {
				t.Fatal(err)
			}
			want := c.run(t, interp.Backend{}, m, in)
			for _, order := range []check.Order{check.Forward, check.Reversed, check.Shuffled} {
				got := c.run(t, Backend{Tools: tools, Order: order}, m, in)
				for i := range want {
					if err := numeric.Differ(got[i], want[i]); err != nil {
						t.Errorf("order %d: result %d: %v", order, i, err)
					}
				}
			}
		})
	}
}

var _ backend.Backend = Backend{}
