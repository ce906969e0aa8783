package tensor

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

func TestInferLinalg(t *testing.T) {
	complete := ir.Attrs{ir.Set("complete", ir.Bool(true))}
	four, five := ir.Const(4), ir.Const(5)
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    []ir.Type
		want  string
	}{
		{MatMul, nil, []ir.Type{shaped(host.F16, symB, one, symS, four), shaped(host.F16, five, four, symS)}, "tensor<[B]x5x[S]x[S]xf16>"},
		{Inverse, nil, []ir.Type{shaped(host.F32, symB, symS, symS)}, "tensor<[B]x[S]x[S]xf32>"},
		{Solve, nil, []ir.Type{shaped(host.C64, four, four), shaped(host.C64, symB, four, five)}, "tensor<[B]x4x5xc64>"},
		{Det, nil, []ir.Type{shaped(host.F64, symB, four, four)}, "tensor<[B]xf64>"},
		{LU, nil, []ir.Type{shaped(host.F32, symB, four, five)}, "tensor<[B]x4x5xf32> tensor<[B]x4xi32> tensor<[B]xi32>"},
		{Permutation, ir.Attrs{ir.Set("n", ir.OfDim(symS))}, []ir.Type{shaped(host.I32, symB, four)}, "tensor<[B]x[S]xi64>"},
		{LDL, nil, []ir.Type{shaped(host.C64, symB, four, four)}, "tensor<[B]x4x4xc64> tensor<[B]x4xi32> tensor<[B]xi32>"},
		{SolveLDL, nil, []ir.Type{shaped(host.C64, symB, four, four), shaped(host.I32, symB, four), shaped(host.C64, symB, four, five)}, "tensor<[B]x4x5xc64>"},
		{Cholesky, nil, []ir.Type{shaped(host.F32, symB, four, four)}, "tensor<[B]x4x4xf32> tensor<[B]xi32>"},
		{QR, nil, []ir.Type{shaped(host.F32, five, four)}, "tensor<5x4xf32> tensor<4x4xf32>"},
		{QR, complete, []ir.Type{shaped(host.F32, five, four)}, "tensor<5x5xf32> tensor<5x4xf32>"},
		{Reflectors, nil, []ir.Type{shaped(host.C64, symB, four, five)}, "tensor<[B]x4x5xc64> tensor<[B]x4xc64>"},
		{MultiplyQ, nil, []ir.Type{shaped(host.F64, symB, five, four), shaped(host.F64, symB, four), shaped(host.F64, symB, five, symS)}, "tensor<[B]x5x[S]xf64>"},
		{SVD, ir.Attrs{ir.Set("full", ir.Bool(true))}, []ir.Type{shaped(host.C64, four, five)}, "tensor<4x4xc64> tensor<4xf32> tensor<5x5xc64>"},
		{Eigh, nil, []ir.Type{shaped(host.C128, symB, four, four)}, "tensor<[B]x4xf64> tensor<[B]x4x4xc128>"},
		{Eig, nil, []ir.Type{shaped(host.F32, symB, four, four)}, "tensor<[B]x4xc64> tensor<[B]x4x4xc64>"},
		{SVD, nil, []ir.Type{shaped(host.F32, symB, four, five)}, "tensor<[B]x4x4xf32> tensor<[B]x4xf32> tensor<[B]x4x5xf32>"},
		{Eigh, nil, []ir.Type{shaped(host.F32, symB, four, four)}, "tensor<[B]x4xf32> tensor<[B]x4x4xf32>"},
		{FFT, axes(0, 1), []ir.Type{shaped(host.C64, symB, symS)}, "tensor<[B]x[S]xc64>"},
	} {
		op, err := build(c.def, c.attrs, nil, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.def.Name, err)
			continue
		}
		var got []string
		for _, r := range op.Results {
			got = append(got, r.Type.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.def.Name, diff)
		}
	}
}

func TestInferLinalgErrors(t *testing.T) {
	f32, vec, four := static(host.F32, 2, 3), static(host.F32, 3), ir.Const(4)
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    []ir.Type
		want  string
	}{
		{MatMul, nil, []ir.Type{f32, vec}, "at least two axes"},
		{MatMul, nil, []ir.Type{f32, f32}, "inner sizes differ"},
		{MatMul, nil, []ir.Type{f32, static(host.F16, 3, 2)}, "cast"},
		{MatMul, nil, []ir.Type{static(host.F32, 2, 2, 3), static(host.F32, 4, 3, 2)}, "leading axes"},
		{Inverse, nil, []ir.Type{f32}, "square"},
		{Inverse, nil, []ir.Type{vec}, "square"},
		{Inverse, nil, []ir.Type{static(host.I64, 2, 2)}, "expected a float or complex type"},
		{Solve, nil, []ir.Type{static(host.F32, 2, 2), vec}, "expected matrices"},
		{Solve, nil, []ir.Type{static(host.F32, 2, 2), static(host.F32, 3, 1)}, "numbers of rows differ"},
		{SolveTriangular, nil, []ir.Type{static(host.F32, 2, 2), static(host.F64, 2, 1)}, "cast"},
		{Det, nil, []ir.Type{f32}, "square"},
		{LU, nil, []ir.Type{vec}, "expected matrices"},
		{QR, nil, []ir.Type{static(host.I64, 2, 2)}, "expected a float or complex type"},
		{LDL, nil, []ir.Type{f32}, "square"},
		{Permutation, ir.Attrs{ir.Set("n", ir.OfDim(four))}, []ir.Type{static(host.I32)}, "at least one axis"},
		{SolveLDL, nil, []ir.Type{static(host.F32, 2, 2), static(host.I32, 2), f32.WithElem(host.F64)}, "cast"},
		{SolveLDL, nil, []ir.Type{static(host.F32, 2, 2), static(host.I32, 3), f32}, "numbers of rows differ"},
		{SolveLDL, nil, []ir.Type{static(host.F32, 4, 2, 2), static(host.I32, 3, 2), static(host.F32, 4, 2, 1)}, "axis 0"},
		{MultiplyQ, nil, []ir.Type{f32, static(host.F32, 3), f32}, "more factors"},
		{MultiplyQ, nil, []ir.Type{f32, static(host.F32, 1, 2), f32}, "leading axes differ"},
		{MultiplyQ, nil, []ir.Type{f32, static(host.F32, 2), static(host.F32, 3, 3)}, "numbers of rows differ"},
		{Eigh, nil, []ir.Type{f32}, "square"},
		{FFT, axes(2), []ir.Type{static(host.C64, 2, 3)}, "outside"},
		{FFT, axes(0, 0), []ir.Type{static(host.C64, 2, 3)}, "twice"},
	} {
		op, err := build(c.def, c.attrs, nil, c.in...)
		if err == nil {
			t.Errorf("%s: found %s, want an error with %q", c.def.Name, op.Result().Type, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found the error %q, want %q in it", c.def.Name, err, c.want)
		}
	}
}
