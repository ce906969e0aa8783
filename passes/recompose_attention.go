package passes

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// attentionComposites restore nn.sdpa and nn.rope.
func attentionComposites() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "sdpa", Root: tensor.MatMul, Apply: sdpa},
		{Name: "sdpa-repeated-heads", Root: nn.SDPA, Apply: sdpaRepeatedHeads},
		{Name: "rope", Root: tensor.Add, Apply: rope},
	}
}

// attention is what has been found of softmax(q*k'*scale + mask) * v.
type attention struct {
	q, keys *ir.Value // keys are transposed: [..., e, s]
	scale   float64
	added   *ir.Value // a number added to the scores; nil for none
	seen    *ir.Value // a bool mask; nil for none
	hidden  *ir.Value // a bool mask that is true where nothing is seen; nil for none
	zero    bool      // rows in which nothing is seen become 0, by an operation behind softmax
	inside  []*ir.Op  // the operations that the composite swallows
}

func sdpa(rw *rewrite.Rewriter, op *ir.Op) bool {
	v := op.Operands[1]
	a := &attention{scale: 1}
	if !a.matchWeights(op.Operands[0], op.Result().Type.Elem) || !a.swallows(op) {
		return false
	}
	bounded := a.seen == nil && a.hidden == nil && (a.added == nil || isFinite(rw.Module, a.added))
	if !a.zero && !bounded {
		return false // where nothing is seen softmax gives NaN, nn.sdpa 0
	}
	q, scale := unscaled(a.q)
	a.scale *= scale
	rank := q.Type.Rank()
	if rank < 3 || a.keys.Type.Rank() != rank || v.Type.Rank() != rank {
		return false
	}
	k, turn := a.untransposedKeys()
	attrs := ir.Attrs{}
	if e, ok := q.Type.Shape[rank-1].IsConst(); !ok || !near(q.Type.Elem, a.scale, 1/math.Sqrt(float64(e))) {
		attrs = ir.Attrs{ir.Set("scale", ir.Float(a.scale))}
	}
	mask, negate := a.mask()
	operands := []*ir.Value{q, k, v, mask}
	if turn { // not built before it is known to fit
		shape := slices.Clone(k.Type.Shape)
		shape[rank-2], shape[rank-1] = shape[rank-1], shape[rank-2]
		operands[1] = &ir.Value{Type: k.Type.WithShape(shape...)}
	}
	if mask == nil {
		operands = operands[:3]
	}
	if !provable(op.Parent(), nn.SDPA, attrs, op.Result().Type, operands...) {
		return false
	}
	if turn {
		operands[1] = transposed(rw, k, lastSwapped(rank))
	}
	if negate {
		operands[3] = rw.Build(tensor.Not, nil, mask)
	}
	rw.Replace(op, rw.Build(nn.SDPA, attrs, operands...))
	return true
}

// matchWeights looks for softmax of scores, with a cast to e and the zeroing of empty rows behind it.
func (a *attention) matchWeights(w *ir.Value, e host.Elem) bool {
	if w.DefinedBy(tensor.Cast) && w.Type.Elem == e {
		a.inside = append(a.inside, w.Def)
		w = w.Def.Operands[0]
	}
	var empty *ir.Value
	emptyHolds := true
	if w.DefinedBy(tensor.Where) {
		a.inside = append(a.inside, w.Def)
		cond, x, y := w.Def.Operands[0], w.Def.Operands[1], w.Def.Operands[2]
		switch {
		case isNumber(x, 0):
			empty, w = cond, y
		case isNumber(y, 0):
			empty, w, emptyHolds = cond, x, false
		default:
			return false
		}
	}
	if !w.DefinedBy(nn.Softmax) || w.Def.Int("axis") != w.Type.Rank()-1 {
		return false
	}
	a.inside = append(a.inside, w.Def)
	logits := w.Def.Operands[0]
	if empty != nil {
		if !a.matchEmpty(empty, emptyHolds, logits) {
			return false
		}
		a.zero = true
	}
	return a.matchLogits(logits, e)
}

