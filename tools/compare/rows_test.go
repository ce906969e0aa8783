package compare_test

import (
	"math"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// TestRows: which tensors have a KL, and by what they are taken for, says the operation and no name.
func TestRows(t *testing.T) {
	const text = `air 1
module @m {
  func @main(%x: tensor<2x3xf32> is "x") -> (%y: tensor<2x3xf32>) {
    %a = nn.softmax(%x) {axis = 1} : tensor<2x3xf32> is "shares"
    %k = core.kernel(%x) : tensor<2x3xf32>
      do(%v: tensor<2x3xf32>) {
        %t = tensor.transpose(%v) {perm = [1, 0]} : tensor<3x2xf32>
        %s = nn.softmax(%t) {axis = 0} : tensor<3x2xf32> is "permuted" perm [1, 0]
        %b = tensor.transpose(%s) {perm = [1, 0]} : tensor<2x3xf32>
        core.return(%b)
      }
    %l = nn.log_softmax(%k) {axis = 1} : tensor<2x3xf32> is "logs"
    %c = nn.softmax(%l) {axis = 0} : tensor<2x3xf32> is "columns"
    %n = tensor.exp(%c) : tensor<2x3xf32> is "softmax_scale"
    %y = tensor.neg(%n) : tensor<2x3xf32> is "neg"
    core.return(%y)
  }
}
`
	rows := func(r *compare.Report) map[string]bool {
		has := map[string]bool{}
		for _, p := range r.Points {
			has[p.Name] = p.Scores.Rows != nil
		}
		return has
	}
	hold := func(got, want map[string]bool) {
		t.Helper()
		for name, is := range want {
			if got[name] != is {
				t.Errorf("%s: rows %v, expected %v", name, got[name], is)
			}
		}
	}
	a, b := program(t, text, []int{2, 3}, "main"), program(t, text, []int{2, 3}, "main")
	r, _ := run(t, a, b, compare.Options{})
	hold(rows(r), map[string]bool{"shares": true, "permuted": true, "logs": true, "columns": false, "softmax_scale": false, "neg": true})
	r, _ = run(t, a, b, compare.Options{Metric: metricOf(t, "kl")})
	hold(rows(r), map[string]bool{"columns": false, "softmax_scale": true})

	value := func(node, op string) intermediates.Entry {
		return intermediates.Entry{Node: node, Op: op, Elem: host.F32, Role: intermediates.Mid}
	}
	s := savedValues(t, "", []intermediates.Entry{value("shares", "aten.softmax.int"), value("softmax_1", "aten.mul.Tensor"), value("logs", "aten._log_softmax.default")}, [][]float64{{0.25, 0.75}, {1, 2}, {-1, -2}})
	q := savedValues(t, "", []intermediates.Entry{value("shares", ""), value("softmax_1", ""), value("logs", "")}, [][]float64{{0.5, 0.5}, {1, 2}, {-1, -2}})
	r, _ = run(t, s, q, compare.Options{})
	hold(rows(r), map[string]bool{"shares": true, "softmax_1": false, "logs": true})
	want := 0.5*math.Log(0.5/0.25) + 0.5*math.Log(0.5/0.75) // and not that of their softmax
	if got := metricOf(t, "kl").Of(r.Points[0].Scores); math.Abs(got-want) > 1e-12 {
		t.Errorf("the KL of chances is %v, expected %v", got, want)
	}
}
