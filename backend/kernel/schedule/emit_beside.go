package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// besides is what emitter.beside is for the u-th of n vectors.
func besides(u, n int) int {
	if u == 0 {
		return n
	}
	return 1
}

// behind gives the place of the u-th vector behind the one at p.
func (e *emitter) behind(p point, u int) point {
	q := slices.Clone(p)
	for i := range q {
		q[i].at = q[i].at.Add(q[i].step.Mul(ir.Const(int64(u * e.lanes))))
	}
	return q
}

// foldBeside reduces for several vectors of results in one loop, so that the runs that it reads are long, and remembers those of
// the others: they are asked for next.
func (s *sweep) foldBeside(elem host.Elem, r reduction, p point, finish func(*kernel.Value) *kernel.Value) (*kernel.Value, error) {
	e := s.e
	n := e.beside
	defer func() { e.beside = n }()
	step := func(q point, acc []*kernel.Value) ([]*kernel.Value, error) {
		next := make([]*kernel.Value, n)
		for u := range n {
			e.beside = besides(u, n)
			v, err := e.value(s.x, e.behind(q, u))
			if err != nil {
				return nil, err
			}
			next[u] = e.Op(r.op, acc[u], e.spread(e.Cast(v, acc[u].Type.Elem), e.lanes))
		}
		return next, nil
	}
	template, runs := s.runs(false)
	if s.long = r.long(elem, e.added(template, runs, 1)); s.long {
		elem = e.target.wide()
	}
	init := make([]*kernel.Value, n)
	for u := range init {
		init[u] = r.start(e, kernel.Type{Elem: elem, Lanes: e.lanes})
	}
	all, err := s.sideways(init, step)
	if err != nil {
		return nil, err
	}
	return e.remember(s.op.Results[0], p, all, finish)
}

// sideways carries numbers of several vectors through the loops over what is reduced, in the first way that can be emitted.
func (s *sweep) sideways(init []*kernel.Value, step func(q point, acc []*kernel.Value) ([]*kernel.Value, error)) (all []*kernel.Value, err error) {
	for _, merge := range []bool{true, false} {
		template, runs := s.runs(merge)
		build := func() ([]*kernel.Value, error) { return s.carry(template, runs, init, step) }
		if err = s.e.try(func() error { _, err := build(); return err }); err == nil {
			return build()
		}
	}
	return nil, err
}

// carry loops over the reduced parts of a place.
func (s *sweep) carry(p point, runs []int, init []*kernel.Value, step func(q point, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	if len(runs) == 0 {
		return step(p, init)
	}
	return s.roundsOf(p[runs[0]].size, s.e.added(p, runs[1:], 1), init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		q := slices.Clone(p)
		q[runs[0]].at, q[runs[0]].step = i, zero
		return s.carry(q, runs[1:], acc, step)
	})
}

// remember keeps what was made of a value for the vectors behind the one at p, and gives the first.
func (e *emitter) remember(v *ir.Value, p point, all []*kernel.Value, finish func(*kernel.Value) *kernel.Value) (*kernel.Value, error) {
	for u := range all {
		all[u] = finish(all[u])
		q := e.simplified(e.behind(p, u))
		e.cache[len(e.cache)-1][e.key(v, q, e.relevant(q))] = all[u]
	}
	return all[0], nil
}
