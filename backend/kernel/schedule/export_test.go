package schedule

import "github.com/aiopt/aiopt/ir"

// PlanWithin is Plan with another effort.
func PlanWithin(g *Group, t Target, terms int64) (*Made, string) {
	return plan(g.within(ir.NewEffort(terms, t.Stop)), t)
}
