package ir

import (
	"fmt"
	"math/big"
	"strconv"
)

// DimHeadError says that a PyTorch expression is well formed but has no integer form: which head stands in the
// way and why. The caller can fall back to the value that the program computes at run time.
type DimHeadError struct{ Head, Reason string }

func (e *DimHeadError) Error() string {
	return fmt.Sprintf("%s has no integer form: %s", e.Head, e.Reason)
}

// dimTorchMaxText bounds the work for one expression; those of real programs have some hundred characters.
const dimTorchMaxText = 1 << 16

// dimTorch builds expressions from heads. It knows the ranges of symbols from env, or where that is nil from what
// the expression itself says of them.
type dimTorch struct {
	env   *DimEnv
	decls []*DimDecl
}

func (t *dimTorch) ranges() *DimEnv {
	if t.env != nil {
		return t.env
	}
	return NewDimEnv(t.decls, nil)
}

// dimTorchHead is a function of PyTorch's symbolic expressions; max < 0 means any number of arguments.
type dimTorchHead struct {
	min, max int
	apply    func(t *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error)
}

// dimTorchHeads has the heads of sympy and torch.utils._sympy.functions, and the spellings of Python guards.
var dimTorchHeads = newDimTorchHeads()

func newDimTorchHeads() map[string]dimTorchHead {
	add := dimTorchFold(dimTorchAdd, (*dimFloat).add)
	mul := dimTorchFold(dimTorchMul, (*dimFloat).mul)
	floorDiv := dimTorchInts(2, 2, func(d []Dim) Dim { return d[0].FloorDiv(d[1]) })
	mod := dimTorchInts(2, 2, func(d []Dim) Dim { return d[0].Mod(d[1]) })
	minimum := dimTorchInts(1, -1, func(d []Dim) Dim { return dimExtreme(dimMin, d) })
	maximum := dimTorchInts(1, -1, func(d []Dim) Dim { return dimExtreme(dimMax, d) })
	trueDiv := dimTorchHead{2, 2, dimTorchTrueDiv}
	floor := dimTorchHead{1, 1, dimTorchFloor}
	ceil := dimTorchHead{1, 1, dimTorchCeil}
	trunc := dimTorchHead{1, 1, dimTorchTrunc}
	round := dimTorchHead{1, 1, dimTorchRound}
	sqrt := dimTorchHead{1, 1, dimTorchSqrt}
	toFloat := dimTorchHead{1, 1, dimTorchToFloat}
	pow := dimTorchHead{2, 2, dimTorchPow}
	eq, ne := dimTorchRelation(RelEQ), dimTorchRelation(RelNE)
	le, lt := dimTorchRelation(RelLE), dimTorchRelation(RelLT)
	ge, gt := dimTorchRelation(RelGE), dimTorchRelation(RelGT)
	and := dimTorchLogic(nil, guardClauses.and)
	or := dimTorchLogic(guardClauses{{}}, guardClauses.or)
	not := dimTorchHead{1, 1, dimTorchNot}
	return map[string]dimTorchHead{
		"Add": add, "Mul": mul, "Pow": pow, "PowByNatural": pow, "FloatPow": pow,
		"FloorDiv": floorDiv, "CleanDiv": floorDiv,
		"Mod": mod, "PythonMod": mod,
		"ModularIndexing": dimTorchInts(3, 3, func(d []Dim) Dim { return d[0].FloorDiv(d[1]).Mod(d[2]) }),
		"Min":             minimum, "min": minimum, "torch.sym_min": minimum,
		"Max": maximum, "max": maximum, "torch.sym_max": maximum,
		"Abs":        dimTorchInts(1, 1, func(d []Dim) Dim { return d[0].Max(d[0].Neg()) }),
		"Identity":   dimTorchInts(1, 1, func(d []Dim) Dim { return d[0] }),
		"Where":      {3, 3, dimTorchWhere},
		"IntTrueDiv": trueDiv, "FloatTrueDiv": trueDiv,
		"ToFloat": toFloat, "float": toFloat, "torch.sym_float": toFloat,
		"FloorToInt": floor, "floor": floor, "math.floor": floor,
		"CeilToInt": ceil, "ceiling": ceil, "math.ceil": ceil,
		"TruncToInt": trunc, "int": trunc, "math.trunc": trunc,
		"RoundToInt": round, "round": round,
		"OpaqueUnaryFn_sqrt": sqrt, "math.sqrt": sqrt, "torch.sym_sqrt": sqrt, "torch._sym_sqrt": sqrt,
		"Equality": eq, "Eq": eq, "Unequality": ne, "Ne": ne,
		"LessThan": le, "Le": le, "StrictLessThan": lt, "Lt": lt,
		"GreaterThan": ge, "Ge": ge, "StrictGreaterThan": gt, "Gt": gt,
		"And": and, "Or": or, "Not": not,
	}
}

