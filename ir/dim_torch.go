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

// dimTorchValue is a PyTorch expression: a condition, or the exact fraction num/den.
type dimTorchValue struct {
	isCond   bool
	cond     guardClauses
	num, den Dim
	float    string // the head that made it a float; empty for an integer or rational
	rounded  bool   // the float may be off the exact fraction by a rounding
}

func dimTorchInt(d Dim) dimTorchValue { return dimTorchValue{num: d, den: Const(1)} }

// checked reports overflows and divisions by zero as errors, and reduces the fraction by an integer. For sizes below 2^53 a float is exact as long as its
// denominator is a power of two.
func (v dimTorchValue) checked() (dimTorchValue, error) {
	if bad := dimFirstInvalid(v.num, v.den); bad != nil {
		return v, bad.Err()
	}
	n, isConst := v.den.IsConst()
	if isConst && n == 0 && !v.isCond {
		return v, fmt.Errorf("dimension divided by zero: %v / 0", v.num)
	}
	if common := dimCommonFactor(v.num, v.den); isConst && n != 1 && !v.isCond {
		if n < 0 {
			common = common.Neg()
		}
		if common.x == nil {
			v.num, _ = dimDivideExactly(v.num, common)
			v.den, _ = dimDivideExactly(v.den, common)
			n = v.den.c
		}
	}
	v.rounded = v.float != "" && (!isConst || n&(n-1) != 0)
	return v, nil
}

// dim is the value as a Dim; a fraction must divide without a remainder.
func (v dimTorchValue) dim(head string) (Dim, error) {
	switch {
	case v.isCond:
		return Dim{}, &DimHeadError{head, "a condition stands where an integer is expected"}
	case v.float != "":
		return Dim{}, &DimHeadError{v.float, "it is a floating-point value"}
	case v.den.Equal(Const(1)):
		return v.num, nil
	}
	if q, ok := dimDivideExactly(v.num, v.den); ok {
		return q, nil
	}
	if _, isConst := v.den.IsConst(); isConst {
		return Dim{}, &DimHeadError{"Rational", fmt.Sprintf("(%v)/%v is not always an integer", v.num, v.den)}
	}
	return Dim{}, &DimHeadError{"Pow", fmt.Sprintf("(%v)/(%v) is not always an integer", v.num, v.den)}
}

// exact refuses conditions and rounded floats; the result may still be a fraction.
func (v dimTorchValue) exact(head string) error {
	if v.isCond {
		return &DimHeadError{head, "a condition stands where a number is expected"}
	}
	if v.rounded {
		return &DimHeadError{v.float, "the floating-point result is rounded before it is used further"}
	}
	return nil
}

// dimTorchMaxText bounds the work for one expression; those of real programs have some hundred characters.
const dimTorchMaxText = 1 << 16

// dimTorch builds expressions from heads. It remembers what is known about the sign of symbols.
type dimTorch struct {
	decls []*DimDecl
}

// dimTorchHead is a function of PyTorch's symbolic expressions; max < 0 means any number of arguments.
type dimTorchHead struct {
	min, max int
	apply    func(t *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error)
}

// dimTorchHeads has the heads of sympy and torch.utils._sympy.functions, and the spellings of Python guards.
var dimTorchHeads = newDimTorchHeads()

