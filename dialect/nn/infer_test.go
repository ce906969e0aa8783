package nn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

// build makes one operation in a function with the symbols B and S; stated may be nil, and so may operands' types.
func build(def *ir.OpDef, named ir.Attrs, stated *ir.Type, operands ...*ir.Type) (*ir.Op, error) {
	f := newFunc()
	values := make([]*ir.Value, len(operands))
	for i, t := range operands {
		if t != nil {
			values[i] = f.AddParam(fmt.Sprint("x", i), *t, ir.Input).Value
		}
	}
	if stated != nil {
		return ir.Append(f, nil).BuildTyped(def, named, []ir.Type{*stated}, values...)
	}
	return ir.Append(f, nil).Build(def, named, values...)
}

// shaped is an f32 type; sizes are ints, or dims as text.
func shaped(sizes ...any) *ir.Type { return of(host.F32, sizes...) }

func of(e host.Elem, sizes ...any) *ir.Type {
	t := ir.TensorOf(e)
	for _, s := range sizes {
		switch s := s.(type) {
		case int:
			t.Shape = append(t.Shape, ir.Const(int64(s)))
		case string:
			d, err := ir.ParseDim(s)
			if err != nil {
				panic(err)
			}
			t.Shape = append(t.Shape, d)
		}
	}
	return &t
}

func ints(name string, n ...int) ir.Named { return ir.Set(name, ir.OfInts(n...)) }

func TestInfer(t *testing.T) {
	yes, eps := ir.Bool(true), ir.Set("eps", ir.Float(1e-5))
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    []*ir.Type
		want  string
	}{
		{Linear, nil, []*ir.Type{shaped("B", "S", 4), shaped(3, 4), shaped(3)}, "tensor<[B]x[S]x3xf32>"},
		{Linear, nil, []*ir.Type{shaped(4), shaped("S", 4)}, "tensor<[S]xf32>"},
		{Embedding, nil, []*ir.Type{of(host.F16, 10, 4), of(host.I32, "B", "S")}, "tensor<[B]x[S]x4xf16>"},
		{GroupedMatMul, nil, []*ir.Type{shaped("S", 4), shaped(3, 4, 5), of(host.I32, 3)}, "tensor<[S]x5xf32>"},
		{Conv, nil, []*ir.Type{shaped("B", 3, "S"), shaped(8, 3, 3)}, "tensor<[B]x8x[S-2]xf32>"},
		{Conv, attrs(ints("stride", 2, 2), ints("low", 1, 1), ints("high", 1, 1)), []*ir.Type{shaped("B", 3, "2*S", "2*S+1"), shaped(8, 3, 3, 3), shaped(8)}, "tensor<[B]x8x[S]x[S+1]xf32>"},
		{Conv, attrs(ir.Set("channels_last", yes), ints("dilation", 2), ir.Set("groups", ir.Int(3))), []*ir.Type{shaped("B", "S", 3), shaped(6, 1, 2)}, "tensor<[B]x[S-2]x6xf32>"},
		{ConvTranspose, attrs(ints("stride", 2), ints("padding", 1), ints("output_padding", 1)), []*ir.Type{shaped("B", 4, "S"), shaped(4, 3, 3)}, "tensor<[B]x3x[2*S]xf32>"},
		{SDPA, nil, []*ir.Type{shaped("B", 8, "S", 16), shaped("B", 2, "S", 16), shaped("B", 2, "S", 4), of(host.Bool, "S", "S")}, "tensor<[B]x8x[S]x4xf32>"},
		{SDPA, nil, []*ir.Type{shaped("S", 16), shaped(5, 16), shaped(5, 4)}, "tensor<[S]x4xf32>"},
		{Rope, nil, []*ir.Type{shaped("B", 8, "S", 16), shaped("S", 16), shaped(1, 1, "S", 16)}, "tensor<[B]x8x[S]x16xf32>"},
		{MaxPool, attrs(ints("kernel", 3, 3), ints("stride", 2, 2), ints("low", 1, 1), ints("high", 1, 1)), []*ir.Type{shaped("B", 4, 112, "2*S")}, "tensor<[B]x4x56x[S]xf32> tensor<[B]x4x56x[S]xi64>"},
		{MaxPool, attrs(ints("kernel", 2), ir.Set("ceil_mode", yes)), []*ir.Type{shaped(4, 7)}, "tensor<4x4xf32> tensor<4x4xi64>"},
		{AvgPool, attrs(ints("kernel", 2)), []*ir.Type{shaped(4, "2*S")}, "tensor<4x[S]xf32>"},
		{AdaptiveAvgPool, attrs(ints("output", 1, 1)), []*ir.Type{shaped("B", 4, "S", "S")}, "tensor<[B]x4x1x1xf32>"},
		{AdaptiveMaxPool, attrs(ir.Set("output", ir.OfDims(ir.Sym("S")))), []*ir.Type{shaped("B", 8)}, "tensor<[B]x[S]xf32> tensor<[B]x[S]xi64>"},
		{GridSample, nil, []*ir.Type{shaped("B", 3, 4, 5), shaped("B", "S", 7, 2)}, "tensor<[B]x3x[S]x7xf32>"},
		{LSTM, nil, []*ir.Type{shaped("S", "B", 4), shaped("B", 3), shaped("B", 3), shaped(12, 4), shaped(12, 3), nil, shaped(12)}, "tensor<[S]x[B]x3xf32> tensor<[B]x3xf32> tensor<[B]x3xf32>"},
		{GRU, nil, []*ir.Type{shaped("S", "B", 4), shaped("B", 3), shaped(9, 4), shaped(9, 3), shaped(9), shaped(9)}, "tensor<[S]x[B]x3xf32> tensor<[B]x3xf32>"},
		{RNN, nil, []*ir.Type{shaped("S", "B", 4), shaped("B", 3), shaped(3, 4), shaped(3, 3)}, "tensor<[S]x[B]x3xf32> tensor<[B]x3xf32>"},
		{BatchNorm, attrs(eps), []*ir.Type{shaped("B", 4, "S"), shaped(4), shaped(4), nil, shaped(4)}, "tensor<[B]x4x[S]xf32>"},
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
		if guards := op.Parent().Guards; len(guards) > 0 {
			t.Errorf("%s needs the guards %v", c.def.Name, guards)
		}
	}
}

