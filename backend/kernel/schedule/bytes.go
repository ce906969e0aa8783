package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// byteProduct is a product of rows rounded to 8 bits with the panels of compressed weights. A first kernel rounds the rows, with
// a scale for each block of k. The codes of a block become bytes in registers, and their products with the rows are summed up
// in integers; the sums become floats, times both scales, once a block.
type byteProduct struct {
	*gemm
	weights *compressed
	op      *ir.Op // the dequantization
	height  int    // rows of a tile
	wide    int    // panels of a tile
	rounded roundedRows
}

// needsBytes says why a group is no product of rows that may be rounded with codes that are summed up as integers.
func (g *Group) needsBytes(t Target) string {
	if !t.Bytes {
		return "rows are not to be rounded"
	}
	if why := g.needsProduct(t); why != "" {
		return why
	}
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return err.Error()
	}
	if n, ok := m.m.IsConst(); ok && n == 0 {
		return "it has no rows"
	}
	c, why := compressedOf(m)
	if why != "" {
		return why
	}
	return c.notBytes()
}

// maxByteDepth keeps what a zero point adds to a sum, and the sums of integers, far from the largest ones.
const maxByteDepth = 1 << 20

// notBytes says why codes cannot be taken as bytes whose sums have one scale a block.
func (c *compressed) notBytes() string {
	op, size := c.scaling()
	switch {
	case op == nil || op != c.op || !c.op.Is(quant.Dequantize):
		return "its sums have no scale"
	case !c.codes.Type.Elem.IsInt() || len(c.planes) > 1:
		return "its codes are " + c.codes.Type.Elem.String()
	case size%blockK != 0 && size != c.k:
		return fmt.Sprintf("its scales are for %d numbers along k", size)
	case c.k > maxByteDepth:
		return fmt.Sprintf("it has %d numbers along k", c.k)
	}
	return ""
}

// byteTile is the rows and panels of a tile. Sums of integers and of floats, bytes of the panels and a number of the rows stay in
// registers, as far as there are panels and rows.
func byteTile(registers int, rows ir.Dim, abreast int64) (height, wide int) {
	height, wide = 2, 2
	if registers >= 32 {
		height = 6
	}
	most := height * wide
	if n, ok := rows.IsConst(); ok {
		height = evenHeight(n, height)
	}
	if height*4 <= most*2/3 || height == 1 {
		wide = 4
	}
	return height, min(wide, int(abreast))
}

