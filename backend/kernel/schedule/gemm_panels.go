package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// panelProduct is a product of many rows with the panels of compressed weights. A round takes a block of rows and one of
// columns, slice by slice of k: it copies a slice of the rows, makes numbers of a slice of some columns at a time, and adds their
// products to the sums of all tiles, so that all of these stay in the cache of a core and codes become numbers once a round.
type panelProduct struct {
	*gemm
	weights *compressed
	slice   int64          // neighbours along k of a slice, whole blocks
	x       *kernel.Buffer // a slice of the rows
	w       *kernel.Buffer // a slice of a group of columns
	sums    *kernel.Buffer // of all tiles, where there are several slices
	stride  int64          // from row to row of x: not a multiple of a page, whose places share lines of the cache
}

// What a round takes at a time, at most.
const (
	roundTiles   = 16  // of rows
	roundColumns = 256 // for which rows are copied once
)

// newPanelProduct chooses the blocks and slices of a product with compressed weights.
func newPanelProduct(m *gemm, weights *compressed) *panelProduct {
	p := &panelProduct{gemm: m, weights: weights}
	height := int64(m.tall[0].height)
	tiles := ceilDiv(m.m, ir.Const(height))
	each := int64(roundTiles)
	if n, ok := tiles.IsConst(); ok {
		blocks := (n + each - 1) / each
		each = (n + blocks - 1) / blocks
	}
	m.rows = newSplit(tiles, each)
	rows := m.rows.each * height
	p.slice = min(max(m.target.L2*3/20/(4*rows)/blockK, 4), 32) * blockK
	slices := (weights.k + p.slice - 1) / p.slice
	p.slice = ((weights.k+slices-1)/slices + blockK - 1) / blockK * blockK
	p.stride = p.slice + int64(m.emitter.lanes)

	width := m.widest() * m.width()
	columns := max(min(roundColumns, m.target.L2/4/(4*rows))/width, 1)
	if n, ok := m.groups().IsConst(); ok {
		columns = min(columns, max(n/4, 1)) // for several cores
	}
	m.cols = newSplit(m.groups(), columns)

	p.x = m.Buffer("rows", host.F32, ir.Const(rows*p.stride), kernel.Private, 0)
	p.w = m.Buffer("cols", host.F32, ir.Const(width*p.slice), kernel.Private, 0)
	if slices > 1 {
		most := int64(0)
		for _, t := range m.tall {
			most = max(most, p.slots(t)*p.slot(t))
		}
		p.sums = m.Buffer("sums", host.F32, ir.Const(most), kernel.Private, 0)
	}
	return p
}

// slots is how many tiles a round has at most, and slot how many numbers one has.
func (p *panelProduct) slots(t tall) int64 {
	return p.cols.each * (p.widest() / int64(t.panels)) * p.tilesOf(t)
}

func (p *panelProduct) slot(t tall) int64 {
	return int64(t.height*t.panels*p.panel) * int64(p.emitter.lanes)
}

func (p *panelProduct) tilesOf(t tall) int64 {
	if t.height == p.tall[0].height {
		return p.rows.each
	}
	return (t.most + int64(t.height) - 1) / int64(t.height)
}

// block computes a block of rows of one height times a block of columns.
func (p *panelProduct) block(t tall, pl place, ib ir.Dim) error {
	count, first := p.tiles(t, ib)
	begin := p.symbol("start", first.Mul(ir.Const(int64(t.height))).Min(p.m.Sub(ir.Const(int64(t.height)))), p.m.Sub(ir.Const(int64(t.height))))
	r := panelRound{t: t, pl: pl, count: count, first: first, start: begin}
	if p.sums == nil {
		return p.slices(r, zero, p.weights.k, true)
	}
	if err := p.clear(r); err != nil {
		return err
	}
	whole := p.weights.k / p.slice
	if err := p.serial("s", whole, func(s ir.Dim) error { return p.slices(r, s.Mul(ir.Const(p.slice)), p.slice, false) }); err != nil {
		return err
	}
	if rest := p.weights.k % p.slice; rest > 0 {
		if err := p.slices(r, ir.Const(whole*p.slice), rest, false); err != nil {
			return err
		}
	}
	return p.eachTile(r, nil, func(at place, slot ir.Dim) error {
		return p.scoped(func() error { return p.finish(t, at, p.slotSums(t, slot)) })
	})
}

