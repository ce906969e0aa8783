package msl

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// width is the type that an index is computed in. Sums and products of 32 bits wrap, so a result that fits is right whatever
// came before it; what is compared, divided or chosen from must fit itself.
type width uint8

const (
	u32 width = iota
	i32
	i64
)

var widthNames = [...]string{u32: "uint", i32: "int", i64: "long"}

func (w width) String() string { return widthNames[w] }

// fitting is the narrowest width for numbers in lo..hi.
func fitting(lo, hi int64) width {
	switch {
	case lo >= 0 && hi <= math.MaxUint32:
		return u32
	case lo >= math.MinInt32 && hi <= math.MaxInt32:
		return i32
	}
	return i64
}

// joined is a width for the numbers of both.
func joined(lo1, hi1, lo2, hi2 int64) width { return fitting(min(lo1, lo2), max(hi1, hi2)) }

// symbol is what an index symbol is in the text.
type symbol struct {
	text  expr
	width width
	by    int64 // it is a multiple of this
}

// index is the element of an access, which is proven to lie in its buffer.
func (g *gen) index(d ir.Dim) string { return g.sum(d, u32).text }

// typed is a number in a width whose text has that type, constants too.
func (g *gen) typed(d ir.Dim, w width) expr {
	n, ok := d.IsConst()
	switch {
	case !ok:
		return g.sum(d, w)
	case w == u32:
		return atom("%du", uint32(n))
	case w == i64:
		return signedText(n, "L")
	}
	return signedText(n, "")
}

// sum is a number in a width.
func (g *gen) sum(d ir.Dim, w width) expr {
	if err := d.Err(); err != nil {
		refuse("%v", err)
	}
	if _, isConst := d.IsConst(); w == i32 && !isConst {
		if terms, c := d.Terms(); c == 0 && len(terms) == 1 && terms[0].Coef == 1 && len(terms[0].Factors) == 1 {
			if e, w := g.factor(terms[0].Factors[0]); w == i32 {
				return e
			}
		}
		return call("int", g.sum(d, u32)) // on the way a sum may be larger than it is
	}
	d, parts := g.remainders(d, w)
	terms, c := d.Terms()
	for _, t := range terms {
		parts = append(parts, part{t.Coef < 0, g.product(t, w)})
	}
	switch {
	case c > 0 || c == 0 && len(parts) == 0:
		parts = append(parts, part{false, constant(c, w)})
	case c < 0:
		parts = append(parts, part{true, constant(-c, w)})
	}
	return joinParts(parts)
}

func constant(n int64, w width) expr {
	if w == u32 && n > math.MaxInt32 {
		return atom("%du", uint32(n))
	}
	return atom("%d", n)
}

// part is a summand.
type part struct {
	minus bool
	expr
}

// joinParts adds summands up, positive ones first.
func joinParts(parts []part) expr {
	var e expr
	for _, minus := range []bool{false, true} {
		for _, p := range parts {
			switch {
			case p.minus != minus:
			case e.text == "" && minus:
				e = prefix("-", p.expr)
			case e.text == "":
				e = p.expr
			case minus:
				e = infix(e, "-", precAdd, p.expr)
			default:
				e = infix(e, "+", precAdd, p.expr)
			}
		}
	}
	return e
}

// product is a term without its sign.
func (g *gen) product(t ir.DimTerm, w width) expr {
	var e expr
	if c := t.Coef; c != 1 && c != -1 {
		e = constant(max(c, -c), w)
	}
	for _, f := range t.Factors {
		x := convert(w)(g.factor(f))
		if e.text == "" {
			e = x
		} else {
			e = infix(e, "*", precMul, x)
		}
	}
	return e
}

// convert makes an expression of another width one of w.
func convert(w width) func(expr, width) expr {
	return func(e expr, from width) expr {
		if from == w {
			return e
		}
		return call(w.String(), e)
	}
}

func (g *gen) factor(f ir.DimFactor) (expr, width) {
	switch f.Kind {
	case ir.FactorSymbol:
		s := g.symbol(f.Name)
		return s.text, s.width
	case ir.FactorFloorDiv:
		return g.floorDiv(f.Args[0], f.Args[1])
	case ir.FactorMin:
		return g.extremeOf("min", g.without(f.Args, ir.RelGE))
	case ir.FactorMax:
		return g.extremeOf("max", g.without(f.Args, ir.RelLE))
	}
	refuse("an index rounds a float")
	return expr{}, 0
}

// without leaves numbers out that are known to be at least, or at most, another one of the list.
func (g *gen) without(args []ir.Dim, rel ir.Relation) []ir.Dim {
	list := slices.Clone(args)
	for i := 0; i < len(list); {
		others := slices.Delete(slices.Clone(list), i, i+1)
		if slices.ContainsFunc(others, func(d ir.Dim) bool { return g.holds(list[i], rel, d) }) {
			list = others
		} else {
			i++
		}
	}
	return list
}

// extremeOf is the least or the most of numbers.
func (g *gen) extremeOf(name string, args []ir.Dim) (expr, width) {
	lo, hi := g.rangeOf(args[0])
	for _, a := range args[1:] {
		l, h := g.rangeOf(a)
		lo, hi = min(lo, l), max(hi, h)
	}
	w := fitting(lo, hi)
	if len(args) == 1 {
		return g.sum(args[0], w), w
	}
	e := g.typed(args[0], w)
	for _, a := range args[1:] {
		if w == i64 {
			e = g.helper(name+"_long", e, g.typed(a, w))
		} else {
			e = call(name, e, g.typed(a, w))
		}
	}
	return e, w
}

