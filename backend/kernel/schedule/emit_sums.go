package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

const (
	// mostAdded is how many numbers may be added to one accumulator of f32, one after the other. Adding equal ones, whose errors all have
	// one sign, is then off by at most 2^-16.
	mostAdded = 1 << 10
	// runOfSum is how many are where there are more: accumulators of f64 take what such a run comes to.
	runOfSum = 1 << 6
)

// added bounds how often the loops over the runs of a place add to one accumulator. Lanes, where they lie along the last run, have
// accumulators of their own.
func (e *emitter) added(p point, runs []int, along int) int64 {
	most := int64(1)
	for i, at := range runs {
		_, n := e.g.env.Range(p[at].size)
		if i == len(runs)-1 && along > 1 && n < math.MaxInt64/2 {
			n = n/int64(along*unroll) + unroll + 2 // those that are not a whole round, and the other accumulators
		}
		if n = max(n, 1); most > math.MaxInt64/n {
			return math.MaxInt64
		}
		most *= n
	}
	return most
}

// long reports a sum of more f32 than accumulators of f32 may take.
func (r reduction) long(elem host.Elem, added int64) bool {
	return r.op == kernel.Add && elem == host.F32 && added > mostAdded
}

// inF64 reports an accumulator that takes what runs come to.
func (s *sweep) inF64(acc *kernel.Value) bool { return s.long && acc.Type.Elem == s.e.target.wide() }

// roundsOf is a loop around others of the same sum; inner bounds how often those add to an accumulator.
func (s *sweep) roundsOf(n ir.Dim, inner int64, acc []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	if s.inF64(acc[0]) && inner <= mostAdded {
		return s.e.inRuns(n, max(runOfSum/inner, 1), acc, body)
	}
	return s.e.hoistedLoop("k", n, acc, body)
}

// addTo adds sums of f32 to accumulators of f64.
func (e *emitter) addTo(totals, sums []*kernel.Value) []*kernel.Value {
	next := make([]*kernel.Value, len(totals))
	for i, t := range totals {
		next[i] = e.Op(kernel.Add, t, e.Cast(sums[i], t.Type.Elem))
	}
	return next
}

// fresh are accumulators of f32 for a part of what goes into those of f64.
func (e *emitter) fresh(totals []*kernel.Value) []*kernel.Value {
	sums := make([]*kernel.Value, len(totals))
	for i, t := range totals {
		sums[i] = e.Number(kernel.Type{Elem: host.F32, Lanes: t.Type.Lanes}, 0)
	}
	return sums
}

// inRuns carries totals of f64 over n rounds: body, which adds what one round has, gets accumulators of f32 that are fresh after each
// run of some rounds.
func (e *emitter) inRuns(n ir.Dim, each int64, totals []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	run := func(from, size ir.Dim, totals []*kernel.Value) ([]*kernel.Value, error) {
		sums, err := e.hoistedLoop("k", size, e.fresh(totals), func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) { return body(from.Add(i), acc) })
		if err != nil {
			return nil, err
		}
		return e.addTo(totals, sums), nil
	}
	rounds := n.FloorDiv(ir.Const(each))
	done := rounds.Mul(ir.Const(each))
	totals, err := e.hoistedLoop("run", rounds, totals, func(i ir.Dim, totals []*kernel.Value) ([]*kernel.Value, error) {
		return run(i.Mul(ir.Const(each)), ir.Const(each), totals)
	})
	if rest := n.Sub(done); err == nil && !isZero(rest) {
		return run(done, rest, totals)
	}
	return totals, err
}

// hoistedLoop is a loop out of which is hoisted what does not change in it.
func (e *emitter) hoistedLoop(name string, n ir.Dim, init []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	if isZero(n) {
		return init, nil
	}
	build := func() ([]*kernel.Value, error) { return e.loop(kernel.Serial, name, n, init, body) }
	if err := e.hoist(func() error { _, err := build(); return err }); err != nil {
		return nil, err
	}
	return build()
}
