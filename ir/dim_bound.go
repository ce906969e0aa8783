package ir

import (
	"math"
	"slices"
)

// dimInterval holds every value from lo to hi. As lo, math.MinInt64 is minus infinity and everything else,
// math.MaxInt64 included, a number; as hi, math.MaxInt64 is plus infinity and everything else a number.
type dimInterval struct{ lo, hi int64 }

var dimAnything = dimInterval{math.MinInt64, math.MaxInt64}

// dimAddLow adds lower ends, rounding down where the sum does not fit.
func dimAddLow(a, b int64) int64 {
	if a == math.MinInt64 || b == math.MinInt64 {
		return math.MinInt64
	}
	s, ok := dimAddInt(a, b)
	if !ok && a > 0 {
		return math.MaxInt64
	}
	if !ok {
		return math.MinInt64
	}
	return s
}

func (i dimInterval) add(j dimInterval) dimInterval {
	return dimInterval{dimAddLow(i.lo, j.lo), dimNegate(dimAddLow(dimNegate(i.hi), dimNegate(j.hi)))}
}

// dimNegate turns an upper end into a lower one and back: the infinities swap, other ends change their sign.
func dimNegate(a int64) int64 {
	switch a {
	case math.MinInt64:
		return math.MaxInt64
	case math.MaxInt64:
		return math.MinInt64
	}
	return -a
}

// mul is the interval of products. Corners saturate to the infinities; that of an upper end, which is then a
// number, to one that every such product is below.
func (i dimInterval) mul(j dimInterval) dimInterval {
	corner := func(a, b int64) int64 {
		switch p, ok := dimMulInt(max(a, -math.MaxInt64), max(b, -math.MaxInt64)); {
		case a == 0 || b == 0:
			return 0
		case ok && dimAbs(a) < math.MaxInt64 && dimAbs(b) < math.MaxInt64:
			return p
		case (a < 0) == (b < 0):
			return math.MaxInt64
		}
		return math.MinInt64
	}
	corners := []int64{corner(i.lo, j.lo), corner(i.lo, j.hi), corner(i.hi, j.lo), corner(i.hi, j.hi)}
	return dimInterval{slices.Min(corners), max(slices.Max(corners), -math.MaxInt64)}
}

// floorDiv is the interval of floor(x/y) for y of at least 1.
func (i dimInterval) floorDiv(j dimInterval) dimInterval {
	j.lo = max(j.lo, 1)
	j.hi = max(j.hi, j.lo)
	out := i
	if i.lo != math.MinInt64 {
		out.lo = min(dimFloor(i.lo, j.lo), dimFloor(i.lo, j.hi))
	}
	if i.hi == math.MinInt64 {
		out.hi = -1
	} else if i.hi != math.MaxInt64 {
		out.hi = max(dimFloor(i.hi, j.lo), dimFloor(i.hi, j.hi))
	}
	return out
}

// dimSearch looks for a lower bound. Its facts are at least 0; steps and terms bound the work.
type dimSearch struct {
	env   *DimEnv
	facts []Dim
	steps int
	terms int
	known map[*dimAtom]dimInterval // of atoms with parts: the same ones come again and again in a search
}

const (
	dimSearchSteps = 300     // sums looked at for one question
	dimSearchTerms = 1 << 19 // terms of facts looked at for one question
	dimSearchDepth = 3       // facts that one bound combines
	dimSearchCases = 4       // minima and maxima taken apart
)

// interval bounds a sum term by term, without facts.
func (e *DimEnv) interval(d Dim) dimInterval {
	s := dimSearch{env: e}
	return s.interval(d.Subst(e.shift))
}

// given reports that a fact says that d is at least 0, as it stands.
func (e *DimEnv) given(d Dim) bool {
	d = d.Subst(e.shift)
	return slices.ContainsFunc(e.facts, func(f Dim) bool { return f.c <= d.c && slices.EqualFunc(f.terms(), d.terms(), dimTerm.equal) })
}

// lower is a lower bound of d, math.MinInt64 when none is found. The search may stop at a bound of want. It goes
// without the facts first: where they are many, a search among them may end before it finds what needs none.
func (e *DimEnv) lower(d Dim, want int64) int64 {
	d = d.Subst(e.shift)
	best := int64(math.MinInt64)
	for _, facts := range [][]Dim{nil, e.facts} {
		s := dimSearch{env: e, facts: facts, steps: dimSearchSteps, terms: dimSearchTerms}
		if best = max(best, s.lowerOfCases(d, want, dimSearchCases)); best >= want || len(e.facts) == 0 {
			break
		}
	}
	return best
}

// interval bounds a sum term by term.
func (s *dimSearch) interval(d Dim) dimInterval {
	if d.Err() != nil {
		return dimAnything
	}
	sum := dimInterval{d.c, d.c}
	for _, t := range d.terms() {
		sum = sum.add(dimInterval{t.coef, t.coef}.mul(s.productInterval(t.product)))
	}
	return sum
}

func (s *dimSearch) productInterval(product []*dimAtom) dimInterval {
	p := dimInterval{1, 1}
	for _, a := range product {
		p = p.mul(s.atomInterval(a))
	}
	return p
}

// atomInterval is in shifted symbols: a range lo..hi has become 0..hi-lo.
func (s *dimSearch) atomInterval(a *dimAtom) dimInterval {
	if a.kind == dimSymbol {
		r, ok := s.env.ranges[a.text]
		switch {
		case !ok:
			return dimAnything
		case s.env.shift[a.text].x == nil:
			return r
		}
		return r.add(dimInterval{-r.lo, -r.lo})
	}
	if a.kind == dimRounded {
		return a.roundedInterval(s.interval)
	}
	if i, ok := s.known[a]; ok {
		return i
	}
	i := s.partsInterval(a)
	if s.known == nil {
		s.known = map[*dimAtom]dimInterval{}
	}
	s.known[a] = i
	return i
}

