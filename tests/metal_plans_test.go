package tests

import (
	"os"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/checked"
)

// testAll is set where tests run all that they could, not a sample: `make test-all`.
var testAll = os.Getenv("AIOPT_WHOLE") != ""

// planModels are those whose plans are run by every test: layers and kernels of all kinds, states, open sizes, control flow.
var planModels = []string{"kv_slice", "mlp", "llama_dyn", "kv_index_copy", "cond_hop"}

// TestMetalPlans computes models of the corpus by their Metal plans, dispatch by dispatch in the checker, and holds the results against
// the interpreter. The threads of each model take their turns in another order, and so do steps that do not wait for each other.
func TestMetalPlans(t *testing.T) {
	t.Parallel()
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	c := openCorpus(t, "models")
	chosen := planModels
	if testing.Short() {
		chosen = chosen[:1]
	}
	for i, k := range c.cases {
		if !testAll && !slices.Contains(chosen, k.Name) {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			m := openModel(t, c, spineModel{name: k.Name})
			built := m.build(t, "@metal")
			want := m.outputs(t, built, 2)
			p, err := checked.Backend{Tools: tools, Order: check.Order(i % 3)}.Compile(t.Context(), built, backend.Options{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			got, err := m.callsOf(t.Context(), p, built, m.calls, nil)
			if err != nil {
				t.Fatal(err)
			}
			if snr := worstSNR(t, got, want); snr < 80 {
				t.Errorf("%.0f dB from the interpreter, expected at least 80", snr)
			}
		})
	}
}
