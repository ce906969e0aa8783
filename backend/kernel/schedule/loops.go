package schedule

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// nest is a way of going over the elements of a group's result: the axes of a shape with as many elements, some neighbours
// taken as one, in an order of loops, with lanes along the last part or nowhere.
type nest struct {
	shape []ir.Dim
	parts []int // axes of each part
	order []int // which part each loop is over, outermost first
	lanes bool
}

// nests lists the ways to try, best first: vectors before numbers, few loops before many.
func nests(g *Group) []nest {
	shapes := [][]ir.Dim{}
	add := func(s []ir.Dim) {
		same := g.env.Compare(product(s), g.Result.Type.NumElements()) == ir.CompareEqual
		if same && !slices.ContainsFunc(shapes, func(t []ir.Dim) bool { return slices.EqualFunc(s, t, ir.Dim.Equal) }) {
			shapes = append(shapes, s)
		}
	}
	for _, op := range g.Body {
		if _, ok := reducedAxes(op); ok {
			add(op.In(0).Shape)
		}
	}
	add(g.Result.Type.Shape)
	for _, op := range g.Body {
		if op.Is(tensor.Reshape) {
			add(op.In(0).Shape)
			add(op.Result().Type.Shape)
		}
	}
	var all []nest
	for _, lanes := range []bool{true, false} {
		for _, s := range shapes {
			for _, parts := range partitions(len(s)) {
				n := nest{shape: s, parts: parts, lanes: lanes, order: make([]int, len(parts))}
				for i := range n.order {
					n.order[i] = i
				}
				all = append(all, n)
				if inner := n.reducedInside(g); inner != nil {
					all = append(all, *inner)
				}
			}
		}
	}
	return all
}

// reducedAxes are the axes of operand 0 that a reduction reduces.
func reducedAxes(op *ir.Op) ([]int, bool) {
	switch {
	case op.Is(tensor.Argmax) || op.Is(tensor.Argmin):
		return []int{op.Int("axis")}, true
	case slices.Contains([]*ir.OpDef{tensor.Sum, tensor.Mean, tensor.Prod, tensor.ReduceMax, tensor.ReduceMin, tensor.Any, tensor.All}, op.Def):
		return op.Ints("axes"), true
	}
	return nil, false
}

// reducedInside is the nest with the loops over axes that are reduced inside of the others; nil where that is no other order.
func (n nest) reducedInside(g *Group) *nest {
	inner := make([]bool, len(n.shape))
	for _, op := range g.Body {
		axes, ok := reducedAxes(op)
		if !ok || !slices.EqualFunc(op.In(0).Shape, n.shape, ir.Dim.Equal) {
			continue
		}
		for _, a := range axes {
			inner[a] = true
		}
	}
	rank := make([]int, len(n.parts))
	axis := 0
	for i, axes := range n.parts {
		if slices.Contains(inner[axis:axis+axes], true) {
			rank[i] = 1
		}
		axis += axes
	}
	m := n
	m.order = slices.Clone(n.order)
	slices.SortStableFunc(m.order, func(a, b int) int { return rank[a] - rank[b] })
	if slices.Equal(m.order, n.order) {
		return nil
	}
	return &m
}

// partitions are the ways to take neighbouring axes of a shape as one, those with few parts first.
func partitions(rank int) [][]int {
	const most = 8 // axes; of a shape with more, none are joined
	if rank == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for cuts := range 1 << min(rank-1, most) {
		parts := []int{1}
		for i := 1; i < rank; i++ {
			if rank > most || cuts>>(rank-1-i)&1 == 1 {
				parts = append(parts, 1)
			} else {
				parts[len(parts)-1]++
			}
		}
		if rank > most {
			return [][]int{parts}
		}
		all = append(all, parts)
	}
	slices.SortStableFunc(all, func(a, b []int) int { return len(a) - len(b) })
	return all
}

// loops makes a kernel that goes over the result by a nest.
type loops struct {
	*emitter
	nest
	out *kernel.Buffer
}

// make builds the kernel of a group by a nest, with checked accesses where asked; the error says why that nest does not do.
func (n nest) make(g *Group, t Target, checks bool) (*kernel.Kernel, error) {
	e := newEmitter(g, t, n.width(g, t.Lanes))
	e.checks = checks
	r := g.Result.Type
	if r.Elem.Packed() || r.Elem.IsComplex() || storageElem(r.Elem) != r.Elem {
		return nil, fmt.Errorf("a result of %s is not emitted", r.Elem)
	}
	l := &loops{emitter: e, nest: n, out: e.Output("y", r.Elem, r.NumElements())}
	p := make(point, len(n.parts))
	axis := 0
	for i, axes := range n.parts {
		p[i] = part{axes: axes, size: product(n.shape[axis : axis+axes])}
		axis += axes
	}
	if err := l.level(p, 0); err != nil {
		return nil, err
	}
	return e.Build()
}

