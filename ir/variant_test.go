package ir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// variantModule has functions of one input each, of the shape given, and with symbols.
func variantModule(t *testing.T, funcs ...variantFunc) *ir.Module {
	t.Helper()
	m := &ir.Module{Name: "m"}
	for _, v := range funcs {
		f := &ir.Func{Name: v.name}
		for _, s := range v.symbols {
			f.AddDim(&ir.DimDecl{Name: s, Min: 1, Max: 100})
		}
		f.AddParam("x", ir.TensorOf(host.F32, v.shape...), ir.Input)
		m.Funcs = append(m.Funcs, f)
	}
	return m
}

type variantFunc struct {
	name    string
	symbols []string
	shape   []ir.Dim
}

func TestVariantOf(t *testing.T) {
	b, s3, s31 := ir.Sym("B"), ir.Sym("s3"), ir.Sym("s31")
	m := variantModule(t,
		variantFunc{"main", []string{"B", "s3", "s31"}, []ir.Dim{b, s3, s31}},
		variantFunc{"main_B1", []string{"s3", "s31"}, []ir.Dim{ir.Const(1), s3, s31}},
		variantFunc{"main_B1_s3_12", []string{"s31"}, []ir.Dim{ir.Const(1), ir.Const(12), s31}},
		variantFunc{"main_s31_2", []string{"B", "s3"}, []ir.Dim{b, s3, ir.Const(2)}},
		variantFunc{"main_B2", nil, []ir.Dim{ir.Const(3), s3, s31}}, // called so, but of another size
		variantFunc{"main_big", nil, []ir.Dim{b, s3, s31}},
		variantFunc{"other_B1", nil, []ir.Dim{ir.Const(1), s3, s31}},
	)
	want := map[string][]ir.FixedSize{
		"main": nil, "main_B1": {{"B", 1}}, "main_B1_s3_12": {{"B", 1}, {"s3", 12}}, "main_s31_2": {{"s31", 2}},
		"main_B2": nil, "main_big": nil, "other_B1": nil,
	}
	for _, f := range m.Funcs {
		base, sizes := m.VariantOf(f)
		if diff := cmp.Diff(want[f.Name], sizes); diff != "" || (base != nil) != (sizes != nil) || base != nil && base.Name != "main" {
			t.Errorf("@%s: %v %v", f.Name, base, sizes)
		}
	}
}

func TestVariantName(t *testing.T) {
	if got := ir.VariantName(ir.VariantName("main", "B", 1), "s3", 12); got != "main_B1_s3_12" {
		t.Error(got)
	}
}