// floorDiv rounds down.
func (g *gen) floorDiv(a, b ir.Dim) (expr, width) {
	alo, ahi := g.rangeOf(a)
	blo, bhi := g.rangeOf(b)
	n, isConst := b.IsConst()
	if name, ok := a.IsSym(); ok && isConst && n == kernel.SIMDThreads && name == g.number {
		return g.inSIMD(whichSIMD), u32
	}
	w := joined(alo, ahi, blo, bhi)
	switch {
	case alo >= 0 && blo >= 0:
		return infix(g.sum(a, w), "/", precMul, g.sum(b, w)), w
	case isConst && n > 0 && n&(n-1) == 0:
		w = fitting(alo, ahi)
		return shifted(g.sum(a, w), ">>", atom("%d", bits.TrailingZeros64(uint64(n)))), w
	case w == i64:
		return g.helper("floor_div_long", g.typed(a, w), g.typed(b, w)), w
	}
	return g.helper("floor_div", g.typed(a, w), g.typed(b, w)), w
}

func summands(d ir.Dim) int {
	terms, c := d.Terms()
	if c != 0 {
		return len(terms) + 1
	}
	return len(terms)
}

// condition compares two numbers: true or false where that is known. What is subtracted on one side is added on the other
// where that keeps both from being negative.
func (g *gen) condition(c ir.Cond) expr {
	switch g.decide(c) {
	case ir.True:
		return yes
	case ir.False:
		return no
	}
	left, right := c.Left, c.Right
	if g.widthOfBoth(left, right) != u32 {
		left, right = sides(left.Sub(right))
	}
	rel := c.Rel
	_, l := left.Terms()
	_, r := right.Terms()
	switch one := ir.Const(1); { // `i < N` rather than `i + 1 <= N` or `i <= N - 1`
	case rel == ir.RelLE && r == -1:
		right, rel = right.Add(one), ir.RelLT
	case rel == ir.RelLE && l > 0:
		left, rel = left.Sub(one), ir.RelLT
	case rel == ir.RelGE && l == -1:
		left, rel = left.Add(one), ir.RelGT
	case rel == ir.RelGE && r > 0:
		right, rel = right.Sub(one), ir.RelGT
	}
	w := g.widthOfBoth(left, right)            // one less than 0 is no number without a sign
	if _, isConst := left.IsConst(); isConst { // the constant behind
		left, right, rel = right, left, mirrored[rel]
	}
	prec := precLess
	if rel == ir.RelEQ || rel == ir.RelNE {
		prec = precEqual
	}
	return infix(g.sum(left, w), rel.String(), prec, g.sum(right, w))
}

var yes, no = atom("true"), atom("false")

var mirrored = map[ir.Relation]ir.Relation{
	ir.RelEQ: ir.RelEQ, ir.RelNE: ir.RelNE, ir.RelLT: ir.RelGT, ir.RelLE: ir.RelGE, ir.RelGT: ir.RelLT, ir.RelGE: ir.RelLE,
}

// sides splits a difference into what is added and what is subtracted.
func sides(d ir.Dim) (added, subtracted ir.Dim) {
	terms, c := d.Terms()
	for _, t := range terms {
		n := t
		n.Coef = max(t.Coef, -t.Coef)
		if t.Coef > 0 {
			added = added.Add(termDim(n))
		} else {
			subtracted = subtracted.Add(termDim(n))
		}
	}
	if c > 0 {
		return added.Add(ir.Const(c)), subtracted
	}
	return added, subtracted.Add(ir.Const(-c))
}

// termDim is the number that a term stands for.
func termDim(t ir.DimTerm) ir.Dim {
	d := ir.Const(t.Coef)
	for _, f := range t.Factors {
		switch f.Kind {
		case ir.FactorSymbol:
			d = d.Mul(ir.Sym(f.Name))
		case ir.FactorFloorDiv:
			d = d.Mul(f.Args[0].FloorDiv(f.Args[1]))
		case ir.FactorMin, ir.FactorMax:
			m := f.Args[0]
			for _, a := range f.Args[1:] {
				if f.Kind == ir.FactorMin {
					m = m.Min(a)
				} else {
					m = m.Max(a)
				}
			}
			d = d.Mul(m)
		default:
			refuse("an index rounds a float")
		}
	}
	return d
}

// multiple reports a number that n divides, whatever the call: n is a power of two.
func (g *gen) multiple(d ir.Dim, n int64) bool {
	terms, c := d.Terms()
	for _, t := range terms {
		by := gcd(t.Coef, n)
		for _, f := range t.Factors {
			if f.Kind == ir.FactorSymbol {
				by = gcd(by*gcd(g.symbol(f.Name).by, n), n)
			}
		}
		if by != n {
			return false
		}
	}
	return c%n == 0
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

func (g *gen) symbol(name string) *symbol {
	s := g.symbols[name]
	if s == nil {
		panic(fmt.Sprintf("the symbol %s is not known here", name))
	}
	if at := g.sizes[name]; at != nil {
		at.used = true
	}
	return s
}
