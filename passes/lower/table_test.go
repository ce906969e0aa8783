package lower

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

func TestStandardHasNoDuplicates(t *testing.T) {
	table := Standard()
	if err := table.Err(); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"aten.linear.default", "aten.add.Tensor", "aten.max.dim", "transformers.grouped_mm_fallback.default"} {
		if table.Lookup(target) == nil {
			t.Errorf("no lowering of %s", target)
		}
	}
}

// A refusal never names what the standard table lowers.
func TestLoweredIsNotRefused(t *testing.T) {
	for _, target := range Standard().Targets() {
		if reason := refusalOf(target); reason != "" {
			t.Errorf("%s has a lowering, and is refused: %s", target, reason)
		}
	}
}

func TestTable(t *testing.T) {
	table := NewTable()
	all := One(func(c *Call) *ir.Value { return c.Neg(c.Value("self")) })
	table.Add("aten.neg", all)
	table.Add("aten.neg", all)
	table.Replace("aten.nge", all)
	table.Add("neg", all)
	err := table.Err()
	if err == nil {
		t.Fatal("expected errors")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		"aten.neg has a lowering already, added at ",
		"no lowering of aten.nge to replace (did you mean aten.neg?)",
		`expected a target such as aten.add`,
	}
	if len(lines) != len(want) {
		t.Fatalf("found %d errors, expected %d:\n%v", len(lines), len(want), err)
	}
	for i, w := range want {
		if !strings.Contains(lines[i], w) || !strings.Contains(lines[i], "table_test.go:") {
			t.Errorf("error %d is %q, expected a place and %q", i, lines[i], w)
		}
	}
	if strings.Count(lines[0], "table_test.go:") != 2 {
		t.Errorf("%q does not name both places", lines[0])
	}
}

func TestOverloadWins(t *testing.T) {
	which := ""
	mark := func(s string) Lowering {
		return func(*Call) ([]*ir.Value, error) { which = s; return nil, nil }
	}
	table := NewTable()
	table.Add("aten.add", mark("all"))
	table.Add("aten.add.Scalar", mark("overload"))
	for callee, want := range map[string]string{"aten.add.Tensor": "all", "aten.add.Scalar": "overload", "aten.add": "all"} {
		if _, err := table.Lookup(callee)(nil); err != nil {
			t.Fatal(err)
		}
		if which != want {
			t.Errorf("%s found the entry of %s, expected %s", callee, which, want)
		}
	}
	if table.Lookup("aten.addmm.default") != nil {
		t.Error("aten.addmm.default found an entry")
	}
}

// program is a function of one call, returned.
func program(callee string, result ir.Type, attrs ir.Attrs, operands ...ir.Type) (*ir.Module, *ir.Op) {
	f := &ir.Func{Name: "main"}
	var args []*ir.Value
	for i, o := range operands {
		args = append(args, f.AddParam(string(rune('a'+i)), o, ir.Input).Value)
	}
	loc := &ir.Loc{Stack: []ir.Frame{{File: "model.py", Line: 21}}, Path: "fc1", Class: "Linear"}
	call := ir.NewOp(torch.Call, append(ir.Attrs{ir.Set("callee", ir.String(callee))}, attrs...), []ir.Type{result}, args, nil, loc)
	call.Results[0].Name = "y"
	call.Results[0].Claims = []ir.Claim{{Tensor: "y"}}
	f.Append(call)
	f.Results = []*ir.Result{{Name: "y", Type: result}}
	f.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{call.Results[0]}, nil, loc))
	return &ir.Module{Name: "m", Funcs: []*ir.Func{f}}, call
}

func opNames(f *ir.Func) []string {
	var names []string
	for _, op := range f.Ops {
		names = append(names, op.Name())
	}
	return names
}

var (
	f16x2 = ir.StaticType(host.F16, 2)
	f32x2 = ir.StaticType(host.F32, 2)
	i64x2 = ir.StaticType(host.I64, 2)
)

func TestDecompose(t *testing.T) {
	attrs := ir.Attrs{ir.Set("self", ir.Ref(0)), ir.Set("other", ir.Ref(1)), ir.Set("alpha", ir.Int(2))}
	m, _ := program("aten.add.Tensor", f32x2, attrs, f32x2, i64x2)
	if err := Standard().Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	f := m.Funcs[0]
	if diff := cmp.Diff([]string{"tensor.cast", "core.constant", "tensor.mul", "tensor.add", "core.return"}, opNames(f)); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	y := f.Returns()[0]
	if y.Name != "y" || len(y.Claims) != 1 || y.Claims[0].Tensor != "y" {
		t.Errorf("the result has name %q and claims %v", y.Name, y.Claims)
	}
	if l := y.Def.Loc; l.Path != "fc1" || !slices.Equal(l.Via, []string{"decompose"}) {
		t.Errorf("the result is located at %v via %v", l, l.Via)
	}
}

