package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// viewPatterns merge chains of views and casts. A pattern that would need a fact the function does not know leaves
// things as they are.
func viewPatterns() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "reshape-of-reshape", Root: tensor.Reshape, Apply: typedTwice},
		{Name: "expand-of-expand", Root: tensor.Expand, Apply: typedTwice},
		{Name: "expand-of-reshape", Root: tensor.Expand, Apply: expandOfReshape},
		{Name: "transpose-of-transpose", Root: tensor.Transpose, Apply: transposeTwice},
		{Name: "transpose-of-ones", Root: tensor.Transpose, Apply: transposeOfOnes},
		{Name: "slice-of-slice", Root: tensor.Slice, Apply: sliceOfSlice},
		{Name: "cast-of-cast", Root: tensor.Cast, Apply: castOfCast},
	}
}

// typedTwice skips the inner one of two operations of the same kind whose result type alone says what they do.
func typedTwice(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner, t := op.Operands[0].Def, op.Result().Type
	if !inner.Is(op.Def) || !provable(op.Parent(), op.Def, nil, t, inner.Operands[0]) {
		return false
	}
	rw.Replace(op, rw.Typed(op.Def, nil, t, inner.Operands[0]))
	return true
}

// expandOfReshape drops a reshape that only adds leading axes of size 1, which expand adds anyway.
func expandOfReshape(rw *rewrite.Rewriter, op *ir.Op) bool {
	x := behindLeadingOnes(op.Operands[0])
	if x == nil || !provable(op.Parent(), op.Def, nil, op.Result().Type, x) {
		return false
	}
	rw.Replace(op, rw.Typed(op.Def, nil, op.Result().Type, x))
	return true
}

// behindLeadingOnes gives the operand of a reshape that only adds leading axes of size 1; nil for any other value.
func behindLeadingOnes(v *ir.Value) *ir.Value {
	if !v.DefinedBy(tensor.Reshape) {
		return nil
	}
	x := v.Def.Operands[0]
	more := v.Type.Rank() - x.Type.Rank()
	if more <= 0 || len(withoutLeadingOnes(v.Type.Shape[:more])) > 0 || !sameDims(v.Type.Shape[more:], x.Type.Shape) {
		return nil
	}
	return x
}

func transposeTwice(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner := op.Operands[0].Def
	if !inner.Is(tensor.Transpose) {
		return false
	}
	perm := composed(inner.Ints("perm"), op.Ints("perm"))
	claimThrough(inner)
	rw.Replace(op, transposed(rw, inner.Operands[0], perm))
	return true
}

// claimThrough lets the operand of a transpose or cast that is about to lose its only user take over what it claims.
func claimThrough(op *ir.Op) {
	x, y := op.Operands[0], op.Result()
	switch {
	case !once(y):
	case op.Is(tensor.Transpose):
		x.AddClaims(permutedClaims(y.Claims, inverted(op.Ints("perm")))...)
	case op.Is(tensor.Cast):
		for _, c := range y.Claims {
			if c.Transform.Cast == 0 && c.Transform.Slice == "" {
				c.Transform.Cast = ir.AsElem(y.Type.Elem)
				x.AddClaims(c)
			}
		}
	}
}

// inverted is the permutation that undoes another one.
func inverted(perm []int) []int {
	out := make([]int, len(perm))
	for i, p := range perm {
		out[p] = i
	}
	return out
}

// permutedClaims are the claims of a value whose axis i is axis perm[i] of the one that makes them.
func permutedClaims(claims []ir.Claim, perm []int) []ir.Claim {
	var out []ir.Claim
	for _, c := range claims {
		if c.Transform.Slice != "" {
			continue
		}
		if c.Transform.Perm == nil {
			c.Transform.Perm = slices.Clone(perm)
		} else {
			c.Transform.Perm = composed(c.Transform.Perm, perm)
		}
		if slices.IsSorted(c.Transform.Perm) {
			c.Transform.Perm = nil
		}
		out = append(out, c)
	}
	return out
}

// composed is the permutation of a transpose by first and then by second.
func composed(first, second []int) []int {
	perm := make([]int, len(second))
	for i, p := range second {
		perm[i] = first[p]
	}
	return perm
}

