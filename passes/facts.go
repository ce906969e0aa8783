package passes

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The questions that patterns ask about values.

// provable reports whether an operation can be built from what the function knows, without a new guard, and gives t.
func provable(f *ir.Func, def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) bool {
	op := ir.NewOp(def, attrs, []ir.Type{t}, slices.Clone(operands), nil, ir.Unknown)
	defer op.Detach()
	types, err := op.InferTypes(&ir.InferCtx{Func: f})
	return err == nil && types[0].Equal(t)
}

// isOne reports a size that is known to be 1.
func isOne(d ir.Dim) bool { return d.Equal(ir.Const(1)) }

// withoutLeadingOnes drops the axes of size 1 at the front.
func withoutLeadingOnes(shape []ir.Dim) []ir.Dim {
	for len(shape) > 0 && isOne(shape[0]) {
		shape = shape[1:]
	}
	return shape
}

// sameDims compares canonical sizes.
func sameDims(a, b []ir.Dim) bool { return slices.EqualFunc(a, b, ir.Dim.Equal) }

// oneElement reports a type of exactly one element.
func oneElement(t ir.Type) bool {
	return !slices.ContainsFunc(t.Shape, func(d ir.Dim) bool { return !isOne(d) })
}

// numberOf finds the one number that fills a value: a constant or tensor.fill, looking through views and expand.
func numberOf(v *ir.Value) (ir.Attr, bool) {
	for v != nil && v.Def != nil {
		switch op := v.Def; {
		case op.Is(core.Constant), op.Is(tensor.Fill):
			switch a := op.Attr("value").(type) {
			case ir.Bool, ir.Int, ir.Float, ir.Complex:
				return a, true
			case ir.Dense:
				return splat(a.T)
			}
			return nil, false
		case op.Def.Traits.Has(ir.View), op.Is(tensor.Expand):
			v = op.Operands[0]
		default:
			return nil, false
		}
	}
	return nil, false
}

// floatOf is numberOf for real numbers.
func floatOf(v *ir.Value) (float64, bool) {
	a, ok := numberOf(v)
	if !ok {
		return 0, false
	}
	switch a := a.(type) {
	case ir.Int:
		return float64(a), true
	case ir.Float:
		return float64(a), true
	}
	return 0, false
}

// isNumber reports a value that is x everywhere; the zeros differ.
func isNumber(v *ir.Value, x float64) bool {
	y, ok := floatOf(v)
	return ok && y == x && math.Signbit(y) == math.Signbit(x)
}

// isTruth reports a bool value that is x everywhere.
func isTruth(v *ir.Value, x bool) bool {
	a, ok := numberOf(v)
	return ok && v.Type.Elem == host.Bool && a == ir.Attr(ir.Bool(x))
}

// source looks through views, casts, expand and dequantization to where a value's elements come from.
func source(v *ir.Value) *ir.Value {
	for v.Def != nil && len(v.Def.Operands) > 0 {
		op := v.Def
		if !op.Def.Traits.Has(ir.View) && !op.Is(tensor.Cast) && op.Def.Traits&ir.Cheap == 0 {
			break
		}
		v = op.Operands[0]
	}
	return v
}

// isConstant reports a value made of constant data by views, casts and dequantization alone.
func isConstant(v *ir.Value) bool { return source(v).DefinedBy(core.Constant) }

// swapsLast reports a permutation that exchanges the last two axes.
func swapsLast(perm []int) bool { return len(perm) >= 2 && slices.Equal(perm, lastSwapped(len(perm))) }

func lastSwapped(rank int) []int {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-2], perm[rank-1] = rank-1, rank-2
	return perm
}
