package ir

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// FloorDiv is the floor of d/e, as Python's d // e.
func (d Dim) FloorDiv(e Dim) Dim {
	if bad := dimFirstInvalid(d, e); bad != nil {
		return *bad
	}
	n, isConst := e.IsConst()
	switch {
	case isConst && n == 0:
		return dimInvalid(fmt.Errorf("dimension divided by zero: %v // 0", d))
	case isConst && n < 0 || !isConst && e.x.terms[0].coef < 0:
		return d.Neg().FloorDiv(e.Neg())
	case isConst && d.x == nil:
		return Dim{c: dimFloor(d.c, n)}
	case isConst:
		return d.floorDivInt(n)
	}
	if q, ok := dimDivideExactly(d, e); ok {
		return q
	}
	return d.floorDivSymbolic(e)
}

// Mod is d - e*(d//e), as Python's d % e: it has the sign of e.
func (d Dim) Mod(e Dim) Dim { return d.Sub(e.Mul(d.FloorDiv(e))) }

// floorDivInt is the canonical d // n for n > 0: multiples of n leave the numerator, common factors are divided
// out, and a floor division inside is merged.
func (d Dim) floorDivInt(n int64) Dim {
	var out, in []dimTerm
	common := n
	for _, t := range d.terms() {
		q := dimFloor(t.coef, n)
		if r := t.coef - q*n; r != 0 {
			in = append(in, dimTerm{r, t.product})
			common = dimGCD(common, r)
		}
		out = append(out, dimTerm{q, t.product})
	}
	qc := dimFloor(d.c, n)
	rc := d.c - qc*n
	moved := dimSum(out, qc)
	if len(in) == 0 {
		return moved
	}
	// floor((g*x + k)/(g*m)) = floor((x + floor(k/g))/m)
	for i := range in {
		in[i].coef /= common
	}
	n, rc = n/common, rc/common
	rest := dimSum(in, rc)
	if bad := dimFirstInvalid(moved, rest); bad != nil {
		return *bad
	}
	if merged, ok := dimMergeFloorDiv(rest, n); ok {
		return moved.Add(merged)
	}
	return moved.Add(dimAtomOf(dimFloorDiv, "", []Dim{rest, {c: n}}))
}

// dimMergeFloorDiv uses ((x//a) + y)//n = (x + a*y)//(a*n) for the first term x//a of d that allows it.
func dimMergeFloorDiv(d Dim, n int64) (Dim, bool) {
	for _, t := range d.terms() {
		a := t.product[0]
		if t.coef != 1 || len(t.product) > 1 || a.kind != dimFloorDiv {
			continue
		}
		inner, isConst := a.args[1].IsConst()
		if !isConst {
			continue
		}
		both, ok := dimMulInt(inner, n)
		numerator := a.args[0].Add(d.Sub(Dim{x: a.alone}).scale(inner))
		if ok && numerator.Err() == nil {
			return numerator.FloorDiv(Dim{c: both}), true
		}
	}
	return Dim{}, false
}

// floorDivSymbolic is d // e for a symbolic e that does not divide d. What a product e divides leaves the
// numerator, and factors that all terms share are divided out; the sign of e may be unknown, so no more is done.
func (d Dim) floorDivSymbolic(e Dim) Dim {
	var moved Dim
	rest := d
	if e.c == 0 && len(e.x.terms) == 1 {
		var out, in []dimTerm
		divisor := e.x.terms[0]
		for _, t := range d.terms() {
			if product, ok := dimDivideProducts(t.product, divisor.product); ok {
				q := dimFloor(t.coef, divisor.coef)
				t.coef -= q * divisor.coef
				if len(product) == 0 {
					moved = moved.Add(Const(q))
				} else {
					out = append(out, dimTerm{q, product})
				}
			}
			in = append(in, t)
		}
		moved, rest = moved.Add(dimSum(out, 0)), dimSum(in, d.c)
	}
	if n, isConst := rest.IsConst(); isConst && n == 0 {
		return moved
	}
	common := dimCommonFactor(rest, e)
	if n, isConst := common.IsConst(); !isConst || n != 1 {
		numerator, ok1 := dimDivideExactly(rest, common)
		denominator, ok2 := dimDivideExactly(e, common)
		if ok1 && ok2 {
			return moved.Add(numerator.FloorDiv(denominator))
		}
	}
	return moved.Add(dimAtomOf(dimFloorDiv, "", []Dim{rest, e}))
}

// dimCommonFactor is the greatest product that divides every term of all dims, with a coefficient above 0.
func dimCommonFactor(dims ...Dim) Dim {
	var coef int64
	var product []*dimAtom
	first := true
	for _, d := range dims {
		coef = dimGCD(coef, d.c)
		for _, t := range d.terms() {
			coef = dimGCD(coef, t.coef)
			if first {
				product, first = t.product, false
			}
			product = dimCommonProduct(product, t.product)
		}
		if d.c != 0 {
			product, first = nil, false
		}
	}
	if len(product) == 0 || coef == 0 {
		return Dim{c: coef}
	}
	return dimSum([]dimTerm{{coef, product}}, 0)
}

