package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// A transposition that moves the last axis reads far apart what it writes side by side. A tiled nest goes over squares of as many
// rows as a vector has lanes: vectors along what is read are loaded, transposed in registers, and are rows of the result.

// tile is the square that is emitted: rows along one part of the nest, columns along the last one.
type tile struct {
	rows, columns ir.Dim // where it begins
	height, width ir.Dim // of the whole
	ragged        bool   // it may reach over the ends
}

// strips is how many squares side by side along what is read are taken together: whole lines of the cache, and what is next to them.
const strips = 4

// tiledNests are nests over squares for each transposition of the group that moves the last axis.
func tiledNests(g *Group, t Target) []nest {
	var all []nest
	if g.needsReduction(true) == "" || t.Lanes < 2 || t.gpu() {
		return nil
	}
	for _, op := range g.Body {
		if !op.Is(tensor.Transpose) {
			continue
		}
		shape, perm := op.Results[0].Type.Shape, op.Ints("perm")
		if g.env.Compare(product(shape), g.Result.Type.NumElements()) != ir.CompareEqual || len(product(shape).Symbols()) > 1 {
			continue // bounds of squares in products of open sizes take long to prove
		}
		for _, joined := range []bool{true, false} {
			n := nest{shape: shape, lanes: true}
			moved := 0 // the part that the last axis of what is read has gone to
			for axis := range perm {
				if joined && axis > 0 && perm[axis] == perm[axis-1]+1 {
					n.parts[len(n.parts)-1]++
				} else {
					n.parts = append(n.parts, 1)
				}
				if perm[axis] == len(perm)-1 {
					moved = len(n.parts) - 1
				}
			}
			n.tiled = moved
			if n.tiles(int64(t.Lanes)) {
				all = append(all, n)
			}
		}
	}
	return all
}

// tiles completes a nest over squares, and reports that it is worth while: there are whole ones.
func (n *nest) tiles(lanes int64) bool {
	last := len(n.parts) - 1
	if n.tiled == last {
		return false
	}
	for _, i := range []int{n.tiled, last} {
		if size, ok := n.size(i).IsConst(); ok && size < lanes {
			return false
		}
	}
	others := one
	for i := range n.parts {
		if i != n.tiled && i != last {
			n.order = append(n.order, i)
			others = others.Mul(n.size(i))
		}
	}
	if count, ok := others.IsConst(); ok && count < 16 { // too few to share
		n.order = append([]int{n.tiled}, n.order...)
	} else {
		n.order = append(n.order, n.tiled)
	}
	n.order = append(n.order, last)
	n.square = true
	return true
}

// size is the number of places along a part.
func (n *nest) size(i int) ir.Dim {
	axis := 0
	for _, axes := range n.parts[:i] {
		axis += axes
	}
	return product(n.shape[axis : axis+n.parts[i]])
}

// squares builds the loop over the rows of squares, at whatever depth it is.
func (l *loops) squares(p point, depth int) error {
	i := l.nest.tiled
	kind, name := kernel.Serial, "rows"
	if depth == 0 {
		kind = kernel.Parallel
	}
	side := ir.Const(int64(l.emitter.lanes))
	tall := side.Mul(ir.Const(strips))
	if !isZero(l.nest.size(i).Mod(tall)) {
		tall = side
	}
	rounds := l.nest.size(i).Add(tall).Sub(one).FloorDiv(tall)
	_, err := l.loop(kind, name, rounds, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		q := slices.Clone(p)
		q[i].at = d.Mul(tall)
		return nil, l.level([]point{q}, depth+1)
	})
	return err
}

// columns builds the loops over the columns of squares and, inside, over those that lie side by side in what is read.
func (l *loops) columns(p point) error {
	i, j := l.nest.tiled, len(p)-1
	side := ir.Const(int64(l.emitter.lanes))
	height, width := l.nest.size(i), l.nest.size(j)
	beside := one
	if isZero(height.Mod(side.Mul(ir.Const(strips)))) {
		beside = ir.Const(strips)
	}
	rounds := width.Add(side).Sub(one).FloorDiv(side)
	_, err := l.loop(kernel.Serial, "columns", rounds, nil, func(d ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		_, err := l.loop(kernel.Serial, "strip", beside, nil, func(s ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			t := tile{rows: p[i].at.Add(s.Mul(side)), columns: d.Mul(side), height: height, width: width}
			if isZero(height.Mod(side)) && isZero(width.Mod(side)) {
				return nil, l.square(p, t)
			}
			return nil, l.raggedSquare(p, t, side)
		})
		return nil, err
	})
	return err
}

