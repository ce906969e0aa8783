package msl

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// facts are what is known of index symbols at a place.
type facts struct {
	decls  []*ir.DimDecl // their ranges
	guards []ir.Guard
	env    *ir.DimEnv          // of both, once it is asked for
	ranges map[string]interval // that were asked for
}

// known gives what is proven of the symbols that are defined.
func (g *gen) known() *ir.DimEnv {
	if g.env == nil {
		g.env = ir.NewDimEnv(g.decls, g.guards)
	}
	return g.env
}

// with changes what is known; what was known before may be in use elsewhere.
func (g *gen) with(decls []*ir.DimDecl, guards []ir.Guard) {
	g.facts = facts{slices.Concat(g.decls, decls), slices.Concat(g.guards, guards), nil, map[string]interval{}}
}

// learn adds a symbol in least..most to what is known.
func (g *gen) learn(name string, least, most ir.Dim) {
	lo, _ := g.rangeOf(least)
	_, hi := g.rangeOf(most)
	g.with([]*ir.DimDecl{{Name: name, Min: lo, Max: max(lo, hi)}}, nil)
	s := ir.Sym(name)
	g.assume(ir.Cond{Left: least, Rel: ir.RelLE, Right: s}, ir.Cond{Left: s, Rel: ir.RelLE, Right: most})
}

// learnLoop adds the variable of a loop.
func (g *gen) learnLoop(name string, extent ir.Dim, step int64) {
	last := extent.Sub(ir.Const(1))
	if n, ok := last.IsConst(); ok && n > 0 {
		last = ir.Const(n / step * step)
	}
	g.learn(name, ir.Const(0), last)
}

func (g *gen) assume(conds ...ir.Cond) {
	var guards []ir.Guard
	for _, c := range conds {
		guards = append(guards, ir.Guard{Any: []ir.Cond{c}})
	}
	g.with(nil, guards)
}

// supposing runs body where conditions hold.
func (g *gen) supposing(conds []ir.Cond, body func()) {
	before := g.facts
	if len(conds) > 0 {
		g.assume(conds...)
	}
	body()
	g.facts = before
}

func (g *gen) widthOf(d ir.Dim) width { return fitting(g.rangeOf(d)) }

func (g *gen) widthOfBoth(a, b ir.Dim) width {
	alo, ahi := g.rangeOf(a)
	blo, bhi := g.rangeOf(b)
	return joined(alo, ahi, blo, bhi)
}

// decide answers whether a condition holds.
func (g *gen) decide(c ir.Cond) ir.Truth {
	own := g.interval(c.Left.Sub(c.Right))
	lo, hi := own.lo, own.hi
	always := [...]bool{ir.RelEQ: lo == 0 && hi == 0, ir.RelNE: lo > 0 || hi < 0, ir.RelLE: hi <= 0, ir.RelLT: hi < 0, ir.RelGE: lo >= 0, ir.RelGT: lo > 0}
	switch {
	case always[c.Rel]:
		return ir.True
	case always[c.Rel.Negate()]:
		return ir.False
	}
	return g.known().Prove(c)
}

// holds reports a condition that is known to hold.
func (g *gen) holds(left ir.Dim, rel ir.Relation, right ir.Dim) bool {
	return g.decide(ir.Cond{Left: left, Rel: rel, Right: right}) == ir.True
}

// rangeOf gives bounds of a number: what the ranges of its parts say, and where it would not fit an unsigned one, the guards.
func (g *gen) rangeOf(d ir.Dim) (lo, hi int64) {
	text := d.String()
	i, ok := g.ranges[text]
	if !ok {
		i = g.interval(d)
		if fitting(i.lo, i.hi) != u32 {
			lo, hi := g.known().Range(d)
			i = interval{max(lo, i.lo), min(hi, i.hi)}
		}
		g.ranges[text] = i
	}
	return i.lo, i.hi
}

// interval is bounds of which the outermost stand for none.
type interval struct{ lo, hi int64 }

var anything = interval{math.MinInt64, math.MaxInt64}

// interval adds up the intervals of the terms, after those of remainders.
func (g *gen) interval(d ir.Dim) interval {
	if d.Err() != nil {
		return anything
	}
	sum := interval{}
	for {
		r, ok := g.remainder(d)
		if !ok {
			break
		}
		_, most := g.rangeOf(r.b)
		sum = sum.add(g.interval(r.scale).mul(interval{0, max(most-1, 0)}))
		d = r.rest
	}
	terms, c := d.Terms()
	for _, t := range terms {
		product := interval{t.Coef, t.Coef}
		for _, f := range t.Factors {
			product = product.mul(g.factorInterval(f))
		}
		sum = sum.add(product)
	}
	return sum.add(interval{c, c})
}

func (g *gen) factorInterval(f ir.DimFactor) interval {
	switch f.Kind {
	case ir.FactorSymbol:
		for _, d := range g.decls {
			if d.Name == f.Name {
				return interval{d.Min, d.Max}
			}
		}
	case ir.FactorFloorDiv: // a divisor that is computed with is not 0
		a, b := g.interval(f.Args[0]), g.interval(f.Args[1])
		if a.lo >= 0 && b.lo >= 0 {
			return interval{0, a.hi / max(b.lo, 1)}
		}
		if n, ok := f.Args[1].IsConst(); ok && n > 0 && a.lo != math.MinInt64 {
			return interval{(a.lo - n + 1) / n, a.hi}
		}
	case ir.FactorMin:
		all := g.interval(f.Args[0])
		for _, arg := range f.Args[1:] {
			i := g.interval(arg)
			all = interval{min(all.lo, i.lo), min(all.hi, i.hi)}
		}
		return all
	case ir.FactorMax:
		all := g.interval(f.Args[0])
		for _, arg := range f.Args[1:] {
			i := g.interval(arg)
			all = interval{max(all.lo, i.lo), max(all.hi, i.hi)}
		}
		return all
	}
	return anything
}

func (i interval) add(j interval) interval {
	return interval{addBound(i.lo, j.lo), addBound(i.hi, j.hi)}
}

// addBound adds bounds; one that is missing, or a sum that does not fit, leaves none.
func addBound(a, b int64) int64 {
	if none(a) {
		return a
	}
	if none(b) {
		return b
	}
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

func none(a int64) bool { return a == math.MinInt64 || a == math.MaxInt64 }

func (i interval) mul(j interval) interval {
	all := interval{math.MaxInt64, math.MinInt64}
	for _, a := range []int64{i.lo, i.hi} {
		for _, b := range []int64{j.lo, j.hi} {
			p := mulBound(a, b)
			all = interval{min(all.lo, p), max(all.hi, p)}
		}
	}
	return all
}

// mulBound multiplies bounds; of a missing one only the sign counts.
func mulBound(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	p := a * b
	if none(a) || none(b) || p/b != a || none(p) {
		if (a > 0) == (b > 0) {
			return math.MaxInt64
		}
		return math.MinInt64
	}
	return p
}
