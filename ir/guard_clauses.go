package ir

import (
	"fmt"
	"slices"
)

// guardClauses is a condition as a conjunction of disjunctions: nil is true, one empty clause is false.
type guardClauses [][]Cond

// guardMaxConds bounds the conditions that and, or, not can multiply into.
const guardMaxConds = 256

// guardCond is a single condition; one between integers is decided at once.
func guardCond(c Cond) guardClauses {
	left, isConst := c.Left.IsConst()
	right, isConst2 := c.Right.IsConst()
	switch {
	case !isConst || !isConst2:
		return guardClauses{{c}}
	case c.Rel.holds(left, right):
		return nil
	}
	return guardClauses{{}}
}

func (g guardClauses) and(h guardClauses) (guardClauses, error) {
	return slices.Concat(g, h).checked()
}

func (g guardClauses) or(h guardClauses) (guardClauses, error) {
	var out guardClauses
	for _, a := range g {
		for _, b := range h {
			both := slices.Clone(a)
			for _, c := range b {
				if !slices.ContainsFunc(both, c.equal) {
					both = append(both, c)
				}
			}
			out = append(out, both)
		}
		if _, err := out.checked(); err != nil {
			return nil, err
		}
	}
	return out.checked()
}

func (g guardClauses) not() (guardClauses, error) {
	out := guardClauses{{}}
	for _, clause := range g {
		var negated guardClauses
		for _, c := range clause {
			negated = append(negated, []Cond{c.Negate()})
		}
		var err error
		if out, err = out.or(negated); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checked is g, or false alone when a part of it is false.
func (g guardClauses) checked() (guardClauses, error) {
	n := 0
	for _, clause := range g {
		if len(clause) == 0 {
			return guardClauses{clause}, nil
		}
		n += len(clause) + 1
	}
	if n > guardMaxConds {
		return nil, fmt.Errorf("the condition has more than %d parts when its and, or, not are multiplied out", guardMaxConds)
	}
	return g, nil
}

func (c Cond) equal(d Cond) bool {
	return c.Rel == d.Rel && c.Left.Equal(d.Left) && c.Right.Equal(d.Right)
}

// guards are the clauses as guards; that of an empty clause says 0 == 1.
func (g guardClauses) guards() []Guard {
	var out []Guard
	for _, clause := range g {
		if len(clause) == 0 {
			clause = []Cond{{Const(0), RelEQ, Const(1)}}
		}
		out = append(out, Guard{clause})
	}
	return out
}
