package lower_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/lower"
)

func TestStatus(t *testing.T) {
	table := lower.Standard()
	table.Add("aten.rand", lower.Standard().Lookup("aten.zeros"))
	table.Replace("aten.rrelu", table.Lookup("aten.leaky_relu"))
	for _, tt := range []struct {
		callee string
		kind   lower.StatusKind
		says   string
	}{
		{"aten.convolution_backward.default", lower.Refused, "gradients"},
		{"aten.randn.default", lower.Refused, "random numbers"},
		{"aten.resize.default", lower.Refused, "other memory"},
		{"aten.to_sparse.default", lower.Refused, "sparse"},
		{"aten._nested_from_padded.default", lower.Refused, "nested"},
		{"aten.sum.dim_DimnameList", lower.Refused, "names"},
		{"aten.cudnn_convolution.default", lower.Refused, "vendor"},
		{"_c10d_functional.all_reduce.default", lower.Refused, "processes"},
		{"aten.dropout.default", lower.Limited, "train=True"},
		{"aten.lstm.input", lower.Limited, "dropout with train=True"},
		{"aten.softmax.int", lower.Lowered, ""},
		{"aten.sum.dim_IntList", lower.Lowered, ""},
		{"mylib.swiglu.default", lower.Unknown, ""},
		// What a program adds is held to nothing that is said of the standard table.
		{"aten.rand.default", lower.Lowered, ""},
		{"aten.rand.names", lower.Refused, "random numbers"},
		{"aten.rrelu.default", lower.Lowered, ""},
	} {
		s := table.Status(tt.callee)
		if s.Kind != tt.kind || !strings.Contains(s.Reason, tt.says) || (s.Reason == "") != (tt.says == "") {
			t.Errorf("%s has status %v, expected %v with %q", tt.callee, s, tt.kind, tt.says)
		}
		if lowered := s.Kind == lower.Lowered || s.Kind == lower.Limited; lowered != (table.Lookup(tt.callee) != nil) {
			t.Errorf("%s has status %v, and Lookup finds the contrary", tt.callee, s)
		}
	}
}

// The error of decompose names every operator, also those in bodies, and says why one is refused.
func TestDecomposeSaysWhyNot(t *testing.T) {
	m, err := text.Parse("in.air", []byte(`air 1
module @m {
  func @main(%p: tensor<bool>, %x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %r = torch.call() {callee = "aten.rand.default", size = [2]} : tensor<2xf32> loc(#1)
    %y = core.cond(%p, %r) : tensor<2xf32>
      then(%v: tensor<2xf32>) {
        %z = torch.call(%v) {callee = "aten.sofmax.int", self = $0, dim = 0} : tensor<2xf32> loc(#2)
        core.return(%z)
      }
      else(%v: tensor<2xf32>) {
        core.return(%v)
      }
    core.return(%y)
  }
  loc #1 = "model.py":7 in "noise" Noise
  loc #2 = "model.py":9 in "head" Head
}
`), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	reason := lower.Standard().Status("aten.rand.default").Reason
	want := "no lowering for 2 targets:\n" +
		"  aten.rand.default, 1 call: " + reason + "\n" +
		"    model.py:7 in noise (Noise) takes no tensors\n" +
		"  aten.sofmax.int, 1 call (did you mean aten.softmax?)\n" +
		"    model.py:9 in head (Head) takes tensor<2xf32>\n" +
		`Add a lowering (AddLowering("aten.sofmax", fn) in Go), or save a program that has the operator's Python implementation instead:` + "\n" +
		`program.run_decompositions({torch.ops.aten.sofmax.int: fn}). decompose{keep=["aten.rand"]} leaves the calls in a text that prints but does not run`
	err = lower.Standard().Decompose(m, nil)
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