// matchEmpty looks for the rows in which every logit is -inf, or for their opposite.
func (a *attention) matchEmpty(v *ir.Value, holds bool, logits *ir.Value) bool {
	take := func(def *ir.OpDef) bool {
		if !v.DefinedBy(def) {
			return false
		}
		a.inside = append(a.inside, v.Def)
		return true
	}
	for take(tensor.Not) {
		v, holds = v.Def.Operands[0], !holds
	}
	switch { // all(hidden) where it holds, any(not hidden) where it does not
	case holds && take(tensor.All), !holds && take(tensor.Any):
	default:
		return false
	}
	if !slices.Equal(v.Def.Ints("axes"), []int{logits.Type.Rank() - 1}) || !v.Def.Bool("keep_dims") {
		return false
	}
	v = v.Def.Operands[0]
	for take(tensor.Not) {
		v, holds = v.Def.Operands[0], !holds
	}
	return (holds && take(tensor.Eq) || !holds && take(tensor.Ne)) && v.Def.Operands[0] == logits && isNumber(v.Def.Operands[1], math.Inf(-1))
}

// matchLogits looks for scores with a mask.
func (a *attention) matchLogits(v *ir.Value, e host.Elem) bool {
	switch {
	case v.DefinedBy(tensor.Add):
		for i, scores := range v.Def.Operands {
			try := *a
			try.inside = append(slices.Clone(a.inside), v.Def)
			try.added = v.Def.Operands[1-i]
			if scores.Type.Equal(v.Type) && try.matchScores(scores, e) {
				*a = try
				return true
			}
		}
		return false
	case v.DefinedBy(tensor.Where):
		cond, x, y := v.Def.Operands[0], v.Def.Operands[1], v.Def.Operands[2]
		a.inside = append(a.inside, v.Def)
		switch {
		case isNumber(y, math.Inf(-1)) && x.Type.Equal(v.Type):
			a.seen = cond
			return a.matchScores(x, e)
		case isNumber(x, math.Inf(-1)) && y.Type.Equal(v.Type):
			a.hidden = cond
			return a.matchScores(y, e)
		}
		return false
	}
	return a.matchScores(v, e)
}

// matchScores looks for a product of matrices times numbers.
func (a *attention) matchScores(v *ir.Value, e host.Elem) bool {
	for {
		if v.DefinedBy(tensor.Cast) && v.Def.In(0).Elem == e {
			a.inside = append(a.inside, v.Def)
			v = v.Def.Operands[0]
			continue
		}
		if !v.DefinedBy(tensor.Mul) && !v.DefinedBy(tensor.Div) {
			break
		}
		inner, scale := unscaledOnce(v)
		if inner == nil {
			return false
		}
		a.inside = append(a.inside, v.Def)
		a.scale *= scale
		v = inner
	}
	if !v.DefinedBy(tensor.MatMul) || v.Type.Elem != e {
		return false
	}
	a.inside = append(a.inside, v.Def)
	a.q, a.keys = v.Def.Operands[0], v.Def.Operands[1]
	return true
}

// unscaledOnce takes one multiplication by a number off a value; nil where there is none.
func unscaledOnce(v *ir.Value) (*ir.Value, float64) {
	for i, x := range v.Def.Operands {
		number, ok := floatOf(v.Def.Operands[1-i])
		if !ok || !x.Type.Equal(v.Type) || i == 1 && v.Def.Is(tensor.Div) {
			continue
		}
		if v.Def.Is(tensor.Div) {
			number = 1 / number
		}
		return x, number
	}
	return nil, 0
}

// swallows reports whether nothing but the composite itself uses what it swallows.
func (a *attention) swallows(root *ir.Op) bool {
	for _, op := range a.inside {
		for _, u := range op.Result().Uses() {
			if u.Op != root && !slices.Contains(a.inside, u.Op) {
				return false
			}
		}
	}
	return true
}

// untransposedKeys gives the keys without their share of the scale, and whether they are still to be transposed for nn.sdpa.
func (a *attention) untransposedKeys() (keys *ir.Value, turn bool) {
	keys, scale := unscaled(a.keys)
	a.scale *= scale
	if !keys.DefinedBy(tensor.Transpose) || !swapsLast(keys.Def.Ints("perm")) {
		return keys, true
	}
	keys, scale = unscaled(keys.Def.Operands[0])
	a.scale *= scale
	return keys, false
}

// mask gives the mask for nn.sdpa, and whether its negation is meant; an added one that is 0 or -inf everywhere is made a
// bool one.
func (a *attention) mask() (mask *ir.Value, negate bool) {
	switch {
	case a.seen != nil:
		return a.seen, false
	case a.hidden != nil:
		return a.hidden, true
	case a.added != nil && a.added.DefinedBy(tensor.Where) && sameDims(a.added.Type.Shape, a.added.Def.In(0).Shape):
		cond, x, y := a.added.Def.Operands[0], a.added.Def.Operands[1], a.added.Def.Operands[2]
		isZero := func(v *ir.Value) bool { n, ok := floatOf(v); return ok && n == 0 }
		switch {
		case isZero(x) && isNumber(y, math.Inf(-1)):
			return cond, false
		case isZero(y) && isNumber(x, math.Inf(-1)):
			return cond, true
		}
	}
	return a.added, false
}

