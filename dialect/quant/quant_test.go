package quant

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func build(def *ir.OpDef, attrs ir.Attrs, stated ir.Type, operands ...*ir.Type) (*ir.Op, error) {
	f := &ir.Func{Name: "main", Dims: []*ir.DimDecl{{Name: "S", Min: 1, Max: 64}}}
	values := make([]*ir.Value, len(operands))
	for i, t := range operands {
		if t != nil {
			values[i] = f.AddParam(fmt.Sprint("x", i), *t, ir.Input).Value
		}
	}
	return ir.Append(f, nil).BuildTyped(def, attrs, []ir.Type{stated}, values...)
}

func of(e host.Elem, shape ...int) *ir.Type {
	t := ir.StaticType(e, shape...)
	return &t
}

func TestInfer(t *testing.T) {
	s := ir.Sym("S")
	rows := ir.TensorOf(host.I4, s.Mul(ir.Const(32)), ir.Const(8))
	perBlock := ir.TensorOf(host.F16, s, ir.Const(1))
	range16 := ir.Attrs{ir.Set("low", ir.Int(-16)), ir.Set("high", ir.Int(7))}
	tests := []struct {
		def    *ir.OpDef
		attrs  ir.Attrs
		stated ir.Type
		in     []*ir.Type
		want   string // of the error; empty where there is none
	}{
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 2, 3)}, ""},
		{Dequantize, nil, rows.WithElem(host.F16), []*ir.Type{&rows, &perBlock}, ""},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 4, 1), nil, of(host.F32, 1, 1)}, ""},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 1, 1), of(host.I4, 4, 1)}, ""},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 3, 1)}, "dimension 0 of scale, tensor<3x1xf32>, must divide"},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 0, 1)}, "dimension 0 of scale"},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32)}, "scale is tensor<f32>, expected the rank of tensor<4x6xi4>"},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 2, 1), of(host.I8, 4, 1)}, "zero_point, tensor<4x1xi8>, must be 1 or 2 as in scale"},
		{Dequantize, nil, *of(host.I8, 4, 6), []*ir.Type{of(host.I4, 4, 6), of(host.F32, 1, 1)}, "expected a float type"},
		{Dequantize, nil, *of(host.F32, 4, 6), []*ir.Type{of(host.Bool, 4, 6), of(host.F32, 1, 1)}, "operand 0 (data)"},
		{Quantize, nil, *of(host.U4, 4, 6), []*ir.Type{of(host.F32, 4, 6), of(host.F32, 4, 1), of(host.U4, 4, 1)}, ""},
		{Quantize, nil, *of(host.F8E4M3, 4, 6), []*ir.Type{of(host.F32, 4, 6), of(host.F8E8M0, 4, 3)}, ""},
		{Quantize, nil, *of(host.I64, 4), []*ir.Type{of(host.F32, 4), of(host.F32, 1)}, "an integer type of at most 32 bits"},
		{Quantize, nil, *of(host.F16, 4), []*ir.Type{of(host.F32, 4), of(host.F32, 1)}, "an integer type of at most 32 bits"},
		{Quantize, nil, *of(host.F8E4M3, 4), []*ir.Type{of(host.F32, 4), of(host.F32, 1), of(host.I8, 1)}, "takes no zero_point"},
		{Quantize, range16, *of(host.I4, 4), []*ir.Type{of(host.F32, 4), of(host.F32, 1)}, "low and high are -16 and 7, expected a range inside -8..7 of i4"},
	}
	for _, tt := range tests {
		op, err := build(tt.def, tt.attrs, tt.stated, tt.in...)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.def.Name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s to %s: got %v, want %q", tt.def.Name, tt.stated, err, tt.want)
		case err == nil:
			if types, err := op.InferTypes(&ir.InferCtx{Func: op.Parent()}); err != nil || !types[0].Equal(tt.stated) {
				t.Errorf("%s: got %v, %v, want %s", tt.def.Name, types, err, tt.stated)
			}
		}
	}
	if _, err := ir.Append(&ir.Func{}, nil).Build(Dequantize, nil, (&ir.Func{}).AddParam("x", *of(host.I8), ir.Input).Value, (&ir.Func{}).AddParam("s", *of(host.F32), ir.Input).Value); err == nil {
		t.Error("built without a stated type")
	}
}

func values(t *testing.T, e host.Elem, shape []int, xs ...float64) *host.Tensor {
	t.Helper()
	wide, err := host.FromValues(host.F64, shape, xs)
	if err != nil {
		t.Fatal(err)
	}
	out := host.New(e, shape...)
	if err := host.Cast(host.Serial, out, wide); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRoundTrip quantizes and dequantizes numbers that the codes hold exactly, with all optional operands or none.
func TestRoundTrip(t *testing.T) {
	x := values(t, host.F32, []int{2, 4}, -3, -2, -1, 0, 1, 2, 3, 3.5)
	scale := values(t, host.F32, []int{2, 2}, 1, 1, 0.5, 0.5)
	zero := values(t, host.I8, []int{2, 1}, 2, -1)
	low := values(t, host.F32, []int{1, 1}, 0.5)
	for _, e := range []host.Elem{host.I4, host.I5, host.I8, host.I16, host.I32} {
		for _, params := range [][]*host.Tensor{{scale}, {scale, zero}, {scale, nil, low}, {scale, zero, low}} {
			in := append([]*host.Tensor{x}, params...)
			codes := run(t, Quantize, *of(e, 2, 4), in...)
			in[0] = codes
			got := run(t, Dequantize, *of(host.F32, 2, 4), in...)
			tol := host.Tolerance{}
			if len(params) == 3 || e == host.I4 { // 0.5 is half a step of the first row; i4 is too narrow for 3.5/0.5-(-1)
				tol.Abs = 0.5
			}
			if err := host.Near(got, x, tol); err != nil {
				t.Errorf("%s with %d parameters: %v", e, len(params), err)
			}
		}
	}
}

func run(t *testing.T, def *ir.OpDef, stated ir.Type, in ...*host.Tensor) *host.Tensor {
	t.Helper()
	types := make([]*ir.Type, len(in))
	for i, x := range in {
		if x != nil {
			typ := ir.TypeOf(x)
			types[i] = &typ
		}
	}
	op, err := build(def, nil, stated, types...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := def.Eval(&ir.EvalCtx{}, op, in)
	if err != nil {
		t.Fatal(err)
	}
	if !ir.TypeOf(out[0]).Equal(stated) {
		t.Fatalf("%s gives %s, expected %s", def.Name, out[0], stated)
	}
	return out[0]
}

func TestEvalError(t *testing.T) {
	op, err := build(Dequantize, nil, *of(host.F32, 4), of(host.I8, 4), of(host.F32, 2))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Dequantize.Eval(&ir.EvalCtx{}, op, []*host.Tensor{host.New(host.I8, 4), host.New(host.F32, 3)})
	if err == nil || err.Error() != "quant.dequantize: dimension 0 is 3, which does not divide 4" {
		t.Errorf("got %v", err)
	}
}
