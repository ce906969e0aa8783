package lower

import (
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// quantizeBy is round(x * inverse) + zero, kept within low and high, as integers of the result's type. inverse and zero,
// which may be nil, have the shapes of quant.quantize's parameters. It gives that operation where PyTorch computes in f32
// as it does, and the steps otherwise.
func (c *Call) quantizeBy(x, inverse, zero *ir.Value, low, high float64, out ir.Type) *ir.Value {
	if zero != nil && c.allZero(zero) {
		zero = nil
	}
	rank := x.Type.Rank()
	if quantizesAlike(x, inverse, zero, low, high, out.Elem) {
		attrs := ir.Attrs{ir.Set("inverse", ir.Bool(true))}
		if least, most := out.Elem.Range(); low != least || high != most {
			attrs = append(attrs, ir.Set("low", ir.Int(int64(low))), ir.Set("high", ir.Int(int64(high))))
		}
		operands := []*ir.Value{x, c.withRank(inverse, rank)}
		if zero != nil {
			operands = append(operands, c.withRank(zero, rank))
		}
		return c.Typed(quant.Quantize, attrs, x.Type.WithElem(out.Elem), operands...)
	}
	y := c.round(c.mixed(tensor.Mul, x, c.blocks(inverse, x)))
	if zero != nil {
		y = c.mixed(tensor.Add, y, c.blocks(zero, x))
	}
	return c.Cast(c.Clamp(y, low, high), out.Elem)
}

// quantizesAlike reports whether PyTorch's steps from x to codes are those of quant.quantize: in f32, which holds all codes.
func quantizesAlike(x, inverse, zero *ir.Value, low, high float64, out host.Elem) bool {
	wide := host.Promote(x.Type.Elem, inverse.Type.Elem)
	if zero != nil && zero.Type.Elem.IsFloat() {
		wide = host.Promote(wide, zero.Type.Elem)
	}
	least, most := out.Range()
	return wide == host.F32 && out.IsInt() && out.Bits() <= 16 && least <= low && low <= high && high <= most && low == float64(int64(low)) && high == float64(int64(high))
}

// limits are the arguments quant_min and quant_max where they are numbers, not tensors.
func (c *Call) limits() (low, high float64, ok bool) {
	if c.operand("quant_min").value != nil || c.operand("quant_max").value != nil {
		return 0, 0, false
	}
	return c.Float("quant_min"), c.Float("quant_max"), true
}
