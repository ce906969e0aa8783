package ir

import (
	"cmp"
	"math"
	"slices"
)

// dimRule says that coef times a product is equal to `by`, from a guard that says ==.
type dimRule struct {
	product []*dimAtom
	coef    int64
	by      Dim
}

const dimRewriteRounds = 8 // chains of guards that are followed

// newRule chooses which product of diff == 0 is replaced: one that occurs in no other term, preferably the most
// nested one, then the symbol declared last, then a product of symbols.
func (e *DimEnv) newRule(diff Dim) (dimRule, bool) {
	if diff.x == nil {
		return dimRule{}, false
	}
	if common := dimCommonFactor(diff); common.x == nil && common.c > 1 {
		diff, _ = dimDivideExactly(diff, common)
	}
	var best *dimTerm
	for i, t := range diff.x.terms {
		if e.mayReplace(diff, i) && (best == nil || e.compareRules(t, *best) < 0) {
			best = &diff.x.terms[i]
		}
	}
	if best == nil {
		return dimRule{}, false
	}
	rest := diff.Sub(dimSum([]dimTerm{*best}, 0))
	if best.coef > 0 {
		rest = rest.Neg()
	}
	return dimRule{best.product, int64(dimAbs(best.coef)), rest}, rest.Err() == nil
}

// mayReplace: a symbol must not occur in the rest; a larger product must not be replaced by something that
// holds it again.
func (e *DimEnv) mayReplace(diff Dim, i int) bool {
	t := diff.x.terms[i]
	if len(t.product) == 1 && t.product[0].kind == dimSymbol && dimAbs(t.coef) != 1 {
		return false
	}
	rest := diff.Sub(dimSum([]dimTerm{t}, 0))
	again := false
	rest.eachAtom(func(a *dimAtom) {
		again = again || slices.ContainsFunc(t.product, func(b *dimAtom) bool { return dimCompareAtoms(a, b) == 0 })
	})
	return !again
}

// compareRules puts the better product to replace first.
func (e *DimEnv) compareRules(s, t dimTerm) int {
	rank := func(t dimTerm) int {
		switch {
		case len(t.product) > 1:
			return -1
		case t.product[0].kind != dimSymbol:
			return math.MaxInt
		}
		if r, ok := e.rank[t.product[0].text]; ok {
			return r
		}
		return math.MaxInt - 1 // a symbol of nobody goes before the declared ones
	}
	depth := func(t dimTerm) int {
		d := 0
		for _, a := range t.product {
			d = max(d, a.depth)
		}
		return d
	}
	return cmp.Or(cmp.Compare(depth(t), depth(s)), cmp.Compare(rank(t), rank(s)), dimCompareProducts(s.product, t.product))
}

// rewrite applies the rules everywhere in d until nothing changes.
func (e *DimEnv) rewrite(d Dim) Dim {
	if len(e.rules) == 0 {
		return d
	}
	for range dimRewriteRounds {
		next := d
		for _, r := range e.rules {
			next = r.apply(next)
		}
		if next.Err() != nil || next.Equal(d) {
			return d
		}
		d = next
	}
	return d
}

// apply replaces multiples of the rule's product in d and inside its atoms.
func (r dimRule) apply(d Dim) Dim {
	d = d.mapAtoms(func(a *dimAtom) Dim { return a.mapArgs(r.apply) })
	out := d
	for _, t := range d.terms() {
		if rest, ok := dimDivideProducts(t.product, r.product); ok && t.coef%r.coef == 0 {
			by := r.by.scale(t.coef / r.coef)
			if len(rest) > 0 {
				by = by.Mul(dimSum([]dimTerm{{1, rest}}, 0))
			}
			out = out.Sub(dimSum([]dimTerm{t}, 0)).Add(by)
		}
	}
	return out
}

// Simplify gives a dim that is equal to d for all sizes within the ranges that satisfy the guards: equality
// guards are substituted, minima, maxima, divisions and remainders that the ranges decide are gone. It gives d
// itself when there is nothing to simplify.
func (e *DimEnv) Simplify(d Dim) Dim {
	if _, isConst := d.IsConst(); isConst || d.Err() != nil || e.effort.Spent() {
		return d
	}
	out := e.decide(e.rewrite(d))
	if len(e.rules) > 0 {
		out = e.rewrite(out)
	}
	if out.Err() != nil {
		return d
	}
	return out
}

// decide replaces atoms that can have only one value, and drops arguments of minima and maxima that others beat.
func (e *DimEnv) decide(d Dim) Dim {
	return d.mapAtoms(func(a *dimAtom) Dim {
		if a.kind == dimSymbol {
			if r, ok := e.ranges[a.text]; ok && r.Lo == r.Hi {
				return Const(r.Lo)
			}
			return Dim{x: a.alone}
		}
		if args := e.unbeaten(a); len(args) < len(a.args) {
			return e.decide(dimExtreme(a.kind, args))
		}
		if a.kind == dimFloorDiv && e.Prove(Cond{Const(0), RelLE, a.args[0]}) == True && e.Prove(Cond{a.args[0], RelLT, a.args[1]}) == True {
			return Const(0)
		}
		by := a.mapArgs(e.decide)
		if b := by.atom(); b != nil && b.kind == dimRounded {
			by = e.decideRounded(b)
		}
		if n, ok := e.single(by); ok {
			return Const(n)
		}
		return by
	})
}

// single finds the only value that d can have.
func (e *DimEnv) single(d Dim) (int64, bool) {
	if d.Err() != nil {
		return 0, false
	}
	if i := e.interval(d); i.Lo == i.Hi {
		return i.Lo, true
	}
	if lo, hi, sampled := e.seen(d); sampled && lo < hi {
		return 0, false
	}
	lo, hi := e.Range(d)
	return lo, lo == hi
}

// decideRounded gives trunc of what is not negative the integer form of floor, where that has one.
func (e *DimEnv) decideRounded(a *dimAtom) Dim {
	if a.rounding == dimTrunc && e.notNegative(a.float) {
		return dimTruncPositive(a.float)
	}
	return Dim{x: a.alone}
}

// notNegative reports that a float is proven to be at least 0.
func (e *DimEnv) notNegative(f *dimFloat) bool {
	s := dimSearch{env: e}
	return f.err == nil && f.interval(func(d Dim) Interval { return s.interval(d.Subst(e.shift)) }).lo >= 0
}

// unbeaten are the arguments of a minimum or maximum that no other one is proven to beat. Long ones are left
// alone, as every pair is compared.
func (e *DimEnv) unbeaten(a *dimAtom) []Dim {
	const limit = 8
	if a.kind != dimMin && a.kind != dimMax || len(a.args) > limit {
		return a.args
	}
	rel := RelLE
	if a.kind == dimMax {
		rel = RelGE
	}
	args := slices.Clone(a.args)
	for i := 0; i < len(args); i++ {
		beats := func(other Dim) bool {
			return !other.Equal(args[i]) && e.Prove(Cond{other, rel, args[i]}) == True
		}
		if slices.ContainsFunc(args, beats) {
			args = slices.Delete(args, i, i+1)
			i--
		}
	}
	return args
}
