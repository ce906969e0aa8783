package passes

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// splatPatterns keep tensors filled with one number small: rank 0 where an operation broadcasts them, tensor.fill where
// the shape is needed.
func splatPatterns() []rewrite.Pattern {
	patterns := []rewrite.Pattern{
		{Name: "number", Root: core.Constant, Apply: splatAsFill},
		{Name: "broadcast-operand", Apply: broadcastOperand},
		{Name: "constant-right", Apply: constantRight},
	}
	for _, def := range []*ir.OpDef{tensor.Fill, tensor.Reshape, tensor.Expand, tensor.Transpose, tensor.Slice, tensor.Flip} {
		patterns = append(patterns, rewrite.Pattern{Name: "number", Root: def, Apply: splatAsFill})
	}
	return patterns
}

// splatAsFill makes a number of a constant or view that holds one number only.
func splatAsFill(rw *rewrite.Rewriter, op *ir.Op) bool {
	a, ok := numberOf(op.Result())
	t := op.Result().Type
	def := tensor.Fill
	if oneElement(t) {
		def = core.Constant
	}
	if !ok || op.Is(def) && ir.EqualAttr(op.Attr("value"), a) {
		return false
	}
	rw.Replace(op, rw.Typed(def, ir.Attrs{ir.Set("value", a)}, t))
	return true
}

// broadcastOperand gives an elementwise operation the value before it was expanded, where that broadcasts to the same
// result.
func broadcastOperand(rw *rewrite.Rewriter, op *ir.Op) bool {
	if !op.Def.Traits.Has(ir.Elementwise) || len(op.Operands) < 2 || len(op.Results) != 1 {
		return false
	}
	for i, v := range op.Operands {
		if v == nil || v.Type.Rank() == 0 {
			continue
		}
		operands := slices.Clone(op.Operands)
		number, isNumber := numberOf(v)
		if isNumber {
			operands[i] = &ir.Value{Type: ir.TensorOf(v.Type.Elem)} // not built before it is known to fit
		} else if operands[i] = beforeBroadcast(v); operands[i] == nil {
			continue
		}
		if !provable(op.Parent(), op.Def, op.Attrs, op.Result().Type, operands...) {
			continue
		}
		if isNumber {
			operands[i] = rw.Typed(core.Constant, ir.Attrs{ir.Set("value", number)}, operands[i].Type)
		}
		rw.Replace(op, rebuild(rw, op, operands...))
		return true
	}
	return false
}

// beforeBroadcast gives the value that v repeats or adds leading axes to; nil where it does neither.
func beforeBroadcast(v *ir.Value) *ir.Value {
	if v.DefinedBy(tensor.Expand) {
		return v.Def.Operands[0]
	}
	return behindLeadingOnes(v)
}

func constantRight(rw *rewrite.Rewriter, op *ir.Op) bool {
	if !op.Def.Traits.Has(ir.Commutative) || len(op.Operands) != 2 || !op.Operands[0].DefinedBy(core.Constant) || op.Operands[1].DefinedBy(core.Constant) {
		return false
	}
	rw.Replace(op, rebuild(rw, op, op.Operands[1], op.Operands[0]))
	return true
}

// identity is a number that an operation of two operands can do without on the right, and on the left where it commutes.
type identity struct {
	def    *ir.OpDef
	kind   func(host.Elem) bool
	number float64
}

func isReal(e host.Elem) bool { return e.IsInt() || e.IsFloat() }

// hasInfinity reports a float type with infinities, which some narrower ones lack.
func hasInfinity(e host.Elem) bool { return e.IsFloat() && e.Bits() >= 16 }

