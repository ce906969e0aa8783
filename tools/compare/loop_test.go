package compare_test

import (
	"testing"

	"github.com/aiopt/aiopt/tools/compare"
)

// late takes a branch in the last three of six turns, and calls a function in both branches.
const late = `air 1
module @m {
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %n = core.constant() {value = 0} : tensor<i64>
    %last, %z = core.while(%n, %x) {carried = 2} : tensor<i64>, tensor<2xf32>
      cond(%i: tensor<i64>, %v: tensor<2xf32>) {
        %six = core.constant() {value = 6} : tensor<i64>
        %go = tensor.lt(%i, %six) : tensor<bool>
        core.return(%go)
      }
      do(%i: tensor<i64>, %v: tensor<2xf32>) {
        %three = core.constant() {value = 3} : tensor<i64>
        %later = tensor.ge(%i, %three) : tensor<bool>
        %c = core.cond(%later, %v) : tensor<2xf32>
          then(%t: tensor<2xf32>) {
            %r = tensor.neg(%t) : tensor<2xf32> is "then/neg"
            %h = core.call(%r) {callee = @helper} : tensor<2xf32> is "then/call"
            core.return(%h)
          }
          else(%e: tensor<2xf32>) {
            %h = tensor.tanh(%e) : tensor<2xf32> is "else/tanh"
            core.return(%h)
          }
        %w = tensor.exp(%c) : tensor<2xf32> is "body/exp"
        %one = core.constant() {value = 1} : tensor<i64>
        %j = tensor.add(%i, %one) : tensor<i64>
        core.return(%j, %w)
      }
    %a = tensor.neg(%z) : tensor<2xf32> is "neg"
    %b = core.call(%a) {callee = @helper} : tensor<2xf32> is "call"
    %y = tensor.neg(%b) : tensor<2xf32> is "neg_1"
    core.return(%y)
  }
  func @helper(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %s = tensor.sin(%x) : tensor<2xf32> is "sin"
    %y = tensor.cos(%s) : tensor<2xf32> is "cos"
    core.return(%y)
  }
}
`

// TestLateBranches: a value that is first computed in a later turn, or at a later call, is compared as often as it is computed, whichever run is
// ahead.
func TestLateBranches(t *testing.T) {
	want := map[string]int{"then/neg": 3, "else/tanh": 3, "body/exp": 6, "helper/sin": 4, "helper/cos": 4, "neg": 1, "neg_1": 1}
	a, b := program(t, late, []int{2}, "main"), program(t, late, []int{2}, "main")
	for range 100 {
		r, err := compare.Run(t.Context(), a, b, compare.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, p := range r.Points {
			got[p.Name] = p.Turns
			if !p.Scores.Exact() {
				t.Fatalf("%s has %+v", p.Name, p.Scores)
			}
		}
		for name, turns := range want {
			if got[name] != turns {
				t.Fatalf("%s was compared %d times, expected %d; without a point are %v", name, got[name], turns, r.Unmatched)
			}
		}
	}
}
