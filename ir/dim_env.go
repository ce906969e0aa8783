package ir

import (
	"math"
	"slices"
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
// all sizes within the ranges that satisfy the guards; "unknown" is always possible. It is never changed after
// NewDimEnv and may be used concurrently.
type DimEnv struct {
	rank   map[string]int         // declaration order
	ranges map[string]dimInterval // tightened by guards; a symbol that is not here is unbounded
	shift  map[string]Dim         // S -> S + its least size, where that is finite
	facts  []Dim                  // each is at least 0, in shifted symbols
	rules  []dimRule              // from guards that say ==
	apart  []Dim                  // each is not 0, from guards that say !=
	known  map[string]bool        // texts of the guards
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
	for i := 0; i < len(facts); i++ {
		facts = append(facts[:i+1], append(dimWeaker(facts[i]), facts[i+1:]...)...)
		e.tighten(facts[i])
	}
	for name, r := range e.ranges { // the order does not matter: one entry a symbol
		if by := Sym(name).Add(Const(r.lo)); r.lo != math.MinInt64 && by.Err() == nil {
			e.shift[name] = by
		}
	}
	for _, f := range facts {
		f = f.Subst(e.shift)
		s := dimSearch{env: e}
		if _, isConst := f.IsConst(); !isConst && f.Err() == nil && s.interval(f).lo < 0 {
			e.facts = append(e.facts, f)
		}
	}
}

// tighten narrows the range of S from the fact a*S + c >= 0.
func (e *DimEnv) tighten(fact Dim) {
	if len(fact.terms()) != 1 || len(fact.x.terms[0].product) != 1 || fact.x.terms[0].product[0].kind != dimSymbol {
		return
	}
	name, coef := fact.x.terms[0].product[0].text, fact.x.terms[0].coef
	r, ok := e.ranges[name]
	if !ok {
		r = dimInterval{math.MinInt64, math.MaxInt64}
	}
	if coef > 0 {
		r.lo = max(r.lo, -dimFloor(fact.c, coef))
	} else {
		r.hi = min(r.hi, dimFloor(fact.c, -coef))
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

// Compare tells whether a and b are equal, different, or neither for certain.
func (e *DimEnv) Compare(a, b Dim) Order {
	if a.Equal(b) {
		return CompareEqual
	}
	switch e.Prove(Cond{a, RelEQ, b}) {
	case True:
		return CompareEqual
	case False:
		return CompareDifferent
	}
	return CompareUnknown
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

// Prove decides a condition.
func (e *DimEnv) Prove(c Cond) Truth {
	diff := e.rewrite(c.Right.Sub(c.Left))
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
	if d.Err() != nil {
		return math.MinInt64, Unbounded
	}
	lo = e.lower(d, math.MaxInt64)
	if down := e.lower(d.Neg(), math.MaxInt64); down != math.MinInt64 {
		return lo, -down
	}
	return lo, Unbounded
}
