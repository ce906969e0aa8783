package ir

import (
	"regexp"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// The operations of the modules below: neg, a return, and one with a body.
var (
	testNeg    = &OpDef{Name: "t.neg", Operands: []Arg{In("x", AnyElem)}, Results: []Arg{Out("y", AnyElem)}, Traits: Typed}
	testRun    = &OpDef{Name: "t.run", Operands: []Arg{Many("x", AnyElem)}, Results: []Arg{Many("y", AnyElem)}, Bodies: []BodyDef{{Name: "do"}}, Traits: Typed}
	testFind   = &OpDef{Name: "t.find", Results: []Arg{Out("y", AnyElem)}, Attrs: []AttrDef{Default("binds", KindNames, None{}, "")}, Traits: Typed}
	testReturn = &OpDef{Name: "t.return", Operands: []Arg{Many("x", AnyElem)}, Traits: Terminator | Typed}
)

// testModule is @main(%x) { %a = neg(%x); %b = neg(%a); return %b }.
func testModule() *Module {
	t := StaticType(host.F32, 2)
	f := &Func{Name: "main", Results: []*Result{{Name: "b", Type: t}}}
	v := f.AddParam("x", t, Input).Value
	for _, name := range []string{"a", "b"} {
		op := NewOp(testNeg, nil, []Type{t}, []*Value{v}, nil, Unknown)
		v = op.Result()
		v.Name = name
		f.Append(op)
	}
	f.Append(NewOp(testReturn, nil, nil, []*Value{v}, nil, Unknown))
	return &Module{Funcs: []*Func{f}}
}

// TestVerifyStructure breaks what a text cannot say.
func TestVerifyStructure(t *testing.T) {
	if err := Verify(testModule()); err != nil {
		t.Fatal(err)
	}
	vector := TensorOf(host.F32, Sym("Q"))
	resource := func(r Resource) func(*Module) {
		return func(m *Module) {
			r.Name = "w"
			m.Resources = append(m.Resources, &r)
		}
	}
	bytes := &Source{Size: 24, File: "m.pt2", Entry: "w"}
	for name, c := range map[string]struct {
		breaks func(m *Module)
		want   string
	}{
		"a parameter of less than nothing": {func(m *Module) {
			m.Funcs[0].Params[0].Value.Type = StaticType(host.F32, 2, -1)
		}, `parameter %x: tensor<2x-1xf32> has a negative dimension 1`},
		"a result of less than nothing": {func(m *Module) {
			m.Funcs[0].Ops[0].Result().Type = TensorOf(host.F32, Const(-296), Const(4))
		}, `t.neg: tensor<-296x4xf32> has a negative dimension 0`},
		"a use too many": {func(m *Module) {
			x, b := m.Funcs[0].Params[0].Value, m.Funcs[0].Ops[1]
			x.uses = append(x.uses, Use{b, 0})
		}, `value %x records a use that is not there, or one twice`},
		"a use twice": {func(m *Module) {
			x := m.Funcs[0].Params[0].Value
			x.uses = append(x.uses, x.uses[0])
		}, `value %x records a use that is not there, or one twice`},
		"the right number of wrong uses": {func(m *Module) {
			x, b := m.Funcs[0].Params[0].Value, m.Funcs[0].Ops[1]
			x.uses[0] = Use{b, 0}
		}, `value %x records a use that is not there, or one twice
@main: t.neg: operand 0 \(%x\) is no recorded use of its value`},
		"a use too few": {func(m *Module) {
			m.Funcs[0].Params[0].Value.uses = nil
		}, `^@main: t.neg: operand 0 \(%x\) is no recorded use of its value$`},
		"an operation of another list": {func(m *Module) {
			m.Funcs[0].Ops[0].parent = &Func{}
		}, `t.neg: belongs to another function's list`},
		"a result of another operation": {func(m *Module) {
			m.Funcs[0].Ops[0].Results[0].Index = 1
		}, `t.neg: result 0 does not know its operation`},
		"a body of another operation": {func(m *Module) {
			body := &Func{Name: "do"}
			body.Append(NewOp(testReturn, nil, nil, nil, nil, Unknown))
			f := m.Funcs[0]
			op := NewOp(testRun, nil, nil, nil, []*Func{body}, Unknown)
			f.InsertBefore(f.Ops[0], op)
			body.owner = f.Ops[1]
		}, `^@main: t.run: body do does not know its operation$`},
		"use before definition": {func(m *Module) {
			f := m.Funcs[0]
			f.Ops[0], f.Ops[1] = f.Ops[1], f.Ops[0]
		}, `t.neg: operand 0 \(%a\) is not defined before its use`},
		"no end": {func(m *Module) {
			f := m.Funcs[0]
			f.Erase(f.Ops[2])
		}, `t.neg: is the last operation; a function ends with core.return`},
		"an undeclared symbol": {func(m *Module) {
			m.Funcs[0].AddParam("q", vector, Input)
		}, `parameter %q: uses the symbol Q, which the function does not declare`},
		"binding an undeclared symbol": {func(m *Module) {
			f := m.Funcs[0]
			f.InsertBefore(f.Ops[0], NewOp(testFind, Attrs{Set("binds", Dims{Sym("Q")})}, []Type{StaticType(host.I64)}, nil, nil, Unknown))
		}, "^@main: t.find: binds Q, which its function does not declare; add `dim Q in 0..`$"},
		"an empty range": {func(m *Module) {
			m.Funcs[0].AddParam("q", vector, Input)
			m.Funcs[0].AddDim(&DimDecl{Name: "Q", Min: 3, Max: 2})
		}, `dim Q: has the empty range 3..2`},
		"two declarations": {func(m *Module) {
			m.Funcs[0].AddParam("q", vector, Input)
			m.Funcs[0].AddDim(&DimDecl{Name: "Q", Max: 2})
			m.Funcs[0].AddDim(&DimDecl{Name: "Q", Max: 2})
		}, `dim Q: is declared twice`},
		"an undeclared state": {func(m *Module) {
			m.Funcs[0].AddParam("s", StaticType(host.F32), StateIn).State = "s"
		}, `parameter %s: is the state @s, which the module does not declare`},
		"an update of nothing": {func(m *Module) {
			r := m.Funcs[0].Results[0]
			r.Role, r.Target = Update, "y"
		}, `result %b: updates the input %y, which is no parameter of the function`},
		"an update of no state": {func(m *Module) {
			r := m.Funcs[0].Results[0]
			r.Role, r.Target, r.State = Update, "x", true
		}, `result %b: updates the state @x, which is no parameter of the function`},
		"a result type": {func(m *Module) {
			m.Funcs[0].Results[0].Type = StaticType(host.F32, 3)
		}, `result %b: is declared tensor<3xf32>, core.return gives tensor<2xf32>`},
		"two functions of one name": {func(m *Module) {
			m.Funcs = append(m.Funcs, testModule().Funcs[0])
		}, `function @main: the name is taken by a function`},
		"strides":         {resource(Resource{Type: StaticType(host.F32, 2, 3), Source: bytes, Strides: []int64{1}}), `resource @w: found 1 strides for 2 dimensions`},
		"negative stride": {resource(Resource{Type: StaticType(host.F32, 2, 3), Source: bytes, Strides: []int64{-3, 1}}), `resource @w: stride -3 of dimension 0 is negative`},
		"negative offset": {resource(Resource{Type: StaticType(host.F32, 2, 3), Source: bytes, Offset: -1, Strides: []int64{3, 1}}), `resource @w: .* does not lie within its source of 6 elements`},
		"open size":       {resource(Resource{Type: vector, Source: bytes}), `resource @w: has the symbolic type tensor<\[Q\]xf32>`},
		"no source":       {resource(Resource{Type: StaticType(host.F32)}), `resource @w: has no source`},
	} {
		m := testModule()
		c.breaks(m)
		err := Verify(m)
		if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
			t.Errorf("%s: found %v, expected %s", name, err, c.want)
		}
	}
}

