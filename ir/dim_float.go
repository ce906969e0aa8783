package ir

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// dimFloat is a float64 expression inside a rounding atom, such as the 0.7*S of trunc(0.7*S): what PyTorch computes
// of sizes in floating point. Every step rounds as float64 does, so steps are neither reordered nor merged, except
// where the result is the same bit for bit while the sizes are below 2^53, up to which float64 has every integer.
type dimFloat struct {
	op          dimFloatOp
	value       float64 // of a constant, finite
	arg         Dim     // of a leaf: a size as a float
	left, right *dimFloat
	text        string // canonical: equal texts are equal expressions
	err         error
}

type dimFloatOp uint8

const (
	dimFloatConst dimFloatOp = iota
	dimFloatLeaf
	dimFloatAdd
	dimFloatMul // a constant is on the left
	dimFloatDiv
	dimFloatSqrt // of left
)

// dimExactFloat is up to where float64 has every integer.
const dimExactFloat = 1 << 53

func dimFloatBad(format string, args ...any) *dimFloat {
	return &dimFloat{err: fmt.Errorf(format, args...)}
}

// dimFloatOf is the constant v, which must be finite.
func dimFloatOf(v float64) *dimFloat {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dimFloatBad("the float %v in a dimension is not finite", v)
	}
	v += 0 // no -0
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return &dimFloat{value: v, text: text}
}

// dimFloatSize is a size as a float.
func dimFloatSize(d Dim) *dimFloat {
	if err := d.Err(); err != nil {
		return &dimFloat{err: err}
	}
	if n, ok := d.IsConst(); ok {
		return dimFloatOf(float64(n))
	}
	return &dimFloat{op: dimFloatLeaf, arg: d, text: d.String()}
}

// integral is the expression as a size, where it is one as it stands.
func (f *dimFloat) integral() (Dim, bool) {
	switch {
	case f.op == dimFloatLeaf:
		return f.arg, true
	case f.op == dimFloatConst && f.value == math.Trunc(f.value) && math.Abs(f.value) < dimExactFloat:
		return Const(int64(f.value)), true
	}
	return Dim{}, false
}

// operand is the text of f as an operand.
func (f *dimFloat) operand() string {
	if f.op == dimFloatSqrt || f.op == dimFloatConst && f.value >= 0 {
		return f.text
	}
	if a := f.arg.atom(); a != nil && a.kind != dimFloorDiv {
		return f.text
	}
	return "(" + f.text + ")"
}

func dimFloatNode(op dimFloatOp, left, right *dimFloat, text string) *dimFloat {
	if len(text) > dimMaxText {
		return dimFloatBad("the float expression of a dimension has more than %d characters", dimMaxText)
	}
	return &dimFloat{op: op, left: left, right: right, text: text}
}

// add is the sum in canonical form: a constant is on the right. So are the other operations.
func (f *dimFloat) add(g *dimFloat) *dimFloat {
	if f.err != nil || g.err != nil {
		return dimFloatFirstBad(f, g)
	}
	d, ok1 := f.integral()
	e, ok2 := g.integral()
	switch {
	case f.op == dimFloatConst && g.op == dimFloatConst:
		return dimFloatOf(f.value + g.value)
	case ok1 && ok2:
		return dimFloatSize(d.Add(e))
	case f.op == dimFloatConst && f.value == 0:
		return g
	case g.op == dimFloatConst && g.value == 0:
		return f
	case dimFloatCompareTerms(f, g) > 0:
		f, g = g, f
	}
	left, right := f.text, "+"+g.operand()
	if f.op == dimFloatLeaf {
		left = f.operand()
	}
	switch product := g.op == dimFloatMul; { // a constant with a minus brings its operator
	case g.op == dimFloatConst && g.value < 0 || product && g.left.op == dimFloatConst && g.left.value < 0:
		right = g.text
	case product && !strings.HasPrefix(g.text, "-") || g.op == dimFloatDiv:
		right = "+" + g.text
	}
	return dimFloatNode(dimFloatAdd, f, g, left+right)
}

// dimFloatCompareTerms puts sums first, so that they need no parentheses, then what has no minus, constants last.
func dimFloatCompareTerms(f, g *dimFloat) int {
	rank := func(h *dimFloat) int {
		switch {
		case h.op == dimFloatAdd:
			return 0
		case h.op == dimFloatConst:
			return 3
		case strings.HasPrefix(h.text, "-"):
			return 2
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(f), rank(g)), strings.Compare(f.text, g.text))
}

