package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// argReduce finds the first place of the largest or smallest element, or of the first NaN.
func argReduce(largest bool) pointFunc {
	return func(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
		x := op.Operand(0)
		if err := computable(op, x.Type.Elem); err != nil {
			return nil, err
		}
		s, err := newSweep(e, op, p, []int{op.Int("axis")})
		if err != nil {
			return nil, err
		}
		e.tellEmpty(s.count)
		a := argSweep{sweep: s, largest: largest, elem: computeElem(x.Type.Elem)}
		if a.elem == host.Bool {
			a.elem = host.U8
		}
		switch {
		case s.across && e.beside > 1:
			return a.findBeside(op, p)
		case !s.across && e.crew != nil:
			return e.crew.find(a)
		}
		for _, scalar := range []bool{false, true} {
			if err = e.try(func() error { _, err := a.find(scalar); return err }); err == nil {
				return a.find(scalar)
			}
		}
		return nil, err
	}
}

type argSweep struct {
	*sweep
	largest bool
	elem    host.Elem
}

// far is behind every place: there is none yet.
func (e *emitter) far(t kernel.Type) *kernel.Value {
	return e.Int(t, math.MaxInt64>>(64-t.Elem.Bits()))
}

// findBeside goes over the axis once for several vectors of results, and remembers those of the others.
func (a argSweep) findBeside(op *ir.Op, p point) (*kernel.Value, error) {
	e := a.e
	n, axis := e.beside, op.Int("axis")
	defer func() { e.beside = n }()
	index := host.I64
	if _, most := e.g.env.Range(a.count); most <= math.MaxInt32 {
		index = host.I32 // which takes half of the registers
	}
	best := least
	if !a.largest {
		best = most
	}
	var init []*kernel.Value
	for range n {
		init = append(init, best(e, kernel.Type{Elem: a.elem, Lanes: e.lanes}), e.far(kernel.Type{Elem: index, Lanes: e.lanes}))
	}
	all, err := a.sideways(init, func(q point, acc []*kernel.Value) ([]*kernel.Value, error) {
		at := 0
		for k, s := 0, 0; s < axis; k++ {
			s += q[k].axes
			at = k + 1
		}
		place := e.Splat(e.Index(index, q[at].at), e.lanes)
		var next []*kernel.Value
		for u := range n {
			e.beside = besides(u, n)
			two, err := a.step(e.behind(q, u), acc[2*u:2*u+2], place)
			if err != nil {
				return nil, err
			}
			next = append(next, two...)
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	var places []*kernel.Value
	for u := range n {
		places = append(places, all[2*u+1])
	}
	return e.remember(op.Result(), p, places, func(v *kernel.Value) *kernel.Value { return e.Cast(v, host.I64) })
}

// find carries the best element and its place, for each lane on its own, and compares the lanes at the end.
func (a argSweep) find(scalar bool) (*kernel.Value, error) {
	e := a.e
	template, runs := a.runs(false)
	n, lanes, by := template[runs[0]].size, e.lanes, one
	if !a.across && scalar {
		lanes = 1
	}
	along := !a.across && lanes > 1
	rounds, vector := n, one
	if along {
		vector = ir.Const(int64(lanes))
		rounds = n.Add(vector).Sub(one).FloorDiv(vector)
	} else {
		by = zero
	}
	best := least
	if !a.largest {
		best = most
	}
	count := e.Int(kernel.Type{Elem: host.I64, Lanes: lanes}, math.MaxInt64)
	init := []*kernel.Value{best(e, kernel.Type{Elem: a.elem, Lanes: lanes}), count}
	body := func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		q := append(point(nil), template...)
		q[runs[0]].at, q[runs[0]].step = i.Mul(vector), by
		if !along {
			return a.step(q, acc, e.Splat(e.Index(host.I64, i), lanes))
		}
		var next []*kernel.Value
		first := i.Mul(vector)
		err := e.under(cond{at: first, step: one, least: zero, most: n.Sub(one)}, func() error {
			place := e.Op(kernel.Add, e.Splat(e.Index(host.I64, first), lanes), e.Lanes(kernel.Type{Elem: host.I64, Lanes: lanes}))
			var err error
			next, err = a.step(q, acc, place)
			return err
		})
		return next, err
	}
	if err := e.hoist(func() error { _, err := e.loop(kernel.Serial, "k", rounds, init, body); return err }); err != nil {
		return nil, err
	}
	got, err := e.loop(kernel.Serial, "k", rounds, init, body)
	if err != nil || !along {
		return got[1], err
	}
	reduce := kernel.LanesMax
	if !a.largest {
		reduce = kernel.LanesMin
	}
	top := e.Splat(e.Op(reduce, got[0]), lanes)
	equal := e.Op(kernel.Equal, got[0], top)
	if a.elem.IsFloat() {
		equal = e.Op(kernel.Or, equal, e.Op(kernel.And, e.Op(kernel.IsNaN, top), e.Op(kernel.IsNaN, got[0])))
	}
	return e.Op(kernel.LanesMin, e.Select(equal, got[1], count)), nil
}

// step takes an element that is better, or as good where there was none before.
func (a argSweep) step(p point, acc []*kernel.Value, place *kernel.Value) ([]*kernel.Value, error) {
	e := a.e
	v, err := e.value(a.x, p)
	if err != nil {
		return nil, err
	}
	lanes := acc[0].Type.Lanes
	v = e.spread(e.Cast(v, a.elem), lanes)
	better := e.Op(kernel.Less, acc[0], v)
	if !a.largest {
		better = e.Op(kernel.Less, v, acc[0])
	}
	none := e.Op(kernel.Equal, acc[1], e.far(acc[1].Type))
	better = e.Op(kernel.Or, better, none)
	if a.elem.IsFloat() {
		better = e.Op(kernel.Or, better, e.Op(kernel.And, e.Op(kernel.IsNaN, v), e.Op(kernel.Not, e.Op(kernel.IsNaN, acc[0]))))
	}
	if m := e.laneMask(lanes); m != nil && !a.across {
		better = e.Op(kernel.And, better, m)
	}
	return []*kernel.Value{e.Select(better, v, acc[0]), e.Select(better, place, acc[1])}, nil
}
