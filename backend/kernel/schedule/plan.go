package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// unseen says that indices would not be looked at, though some may be illegal: no loop of an empty result comes to them.
func (g *Group) unseen() string {
	if !isZero(g.Result.Type.NumElements()) {
		return ""
	}
	indexed := []*ir.OpDef{nn.Embedding, tensor.Index, tensor.Gather, tensor.Scatter, tensor.IndexPut, nn.GroupedMatMul, quant.Lookup}
	for _, op := range g.Body {
		if slices.Contains(indexed, op.Def) {
			return op.Name() + ": the result is empty, so that no loop looks at the indices"
		}
	}
	return ""
}

// Plan makes the kernels of a group by the first schedule that can, to be run one after the other. Where none can, the
// reason names what stands in the way of each.
func Plan(g *Group, t Target) (made *Made, reason string) { return plan(g.bounded(t), t) }

// mostEffort is how many terms of sums proofs about a group may look at: a second or two of work. Convolutions, pools and attention with open
// sizes take up to a third of it.
const mostEffort = 1 << 22

var errEffort = errors.New("its sizes are so involved that proving bounds takes too long")

// bounded is the group with an effort of its own.
func (g *Group) bounded(t Target) *Group { return g.within(ir.NewEffort(mostEffort, t.Stop)) }

// within is the group with an effort, which all that is asked about its sizes takes from.
func (g *Group) within(effort *ir.Effort) *Group {
	b := *g
	b.effort, b.scope, b.own = effort, nil, nil
	b.sizes() // for its pieces as well
	return &b
}

// plan is Plan within the group's effort.
func plan(g *Group, t Target) (made *Made, reason string) {
	if t.Lanes < 1 {
		return nil, fmt.Sprintf("the target has %d lanes, expected at least 1", t.Lanes)
	}
	if why := g.unseen(); why != "" {
		return nil, why
	}
	var reasons []string
	for _, s := range EntriesFor(t) {
		why := s.Applies(g, t)
		if why == "" {
			made, err := s.Make(g, t)
			if err == nil {
				return made, ""
			}
			if g.effort.Spent() {
				return nil, errEffort.Error()
			}
			why = err.Error()
		}
		reasons = append(reasons, s.Name+": "+why)
	}
	return nil, strings.Join(reasons, "; ")
}

// makeNest takes the first nest of loops that can be built; where bounds are not proven for any, the first one with checks. The
// error is the last one that is about more than lanes or the order of loops, if there is one.
func makeNest(g *Group, t Target) (*Made, error) {
	g, err := g.Expanded()
	if err != nil {
		return nil, err
	}
	var last error
	for _, checks := range []bool{false, true} {
		for _, to := range t.widths() {
			all := nests(g)
			if !t.gpu() {
				all = append(tiledNests(g, to), all...)
			}
			for _, n := range all {
				k, err := n.make(g, to, checks)
				if err == nil {
					return &Made{Kernels: []*kernel.Kernel{k}}, nil
				}
				if g.effort.Spent() {
					return nil, errEffort
				}
				if last == nil || !errors.Is(err, errLanes) && !errors.Is(err, errAgain) {
					last = err
				}
			}
		}
		if !errors.Is(last, kernel.ErrUnproven) {
			break
		}
	}
	return nil, last
}