// call applies the head of that name.
func (t *dimTorch) call(name string, args []dimTorchValue) (dimTorchValue, error) {
	h, ok := dimTorchHeads[name]
	if !ok {
		return dimTorchValue{}, &DimHeadError{name, "it is not an integer function known here"}
	}
	if len(args) < h.min || h.max >= 0 && len(args) > h.max {
		return dimTorchValue{}, fmt.Errorf("%s has %d arguments, expected %s", name, len(args), dimTorchArity(h))
	}
	v, err := h.apply(t, name, args)
	if err != nil {
		return v, err
	}
	return v.checked()
}

func dimTorchArity(h dimTorchHead) string {
	if h.max < 0 {
		return fmt.Sprintf("at least %d", h.min)
	}
	return fmt.Sprint(h.min)
}

// dimTorchInts is a head from integers to an integer.
func dimTorchInts(lo, hi int, f func([]Dim) Dim) dimTorchHead {
	return dimTorchHead{lo, hi, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		dims := make([]Dim, len(args))
		for i, a := range args {
			var err error
			if dims[i], err = a.dim(head); err != nil {
				return a, err
			}
		}
		return dimTorchInt(f(dims)), nil
	}}
}

// dimTorchFold is a head that joins any number of numbers, from left to right: as fractions while they are exact.
func dimTorchFold(exact func(a, b dimTorchValue) dimTorchValue, floats func(a, b *dimFloat) *dimFloat) dimTorchHead {
	return dimTorchHead{1, -1, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		out := args[0]
		for i, a := range args {
			if err := a.number(head); err != nil {
				return a, err
			}
			if i == 0 {
				continue
			}
			if out.inexact() || a.inexact() {
				out = dimTorchSteps(out.float, floats(out.asSteps(), a.asSteps()))
			} else {
				out = exact(out, a)
			}
			if out.float == "" {
				out.float = a.float
			}
			if _, err := out.checked(); err != nil {
				return out, err
			}
		}
		return out, nil
	}}
}

func dimTorchSteps(head string, f *dimFloat) dimTorchValue {
	return dimTorchValue{float: head, steps: f}
}

func dimTorchAdd(a, b dimTorchValue) dimTorchValue {
	if a.den.Equal(b.den) {
		a.num = a.num.Add(b.num)
		return a
	}
	a.num, a.den = a.num.Mul(b.den).Add(b.num.Mul(a.den)), a.den.Mul(b.den)
	return a
}

func dimTorchMul(a, b dimTorchValue) dimTorchValue {
	a.num, a.den = a.num.Mul(b.num), a.den.Mul(b.den)
	return a
}

func dimTorchTrueDiv(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	a, b := args[0], args[1]
	for _, v := range args {
		if err := v.number(head); err != nil {
			return v, err
		}
	}
	if a.inexact() || b.inexact() {
		return dimTorchSteps(head, a.asSteps().div(b.asSteps())), nil
	}
	return dimTorchValue{num: a.num.Mul(b.den), den: a.den.Mul(b.num), float: head}, nil
}