// identities are exact: x + 0.0 is none, for -0.0 + 0.0 is 0.0.
var identities = []identity{
	{tensor.Add, host.Elem.IsInt, 0},
	{tensor.Add, host.Elem.IsFloat, math.Copysign(0, -1)},
	{tensor.Sub, isReal, 0},
	{tensor.Mul, isReal, 1},
	{tensor.Div, host.Elem.IsFloat, 1},
	{tensor.FloorDiv, host.Elem.IsInt, 1},
	{tensor.TruncDiv, host.Elem.IsInt, 1},
	{tensor.Pow, isReal, 1},
	{tensor.Max, hasInfinity, math.Inf(-1)},
	{tensor.Min, hasInfinity, math.Inf(1)},
	{tensor.And, host.Elem.IsInt, -1},
	{tensor.Or, host.Elem.IsInt, 0},
	{tensor.Xor, host.Elem.IsInt, 0},
	{tensor.Shl, host.Elem.IsInt, 0},
	{tensor.Shr, host.Elem.IsInt, 0},
}

// arithmeticPatterns drop arithmetic that changes nothing.
func arithmeticPatterns() []rewrite.Pattern {
	var patterns []rewrite.Pattern
	for _, id := range identities {
		patterns = append(patterns, rewrite.Pattern{Name: "identity", Root: id.def, Apply: id.apply})
	}
	for _, def := range []*ir.OpDef{tensor.Neg, tensor.Not, tensor.Conj} {
		patterns = append(patterns, rewrite.Pattern{Name: "twice-is-none", Root: def, Apply: twice(1)})
	}
	for _, def := range []*ir.OpDef{tensor.Abs, tensor.Sign, tensor.Ceil, tensor.Floor, tensor.Trunc, tensor.Round, nn.ReLU} {
		patterns = append(patterns, rewrite.Pattern{Name: "twice-is-once", Root: def, Apply: twice(0)})
	}
	for _, def := range []*ir.OpDef{tensor.And, tensor.Or, tensor.Min, tensor.Max} {
		patterns = append(patterns, rewrite.Pattern{Name: "with-itself", Root: def, Apply: withItself})
	}
	return patterns
}

func (id identity) apply(rw *rewrite.Rewriter, op *ir.Op) bool {
	t := op.Result().Type
	if !id.kind(t.Elem) {
		return false
	}
	for i := 1; i >= 0; i-- {
		if x := op.Operands[1-i]; isNumber(op.Operands[i], id.number) && x.Type.Equal(t) {
			rw.Replace(op, x)
			return true
		}
		if !op.Def.Traits.Has(ir.Commutative) {
			break
		}
	}
	return false
}

// twice replaces an operation on its own result by the value `less` steps before the inner one's result.
func twice(less int) func(*rewrite.Rewriter, *ir.Op) bool {
	return func(rw *rewrite.Rewriter, op *ir.Op) bool {
		v := op.Operands[0]
		if !v.DefinedBy(op.Def) {
			return false
		}
		if less == 1 {
			v = v.Def.Operands[0]
		}
		rw.Replace(op, v)
		return true
	}
}

func withItself(rw *rewrite.Rewriter, op *ir.Op) bool {
	if op.Operands[0] != op.Operands[1] {
		return false
	}
	rw.Replace(op, op.Operands[0])
	return true
}

// opposites are comparisons whose truth is the other's falsehood; those that order floats are not, because of NaN.
var opposites = []struct {
	def, not *ir.OpDef
	floats   bool
}{{tensor.Eq, tensor.Ne, true}, {tensor.Ne, tensor.Eq, true}, {tensor.Lt, tensor.Ge, false}, {tensor.Ge, tensor.Lt, false}, {tensor.Le, tensor.Gt, false}, {tensor.Gt, tensor.Le, false}}

// reflexive says what comparing a value with itself gives, where there is no NaN.
var reflexive = []struct {
	def   *ir.OpDef
	truth bool
}{{tensor.Eq, true}, {tensor.Le, true}, {tensor.Ge, true}, {tensor.Ne, false}, {tensor.Lt, false}, {tensor.Gt, false}}