func dimCommonProduct(a, b []*dimAtom) []*dimAtom {
	var common []*dimAtom
	for _, atom := range a {
		if rest, ok := dimDivideProducts(b, []*dimAtom{atom}); ok {
			common, b = append(common, atom), rest
		}
	}
	return common
}

// dimDivideExactly divides sums as polynomials; it reports false when something remains.
func dimDivideExactly(d, e Dim) (Dim, bool) {
	if dimFirstInvalid(d, e) != nil || e.x == nil && e.c == 0 {
		return Dim{}, false
	}
	if e.x == nil { // no floor division here: floorDivInt would come back to this function's callers
		terms := make([]dimTerm, len(d.terms()))
		for i, t := range d.terms() {
			if t.coef%e.c != 0 {
				return Dim{}, false
			}
			terms[i] = dimTerm{t.coef / e.c, t.product}
		}
		return dimSum(terms, d.c/e.c), d.c%e.c == 0
	}
	var quotient Dim
	lead := e.x.terms[0]
	const maxSteps = 64
	for range maxSteps {
		if d.Err() != nil || quotient.Err() != nil {
			return Dim{}, false
		}
		if d.x == nil {
			return quotient, d.c == 0
		}
		t := d.x.terms[0]
		product, ok := dimDivideProducts(t.product, lead.product)
		if !ok || t.coef%lead.coef != 0 {
			return Dim{}, false
		}
		step := Dim{c: t.coef / lead.coef}
		if len(product) > 0 {
			step = dimSum([]dimTerm{{t.coef / lead.coef, product}}, 0)
		}
		quotient, d = quotient.Add(step), d.Sub(step.Mul(e))
	}
	return Dim{}, false
}

// Min is the smaller of d and e.
func (d Dim) Min(e Dim) Dim { return dimExtreme(dimMin, []Dim{d, e}) }

// Max is the larger of d and e.
func (d Dim) Max(e Dim) Dim { return dimExtreme(dimMax, []Dim{d, e}) }

// dimExtreme is the canonical minimum or maximum: nested ones are taken apart, of arguments that differ by an
// integer one stays, and a common integer factor goes in front.
func dimExtreme(kind dimAtomKind, args []Dim) Dim {
	if bad := dimFirstInvalid(args...); bad != nil {
		return *bad
	}
	var flat []Dim
	for _, arg := range args {
		flat = append(flat, dimFlatten(kind, arg)...)
	}
	if bad := dimFirstInvalid(flat...); bad != nil {
		return *bad
	}
	if len(flat) > dimMaxTerms {
		return dimTooLarge(args[0], args[1])
	}
	// Constants last, then by text; among equal texts the winner comes first.
	slices.SortFunc(flat, func(a, b Dim) int {
		byConstant := cmp.Compare(a.c, b.c)
		if kind == dimMax {
			byConstant = -byConstant
		}
		return cmp.Or(dimCompareForms(a, b), byConstant)
	})
	flat = slices.CompactFunc(flat, func(a, b Dim) bool { return dimCompareForms(a, b) == 0 })
	if last := flat[len(flat)-1]; kind == dimMin && len(flat) > 1 && last.x == nil && last.c == math.MaxInt64 {
		flat = flat[:len(flat)-1] // every size is at most this
	}
	if len(flat) == 1 {
		return flat[0]
	}
	var factor int64
	negative := true // all symbolic arguments begin with a minus
	for _, d := range flat {
		factor = dimGCD(factor, d.c)
		for _, t := range d.terms() {
			factor = dimGCD(factor, t.coef)
		}
		negative = negative && (d.x == nil || d.x.terms[0].coef < 0)
	}
	if negative { // min(-S, -T) is -max(S, T)
		factor, kind = -factor, dimMin+dimMax-kind
	}
	if factor == 1 {
		return dimAtomOf(kind, "", flat)
	}
	for i, d := range flat {
		flat[i], _ = dimDivideExactly(d, Dim{c: factor})
	}
	return dimExtreme(kind, flat).scale(factor)
}

// dimFlatten gives the arguments of d = k*min(...)+c as arguments of the surrounding minimum (for k < 0, of a
// maximum), and d itself when it is none.
func dimFlatten(kind dimAtomKind, d Dim) []Dim {
	if len(d.terms()) != 1 || len(d.x.terms[0].product) != 1 {
		return []Dim{d}
	}
	t := d.x.terms[0]
	a := t.product[0]
	if t.coef > 0 && a.kind != kind || t.coef < 0 && a.kind != dimMin+dimMax-kind {
		return []Dim{d}
	}
	flat := make([]Dim, len(a.args))
	for i, arg := range a.args {
		flat[i] = arg.scale(t.coef).Add(Dim{c: d.c})
	}
	return flat
}

// dimCompareForms orders dims by text without their constant, integers last.
func dimCompareForms(a, b Dim) int {
	switch {
	case a.x == nil && b.x == nil:
		return 0
	case a.x == nil:
		return 1
	case b.x == nil:
		return -1
	}
	return strings.Compare(a.x.text(), b.x.text())
}