// raggedSquare builds the square twice: as a whole one, and as one at the ends.
func (l *loops) raggedSquare(p point, t tile, side ir.Dim) error {
	down := ir.Cond{Left: t.rows.Add(side), Rel: ir.RelLE, Right: t.height}
	across := ir.Cond{Left: t.columns.Add(side), Rel: ir.RelLE, Right: t.width}
	part := t
	part.ragged = true
	err := l.branch(down, func() error {
		if err := l.branch(across, func() error { return l.square(p, t) }); err != nil {
			return err
		}
		return l.branch(across.Negate(), func() error { return l.square(p, part) })
	})
	if err != nil {
		return err
	}
	return l.branch(down.Negate(), func() error { return l.square(p, part) })
}

// square stores the rows of one.
func (l *loops) square(p point, t tile) error {
	i, j := l.nest.tiled, len(p)-1
	l.tile = &t
	defer func() { l.tile = nil }()
	row := func(u int) error {
		q := slices.Clone(p)
		q[i].at, q[i].step = t.rows.Add(ir.Const(int64(u))), zero
		q[j].at, q[j].step = t.columns, one
		if !t.ragged {
			return l.store(q)
		}
		return l.under(cond{at: t.columns, step: one, least: zero, most: t.width.Sub(one)}, func() error { return l.store(q) })
	}
	if err := row(0); err != nil {
		return err
	}
	l.tile = nil
	for u := 1; u < l.emitter.lanes; u++ {
		store := func() error { return row(u) }
		var err error
		if t.ragged {
			err = l.branch(ir.Cond{Left: t.rows.Add(ir.Const(int64(u))), Rel: ir.RelLT, Right: t.height}, store)
		} else {
			err = store()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// square loads what a transposition reads for a whole square, where p is in its first row, transposes it and remembers the rows.
// It reports false where the point is not such a row.
func (e *emitter) square(op *ir.Op, p point) (*kernel.Value, bool, error) {
	t := *e.tile
	shape := op.Result().Type.Shape
	row, column, axis := -1, -1, 0
	for k, q := range p {
		if slices.Contains(op.Ints("perm")[axis:axis+q.axes], len(shape)-1) && isZero(q.step) && q.size.Equal(t.height) && q.at.Equal(t.rows) {
			row = k
		}
		if isOne(q.step) && q.at.Equal(t.columns) && q.size.Equal(t.width) {
			column = k
		}
		axis += q.axes
	}
	want := 0
	if t.ragged {
		want = 1
	}
	if row < 0 || column < 0 || len(e.conds) != want {
		return nil, false, nil
	}
	conds, tile := e.conds, e.tile
	defer func() { e.conds, e.tile = conds, tile }()
	e.tile = nil
	list := make([]*kernel.Value, e.lanes)
	for c := range list {
		q := slices.Clone(p)
		q[row].step = one
		q[column].at, q[column].step = t.columns.Add(ir.Const(int64(c))), zero
		if t.ragged { // past the end, the last column is read again
			at := e.Index(host.I64, q[column].at.Min(t.width.Sub(one)))
			q[column].at = e.Bind(at, "column", zero, t.width.Sub(one), nil)
			e.vars = append(e.vars, q[column].at.Symbols()...)
			e.conds = []cond{{at: t.rows, step: one, least: zero, most: t.height.Sub(one)}}
		}
		v, err := e.value(op.Operand(0), q.transposed(op.Ints("perm")))
		if err != nil {
			return nil, false, err
		}
		list[c] = e.spread(v, e.lanes)
	}
	e.conds, e.tile = conds, tile
	for u, v := range e.flipped(list) {
		q := slices.Clone(p)
		q[row].at = t.rows.Add(ir.Const(int64(u)))
		q = e.simplified(q)
		e.cache[len(e.cache)-1][e.key(op.Result(), q, e.relevant(q))] = v
		list[u] = v
	}
	return list[0], true, nil
}

// flipped transposes a square of numbers: in each of the steps, pairs of vectors exchange half of their lanes (J. Eklundh).
func (e *emitter) flipped(list []*kernel.Value) []*kernel.Value {
	bools := list[0].Type.Elem == host.Bool
	if bools {
		for i, v := range list {
			list[i] = e.Cast(v, host.U8)
		}
	}
	n := len(list)
	for by := n / 2; by > 0; by /= 2 {
		low, high := make([]int, n), make([]int, n)
		for l := range n {
			if l&by == 0 {
				low[l], high[l] = l, l+by
			} else {
				low[l], high[l] = n+l-by, n+l
			}
		}
		next := slices.Clone(list)
		for i := range n {
			if i&by == 0 {
				next[i], next[i+by] = e.Shuffle(list[i], list[i+by], low...), e.Shuffle(list[i], list[i+by], high...)
			}
		}
		list = next
	}
	if bools {
		for i, v := range list {
			list[i] = e.Cast(v, host.Bool)
		}
	}
	return list
}