// width is the lanes of the vectors: no more than twice what an innermost part without reductions has elements.
func (n nest) width(g *Group, lanes int) int {
	if g.needsReduction(true) == "" || len(n.parts) == 0 {
		return lanes
	}
	size, ok := product(n.shape[len(n.shape)-n.parts[len(n.parts)-1]:]).IsConst()
	for ok && lanes > 1 && int64(lanes/2) >= size {
		lanes /= 2
	}
	return lanes
}

// level builds the loop at a depth with those inside, and what they do not change before it.
func (l *loops) level(p point, depth int) error {
	build := func() error { return l.build(p, depth) }
	if err := l.hoist(build); err != nil {
		return err
	}
	return build()
}

func (l *loops) build(p point, depth int) error {
	if depth == len(l.order) {
		return l.store(p)
	}
	i := l.order[depth]
	size := p[i].size
	kind, name := kernel.Serial, fmt.Sprintf("i%d", i)
	if depth == 0 {
		kind = kernel.Parallel
	}
	at := func(d, step ir.Dim) point {
		q := slices.Clone(p)
		q[i].at, q[i].step = d, step
		return q
	}
	if !l.nest.lanes || i != len(p)-1 {
		_, err := l.loop(kind, name, size, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, l.level(at(d, zero), depth+1)
		})
		return err
	}
	times := 1
	if depth == len(l.order)-1 {
		times = l.unrolled()
	}
	return l.vectors(kind, name, size, times, at, func(q point) error { return l.level(q, depth+1) })
}

// unrolled is how many vectors a round of the innermost loop takes: fewer of a long body.
func (l *loops) unrolled() int {
	if len(l.g.Body) > 24 {
		return 1
	}
	if len(l.g.Body) > 8 {
		return 2
	}
	return unroll
}

// vectors goes over size elements by vectors, several in a round, and masks the last ones. The outermost loop, which is cut
// over cores, is one loop with a branch; another is two.
func (l *loops) vectors(kind kernel.LoopKind, name string, size ir.Dim, times int, at func(d, step ir.Dim) point, body func(point) error) error {
	vector := ir.Const(int64(l.emitter.lanes))
	if n, ok := size.IsConst(); ok {
		for times > 1 && int64(times*l.emitter.lanes) > n {
			times /= 2
		}
	}
	wide := vector.Mul(ir.Const(int64(times)))
	whole := func(first ir.Dim) error {
		for u := range times {
			if err := body(at(first.Add(vector.Mul(ir.Const(int64(u)))), one)); err != nil {
				return err
			}
		}
		return nil
	}
	rounds := size.FloorDiv(wide)
	rest := size.Sub(rounds.Mul(wide))
	last := func(first ir.Dim) error {
		if isZero(rest.Mod(vector)) && kind != kernel.Parallel {
			return body(at(first, one))
		}
		return l.under(cond{at: first, step: one, least: zero, most: size.Sub(one)}, func() error { return body(at(first, one)) })
	}
	if kind == kernel.Parallel && !isZero(rest) {
		_, err := l.loop(kind, name, size.Add(wide).Sub(one).FloorDiv(wide), nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			full := ir.Cond{Left: d, Rel: ir.RelLT, Right: rounds}
			if !isZero(rounds) {
				if err := l.branch(full, func() error { return whole(d.Mul(wide)) }); err != nil {
					return nil, err
				}
			}
			return nil, l.branch(full.Negate(), func() error { return l.rest(d.Mul(wide), times, vector, last) })
		})
		return err
	}
	if !isZero(rounds) {
		_, err := l.loop(kind, name, rounds, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, whole(d.Mul(wide)) })
		if err != nil {
			return err
		}
	}
	if isZero(rest) {
		return nil
	}
	_, err := l.loop(kernel.Serial, name, rest.Add(vector).Sub(one).FloorDiv(vector), nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, last(rounds.Mul(wide).Add(d.Mul(vector)))
	})
	return err
}

// rest takes the last elements by vectors that are masked.
func (l *loops) rest(first ir.Dim, times int, vector ir.Dim, last func(ir.Dim) error) error {
	_, err := l.loop(kernel.Serial, "t", ir.Const(int64(times)), nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, last(first.Add(d.Mul(vector)))
	})
	return err
}

// store writes the result at a place.
func (l *loops) store(p point) error {
	q, err := p.reshaped(l.g.env, l.g.Result.Type.Shape)
	if err != nil {
		return err
	}
	v, err := l.value(l.g.Result, q)
	if err != nil {
		return err
	}
	to := q.linear()
	lanes := 1
	if !isZero(to.step) {
		lanes = l.emitter.lanes
	}
	if lanes == 1 {
		to.step = one
	}
	if v.Type.Elem != host.Bool || l.out.Elem != host.Bool {
		v = l.narrow(l.g.Result.Type.Elem, v)
	}
	l.StoreLanes(l.out, to.at, to.step, l.spread(v, lanes), l.mask(l.checked(l.relevant(q), to.at, to.step, l.out), lanes))
	return nil
}