// A product or quotient has no signs inside: they are pulled out in front.

func (f *dimFloat) mul(g *dimFloat) *dimFloat {
	if f.err != nil || g.err != nil {
		return dimFloatFirstBad(f, g)
	}
	d, ok1 := f.integral()
	e, ok2 := g.integral()
	if g.op == dimFloatConst || f.op != dimFloatConst && f.text > g.text {
		f, g = g, f
	}
	switch {
	case g.op == dimFloatConst:
		return dimFloatOf(f.value * g.value)
	case ok1 && ok2:
		return dimFloatSize(d.Mul(e))
	case g.negative():
		return f.neg().mul(g.neg())
	case f.op == dimFloatConst && f.value == 0:
		return f
	case f.op == dimFloatConst && f.value == 1:
		return g
	case f.op == dimFloatConst && f.value == -1:
		return g.neg()
	case f.op != dimFloatConst && f.negative():
		return f.neg().mul(g).neg()
	}
	left := f.operand()
	if f.op == dimFloatConst || f.op == dimFloatMul {
		left = f.text
	}
	return dimFloatNode(dimFloatMul, f, g, left+"*"+g.operand())
}

func (f *dimFloat) div(g *dimFloat) *dimFloat {
	switch {
	case f.err != nil || g.err != nil:
		return dimFloatFirstBad(f, g)
	case g.op == dimFloatConst && g.value == 0:
		return dimFloatBad("dimension divided by zero: %.80s / 0.0", f.text)
	case g.op == dimFloatConst && f.op == dimFloatConst:
		return dimFloatOf(f.value / g.value)
	case g.negative():
		return f.neg().div(g.neg())
	case f.negative():
		return f.neg().div(g).neg()
	case g.op == dimFloatConst:
		fraction, _ := math.Frexp(g.value)
		if inverse := 1 / g.value; fraction == 0.5 && !math.IsInf(inverse, 0) {
			return dimFloatOf(inverse).mul(f)
		}
		d, _ := f.integral()
		e, _ := g.integral()
		if q, ok := dimDivideExactly(d, e); ok && f.op == dimFloatLeaf {
			return dimFloatSize(q)
		}
	}
	left := f.operand()
	if f.op == dimFloatMul || f.op == dimFloatDiv {
		left = f.text
	}
	return dimFloatNode(dimFloatDiv, f, g, left+"/"+g.operand())
}

// neg is -f, which is exact.
func (f *dimFloat) neg() *dimFloat {
	switch {
	case f.err != nil:
		return f
	case f.op == dimFloatConst:
		return dimFloatOf(-f.value)
	case f.op == dimFloatLeaf:
		return dimFloatSize(f.arg.Neg())
	case f.op == dimFloatAdd:
		return f.left.neg().add(f.right.neg())
	case f.op == dimFloatMul && f.left.op == dimFloatConst:
		return f.left.neg().mul(f.right)
	}
	return dimFloatNode(dimFloatMul, dimFloatOf(-1), f, "-1.0*"+f.operand())
}

func (f *dimFloat) sqrt() *dimFloat {
	switch {
	case f.err != nil:
		return f
	case f.op == dimFloatConst:
		return dimFloatOf(math.Sqrt(f.value))
	}
	return dimFloatNode(dimFloatSqrt, f, nil, "sqrt("+f.text+")")
}

func dimFloatFirstBad(f, g *dimFloat) *dimFloat {
	if f.err != nil {
		return f
	}
	return g
}

// negative reports a form whose terms all have a minus; its neg has none.
func (f *dimFloat) negative() bool {
	switch f.op {
	case dimFloatConst:
		return f.value < 0
	case dimFloatLeaf:
		return f.arg.x.terms[0].coef < 0
	case dimFloatAdd:
		return f.left.negative() && f.right.negative()
	case dimFloatMul:
		return f.left.op == dimFloatConst && f.left.value < 0
	}
	return false
}

// leaves appends the sizes in f, from left to right.
func (f *dimFloat) leaves(to []Dim) []Dim {
	switch {
	case f == nil:
		return to
	case f.op == dimFloatLeaf:
		return append(to, f.arg)
	}
	return f.right.leaves(f.left.leaves(to))
}

