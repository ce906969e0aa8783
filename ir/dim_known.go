package ir

import (
	"maps"
	"math"
	"slices"
	"sync"
)

// NewDimEnv takes the declarations and guards of a function. Symbols without a declaration are unbounded.
func NewDimEnv(decls []*DimDecl, guards []Guard) *DimEnv {
	e := &DimEnv{
		rank:   map[string]int{},
		ranges: map[string]Interval{},
		decls:  slices.Clone(decls),
		guards: slices.Clone(guards),
	}
	e.texts = sync.OnceValue(e.textsOfGuards)
	for i, d := range decls {
		e.rank[d.Name] = i
		e.ranges[d.Name] = Interval{d.Min, d.Max}
	}
	var open []Guard
	var conds []Cond
	for _, g := range guards {
		if len(g.Any) == 1 {
			conds = append(conds, g.Any[0])
		} else {
			open = append(open, g)
		}
	}
	e.assume(conds)
	// Of a disjunction whose other conditions are impossible, the last one is a fact.
	var left []Cond
	for _, g := range open {
		possible := slices.DeleteFunc(slices.Clone(g.Any), func(c Cond) bool { return e.Prove(c) == False })
		if len(possible) == 1 {
			left = append(left, possible[0])
		}
	}
	if len(left) > 0 {
		e.assume(append(conds, left...))
		e.searched.Clear() // more may be found now
	}
	return e
}

func (e *DimEnv) textsOfGuards() map[string]bool {
	texts := make(map[string]bool, len(e.guards))
	for _, g := range e.guards {
		texts[g.String()] = true
	}
	return texts
}

// With is an environment that knows more symbols and guards; it takes from the same effort. Where what is new leaves alone what is
// known of the old symbols, that is shared.
func (e *DimEnv) With(decls []*DimDecl, guards []Guard) *DimEnv {
	if more := e.extended(decls, guards); more != nil {
		return more
	}
	more := NewDimEnv(slices.Concat(e.decls, decls), slices.Concat(e.guards, guards))
	more.effort = e.effort
	return more
}

// extended is With by adding to what is known; nil where that has to be found anew.
func (e *DimEnv) extended(decls []*DimDecl, guards []Guard) *DimEnv {
	one := func(g Guard) bool { return len(g.Any) == 1 }
	ordered := func(g Guard) bool { return one(g) && g.Any[0].Rel != RelEQ && g.Any[0].Rel != RelNE }
	for _, g := range guards {
		if !ordered(g) {
			return nil
		}
	}
	for _, g := range e.guards {
		if !one(g) {
			return nil // it may follow now which of its conditions holds
		}
		if slices.ContainsFunc(decls, func(d *DimDecl) bool { return g.Any[0].Left.has(d.Name) || g.Any[0].Right.has(d.Name) }) {
			return nil // facts of the symbol are not counted from its least size
		}
	}
	more := &DimEnv{
		rank: maps.Clone(e.rank), ranges: maps.Clone(e.ranges), shift: e.shift, facts: slices.Clip(e.facts), rules: e.rules, apart: e.apart,
		decls: slices.Concat(e.decls, decls), guards: slices.Concat(e.guards, guards), within: e, effort: e.effort,
	}
	more.texts = sync.OnceValue(more.textsOfGuards)
	for _, d := range decls {
		if _, known := e.ranges[d.Name]; known {
			return nil
		}
		more.rank[d.Name] = len(more.rank)
		more.ranges[d.Name] = Interval{d.Min, d.Max}
	}
	var facts []Dim
	for _, g := range guards {
		facts = append(facts, g.Any[0].sums()...)
	}
	facts = withWeaker(facts)
	for _, f := range facts {
		more.tighten(f)
	}
	for name, r := range e.ranges { // the order does not matter: any change will do
		if more.ranges[name] != r {
			return nil
		}
	}
	if len(more.ranges) != len(e.ranges)+len(decls) {
		return nil // a symbol that nobody declared has a range now
	}
	more.shift = maps.Clone(e.shift)
	for _, d := range decls {
		more.shiftBy(d.Name)
	}
	more.take(facts)
	return more
}

