package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// onThreads gives each element, or vector of neighbours, a thread. Parts that reductions of the group reduce are loops in it.
func (l *loops) onThreads(p point) error {
	serial := l.nest.reducedParts(l.g)
	var spread []int
	for i := range p {
		if !serial[i] {
			spread = append(spread, i)
		}
	}
	last := len(p) - 1
	if l.nest.lanes && len(p) > 0 && serial[last] {
		return errLanes
	}
	lanes := int64(1)
	if l.nest.lanes && len(p) > 0 {
		lanes = int64(l.emitter.lanes)
	}
	paired := len(spread) == len(p) && l.paired(p, lanes)
	extents := make([]ir.Dim, len(spread))
	for k, i := range spread {
		extents[k] = p[i].size
		if i == last {
			extents[k] = ceilDiv(p[i].size, num(lanes))
			if paired {
				extents[k] = extents[k].FloorDiv(num(2))
			}
		}
	}
	return l.spreadOver(l.axesOf(extents), func(at []ir.Dim) error {
		return l.expanded(extents, at, func(at []ir.Dim) error {
			q := slices.Clone(p)
			for k, i := range spread {
				q[i].at = at[k]
			}
			if lanes == 1 || len(spread) == 0 {
				return l.serially(q, serial, 0)
			}
			q[last].at, q[last].step = q[last].at.Mul(num(lanes)), one
			if paired {
				return l.pair(q)
			}
			return l.vector(q, lanes, serial)
		})
	})
}

// Loads of threadBytes keep enough of them on their way; a thread that takes less at a time takes twice. Tensors of fewer elements than manyElements
// need all threads that there are.
const (
	threadBytes  = 16
	manyElements = 1 << 18
)

// paired reports that each thread takes two vectors, one in either half of the last part.
func (l *loops) paired(p point, lanes int64) bool {
	widest := l.g.Result.Type.Elem.Bits()
	for _, v := range l.g.Params {
		widest = max(widest, v.Type.Elem.Bits())
	}
	n, ok := l.g.Result.Type.NumElements().IsConst()
	return ok && n >= manyElements && lanes > 1 && 2*lanes*int64(widest) <= 8*threadBytes && isZero(p[len(p)-1].size.Mod(num(2*lanes)))
}

// pair computes a vector and the one that lies half of the last part behind it, and then stores both: what is loaded after a store waits for it.
func (l *loops) pair(q point) error {
	far := slices.Clone(q)
	last := len(q) - 1
	far[last].at = q[last].at.Add(q[last].size.FloorDiv(num(2)))
	return l.storeAll([]point{q, far})
}

// vector goes on with lanes along the last part, of which some may lie behind the end.
func (l *loops) vector(q point, lanes int64, serial []bool) error {
	end := q[len(q)-1]
	if isZero(end.size.Mod(num(lanes))) {
		return l.serially(q, serial, 0)
	}
	whole := ir.Cond{Left: end.at.Add(num(lanes)), Rel: ir.RelLE, Right: end.size}
	if n, ok := end.size.IsConst(); !ok || n >= lanes {
		if err := l.branch(whole, func() error { return l.serially(q, serial, 0) }); err != nil {
			return err
		}
	}
	return l.branch(whole.Negate(), func() error {
		return l.under(cond{at: end.at, step: one, least: zero, most: end.size.Sub(one)}, func() error { return l.serially(q, serial, 0) })
	})
}

// serially builds the loops over the parts from the i-th on that a thread goes over alone, and stores the result in them.
func (l *loops) serially(p point, serial []bool, i int) error {
	for i < len(p) && !serial[i] {
		i++
	}
	if i == len(p) {
		return l.store(p)
	}
	build := func() error {
		_, err := l.loop(kernel.Serial, "i", p[i].size, nil, func(at ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			q := slices.Clone(p)
			q[i].at = at
			return nil, l.serially(q, serial, i+1)
		})
		return err
	}
	if err := l.hoist(build); err != nil {
		return err
	}
	return build()
}

// reducedParts says which parts have axes that a reduction of the group reduces.
func (n nest) reducedParts(g *Group) []bool {
	inner := n.reducedAxes(g)
	list := make([]bool, len(n.parts))
	at := 0
	for i, axes := range n.parts {
		list[i] = slices.Contains(inner[at:at+axes], true)
		at += axes
	}
	return list
}

// axesOf divides the threads of a group over extents, the last ones first. Of more than three, the first ones are taken as one.
func (e *emitter) axesOf(extents []ir.Dim) []axis {
	names := []string{"z", "y", "x"}
	var list []axis
	if first := len(extents) - 2; first > 1 {
		list = append(list, axis{name: "z", extent: product(extents[:first])})
		extents = extents[first:]
	}
	for _, d := range extents {
		list = append(list, axis{extent: d})
	}
	if len(list) == 0 {
		list = append(list, axis{extent: one})
	}
	left := int64(e.target.Threads)
	for i := len(list) - 1; i >= 0; i-- {
		list[i].name = names[len(names)-len(list)+i]
		_, most := e.g.env.Range(list[i].extent)
		list[i].threads = powerOver(most, left)
		left /= list[i].threads
	}
	if unused := int64(e.target.Threads) / left; unused < int64(e.target.SIMD) { // a group has whole SIMD groups
		list[len(list)-1].threads *= int64(e.target.SIMD) / unused
	}
	return list
}

// expanded runs body with a place along each extent, where axesOf took some as one.
func (e *emitter) expanded(extents, at []ir.Dim, body func(at []ir.Dim) error) error {
	first := len(extents) - 2
	if first <= 1 {
		return body(at[len(at)-len(extents):])
	}
	return e.divided(extents[:first], at[0], func(outer []ir.Dim) error {
		return body(append(outer, at[1:]...))
	})
}

// divided runs body with the place along each extent of one place along all.
func (e *emitter) divided(extents []ir.Dim, at ir.Dim, body func(at []ir.Dim) error) error {
	if len(extents) < 2 {
		return body([]ir.Dim{at}[:len(extents)])
	}
	loops := e.loops
	e.loops = slices.DeleteFunc(slices.Clone(loops), func(name string) bool { return mentions([]string{name}, at) }) // values depend on the parts
	defer func() { e.loops = loops }()
	list := make([]ir.Dim, len(extents))
	var split func(i int, rest ir.Dim) error
	split = func(i int, rest ir.Dim) error {
		if i < 0 {
			return body(list)
		}
		return e.some(extents[i], func() error {
			next := rest.FloorDiv(extents[i])
			if i == 0 {
				next = zero
			}
			list[i] = e.position("at", rest.Sub(next.Mul(extents[i])), extents[i])
			return split(i-1, next)
		})
	}
	return split(len(extents)-1, at)
}