func dimTorchToFloat(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	out := args[0]
	if out.float == "" {
		out.float = head
	}
	return out, out.number(head)
}

func dimTorchSqrt(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	if err := args[0].number(head); err != nil {
		return args[0], err
	}
	return dimTorchSteps(head, args[0].asSteps().sqrt()), nil
}

// The roundings take a fraction that was rounded once as it is: for sizes below 2^53 a rounded quotient lies on the same
// side of every integer as the exact one.

func dimTorchFloor(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	switch {
	case v.isCond:
		return v, v.number(head)
	case v.steps != nil:
		return dimTorchInt(dimRoundFloat(dimFloorOf, v.steps)), nil
	}
	return dimTorchInt(v.num.FloorDiv(v.den)), nil
}

func dimTorchCeil(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	switch {
	case v.isCond:
		return v, v.number(head)
	case v.steps != nil:
		return dimTorchInt(dimRoundFloat(dimCeil, v.steps)), nil
	}
	return dimTorchInt(v.num.Neg().FloorDiv(v.den).Neg()), nil
}

func dimTorchTrunc(t *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	if v.isCond {
		return v, v.number(head)
	}
	if v.steps == nil && v.den.Equal(Const(1)) {
		return dimTorchInt(v.num), nil
	}
	env := t.ranges()
	if v.steps == nil && env.Prove(Cond{v.num, RelGE, Const(0)}) == True && env.Prove(Cond{v.den, RelGT, Const(0)}) == True {
		return dimTorchInt(v.num.FloorDiv(v.den)), nil
	}
	if f := v.asSteps(); env.notNegative(f) {
		return dimTorchInt(dimTruncPositive(f)), nil
	}
	return dimTorchInt(dimRoundFloat(dimTrunc, v.asSteps())), nil
}

func dimTorchRound(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	if err := args[0].number(head); err != nil {
		return args[0], err
	}
	return dimTorchInt(dimRoundFloat(dimRound, args[0].asSteps())), nil
}

func dimTorchPow(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	base := args[0]
	if err := base.number(head); err != nil {
		return base, err
	}
	exponent := args[1]
	if !exponent.isCond && !exponent.inexact() && exponent.num.Equal(Const(1)) && exponent.den.Equal(Const(2)) {
		return dimTorchSteps(head, base.asSteps().sqrt()), nil
	}
	if base.inexact() {
		return base, &DimHeadError{base.float, "the floating-point result is rounded before a power is taken of it"}
	}
	n, isConst := exponent.num.IsConst()
	if exponent.isCond || exponent.inexact() || !isConst || !exponent.den.Equal(Const(1)) {
		return base, &DimHeadError{head, "the exponent is not an integer constant"}
	}
	if n < 0 {
		n = -n
		base.num, base.den = base.den, base.num
	}
	out := dimTorchInt(Const(1))
	out.float = base.float
	for ; n > 0 && dimFirstInvalid(out.num, out.den) == nil; n >>= 1 {
		if n&1 == 1 {
			out = dimTorchMul(out, base)
		}
		if n > 1 {
			base = dimTorchMul(base, base)
		}
	}
	return out, nil
}

// dimTorchWhere is Where(condition, a, b) for a condition that is already decided.
func dimTorchWhere(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	cond := args[0]
	switch {
	case !cond.isCond:
		return cond, fmt.Errorf("%s: its first argument is %v, expected a condition", head, cond.num)
	case len(cond.cond) == 0:
		return args[1], nil
	case len(cond.cond[0]) == 0:
		return args[2], nil
	}
	return cond, &DimHeadError{head, "its condition depends on the sizes"}
}

