package lower

import (
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func of(e host.Elem, rank int) operand {
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 2
	}
	return operand{value: &ir.Value{Type: ir.StaticType(e, shape...)}}
}

func number(a ir.Attr) operand { return operand{number: a} }

// The expected types are those of torch.result_type in PyTorch 2.11.
func TestPromote(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b operand
		want host.Elem
	}{
		{"equal", of(host.F16, 2), of(host.F16, 1), host.F16},
		{"integer with float", of(host.I64, 1), of(host.F16, 1), host.F16},
		{"f16 with bf16", of(host.F16, 1), of(host.BF16, 1), host.F32},
		{"f32 with f64", of(host.F32, 1), of(host.F64, 1), host.F64},
		{"bool with u8", of(host.Bool, 1), of(host.U8, 1), host.U8},
		{"u8 with i8", of(host.U8, 1), of(host.I8, 1), host.I16},
		{"i16 with u8", of(host.I16, 1), of(host.U8, 1), host.I16},
		{"i32 with i64", of(host.I32, 1), of(host.I64, 1), host.I64},
		{"rank 0 does not widen", of(host.F16, 1), of(host.F64, 0), host.F16},
		{"rank 0 of a higher kind", of(host.I32, 1), of(host.F64, 0), host.F64},
		{"rank 0 integer does not widen", of(host.I8, 1), of(host.I64, 0), host.I8},
		{"two of rank 0", of(host.F16, 0), of(host.F64, 0), host.F64},
		{"float number with f16", of(host.F16, 1), number(ir.Float(0.1)), host.F16},
		{"float number with integers", of(host.I64, 1), number(ir.Float(0.1)), host.F32},
		{"integer number with i8", of(host.I8, 1), number(ir.Int(1000)), host.I8},
		{"integer number with bool", of(host.Bool, 1), number(ir.Int(1)), host.I64},
		{"bool number with i32", of(host.I32, 1), number(ir.Bool(true)), host.I32},
		{"complex number with f64", of(host.F64, 1), number(ir.Complex(1i)), host.C128},
		{"complex number with integers", of(host.I32, 1), number(ir.Complex(1i)), host.C64},
		{"c64 with f64", of(host.C64, 1), of(host.F64, 1), host.C128},
		{"float number with rank 0", of(host.I64, 0), number(ir.Float(2)), host.F32},
	} {
		if got := promote(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: found %s, expected %s", tt.name, got, tt.want)
		}
		if got := promote(tt.b, tt.a); got != tt.want {
			t.Errorf("%s, exchanged: found %s, expected %s", tt.name, got, tt.want)
		}
	}
}

// PyTorch multiplies f16 by a number in f32 and rounds once; only a number that f16 holds exactly needs no detour.
func TestNarrowScalars(t *testing.T) {
	for _, tt := range []struct {
		n    float64
		want []string
	}{
		{0.5, []string{"core.constant", "tensor.mul", "core.return"}},
		{0.1, []string{"tensor.cast", "core.constant", "tensor.mul", "tensor.cast", "core.return"}},
	} {
		m, _ := program("aten.mul.Tensor", f16x2, ir.Attrs{ir.Set("self", ir.Ref(0)), ir.Set("other", ir.Float(tt.n))}, f16x2)
		if err := Standard().Decompose(m, nil); err != nil {
			t.Fatal(err)
		}
		got := opNames(m.Funcs[0])
		if len(got) != len(tt.want) {
			t.Errorf("%v: found %v, expected %v", tt.n, got, tt.want)
		}
	}
}