// partsInterval is the interval of a minimum, a maximum or a floor division.
func (s *dimSearch) partsInterval(a *dimAtom) dimInterval {
	x := s.interval(a.args[0])
	for _, arg := range a.args[1:] {
		y := s.interval(arg)
		switch {
		case a.kind == dimMin:
			x = dimInterval{min(x.lo, y.lo), min(x.hi, y.hi)}
		case a.kind == dimMax:
			x = dimInterval{max(x.lo, y.lo), max(x.hi, y.hi)}
		case y.lo >= 1:
			x = x.floorDiv(y)
		default:
			return dimAnything
		}
	}
	return x
}

// lowerOfCases takes minima and maxima apart: one case for each argument that may be the value, in which it is
// below or above the others.
func (s *dimSearch) lowerOfCases(d Dim, want int64, cases int) int64 {
	var split *dimAtom
	d.eachAtom(func(a *dimAtom) {
		if split == nil && (a.kind == dimMin || a.kind == dimMax) {
			split = a
		}
	})
	if split == nil || cases == 0 || s.steps <= 0 {
		return s.lower(d, want, dimSearchDepth)
	}
	least := int64(math.MaxInt64)
	outer := s.facts
	for _, chosen := range split.args {
		s.facts = nil
		for _, f := range outer {
			s.facts = append(s.facts, f.replaceAtom(split, chosen))
		}
		for _, other := range split.args {
			diff := chosen.Sub(other)
			if split.kind == dimMin {
				diff = diff.Neg()
			}
			if _, isConst := diff.IsConst(); !isConst {
				s.facts = append(s.facts, diff)
			}
		}
		if least = min(least, s.lowerOfCases(d.replaceAtom(split, chosen), want, cases-1)); least == math.MinInt64 {
			break
		}
	}
	s.facts = outer
	return least
}

// replaceAtom rebuilds d with the atom replaced everywhere.
func (d Dim) replaceAtom(atom *dimAtom, by Dim) Dim {
	return d.mapAtoms(func(a *dimAtom) Dim {
		if dimCompareAtoms(a, atom) == 0 {
			return by
		}
		return a.mapArgs(func(arg Dim) Dim { return arg.replaceAtom(atom, by) })
	})
}

// lower bounds d by intervals, and by subtracting facts so that a term goes away: from b*d - a*fact >= low
// follows d >= low/b.
func (s *dimSearch) lower(d Dim, want int64, depth int) int64 {
	if s.steps--; s.steps < 0 || d.Err() != nil || s.env.effort.Spent() {
		return math.MinInt64
	}
	s.env.effort.take(1 + len(d.terms()))
	best := s.interval(d).lo
	if depth == 0 {
		return best
	}
	for _, t := range d.terms() {
		for _, fact := range slices.Concat(s.atomFacts(t), s.facts) {
			if s.terms -= len(fact.terms()); best >= want || s.terms < 0 {
				return best
			}
			i := slices.IndexFunc(fact.terms(), func(u dimTerm) bool { return dimCompareProducts(u.product, t.product) == 0 })
			if i < 0 || (fact.x.terms[i].coef < 0) != (t.coef < 0) {
				continue
			}
			common := dimGCD(t.coef, fact.x.terms[i].coef)
			a, b := int64(dimAbs(t.coef/common)), int64(dimAbs(fact.x.terms[i].coef/common))
			low := s.lower(d.scale(b).Sub(fact.scale(a)), dimScaleLow(want, b), depth-1)
			if low != math.MinInt64 {
				best = max(best, -dimFloor(-low, b))
			}
		}
	}
	return best
}

func dimScaleLow(want, b int64) int64 {
	return dimInterval{want, want}.mul(dimInterval{b, b}).lo
}

// atomFacts are what the floor divisions and rounded floats in a term give. Facts that scale are multiplied by the
// term's other factors, when those are not negative.
func (s *dimSearch) atomFacts(t dimTerm) []Dim {
	var facts []Dim
	for i, q := range t.product {
		own, scales := s.factsOf(q)
		others := Dim{c: 1}
		if len(own) > 0 && scales && len(t.product) > 1 {
			rest := slices.Delete(slices.Clone(t.product), i, i+1)
			if s.productInterval(rest).lo < 0 {
				continue
			}
			others = dimSum([]dimTerm{{1, rest}}, 0)
		}
		for _, f := range own {
			facts = append(facts, f.Mul(others))
		}
	}
	return slices.DeleteFunc(facts, func(f Dim) bool { return f.Err() != nil })
}

// factsOf are sums of at least 0 with the atom: for q = x//y and y >= 1, y*q <= x <= y*q + y-1. Those with an integer y
// hold in products too.
func (s *dimSearch) factsOf(q *dimAtom) (facts []Dim, scales bool) {
	switch {
	case q.kind == dimRounded:
		return s.roundingFacts(q), true
	case q.kind != dimFloorDiv || s.interval(q.args[1]).lo < 1:
		return nil, false
	}
	_, isConst := q.args[1].IsConst()
	above := q.args[0].Sub(q.args[1].Mul(Dim{x: q.alone})) // x - y*q
	below := q.args[1].Sub(Const(1)).Sub(above)
	return []Dim{above, below}, isConst
}
