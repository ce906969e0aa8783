package ir

import (
	"math"
	"slices"
	"sync"
)

// DimDecl declares a symbol of a function with its inclusive range. Max == Unbounded means no upper limit,
// Min == math.MinInt64 no lower one.
type DimDecl struct {
	Name     string
	Min, Max int64
}

// Unbounded as the Max of a DimDecl or the upper end of a range means no upper limit.
const Unbounded = math.MaxInt64

// Order is the answer to whether two dims are equal.
type Order uint8

// The answers of DimEnv.Compare.
const (
	CompareUnknown   Order = iota // equal for some sizes, or not decided
	CompareEqual                  // equal for all sizes
	CompareDifferent              // different for all sizes
)

// Truth is the answer to whether a condition holds.
type Truth uint8

// The answers of DimEnv.Prove: the condition holds for all sizes, for no sizes, or this is not decided.
const (
	Undecided Truth = iota
	True
	False
)

// DimEnv knows the ranges and guards of a function and decides questions about its dims. Its answers hold for
// all sizes within the ranges that satisfy the guards; "unknown" is always possible. What it knows is never changed
// after NewDimEnv, and it may be used concurrently.
type DimEnv struct {
	rank   map[string]int         // declaration order
	ranges map[string]dimInterval // tightened by guards; a symbol that is not here is unbounded
	shift  map[string]Dim         // S -> S + its least size, where that is finite
	facts  []Dim                  // each is at least 0, in shifted symbols
	rules  []dimRule              // from guards that say ==
	apart  []Dim                  // each is not 0, from guards that say !=
	known  map[string]bool        // texts of the guards

	effort   *Effort
	compared sync.Map // pairs of texts to the Order that was found: programs ask the same many times
}

// NewDimEnv takes the declarations and guards of a function. Symbols without a declaration are unbounded.
func NewDimEnv(decls []*DimDecl, guards []Guard) *DimEnv {
	e := &DimEnv{
		rank:   map[string]int{},
		ranges: map[string]dimInterval{},
		known:  map[string]bool{},
	}
	for i, d := range decls {
		e.rank[d.Name] = i
		e.ranges[d.Name] = dimInterval{d.Min, d.Max}
	}
	var open []Guard
	var conds []Cond
	for _, g := range guards {
		e.known[g.String()] = true
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
	}
	return e
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
		switch c.Rel {
		case RelLE:
			facts = append(facts, diff)
		case RelLT:
			facts = append(facts, diff.Sub(Const(1)))
		case RelGE:
			facts = append(facts, diff.Neg())
		case RelGT:
			facts = append(facts, diff.Neg().Sub(Const(1)))
		case RelEQ:
			facts = append(facts, diff, diff.Neg())
			if r, ok := e.newRule(diff); ok {
				e.rules = append(e.rules, r)
			}
		case RelNE:
			e.apart = append(e.apart, diff)
		}
	}
	var all []Dim
	var take func(fact Dim)
	take = func(fact Dim) {
		all = append(all, fact)
		e.tighten(fact)
		for _, w := range dimWeaker(fact) {
			take(w)
		}
	}
	for _, f := range facts {
		take(f)
	}
	for name, r := range e.ranges { // the order does not matter: one entry a symbol
		if by := Sym(name).Add(Const(r.lo)); r.lo != math.MinInt64 && by.Err() == nil {
			e.shift[name] = by
		}
	}
	for _, f := range all {
		f = f.Subst(e.shift)
		s := dimSearch{env: e}
		if _, isConst := f.IsConst(); !isConst && f.Err() == nil && s.interval(f).lo < 0 {
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
		r = dimInterval{math.MinInt64, math.MaxInt64}
	}
	if least {
		r.lo = max(r.lo, bound)
	} else {
		r.hi = min(r.hi, bound)
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

// contradictory reports that some symbol can have no value. What is proven then means nothing.
func (e *DimEnv) contradictory() bool {
	for _, r := range e.ranges {
		if r.lo > r.hi {
			return true
		}
	}
	return false
}

// Compare tells whether a and b are equal, different, or neither for certain.
func (e *DimEnv) Compare(a, b Dim) Order {
	if a.Equal(b) {
		return CompareEqual
	}
	key := [2]string{a.String(), b.String()}
	if known, ok := e.compared.Load(key); ok {
		return known.(Order)
	}
	order := CompareUnknown
	switch e.Prove(Cond{a, RelEQ, b}) {
	case True:
		order = CompareEqual
	case False:
		order = CompareDifferent
	}
	e.compared.Store(key, order)
	return order
}

// ProveGuard decides a guard: it is true when one of its conditions is, or when the function has this guard.
func (e *DimEnv) ProveGuard(g Guard) Truth {
	if e.known[g.String()] {
		return True
	}
	truth := False
	for _, c := range g.Any {
		switch e.Prove(c) {
		case True:
			return True
		case Undecided:
			truth = Undecided
		}
	}
	return truth
}

// Prove decides a condition. What the equalities among the guards make of it may be harder to decide than what it says,
// so it is tried both ways.
func (e *DimEnv) Prove(c Cond) Truth {
	if e.effort.Spent() {
		return Undecided
	}
	diff := c.Right.Sub(c.Left)
	by := e.rewrite(diff)
	truth := e.prove(c, by)
	if truth == Undecided && !by.Equal(diff) {
		truth = e.prove(c, diff)
	}
	return truth
}

// prove decides a condition by the difference of its sides, right minus left.
func (e *DimEnv) prove(c Cond, diff Dim) Truth {
	if diff.Err() != nil {
		return Undecided
	}
	if n, ok := diff.IsConst(); ok {
		return dimTruth(c.Rel.holds(0, n))
	}
	switch c.Rel {
	case RelLE:
		return e.proveLE(diff)
	case RelLT:
		return e.proveLE(diff.Sub(Const(1)))
	case RelGE:
		return e.proveLE(diff.Neg())
	case RelGT:
		return e.proveLE(diff.Neg().Sub(Const(1)))
	}
	equal := e.proveZero(diff)
	if c.Rel == RelNE {
		return dimNot(equal)
	}
	return equal
}

// proveLE decides whether diff is at least 0.
func (e *DimEnv) proveLE(diff Dim) Truth {
	switch {
	case e.lower(diff, 0) >= 0:
		return True
	case e.lower(diff.Neg(), 1) >= 1:
		return False
	}
	return Undecided
}

// proveZero decides whether diff is 0.
func (e *DimEnv) proveZero(diff Dim) Truth {
	var factor int64
	for _, t := range diff.terms() {
		factor = dimGCD(factor, t.coef)
	}
	if diff.c%factor != 0 {
		return False // as 2*S+1
	}
	for _, a := range e.apart {
		if diff.Equal(a) || diff.Equal(a.Neg()) {
			return False
		}
	}
	up, down := e.lower(diff, 1), e.lower(diff.Neg(), 1)
	switch {
	case up >= 1 || down >= 1:
		return False
	case up >= 0 && down >= 0:
		return True
	}
	return Undecided
}

func dimTruth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func dimNot(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Undecided
}

// Range gives bounds that hold for d, not always the tightest. The lower one is math.MinInt64 and the upper one
// Unbounded when none is known.
func (e *DimEnv) Range(d Dim) (lo, hi int64) {
	d = e.rewrite(d)
	if d.Err() != nil || e.effort.Spent() {
		return math.MinInt64, Unbounded
	}
	lo = e.lower(d, math.MaxInt64)
	if down := e.lower(d.Neg(), math.MaxInt64); down != math.MinInt64 {
		return lo, -down
	}
	return lo, Unbounded
}