// dimTorchRelation compares fractions with integer denominators, which are above 0, or floats.
func dimTorchRelation(rel Relation) dimTorchHead {
	return dimTorchHead{2, 2, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		for i, v := range args {
			if err := v.number(head); err != nil {
				return v, err
			}
			if _, isConst := v.den.IsConst(); !isConst && !v.inexact() {
				d, err := v.dim(head)
				if err != nil {
					return v, err
				}
				args[i] = dimTorchInt(d)
			}
		}
		if args[0].inexact() || args[1].inexact() {
			return dimTorchCompareSteps(rel, args[0], args[1])
		}
		common := dimCommonFactor(args[0].den, args[1].den).c
		left, right := args[0].num.scale(args[1].den.c/common), args[1].num.scale(args[0].den.c/common)
		if bad := dimFirstInvalid(left, right); bad != nil {
			return args[0], bad.Err()
		}
		return dimTorchValue{isCond: true, cond: guardCond(Cond{left, rel, right})}, nil
	}}
}

// dimTorchCompareSteps compares floats by their roundings: x >= n holds for an integer n where floor(x) >= n does. Two
// floats compare as their difference and 0, which has the right sign in float64.
func dimTorchCompareSteps(rel Relation, left, right dimTorchValue) (dimTorchValue, error) {
	isSize := func(v dimTorchValue) bool { return !v.inexact() && v.den.Equal(Const(1)) }
	if isSize(left) {
		left, right, rel = right, left, rel.mirror()
	}
	x, n := left.asSteps(), right.num
	if !isSize(right) {
		x, n = x.add(right.asSteps().neg()), Const(0)
	}
	floor, ceil := dimRoundFloat(dimFloorOf, x), dimRoundFloat(dimCeil, x)
	if bad := dimFirstInvalid(floor, ceil, n); bad != nil {
		return left, bad.Err()
	}
	low, high := guardCond(Cond{floor, rel, n}), guardCond(Cond{ceil, rel, n})
	out := dimTorchValue{isCond: true}
	var err error
	switch rel {
	case RelGE, RelLT:
		out.cond = low
	case RelLE, RelGT:
		out.cond = high
	case RelEQ:
		out.cond, err = low.and(high)
	default:
		out.cond, err = low.or(high)
	}
	if x.op == dimFloatConst && !floor.Equal(ceil) && (rel == RelEQ || rel == RelNE) { // no size is 0.1
		return dimTorchBool(rel == RelNE), nil
	}
	return out, err
}

func dimTorchLogic(empty guardClauses, join func(a, b guardClauses) (guardClauses, error)) dimTorchHead {
	return dimTorchHead{0, -1, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		out := dimTorchValue{isCond: true, cond: empty}
		for _, v := range args {
			if !v.isCond {
				return v, fmt.Errorf("%s: found the number %v, expected a condition", head, v.num)
			}
			var err error
			if out.cond, err = join(out.cond, v.cond); err != nil {
				return out, err
			}
		}
		return out, nil
	}}
}

func dimTorchNot(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	if !v.isCond {
		return v, fmt.Errorf("%s: found the number %v, expected a condition", head, v.num)
	}
	var err error
	v.cond, err = v.cond.not()
	return v, err
}

// dimTorchFloat is a float literal: a fraction where it is a short binary one.
func dimTorchFloat(head, literal string) (dimTorchValue, error) {
	const maxDenominator = 1 << 20
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return dimTorchValue{}, fmt.Errorf("%s: %.40q is not a number", head, literal)
	}
	r := new(big.Rat).SetFloat64(f)
	if r == nil {
		return dimTorchValue{}, &DimHeadError{head, fmt.Sprintf("%.40q is not finite", literal)}
	}
	if !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Denom().Int64() > maxDenominator {
		return dimTorchSteps(head, dimFloatOf(f)), nil
	}
	return dimTorchValue{num: Const(r.Num().Int64()), den: Const(r.Denom().Int64()), float: head}.checked()
}
