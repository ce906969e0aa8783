package ir

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
)

// Dim is an immutable size: an integer, or an expression over the symbols of a function. The zero Dim is 0.
//
// A Dim is kept in a canonical form that needs no context: a sum of products of atoms (symbols, floor
// divisions, minima, maxima, rounded floats) with integer coefficients plus a constant. Values lie in -MaxInt64..MaxInt64.
// An operation that leaves this range, divides by the constant zero or grows without limit gives an invalid
// Dim, which carries the error, prints `invalid` and makes every Dim built from it invalid.
type Dim struct {
	c int64    // the constant of the sum
	x *dimExpr // the rest of the sum; nil when the Dim is an integer
}

// dimExpr is a sum of terms without its constant, or an error. It is shared and never changed.
type dimExpr struct {
	terms []dimTerm // sorted by dimCompareProducts, none with coefficient 0
	depth int       // nesting of atoms that hold expressions
	err   error

	words atomic.Pointer[string] // the canonical text, once somebody asked for it: most sums are only steps of a proof
}

type dimTerm struct {
	coef    int64
	product []*dimAtom // sorted by dimCompareAtoms, at least one; a power is a repetition
}

type dimAtomKind uint8

const (
	dimSymbol   dimAtomKind = iota
	dimFloorDiv             // args: numerator, denominator
	dimMin                  // args: two or more, sorted
	dimMax
	dimRounded // args: the sizes in float, from left to right
)

type dimAtom struct {
	kind  dimAtomKind
	args  []Dim
	text  string   // canonical text, the name of a symbol
	depth int      // 0 for a symbol
	alone *dimExpr // the sum of only this atom

	rounding dimRounding // of dimRounded
	float    *dimFloat
}

// Limits that no size of a real model comes near; they bound the work that a hostile file can ask for.
const (
	dimMaxText  = 8192
	dimMaxDepth = 48
	dimMaxTerms = 1024
)

// Const is the integer n.
func Const(n int64) Dim {
	if n == math.MinInt64 {
		return dimOverflow("the integer %d", n)
	}
	return Dim{c: n}
}

// Sym is the symbol called name; the Dim is invalid when DimNameError(name) is an error.
func Sym(name string) Dim {
	if err := DimNameError(name); err != nil {
		return dimInvalid(err)
	}
	return dimAtomOf(dimSymbol, name, nil)
}

// DimNameError says why name cannot name a symbol: it must be an identifier and no word of the guard syntax.
func DimNameError(name string) error {
	const limit = 128
	if len(name) > limit {
		return fmt.Errorf("dimension name %.20q... has %d characters, expected at most %d", name, len(name), limit)
	}
	if slices.Contains([]string{"min", "max", "and", "or", "not", "invalid"}, name) {
		return fmt.Errorf("dimension name %q is a word of the syntax: choose another", name)
	}
	for i := range len(name) {
		if !dimNameByte(name[i]) || i == 0 && name[i] >= '0' && name[i] <= '9' {
			return fmt.Errorf("dimension name %q: expected a letter or _, then letters, digits and _", name)
		}
	}
	if name == "" {
		return fmt.Errorf("dimension name is empty")
	}
	return nil
}

func dimNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// Err is the error of an invalid Dim, nil for a valid one.
func (d Dim) Err() error {
	if d.x == nil {
		return nil
	}
	return d.x.err
}

// IsConst reports whether d is an integer, and which.
func (d Dim) IsConst() (int64, bool) {
	if d.x != nil {
		return 0, false
	}
	return d.c, true
}

// Int is the integer d; it panics when d is symbolic, which the caller has excluded.
func (d Dim) Int() int64 {
	if d.x != nil {
		panic("ir: Int of the symbolic dimension " + d.String())
	}
	return d.c
}

// IsSym reports whether d is exactly one symbol, and which.
func (d Dim) IsSym() (string, bool) {
	if a := d.atom(); a != nil && a.kind == dimSymbol {
		return a.text, true
	}
	return "", false
}

// atom is the atom that d consists of, or nil.
func (d Dim) atom() *dimAtom {
	if d.c != 0 || d.x == nil || len(d.x.terms) != 1 {
		return nil
	}
	if t := d.x.terms[0]; t.coef == 1 && len(t.product) == 1 {
		return t.product[0]
	}
	return nil
}

// terms are the non-constant terms of a valid d.
func (d Dim) terms() []dimTerm {
	if d.x == nil {
		return nil
	}
	return d.x.terms
}

func (d Dim) depth() int {
	if d.x == nil {
		return 0
	}
	return d.x.depth
}

// Equal reports whether both have the same canonical form. It implies equality for all sizes; different forms
// may still be equal for the sizes that are allowed: ask DimEnv.Compare. An invalid Dim equals nothing.
func (d Dim) Equal(e Dim) bool {
	if d.Err() != nil || e.Err() != nil || d.c != e.c || (d.x == nil) != (e.x == nil) {
		return false
	}
	return d.x == e.x || slices.EqualFunc(d.x.terms, e.x.terms, dimTerm.equal)
}

