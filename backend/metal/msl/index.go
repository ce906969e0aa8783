package msl

import (
	"fmt"
	"math"
	"math/bits"

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

// known gives what is proven of the symbols that are defined.
func (g *gen) known() *ir.DimEnv {
	if g.env == nil {
		g.env = ir.NewDimEnv(g.decls, g.guards)
	}
	return g.env
}

func (g *gen) rangeOf(d ir.Dim) (lo, hi int64) { return g.known().Range(d) }

func (g *gen) widthOf(d ir.Dim) width { return fitting(g.rangeOf(d)) }

// learn adds a symbol in least..most to what is known, and gives its range.
func (g *gen) learn(name string, least, most ir.Dim) (lo, hi int64) {
	lo, _ = g.rangeOf(least)
	_, hi = g.rangeOf(most)
	g.decls = append(g.decls[:len(g.decls):len(g.decls)], &ir.DimDecl{Name: name, Min: lo, Max: max(lo, hi)})
	s := ir.Sym(name)
	g.assume(ir.Cond{Left: least, Rel: ir.RelLE, Right: s}, ir.Cond{Left: s, Rel: ir.RelLE, Right: most})
	return lo, hi
}

func (g *gen) assume(conds ...ir.Cond) {
	for _, c := range conds {
		g.guards = append(g.guards[:len(g.guards):len(g.guards)], ir.Guard{Any: []ir.Cond{c}})
	}
	g.env = nil
}

// index is the element of an access, which is proven to lie in its buffer.
func (g *gen) index(d ir.Dim) string { return g.sum(d, u32).text }

// dim is a number in its own width.
func (g *gen) dim(d ir.Dim) (expr, width) {
	w := g.widthOf(d)
	return g.sum(d, w), w
}

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
		return g.extremeOf("min", f.Args)
	case ir.FactorMax:
		return g.extremeOf("max", f.Args)
	}
	refuse("an index rounds a float")
	return expr{}, 0
}

func (g *gen) extremeOf(name string, args []ir.Dim) (expr, width) {
	lo, hi := g.rangeOf(args[0])
	for _, a := range args[1:] {
		l, h := g.rangeOf(a)
		lo, hi = min(lo, l), max(hi, h)
	}
	w := fitting(lo, hi)
	e := g.typed(args[0], w)
	for _, a := range args[1:] {
		x := g.typed(a, w)
		if w == i64 { // Metal's own are of 32 bits at most
			op := map[string]string{"min": "<", "max": ">"}[name]
			e = ternary(infix(e, op, precLess, x), e, x)
		} else {
			e = call(name, e, x)
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
		return g.builtin("simd", "simdgroup_index_in_threadgroup"), u32
	}
	w := joined(alo, ahi, blo, bhi)
	switch {
	case alo >= 0 && blo >= 0:
		return infix(g.sum(a, w), "/", precMul, g.sum(b, w)), w
	case isConst && n > 0 && n&(n-1) == 0:
		w = fitting(alo, ahi)
		return infix(g.sum(a, w), ">>", precShift, atom("%d", bits.TrailingZeros64(uint64(n)))), w
	case w == i64:
		return g.helper("floor_div_long", g.typed(a, w), g.typed(b, w)), w
	}
	return g.helper("floor_div", g.typed(a, w), g.typed(b, w)), w
}

// remainders takes summands c*(a mod b), which an index has as c*a - c*b*floor(a/b), out of a number.
func (g *gen) remainders(d ir.Dim, w width) (ir.Dim, []part) {
	var parts []part
	for again := true; again; {
		again = false
		terms, _ := d.Terms()
		for _, t := range terms {
			rest, c, f, ok := remainder(d, t)
			if !ok {
				continue
			}
			a, b := f.Args[0], f.Args[1]
			alo, ahi := g.rangeOf(a)
			blo, bhi := g.rangeOf(b)
			if alo < 0 || blo < 0 {
				continue
			}
			var e expr
			in := joined(alo, ahi, blo, bhi)
			name, _ := a.IsSym()
			if n, _ := b.IsConst(); n == kernel.SIMDThreads && name != "" && name == g.number {
				e, in = g.builtin("lane", "thread_index_in_simdgroup"), u32
			} else {
				e = infix(g.sum(a, in), "%", precMul, g.sum(b, in))
			}
			e = convert(w)(e, in)
			p := part{expr: e}
			if n, isConst := c.IsConst(); !isConst || n != 1 {
				if isConst && n < 0 {
					p.minus, c = true, c.Neg()
				}
				if n != -1 || !isConst {
					p.expr = infix(g.sum(c, w), "*", precMul, e)
				}
			}
			parts = append(parts, p)
			d, again = rest, true
			break
		}
	}
	return d, parts
}

// remainder reads a term as -c*b*floor(a/b) of a number that also has c*a, or most of it.
func remainder(d ir.Dim, t ir.DimTerm) (rest, c ir.Dim, f ir.DimFactor, ok bool) {
	for i, f := range t.Factors {
		if f.Kind != ir.FactorFloorDiv {
			continue
		}
		scale, whole := ir.Const(-t.Coef), true
		for j, other := range t.Factors {
			switch {
			case j == i:
			case other.Kind == ir.FactorSymbol:
				scale = scale.Mul(ir.Sym(other.Name))
			default:
				whole = false
			}
		}
		a, b := f.Args[0], f.Args[1]
		c := scale.FloorDiv(b)
		if !whole || c.Err() != nil || !c.Mul(b).Equal(scale) {
			continue
		}
		rest := d.Sub(c.Mul(a.Mod(b)))
		if rest.Err() == nil && summands(rest) < summands(d) {
			return rest, c, f, true
		}
	}
	return d, c, f, false
}

func summands(d ir.Dim) int {
	terms, c := d.Terms()
	if c != 0 {
		return len(terms) + 1
	}
	return len(terms)
}

// condition compares two numbers: "" where it is known to hold. What is subtracted on one side is added on the other, so
// that both sides are seldom negative.
func (g *gen) condition(c ir.Cond) (expr, bool) {
	if g.known().Prove(c) == ir.True {
		return expr{}, true
	}
	left, right := sides(c.Left.Sub(c.Right))
	rel := c.Rel
	one := ir.Const(1)
	if n := left.Sub(one); rel == ir.RelLE && summands(n) < summands(left) {
		left, rel = n, ir.RelLT
	}
	if n := right.Sub(one); rel == ir.RelGE && summands(n) < summands(right) {
		right, rel = n, ir.RelGT
	}
	if zero, _ := left.IsConst(); summands(left) == 0 && zero == 0 { // the constant behind
		left, right, rel = right, left, mirrored[rel]
	}
	lo1, hi1 := g.rangeOf(left)
	lo2, hi2 := g.rangeOf(right)
	w := joined(lo1, hi1, lo2, hi2)
	prec := precLess
	if rel == ir.RelEQ || rel == ir.RelNE {
		prec = precEqual
	}
	return infix(g.sum(left, w), rel.String(), prec, g.sum(right, w)), false
}

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