// transposed reorders the axes of a value, or gives the value itself where the order is the same.
func transposed(rw *rewrite.Rewriter, v *ir.Value, perm []int) *ir.Value {
	if slices.IsSorted(perm) {
		return v
	}
	return rw.Build(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(perm...))}, v)
}

// transposeOfOnes makes a reshape of a transpose that moves only axes of size 1.
func transposeOfOnes(rw *rewrite.Rewriter, op *ir.Op) bool {
	x := op.Operands[0]
	last := -1
	for _, p := range op.Ints("perm") {
		if isOne(x.Type.Shape[p]) {
			continue
		}
		if p < last {
			return false
		}
		last = p
	}
	rw.Replace(op, rw.Typed(tensor.Reshape, nil, op.Result().Type, x))
	return true
}

// sliceOfSlice merges two slices of one axis whose inner one keeps neighbours together.
func sliceOfSlice(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner := op.Operands[0].Def
	if !inner.Is(tensor.Slice) || inner.Int("axis") != op.Int("axis") || inner.Int("step") != 1 {
		return false
	}
	from := inner.Dim("start")
	attrs := sliceAttrs(op.Int("axis"), from.Add(op.Dim("start")), from.Add(op.Dim("stop")), op.Int("step"))
	if !provable(op.Parent(), op.Def, attrs, op.Result().Type, inner.Operands[0]) {
		return false
	}
	rw.Replace(op, rw.Build(op.Def, attrs, inner.Operands[0]))
	return true
}

func sliceAttrs(axis int, start, stop ir.Dim, step int) ir.Attrs {
	return ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.OfDim(start)), ir.Set("stop", ir.OfDim(stop)), ir.Set("step", ir.Int(step))}
}

// castOfCast skips a cast that loses nothing before another one.
func castOfCast(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner := op.Operands[0].Def
	if !inner.Is(tensor.Cast) {
		return false
	}
	x := inner.Operands[0]
	from, via, to := x.Type.Elem, inner.Result().Type.Elem, op.Result().Type.Elem
	if !exactCast(from, via) || to != from && !sameThrough(from, via, to) {
		return false
	}
	claimThrough(inner)
	if to == from {
		rw.Replace(op, x)
	} else {
		rw.Replace(op, rw.Typed(tensor.Cast, nil, op.Result().Type, x))
	}
	return true
}

// sameThrough reports whether a number of type from becomes the same one of type to directly and through via, which
// holds it exactly. What does not fit an integer depends on the type it comes from.
func sameThrough(from, via, to host.Elem) bool {
	if !to.IsInt() {
		return !to.IsComplex() && !via.IsComplex()
	}
	if from.IsFloat() {
		return from.Class() == via.Class()
	}
	return via.IsInt() || exactCast(from, to)
}

// exactCast reports whether every number of type from is one of type to.
func exactCast(from, to host.Elem) bool {
	switch {
	case from == to:
		return true
	case from == host.Bool:
		return to.IsInt() || to.IsFloat()
	case from.IsInt() && to.IsInt():
		unsigned := from.Kind() == host.KindUint
		switch {
		case unsigned == (to.Kind() == host.KindUint):
			return to.Bits() >= from.Bits()
		case unsigned:
			return to.Bits() > from.Bits()
		}
		return false
	case from.IsInt():
		bits := from.Bits()
		if from.Kind() == host.KindInt {
			bits--
		}
		return bits <= significand[to]
	}
	return widerFloats[from] != nil && slices.Contains(widerFloats[from], to)
}

// significand is how many bits of an integer a float type holds exactly.
var significand = map[host.Elem]int{host.F16: 11, host.BF16: 8, host.F32: 24, host.F64: 53}

var widerFloats = map[host.Elem][]host.Elem{
	host.F8E4M3: {host.F16, host.BF16, host.F32, host.F64},
	host.F8E5M2: {host.F16, host.BF16, host.F32, host.F64},
	host.F16:    {host.F32, host.F64},
	host.BF16:   {host.F32, host.F64},
	host.F32:    {host.F64},
}

