package schedule

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// nest is a way of going over the elements of a group's result: the axes of a shape with as many elements, some neighbours
// taken as one, in an order of loops, with lanes along the last part or nowhere.
type nest struct {
	shape []ir.Dim
	parts []int // axes of each part
	order []int // which part each loop is over, outermost first
	lanes bool

	square bool // it goes over squares: see tiledNests
	tiled  int  // the part that their rows lie along
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
	misfits := func(n nest) int {
		if !n.lanes {
			return math.MaxInt
		}
		return n.misfits(g)
	}
	slices.SortStableFunc(all, func(a, b nest) int { return cmp.Compare(misfits(a), misfits(b)) })
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

// reducedAxes says which axes of the nest's shape a reduction of the group reduces.
func (n nest) reducedAxes(g *Group) []bool {
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
	return inner
}

// reducedInside is the nest with the loops over axes that are reduced inside of the others; nil where that is no other order.
func (n nest) reducedInside(g *Group) *nest {
	inner := n.reducedAxes(g)
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
	out, err := e.output()
	if err != nil {
		return nil, err
	}
	r := g.Result.Type
	l := &loops{emitter: e, nest: n, out: out}
	l.out.Once = true
	if n.lanes && t.L3 > 0 && g.env.Prove(ir.Cond{Left: ir.Const(t.L3 / int64(r.Elem.Bytes())), Rel: ir.RelLE, Right: r.NumElements()}) == ir.True {
		l.out.Access |= kernel.Stream
	}
	p := make(point, len(n.parts))
	axis := 0
	for i, axes := range n.parts {
		p[i] = part{axes: axes, size: product(n.shape[axis : axis+axes])}
		axis += axes
	}
	build := func() error { return l.level([]point{p}, 0) }
	if t.gpu() {
		build = func() error { return l.onThreads(p) }
	}
	if err := build(); err != nil {
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

// level builds the loop at a depth with those inside, and what they do not change before it. Of several points, each is a vector
// behind the one before.
func (l *loops) level(ps []point, depth int) error {
	if depth == len(l.order) {
		for u, p := range ps {
			l.beside = besides(u, len(ps))
			if err := l.store(p); err != nil {
				return err
			}
		}
		return nil
	}
	build := func() error { return l.build(ps, depth) }
	if err := l.hoist(build); err != nil {
		return err
	}
	return build()
}

func (l *loops) build(ps []point, depth int) error {
	i := l.order[depth]
	switch {
	case l.nest.square && i == l.nest.tiled:
		return l.squares(ps[0], depth)
	case l.nest.square && depth == len(l.order)-1:
		return l.columns(ps[0])
	}
	kind, name := kernel.Serial, fmt.Sprintf("i%d", i)
	if depth == 0 {
		kind = kernel.Parallel
	}
	along := func(firsts []ir.Dim, step ir.Dim) error {
		var list []point
		for _, p := range ps {
			for _, first := range firsts {
				q := slices.Clone(p)
				q[i].at, q[i].step = first, step
				list = append(list, q)
			}
		}
		return l.level(list, depth+1)
	}
	spans := l.spans(i, ps[0][i].size)
	if !l.nest.lanes || i != len(ps[0])-1 {
		rounds := func(s span) ir.Dim { return s.size }
		return l.over(kind, name, spans, rounds, func(s span, d ir.Dim) error { return along([]ir.Dim{s.from.Add(d)}, zero) })
	}
	return l.vectors(kind, name, spans, l.unrolled(depth), along)
}

// unrolled is how many vectors a round of the loop along lanes takes: fewer of a long body. Where each has a reduction of its own,
// more make long runs of what lies in memory.
func (l *loops) unrolled(depth int) int {
	times := unroll
	switch reduces := l.g.needsReduction(true) == ""; {
	case reduces && l.target.Registers >= 32:
		times = 2 * unroll
	case !reduces && depth != len(l.order)-1:
		return 1
	}
	switch {
	case len(l.g.Body) > 24:
		return times / 4
	case len(l.g.Body) > 8:
		return times / 2
	}
	return times
}

// over builds a loop over the rounds of each span. The outermost one, which is cut over cores, is one loop with branches.
func (l *loops) over(kind kernel.LoopKind, name string, spans []span, rounds func(span) ir.Dim, body func(s span, d ir.Dim) error) error {
	if kind != kernel.Parallel || len(spans) == 1 {
		for _, s := range spans {
			if isZero(rounds(s)) && kind != kernel.Parallel {
				continue
			}
			_, err := l.loop(kind, name, rounds(s), nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(s, d) })
			if err != nil {
				return err
			}
		}
		return nil
	}
	total := zero
	for _, s := range spans {
		total = total.Add(rounds(s))
	}
	_, err := l.loop(kind, name, total, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		start := zero
		for _, s := range spans {
			first, next := start, start.Add(rounds(s))
			start = next
			err := l.branch(ir.Cond{Left: d, Rel: ir.RelGE, Right: first}, func() error {
				return l.branch(ir.Cond{Left: d, Rel: ir.RelLT, Right: next}, func() error { return body(s, d.Sub(first)) })
			})
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}

// vectors goes over spans by vectors, several in a round, and masks the last ones. The outermost loop, which is cut over cores,
// is one loop with a branch; another is two.
func (l *loops) vectors(kind kernel.LoopKind, name string, spans []span, times int, along func(firsts []ir.Dim, step ir.Dim) error) error {
	vector := ir.Const(int64(l.emitter.lanes))
	most := int64(0)
	for _, s := range spans {
		n, ok := s.size.IsConst()
		if !ok {
			n = math.MaxInt64
		}
		most = max(most, n)
	}
	for times > 1 && (int64(times*l.emitter.lanes) > most || times > unroll && int64(4*times*l.emitter.lanes) > most) {
		times /= 2 // some rounds are left for each thread
	}
	wide := vector.Mul(ir.Const(int64(times)))
	whole := func(first ir.Dim) error {
		var firsts []ir.Dim
		for u := range times {
			firsts = append(firsts, first.Add(vector.Mul(ir.Const(int64(u)))))
		}
		return along(firsts, one)
	}
	for _, s := range spans {
		if !isZero(s.size.Mod(wide)) {
			return l.ragged(kind, name, spans, wide, whole, along)
		}
	}
	rounds := func(s span) ir.Dim { return s.size.FloorDiv(wide) }
	return l.over(kind, name, spans, rounds, func(s span, d ir.Dim) error { return whole(s.from.Add(d.Mul(wide))) })
}

// ragged is vectors where some span ends within a round.
func (l *loops) ragged(kind kernel.LoopKind, name string, spans []span, wide ir.Dim, whole func(ir.Dim) error, along func(firsts []ir.Dim, step ir.Dim) error) error {
	vector := ir.Const(int64(l.emitter.lanes))
	last := func(s span, first ir.Dim) error {
		if isZero(s.size.Mod(vector)) && kind != kernel.Parallel {
			return along([]ir.Dim{s.from.Add(first)}, one)
		}
		return l.under(cond{at: first, step: one, least: zero, most: s.size.Sub(one)}, func() error { return along([]ir.Dim{s.from.Add(first)}, one) })
	}
	if kind == kernel.Parallel {
		rounds := func(s span) ir.Dim { return s.size.Add(wide).Sub(one).FloorDiv(wide) }
		return l.over(kind, name, spans, rounds, func(s span, d ir.Dim) error {
			full := ir.Cond{Left: d, Rel: ir.RelLT, Right: s.size.FloorDiv(wide)}
			if !isZero(full.Right) {
				if err := l.branch(full, func() error { return whole(s.from.Add(d.Mul(wide))) }); err != nil {
					return err
				}
			}
			return l.branch(full.Negate(), func() error {
				_, err := l.loop(kernel.Serial, "t", wide.FloorDiv(vector), nil, func(t ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
					return nil, last(s, d.Mul(wide).Add(t.Mul(vector)))
				})
				return err
			})
		})
	}
	for _, s := range spans {
		rounds := s.size.FloorDiv(wide)
		if !isZero(rounds) {
			_, err := l.loop(kind, name, rounds, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, whole(s.from.Add(d.Mul(wide))) })
			if err != nil {
				return err
			}
		}
		rest := s.size.Sub(rounds.Mul(wide))
		if isZero(rest) {
			continue
		}
		_, err := l.loop(kernel.Serial, name, rest.Add(vector).Sub(one).FloorDiv(vector), nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, last(s, rounds.Mul(wide).Add(d.Mul(vector)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// store writes the result at a place.
func (l *loops) store(p point) error { return l.storeAll([]point{p}) }

// storeAll computes what is at some places, then stores it.
func (l *loops) storeAll(list []point) error {
	values := make([]*kernel.Value, len(list))
	places := make([]point, len(list))
	for i, p := range list {
		var err error
		if places[i], err = p.reshaped(l.g.env, l.g.Result.Type.Shape); err != nil {
			return err
		}
		if values[i], err = l.value(l.g.Result, places[i]); err != nil {
			return err
		}
	}
	for i, v := range values {
		l.put(l.out, places[i], v)
	}
	return nil
}
