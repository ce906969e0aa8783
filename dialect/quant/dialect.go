package quant

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Dialect is the table of quantization operations.
var Dialect = ir.NewDialect("quant", "numbers as few bits and scales", Dequantize, Quantize, Lookup, SparseToDense)

// Dequantize gives the numbers that codes stand for.
var Dequantize = &ir.OpDef{
	Name: "quant.dequantize",
	Doc: "(data - zero_point) * scale + min_value in the stated float type, computed in f32 and rounded once. scale, " +
		"zero_point and min_value have data's rank; on each axis they have 1 element, or one for each of a number of equal blocks.",
	Operands: []ir.Arg{
		ir.In("data", ir.Reals).WithDoc("integers of any width, f8 or f4"),
		ir.In("scale", ir.Floats),
		ir.Opt("zero_point", ir.Reals),
		ir.Opt("min_value", ir.Floats),
	},
	Results: []ir.Arg{ir.Out("y", ir.Floats)},
	Traits:  ir.Typed | ir.Fusable | ir.Cheap,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		stated, err := inferBlocks(c, op)
		if err == nil && !stated.Elem.IsFloat() {
			err = op.Errorf("the result is stated as %s, expected a float type", stated)
		}
		return []ir.Type{op.In(0).WithElem(stated.Elem)}, err
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		out, err := host.Alloc(op.Result().Type.Elem, in[0].Shape)
		if err == nil {
			err = host.Dequantize(c.Par(), out, in[0], in[1], optional(in, 2), optional(in, 3))
		}
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		return []*host.Tensor{out}, nil
	},
	Example: `%y = quant.dequantize(%data: tensor<2x4xi4> = [-8, 0, 1, 7, 1, 2, 3, 4], %scale: tensor<2x2xf32> = [0.5, 2, 1, 10]) : tensor<2x4xf32> // [-4, 0, 2, 14, 1, 2, 30, 40]`,
}

// Quantize gives the codes that stand for numbers.
var Quantize = &ir.OpDef{
	Name: "quant.quantize",
	Doc: "The codes of the stated type that stand for x: round((x - min_value) / scale) + zero_point, halves to even, kept " +
		"within low and high, for integers; (x - min_value) / scale, kept within the type's range, for f8 and f4. NaN becomes " +
		"the least code. The shapes of scale, zero_point and min_value are those of quant.dequantize. With inverse, scale is the " +
		"reciprocal of the scale, and multiplied by: a division rounds otherwise, which can move a code by one.",
	Operands: []ir.Arg{
		ir.In("x", ir.Floats),
		ir.In("scale", ir.Floats),
		ir.Opt("zero_point", ir.Reals),
		ir.Opt("min_value", ir.Floats),
	},
	Results: []ir.Arg{ir.Out("y", ir.Reals)},
	Attrs: []ir.AttrDef{
		ir.Default("low", ir.KindInt, ir.None{}, "the least code; the type's if absent"),
		ir.Default("high", ir.KindInt, ir.None{}, "the greatest code; the type's if absent"),
		ir.Default("inverse", ir.KindBool, ir.Bool(false), "whether scale is multiplied by, not divided by"),
	},
	Traits: ir.Typed | ir.Elementwise,
	Infer:  inferQuantize,
	Eval:   evalQuantize,
	Example: `%y = quant.quantize(%x: tensor<4xf32> = [-1, 0.25, 0.75, 100], %scale: tensor<1xf32> = [0.5], %zero_point: tensor<1xi8> = [1]) : tensor<4xi4> // [-1, 1, 3, 7]
%y = quant.quantize(%x: tensor<3xf32> = [-1, 0.3, 100], %scale: tensor<1xf32> = [4]) {low = -8, high = 7, inverse = true} : tensor<3xi8> // [-4, 1, 7]`,
}

func optional(in []*host.Tensor, i int) *host.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// inferBlocks checks the parameters' shapes and gives the stated result type.
func inferBlocks(c *ir.InferCtx, op *ir.Op) (ir.Type, error) {
	if len(op.Results) != 1 {
		return ir.Type{}, op.Errorf("found %d stated result types, expected 1", len(op.Results))
	}
	one, data := ir.Const(1), op.In(0)
	blocks := make([]*ir.Dim, data.Rank())
	for i := 1; i < len(op.Operands); i++ {
		if op.Operands[i] == nil {
			continue
		}
		name, t := op.Def.Operands[i].Name, op.In(i)
		if t.Rank() != data.Rank() {
			return ir.Type{}, op.Errorf("%s is %s, expected the rank of %s", name, t, data)
		}
		for axis, n := range t.Shape {
			switch {
			case n.Equal(one):
				continue
			case blocks[axis] == nil:
				blocks[axis] = &n
				if n.Equal(data.Shape[axis]) {
					continue
				}
				if err := divides(c, n, data.Shape[axis]); err != nil {
					return ir.Type{}, op.Errorf("dimension %d of %s, %s, must divide that of %s: %v", axis, name, t, data, err)
				}
			default:
				if err := c.Require(n, ir.RelEQ, *blocks[axis]); err != nil {
					return ir.Type{}, op.Errorf("dimension %d of %s, %s, must be 1 or %s as in scale", axis, name, t, blocks[axis])
				}
			}
		}
	}
	return op.Results[0].Type, nil
}

// divides demands that a size is a multiple of n.
func divides(c *ir.InferCtx, n, size ir.Dim) error {
	rest := size.Mod(n)
	if err := rest.Err(); err != nil {
		return err
	}
	return c.Require(rest, ir.RelEQ, ir.Const(0))
}

func inferQuantize(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	stated, err := inferBlocks(c, op)
	if err != nil {
		return nil, err
	}
	switch e := stated.Elem; {
	case e.IsInt() && e.Bits() <= 32:
		least, most := limits(op, e)
		if typeLeast, typeMost := e.Range(); least > most || least < typeLeast || most > typeMost {
			return nil, op.Errorf("low and high are %v and %v, expected a range inside %v..%v of %s", least, most, typeLeast, typeMost, e)
		}
	case e.IsFloat() && e.Bits() <= 8:
		if op.Operand(2) != nil || op.Has("low") || op.Has("high") {
			return nil, op.Errorf("to %s takes no zero_point, low or high", e)
		}
	default:
		return nil, op.Errorf("the result is stated as %s, expected an integer type of at most 32 bits, f8 or f4", stated)
	}
	return []ir.Type{op.In(0).WithElem(stated.Elem)}, nil
}

func evalQuantize(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
	out, err := host.Alloc(op.Result().Type.Elem, in[0].Shape)
	if err == nil {
		least, most := limits(op, out.Elem)
		quantize := host.Quantize
		if op.Bool("inverse") {
			quantize = host.QuantizeBy
		}
		err = quantize(c.Par(), out, in[0], in[1], optional(in, 2), optional(in, 3), least, most)
	}
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	return []*host.Tensor{out}, nil
}

// limits are the codes that a result may have.
func limits(op *ir.Op, e host.Elem) (least, most float64) {
	least, most = e.Range()
	if op.Has("low") {
		least = float64(op.Int("low"))
	}
	if op.Has("high") {
		most = float64(op.Int("high"))
	}
	return least, most
}
