package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// place is where a tile is.
type place struct {
	batch       []ir.Dim
	block       ir.Dim // of columns
	startRow    ir.Dim // of a convolution: the row of the result that the block starts in
	startPixel  ir.Dim // and the first pixel of that row
	local       ir.Dim // the first panel, within the block
	panel       ir.Dim // and among all
	tileLocal   ir.Dim // the tile of rows, within the block
	tile        ir.Dim // and among all
	row         ir.Dim // its first row
	begin       ir.Dim // the first row that is its own: a last tile that is not full starts earlier
	overlapping bool
}

// rowsOf gives a tile its first row. The last tile ends with the last row, and takes again some rows of the one before.
func (m *gemm) rowsOf(t tall, tile ir.Dim) (row, begin ir.Dim, overlapping bool) {
	h := ir.Const(int64(t.height))
	begin = tile.Mul(h)
	most := m.m.Sub(h)
	row = begin
	if overlapping = !isZero(m.m.Mod(h)); overlapping {
		row = begin.Min(most)
	}
	if isZero(most) {
		return zero, begin, overlapping
	}
	return m.symbol("row", row, most), begin, overlapping
}

// tile sums up one tile and stores it.
func (m *gemm) tile(t tall, p place) error {
	return m.scoped(func() error {
		p.row, p.begin, p.overlapping = m.rowsOf(t, p.tile)
		depth := ir.Const(1)
		if m.pairs {
			depth = ir.Const(2)
		}
		sums, err := m.rounds(m.deep().FloorDiv(depth), t.height*t.panels*m.panel, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			return m.step(t, p, k.Mul(depth), acc)
		})
		if err != nil {
			return err
		}
		return m.finish(t, p, sums)
	})
}

// rounds adds up n rounds in some vectors: in runs of runOfProduct where there may be many more. What is no whole run comes first, so that
// where there is none, nothing is added to it.
func (m *gemm) rounds(n ir.Dim, vectors int, step func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	run := func(from, n ir.Dim) ([]*kernel.Value, error) {
		init := make([]*kernel.Value, vectors)
		for i := range init {
			init[i] = m.Number(kernel.Type{Elem: m.elem, Lanes: m.emitter.lanes}, 0)
		}
		return m.loop(kernel.Serial, "k", n, init, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) { return step(from.Add(k), acc) })
	}
	each := ir.Const(runOfProduct)
	_, most := m.g.env.Range(n)
	if m.elem != host.F32 || most <= mostProducts {
		return run(zero, n)
	}
	runs := n.FloorDiv(each)
	sums, err := run(runs.Mul(each), n.Sub(runs.Mul(each)))
	if err != nil {
		return nil, err
	}
	return m.loop(kernel.Serial, "run", runs, sums, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		more, err := run(i.Mul(each), each)
		if err != nil {
			return nil, err
		}
		for j := range more {
			more[j] = m.Op(kernel.Add, acc[j], more[j])
		}
		return more, nil
	})
}

// mostProducts is how many products are added to one accumulator of f32, one after the other, and runOfProduct how many are where there
// are more: a run costs a spill and an addition of each accumulator.
const mostProducts, runOfProduct = 1 << 12, 1 << 9

// finish stores the sums of a tile. Where much is computed from each, it is written once, for the rows of the tile in memory.
func (m *gemm) finish(t tall, p place, sums []*kernel.Value) error {
	vectors := t.panels * m.panel
	row := func(u ir.Dim, sums []*kernel.Value) error {
		if !p.overlapping {
			return m.storeRow(p, u, sums)
		}
		return m.branch(ir.Cond{Left: p.begin, Rel: ir.RelLE, Right: p.row.Add(u)}, func() error { return m.storeRow(p, u, sums) })
	}
	if len(m.g.Body) <= longEpilogue {
		for u := range t.height {
			if err := row(ir.Const(int64(u)), sums[u*vectors:][:vectors]); err != nil {
				return err
			}
		}
		return nil
	}
	lanes := m.emitter.lanes
	if m.kept == nil {
		widest := 0
		for _, t := range m.tall {
			widest = max(widest, t.height*t.panels)
		}
		m.kept = m.Buffer("tile", m.elem, ir.Const(int64(widest*m.panel*lanes)), kernel.Private, 0)
	}
	for i, sum := range sums {
		m.Store(m.kept, ir.Const(int64(i*lanes)), sum)
	}
	_, err := m.loop(kernel.Serial, "u", ir.Const(int64(t.height)), nil, func(u ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		var again []*kernel.Value
		for v := range vectors {
			again = append(again, m.Load(m.kept, u.Mul(ir.Const(int64(vectors))).Add(ir.Const(int64(v))).Mul(ir.Const(int64(lanes))), lanes))
		}
		return nil, row(u, again)
	})
	return err
}

