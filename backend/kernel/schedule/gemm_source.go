package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// source is where tiles take a matrix from.
type source struct {
	*gemm
	factor
	from   storage
	buf    *kernel.Buffer
	window *pixelBlocks // of a convolution's input
}

// storage says how a matrix is read.
type storage uint8

const (
	direct  storage = iota // where it lies
	atLoad                 // from memory that was filled before the first call
	inRound                // from scratch memory that every round fills with what it needs
	before                 // from memory that a kernel before this one has filled
)

// fill packs the columns that a round needs.
func (s source) fill(p place) error {
	m := s.gemm
	if s.from != inRound {
		return nil
	}
	if s.window != nil {
		return s.window.fill(s.buf, p)
	}
	panels := m.cols.each * m.widest()
	_, err := m.loop(kernel.Serial, "p", ir.Const(panels), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		first := p.block.Mul(ir.Const(panels)).Add(i).Mul(ir.Const(m.width()))
		return nil, m.write(m.emitter, s.factor, s.buf, i.Mul(m.k).Mul(ir.Const(m.width())), p.batch, first, m.n, m.width())
	})
	return err
}

// fillRows copies the rows that a round needs.
func (s source) fillRows(t tall, batch []ir.Dim, count, first ir.Dim) error {
	m := s.gemm
	if s.from != inRound {
		return nil
	}
	h := int64(t.height)
	_, err := m.loop(kernel.Serial, "i", count, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		row, _, _ := m.rowsOf(t, first.Add(i))
		_, err := m.loop(kernel.Serial, "u", ir.Const(h), nil, func(u ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, m.copyRow(m.emitter, s.factor, s.buf, i.Mul(ir.Const(h)).Add(u).Mul(m.rowStep()), batch, row.Add(u))
		})
		return nil, err
	})
	return err
}

// rowStep is how far rows that were copied lie apart: an odd number of cache lines, as rows at distances of many powers of two
// share few places of the first cache.
func (m *gemm) rowStep() ir.Dim {
	k, ok := m.deep().IsConst()
	if !ok {
		return m.k
	}
	return ir.Const(lined(k, m.stored))
}

// lined is the least number of elements that fill an odd number of cache lines, and are not fewer than n.
func lined(n int64, elem host.Elem) int64 {
	const line = 64
	lines := (n*int64(elem.Bytes()) + line - 1) / line
	return (lines | 1) * line / int64(elem.Bytes())
}

// copyRow copies a row of a matrix.
func (m *gemm) copyRow(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, row ir.Dim) error {
	if !isZero(m.deep().Sub(m.k)) {
		e.Store(buf, base.Add(m.k), e.nothing(buf.Elem, 1))
	}
	return e.copyRun(buf, base, m.k, f.v, func(k part) (point, error) { return f.at(batch, part{at: row, step: zero}, k) })
}

// rowsBefore makes the kernel that copies all rows, and gives the memory that it fills.
func (s source) rowsBefore() (*kernel.Buffer, error) {
	m := s.gemm
	e := newEmitter(m.g, m.target, m.emitter.lanes)
	index, n := len(m.temps), s.count.Mul(m.m).Mul(m.rowStep())
	name := fmt.Sprintf("temp%d", index)
	out := e.Output(name, m.stored, n).As(kernel.Temporary, index)
	_, err := e.loop(kernel.Parallel, "r", s.count.Mul(m.m), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		number, row := zero, r
		if !isOne(s.count) {
			number = e.symbol("number", r.FloorDiv(m.m), s.count.Sub(one))
			row = e.symbol("row", r.Sub(number.Mul(m.m)), m.m.Sub(one))
		}
		return nil, m.copyRow(e, s.factor, out, number.Mul(m.m).Add(row).Mul(m.rowStep()), s.factor.batch(number), row)
	})
	if err != nil {
		return nil, err
	}
	k, err := e.Build()
	if err != nil {
		return nil, err
	}
	m.first, m.temps = append(m.first, k), append(m.temps, Temp{m.stored, n})
	return m.Input(name, m.stored, n).As(kernel.Temporary, index), nil
}

// number is a's number of row u of a tile, or the pair of them at k and k+1.
func (s source) number(t tall, p place, u int, k ir.Dim) (*kernel.Value, error) {
	m := s.gemm
	h, at := ir.Const(int64(t.height)), ir.Const(int64(u))
	switch s.from {
	case atLoad:
		tile := s.factor.number(p.batch).Mul(m.rows.units).Add(p.tile)
		return m.Cast(m.Load(s.buf, tile.Mul(m.k).Add(k).Mul(h).Add(at), 1), m.elem), nil
	case inRound:
		return m.loadRow(s.buf, p.tileLocal.Mul(h).Add(at), k), nil
	case before:
		return m.loadRow(s.buf, s.factor.number(p.batch).Mul(m.m).Add(p.row).Add(at), k), nil
	}
	q, err := s.at(p.batch, part{at: p.row.Add(at), step: zero}, part{at: k, step: zero})
	if err != nil {
		return nil, err
	}
	return m.emitter.value(s.v, q)
}

// vector is b's vector v of a tile.
func (s source) vector(p place, v int, k ir.Dim) (*kernel.Value, error) {
	m := s.gemm
	panel, at := ir.Const(int64(v/m.panel)), ir.Const(int64(v%m.panel*m.emitter.lanes))
	w := ir.Const(m.width())
	switch {
	case s.from == atLoad:
		unit := s.factor.number(p.batch).Mul(m.groups().Mul(ir.Const(m.widest()))).Add(p.panel).Add(panel)
		if m.pairs {
			return m.Load(s.buf, unit.Mul(m.deep()).Add(k).Mul(w).Add(at.Mul(ir.Const(2))), 2*m.emitter.lanes), nil
		}
		return m.Cast(m.Load(s.buf, unit.Mul(m.k).Add(k).Mul(w).Add(at), m.emitter.lanes), m.elem), nil
	case s.window != nil:
		return m.Load(s.buf, k.Mul(s.window.padded()).Add(p.local.Add(panel).Mul(w)).Add(at), m.emitter.lanes), nil
	case s.from == inRound:
		return m.Load(s.buf, p.local.Add(panel).Mul(m.k).Add(k).Mul(w).Add(at), m.emitter.lanes), nil
	}
	col, conds := m.column(p.panel, v)
	if never(conds) {
		return m.Number(kernel.Type{Elem: m.elem, Lanes: m.emitter.lanes}, 0), nil
	}
	outer := m.conds
	m.conds = append(outer[:len(outer):len(outer)], conds...)
	defer func() { m.conds = outer }()
	q, err := s.at(p.batch, col, part{at: k, step: zero})
	if err != nil {
		return nil, err
	}
	x, err := m.emitter.value(s.v, q)
	if err != nil {
		return nil, err
	}
	return m.spread(x, m.emitter.lanes), nil
}

// column is the column of a tile's vector v, and the condition of its lanes.
func (s source) column(p place, v int) (part, []cond) {
	if s.window != nil {
		return s.window.column(p, v)
	}
	return s.gemm.column(p.panel, v)
}