// panelRound is what a round works on.
type panelRound struct {
	t            tall
	pl           place
	count, first ir.Dim // tiles of rows
	start        ir.Dim // the first row
}

// slices adds the products of count neighbours along k, from some place on, to all tiles.
func (p *panelProduct) slices(r panelRound, from ir.Dim, count int64, only bool) error {
	if err := p.copyRows(r, from, count); err != nil {
		return err
	}
	before := func(group ir.Dim) error { return p.fill(group, from, count) }
	return p.eachTile(r, before, func(at place, slot ir.Dim) error {
		return p.scoped(func() error {
			init := p.zeros(r.t)
			if !only {
				init = p.slotSums(r.t, slot)
			}
			local := p.symbol("local", at.row.Sub(r.start), ir.Const((p.tilesOf(r.t)-1)*int64(r.t.height)))
			sums, err := p.loop(kernel.Serial, "k", ir.Const(count), init, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
				return p.step(r.t, local, at.local, k, acc), nil
			})
			switch {
			case err != nil:
				return err
			case only:
				return p.finish(r.t, at, sums)
			}
			for i, v := range sums {
				p.Store(p.sums, slot.Add(ir.Const(int64(i*p.emitter.lanes))), v)
			}
			return nil
		})
	})
}

// eachTile goes over the groups of columns, and for each over the tiles of rows.
func (p *panelProduct) eachTile(r panelRound, before func(group ir.Dim) error, body func(at place, slot ir.Dim) error) error {
	m, t := p.gemm, r.t
	inGroup := m.widest() / int64(t.panels)
	serial := func(name string, n ir.Dim, body func(i ir.Dim) error) error {
		_, err := m.loop(kernel.Serial, name, n, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i) })
		return err
	}
	return serial("g", m.cols.in(r.pl.block), func(gl ir.Dim) error {
		gl = m.symbol("local", gl, ir.Const(m.cols.each-1))
		group := m.symbol("group", r.pl.block.Mul(ir.Const(m.cols.each)).Add(gl), m.cols.units.Sub(one))
		if before != nil {
			if err := before(group); err != nil {
				return err
			}
		}
		return m.serial("w", inGroup, func(w ir.Dim) error {
			return serial("t", r.count, func(i ir.Dim) error {
				at := r.pl
				at.local = w.Mul(ir.Const(int64(t.panels)))
				at.panel = group.Mul(ir.Const(m.widest())).Add(at.local)
				at.tile = r.first.Add(i)
				at.row, at.begin, at.overlapping = m.rowsOf(t, at.tile)
				tile := m.symbol("tile", i, ir.Const(p.tilesOf(t)-1))
				slot := gl.Mul(ir.Const(inGroup)).Add(w).Mul(ir.Const(p.tilesOf(t))).Add(tile).Mul(ir.Const(p.slot(t)))
				return body(at, slot)
			})
		})
	})
}

func (p *panelProduct) zeros(t tall) []*kernel.Value {
	init := make([]*kernel.Value, t.height*t.panels*p.panel)
	for i := range init {
		init[i] = p.Float(kernel.Type{Elem: host.F32, Lanes: p.emitter.lanes}, 0)
	}
	return init
}

func (p *panelProduct) slotSums(t tall, slot ir.Dim) []*kernel.Value {
	sums := p.zeros(t)
	for i := range sums {
		sums[i] = p.Load(p.sums, slot.Add(ir.Const(int64(i*p.emitter.lanes))), p.emitter.lanes)
	}
	return sums
}

// clear sets all sums to zero.
func (p *panelProduct) clear(r panelRound) error {
	return p.eachTile(r, nil, func(_ place, slot ir.Dim) error {
		n := p.slot(r.t) / int64(p.emitter.lanes)
		return p.serial("i", n, func(i ir.Dim) error {
			p.Store(p.sums, slot.Add(i.Mul(ir.Const(int64(p.emitter.lanes)))), p.Float(kernel.Type{Elem: host.F32, Lanes: p.emitter.lanes}, 0))
			return nil
		})
	})
}

