package msl

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// facts are what is known of index symbols at a place.
type facts struct {
	decls  []*ir.DimDecl // their ranges
	guards []ir.Guard
	env    *ir.DimEnv             // of both, once it is asked for
	ranges map[string]ir.Interval // that were asked for
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
	g.facts = facts{slices.Concat(g.decls, decls), slices.Concat(g.guards, guards), nil, map[string]ir.Interval{}}
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
	lo, hi := own.Lo, own.Hi
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
		if fitting(i.Lo, i.Hi) != u32 {
			lo, hi := g.known().Range(d)
			i = ir.Interval{Lo: max(lo, i.Lo), Hi: min(hi, i.Hi)}
		}
		g.ranges[text] = i
	}
	return i.Lo, i.Hi
}

// interval adds up the intervals of the terms, after those of remainders.
func (g *gen) interval(d ir.Dim) ir.Interval {
	if d.Err() != nil {
		return ir.Anything()
	}
	sum := ir.Interval{}
	for {
		r, ok := g.remainder(d)
		if !ok {
			break
		}
		_, most := g.rangeOf(r.b)
		sum = sum.Add(g.interval(r.scale).Mul(ir.Interval{Lo: 0, Hi: max(most-1, 0)}))
		d = r.rest
	}
	terms, c := d.Terms()
	for _, t := range terms {
		product := ir.Interval{Lo: t.Coef, Hi: t.Coef}
		for _, f := range t.Factors {
			product = product.Mul(g.factorInterval(f))
		}
		sum = sum.Add(product)
	}
	return sum.Add(ir.Interval{Lo: c, Hi: c})
}

func (g *gen) factorInterval(f ir.DimFactor) ir.Interval {
	switch f.Kind {
	case ir.FactorSymbol:
		for _, d := range g.decls {
			if d.Name == f.Name {
				return ir.Interval{Lo: d.Min, Hi: d.Max}
			}
		}
	case ir.FactorFloorDiv: // a divisor that is computed with is not 0
		a, b := g.interval(f.Args[0]), g.interval(f.Args[1])
		if b.Lo >= 0 {
			return a.FloorDiv(b)
		}
	case ir.FactorMin:
		all := g.interval(f.Args[0])
		for _, arg := range f.Args[1:] {
			all = all.Min(g.interval(arg))
		}
		return all
	case ir.FactorMax:
		all := g.interval(f.Args[0])
		for _, arg := range f.Args[1:] {
			all = all.Max(g.interval(arg))
		}
		return all
	}
	return ir.Anything()
}
