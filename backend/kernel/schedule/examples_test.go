package schedule_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/tests/airtest"
)

// TestExamples runs the example of every operation that may be in a kernel, alone in one, against the interpreter.
func TestExamples(t *testing.T) {
	for _, d := range aiopt.Standard().Ops.Dialects {
		for _, def := range d.Ops {
			if !def.CanFuse() && !def.Traits.Has(ir.Anchor) {
				continue
			}
			t.Run(def.Name, func(t *testing.T) { testExample(t, def) })
		}
	}
}

func testExample(t *testing.T, def *ir.OpDef) {
	examples, err := airtest.ParseExamples(def)
	if err != nil {
		t.Fatal(err)
	}
	for _, ex := range examples {
		m, op := parse(t, ex.Text)
		want, err := reference(m, ex.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		g, err := schedule.NewGroup(op)
		var why string
		if err != nil {
			why = err.Error()
		}
		for _, lanes := range []int{1, 4, 16} {
			if err != nil {
				break
			}
			to := target
			to.Lanes = lanes
			kernels, reason := schedule.Plan(g, to)
			if why = reason; reason != "" {
				break
			}
			got, err := compute(kernels, ex.Inputs[:len(g.Params)], nil, want[0])
			if err != nil {
				t.Fatalf("%d lanes: %v", lanes, err)
			}
			if err := differ(got, want[0]); err != nil {
				t.Errorf("%d lanes: %v\n%s", lanes, err, ex.Text)
			}
		}
		if refused := slices.Contains(notEmitted, def.Name); refused != (why != "") {
			t.Errorf("refused: %v, %q\n%s", refused, why, ex.Text)
		} else if why != "" && !strings.Contains(why, ":") {
			t.Errorf("the reason %q names no operation", why)
		}
	}
}

// notEmitted are the operations whose examples no schedule makes a kernel of yet.
var notEmitted = []string{}
