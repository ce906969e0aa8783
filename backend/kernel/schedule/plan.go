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

// EntriesFor are the schedules for a target, special ones before general ones.
func EntriesFor(t Target) []Entry {
	if t.gpu() {
		return gpuEntries()
	}
	return Entries()
}

// Entries are the schedules for CPUs.
func Entries() []Entry {
	return []Entry{
		{
			Name:    "attention",
			Doc:     "nn.sdpa by an online softmax over blocks of keys: lanes along queries where there are many, along rows where there are few.",
			Applies: attends,
			Make:    makeAttention,
		},
		{
			Name:    "depthwise",
			Doc:     "Convolutions of single channels: the window's elements, one after the other, for vectors of pixels.",
			Applies: func(g *Group, _ Target) string { return g.needsDepthwise() },
			Make:    makeDepthwise,
		},
		{
			Name:    "bytes",
			Doc:     "Products with compressed weights where activations may be rounded to 8 bits: sums of integers, scaled block by block.",
			Applies: func(g *Group, t Target) string { return g.needsBytes(t) },
			Make:    makeBytes,
		},
		{
			Name:    "panels",
			Doc:     "Products of few rows with compressed weights, packed by columns: codes become numbers in registers, a scale is applied to sums.",
			Applies: func(g *Group, t Target) string { return g.needsPanels(t) },
			Make:    makePanels,
		},
		{
			Name:    "windows",
			Doc:     "Convolutions with channels last: tiles of pixels by vectors of channels, whose windows are read where they lie or from a copy with zeros around.",
			Applies: func(g *Group, _ Target) string { return g.needsLastConv() },
			Make:    makeLastConv,
		},
		{
			Name:    "dots",
			Doc:     "Products of few rows with compressed weights: the codes are read where they lie.",
			Applies: func(g *Group, _ Target) string { return g.needsRows() },
			Make:    makeRows,
		},
		{
			Name:    "product",
			Doc:     "Matrix products and convolutions: tiles of the result stay in registers, operands are packed in the order they are read.",
			Applies: func(g *Group, _ Target) string { return g.needsProduct() },
			Make:    makeProduct,
		},
		{
			Name:    "grouped",
			Doc:     "Runs of rows times a matrix each: rows find theirs, lanes are columns.",
			Applies: func(g *Group, _ Target) string { return g.needsGrouped() },
			Make:    makeGrouped,
		},
		{
			Name:    "scan",
			Doc:     "Sums and products up to each place: a number, or a vector of them, is carried along the axis.",
			Applies: func(g *Group, _ Target) string { return g.needsScan() },
			Make:    makeScan,
		},
		{
			Name:    "scatter",
			Doc:     "What is written to places that are computed: a copy, into which one thread for each row or column writes in order.",
			Applies: func(g *Group, _ Target) string { return g.needsScatter() },
			Make:    makeScatter,
		},
		{
			Name:    "rows",
			Doc:     "Softmax, norms and reductions: the reductions of a row, then its elements, while the row is in the cache.",
			Applies: func(g *Group, _ Target) string { return g.needsReduction(true) },
			Make:    makeNest,
		},
		{
			Name:    "elementwise",
			Doc:     "Everything whose elements do not depend on each other: as few loops as the shapes allow, by vectors.",
			Applies: func(g *Group, _ Target) string { return g.needsReduction(false) },
			Make:    makeNest,
		},
	}
}

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

// needsReduction says why a group that shall have reductions, or none, is not such a group.
func (g *Group) needsReduction(want bool) string {
	e, err := g.Expanded()
	if err != nil {
		return err.Error()
	}
	has := false
	for _, op := range e.Body {
		_, reduces := reducedAxes(op)
		has = has || reduces
	}
	switch {
	case has && !want:
		return "it has reductions"
	case !has && want:
		return "it has no reduction"
	}
	return ""
}

// Plan makes the kernels of a group by the first schedule that can, to be run one after the other. Where none can, the
// reason names what stands in the way of each.
func Plan(g *Group, t Target) (made *Made, reason string) { return plan(g.bounded(t), t) }

// mostEffort is how many terms of sums proofs about a group may look at: seconds of work. At a quarter of it, attention of a decoder
// with an open length was not proven yet.
const mostEffort = 1 << 24

var errEffort = errors.New("its sizes are so involved that proving bounds takes too long")

// bounded is the group with an effort of its own.
func (g *Group) bounded(t Target) *Group {
	b := *g
	b.effort, b.scope, b.own = ir.NewEffort(mostEffort, t.Stop), nil, nil
	b.sizes()
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