// TestFreshResourceName holds new names apart from all that a symbol can name.
func TestFreshResourceName(t *testing.T) {
	m := testModule()
	m.States = []*State{{Name: "main_1"}}
	m.Resources = []*Resource{{Name: "main_2"}, {Name: "w"}}
	for wish, want := range map[string]string{"main": "main_3", "w": "w_1", "v": "v"} {
		if got := m.FreshResourceName(wish); got != want {
			t.Errorf("%s: found %s, expected %s", wish, got, want)
		}
	}
}

// TestExpandedReturns holds the end of an expanded operation to the definition given.
func TestExpandedReturns(t *testing.T) {
	m := testModule()
	twice := *testNeg
	twice.Expand = func(b *Builder, op *Op) ([]*Value, error) {
		v, err := b.Typed(testNeg, nil, op.In(0), op.Operands[0])
		return []*Value{v}, err
	}
	op := m.Funcs[0].Ops[0]
	op.Def = &twice
	body, err := Expanded(op, testReturn)
	if err != nil {
		t.Fatal(err)
	}
	if len(body.Ops) != 2 || !body.Ops[0].Is(testNeg) || !body.Terminator().Is(testReturn) {
		t.Errorf("found %d operations that end in %s", len(body.Ops), body.Ops[len(body.Ops)-1].Name())
	}
}
