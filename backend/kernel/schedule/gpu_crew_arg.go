package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// find gives the place of the best element of a row: each thread that of its vectors, then lanes and threads compare theirs.
func (c *crew) find(a argSweep) (*kernel.Value, error) {
	template, runs := a.runs(false)
	if err := c.fits(a.sweep, template, runs); err != nil {
		return nil, err
	}
	index := host.I64
	if _, most := c.g.env.Range(c.size); most <= math.MaxInt32 {
		index = host.I32
	}
	nothing := func(lanes int) []*kernel.Value {
		return []*kernel.Value{a.least(kernel.Type{Elem: a.elem, Lanes: lanes}), c.far(kernel.Type{Elem: index, Lanes: lanes})}
	}
	acc, err := c.carry(nothing(c.lanes), func(x element, acc []*kernel.Value) ([]*kernel.Value, error) {
		q := append(point(nil), template...)
		q[runs[0]].at, q[runs[0]].step = x.at, x.step
		place := c.Splat(c.Index(index, x.at), c.lanes)
		if c.lanes > 1 {
			place = c.Op(kernel.Add, place, c.Lanes(place.Type))
		}
		next, err := a.step(q, acc, place)
		if err == nil && x.ragged {
			valid := c.Splat(c.valid(x), c.lanes)
			next = []*kernel.Value{c.Select(valid, next[0], acc[0]), c.Select(valid, next[1], acc[1])}
		}
		return next, err
	})
	if err != nil {
		return nil, err
	}
	best := c.lane(acc, 0)
	for i := 1; i < c.lanes; i++ {
		best = a.better(best, c.lane(acc, i))
	}
	best = a.inStep(best)
	if c.threads > int64(c.target.SIMD) {
		none := nothing(1)
		best = a.inStep([]*kernel.Value{c.exchanged(best[0], none[0]), c.exchanged(best[1], none[1])})
	}
	return c.Cast(best[1], host.I64), nil
}

func (a argSweep) least(t kernel.Type) *kernel.Value {
	if a.largest {
		return least(a.e, t)
	}
	return most(a.e, t)
}

func (c *crew) lane(v []*kernel.Value, i int) []*kernel.Value {
	if c.lanes == 1 {
		return v
	}
	return []*kernel.Value{c.Shuffle(v[0], nil, i), c.Shuffle(v[1], nil, i)}
}

// inStep compares what the threads of a SIMD group have.
func (a argSweep) inStep(best []*kernel.Value) []*kernel.Value {
	e := a.e
	wide := []*kernel.Value{e.Cast(best[0], reducedType(a.elem)), best[1]}
	wide = e.butterfly(wide, a.better)
	return []*kernel.Value{e.Cast(wide[0], a.elem), wide[1]}
}

// better is the better of two elements with their places, of equal ones the first.
func (a argSweep) better(x, y []*kernel.Value) []*kernel.Value {
	e := a.e
	more := e.Op(kernel.Less, x[0], y[0])
	if !a.largest {
		more = e.Op(kernel.Less, y[0], x[0])
	}
	same := e.Op(kernel.Equal, x[0], y[0])
	if x[0].Type.Elem.IsFloat() {
		xNaN, yNaN := e.Op(kernel.IsNaN, x[0]), e.Op(kernel.IsNaN, y[0])
		more = e.Op(kernel.Or, more, e.Op(kernel.And, yNaN, e.Op(kernel.Not, xNaN)))
		same = e.Op(kernel.Or, same, e.Op(kernel.And, xNaN, yNaN))
	}
	take := e.Op(kernel.Or, more, e.Op(kernel.And, same, e.Op(kernel.Less, y[1], x[1])))
	return []*kernel.Value{e.Select(take, y[0], x[0]), e.Select(take, y[1], x[1])}
}
