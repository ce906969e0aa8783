package cli

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir/text"
)

// TestPlanMistake plants a mistake in the first function of a plan: the ones behind it are checked as if it were not there.
func TestPlanMistake(t *testing.T) {
	if testing.Short() {
		return // it compiles texts, which tells the race detector nothing
	}
	m, err := text.Parse("m.air", []byte(`air 1
module @m {
  func @bad(%x: tensor<5xf32>) -> (%y: tensor<5xf32>) {
    %y = tensor.exp(%x) : tensor<5xf32>
    core.return(%y)
  }
  func @good(%x: tensor<5xf32>) -> (%y: tensor<5xf32>) {
    %y = tensor.neg(%x) : tensor<5xf32>
    core.return(%y)
  }
}
`), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(t.Context(), m, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	spoiled := 0
	for i := range p.Texts {
		if bytes.Contains(p.Texts[i].Data, []byte("exp(")) {
			p.Texts[i].Data = bytes.ReplaceAll(p.Texts[i].Data, []byte("exp("), []byte("sin("))
			spoiled++
		}
	}
	if spoiled != 1 {
		t.Fatalf("%d texts call exp", spoiled)
	}
	r := reportOf(m, p)
	err = (&metal{tool: newTool(aiopt.Standard(), io.Discard, io.Discard)}).checkPlan(t.Context(), m, p, r)
	if err == nil || len(r.Wrong) != 1 || !regexp.MustCompile("what it gives for tensor.exp is wrong: element 0 is [0-9.e-]+, expected [0-9.e-]+$").MatchString(r.Wrong[0]) {
		t.Errorf("found the error %v and the mistakes %q, expected one of tensor.exp", err, r.Wrong)
	}
	if len(r.Checked) != 2 || !strings.HasPrefix(r.Checked[0], "@good: 1 kernel is right") || !strings.HasPrefix(r.Checked[1], "@good: its plan gives") {
		t.Errorf("found right: %q, expected the kernel and the plan of @good", r.Checked)
	}
}
