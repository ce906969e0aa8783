package checked

import (
	"bytes"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// chain has values that are overwritten when nobody needs them any more.
const chain = `air 1
module @m {
  func @main(%x: tensor<40xf32>) -> (%y: tensor<40xf32>) {
    %a = tensor.exp(%x) : tensor<40xf32>
    %b = tensor.neg(%a) : tensor<40xf32>
    %c = tensor.sin(%b) : tensor<40xf32>
    %d = tensor.add(%c, %b) : tensor<40xf32>
    %e = tensor.exp(%d) : tensor<40xf32>
    %y = tensor.mul(%e, %d) : tensor<40xf32>
    core.return(%y)
  }
}
`

// planted is a plan of chain, with inputs and what the interpreter gives for them.
func planted(t *testing.T) (*check.Tools, *ir.Module, *plan.Plan, []*host.Tensor, []*host.Tensor) {
	t.Helper()
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	m := backendtest.Parse(t, chain)
	p, err := plan.Make(t.Context(), m, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	return tools, m, p, in, walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
}

// differs runs a plan in an order and reports results that differ.
func differs(t *testing.T, tools *check.Tools, m *ir.Module, p *plan.Plan, in, want []*host.Tensor, order check.Order) bool {
	t.Helper()
	program, err := Backend{Tools: tools, Order: order}.With(t.Context(), m, p, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	got, err := program.NewSession().Call(t.Context(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return numeric.Differ(got[0], want[0]) != nil
}

// TestMissingHazard holds that a step that does not wait as it should shows in the result.
func TestMissingHazard(t *testing.T) {
	tools, m, p, in, want := planted(t)
	if differs(t, tools, m, p, in, want, check.Reversed) {
		t.Error("the plan as it is gives another result")
	}
	steps := p.File.Functions[0].Steps
	for i := range steps {
		waits := steps[i].Waits
		if len(waits) == 0 {
			continue
		}
		steps[i].Waits = nil
		if !differs(t, tools, m, p, in, want, check.Reversed) {
			t.Errorf("step %d need not wait for %v", i, waits)
		}
		steps[i].Waits = waits
	}
}

// TestSharedMemory holds that two values in one place show in the result.
func TestSharedMemory(t *testing.T) {
	tools, m, p, in, want := planted(t)
	buffers := p.File.Functions[0].Buffers
	b, c := p.Values[m.Funcs[0].Ops[1].Results[0]], p.Values[m.Funcs[0].Ops[2].Results[0]] // c is made of b, which is read again
	if buffers[b].Offset == buffers[c].Offset {
		t.Fatal("two values that live at the same time have one place")
	}
	buffers[c].Offset = buffers[b].Offset
	if !differs(t, tools, m, p, in, want, check.Forward) {
		t.Error("a value was overwritten and the result is right")
	}
}

// TestPlantedBugs holds what is found in texts that were changed: with kernel, line and thread.
func TestPlantedBugs(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		kind           check.Kind
		wrong          bool // the result is, and nothing is found
	}{
		{"outside", "(x0 + ", "(x0 + 8 + ", check.OutOfBounds, false},
		{"writes to what is read", "(y + ", "((device float*)x0 + ", check.Access, false},
		{"another sign", " = -", " = ", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools, m, p, in, _ := planted(t)
			changed := false
			for i, text := range p.Texts {
				if text.Name != "neg.generated.metal" {
					continue
				}
				p.Texts[i].Data = bytes.ReplaceAll(text.Data, []byte(c.old), []byte(c.new))
				changed = !bytes.Equal(p.Texts[i].Data, text.Data)
			}
			if !changed {
				t.Fatalf("%q is not in the text\n%s", c.old, p.Texts[2].Data)
			}
			texts, err := Texts(t.Context(), tools, p, false)
			if err != nil {
				t.Fatal(err)
			}
			tried := 0
			err = Backend{Tools: tools}.Trials(t.Context(), m, p, texts, 0, in, map[int]bool{}, func(one *Trial) error {
				tried++
				bad := one.Op == m.Funcs[0].Ops[1]
				differ := one.Got == nil || numeric.Differ(one.Got, one.Want) != nil
				switch {
				case !bad && (differ || len(one.Findings) > 0):
					t.Errorf("%s: found %v, different: %v", one.Op.Name(), one.Findings, differ)
				case bad && c.wrong && !(differ && len(one.Findings) == 0):
					t.Errorf("found %v, different: %v, expected another result", one.Findings, differ)
				case bad && !c.wrong:
					if len(one.Findings) == 0 || one.Findings[0].Kind != c.kind || one.Findings[0].Line == 0 || !one.Findings[0].Ran {
						t.Errorf("found %v, expected %s with a line and a thread", one.Findings, c.kind)
					}
				}
				return nil
			})
			if err != nil || tried != 5 {
				t.Errorf("%d operations were tried: %v", tried, err)
			}
		})
	}
}
