package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// linearComposites restore nn.linear from matrix products with a transposed weight, and take away the flattening of
// leading axes around products.
func linearComposites() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "linear", Root: tensor.MatMul, Apply: linearOfMatMul},
		{Name: "linear-bias", Root: tensor.Add, Apply: linearBias},
		{Name: "linear-axes", Root: tensor.Reshape, Apply: linearAxes},
		{Name: "matmul-axes", Root: tensor.Reshape, Apply: matMulAxes},
	}
}

// linearOfMatMul makes x times the transpose of constant data a linear.
func linearOfMatMul(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, b := op.Operands[0], op.Operands[1]
	if !b.DefinedBy(tensor.Transpose) || b.Type.Rank() != 2 || !swapsLast(b.Def.Ints("perm")) || !isConstant(b) {
		return false
	}
	w := b.Def.Operands[0]
	if !provable(op.Parent(), nn.Linear, nil, op.Result().Type, x, w) {
		return false
	}
	rw.Replace(op, rw.Build(nn.Linear, nil, x, w))
	return true
}

// linearBias moves the addition of constant data into the linear that only it uses.
func linearBias(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(y, b *ir.Value) bool {
		if !y.DefinedBy(nn.Linear) || !once(y) || y.Def.Operand(2) != nil || !isConstant(b) {
			return false
		}
		shape := withoutLeadingOnes(b.Type.Shape)
		if len(shape) != 1 || !shape[0].Equal(y.Type.Shape[y.Type.Rank()-1]) || !y.Type.Equal(op.Result().Type) {
			return false
		}
		b = reshaped(rw, b, shape)
		rw.Replace(op, rw.Build(nn.Linear, nil, y.Def.Operands[0], y.Def.Operands[1], b))
		return true
	})
}

// reshaped gives a value another shape with as many elements; a reshape from that shape is taken back.
func reshaped(rw *rewrite.Rewriter, v *ir.Value, shape []ir.Dim) *ir.Value {
	if sameDims(v.Type.Shape, shape) {
		return v
	}
	if v.DefinedBy(tensor.Reshape) && sameDims(v.Def.In(0).Shape, shape) {
		return v.Def.Operands[0]
	}
	return rw.Typed(tensor.Reshape, nil, v.Type.WithShape(shape...), v)
}

// linearAxes lets a linear work on the leading axes that were flattened into one for it and restored behind it.
func linearAxes(rw *rewrite.Rewriter, op *ir.Op) bool {
	y, result := op.Operands[0], op.Result().Type
	if !y.DefinedBy(nn.Linear) || !once(y) || y.Type.Rank() != 2 || !y.Def.Operands[0].DefinedBy(tensor.Reshape) {
		return false
	}
	x := y.Def.Operands[0].Def.Operands[0]
	n := x.Type.Rank() - 1
	if n < 0 || result.Rank() != n+1 || !sameDims(result.Shape[:n], x.Type.Shape[:n]) {
		return false
	}
	operands := append([]*ir.Value{x}, y.Def.Operands[1:]...)
	if !provable(op.Parent(), nn.Linear, nil, result, operands...) {
		return false
	}
	rw.Replace(op, rw.Build(nn.Linear, nil, operands...))
	return true
}

// matMulAxes lets a batched product work on the leading axes that were flattened for it.
func matMulAxes(rw *rewrite.Rewriter, op *ir.Op) bool {
	y, result := op.Operands[0], op.Result().Type
	if !y.DefinedBy(tensor.MatMul) || !once(y) || result.Rank() <= 3 || y.Type.Rank() != 3 {
		return false
	}
	n := result.Rank() - 2
	if !sameDims(result.Shape[n:], y.Type.Shape[1:]) {
		return false
	}
	operands := make([]*ir.Value, 2)
	unflattens := false
	for i, v := range y.Def.Operands {
		if v.Type.Rank() != 3 || !v.Type.Shape[0].Equal(y.Type.Shape[0]) {
			return false
		}
		shape := slices.Concat(result.Shape[:n], v.Type.Shape[1:])
		if !provable(op.Parent(), tensor.Reshape, nil, v.Type.WithShape(shape...), v) {
			return false
		}
		unflattens = unflattens || v.DefinedBy(tensor.Reshape) && sameDims(v.Def.In(0).Shape, shape)
		operands[i] = &ir.Value{Type: v.Type.WithShape(shape...)}
	}
	if !unflattens || !provable(op.Parent(), tensor.MatMul, nil, result, operands...) {
		return false
	}
	for i, v := range y.Def.Operands {
		operands[i] = reshaped(rw, v, operands[i].Type.Shape)
	}
	rw.Replace(op, rw.Build(tensor.MatMul, nil, operands...))
	return true
}