func newDimTorchHeads() map[string]dimTorchHead {
	add := dimTorchFold(dimTorchAdd)
	mul := dimTorchFold(dimTorchMul)
	floorDiv := dimTorchInts(2, 2, func(d []Dim) Dim { return d[0].FloorDiv(d[1]) })
	mod := dimTorchInts(2, 2, func(d []Dim) Dim { return d[0].Mod(d[1]) })
	minimum := dimTorchInts(1, -1, func(d []Dim) Dim { return dimExtreme(dimMin, d) })
	maximum := dimTorchInts(1, -1, func(d []Dim) Dim { return dimExtreme(dimMax, d) })
	trueDiv := dimTorchHead{2, 2, dimTorchTrueDiv}
	floor := dimTorchHead{1, 1, dimTorchFloor}
	ceil := dimTorchHead{1, 1, dimTorchCeil}
	trunc := dimTorchHead{1, 1, dimTorchTrunc}
	toFloat := dimTorchHead{1, 1, dimTorchToFloat}
	pow := dimTorchHead{2, 2, dimTorchPow}
	eq, ne := dimTorchRelation(RelEQ), dimTorchRelation(RelNE)
	le, lt := dimTorchRelation(RelLE), dimTorchRelation(RelLT)
	ge, gt := dimTorchRelation(RelGE), dimTorchRelation(RelGT)
	and := dimTorchLogic(nil, guardClauses.and)
	or := dimTorchLogic(guardClauses{{}}, guardClauses.or)
	not := dimTorchHead{1, 1, dimTorchNot}
	return map[string]dimTorchHead{
		"Add": add, "Mul": mul, "Pow": pow, "PowByNatural": pow,
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

// dimTorchFold is a head that joins any number of exact fractions.
func dimTorchFold(f func(a, b dimTorchValue) dimTorchValue) dimTorchHead {
	return dimTorchHead{1, -1, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		out := args[0]
		for i, a := range args {
			if err := a.exact(head); err != nil {
				return a, err
			}
			if i == 0 {
				continue
			}
			out = f(out, a)
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
		if err := v.exact(head); err != nil {
			return v, err
		}
	}
	return dimTorchValue{num: a.num.Mul(b.den), den: a.den.Mul(b.num), float: head}, nil
}

func dimTorchToFloat(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	out := args[0]
	if out.float == "" {
		out.float = head
	}
	return out, out.exact(head)
}

// The three roundings take a fraction that was rounded once: for sizes below 2^53 a rounded quotient lies on the
// same side of every integer as the exact one.

func dimTorchFloor(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	if v.isCond {
		return v, v.exact(head)
	}
	return dimTorchInt(v.num.FloorDiv(v.den)), nil
}

func dimTorchCeil(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	if v.isCond {
		return v, v.exact(head)
	}
	return dimTorchInt(v.num.Neg().FloorDiv(v.den).Neg()), nil
}

func dimTorchTrunc(t *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	v := args[0]
	if v.isCond {
		return v, v.exact(head)
	}
	if v.den.Equal(Const(1)) {
		return dimTorchInt(v.num), nil
	}
	env := NewDimEnv(t.decls, nil)
	num, den := env.Prove(Cond{v.num, RelGE, Const(0)}), env.Prove(Cond{v.den, RelGT, Const(0)})
	if num != True || den != True {
		return v, &DimHeadError{head, fmt.Sprintf("the sign of (%v)/(%v) is not known", v.num, v.den)}
	}
	return dimTorchInt(v.num.FloorDiv(v.den)), nil
}

func dimTorchPow(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
	base := args[0]
	if err := base.exact(head); err != nil {
		return base, err
	}
	d, err := args[1].dim(head)
	n, isConst := d.IsConst()
	if err != nil || !isConst {
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

// dimTorchRelation compares fractions with integer denominators, which are above 0.
func dimTorchRelation(rel Relation) dimTorchHead {
	return dimTorchHead{2, 2, func(_ *dimTorch, head string, args []dimTorchValue) (dimTorchValue, error) {
		for i, v := range args {
			if err := v.exact(head); err != nil {
				return v, err
			}
			if _, isConst := v.den.IsConst(); !isConst {
				d, err := v.dim(head)
				if err != nil {
					return v, err
				}
				args[i] = dimTorchInt(d)
			}
		}
		common := dimCommonFactor(args[0].den, args[1].den).c
		left, right := args[0].num.scale(args[1].den.c/common), args[1].num.scale(args[0].den.c/common)
		if bad := dimFirstInvalid(left, right); bad != nil {
			return args[0], bad.Err()
		}
		return dimTorchValue{isCond: true, cond: guardCond(Cond{left, rel, right})}, nil
	}}
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

// dimTorchFloat is a float literal: exact where it is a short binary fraction.
func dimTorchFloat(head, literal string) (dimTorchValue, error) {
	const maxDenominator = 1 << 20
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return dimTorchValue{}, fmt.Errorf("%s: %.40q is not a number", head, literal)
	}
	r := new(big.Rat).SetFloat64(f)
	if r == nil || !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Denom().Int64() > maxDenominator {
		return dimTorchValue{}, &DimHeadError{head, literal + " is not a short binary fraction"}
	}
	return dimTorchValue{num: Const(r.Num().Int64()), den: Const(r.Denom().Int64()), float: head}.checked()
}
