package schedule_test

import (
	"fmt"
	"slices"
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
			t.Run(def.Name, func(t *testing.T) { testExample(t, def, lanesOf(1, 4, 16), notEmitted) })
		}
	}
}

// lanesOf are targets with vectors of some lanes.
func lanesOf(lanes ...int) []schedule.Target {
	var list []schedule.Target
	for _, n := range lanes {
		to := target
		to.Name, to.Lanes = fmt.Sprintf("%d lanes", n), n
		list = append(list, to)
	}
	return list
}

func testExample(t *testing.T, def *ir.OpDef, targets []schedule.Target, refusals []string) {
	examples, err := airtest.ParseExamples(def)
	if err != nil {
		t.Fatal(err)
	}
	refused := ""
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
		for _, to := range targets {
			if err != nil {
				break
			}
			made, reason := schedule.Plan(g, to)
			if why = reason; reason != "" {
				break
			}
			got, err := compute(made, ex.Inputs[:len(g.Params)], nil, want[0])
			if err != nil {
				t.Fatalf("%s: %v", to.Name, err)
			}
			if err := differ(got, want[0]); err != nil {
				t.Errorf("%s: %v\n%s", to.Name, err, ex.Text)
			}
		}
		refused += why
	}
	if listed := slices.Contains(refusals, def.Name); listed != (refused != "") {
		t.Errorf("it is listed as refused: %v, the reason is %q", listed, refused)
	}
}

// notEmitted are the operations of which an example is not made a kernel of by any schedule: the engine computes them otherwise. One that
// starts to be emitted must be taken off.
var notEmitted = []string{
	"core.constant",
	"tensor.lgamma",
	"tensor.digamma", "tensor.ndtri", "tensor.mantissa", "tensor.exponent", "tensor.trigamma", "tensor.zeta",
	"tensor.gammainc", "tensor.gammaincc", "tensor.bessel_j0", "tensor.bessel_j1", "tensor.bessel_y0",
	"tensor.bessel_y1", "tensor.bessel_i0e", "tensor.bessel_i1e", "tensor.bessel_k0e", "tensor.bessel_k1e",
	"tensor.airy_ai", "tensor.chebyshev_t", "tensor.chebyshev_u", "tensor.chebyshev_v", "tensor.chebyshev_w",
	"tensor.hermite_h", "tensor.hermite_he", "tensor.laguerre_l", "tensor.legendre_p", "tensor.real",
	"tensor.imag", "tensor.conj", "tensor.angle", "tensor.complex",
	"tensor.nextafter", "tensor.gcd",
	"nn.conv_transpose", "nn.lstm", "nn.gru", "nn.rnn", "quant.quantize",
	"quant.sparse_to_dense",
}
