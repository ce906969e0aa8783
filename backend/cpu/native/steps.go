package native

import (
	"context"
	"errors"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// planning is what of a module is planned.
type planning struct {
	*program
	c     *compiler
	m     *ir.Module
	held  *constants
	ops   []*ir.Op
	kinds *calls.Kinds
}

// plans gives the steps of the operations that native code computes. Where the cache knows the plans of all of them, and has their
// code, none is made again.
func (p *program) plans(ctx context.Context, c *compiler, m *ir.Module, held *constants) (map[*ir.Op]*segmentStep, error) {
	g := &planning{program: p, c: c, m: m, held: held, ops: candidates(m)}
	g.kinds = calls.KindsOf(g.ops)
	name := c.planName(g.kinds)
	if made, ok := c.recall(name); ok {
		steps, err := g.steps(ctx, made)
		if !errors.Is(err, errNoted) {
			return steps, err
		}
	}
	c.recalled = nil
	clear(p.reasons)
	made, err := g.planned(ctx, g.progress)
	if err != nil {
		return nil, err
	}
	steps, err := g.steps(ctx, made)
	if err == nil {
		c.remember(name, made, p.code.outlines)
	}
	return steps, err
}

// planned asks the planner for each kind of operation.
func (g *planning) planned(ctx context.Context, progress func(done int)) ([]calls.Planned, error) {
	target := g.c.target()
	one := func(op *ir.Op) (*calls.Plan, error) { return g.c.plan.Plan(op, target) }
	each := func(n int, fn func(int)) { host.InParallel(g.c.parallel, n, fn) }
	return g.kinds.Plan(ctx, one, each, progress)
}

// progress tells how many operations are planned. What is recalled counts when its code is found, as else it is planned after all.
func (g *planning) progress(done int) {
	if g.c.progress != nil {
		g.c.progress(done, 2*len(g.ops)) // compiling takes about as long as planning
	}
}

// steps makes the steps of planned operations and compiles their kernels.
func (g *planning) steps(ctx context.Context, plans []calls.Planned) (map[*ir.Op]*segmentStep, error) {
	var steps []*segmentStep
	var kernels []*kernel.Kernel
	over := proofs{}
	for i, op := range g.ops {
		made := plans[g.kinds.Of[i]]
		if made.Plan == nil {
			g.reasons[op] = errors.New(made.Reason)
			continue
		}
		st := &segmentStep{op: op, operands: calls.Operands(op), plan: made.Plan}
		if st.plan.InPlace != nil && !calls.OfState(op, over.of(op.Parent())) {
			st.plan = st.plan.Apart(op)
		}
		if err := g.held.check(st); err != nil {
			g.reasons[op] = err
			continue
		}
		steps = append(steps, st)
		kernels = append(kernels, st.plan.Kernels...)
		for _, pack := range st.plan.Packs {
			kernels = append(kernels, pack.Kernel)
		}
	}
	code, err := g.c.compile(ctx, g.m.Name, kernels)
	if err != nil {
		return nil, err
	}
	g.progress(2 * len(g.ops))
	g.code = code
	found := map[*ir.Op]*segmentStep{}
	at := 0
	for _, s := range steps {
		n := len(s.plan.Kernels) + len(s.plan.Packs)
		s.functions = code.functions[at : at+len(s.plan.Kernels)]
		s.packers = code.functions[at+len(s.plan.Kernels) : at+n]
		found[s.op] = s
		for _, why := range code.refused[at : at+n] {
			if why != nil {
				g.reasons[s.op] = why
				delete(found, s.op)
			}
		}
		at += n
	}
	return found, nil
}
