package ir

import (
	"math"
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
	rank   map[string]int      // declaration order
	ranges map[string]Interval // tightened by guards; a symbol that is not here is unbounded
	shift  map[string]Dim      // S -> S + its least size, where that is finite
	facts  []Dim               // each is at least 0, in shifted symbols
	rules  []dimRule           // from guards that say ==
	apart  []Dim               // each is not 0, from guards that say !=
	decls  []*DimDecl
	guards []Guard
	within *DimEnv // what With was asked of; nil otherwise

	effort   *Effort
	texts    func() map[string]bool // of the guards
	sampled  sync.Once
	samples  []dimSample // see samplesOf
	compared sync.Map    // pairs of texts to the Order that was found: programs ask the same many times
	searched sync.Map    // a dimQuestion to the Truth that was found: see search
}

// contradictory reports that some symbol can have no value. What is proven then means nothing.
func (e *DimEnv) contradictory() bool {
	for _, r := range e.ranges {
		if r.Lo > r.Hi {
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
	if e.texts()[g.String()] {
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

// proveLE decides whether diff is at least 0. Samples say for which of the answers a proof may be found.
func (e *DimEnv) proveLE(diff Dim) Truth {
	i := e.interval(diff)
	if i.Lo >= 0 || e.given(diff) {
		return True
	}
	lo, hi, sampled := e.seen(diff)
	switch {
	case sampled && i.Hi < 0:
		return False
	case sampled && lo < 0 && hi >= 0:
		return Undecided
	}
	return e.search(RelLE, diff, func() Truth {
		switch {
		case (!sampled || lo >= 0) && e.lower(diff, 0) >= 0:
			return True
		case (!sampled || hi < 0) && e.lower(diff.Neg(), 1) >= 1:
			return False
		}
		return Undecided
	})
}

// search remembers what a search found for 0 Rel diff: the same questions come again and again.
func (e *DimEnv) search(rel Relation, diff Dim, look func() Truth) Truth {
	key := dimQuestion{rel, diff.String()}
	if known, ok := e.searched.Load(key); ok {
		return known.(Truth)
	}
	truth := look()
	if !e.effort.Spent() {
		e.searched.Store(key, truth)
	}
	return truth
}

type dimQuestion struct {
	rel  Relation
	diff string
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
	lo, hi, sampled := e.seen(diff)
	switch i := e.interval(diff); {
	case sampled && lo <= 0 && hi >= 0 && lo < hi:
		return Undecided
	case sampled && (i.Lo > 0 || i.Hi < 0):
		return False
	}
	return e.search(RelEQ, diff, func() Truth {
		up, down := int64(math.MinInt64), int64(math.MinInt64)
		if !sampled || lo >= 0 {
			up = e.lower(diff, 1)
		}
		if up < 1 && (!sampled || hi <= 0) {
			down = e.lower(diff.Neg(), 1)
		}
		switch {
		case up >= 1 || down >= 1:
			return False
		case up >= 0 && down >= 0:
			return True
		}
		return Undecided
	})
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
	if n, ok := d.IsConst(); ok {
		return n, n
	}
	least, most, sampled := e.seen(d) // no bound is tighter
	if !sampled {
		least, most = math.MaxInt64, -math.MaxInt64
	}
	lo = e.lower(d, least)
	if down := e.lower(d.Neg(), -most); down != math.MinInt64 {
		return lo, -down
	}
	return lo, Unbounded
}
