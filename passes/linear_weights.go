package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// linearOfConstant makes x times constant data a linear of the data transposed.
func linearOfConstant(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, b := op.Operands[0], op.Operands[1]
	if b.Type.Rank() != 2 || !isConstant(b) || inKernel(op) {
		return false
	}
	w := turned(rw, b, []int{1, 0})
	if !provable(op.Parent(), nn.Linear, nil, op.Result().Type, x, w) {
		return false
	}
	rw.Replace(op, rw.Build(nn.Linear, nil, x, w))
	return true
}

// turned is the transpose of constant data. What decodes compressed data decodes transposed data then, and data itself gets strides: no
// operation that moves it is left, save where the values of sparse data would come in another order.
func turned(rw *rewrite.Rewriter, v *ir.Value, perm []int) *ir.Value {
	op := v.Def
	t := v.Type.WithShape(permuted(v.Type.Shape, perm)...)
	switch {
	case op.Is(tensor.Transpose):
		return transposed(rw, op.Operands[0], composed(op.Ints("perm"), perm))
	case op.Is(tensor.Cast):
		return rw.Typed(tensor.Cast, nil, t, turned(rw, op.Operands[0], perm))
	case op.Is(quant.Dequantize):
		operands := slices.Clone(op.Operands)
		for i, p := range operands {
			if p != nil {
				operands[i] = turned(rw, p, perm)
			}
		}
		return rw.Typed(op.Def, op.Attrs, t, operands...)
	case op.Is(quant.Lookup):
		n := len(perm)
		table := turned(rw, op.Operands[1], append(slices.Clone(perm), n, n+1))
		axis := ir.Set("axis", ir.Int(slices.Index(perm, op.Int("axis"))))
		return rw.Build(op.Def, ir.Attrs{axis}, turned(rw, op.Operands[0], perm), table)
	case op.Is(core.Constant):
		if c := turnedResource(rw, op, perm); c != nil {
			return c
		}
	}
	return transposed(rw, v, perm)
}

// turnedResource is a constant that reads a resource in another order; nil for what is no resource, or cannot be read so.
func turnedResource(rw *rewrite.Rewriter, op *ir.Op, perm []int) *ir.Value {
	name, ok := op.Attr("value").(ir.Symbol)
	if !ok || op.Result().Type.Elem.Packed() {
		return nil
	}
	from := rw.Module.Resource(string(name))
	strides := from.Strides
	if shape, _ := from.Type.Static(); strides == nil {
		strides = make([]int64, len(shape))
		for i, step := len(shape)-1, int64(1); i >= 0; i-- {
			strides[i] = step
			step *= int64(shape[i])
		}
	}
	to := *from
	to.Name = rw.Module.FreshResourceName(from.Name + ".t")
	to.Type = from.Type.WithShape(permuted(from.Type.Shape, perm)...)
	to.Strides = permuted(strides, perm)
	rw.Module.Resources = slices.Insert(rw.Module.Resources, slices.Index(rw.Module.Resources, from)+1, &to)
	return rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(to.Name))}, to.Type)
}

// asWindow is the weight [out, in] of a linear as that of a convolution, [out, in, 1, 1]. What decodes compressed data decodes data of
// that shape.
func asWindow(rw *rewrite.Rewriter, v *ir.Value) *ir.Value {
	op, one := v.Def, ir.Const(1)
	t := v.Type.WithShape(append(slices.Clone(v.Type.Shape), one, one)...)
	switch {
	case op.Is(tensor.Cast):
		return rw.Typed(tensor.Cast, nil, t, asWindow(rw, op.Operands[0]))
	case op.Is(quant.Dequantize):
		operands := slices.Clone(op.Operands)
		for i, p := range operands {
			if p != nil {
				operands[i] = asWindow(rw, p)
			}
		}
		return rw.Typed(op.Def, op.Attrs, t, operands...)
	case op.Is(quant.Lookup):
		table := op.Operands[1]
		table = reshaped(rw, table, slices.Insert(slices.Clone(table.Type.Shape), v.Type.Rank(), one, one))
		return rw.Build(op.Def, op.Attrs, asWindow(rw, op.Operands[0]), table)
	case op.Is(quant.SparseToDense):
		return rw.Build(op.Def, op.Attrs, op.Operands[0], asWindow(rw, op.Operands[1]))
	}
	return reshaped(rw, v, t.Shape)
}