// logicPatterns simplify comparisons, logic and choices.
func logicPatterns() []rewrite.Pattern {
	patterns := []rewrite.Pattern{
		{Name: "where-known", Root: tensor.Where, Apply: whereKnown},
		{Name: "where-not", Root: tensor.Where, Apply: whereNot},
		{Name: "not-of-comparison", Root: tensor.Not, Apply: notOfComparison},
		{Name: "and-truth", Root: tensor.And, Apply: withTruth(true)},
		{Name: "or-truth", Root: tensor.Or, Apply: withTruth(false)},
		{Name: "eq-truth", Root: tensor.Eq, Apply: equalsTruth(true)},
		{Name: "ne-truth", Root: tensor.Ne, Apply: equalsTruth(false)},
	}
	for _, r := range reflexive {
		patterns = append(patterns, rewrite.Pattern{Name: "compare-with-itself", Root: r.def, Apply: func(rw *rewrite.Rewriter, op *ir.Op) bool {
			e := op.In(0).Elem
			if op.Operands[0] != op.Operands[1] || e.IsFloat() || e.IsComplex() {
				return false
			}
			rw.Replace(op, rw.Typed(tensor.Fill, ir.Attrs{ir.Set("value", ir.Bool(r.truth))}, op.Result().Type))
			return true
		}})
	}
	return patterns
}

// whereKnown takes the value that is always chosen.
func whereKnown(rw *rewrite.Rewriter, op *ir.Op) bool {
	a, b := op.Operands[1], op.Operands[2]
	v := a
	switch {
	case a == b || isTruth(op.Operands[0], true):
	case isTruth(op.Operands[0], false):
		v = b
	default:
		return false
	}
	if t := op.Result().Type; !v.Type.Equal(t) {
		v = rw.Typed(tensor.Expand, nil, t, v)
	}
	rw.Replace(op, v)
	return true
}

func whereNot(rw *rewrite.Rewriter, op *ir.Op) bool {
	cond := op.Operands[0]
	if !cond.DefinedBy(tensor.Not) {
		return false
	}
	rw.Replace(op, rw.Build(tensor.Where, nil, cond.Def.Operands[0], op.Operands[2], op.Operands[1]))
	return true
}

func notOfComparison(rw *rewrite.Rewriter, op *ir.Op) bool {
	inner := op.Operands[0].Def
	for _, o := range opposites {
		if inner.Is(o.def) && len(op.Operands[0].Uses()) == 1 && (o.floats || !inner.In(0).Elem.IsFloat()) {
			rw.Replace(op, rw.Build(o.not, nil, inner.Operands...))
			return true
		}
	}
	return false
}

// withTruth drops the operand of a logical operation that decides nothing, and the operation where one decides all.
func withTruth(neutral bool) func(*rewrite.Rewriter, *ir.Op) bool {
	return func(rw *rewrite.Rewriter, op *ir.Op) bool {
		t := op.Result().Type
		for i, x := range op.Operands {
			other := op.Operands[1-i]
			switch {
			case isTruth(other, neutral) && x.Type.Equal(t):
				rw.Replace(op, x)
			case isTruth(other, !neutral):
				rw.Replace(op, rw.Typed(tensor.Fill, ir.Attrs{ir.Set("value", ir.Bool(!neutral))}, t))
			default:
				continue
			}
			return true
		}
		return false
	}
}

// equalsTruth makes x of x == true and not x of x == false, where eq; the other way round for x != ....
func equalsTruth(eq bool) func(*rewrite.Rewriter, *ir.Op) bool {
	return func(rw *rewrite.Rewriter, op *ir.Op) bool {
		for i, x := range op.Operands {
			other := op.Operands[1-i]
			if !x.Type.Equal(op.Result().Type) {
				continue
			}
			switch {
			case isTruth(other, eq):
				rw.Replace(op, x)
			case isTruth(other, !eq):
				rw.Replace(op, rw.Build(tensor.Not, nil, x))
			default:
				continue
			}
			return true
		}
		return false
	}
}
