package torch

import (
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

// A call keeps whatever attributes it is given, in their order, and the types it is told.
func TestCallIsOpen(t *testing.T) {
	f := &ir.Func{Name: "main"}
	x := f.AddParam("x", ir.StaticType(host.F32, 2), ir.Input)
	attrs := ir.Attrs{ir.Set("callee", ir.String("mine.twice.default")), ir.Set("self", ir.Ref(0)), ir.Set("binds", ir.Dims{ir.Sym("u0")})}
	want := ir.StaticType(host.F64, 3, 4)
	op, err := ir.Append(f, nil).BuildTyped(Call, attrs, []ir.Type{want, want}, x.Value)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range op.Attrs {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"callee", "self", "binds"}, names); diff != "" {
		t.Error(diff)
	}
	if len(op.Results) != 2 || !op.Results[1].Type.Equal(want) {
		t.Errorf("results are %v, expected two of %s", op.Results, want)
	}
	if diff := cmp.Diff([]string{"u0"}, op.Binds()); diff != "" {
		t.Error(diff)
	}
}