func TestInferErrors(t *testing.T) {
	x4, w4, vec := shaped(1, 4, 8, 8), shaped(6, 4, 3, 3), shaped(5)
	eps := ir.Set("eps", ir.Float(1e-5))
	str := func(name, value string) ir.Named { return ir.Set(name, ir.String(value)) }
	type in = []*ir.Type
	for _, c := range []struct {
		def   *ir.OpDef
		attrs ir.Attrs
		in    in
		want  string
	}{
		{Linear, nil, in{shaped(), shaped(3, 4)}, "at least one axis"},
		{Linear, nil, in{shaped(2, 4), shaped(3, 5)}, "inner sizes differ"},
		{Linear, nil, in{shaped(2, 4), vec}, "expected 2 axes"},
		{Linear, nil, in{shaped(2, 4), shaped(3, 4), shaped(4)}, "bias is tensor<4xf32>, expected tensor<3xf32>"},
		{Linear, nil, in{shaped(2, 4), of(host.F16, 3, 4)}, "cast"},
		{Embedding, nil, in{vec, of(host.I64)}, "expected 2 axes"},
		{Embedding, nil, in{shaped(2, 3), vec}, "expected i32 or i64"},
		{GroupedMatMul, nil, in{shaped(2, 4), shaped(3, 5, 6), of(host.I32, 3)}, "expected tensor<3x4x6xf32>"},
		{GroupedMatMul, nil, in{shaped(2, 4), shaped(3, 4, 6), of(host.I32, 2)}, "offsets"},
		{Conv, nil, in{vec, vec}, "expected 3 to 5 axes"},
		{Conv, nil, in{x4, shaped(6, 4, 3)}, "expected 4 axes"},
		{Conv, nil, in{x4, shaped(6, 3, 3, 3)}, "do not fit the channels"},
		{Conv, attrs(ints("stride", 1)), in{x4, w4}, "expected 2 integers"},
		{Conv, attrs(ints("stride", 0, 1)), in{x4, w4}, "no number below 1"},
		{Conv, attrs(ints("low", -1, 1)), in{x4, w4}, "no number below 0"},
		{Conv, attrs(ints("dilation", 1, 1<<41)), in{x4, w4}, "2^40"},
		{Conv, attrs(ir.Set("groups", ir.Int(0))), in{x4, w4}, "groups is 0"},
		{Conv, attrs(ir.Set("groups", ir.Int(4))), in{x4, shaped(6, 1, 3, 3)}, "no multiple of the 4 groups"},
		{Conv, nil, in{x4, shaped(6, 4, 9, 3)}, "size 0"},
		{Conv, nil, in{x4, w4, vec}, "bias"},
		{ConvTranspose, nil, in{x4, w4}, "channels differ"},
		{ConvTranspose, attrs(ints("padding", 9, 9)), in{x4, shaped(4, 4, 3, 3)}, "size -8"},
		{ConvTranspose, attrs(ir.Set("groups", ir.Int(3))), in{x4, shaped(4, 2, 3, 3)}, "no multiple"},
		{SDPA, nil, in{vec, vec, vec}, "same number of axes"},
		{SDPA, nil, in{shaped(2, 3, 4), shaped(2, 3, 5), shaped(2, 3, 4)}, "last sizes differ"},
		{SDPA, nil, in{shaped(2, 3, 4), shaped(2, 3, 4), shaped(2, 5, 4)}, "numbers of keys differ"},
		{SDPA, nil, in{shaped(5, 3, 4), shaped(2, 3, 4), shaped(2, 3, 4)}, "no multiple of the 2 heads"},
		{SDPA, nil, in{shaped(3, 4), shaped(3, 4), shaped(3, 4), of(host.I64, 3, 3)}, "expected bool or a float type"},
		{SDPA, nil, in{shaped(3, 4), shaped(3, 4), shaped(3, 4), shaped(3, 2)}, "does not broadcast"},
		{SDPA, nil, in{shaped(3, 4), shaped(3, 4), of(host.F16, 3, 4)}, "one element type"},
		{SDPA, attrs(ir.Set("window_size", ir.Int(-1))), in{shaped(3, 4), shaped(3, 4), shaped(3, 4)}, "window_size is -1"},
		{Rope, nil, in{shaped(3, 5), shaped(5), shaped(5)}, "must be even"},
		{Rope, nil, in{shaped(3, 4), shaped(2, 4), shaped(4)}, "cos is tensor<2x4xf32>, which does not broadcast"},
		{Rope, nil, in{shaped(4), shaped(3, 4), shaped(4)}, "does not broadcast"},
		{Softmax, attrs(ir.Set("axis", ir.Int(2))), in{shaped(2, 3)}, "axis 2 is outside"},
		{Softmax, attrs(ir.Set("axis", ir.Int(-1))), in{shaped(2, 3)}, "axis -1 is outside"},
		{Softmax, nil, in{shaped(2, 3)}, "needs the attribute axis"},
		{LayerNorm, attrs(eps, ints("axes", 1, 0)), in{shaped(2, 3)}, "not ascending"},
		{LayerNorm, attrs(eps, ints("axes", 0, 2)), in{shaped(2, 3)}, "not ascending axes"},
		{LayerNorm, attrs(eps, ints("axes")), in{shaped(2, 3)}, "at least one axis"},
		{LayerNorm, attrs(eps, ints("axes", 1)), in{shaped(2, 3), shaped(2)}, "expected tensor<3xf32>"},
		{RMSNorm, attrs(eps, ints("axes", 1)), in{shaped(2, 3), of(host.F64, 3)}, "cast"},
		{GroupNorm, attrs(eps, ir.Set("groups", ir.Int(2))), in{shaped(2, 3)}, "no multiple"},
		{GroupNorm, attrs(eps, ir.Set("groups", ir.Int(1))), in{vec}, "at least 2 axes"},
		{BatchNorm, attrs(eps), in{shaped(2, 3), shaped(2), shaped(3)}, "mean is tensor<2xf32>, expected tensor<3xf32>"},
		{BatchNorm, attrs(eps, ir.Set("axis", ir.Int(5))), in{shaped(2, 3), shaped(3), shaped(3)}, "axis 5"},
		{MaxPool, attrs(ints("kernel")), in{shaped(2, 3)}, "kernel is []"},
		{MaxPool, attrs(ints("kernel", 1, 1, 1, 1)), in{shaped(2, 3, 3, 3, 3)}, "kernel is"},
		{MaxPool, attrs(ints("kernel", 2, 2)), in{vec}, "kernel is"},
		{MaxPool, attrs(ints("kernel", 0)), in{vec}, "no number below 1"},
		{MaxPool, attrs(ints("kernel", 7)), in{vec}, "size 0"},
		{MaxPool, attrs(ints("kernel", 7), ir.Set("ceil_mode", ir.Bool(true))), in{shaped(0)}, "size 0"},
		{AvgPool, attrs(ints("kernel", 2), ints("padding", 1, 1)), in{vec}, "expected 1 integers"},
		{AdaptiveAvgPool, attrs(ints("output", 1, 1)), in{vec}, "output is"},
		{AdaptiveAvgPool, attrs(ints("output", -1)), in{vec}, "no negative sizes"},
		{GridSample, nil, in{x4, shaped(1, 2, 2, 3)}, "last size 2"},
		{GridSample, nil, in{x4, shaped(2, 2, 2, 2)}, "first sizes differ"},
		{GridSample, attrs(str("mode", "bicubic")), in{shaped(1, 2, 3, 4, 5), shaped(1, 2, 2, 2, 3)}, "two spatial axes"},
		{GridSample, attrs(str("mode", "cubic")), in{x4, shaped(1, 2, 2, 2)}, "none of"},
		{LSTM, nil, in{shaped(5, 2, 4), shaped(2, 3), shaped(1, 3), shaped(12, 4), shaped(12, 3)}, "c is tensor<1x3xf32>"},
		{LSTM, nil, in{shaped(5, 2, 4), shaped(2, 3), shaped(2, 3), shaped(9, 4), shaped(12, 3)}, "w_ih is tensor<9x4xf32>, expected tensor<12x4xf32>"},
		{GRU, nil, in{shaped(5, 2, 4), shaped(3, 3), shaped(9, 4), shaped(9, 3)}, "h is tensor<3x3xf32>"},
		{GRU, nil, in{shaped(5, 2, 4), shaped(2, 3), shaped(9, 4), shaped(9, 3), shaped(3)}, "b_ih"},
		{RNN, nil, in{shaped(5, 2), shaped(2, 3), shaped(3, 4), shaped(3, 3)}, "x is tensor<5x2xf32>, expected 3 axes"},
	} {
		op, err := build(c.def, c.attrs, nil, c.in...)
		if err == nil {
			t.Errorf("%s: found %s, want an error with %q", c.def.Name, op.Result().Type, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found the error %q, want %q in it", c.def.Name, err, c.want)
		}
	}
}

func TestUpsampleErrors(t *testing.T) {
	x := shaped(1, 2, 4, 4)
	for _, c := range []struct {
		x, y  *ir.Type
		attrs ir.Attrs
		want  string
	}{
		{shaped(2, 4), shaped(2, 8), nil, "expected 3 to 5 axes"},
		{x, shaped(1, 2, 8), nil, "only spatial sizes"},
		{x, of(host.F16, 1, 2, 8, 8), nil, "only spatial sizes"},
		{x, shaped(1, 3, 8, 8), nil, "does not hold"},
		{x, nil, nil, "expected 1"},
		{of(host.I32, 1, 2, 4, 4), of(host.I32, 1, 2, 8, 8), attrs(ir.Set("mode", ir.String("cubic"))), "needs a float type"},
		{x, shaped(1, 2, 8, 8), attrs(ir.Set("scales", ir.OfInts(2))), "scales needs 2 numbers"},
		{x, shaped(1, 2, 8, 8), attrs(ir.Set("scales", ir.List{ir.Float(2), ir.String("x")})), "no list of numbers"},
		{x, shaped(1, 2, 8, 8), attrs(ir.Set("scales", ir.List{ir.Float(2), ir.Float(-2)})), "not negative"},
		{x, shaped(1, 2, 8, 8), attrs(ir.Set("scales", ir.Int(2))), "scales needs 2 numbers"},
	} {
		op, err := build(Upsample, c.attrs, c.y, c.x)
		if err == nil {
			t.Errorf("found %s, want an error with %q", op.Result().Type, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("found the error %q, want %q in it", err, c.want)
		}
	}
	if _, err := build(Upsample, attrs(ir.Set("scales", ir.List{ir.Float(2), ir.Int(2)})), shaped("B", 2, "2*S", 8), shaped("B", 2, "S", 4)); err != nil {
		t.Error(err)
	}
}