// longEpilogue is how many operations a group has whose tiles are stored row by row in code of their own.
const longEpilogue = 4

// step adds the products of one k, or of a pair of them, to all sums.
func (m *gemm) step(t tall, p place, k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
	vectors := t.panels * m.panel
	bs := make([]*kernel.Value, vectors)
	for v := range bs {
		var err error
		if bs[v], err = m.b.vector(p, v, k); err != nil {
			return nil, err
		}
	}
	next := make([]*kernel.Value, 0, len(acc))
	for u := range t.height {
		x, err := m.a.number(t, p, u, k)
		if err != nil {
			return nil, err
		}
		if !m.pairs {
			x = m.Splat(x, m.emitter.lanes)
		}
		for v := range bs {
			sum := acc[u*vectors+v]
			switch {
			case m.pairs:
				next = append(next, m.Op(kernel.DotHalf, x, bs[v], sum))
			case m.elem.IsFloat():
				next = append(next, m.Op(kernel.MulAdd, x, bs[v], sum))
			default:
				next = append(next, m.Op(kernel.Add, sum, m.Op(kernel.Mul, x, bs[v])))
			}
		}
	}
	return next, nil
}

// column is the column that vector v from a panel on starts at, and the condition that its lanes are columns, where that is
// not known.
func (m *gemm) column(panel ir.Dim, v int) (part, []cond) {
	at := panel.Mul(ir.Const(m.width())).Add(ir.Const(int64(v * m.emitter.lanes)))
	step := one
	if m.emitter.lanes == 1 {
		step = zero
	}
	if m.n.Equal(m.groups().Mul(ir.Const(m.widest() * m.width()))) {
		return part{at: at, step: step}, nil
	}
	return part{at: at, step: step}, []cond{{at: at, step: step, least: zero, most: m.n.Sub(one)}}
}

// never reports that no lane is a column.
func never(conds []cond) bool {
	for _, c := range conds {
		if n, ok := c.most.Sub(c.at).IsConst(); ok && n < 0 {
			return true
		}
	}
	return false
}

// storeRow computes what follows the product, for row u of a tile, and stores it.
func (m *gemm) storeRow(p place, u ir.Dim, sums []*kernel.Value) error {
	row := part{at: p.row.Add(u), step: zero}
	for v, sum := range sums {
		col, conds := m.b.column(p, v)
		if never(conds) {
			continue
		}
		outer := m.conds
		m.conds = append(outer[:len(outer):len(outer)], conds...)
		err := m.store(m.contraction.at(p.batch, row, col), p, row, col, sum)
		m.conds = outer
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *gemm) store(at point, p place, row, col part, sum *kernel.Value) error {
	y := m.op.Result()
	sum, err := m.biased(m.bias, p.batch, row, col, sum)
	if err != nil {
		return err
	}
	sum = m.rounded(sum, y.Type.Elem)
	here := m.simplified(at).linear() // as everywhere that a value is asked for
	m.bound[y] = func(q point) (*kernel.Value, error) {
		if have := q.linear(); !have.at.Equal(here.at) || !have.step.Equal(here.step) {
			return nil, fmt.Errorf("what follows %s takes elements from other places", m.op.Name())
		}
		return sum, nil
	}
	q, err := m.g.forward(at)
	if err != nil {
		return err
	}
	v, err := m.emitter.value(m.g.Result, q)
	if err != nil {
		return err
	}
	m.put(m.out, q, v)
	return nil
}

// biased adds the bias, which is nil for none, to sums of some columns of a row.
func (m *gemm) biased(bias *ir.Value, batch []ir.Dim, row, col part, sum *kernel.Value) (*kernel.Value, error) {
	if bias == nil {
		return sum, nil
	}
	b, err := m.emitter.value(bias, m.biasAt(batch, row, col))
	if err != nil {
		return nil, err
	}
	return m.Op(kernel.Add, sum, m.spread(b, sum.Type.Lanes)), nil
}
