package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// remainder is a number read as rest + scale*(a mod b), which a sum has as scale*a - scale*b*floor(a/b).
type remainder struct{ rest, scale, a, b ir.Dim }

// remainder finds one whose a and b are known not to be negative, and which makes the number shorter.
func (g *gen) remainder(d ir.Dim) (remainder, bool) {
	terms, _ := d.Terms()
	for _, t := range terms {
		for i, f := range t.Factors {
			if f.Kind != ir.FactorFloorDiv {
				continue
			}
			scaled, ok := withoutFactor(t, i)
			if !ok {
				continue
			}
			for _, ab := range dividends(f, terms) {
				a, b := ab[0], ab[1]
				scale := scaled.FloorDiv(b)
				if scale.Err() != nil || !scale.Mul(b).Equal(scaled) {
					continue
				}
				rest := d.Sub(scale.Mul(a.Sub(b.Mul(a.FloorDiv(b)))))
				if rest.Err() == nil && summands(rest) < summands(d) && g.interval(a).Lo >= 0 && g.interval(b).Lo >= 0 {
					return remainder{rest, scale, a, b}, true
				}
			}
		}
	}
	return remainder{}, false
}

// withoutFactor is minus the product of a term's other factors.
func withoutFactor(t ir.DimTerm, i int) (ir.Dim, bool) {
	d := ir.Const(-t.Coef)
	for j, f := range t.Factors {
		switch {
		case j == i:
		case f.Kind == ir.FactorSymbol:
			d = d.Mul(ir.Sym(f.Name))
		default:
			return d, false
		}
	}
	return d, true
}

// dividends are the ways to read floor(a/b): as it is, and as floor(floor(a/n) / (b/n)) where another term has floor(a/n).
func dividends(f ir.DimFactor, terms []ir.DimTerm) [][2]ir.Dim {
	list := [][2]ir.Dim{{f.Args[0], f.Args[1]}}
	b, ok := f.Args[1].IsConst()
	for _, t := range terms {
		for _, other := range t.Factors {
			if other.Kind != ir.FactorFloorDiv || !ok || !other.Args[0].Equal(f.Args[0]) {
				continue
			}
			if n, ok := other.Args[1].IsConst(); ok && n > 0 && n < b && b%n == 0 {
				list = append(list, [2]ir.Dim{f.Args[0].FloorDiv(other.Args[1]), ir.Const(b / n)})
			}
		}
	}
	return list
}

// remainders takes all remainders out of a number, as summands.
func (g *gen) remainders(d ir.Dim, w width) (ir.Dim, []part) {
	var parts []part
	for {
		r, ok := g.remainder(d)
		if !ok {
			return d, parts
		}
		e := convert(w)(g.modulo(r))
		p := part{expr: e}
		if n, isConst := r.scale.IsConst(); !isConst || n != 1 {
			scale := r.scale
			if isConst && n < 0 {
				p.minus, scale = true, scale.Neg()
			}
			if n != -1 || !isConst {
				p.expr = infix(g.sum(scale, w), "*", precMul, e)
			}
		}
		parts, d = append(parts, p), r.rest
	}
}

// modulo is a mod b.
func (g *gen) modulo(r remainder) (expr, width) {
	if name, ok := r.a.IsSym(); ok && name == g.number && r.b.Equal(ir.Const(kernel.SIMDThreads)) {
		return g.inSIMD(whichLane), u32
	}
	w := g.widthOfBoth(r.a, r.b)
	return infix(g.sum(r.a, w), "%", precMul, g.sum(r.b, w)), w
}

// split reads an element's number as outer*n + inner, with inner below n.
func (g *gen) split(d, n ir.Dim) (outer, inner ir.Dim) {
	terms, c := d.Terms()
	add := func(t ir.Dim) {
		if q := t.FloorDiv(n); q.Err() == nil && q.Mul(n).Equal(t) {
			outer = outer.Add(q)
		} else {
			inner = inner.Add(t)
		}
	}
	for _, t := range terms {
		add(termDim(t))
	}
	add(ir.Const(c))
	if g.holds(ir.Const(0), ir.RelLE, inner) && g.holds(inner, ir.RelLT, n) {
		return outer, inner
	}
	return d.FloorDiv(n), d.Mod(n)
}
