package torch

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/google/go-cmp/cmp"
)

// setSizes gives a tensor of a test model symbolic sizes.
func setSizes(m *pt2.Model, name string, exprs ...string) {
	meta := m.Graph.Tensors[name]
	for i, e := range exprs {
		if e != "" {
			meta.Sizes[i] = pt2.Sym[int64]{Expr: e}
		}
	}
}

const testS, testT, testU = "Symbol('s0', positive=True, integer=True)", "Symbol('s1', positive=True, integer=True)", "Symbol('u0', integer=True)"

func TestSymbols(t *testing.T) {
	m := testModel(t, `
		x: f32[4,6]
		w: f32[4]
		y: f32[4,6] = aten.relu.default(x)
		n: i64[3,1] = aten.nonzero.default(w)
		return y, n`)
	setSizes(m, "x", testS, "Mul(Integer(2), "+testT+")")
	setSizes(m, "y", testS, "Mul(Integer(2), "+testT+")")
	setSizes(m, "n", testU)
	m.Inputs[0].Name = "xs_0"
	m.Ranges = []pt2.Range{{Symbol: "s0", Min: 2, Max: 8}, {Symbol: "s1", Min: 1, Max: 1<<63 - 2}, {Symbol: "s9", Min: 2, Max: 8}}
	m.Guards = []string{
		"L['xs'][0].size()[0] <= 100",                             // proven by the range
		"L['xs'][0].size()[1] >= L['xs'][0].size()[0]",            // kept
		"L['w'].size()[0] == 4 and L['xs'][0].size()[0] % 2 == 0", // in part
		"L['nothing'].size()[0] == 4",                             // a warning
	}
	mod, warnings, err := testImport(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(mod); err != nil {
		t.Error(err)
	}
	f := mod.Funcs[0]
	var got []string
	for _, d := range f.Dims {
		got = append(got, d.Name)
	}
	if diff := cmp.Diff([]string{"s0", "s1", "u0"}, got); diff != "" {
		t.Error(diff)
	}
	if d := f.Dim("s1"); d.Min != 1 || d.Max != ir.Unbounded {
		t.Errorf("s1 is in %d..%d", d.Min, d.Max)
	}
	if d := f.Dim("u0"); d.Min != 0 {
		t.Errorf("a size starts at %d", d.Min)
	}
	got = nil
	for _, g := range f.Guards {
		got = append(got, g.String())
	}
	if diff := cmp.Diff([]string{"2*s1 >= s0", "s0-2*(s0//2) == 0"}, got); diff != "" {
		t.Error(diff)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Text, "nothing") {
		t.Errorf("the warnings are %v", warnings)
	}
	if diff := cmp.Diff([]string{"u0"}, f.Ops[1].Binds()); diff != "" {
		t.Error(diff)
	}
}

// Nodes that compute sizes make no call; those that compute floats and conditions do where something uses them.
func TestNumbers(t *testing.T) {
	m := testModel(t, `
		x: f32[4]
		y: f32[4] = aten.mul.Tensor(x, half)
		z: f32[4] = aten.slice.Tensor(y, 0, 0, twice)
		return z`)
	setSizes(m, "x", testS)
	setSizes(m, "y", testS)
	setSizes(m, "z", testS)
	number := func(kind pt2.ArgKind, name string) pt2.Argument { return pt2.Argument{Kind: kind, Name: name} }
	node := func(target string, out pt2.Argument, args ...pt2.Argument) *pt2.Node {
		n := &pt2.Node{Target: target, Name: out.Name, Outputs: []pt2.Argument{out}}
		for i, a := range args {
			n.Inputs = append(n.Inputs, pt2.NamedArgument{Name: []string{"a", "b"}[i], Arg: a})
		}
		return n
	}
	g := m.Graph
	g.SymInts = map[string]pt2.Sym[int64]{"size": {Expr: testS}, "twice": {Expr: "Mul(Integer(2), " + testS + ")"}}
	g.SymFloats = map[string]pt2.Sym[float64]{"half": {Expr: "IntTrueDiv(" + testS + ", Integer(2))"}}
	g.SymBools = map[string]pt2.Sym[bool]{"many": {Expr: "GreaterThan(" + testS + ", Integer(3))"}}
	assert := &pt2.Node{Target: "torch.ops.aten._assert_scalar.default", Name: "assert", Inputs: []pt2.NamedArgument{{Name: "self", Arg: number(pt2.ArgSymBool, "many")}}}
	g.Nodes = append([]*pt2.Node{
		node("torch.ops.aten.sym_size.int", number(pt2.ArgSymInt, "size"), tensorArg("x"), testArg(t, "0")),
		node("_operator.mul", number(pt2.ArgSymInt, "twice"), number(pt2.ArgSymInt, "size"), testArg(t, "2")),
		node("_operator.ge", number(pt2.ArgSymBool, "many"), number(pt2.ArgSymInt, "size"), testArg(t, "3")),
		assert,
		node("_operator.truediv", number(pt2.ArgSymFloat, "half"), number(pt2.ArgSymInt, "size"), testArg(t, "2")),
	}, g.Nodes...)
	g.Nodes[5].Inputs[1].Arg = number(pt2.ArgSymFloat, "half")
	g.Nodes[6].Inputs[3].Arg = number(pt2.ArgSymInt, "twice")
	mod, _, err := testImport(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(mod); err != nil {
		t.Error(err)
	}
	want := `half = _operator.truediv(a=s0, b=2)
y = aten.mul.Tensor(x, half)
z = aten.slice.Tensor(y, start=0, end=2*s0)
return z
`
	if diff := cmp.Diff(want, brief(mod.Funcs[0])); diff != "" {
		t.Error(diff)
	}
	if g := mod.Funcs[0].Guards; len(g) != 1 || g[0].String() != "s0 >= 3" {
		t.Errorf("the guards are %v", g)
	}
}

// A symbol that no input tells is an error, reported with the input that needs it.
func TestUnboundSymbol(t *testing.T) {
	m := testModel(t, `
		x: f32[4]
		return x`)
	setSizes(m, "x", "Mul("+testS+", "+testT+")")
	_, _, err := testImport(t, m)
	if err == nil || !strings.Contains(err.Error(), "parameter %x: the size s0*s1 of tensor<[s0*s1]xf32> cannot tell the symbol s0") {
		t.Errorf("found %v", err)
	}
}
