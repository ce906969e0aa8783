package ir_test

import (
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestAttrKeys holds that attributes that differ have keys that do, whatever is in their texts.
func TestAttrKeys(t *testing.T) {
	known := map[string]ir.Attr{}
	for _, a := range []ir.Attr{
		ir.String("a"), ir.Symbol("a"), ir.String(`"a"`), ir.String("a b=1"), ir.String(""), ir.None{}, ir.Bool(true), ir.String("true"),
		ir.List{ir.String("a"), ir.String("b")}, ir.List{ir.String("a,ir.Stringb")}, ir.List{ir.String(`a","b`)}, ir.List{ir.List{ir.String("a")}, ir.String("b")},
		ir.List{ir.Symbol("a"), ir.Symbol("b")}, ir.List{ir.Symbol("a,ir.Symbolb")}, ir.Int(1), ir.Float(1), ir.Ref(1), ir.Elem(host.F32),
		ir.Ints{1, 2}, ir.Ints{12}, ir.List{ir.Int(1), ir.Int(2)}, ir.DimAttr{Dim: ir.Sym("N")}, ir.Dims{ir.Sym("N")}, ir.Dims{ir.Sym("N"), ir.Const(1)},
	} {
		key := ir.AttrKey(a)
		if other, ok := known[key]; ok {
			t.Errorf("%T %v and %T %v share the key %s", a, a, other, other, key)
		}
		known[key] = a
	}
}
