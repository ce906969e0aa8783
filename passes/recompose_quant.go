package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// quantComposites restore quant.dequantize of weights, which fold would otherwise compute and so store as floats.
func quantComposites() []rewrite.Pattern {
	return []rewrite.Pattern{{Name: "dequantize", Root: tensor.Mul, Apply: dequantizeOfMul}}
}

// dequantizeOfMul makes (data - zero_point) * scale of constants a dequantization where it rounds as the parts do.
func dequantizeOfMul(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(x, scale *ir.Value) bool {
		result := op.Result().Type
		var zero *ir.Value
		if x.DefinedBy(tensor.Sub) && once(x) {
			x, zero = x.Def.Operands[0], uncast(x.Def.Operands[1])
		}
		data := uncast(x)
		if data == x || !codes(data) || !sameDims(data.Type.Shape, result.Shape) || !exactly(data.Type.Elem, result.Elem, zero != nil) {
			return false
		}
		parts := []*ir.Value{scale, zero}
		for i, v := range parts {
			if v == nil {
				continue
			}
			if !isConstant(v) || v.Type.Rank() > data.Type.Rank() {
				return false
			}
			ones := slices.Repeat([]ir.Dim{ir.Const(1)}, data.Type.Rank()-v.Type.Rank())
			shape := slices.Concat(ones, v.Type.Shape)
			parts[i] = &ir.Value{Type: v.Type.WithShape(shape...)}
		}
		if !provable(op.Parent(), quant.Dequantize, nil, result, data, parts[0], parts[1]) {
			return false
		}
		scale = reshaped(rw, scale, parts[0].Type.Shape)
		if zero != nil {
			zero = reshaped(rw, zero, parts[1].Type.Shape)
		}
		rw.Replace(op, rw.Typed(quant.Dequantize, nil, result, data, scale, zero))
		return true
	})
}

// uncast takes a cast off a value.
func uncast(v *ir.Value) *ir.Value {
	if v.DefinedBy(tensor.Cast) {
		return v.Def.Operands[0]
	}
	return v
}

// codes reports a constant, or views of one, of more than one element of few bits.
func codes(v *ir.Value) bool {
	n, known := v.Type.NumElements().IsConst()
	if !known || n < 2 || v.Type.Elem == host.Bool || !(v.Type.Elem.IsInt() && v.Type.Elem.Bits() <= 16 || v.Type.Elem.IsFloat() && v.Type.Elem.Bits() <= 8) {
		return false
	}
	for v.DefinedBy(tensor.Reshape) || v.DefinedBy(tensor.Transpose) {
		v = v.Def.Operands[0]
	}
	return v.DefinedBy(core.Constant)
}

// exactly reports that codes, or their differences from zero points, are numbers of a float type.
func exactly(code, float host.Elem, differences bool) bool {
	if float == host.F32 || float == host.F64 {
		return true
	}
	return code.Bits() <= 8 && code != host.F8E8M0 && !differences
}
