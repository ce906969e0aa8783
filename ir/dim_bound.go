package ir

import (
	"math"
	"slices"
)

// dimSearch looks for a lower bound. Its facts are at least 0; steps and terms bound the work.
type dimSearch struct {
	env   *DimEnv
	facts []Dim
	steps int
	terms int
	known map[*dimAtom]Interval // of atoms with parts: the same ones come again and again in a search
	own   map[*dimAtom][]Dim    // what factsOf gives
}

const (
	dimSearchSteps = 300     // sums looked at for one question
	dimSearchTerms = 1 << 19 // terms of facts looked at for one question
	dimSearchDepth = 3       // facts that one bound combines
	dimSearchCases = 4       // minima and maxima taken apart
)

// interval bounds a sum term by term, without facts.
func (e *DimEnv) interval(d Dim) Interval {
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
func (s *dimSearch) interval(d Dim) Interval {
	if d.Err() != nil {
		return Anything()
	}
	sum := Interval{d.c, d.c}
	for _, t := range d.terms() {
		sum = sum.Add(Interval{t.coef, t.coef}.Mul(s.productInterval(t.product)))
	}
	return sum
}

func (s *dimSearch) productInterval(product []*dimAtom) Interval {
	p := Interval{1, 1}
	for _, a := range product {
		p = p.Mul(s.atomInterval(a))
	}
	return p
}

// atomInterval is in shifted symbols: a range lo..Hi has become 0..Hi-lo.
func (s *dimSearch) atomInterval(a *dimAtom) Interval {
	if a.kind == dimSymbol {
		r, ok := s.env.ranges[a.text]
		switch {
		case !ok:
			return Anything()
		case s.env.shift[a.text].x == nil:
			return r
		}
		return r.Add(Interval{-r.Lo, -r.Lo})
	}
	if a.kind == dimRounded {
		return a.roundedInterval(s.interval)
	}
	if i, ok := s.known[a]; ok {
		return i
	}
	i := s.partsInterval(a)
	if s.known == nil {
		s.known = map[*dimAtom]Interval{}
	}
	s.known[a] = i
	return i
}

// partsInterval is the interval of a minimum, a maximum or a floor division.
func (s *dimSearch) partsInterval(a *dimAtom) Interval {
	x := s.interval(a.args[0])
	for _, arg := range a.args[1:] {
		y := s.interval(arg)
		switch {
		case a.kind == dimMin:
			x = x.Min(y)
		case a.kind == dimMax:
			x = x.Max(y)
		case y.Lo >= 1:
			x = x.FloorDiv(y)
		default:
			return Anything()
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
	best := s.interval(d).Lo
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
			rest, fits := dimCombined(d, b, fact, -a)
			if !fits {
				continue
			}
			low := s.lower(rest, dimScaleLow(want, b), depth-1)
			if low != math.MinInt64 {
				best = max(best, -dimFloor(-low, b))
			}
		}
	}
	return best
}

func dimScaleLow(want, b int64) int64 {
	return Interval{want, want}.Mul(Interval{b, b}).Lo
}

// atomFacts are what the floor divisions and rounded floats in a term give. Facts that scale are multiplied by the
// term's other factors, when those are not negative.
func (s *dimSearch) atomFacts(t dimTerm) []Dim {
	var facts []Dim
	for i, q := range t.product {
		own, scales := s.factsOf(q), q.kind == dimRounded || q.kind == dimFloorDiv && q.args[1].x == nil
		others := Dim{c: 1}
		if len(own) > 0 && scales && len(t.product) > 1 {
			rest := slices.Delete(slices.Clone(t.product), i, i+1)
			if s.productInterval(rest).Lo < 0 {
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
func (s *dimSearch) factsOf(q *dimAtom) []Dim {
	if q.kind != dimRounded && q.kind != dimFloorDiv {
		return nil
	}
	facts, known := s.own[q]
	if !known {
		if q.kind == dimRounded {
			facts = s.roundingFacts(q)
		} else if s.interval(q.args[1]).Lo >= 1 {
			above := q.args[0].Sub(q.args[1].Mul(Dim{x: q.alone})) // x - y*q
			facts = []Dim{above, q.args[1].Sub(Const(1)).Sub(above)}
		}
		if s.own == nil {
			s.own = map[*dimAtom][]Dim{}
		}
		s.own[q] = facts
	}
	return facts
}
