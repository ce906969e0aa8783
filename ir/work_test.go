package ir

import (
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestMultiplyAdds counts in bodies and in functions that are called, and ends where functions call each other.
func TestMultiplyAdds(t *testing.T) {
	typ := TensorOf(host.F32, Sym("S"), Const(3))
	infer := func(*InferCtx, *Op) ([]Type, error) { return []Type{typ}, nil }
	work := &OpDef{Name: "my.work", Operands: []Arg{In("x", AnyElem)}, Results: []Arg{Out("y", AnyElem)}, Infer: infer,
		Work: func(op *Op) Dim { return op.In(0).NumElements() }}
	call := &OpDef{Name: "my.call", Results: []Arg{Out("y", AnyElem)}, Infer: infer, Attrs: []AttrDef{Require("callee", KindSymbol, "")}}
	around := &OpDef{Name: "my.around", Results: []Arg{Out("y", AnyElem)}, Infer: infer, Bodies: []BodyDef{{Name: "do"}}}
	m := &Module{}
	add := func(name string) *Func {
		f := &Func{Name: name, Dims: []*DimDecl{{Name: "S", Min: 1, Max: 9}}}
		m.Funcs = append(m.Funcs, f)
		return f
	}
	leaf, main, a, b := add("leaf"), add("main"), add("a"), add("b")
	build := func(f *Func, def *OpDef, attrs Attrs, bodies []*Func, operands ...*Value) {
		t.Helper()
		if _, err := Append(f, nil).BuildWith(def, attrs, nil, bodies, operands...); err != nil {
			t.Fatal(err)
		}
	}
	build(leaf, work, nil, nil, leaf.AddParam("x", typ, Input).Value)
	body := &Func{Name: "do"}
	build(body, work, nil, nil, body.AddParam("x", typ, Input).Value)
	build(main, around, nil, []*Func{body})
	for range 2 {
		build(main, call, Attrs{Set("callee", Symbol("leaf"))}, nil)
	}
	build(a, call, Attrs{Set("callee", Symbol("b"))}, nil)
	build(b, call, Attrs{Set("callee", Symbol("a"))}, nil)
	for f, want := range map[*Func]string{leaf: "3*S", main: "9*S", a: "0"} {
		if got := m.MultiplyAdds(f); got.String() != want {
			t.Errorf("@%s: got %s, want %s", f.Name, got, want)
		}
	}
}
