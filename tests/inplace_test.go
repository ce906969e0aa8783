package tests

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// TestInPlaceMarks holds the verifier to proving each mark, whoever made it: a mark in a text may be wrong.
func TestInPlaceMarks(t *testing.T) {
	const update = "state.slice_update(%k, %x) {axis = 0, in_place = true} : tensor<4xf32>"
	for _, c := range []struct {
		name  string
		lines string // of a function that takes %x, %p, %i and the state %k; it returns %y and %k1 as the new state
		want  string // a part of the error; empty for a mark that is proven
	}{
		{"last use", "%y = tensor.neg(%k) : tensor<4xf32>\n%k1 = " + update, ""},
		{"whole view", `%v = tensor.reshape(%k) : tensor<2x2xf32>
			%z = tensor.reshape(%x) : tensor<1x1xf32>
			%w = state.slice_update(%v, %z) {axis = 1, at = [1, 0], in_place = true} : tensor<2x2xf32>
			%k1 = tensor.reshape(%w) : tensor<4xf32>
			%y = tensor.neg(%k1) : tensor<4xf32>`, ""},
		{"view of the new value", "%k1 = " + update + "\n%s = tensor.slice(%k1) {axis = 0, stop = 4} : tensor<4xf32>\n%y = tensor.neg(%s) : tensor<4xf32>", ""},
		{"kernel that computes", `%o = core.kernel(%k) : tensor<4xf32>
			do(%v: tensor<4xf32>) {
			%n = tensor.neg(%v) : tensor<4xf32>
			core.return(%n)
			}
			%k1 = ` + update + `
			%y = tensor.exp(%o) : tensor<4xf32>`, ""},
		{"kernel that shows its operand", `%o = core.kernel(%k) : tensor<4xf32>
			do(%v: tensor<4xf32>) {
			%n = tensor.slice(%v) {axis = 0, stop = 4} : tensor<4xf32>
			core.return(%n)
			}
			%k1 = ` + update + `
			%y = tensor.exp(%o) : tensor<4xf32>`, "%o is read again by tensor.exp after the update"},
		{"read again", "%k1 = " + update + "\n%y = tensor.neg(%k) : tensor<4xf32>", "%k is read again by tensor.neg after the update"},
		{"updated twice", "%k1 = " + update + "\n%y = " + update, "%k is read again by state.slice_update after the update"},
		{"view read again", "%s = tensor.transpose(%k) {perm = [0]} : tensor<4xf32>\n%k1 = " + update + "\n%y = tensor.neg(%s) : tensor<4xf32>", "%s is read again"},
		{"repeated elements read again", "%e = tensor.expand(%k) : tensor<2x4xf32>\n%k1 = " + update + "\n%y = tensor.sum(%e) {axes = [0]} : tensor<4xf32>", "%e is read again"},
		{"returned", "%k1 = " + update + "\n%y = tensor.reshape(%k1) : tensor<4xf32>", ""},
		{"not returned", "%z = " + update + "\n%y = tensor.neg(%z) : tensor<4xf32>\n%k1 = tensor.exp(%y) : tensor<4xf32>", "does not become the new value of the state @k"},
		{"constant", "%c = core.constant() {value = @c} : tensor<4xf32>\n%y = state.slice_update(%c, %x) {axis = 0, in_place = true} : tensor<4xf32>\n%k1 = tensor.neg(%k) : tensor<4xf32>", "its base is %c of core.constant"},
		{"constant of a body", `%c = core.cond(%p, %x) : tensor<4xf32>
			then(%v: tensor<1xf32>) {
			%0 = core.constant() {value = @c} : tensor<4xf32>
			core.return(%0)
			}
			else(%v: tensor<1xf32>) {
			%0 = tensor.expand(%v) : tensor<4xf32>
			core.return(%0)
			}
			%y = state.slice_update(%c, %x) {axis = 0, in_place = true} : tensor<4xf32>
			%k1 = tensor.neg(%k) : tensor<4xf32>`, "may share memory with what core.cond is given"},
		{"constant of a kernel", `%c = core.kernel() : tensor<4xf32>
			do() {
			%0 = tensor.fill() {value = 1.0} : tensor<4xf32>
			core.return(%0)
			}
			%y = state.slice_update(%c, %x) {axis = 0, in_place = true} : tensor<4xf32>
			%k1 = tensor.neg(%k) : tensor<4xf32>`, "%c of core.kernel, in whose body its base is the result of tensor.fill, which"},
		{"constant of a call", "%c = core.call() {callee = @table} : tensor<4xf32>\n%y = state.slice_update(%c, %x) {axis = 0, in_place = true} : tensor<4xf32>\n%k1 = tensor.neg(%k) : tensor<4xf32>", "may share memory with what core.call is given"},
		{"given to control flow", `%o = core.cond(%p, %k) : tensor<4xf32>
			then(%v: tensor<4xf32>) {
			core.return(%v)
			}
			else(%v: tensor<4xf32>) {
			%0 = tensor.neg(%v) : tensor<4xf32>
			core.return(%0)
			}
			%k1 = ` + update + `
			%y = tensor.exp(%o) : tensor<4xf32>`, "%o is read again by tensor.exp"},
		{"parameter of a body", `%k1 = core.cond(%p, %k, %x) : tensor<4xf32>
			then(%k: tensor<4xf32>, %x: tensor<1xf32>) {
			%0 = ` + update + `
			core.return(%0)
			}
			else(%k: tensor<4xf32>, %x: tensor<1xf32>) {
			core.return(%k)
			}
			%y = tensor.exp(%k1) : tensor<4xf32>`, "which core.cond gives to its body"},
		{"bound number", `%n = tensor.neg(%i) : tensor<1xi64>
			%s = tensor.reshape(%n) : tensor<i64>
			%b = core.bind(%s) {binds = [u]} : tensor<i64>
			%m = state.slice_update(%n, %i) {axis = 0, in_place = true} : tensor<1xi64>
			%q = tensor.add(%m, %b) : tensor<1xi64>
			%k1 = tensor.neg(%k) : tensor<4xf32>
			%y = tensor.exp(%k1) : tensor<4xf32>`, "%b is read again by tensor.add"},
		{"reads what it writes", "%s = tensor.slice(%k) {axis = 0, stop = 1} : tensor<1xf32>\n%k1 = state.slice_update(%k, %s) {axis = 0, start = 1, in_place = true} : tensor<4xf32>\n%y = tensor.neg(%k1) : tensor<4xf32>", "it reads %s"},
	} {
		dim := ""
		if strings.Contains(c.lines, "[u]") {
			dim = "dim u in 0..\n"
		}
		src := "air 1\nmodule @m {\nstate @k : tensor<4xf32> = zero\n" +
			"func @main(%x: tensor<1xf32>, %p: tensor<bool>, %i: tensor<1xi64>, state @k %k: tensor<4xf32>) -> (%y: tensor<4xf32>, update @k: tensor<4xf32>) {\n" +
			dim + c.lines + "\ncore.return(%y, %k1)\n}\n" +
			"func @table() -> (tensor<4xf32>) {\n%c = core.constant() {value = @c} : tensor<4xf32>\ncore.return(%c)\n}\n" +
			"resource @c : tensor<4xf32> = data \"AACAPwAAgD8AAIA/AACAPw==\"\n}\n"
		m, err := text.Parse(c.name, []byte(src), aiopt.Standard().Ops)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		err = ir.Verify(m)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), "is marked in_place, which is not proven: ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: found the error %v, expected one with %q", c.name, err, c.want)
		}
	}
}
