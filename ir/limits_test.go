package ir

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

func TestAddGuard(t *testing.T) {
	f := &Func{Dims: []*DimDecl{{Name: "S", Min: 2, Max: Unbounded}}}
	if err := f.AddGuard(mustGuard(t, "S <= 1")); !errors.Is(err, ErrNoSizes) || len(f.Guards) != 0 {
		t.Errorf("found the error %v and %d guards, expected ErrNoSizes and none", err, len(f.Guards))
	}
	for i := range MaxGuards {
		if err := f.AddGuard(mustGuard(t, fmt.Sprintf("S != %d", i+10))); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.AddGuard(mustGuard(t, "S != 10")); err != nil {
		t.Errorf("a guard that is there: %v", err)
	}
	if err := f.AddGuard(mustGuard(t, "S != 5")); err == nil || !strings.Contains(err.Error(), "more than 512 conditions") {
		t.Errorf("one guard more: %v", err)
	}
}

// TestBuildChecksResults: what inference says of a result is no type, or none that the stated one can be.
func TestBuildChecksResults(t *testing.T) {
	s := Sym("S")
	def := &OpDef{Name: "my.op", Operands: []Arg{In("x", AnyElem)}, Results: []Arg{Out("y", AnyElem)},
		Infer: func(_ *InferCtx, op *Op) ([]Type, error) {
			return []Type{op.In(0).WithShape(op.In(0).Shape[0].Mul(Const(1 << 30)))}, nil
		}}
	for _, test := range []struct {
		name       string
		x          Dim
		stated     Type
		errorParts string // empty where the operation is built
	}{
		{"equal", Const(1), TensorOf(host.F32, Const(1<<30)), ""},
		{"not known", s, TensorOf(host.F32, Const(1<<31)), ""},
		{"other size", Const(1), TensorOf(host.F32, Const(2)), "is stated to be tensor<2xf32>, inference gives tensor<1073741824xf32>"},
		{"other type", Const(1), TensorOf(host.F16, Const(1<<30)), "is stated to be tensor<1073741824xf16>"},
		{"no size", Const(1 << 40), TensorOf(host.F32, Const(2)), "dimension out of range"},
	} {
		f := &Func{Name: "main", Dims: []*DimDecl{{Name: "S", Min: 0, Max: Unbounded}}}
		x := f.AddParam("x", TensorOf(host.F32, test.x), Input)
		_, err := Append(f, Unknown).Typed(def, nil, test.stated, x.Value)
		if (err == nil) != (test.errorParts == "") || err != nil && !strings.Contains(err.Error(), test.errorParts) {
			t.Errorf("%s: found the error %v, expected %q", test.name, err, test.errorParts)
		}
	}
}