// mapLeaves rebuilds f with by applied to its sizes.
func (f *dimFloat) mapLeaves(by func(Dim) Dim) *dimFloat {
	switch f.op {
	case dimFloatConst:
		return f
	case dimFloatLeaf:
		return dimFloatSize(by(f.arg))
	case dimFloatSqrt:
		return f.left.mapLeaves(by).sqrt()
	}
	left, right := f.left.mapLeaves(by), f.right.mapLeaves(by)
	switch f.op {
	case dimFloatAdd:
		return left.add(right)
	case dimFloatMul:
		return left.mul(right)
	}
	return left.div(right)
}

// eval computes f from the values of its leaves, which it takes off the list.
func (f *dimFloat) eval(leaves *[]float64) float64 {
	switch f.op {
	case dimFloatConst:
		return f.value
	case dimFloatLeaf:
		v := (*leaves)[0]
		*leaves = (*leaves)[1:]
		return v
	case dimFloatSqrt:
		return math.Sqrt(f.left.eval(leaves))
	}
	left, right := f.left.eval(leaves), f.right.eval(leaves)
	switch f.op { // the conversions forbid fused operations, which round once
	case dimFloatAdd:
		return float64(left + right)
	case dimFloatMul:
		return float64(left * right)
	}
	return float64(left / right)
}

// dimFloatInterval holds every value from lo to hi; infinite ends are no limit.
type dimFloatInterval struct{ lo, hi float64 }

// interval bounds f by the intervals of its sizes. Rounding is monotone, so rounded ends bound rounded values.
func (f *dimFloat) interval(of func(Dim) Interval) dimFloatInterval {
	switch f.op {
	case dimFloatConst:
		return dimFloatInterval{f.value, f.value}
	case dimFloatLeaf:
		i := of(f.arg)
		out := dimFloatInterval{float64(i.Lo), float64(i.Hi)}
		if i.Lo == math.MinInt64 {
			out.lo = math.Inf(-1)
		}
		if i.Hi == math.MaxInt64 {
			out.hi = math.Inf(1)
		}
		return out
	case dimFloatSqrt:
		x := f.left.interval(of)
		return dimFloatInterval{math.Sqrt(max(x.lo, 0)), math.Sqrt(max(x.hi, 0))}
	}
	x, y := f.left.interval(of), f.right.interval(of)
	switch {
	case f.op == dimFloatAdd:
		return dimFloatInterval{dimFloatOr(x.lo+y.lo, math.Inf(-1)), dimFloatOr(x.hi+y.hi, math.Inf(1))}
	case f.op == dimFloatMul:
		return dimFloatCorners(x, y, func(a, b float64) float64 { return a * b })
	case y.lo > 0 || y.hi < 0:
		return dimFloatCorners(x, y, func(a, b float64) float64 { return a / b })
	}
	return dimFloatInterval{math.Inf(-1), math.Inf(1)}
}

// dimFloatCorners is the interval of an operation that is monotone in each operand. Where a corner has no value, 0 times
// or infinity by infinity, finite values near it come as close to 0 as to the other corners.
func dimFloatCorners(x, y dimFloatInterval, op func(a, b float64) float64) dimFloatInterval {
	first := dimFloatOr(op(x.lo, y.lo), 0)
	out := dimFloatInterval{first, first}
	for _, v := range []float64{op(x.lo, y.hi), op(x.hi, y.lo), op(x.hi, y.hi)} {
		v = dimFloatOr(v, 0)
		out.lo, out.hi = min(out.lo, v), max(out.hi, v)
	}
	return out
}

func dimFloatOr(v, other float64) float64 {
	if math.IsNaN(v) {
		return other
	}
	return v
}

// linear gives slope > 0, offset and size where f is slope*size + offset up to its roundings.
func (f *dimFloat) linear() (slope, offset float64, size Dim, ok bool) {
	switch {
	case f.op == dimFloatLeaf:
		return 1, 0, f.arg, true
	case f.op == dimFloatMul && f.left.op == dimFloatConst && f.left.value > 0:
		slope, offset, size, ok = f.right.linear()
		return slope * f.left.value, offset * f.left.value, size, ok
	case f.op == dimFloatDiv && f.right.op == dimFloatConst:
		slope, offset, size, ok = f.left.linear()
		return slope / f.right.value, offset / f.right.value, size, ok
	case f.op == dimFloatAdd && f.right.op == dimFloatConst:
		slope, offset, size, ok = f.left.linear()
		return slope, offset + f.right.value, size, ok
	}
	return 0, 0, Dim{}, false
}
