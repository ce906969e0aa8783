package tests

import (
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// randomPipelines is how many each model is built with.
const randomPipelines = 3

// TestRandomPipelines runs exact passes in random orders, which differ from model to model and stay the same from run to
// run: the verifier accepts what each pass leaves, and the outputs and states are those of the lowered model.
func TestRandomPipelines(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	early, late := exactPasses(aiopt.Standard())
	for i, k := range c.cases {
		if testing.Short() && i%20 > 0 || len(k.Inputs) == 0 && k.steps() == nil {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.Name})
			lowered := m.build(t, "decompose")
			if !small(lowered) {
				return // what takes long to run is held to its numbers by TestCorpus
			}
			want := m.outputs(t, lowered, 1)
			r := seeded(k.Name)
			for range randomPipelines {
				pipeline := randomPipeline(r, early, late)
				built, err := m.tryBuild(t, pipeline)
				var nothing *pass.NothingCompressed
				if errors.As(err, &nothing) { // smoothquant in a place where no norm can be scaled
					pipeline = strings.ReplaceAll(pipeline, ", smoothquant", "")
					built, err = m.tryBuild(t, pipeline)
				}
				if err != nil {
					t.Fatalf("%s: %v", pipeline, err)
				}
				if err := sameValues(m.outputs(t, built, 1), want); err != nil {
					t.Errorf("%s: %v", pipeline, err)
				}
			}
		})
	}
}

// exactPasses are those that change no number and need not be told anything: early ones may stand before decompose, and
// all of them behind it.
func exactPasses(tk *aiopt.Toolkit) (early, late []string) {
	for _, name := range tk.Passes.Names() {
		p := tk.Passes.Make(name)
		if p.Lossy != nil || name == "decompose" || name == "specialize" {
			continue
		}
		late = append(late, name)
		if !p.NeedsLowered {
			early = append(early, name)
		}
	}
	return early, late
}

func seeded(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func randomPipeline(r *rand.Rand, early, late []string) string {
	var list []string
	for range r.IntN(3) {
		list = append(list, early[r.IntN(len(early))])
	}
	list = append(list, "decompose")
	for range 1 + r.IntN(6) {
		list = append(list, late[r.IntN(len(late))])
	}
	return strings.Join(list, ", ")
}

func sameValues(got, want []*host.Tensor) error {
	for i, w := range want {
		if err := numeric.Differ(got[i], w); err != nil {
			return err
		}
	}
	return nil
}