func TestDecomposeKeeps(t *testing.T) {
	for _, keep := range []string{"aten.neg", "aten.neg.default"} {
		m, _ := program("aten.neg.default", f32x2, ir.Attrs{ir.Set("self", ir.Ref(0))}, f32x2)
		if err := Standard().Decompose(m, []string{keep}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"torch.call", "core.return"}, opNames(m.Funcs[0])); diff != "" {
			t.Errorf("keep=%s (-want +got):\n%s", keep, diff)
		}
	}
	m, _ := program("aten.neg.default", f32x2, ir.Attrs{ir.Set("self", ir.Ref(0))}, f32x2)
	err := Standard().Decompose(m, []string{"aten.linaer"})
	if err == nil || !strings.Contains(err.Error(), "did you mean aten.linear?") {
		t.Errorf("a misspelt name to keep gave %v", err)
	}
}

// A claim joins those of a value that is already there.
func TestDecomposeVanishing(t *testing.T) {
	m, _ := program("aten.detach.default", f32x2, ir.Attrs{ir.Set("self", ir.Ref(0))}, f32x2)
	f := m.Funcs[0]
	f.Params[0].Value.Claims = []ir.Claim{{Tensor: "a"}}
	if err := Standard().Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	v := f.Returns()[0]
	if v != f.Params[0].Value || v.Name != "a" {
		t.Fatalf("expected the parameter, found %%%s", v.Name)
	}
	if diff := cmp.Diff([]ir.Claim{{Tensor: "a"}, {Tensor: "y"}}, v.Claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
}

func TestUnknownTargets(t *testing.T) {
	m, _ := program("aten.sofmax.int", f32x2, ir.Attrs{ir.Set("self", ir.Ref(0))}, f32x2)
	f := m.Funcs[0]
	loc := &ir.Loc{Stack: []ir.Frame{{File: "attention.py", Line: 7}}}
	for range 4 {
		op := ir.NewOp(torch.Call, ir.Attrs{ir.Set("callee", ir.String("mylib.swiglu.default"))}, []ir.Type{f32x2}, []*ir.Value{f.Params[0].Value}, nil, loc)
		f.InsertBefore(f.Ops[0], op)
	}
	err := Standard().Decompose(m, nil)
	if err == nil {
		t.Fatal("expected an error")
	}
	want := `no lowering for 2 targets:
  mylib.swiglu.default, 4 calls
    attention.py:7 takes tensor<2xf32>
    attention.py:7 takes tensor<2xf32>
    attention.py:7 takes tensor<2xf32>
    and 1 more
  aten.sofmax.int, 1 call (did you mean aten.softmax?)
    model.py:21 in fc1 (Linear) takes tensor<2xf32>
Add a lowering (AddLowering("mylib.swiglu", fn) in Go), or save a program that has the operator's Python implementation instead:
program.run_decompositions({torch.ops.mylib.swiglu.default: fn}). decompose{keep=["mylib.swiglu"]} leaves the calls in a text that prints but does not run`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if len(f.Ops) != 6 {
		t.Errorf("the module has changed: %v", opNames(f))
	}
}

func TestLoweringErrors(t *testing.T) {
	neg := ir.Attrs{ir.Set("self", ir.Ref(0)), ir.Set("dim", ir.Float(1.5))}
	for _, tt := range []struct {
		name   string
		result ir.Type
		fn     Lowering
		want   string
	}{
		{"element type", f16x2, One(func(c *Call) *ir.Value { return c.Value("self") }),
			"my.op.default: the lowering gave f32 for result 0, the file states f16 (model.py:21 in fc1 (Linear))"},
		{"shape", ir.StaticType(host.F32, 3), One(func(c *Call) *ir.Value { return c.Value("self") }),
			"my.op.default: the lowering gave tensor<2xf32> for result 0, the file states tensor<3xf32>: dimension 0 differs (model.py:21 in fc1 (Linear))"},
		{"absent argument", f32x2, One(func(c *Call) *ir.Value { return c.Value("input") }),
			"my.op.default: the call has no argument input; it has self, dim (model.py:21 in fc1 (Linear))"},
		{"wrong kind", f32x2, One(func(c *Call) *ir.Value { c.Int("dim"); return nil }),
			"my.op.default: argument dim is 1.5, expected an integer (model.py:21 in fc1 (Linear))"},
		{"no value", f32x2, One(func(*Call) *ir.Value { return nil }),
			"my.op.default: the lowering gave no value for result 0 (model.py:21 in fc1 (Linear))"},
		{"operation", f32x2, One(func(c *Call) *ir.Value { return c.Add(c.Value("self"), c.Const(ir.Int(1), host.I64)) }),
			"my.op.default: tensor.add: operand 1 is i64, the first is f32: cast one of them (model.py:21 in fc1 (Linear))"},
		{"mistake", f32x2, One(func(c *Call) *ir.Value { return c.Op.Operands[c.Results()] }),
			"my.op.default: the lowering failed on these arguments: index out of range [1] with length 1 (model.py:21 in fc1 (Linear))"},
		{"count", f32x2, All(func(*Call) []*ir.Value { return nil }),
			"my.op.default: the lowering gave 0 values, the call has 1 results (model.py:21 in fc1 (Linear))"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := program("my.op.default", tt.result, neg, f32x2)
			table := NewTable()
			table.Add("my.op", tt.fn)
			err := table.Decompose(m, nil)
			if err == nil {
				t.Fatal("expected an error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"torch.call", "core.return"}, opNames(m.Funcs[0])); diff != "" {
				t.Errorf("the call was to stay (-want +got):\n%s", diff)
			}
			if uses := len(m.Funcs[0].Params[0].Value.Uses()); uses != 1 {
				t.Errorf("the parameter has %d uses, expected the call's", uses)
			}
		})
	}
}

// Sizes that are not known to be equal become a guard, and the file's type stays.
func TestUnknownSizes(t *testing.T) {
	a, b := ir.Sym("A"), ir.Sym("B")
	m, _ := program("my.op.default", ir.TensorOf(host.F32, b), ir.Attrs{ir.Set("self", ir.Ref(0))}, ir.TensorOf(host.F32, a), ir.TensorOf(host.F32, b))
	f := m.Funcs[0]
	f.AddDim(&ir.DimDecl{Name: "A", Min: 1, Max: 9})
	f.AddDim(&ir.DimDecl{Name: "B", Min: 1, Max: 9})
	table := NewTable()
	table.Add("my.op", One(func(c *Call) *ir.Value { return c.Neg(c.Value("self")) }))
	if err := table.Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if got := f.Returns()[0].Type; !got.Equal(ir.TensorOf(host.F32, b)) {
		t.Errorf("the result is %s", got)
	}
	if len(f.Guards) != 1 || f.Guards[0].String() != "A == B" {
		t.Errorf("guards are %v", f.Guards)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
}

func TestSweepsUnused(t *testing.T) {
	m, _ := program("my.op.default", f32x2, ir.Attrs{ir.Set("self", ir.Ref(0))}, f32x2)
	table := NewTable()
	table.Add("my.op", One(func(c *Call) *ir.Value {
		c.Neg(c.Neg(c.Value("self")))
		return c.One(tensor.Abs, nil, c.Value("self"))
	}))
	if err := table.Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tensor.abs", "core.return"}, opNames(m.Funcs[0])); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
}

// A mask beside another index becomes places, as many as a new symbol says.
func TestIndexPutMaskAndIndex(t *testing.T) {
	attrs := ir.Attrs{ir.Set("self", ir.Ref(0)), ir.Set("indices", ir.List{ir.Ref(1), ir.Ref(2)}), ir.Set("values", ir.Ref(3)), ir.Set("accumulate", ir.Bool(false))}
	x := ir.StaticType(host.F32, 3, 4)
	m, _ := program("aten.index_put.default", x, attrs, x, ir.StaticType(host.Bool, 3), ir.StaticType(host.I64, 1), ir.StaticType(host.F32))
	if err := Standard().Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	f := m.Funcs[0]
	if len(f.Dims) != 1 || !slices.Contains(opNames(f), "tensor.nonzero") || !slices.Contains(opNames(f), "tensor.index_put") {
		t.Errorf("found %d symbols and %v", len(f.Dims), opNames(f))
	}
}

// PyTorch saves the counts of bincount as of the type of the input.
func TestRestatedResult(t *testing.T) {
	attrs := ir.Attrs{ir.Set("self", ir.Ref(0)), ir.Set("weights", ir.None{}), ir.Set("minlength", ir.Int(0)), ir.Set("binds", ir.Dims{ir.Sym("u0")})}
	m, _ := program("aten.bincount.default", ir.TensorOf(host.U8, ir.Sym("u0")), attrs, ir.StaticType(host.U8, 3))
	m.Funcs[0].AddDim(&ir.DimDecl{Name: "u0", Max: ir.Unbounded})
	if err := Standard().Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	if e := m.Funcs[0].Results[0].Type.Elem; e != host.I64 {
		t.Errorf("the result is %s, want i64", e)
	}
}
