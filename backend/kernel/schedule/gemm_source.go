package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// source is where tiles take a matrix from.
type source struct {
	*gemm
	factor
	from   storage
	buf    *kernel.Buffer
	window *pixelBlocks // of a convolution's input
	panels *compressed  // of compressed weights; nil otherwise
}

// storage says how a matrix is read.
type storage uint8

const (
	direct  storage = iota // where it lies
	atLoad                 // from memory that was filled before the first call
	inRound                // from scratch memory that every round fills with what it needs
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
	if s.panels != nil {
		return s.panels.fill(s.buf, p.block, panels)
	}
	_, err := m.loop(kernel.Serial, "p", ir.Const(panels), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		first := p.block.Mul(ir.Const(panels)).Add(i).Mul(ir.Const(m.width()))
		return nil, m.write(m.emitter, s.factor, s.buf, i.Mul(m.k).Mul(ir.Const(m.width())), p.batch, first, m.n, m.width())
	})
	return err
}

// fillRows packs the rows that a round needs.
func (s source) fillRows(t tall, batch []ir.Dim, count, first ir.Dim) error {
	m := s.gemm
	if s.from != inRound {
		return nil
	}
	h := int64(t.height)
	_, err := m.loop(kernel.Serial, "i", count, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		row, _, _ := m.rowsOf(t, first.Add(i))
		return nil, m.write(m.emitter, s.factor, s.buf, i.Mul(m.k).Mul(ir.Const(h)), batch, row, m.m, h)
	})
	return err
}

// number is a's number of row u of a tile.
func (s source) number(t tall, p place, u int, k ir.Dim) (*kernel.Value, error) {
	m := s.gemm
	h, at := ir.Const(int64(t.height)), ir.Const(int64(u))
	switch s.from {
	case atLoad:
		tile := s.factor.number(p.batch).Mul(m.rows.units).Add(p.tile)
		return m.Cast(m.Load(s.buf, tile.Mul(m.k).Add(k).Mul(h).Add(at), 1), m.elem), nil
	case inRound:
		return m.Load(s.buf, p.tileLocal.Mul(m.k).Add(k).Mul(h).Add(at), 1), nil
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
