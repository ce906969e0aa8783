package debugger

import "testing"

// TestClaims: a name in quotes is a claim behind `is` or `approx` only.
func TestClaims(t *testing.T) {
	for line, want := range map[string]bool{
		`  %a = tensor.mul(%x, %w) : tensor<2xf32> is "mul"`:                         true,
		`  %a = tensor.mul(%x, %w) : tensor<2xf32> approx "mul"`:                     true,
		`  %a = tensor.mul(%x, %w) : tensor<2xf32> is "x" perm [1, 0] is "mul"`:      true,
		`  %a = tensor.mul(%x, %w) : tensor<2xf32> is "mul_1"`:                       false,
		`  %a = torch.call(%x) {callee = "mul"} : tensor<2xf32> is "call"`:           false,
		`  %a = torch.call(%x) {note = " is \"mul\""} : tensor<2xf32> is "call"`:     false,
		`  lost "mul" by fold into %a`:                                               false,
		`  %a = tensor.neg(%x) : tensor<2xf32> // is "mul"`:                          false,
		`  %a, %b = core.call(%x) : tensor<2xf32> is "a", tensor<3xf32> is "mul" {}`: true,
	} {
		if got := claims(line, "mul"); got != want {
			t.Errorf("%s: found %v", line, got)
		}
	}
}