// joinPatterns simplify concat and what is cut out of it again.
func joinPatterns() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "concat-of-concat", Root: tensor.Concat, Apply: concatOfConcat},
		{Name: "concat-of-nothing", Root: tensor.Concat, Apply: concatOfNothing},
		{Name: "concat-of-slices", Root: tensor.Concat, Apply: concatOfSlices},
		{Name: "slice-of-concat", Root: tensor.Slice, Apply: sliceOfConcat},
	}
}

// concatOfConcat takes over the operands of a concat along the same axis that nothing else uses.
func concatOfConcat(rw *rewrite.Rewriter, op *ir.Op) bool {
	var parts []*ir.Value
	for _, v := range op.Operands {
		if v.DefinedBy(tensor.Concat) && v.Def.Int("axis") == op.Int("axis") && len(v.Uses()) == 1 {
			parts = append(parts, v.Def.Operands...)
		} else {
			parts = append(parts, v)
		}
	}
	return concatOf(rw, op, parts)
}

func concatOfNothing(rw *rewrite.Rewriter, op *ir.Op) bool {
	axis := op.Int("axis")
	parts := slices.DeleteFunc(slices.Clone(op.Operands), func(v *ir.Value) bool { return v.Type.Shape[axis].Equal(ir.Const(0)) })
	return len(parts) > 0 && concatOf(rw, op, parts)
}

// concatOfSlices joins slices of one tensor that are neighbours there, too.
func concatOfSlices(rw *rewrite.Rewriter, op *ir.Op) bool {
	axis := op.Int("axis")
	run := func(v *ir.Value) bool {
		return v.DefinedBy(tensor.Slice) && v.Def.Int("axis") == axis && v.Def.Int("step") == 1
	}
	var parts []*ir.Value
	for i := 0; i < len(op.Operands); {
		first, k := op.Operands[i], i+1
		for ; run(first) && k < len(op.Operands); k++ {
			before, next := op.Operands[k-1], op.Operands[k]
			if !run(next) || next.Def.Operands[0] != first.Def.Operands[0] || !next.Def.Dim("start").Equal(before.Def.Dim("stop")) {
				break
			}
		}
		if k == i+1 {
			parts = append(parts, first)
		} else {
			attrs := sliceAttrs(axis, first.Def.Dim("start"), op.Operands[k-1].Def.Dim("stop"), 1)
			shape := slices.Clone(first.Type.Shape)
			shape[axis] = op.Operands[k-1].Def.Dim("stop").Sub(first.Def.Dim("start"))
			if !provable(op.Parent(), tensor.Slice, attrs, first.Type.WithShape(shape...), first.Def.Operands[0]) {
				return false
			}
			parts = append(parts, rw.Build(tensor.Slice, attrs, first.Def.Operands[0]))
		}
		i = k
	}
	return concatOf(rw, op, parts)
}

// concatOf puts a concat of other parts in the place of one; fewer or more parts are a change.
func concatOf(rw *rewrite.Rewriter, op *ir.Op, parts []*ir.Value) bool {
	if len(parts) == len(op.Operands) {
		return false
	}
	t := op.Result().Type
	switch {
	case len(parts) == 1 && parts[0].Type.Equal(t):
		rw.Replace(op, parts[0])
	case provable(op.Parent(), op.Def, op.Attrs, t, parts...):
		rw.Replace(op, rw.Build(op.Def, op.Attrs, parts...))
	default:
		return false
	}
	return true
}

// sliceOfConcat cuts out of the one part that holds all of a slice.
func sliceOfConcat(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner, axis := op.Operands[0].Def, op.Int("axis")
	if !inner.Is(tensor.Concat) || inner.Int("axis") != axis {
		return false
	}
	env := op.Parent().Env()
	within := func(a, b ir.Dim) bool { return env.Prove(ir.Cond{Left: a, Rel: ir.RelLE, Right: b}) == ir.True }
	start, stop, at := op.Dim("start"), op.Dim("stop"), ir.Const(0)
	for _, part := range inner.Operands {
		end := at.Add(part.Type.Shape[axis])
		if within(at, start) && within(stop, end) {
			attrs := sliceAttrs(axis, start.Sub(at), stop.Sub(at), op.Int("step"))
			if !provable(op.Parent(), op.Def, attrs, op.Result().Type, part) {
				return false
			}
			rw.Replace(op, rw.Build(op.Def, attrs, part))
			return true
		}
		at = end
	}
	return false
}