// sdpaRepeatedHeads lets nn.sdpa share heads of k and v instead of repeating them.
func sdpaRepeatedHeads(rw *rewrite.Rewriter, op *ir.Op) bool {
	k, timesK := repeatedHeads(op.Operands[1])
	v, timesV := repeatedHeads(op.Operands[2])
	if k == nil || v == nil || !timesK.Equal(timesV) {
		return false
	}
	operands := slices.Clone(op.Operands)
	operands[1], operands[2] = &ir.Value{Type: headsOf(k)}, &ir.Value{Type: headsOf(v)}
	if !provable(op.Parent(), nn.SDPA, op.Attrs, op.Result().Type, operands...) {
		return false
	}
	operands[1], operands[2] = reshaped(rw, k, headsOf(k).Shape), reshaped(rw, v, headsOf(v).Shape)
	rw.Replace(op, rw.Build(nn.SDPA, op.Attrs, operands...))
	return true
}

// repeatedHeads finds [..., g, 1, s, e] that was expanded to [..., g, n, s, e] and made [..., g*n, s, e].
func repeatedHeads(v *ir.Value) (before *ir.Value, times ir.Dim) {
	if !v.DefinedBy(tensor.Reshape) || !v.Def.Operands[0].DefinedBy(tensor.Expand) {
		return nil, times
	}
	wide := v.Def.Operands[0]
	before = wide.Def.Operands[0]
	n := before.Type.Rank() - 3
	if n < 1 || v.Type.Rank() != n+2 || wide.Type.Rank() != n+3 || !isOne(before.Type.Shape[n]) {
		return nil, times
	}
	times = wide.Type.Shape[n]
	expanded := slices.Clone(before.Type.Shape)
	expanded[n] = times
	merged := slices.Concat(before.Type.Shape[:n-1], []ir.Dim{before.Type.Shape[n-1].Mul(times)}, before.Type.Shape[n+1:])
	if !sameDims(wide.Type.Shape, expanded) || !sameDims(v.Type.Shape, merged) {
		return nil, times
	}
	return before, times
}

// headsOf is the type [..., g, s, e] of a tensor [..., g, 1, s, e].
func headsOf(v *ir.Value) ir.Type {
	n := v.Type.Rank() - 3
	return v.Type.WithShape(slices.Delete(slices.Clone(v.Type.Shape), n, n+1)...)
}

// rope matches x*cos + rotated(x)*sin with rotated(x) = concat(-x[half:], x[:half]).
func rope(rw *rewrite.Rewriter, op *ir.Op) bool {
	return eitherOrder(op, func(straight, turned *ir.Value) bool {
		if !straight.DefinedBy(tensor.Mul) || !turned.DefinedBy(tensor.Mul) || !once(straight) || !once(turned) {
			return false
		}
		return eitherOrder(turned.Def, func(rotated, sin *ir.Value) bool {
			x := rotatedHalves(rotated)
			return x != nil && eitherOrder(straight.Def, func(same, cos *ir.Value) bool {
				if same != x || !provable(op.Parent(), nn.Rope, nil, op.Result().Type, x, cos, sin) {
					return false
				}
				rw.Replace(op, rw.Build(nn.Rope, nil, x, cos, sin))
				return true
			})
		})
	})
}

// rotatedHalves gives x of concat(-x[half:], x[:half]) along the last axis; nil for anything else.
func rotatedHalves(v *ir.Value) *ir.Value {
	last := v.Type.Rank() - 1
	if !v.DefinedBy(tensor.Concat) || v.Def.Int("axis") != last || len(v.Def.Operands) != 2 || !v.Def.Operands[0].DefinedBy(tensor.Neg) {
		return nil
	}
	second, first := v.Def.Operands[0].Def.Operands[0], v.Def.Operands[1]
	for _, s := range []*ir.Value{first, second} {
		if !s.DefinedBy(tensor.Slice) || s.Def.Int("axis") != last || s.Def.Int("step") != 1 {
			return nil
		}
	}
	x := first.Def.Operands[0]
	size := x.Type.Shape[last]
	half := first.Def.Dim("stop")
	if second.Def.Operands[0] != x || !first.Def.Dim("start").Equal(ir.Const(0)) || !second.Def.Dim("start").Equal(half) ||
		!second.Def.Dim("stop").Equal(size) || !half.Add(half).Equal(size) {
		return nil
	}
	return x
}