// assume sets facts, rules and tighter ranges from conditions that all hold.
func (e *DimEnv) assume(conds []Cond) {
	var facts []Dim
	e.rules, e.apart, e.facts, e.shift = nil, nil, nil, map[string]Dim{}
	for _, c := range conds {
		diff := c.Right.Sub(c.Left)
		if diff.Err() != nil {
			continue
		}
		facts = append(facts, c.sums()...)
		switch c.Rel {
		case RelEQ:
			if r, ok := e.newRule(diff); ok {
				e.rules = append(e.rules, r)
			}
		case RelNE:
			e.apart = append(e.apart, diff)
		}
	}
	all := withWeaker(facts)
	for _, f := range all {
		e.tighten(f)
	}
	for name := range e.ranges { // the order does not matter: one entry a symbol
		e.shiftBy(name)
	}
	e.take(all)
}

// sums are those that are at least 0 where the condition holds; none for !=.
func (c Cond) sums() []Dim {
	diff := c.Right.Sub(c.Left)
	switch c.Rel {
	case RelLE:
		return []Dim{diff}
	case RelLT:
		return []Dim{diff.Sub(Const(1))}
	case RelGE:
		return []Dim{diff.Neg()}
	case RelGT:
		return []Dim{diff.Neg().Sub(Const(1))}
	case RelEQ:
		return []Dim{diff, diff.Neg()}
	}
	return nil
}

// withWeaker lists facts, each before those that dimWeaker makes of it.
func withWeaker(facts []Dim) []Dim {
	var all []Dim
	for _, f := range facts {
		all = append(append(all, f), withWeaker(dimWeaker(f))...)
	}
	return all
}

// shiftBy has a symbol be counted from its least size, where that is finite and not 0 anyhow.
func (e *DimEnv) shiftBy(name string) {
	r := e.ranges[name]
	if r.Lo == math.MinInt64 || r.Lo == 0 {
		return
	}
	if by := Sym(name).Add(Const(r.Lo)); by.Err() == nil {
		e.shift[name] = by
	}
}

// take adds facts that ranges alone do not say.
func (e *DimEnv) take(facts []Dim) {
	s := dimSearch{env: e}
	for _, f := range facts {
		f = f.Subst(e.shift)
		if _, isConst := f.IsConst(); !isConst && f.Err() == nil && s.interval(f).Lo < 0 {
			e.facts = append(e.facts, f)
		}
	}
}

// tighten narrows the range of S from the fact a*S + c >= 0, or from a*trunc(0.3*S) + c >= 0.
func (e *DimEnv) tighten(fact Dim) {
	if len(fact.terms()) != 1 || len(fact.x.terms[0].product) != 1 {
		return
	}
	atom, coef := fact.x.terms[0].product[0], fact.x.terms[0].coef
	least := coef > 0
	bound := dimFloor(fact.c, int64(dimAbs(coef))) // the atom is at least -bound, or at most bound
	if least {
		bound = -bound
	}
	name, ok := atom.text, atom.kind == dimSymbol
	if atom.kind == dimRounded {
		name, bound, ok = atom.roundedLimit(bound, least)
	}
	if !ok {
		return
	}
	r, ok := e.ranges[name]
	if !ok {
		r = Interval{math.MinInt64, math.MaxInt64}
	}
	if least {
		r.Lo = max(r.Lo, bound)
	} else {
		r.Hi = min(r.Hi, bound)
	}
	e.ranges[name] = r
}

// dimWeaker replaces a minimum that is added, or a maximum that is subtracted, by each of its arguments: the
// results are at least as large as the fact, hence facts too.
func dimWeaker(fact Dim) []Dim {
	for _, t := range fact.terms() {
		a := t.product[0]
		if len(t.product) > 1 || t.coef > 0 && a.kind != dimMin || t.coef < 0 && a.kind != dimMax {
			continue
		}
		var weaker []Dim
		for _, arg := range a.args {
			if w := fact.Add(arg.Sub(Dim{x: a.alone}).scale(t.coef)); w.Err() == nil {
				weaker = append(weaker, w)
			}
		}
		return weaker
	}
	return nil
}
