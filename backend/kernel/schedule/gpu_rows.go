package schedule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// rows is how a group whose reductions go over the last axes of one shape is computed: a team of threads for each row, which
// holds the row in registers where it is short.
type rows struct {
	shape []ir.Dim // what is reduced
	first int      // the first axis of a row
	count ir.Dim   // rows
	size  ir.Dim   // elements of a row
	whole bool     // the result has the elements of the rows, not one for each row
}

// shortRow is the size below which a thread goes over a row alone.
const shortRow = 32

// newRows finds the rows of a group; the reason says why there are none.
func newRows(g *Group) (r rows, reason string) {
	for _, op := range g.Body {
		axes, ok := reducedAxes(op)
		if !ok {
			continue
		}
		x := op.In(0).Shape
		first := len(x)
		for _, a := range axes {
			first = min(first, a)
		}
		switch {
		case len(axes) != len(x)-first:
			return r, op.Name() + " reduces other axes than the last ones"
		case r.shape == nil:
			r = rows{shape: x, first: first, count: product(x[:first]), size: product(x[first:])}
		case !sameShape(g.env, r.shape, x) || first != r.first:
			return r, op.Name() + " goes over other rows than the reduction before"
		}
	}
	if r.shape == nil {
		return r, "it has no reduction"
	}
	_, most := g.env.Range(r.size)
	n := g.Result.Type.NumElements()
	switch {
	case most < shortRow || most < 1:
		return r, "its rows are short"
	case g.env.Compare(n, product(r.shape)) == ir.CompareEqual:
		r.whole = true
	case g.env.Compare(n, r.count) != ir.CompareEqual:
		return r, "its result has neither the elements of the rows nor one for each row"
	}
	return r, ""
}

// needsRowTeams says why a group has no rows for teams of threads.
func (g *Group) needsRowTeams(Target) string {
	e, err := g.Expanded()
	if err != nil {
		return err.Error()
	}
	_, why := newRows(e)
	return why
}

// makeRowTeams takes the first way of going over rows that can be emitted: by vectors before numbers.
func makeRowTeams(g *Group, t Target) (*Made, error) {
	g, err := g.Expanded()
	if err != nil {
		return nil, err
	}
	r, why := newRows(g)
	if why != "" {
		return nil, errors.New(why)
	}
	var last error
	for _, checks := range []bool{false, true} {
		for _, lanes := range slices.Compact([]int{r.lanes(t), 1}) {
			for _, split := range []bool{false, true} {
				k, err := r.make(g, t, lanes, split, checks)
				if err == nil {
					return &Made{Kernels: []*kernel.Kernel{k}}, nil
				}
				if last == nil || !errors.Is(err, errLanes) {
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

// lanes is how many neighbours of a row a thread takes at a time: rows have a whole number of them.
func (r rows) lanes(t Target) int {
	lanes := t.Lanes
	for lanes > 1 && !isZero(r.size.Mod(num(int64(lanes)))) {
		lanes /= 2
	}
	return lanes
}

// inRegisters is how many vectors of a row a thread holds.
const inRegisters = 8

// fewTeams is how many rows leave most of a GPU without anything to do, so that each gets mostThreads.
const (
	fewTeams    = 64
	mostThreads = 1024
)

// threads is how many threads share a row.
func (r rows) threads(g *Group, t Target, lanes int) int64 {
	_, most := g.env.Range(r.size)
	vectors := (min(most, 1<<40) + int64(lanes) - 1) / int64(lanes)
	if vectors <= int64(t.SIMD*inRegisters) {
		return int64(t.SIMD)
	}
	limit := int64(t.Threads)
	if _, rows := g.env.Range(r.count); rows <= fewTeams {
		limit = max(limit, mostThreads)
	}
	return powerOver((vectors+inRegisters/2-1)/(inRegisters/2), limit)
}

// make builds the kernel. With split, each axis before the rows is a part of places.
func (r rows) make(g *Group, t Target, lanes int, split, checks bool) (*kernel.Kernel, error) {
	e := newEmitter(g, t, lanes)
	e.checks = checks
	y := g.Result.Type
	if y.Elem.Packed() || y.Elem.IsComplex() || storageElem(y.Elem) != y.Elem {
		return nil, fmt.Errorf("a result of %s is not emitted", y.Elem)
	}
	l := &loops{emitter: e, out: e.Output("y", y.Elem, y.NumElements()).As(kernel.Result, 0)}
	l.out.Once = true
	threads := r.threads(g, t, lanes)
	teams := int64(1)
	if threads == int64(t.SIMD) {
		_, most := g.env.Range(r.count)
		teams = powerOver(most, int64(t.Threads/t.SIMD))
	}
	err := e.plainLoop(kernel.Grid, "group", ceilDiv(r.count, num(teams)), func(group ir.Dim) error {
		return e.team(threads*teams, func(thread ir.Dim) error {
			return e.some(r.count, func() error { return r.row(l, group, thread, threads, teams, split) })
		})
	})
	if err != nil {
		return nil, err
	}
	return e.Build()
}

// row computes the row of a thread. Threads behind the last row compute that one again, so that all take part in sums.
func (r rows) row(l *loops, group, thread ir.Dim, threads, teams int64, split bool) error {
	e := l.emitter
	own, at := thread, group
	if teams > 1 {
		team := e.symbol("team", thread.FloorDiv(num(threads)), num(teams-1))
		own = e.symbol("own", thread.Mod(num(threads)), num(threads-1))
		at = group.Mul(num(teams)).Add(team)
	}
	counts := []ir.Dim{r.count}
	axes := []int{r.first}
	if split {
		counts, axes = r.shape[:r.first], make([]int, r.first)
		for i := range axes {
			axes[i] = 1
		}
	}
	row := e.position("row", at, r.count)
	return e.divided(counts, row, func(places []ir.Dim) error {
		var p point
		for i, n := range axes {
			if n > 0 {
				p = append(p, part{axes: n, size: counts[i], at: places[i]})
			}
		}
		exists := func(body func() error) error {
			if isZero(r.count.Mod(num(teams))) {
				return body()
			}
			return e.only(ir.Cond{Left: at, Rel: ir.RelLT, Right: r.count}, body)
		}
		c := &crew{emitter: e, own: own, threads: threads, size: r.size}
		e.crew = c
		defer func() { e.crew = nil }()
		err := e.some(r.size, func() error { return r.stored(l, p, exists) })
		if err != nil || r.whole {
			return err
		}
		e.crew = nil
		return e.none(r.size, func() error {
			return exists(func() error { return c.first(func() error { return l.store(p) }) })
		})
	})
}

// stored computes and stores what a thread has of a row, where the row exists.
func (r rows) stored(l *loops, p point, exists func(body func() error) error) error {
	c := l.crew
	if !r.whole {
		if err := l.hoist(func() error { return l.store(p) }); err != nil {
			return err
		}
		return exists(func() error { return c.first(func() error { return l.store(p) }) })
	}
	each := func() error {
		return c.each(func(x element) error {
			q := append(p[:len(p):len(p)], x.part)
			q[len(p)].axes = len(r.shape) - r.first
			return c.mine(x, func() error { return l.store(q) })
		})
	}
	if err := l.hoist(each); err != nil {
		return err
	}
	return exists(each)
}

// reducedType is the type that SIMD groups reduce numbers of a type in: they have sums of 32 bits.
func reducedType(e host.Elem) host.Elem {
	switch {
	case e == host.Bool || e.Bits() < 32 && e.Kind() == host.KindUint:
		return host.U32
	case e.Bits() < 32:
		return host.I32
	}
	return e
}
