package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// quantComposites restore quant.dequantize of weights, which fold would otherwise compute and so store as floats.
func quantComposites() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "dequantize", Root: tensor.Mul, Apply: dequantizeOfMul},
		{Name: "dequantize-scale", Root: tensor.Mul, Apply: dequantizeScale},
		{Name: "dequantize-transposed", Root: quant.Dequantize, Apply: dequantizeTransposed},
		{Name: "dequantize-blocks", Root: tensor.Reshape, Apply: dequantizeBlocks},
		{Name: "dequantize-cast", Root: tensor.Cast, Apply: dequantizeOfCast},
	}
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

// dequantizeOfCast makes codes that are cast to be a weight a dequantization with the scale 1, which gives the same numbers.
func dequantizeOfCast(rw *rewrite.Rewriter, op *ir.Op) bool {
	data, result := op.Operands[0], op.Result().Type
	if !result.Elem.IsFloat() || !codes(data) || !exactly(data.Type.Elem, result.Elem, false) || !isWeight(op.Result()) {
		return false
	}
	ones := slices.Repeat([]ir.Dim{ir.Const(1)}, data.Type.Rank())
	one := rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(1))}, ir.TensorOf(host.F32, ones...))
	rw.Replace(op, rw.Typed(quant.Dequantize, nil, result, data, one))
	return true
}

// isWeight reports a value that an operation takes as its weight, or a view of it.
func isWeight(v *ir.Value) bool {
	return slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
		if u.Op.Is(tensor.Transpose) || u.Op.Is(tensor.Reshape) {
			return isWeight(u.Op.Result())
		}
		def := u.Op.Def.OperandDef(u.Index)
		return def != nil && def.Weight != nil
	})
}

// dequantizeScale moves a scale for each output of a linear into its weight, which has none of its own: the form in which
// torchao exports weights of 8 bits. Rounding to a narrow float would come before the sum then, so those stay.
func dequantizeScale(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(y, scale *ir.Value) bool {
		result := op.Result().Type
		if !y.DefinedBy(nn.Linear) || !once(y) || y.Def.Operand(2) != nil || !y.Type.Equal(result) || result.Elem.Bits() < 32 || !isConstant(scale) {
			return false
		}
		w := y.Def.Operands[1]
		if !w.DefinedBy(quant.Dequantize) || !once(w) || len(w.Def.Operands) != 2 || !isNumber(w.Def.Operands[1], 1) {
			return false
		}
		shape, one := withoutLeadingOnes(scale.Type.Shape), ir.Const(1)
		switch {
		case len(shape) == 0:
			shape = []ir.Dim{one, one}
		case len(shape) == 1 && shape[0].Equal(w.Type.Shape[0]):
			shape = []ir.Dim{shape[0], one}
		default:
			return false
		}
		scaled := rw.Typed(quant.Dequantize, nil, w.Type, w.Def.Operands[0], reshaped(rw, scale, shape))
		scaled.AddClaims(w.Claims...)
		rw.Replace(op, rw.Build(nn.Linear, nil, y.Def.Operands[0], scaled))
		return true
	})
}

// dequantizeTransposed dequantizes a weight as it is stored, and transposes the numbers.
func dequantizeTransposed(rw *rewrite.Rewriter, op *ir.Op) bool {
	data := op.Operands[0]
	if !data.DefinedBy(tensor.Transpose) || !codes(data) || !isConstant(op.Result()) {
		return false
	}
	perm := data.Def.Ints("perm")
	inverse := make([]int, len(perm))
	for i, axis := range perm {
		inverse[axis] = i
	}
	operands := []*ir.Value{data.Def.Operands[0]}
	for _, v := range op.Operands[1:] {
		switch {
		case v == nil || oneElement(v.Type):
		case v.DefinedBy(tensor.Transpose) && slices.Equal(v.Def.Ints("perm"), perm):
			v = v.Def.Operands[0]
		default:
			v = rw.Build(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(inverse...))}, v)
		}
		operands = append(operands, v)
	}
	w := rw.Typed(quant.Dequantize, nil, operands[0].Type.WithElem(op.Result().Type.Elem), operands...)
	rw.Replace(op, rw.Build(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(perm...))}, w))
	return true
}

// dequantizeBlocks dequantizes a weight in its own shape whose axes were split into blocks for it.
func dequantizeBlocks(rw *rewrite.Rewriter, op *ir.Op) bool {
	y, result := op.Operands[0], op.Result().Type
	if !y.DefinedBy(quant.Dequantize) || !once(y) || !y.Def.Operands[0].DefinedBy(tensor.Reshape) {
		return false
	}
	data := y.Def.Operands[0].Def.Operands[0]
	if !codes(data) || !sameDims(data.Type.Shape, result.Shape) {
		return false
	}
	operands := []*ir.Value{data}
	for _, v := range y.Def.Operands[1:] {
		if v == nil {
			operands = append(operands, nil)
			continue
		}
		shape, ok := joinedBlocks(y.Type.Shape, v.Type.Shape, result.Shape)
		if !ok {
			return false
		}
		operands = append(operands, reshaped(rw, v, shape))
	}
	if !provable(op.Parent(), quant.Dequantize, nil, result, operands...) {
		return false
	}
	rw.Replace(op, rw.Typed(quant.Dequantize, nil, result, operands...))
	return true
}

// joinedBlocks is the shape that a parameter of blocks has where the axes of split, which its shape follows, are joined to
// those of whole. On each axis of whole a parameter must count from the front: [n, 1] of [n, block] is n blocks.
func joinedBlocks(split, param, whole []ir.Dim) (shape []ir.Dim, ok bool) {
	at := 0
	for _, size := range whole {
		joined, blocks, inside := ir.Const(1), ir.Const(1), false
		for at < len(split) && (!joined.Equal(size) || isOne(split[at])) {
			if joined = joined.Mul(split[at]); !isOne(param[at]) {
				if inside {
					return nil, false
				}
				blocks = blocks.Mul(param[at])
			}
			inside = inside || !param[at].Equal(split[at])
			at++
		}
		if !joined.Equal(size) {
			return nil, false
		}
		shape = append(shape, blocks)
	}
	return shape, at == len(split)
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
