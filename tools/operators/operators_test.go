package operators_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/tools/operators"
)

func TestBecomes(t *testing.T) {
	standard := lower.Standard()
	for _, tt := range []struct {
		table      *lower.Table
		name, want string
	}{
		{standard, "aten.softmax.int", "nn.softmax"},
		{standard, "aten.add_.Tensor", "import makes it aten.add.Tensor; nn.softmax"},
		{standard, "aten._foreach_add.Scalar", "import makes it aten.add.Scalar; nn.softmax"},
		{standard, "aten.dropout.default", "nn.softmax, but refuses train=True"},
		{standard, "aten.dropout_.default", "import makes it aten.dropout.default; nn.softmax, but refuses train=True"},
		{standard, "aten.sym_size.int", "import does it: a size, a check, or another view of memory"},
		{standard, "aten.sum.dim_DimnameList", "refused: " + standard.Status("aten.sum.dim_DimnameList").Reason},
		{standard, "aten.rand.out", "refused: " + standard.Status("aten.rand.default").Reason},
		{lower.NewTable(), "aten.softmax.int", "it has no lowering"},
		{lower.NewTable(), "aten.add_.Tensor", "import makes it aten.add.Tensor; it has no lowering"},
		{lower.NewTable(), "aten.arange.out", "it writes to an argument, and import knows no functional operator for it"},
	} {
		found := operators.Find(tt.table, tt.name)
		if len(found) != 1 {
			t.Errorf("%s: found %d operators, expected 1", tt.name, len(found))
			continue
		}
		if diff := cmp.Diff(tt.want, found[0].Becomes("nn.softmax")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// What the list says of an operator is what decompose does with its calls.
func TestStatusIsThatOfTheTable(t *testing.T) {
	table, checked := lower.Standard(), 0
	for _, o := range operators.All(table) {
		if o.Call == "" || o.Status == operators.Imported {
			continue
		}
		checked++
		if lowered := table.Lookup(o.Call) != nil; lowered != (o.Status == operators.Lowered) {
			t.Errorf("%s is %s, and decompose has a lowering of %s: %v", o.Name, o.Status, o.Call, lowered)
		}
	}
	if checked < 2000 {
		t.Errorf("found %d operators, expected 2000 or more", checked)
	}
}