// makeBytes is the schedule of products of rows that are rounded to 8 bits.
func makeBytes(g *Group, t Target) (*Made, error) {
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return nil, err
	}
	weights, why := compressedOf(m)
	if why != "" {
		return nil, reason(m.op, "%s", why)
	}
	m.stored = host.F32
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	if err := weights.packAs(host.U8); err != nil {
		return nil, err
	}
	p := &byteProduct{gemm: m, weights: weights, op: weights.op}
	p.height, p.wide = byteTile(t.Registers, m.m, weights.abreast)
	if err := p.roundRows(); err != nil {
		return nil, err
	}
	m.rows = newSplit(ceilDiv(m.m, ir.Const(int64(p.height))), byteTiles)
	counts := []ir.Dim{ir.Const(weights.groups), m.rows.blocks}
	_, err = m.loop(kernel.Parallel, "r", product(counts), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		at := m.pick(r, counts)
		return nil, m.serial("p", weights.abreast/int64(p.wide), func(i ir.Dim) error {
			run := panelRun{group: at[0], first: i.Mul(ir.Const(int64(p.wide))), n: p.wide}
			_, err := m.loop(kernel.Serial, "t", m.rows.in(at[1]), nil, func(t ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
				tile := m.symbol("tile", at[1].Mul(ir.Const(m.rows.each)).Add(t), m.rows.units.Sub(one))
				return nil, p.tile(run, tile.Mul(ir.Const(int64(p.height))))
			})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	k, err := m.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: append(m.first, k), Packs: m.packs, Temps: m.temps}, nil
}

// byteTiles is how many tiles of rows a round takes for a run of panels.
const byteTiles = 8

// tile computes the rows from one on of a run of panels, and stores them.
func (p *byteProduct) tile(r panelRun, row ir.Dim) error {
	init := make([]*kernel.Value, p.height*r.n)
	for i := range init {
		init[i] = p.Float(kernel.Type{Elem: host.F32, Lanes: p.emitter.lanes}, 0)
	}
	return p.scoped(func() error {
		totals, err := p.byBlocks(zero, p.weights.k, init, func(block ir.Dim, count int64, totals []*kernel.Value) ([]*kernel.Value, error) {
			return p.addBlock(r, row, block, count, totals)
		})
		if err != nil {
			return err
		}
		return p.finish(r, row, totals)
	})
}

// addBlock adds the products of a block to the totals.
func (p *byteProduct) addBlock(r panelRun, row, block ir.Dim, count int64, totals []*kernel.Value) ([]*kernel.Value, error) {
	c, lanes := p.weights, p.emitter.lanes
	sums := make([]*kernel.Value, len(totals))
	for u := range p.height {
		first := p.rounded.start(p.gemm, row.Add(ir.Const(int64(u))), block)
		for i := range r.n {
			sums[u*r.n+i] = first
		}
	}
	words := make([]map[int64]*kernel.Value, r.n)
	for i := range words {
		words[i] = map[int64]*kernel.Value{}
	}
	for d := range c.dots(count) {
		ws := make([]*kernel.Value, r.n)
		for i := range ws {
			ws[i] = c.bytes(words[i], r.group, r.first.Add(ir.Const(int64(i))), block, count, d)
		}
		for u := range p.height {
			x := p.rounded.four(p.gemm, row.Add(ir.Const(int64(u))), block, d)
			for i, w := range ws {
				sums[u*r.n+i] = p.Op(kernel.DotBytes, w, x, sums[u*r.n+i])
			}
		}
	}
	return p.scaled(r, row, block, sums, totals, lanes)
}

// scaled adds sums, less what zero points stand for, times their scales to the totals.
func (p *byteProduct) scaled(r panelRun, row, block ir.Dim, sums, totals []*kernel.Value, lanes int) ([]*kernel.Value, error) {
	c := p.weights
	next := make([]*kernel.Value, len(totals))
	for i := range r.n {
		c.at = newPanelPlace(r.group, r.first.Add(ir.Const(int64(i))), block, 0)
		at := c.columns(block.Mul(ir.Const(blockK)))
		scale, err := c.param(p.op, 1, at)
		if err != nil {
			return nil, err
		}
		less, err := c.param(p.op, 2, at)
		if err != nil {
			return nil, err
		}
		if less != nil {
			less = p.Op(kernel.Add, less, p.Float(less.Type, c.bias()))
		}
		for u := range p.height {
			n := u*r.n + i
			at := row.Add(ir.Const(int64(u)))
			v := p.Cast(sums[n], host.F32)
			if less != nil {
				v = p.Op(kernel.MulAdd, less, p.Splat(p.rounded.load(p.gemm, p.rounded.sums, at, block), lanes), v)
			}
			next[n] = p.Op(kernel.MulAdd, p.Op(kernel.Mul, v, scale), p.Splat(p.rounded.load(p.gemm, p.rounded.scales, at, block), lanes), totals[n])
		}
	}
	return next, nil
}

// finish stores the totals of a tile. Where much is computed from each, it is written once, for the rows of the tile in memory.
func (p *byteProduct) finish(r panelRun, row ir.Dim, totals []*kernel.Value) error {
	if len(p.g.Body) <= longEpilogue || p.height == 1 {
		for u := range p.height {
			if err := p.finishRow(r, row.Add(ir.Const(int64(u))), totals[u*r.n:][:r.n]); err != nil {
				return err
			}
		}
		return nil
	}
	lanes := int64(p.emitter.lanes)
	if p.kept == nil {
		p.kept = p.Buffer("tile", host.F32, ir.Const(int64(p.height*p.wide)*lanes), kernel.Private, 0)
	}
	for i, v := range totals {
		p.Store(p.kept, ir.Const(int64(i)*lanes), v)
	}
	return p.serial("u", int64(p.height), func(u ir.Dim) error {
		again := make([]*kernel.Value, r.n)
		for i := range again {
			again[i] = p.Load(p.kept, u.Mul(ir.Const(int64(r.n))).Add(ir.Const(int64(i))).Mul(ir.Const(lanes)), int(lanes))
		}
		return p.finishRow(r, row.Add(u), again)
	})
}

// finishRow stores a row of a tile, if there is one.
func (p *byteProduct) finishRow(r panelRun, row ir.Dim, totals []*kernel.Value) error {
	all := func() error {
		for i, v := range totals {
			if err := p.weights.store(row, p.weights.column(r.group, r.first.Add(ir.Const(int64(i)))), v); err != nil {
				return err
			}
		}
		return nil
	}
	if isZero(p.m.Mod(ir.Const(int64(p.height)))) {
		return all()
	}
	return p.branch(ir.Cond{Left: row, Rel: ir.RelLT, Right: p.m}, all)
}

// dots is how many times four neighbours of a block are added up.
func (c *compressed) dots(count int64) int64 {
	bits := c.planes[0]
	return wordsOf(bits, count) * int64(8/bits)
}

// neighbour is the place in a block of what lies in byte b of those that are added up at a time: a word has its codes in turns,
// so that one shift brings four of them into bytes.
func (c *compressed) neighbour(dot, b int64) int64 {
	bits := int64(c.planes[0])
	turns := 8 / bits
	return dot/turns*(32/bits) + b*turns + dot%turns
}

// bytes gives four codes of every column of a panel, from 0 on.
func (c *compressed) bytes(words map[int64]*kernel.Value, group, panel, block ir.Dim, count, dot int64) *kernel.Value {
	m, bits := c.m, int64(c.planes[0])
	turns := 8 / bits
	word := words[dot/turns]
	if word == nil {
		at := c.blockAt(group, panel, block, count).Add(ir.Const(dot / turns * c.lanes()))
		word = m.Load(c.words, at.Mul(ir.Const(4)), int(4*c.lanes()))
		words[dot/turns] = word
	}
	v, turn := word, dot%turns
	if turn > 0 {
		v = m.Op(kernel.ShiftRight, v, m.Int(v.Type, turn*bits))
	}
	if turn < turns-1 {
		v = m.Op(kernel.And, v, m.Int(v.Type, 1<<bits-1))
	}
	return v
}
