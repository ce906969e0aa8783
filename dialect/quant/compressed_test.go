package quant

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func TestInferCompressed(t *testing.T) {
	s := ir.Sym("S")
	rows := ir.TensorOf(host.U4, s.Mul(ir.Const(8)), ir.Const(6))
	perBlock := ir.TensorOf(host.F16, s, ir.Const(1), ir.Const(16), ir.Const(1))
	axis := func(n int64) ir.Attrs { return ir.Attrs{ir.Set("axis", ir.Int(n))} }
	tests := []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    []*ir.Type
		want  string // the result, or the error behind "error: "
	}{
		{Lookup, nil, []*ir.Type{of(host.U4, 8, 6), of(host.F32, 2, 3, 16, 1)}, "tensor<8x6xf32>"},
		{Lookup, nil, []*ir.Type{&rows, &perBlock}, "tensor<[8*S]x6xf16>"},
		{Lookup, axis(1), []*ir.Type{&rows, of(host.I8, 1, 1, 4, 2)}, "tensor<[8*S]x12xi8>"},
		{Lookup, axis(0), []*ir.Type{&rows, of(host.I8, 1, 1, 4, 2)}, "tensor<[16*S]x6xi8>"},
		{Lookup, axis(2), []*ir.Type{of(host.U4, 8, 6), of(host.F32, 1, 1, 16, 1)}, "error: axis 2 is outside tensor<8x6xu4>"},
		{Lookup, nil, []*ir.Type{of(host.U4, 8, 6), of(host.F32, 1, 16, 1)}, "error: lut is tensor<1x16x1xf32>, expected two axes more"},
		{Lookup, nil, []*ir.Type{of(host.U4, 8, 6), of(host.F32, 3, 1, 16, 1)}, "error: dimension 0 of lut, tensor<3x1x16x1xf32>, must divide"},
		{Lookup, nil, []*ir.Type{of(host.F32, 8), of(host.F32, 1, 16, 1)}, "error: operand 0 (indices)"},
		{SparseToDense, nil, []*ir.Type{of(host.I4, 7), of(host.Bool, 3, 4)}, "tensor<3x4xi4>"},
		{SparseToDense, nil, []*ir.Type{of(host.F16, 7), of(host.U1, 3, 4)}, "tensor<3x4xf16>"},
		{SparseToDense, nil, []*ir.Type{of(host.F16, 7, 1), of(host.U1, 3, 4)}, "error: values is tensor<7x1xf16>, expected rank 1"},
		{SparseToDense, nil, []*ir.Type{of(host.F16, 7), of(host.F16, 3, 4)}, "error: mask is tensor<3x4xf16>, expected bool or integers"},
	}
	for _, tt := range tests {
		f := &ir.Func{Name: "main", Dims: []*ir.DimDecl{{Name: "S", Min: 1, Max: 64}}}
		var operands []*ir.Value
		for _, typ := range tt.in {
			operands = append(operands, f.AddParam("x", *typ, ir.Input).Value)
		}
		op, err := ir.Append(f, nil).Build(tt.def, tt.attrs, operands...)
		want, fails := strings.CutPrefix(tt.want, "error: ")
		switch {
		case fails != (err != nil), fails && !strings.Contains(err.Error(), want):
			t.Errorf("%s of %s and %s: got %v, want %q", tt.def.Name, tt.in[0], tt.in[1], err, tt.want)
		case !fails && op.Result().Type.String() != want:
			t.Errorf("%s of %s and %s: got %s, want %s", tt.def.Name, tt.in[0], tt.in[1], op.Result().Type, want)
		}
	}
}