// Symbols lists the symbols in d, sorted, each once.
func (d Dim) Symbols() []string {
	var names []string
	d.eachAtom(func(a *dimAtom) {
		if a.kind == dimSymbol {
			names = append(names, a.text)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// has reports that a symbol occurs in d.
func (d Dim) has(name string) bool {
	found := false
	d.eachAtom(func(a *dimAtom) { found = found || a.kind == dimSymbol && a.text == name })
	return found
}

// eachAtom calls f for every atom in d, nested ones after the atom that holds them.
func (d Dim) eachAtom(f func(*dimAtom)) {
	for _, t := range d.terms() {
		for _, a := range t.product {
			f(a)
			for _, arg := range a.args {
				arg.eachAtom(f)
			}
		}
	}
}

// Neg is -d.
func (d Dim) Neg() Dim { return d.scale(-1) }

// Add is d + e.
func (d Dim) Add(e Dim) Dim {
	if bad := dimFirstInvalid(d, e); bad != nil {
		return *bad
	}
	c, ok := dimAddInt(d.c, e.c)
	if !ok {
		return dimOverflow("%v + %v", d, e)
	}
	switch {
	case e.x == nil:
		return Dim{c, d.x}
	case d.x == nil:
		return Dim{c, e.x}
	}
	if sum, ok := dimCombined(d, 1, e, 1); ok {
		return sum
	}
	return dimSum(slices.Concat(d.x.terms, e.x.terms), c) // it says what does not fit
}

// Sub is d - e.
func (d Dim) Sub(e Dim) Dim {
	if d.Err() == nil && e.Err() == nil && e.x != nil {
		if diff, ok := dimCombined(d, 1, e, -1); ok {
			return diff
		}
	}
	return d.Add(e.Neg())
}

// Mul is d * e, multiplied out.
func (d Dim) Mul(e Dim) Dim {
	if bad := dimFirstInvalid(d, e); bad != nil {
		return *bad
	}
	if d.x == nil {
		return e.scale(d.c)
	}
	if e.x == nil {
		return d.scale(e.c)
	}
	if (len(d.x.terms)+1)*(len(e.x.terms)+1) > dimMaxTerms {
		return dimTooLarge(d, e)
	}
	c, ok := dimMulInt(d.c, e.c)
	var terms []dimTerm
	for _, s := range append(slices.Clip(d.x.terms), dimTerm{coef: d.c}) {
		for _, t := range append(slices.Clip(e.x.terms), dimTerm{coef: e.c}) {
			coef, fits := dimMulInt(s.coef, t.coef)
			ok = ok && fits
			if product := dimMergeProducts(s.product, t.product); len(product) > 0 {
				terms = append(terms, dimTerm{coef, product})
			}
		}
	}
	if !ok {
		return dimOverflow("(%v) * (%v)", d, e)
	}
	return dimSum(terms, c)
}

// scale is k * d.
func (d Dim) scale(k int64) Dim {
	if d.Err() != nil || k == 1 {
		return d
	}
	c, ok := dimMulInt(d.c, k)
	terms := make([]dimTerm, len(d.terms()))
	for i, t := range d.terms() {
		coef, fits := dimMulInt(t.coef, k)
		ok = ok && fits
		terms[i] = dimTerm{coef, t.product}
	}
	if !ok {
		return dimOverflow("%d * (%v)", k, d)
	}
	return dimSum(terms, c)
}

// dimAddInt and dimMulInt report false when the result is outside -MaxInt64..MaxInt64.
func dimAddInt(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0) && s != math.MinInt64
}

func dimMulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(dimAbs(a), dimAbs(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func dimAbs(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// dimFloor is the floor of a/b for b != 0 and a, b > MinInt64.
func dimFloor(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// dimGCD is the greatest common divisor of |a| and |b|; that of 0 and 0 is 0. Both are above MinInt64.
func dimGCD(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return int64(dimAbs(a))
}

func dimInvalid(err error) Dim { return Dim{x: &dimExpr{err: err}} }

func dimOverflow(format string, args ...any) Dim {
	what := fmt.Sprintf(format, args...)
	if len(what) > 120 {
		what = what[:117] + "..."
	}
	return dimInvalid(fmt.Errorf("dimension out of range: %s does not fit into 64 bits", what))
}

func dimTooLarge(d, e Dim) Dim {
	return dimInvalid(fmt.Errorf("dimension expression is too large: its parts have %d and %d characters; the limits are %d characters, %d terms and %d nested operations",
		len(d.String()), len(e.String()), dimMaxText, dimMaxTerms, dimMaxDepth))
}

func dimFirstInvalid(dims ...Dim) *Dim {
	for i := range dims {
		if dims[i].Err() != nil {
			return &dims[i]
		}
	}
	return nil
}