// step adds the products of one k to all sums of a tile: its rows lie from a row of the copy on, its columns from a panel on.
func (p *panelProduct) step(t tall, row, panel, k ir.Dim, acc []*kernel.Value) []*kernel.Value {
	vectors := t.panels * p.panel
	ws := make([]*kernel.Value, vectors)
	for v := range ws {
		at := panel.Add(ir.Const(int64(v / p.panel))).Mul(ir.Const(p.slice)).Add(k).Mul(ir.Const(p.width())).Add(ir.Const(int64(v % p.panel * p.emitter.lanes)))
		ws[v] = p.Load(p.w, at, p.emitter.lanes)
	}
	next := make([]*kernel.Value, 0, len(acc))
	for u := range t.height {
		x := p.Splat(p.Load(p.x, row.Add(ir.Const(int64(u))).Mul(ir.Const(p.stride)).Add(k), 1), p.emitter.lanes)
		for v := range ws {
			next = append(next, p.Op(kernel.MulAdd, x, ws[v], acc[u*vectors+v]))
		}
	}
	return next
}

// copyRows copies, or computes, a slice of the rows of a round.
func (p *panelProduct) copyRows(r panelRound, from ir.Dim, count int64) error {
	a := p.contraction.a
	_, err := p.loop(kernel.Serial, "i", r.count.Mul(ir.Const(int64(r.t.height))), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		row := p.symbol("row", r.start.Add(i).Min(p.m.Sub(one)), p.m.Sub(one))
		to := p.symbol("to", i, ir.Const(p.tilesOf(r.t)*int64(r.t.height)-1)).Mul(ir.Const(p.stride))
		return nil, p.copyRun(p.x, to, ir.Const(count), a.v, func(k part) (point, error) {
			return a.at(nil, part{at: row, step: zero}, part{at: from.Add(k.at), step: k.step})
		})
	})
	return err
}

// fill writes the numbers of a group of columns for a slice of k, from the panels of the weights.
func (p *panelProduct) fill(group, from ir.Dim, count int64) error {
	c := p.weights
	most := c.groups*c.abreast - 1
	return p.serial("p", p.widest()*int64(p.panel), func(i ir.Dim) error {
		number := p.symbol("panel", group.Mul(ir.Const(p.widest()*int64(p.panel))).Add(i).Min(ir.Const(most)), ir.Const(most))
		at := p.symbol("at", number.FloorDiv(ir.Const(c.abreast)), ir.Const(c.groups-1))
		within := p.symbol("within", number.Sub(at.Mul(ir.Const(c.abreast))), ir.Const(c.abreast-1))
		panel := p.symbol("panel", i.FloorDiv(ir.Const(int64(p.panel))), ir.Const(p.widest()-1))
		vector := p.symbol("vector", i.Sub(panel.Mul(ir.Const(int64(p.panel)))), ir.Const(int64(p.panel-1)))
		to := panel.Mul(ir.Const(p.slice * p.width())).Add(vector.Mul(ir.Const(c.lanes())))
		first := from.FloorDiv(ir.Const(blockK))
		err := p.serial("b", count/blockK, func(b ir.Dim) error {
			return p.fillBlock(to.Add(b.Mul(ir.Const(blockK*p.width()))), at, within, first.Add(b), blockK)
		})
		if rest := count % blockK; err == nil && rest > 0 {
			whole := count / blockK
			err = p.fillBlock(to.Add(ir.Const(whole*blockK*p.width())), at, within, first.Add(ir.Const(whole)), rest)
		}
		return err
	})
}

func (p *panelProduct) fillBlock(to, group, panel, block ir.Dim, count int64) error {
	c := p.weights
	c.at = newPanelPlace(group, panel, block, count)
	for i := range count {
		c.at.i = i
		w, err := c.number(block.Mul(ir.Const(blockK)).Add(ir.Const(i)))
		if err != nil {
			return err
		}
		p.Store(p.w, to.Add(ir.Const(i*p.width())), p.Cast(w, host.F32))
	}
	return nil
}
