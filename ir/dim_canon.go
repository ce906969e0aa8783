package ir

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// dimSum is the Dim of unsorted terms, which it takes over, and a constant.
func dimSum(terms []dimTerm, c int64) Dim {
	slices.SortFunc(terms, func(s, t dimTerm) int { return dimCompareProducts(s.product, t.product) })
	kept := terms[:0]
	for _, t := range terms {
		if n := len(kept); n > 0 && dimCompareProducts(kept[n-1].product, t.product) == 0 {
			coef, ok := dimAddInt(kept[n-1].coef, t.coef)
			if !ok {
				return dimOverflow("%d + %d times %v", kept[n-1].coef, t.coef, dimProductText(t.product, false))
			}
			kept[n-1].coef = coef
		} else {
			kept = append(kept, t)
		}
	}
	return dimOfSorted(slices.DeleteFunc(kept, func(t dimTerm) bool { return t.coef == 0 }), c)
}

// dimOfSorted is the Dim of terms in their order, which it takes over, and a constant.
func dimOfSorted(kept []dimTerm, c int64) Dim {
	switch {
	case len(kept) == 0:
		return Dim{c: c}
	case len(kept) == 1 && kept[0].coef == 1 && len(kept[0].product) == 1:
		return Dim{c, kept[0].product[0].alone}
	}
	x := &dimExpr{terms: kept}
	for _, t := range kept {
		for _, a := range t.product {
			x.depth = max(x.depth, a.depth)
		}
	}
	if dimSumLen(kept) > dimMaxText && len(x.text()) > dimMaxText || len(kept) > dimMaxTerms {
		x.err = dimTooLarge(Dim{x: x}, Dim{c: c}).Err()
		return Dim{x: &dimExpr{err: x.err}}
	}
	return Dim{c, x}
}

// dimCombined is m*d + n*e for valid sums and factors other than 0; ok is false where a number does not fit.
func dimCombined(d Dim, m int64, e Dim, n int64) (sum Dim, ok bool) {
	left, right := d.terms(), e.terms()
	terms := make([]dimTerm, 0, len(left)+len(right))
	ok = true
	times := func(t dimTerm, by int64) dimTerm {
		coef, fits := dimMulInt(t.coef, by)
		ok = ok && fits
		return dimTerm{coef, t.product}
	}
	plus := func(a, b int64) int64 {
		s, fits := dimAddInt(a, b)
		ok = ok && fits
		return s
	}
	for len(left) > 0 && len(right) > 0 {
		switch order := dimCompareProducts(left[0].product, right[0].product); {
		case order < 0:
			terms, left = append(terms, times(left[0], m)), left[1:]
		case order > 0:
			terms, right = append(terms, times(right[0], n)), right[1:]
		default:
			t := times(left[0], m)
			if t.coef = plus(t.coef, times(right[0], n).coef); t.coef != 0 {
				terms = append(terms, t)
			}
			left, right = left[1:], right[1:]
		}
	}
	for _, t := range left {
		terms = append(terms, times(t, m))
	}
	for _, t := range right {
		terms = append(terms, times(t, n))
	}
	c := plus(times(dimTerm{coef: d.c}, m).coef, times(dimTerm{coef: e.c}, n).coef)
	if !ok {
		return Dim{}, false
	}
	return dimOfSorted(terms, c), true
}

// dimAtomOf is the Dim of one atom; its args are canonical. Only a symbol has a name.
func dimAtomOf(kind dimAtomKind, name string, args []Dim) Dim {
	a := &dimAtom{kind: kind, args: args, text: name}
	switch kind {
	case dimFloorDiv:
		a.text = dimOperandText(args[0]) + "//" + dimOperandText(args[1])
	case dimMin, dimMax:
		texts := make([]string, len(args))
		for i, arg := range args {
			texts[i] = arg.String()
		}
		a.text = map[dimAtomKind]string{dimMin: "min(", dimMax: "max("}[kind] + strings.Join(texts, ", ") + ")"
	}
	return dimNewAtom(a)
}

