package torch

import (
	"strconv"
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
	}
	mod, _, err := testImport(t, m)
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
	if diff := cmp.Diff([]string{"u0"}, f.Ops[1].Binds()); diff != "" {
		t.Error(diff)
	}
}

// A size that is computed in floating point, and conditions on it.
func TestFloatSizes(t *testing.T) {
	m := testModel(t, `
		x: f32[20]
		y: f32[14] = aten.slice.Tensor(x, 0, 0, 14)
		return y`)
	setSizes(m, "x", testS)
	setSizes(m, "y", "TruncToInt(Mul(Float('0.69999999999999996', precision=53), ToFloat("+testS+")))")
	m.Guards = []string{
		"math.trunc(0.7*torch.sym_float(L['x'].size()[0])) >= 2",
		"0.1*L['x'].size()[0] <= 3.3",
		"math.trunc(0.5*torch.sym_float(L['x'].size()[0])) <= 9",
		"math.trunc(0.7*torch.sym_float(L['x'].size()[0])) <= L['x'].size()[0]", // proven
	}
	mod, warnings, err := testImport(t, m)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	var got []string
	for _, g := range mod.Funcs[0].Guards {
		got = append(got, g.String())
	}
	if diff := cmp.Diff([]string{"trunc(0.7*s0) >= 2", "ceil(0.1*s0-3.3) <= 0", "s0//2 <= 9"}, got); diff != "" {
		t.Error(diff)
	}
	if got := mod.Funcs[0].Ops[0].Results[0].Type.String(); got != "tensor<[trunc(0.7*s0)]xf32>" {
		t.Errorf("the slice is %s", got)
	}
}

// A condition on the inputs that cannot be checked is an error that quotes it.
func TestUncheckedGuards(t *testing.T) {
	for code, want := range map[string]string{
		"L['nothing'].size()[0] == 4":                           "no size is known for L['nothing'].size()[0]",
		"math.log(L['x'].size()[0]) >= 2.0":                     "math.log has no integer form",
		"L['x'].size()[0] >= 9":                                 "`s0 >= 9` holds for no size within the stated ranges",
		"L['x'].size()[0]*L['x'].size()[0] == L['x'].size()[0]": "holds for no size",
	} {
		m := testModel(t, `
			x: f32[4]
			y: f32[4] = aten.relu.default(x)
			return y`)
		setSizes(m, "x", testS)
		setSizes(m, "y", testS)
		m.Ranges = []pt2.Range{{Symbol: "s0", Min: 2, Max: 8}}
		m.Guards = []string{code}
		_, _, err := testImport(t, m)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), strconv.Quote(code)) {
			t.Errorf("%s: found %v, expected %s", code, err, want)
		}
	}
}

// A symbol that inputs have in derived sizes only has the range that the sizes leave it.
func TestDerivedRange(t *testing.T) {
	stated := pt2.Range{Symbol: "s0", Min: 2, Max: 4}
	for _, c := range []struct {
		size   string // of x; y has s1
		ranges []pt2.Range
		want   ir.DimDecl
	}{
		{"Mul(Integer(16), " + testS + ")", []pt2.Range{{Symbol: "16*s0", Min: 16, Max: 64}, stated}, ir.DimDecl{Name: "s0", Min: 1, Max: 4}},
		{"Mul(Integer(16), " + testS + ")", []pt2.Range{{Symbol: "16*s0", Min: 17, Max: 63}, stated}, ir.DimDecl{Name: "s0", Min: 2, Max: 3}},
		{"Add(Mul(Integer(2), " + testS + "), Integer(1))", []pt2.Range{{Symbol: "2*s0 + 1", Min: 3, Max: 1<<63 - 2}, stated}, ir.DimDecl{Name: "s0", Min: 1, Max: ir.Unbounded}},
		{"Mul(Integer(16), " + testS + ")", []pt2.Range{stated}, ir.DimDecl{Name: "s0", Min: 2, Max: 4}},
		{testS, []pt2.Range{{Symbol: "16*s0", Min: 16, Max: 64}, stated}, ir.DimDecl{Name: "s0", Min: 2, Max: 4}},
	} {
		m := testModel(t, `
			x: f32[4]
			y: f32[4] = aten.relu.default(x)
			return y`)
		setSizes(m, "x", c.size)
		setSizes(m, "y", c.size)
		m.Ranges = c.ranges
		mod, _, err := testImport(t, m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&c.want, mod.Funcs[0].Dim("s0")); diff != "" {
			t.Errorf("%s in %v: %s", c.size, c.ranges, diff)
		}
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
