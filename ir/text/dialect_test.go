package text_test

import (
	"testing"

	"github.com/aiopt/aiopt/ir"
)

// testOps are operations enough for every form of the text. The real dialects are above this package.
var testOps = []*ir.Dialect{
	ir.NewDialect("core", "functions and constants",
		&ir.OpDef{Name: "core.constant", Traits: ir.Typed,
			Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
			Attrs:   []ir.AttrDef{ir.Require("value", ir.KindAny, "the value")}},
		&ir.OpDef{Name: "core.dim", Results: []ir.Arg{ir.Out("y", ir.Integers)},
			Attrs: []ir.AttrDef{ir.Require("value", ir.KindDim, "the size")}},
		&ir.OpDef{Name: "core.bind", Operands: []ir.Arg{ir.In("x", ir.Integers)}, Results: []ir.Arg{ir.Out("y", ir.Integers)},
			Attrs: []ir.AttrDef{ir.Require("binds", ir.KindNames, "the symbol")}},
		&ir.OpDef{Name: "core.cond", Traits: ir.Typed,
			Operands: []ir.Arg{ir.In("pred", ir.Booleans), ir.Many("args", ir.AnyElem)}, Results: []ir.Arg{ir.Many("results", ir.AnyElem)},
			Bodies: []ir.BodyDef{{Name: "then"}, {Name: "else"}}},
		&ir.OpDef{Name: "core.return", Traits: ir.Terminator, Operands: []ir.Arg{ir.Many("values", ir.AnyElem)}},
	),
	ir.NewDialect("nn", "layers",
		&ir.OpDef{Name: "nn.linear", Version: 2, Traits: ir.Typed,
			Operands: []ir.Arg{ir.In("x", ir.AnyElem), ir.In("weight", ir.AnyElem), ir.Opt("bias", ir.AnyElem)},
			Results:  []ir.Arg{ir.Out("y", ir.AnyElem)}},
		&ir.OpDef{Name: "nn.relu", Traits: ir.Typed, Operands: []ir.Arg{ir.In("x", ir.AnyElem)}, Results: []ir.Arg{ir.Out("y", ir.AnyElem)}},
		&ir.OpDef{Name: "nn.norm", Traits: ir.Typed,
			Operands: []ir.Arg{ir.In("x", ir.AnyElem), ir.Opt("weight", ir.AnyElem), ir.Opt("bias", ir.AnyElem)},
			Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
			Attrs: []ir.AttrDef{
				ir.Require("axes", ir.KindInts, "the axes"),
				ir.Default("eps", ir.KindFloat, ir.Float(1e-5), "added to the variance"),
				ir.Choice("approximate", "how", "none", "tanh"),
			}},
	),
	ir.NewDialect("tensor", "elements",
		&ir.OpDef{Name: "tensor.sort", Traits: ir.Typed, Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
			Results: []ir.Arg{ir.Out("values", ir.AnyElem), ir.Out("indices", ir.AnyElem)},
			Attrs:   []ir.AttrDef{ir.Require("axis", ir.KindInt, "the axis")}},
	),
	ir.NewDialect("torch", "calls", &ir.OpDef{Name: "torch.call", Traits: ir.Typed | ir.Open}),
}

func testRegistry(t testing.TB) *ir.Registry {
	t.Helper()
	reg, err := ir.NewRegistry(testOps...)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}