// dimNewAtom is the Dim of one atom that has its text.
func dimNewAtom(a *dimAtom) Dim {
	for _, arg := range a.args {
		a.depth = max(a.depth, arg.depth()+1)
	}
	if len(a.text) > dimMaxText || a.depth > dimMaxDepth {
		return dimTooLarge(a.args[0], a.args[len(a.args)-1])
	}
	a.alone = &dimExpr{terms: []dimTerm{{1, []*dimAtom{a}}}, depth: a.depth}
	a.alone.words.Store(&a.text)
	return Dim{x: a.alone}
}

// dimCompareAtoms puts symbols first, then goes by text.
func dimCompareAtoms(a, b *dimAtom) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(min(a.kind, 1), min(b.kind, 1)), strings.Compare(a.text, b.text))
}

// dimCompareProducts puts the higher degree first, then goes by atoms. It is a monomial order (multiplying both
// sides keeps it), which the exact division of sums relies on.
func dimCompareProducts(a, b []*dimAtom) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), slices.CompareFunc(a, b, dimCompareAtoms))
}

func dimMergeProducts(a, b []*dimAtom) []*dimAtom {
	merged := slices.Concat(a, b)
	slices.SortStableFunc(merged, dimCompareAtoms)
	return merged
}

// dimDivideProducts is a/b, where every atom of b is in a.
func dimDivideProducts(a, b []*dimAtom) ([]*dimAtom, bool) {
	rest := slices.Clone(a)
	for _, atom := range b {
		i := slices.IndexFunc(rest, func(r *dimAtom) bool { return dimCompareAtoms(r, atom) == 0 })
		if i < 0 {
			return nil, false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return rest, true
}

// String is the canonical text, such as `2*S+1`, `S//2`, `max(S, T)` or `invalid`; ParseDim reads it back.
func (d Dim) String() string {
	switch {
	case d.x == nil:
		return strconv.FormatInt(d.c, 10)
	case d.c == 0 || d.x.err != nil:
		return d.x.text()
	case d.c > 0:
		return d.x.text() + "+" + strconv.FormatInt(d.c, 10)
	}
	return d.x.text() + strconv.FormatInt(d.c, 10)
}

// text is canonical: equal texts are equal sums.
func (x *dimExpr) text() string {
	if x.err != nil {
		return "invalid"
	}
	if known := x.words.Load(); known != nil {
		return *known
	}
	text := dimSumText(x.terms)
	x.words.Store(&text)
	return text
}

func (t dimTerm) equal(u dimTerm) bool {
	return t.coef == u.coef && dimCompareProducts(t.product, u.product) == 0
}

// dimSumLen is at least the length of a sum's text.
func dimSumLen(terms []dimTerm) int {
	const sign, coef, times = 1, 20, 3 // what stands before a term, and beside each of its factors
	n := 0
	for _, t := range terms {
		n += sign + coef
		for _, a := range t.product {
			n += len(a.text) + times
		}
	}
	return n
}

func dimSumText(terms []dimTerm) string {
	var b strings.Builder
	for i, t := range terms {
		coef := t.coef
		if coef < 0 {
			b.WriteByte('-')
			coef = -coef
		} else if i > 0 {
			b.WriteByte('+')
		}
		// A minus in front binds tighter than // does: -S//2 would be (-S)//2.
		inProduct := coef != 1 || len(t.product) > 1 || i == 0 && t.coef < 0
		if coef != 1 {
			b.WriteString(strconv.FormatInt(coef, 10))
			b.WriteByte('*')
		}
		b.WriteString(dimProductText(t.product, inProduct))
	}
	return b.String()
}

func dimProductText(product []*dimAtom, parens bool) string {
	texts := make([]string, len(product))
	for i, a := range product {
		texts[i] = a.text
		if parens && a.kind == dimFloorDiv {
			texts[i] = "(" + a.text + ")"
		}
	}
	return strings.Join(texts, "*")
}

// dimOperandText is the text of d as an operand of a division.
func dimOperandText(d Dim) string {
	n, isConst := d.IsConst()
	if a := d.atom(); isConst && n >= 0 || a != nil && a.kind != dimFloorDiv {
		return d.String()
	}
	return "(" + d.String() + ")"
}
