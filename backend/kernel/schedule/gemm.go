package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// gemm builds the kernel of a contraction. A tile of the result, some rows by panels of some vectors, stays in registers
// while k goes by; a panel of b and a block of rows of a stay in the cache meanwhile.
type gemm struct {
	*emitter
	*contraction
	elem   host.Elem
	stored host.Elem // of copied rows and packed columns
	pairs  bool      // they are stored in pairs along k, whose products an instruction adds up
	panel  int       // vectors of a panel
	height int       // rows of the highest tile

	rows, cols split
	tall       []tall
	a, b       source
	blocks     *pixelBlocks // the columns of a convolution with windows; nil otherwise
	packs      []Pack
	compressed *panelProduct    // where b is compressed weights in panels; nil otherwise
	first      []*kernel.Kernel // what runs before
	temps      []Temp           // and what it fills
	out        *kernel.Buffer
	kept       *kernel.Buffer // a tile between its sums and what is computed from them; nil until it is needed
}

// split is how rows are divided into blocks of tiles, or columns into blocks of groups of panels.
type split struct {
	units  ir.Dim // tiles or groups
	each   int64  // units of a block
	blocks ir.Dim
}

func newSplit(units ir.Dim, each int64) split {
	if n, ok := units.IsConst(); ok {
		each = min(each, max(n, 1))
	}
	return split{units: units, each: each, blocks: ceilDiv(units, ir.Const(each))}
}

// in is how many units a block has.
func (s split) in(block ir.Dim) ir.Dim {
	if s.units.Mod(ir.Const(s.each)).Equal(zero) {
		return ir.Const(s.each)
	}
	return s.units.Sub(block.Mul(ir.Const(s.each))).Min(ir.Const(s.each))
}

// tall is how tiles look where the number of rows is in least..most.
type tall struct {
	least, most int64 // most 0: no limit
	height      int   // rows of a tile
	panels      int   // panels of a tile
}

// tileOf gives the most rows and the vectors of a tile by the registers that a target has. Of 32, 13x2 hold sums, three the
// vectors of b and the number of a, and the others what lives across the loop. With one row more LLVM spills some in every
// round. 16 registers hold 5x2 sums for the same reason.
func tileOf(registers int, e host.Elem) (height, panel int) {
	height, panel = 5, 2
	if registers >= 32 {
		height = 13
	}
	if e.Bits() == 64 {
		panel = 1
	}
	return height, panel
}

// makeProduct is the schedule of matrix products and convolutions.
func makeProduct(g *Group, t Target) (*Made, error) {
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return nil, err
	}
	for _, d := range []ir.Dim{m.m, m.n, m.k} {
		if n, ok := d.IsConst(); ok && n == 0 {
			return nil, reason(m.op, "a size is 0")
		}
	}
	m.stored = m.elem
	m.height, m.panel = tileOf(t.Registers, m.elem)
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	if conv := m.contraction.b.conv; conv != nil {
		m.blocks = newPixelBlocks(m, conv)
	}
	m.choose()
	if err := m.sources(); err != nil {
		return nil, err
	}
	if err := m.build(); err != nil {
		return nil, err
	}
	k, err := m.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: append(m.first, k), Packs: m.packs, Temps: m.temps}, nil
}

func (m *gemm) width() int64 { return int64(m.panel * m.emitter.lanes) } // columns of a panel

// panels are those of all columns, or of a block of pixels.
func (m *gemm) panels() ir.Dim {
	if m.blocks != nil {
		return ceilDiv(m.blocks.inBlock(), ir.Const(m.width()))
	}
	return ceilDiv(m.n, ir.Const(m.width()))
}

// widest is the number of panels of the widest tile: groups of as many are what the columns are divided into.
func (m *gemm) widest() int64 {
	w := 1
	for _, t := range m.tall {
		w = max(w, t.panels)
	}
	return int64(w)
}

// choose fixes the heights of tiles. A known number of rows is divided evenly; of an open one, few rows take low tiles.
func (m *gemm) choose() {
	least, most := m.g.env.Range(m.m)
	if n, ok := m.m.IsConst(); ok {
		m.tall = []tall{{least: n, most: n, height: evenHeight(n, m.height)}}
	} else {
		limit := int64(0)
		for _, h := range []int{m.height, 8, 4, 2, 1} {
			if h > m.height || limit > 0 && int64(h) >= limit {
				continue
			}
			if (limit == 0 || least < limit) && most >= int64(h) {
				m.tall = append(m.tall, tall{least: int64(h), most: max(limit-1, 0), height: h})
			}
			limit = int64(h)
		}
	}
	for i := range m.tall {
		m.tall[i].panels = m.wide(m.tall[i].height)
	}
}

// evenHeight is how high the tiles of n rows are: few rows are computed twice, and of a panel a tile reads as much as it would
// compute in the time of tileEntry rows.
func evenHeight(n int64, most int) int {
	const tileEntry = 2
	best, cost := 1, int64(math.MaxInt64)
	for h := int64(most); h >= 1; h-- {
		tiles := (n + h - 1) / h
		h := (n + tiles - 1) / tiles
		if c := tiles * (h + tileEntry); c < cost {
			best, cost = int(h), c
		}
	}
	return best
}

// wide is how many panels a tile of some rows takes to keep enough sums under way, without many panels that do not exist.
func (m *gemm) wide(height int) int {
	n, ok := m.panels().IsConst()
	if !ok {
		return 1
	}
	w := int64(4)
	for w > 1 && (int64(height)*w > int64(m.height) || (n+w-1)/w*w-n > n/8) {
		w /= 2
	}
	return int(w)
}

// groups is the number of groups of panels.
func (m *gemm) groups() ir.Dim { return ceilDiv(m.panels(), ir.Const(m.widest())) }

// build makes the loop over batches and blocks. Blocks of rows follow each other: so the columns, which may come from memory
// while rows are in a cache, are read once.
func (m *gemm) build() error {
	counts := append(append([]ir.Dim{}, m.batches...), m.cols.blocks, m.rows.blocks)
	total := product(counts)
	_, err := m.loop(kernel.Parallel, "r", total, nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, m.sized(counts, func() error { return m.round(m.pick(r, counts)) })
	})
	return err
}

// sized runs body where all counts and k's and n's size are at least 1.
func (m *gemm) sized(counts []ir.Dim, body func() error) error {
	for i, c := range counts {
		holds := ir.Cond{Left: one, Rel: ir.RelLE, Right: c}
		if !m.g.sure(holds) {
			return m.branch(holds, func() error { return m.sized(counts[i+1:], body) })
		}
	}
	return body()
}

// pick gives the place along each count of the round r of all.
func (m *gemm) pick(r ir.Dim, counts []ir.Dim) []ir.Dim {
	list := make([]ir.Dim, len(counts))
	rest := r
	for i := len(counts) - 1; i >= 0; i-- {
		c := counts[i]
		others := product(counts[:i])
		switch {
		case isOne(c):
			list[i] = zero
		case isOne(others):
			list[i] = m.symbol("b", rest, c.Sub(one))
			rest = zero
		default:
			next := rest.FloorDiv(c)
			list[i] = m.symbol("b", rest.Sub(next.Mul(c)), c.Sub(one))
			rest = next
		}
	}
	return list
}

// symbol gives an index, clamped to 0..most, as something of which these bounds are known.
func (e *emitter) symbol(name string, at, most ir.Dim) ir.Dim {
	if n, ok := at.IsConst(); ok && n <= 0 || isZero(most) {
		return zero
	} else if last, known := most.IsConst(); ok && known {
		return ir.Const(min(n, last))
	}
	s := e.Bind(e.Index(host.I64, at), name, zero, most, nil)
	e.vars = append(e.vars, s.Symbols()...)
	return s
}

// round makes one block of rows times one block of columns.
func (m *gemm) round(at []ir.Dim) error {
	batch, jb, ib := at[:len(at)-2], at[len(at)-2], at[len(at)-1]
	p := place{batch: batch, block: jb}
	if m.blocks != nil {
		p.startRow, p.startPixel = m.blocks.start(jb)
	}
	if err := m.b.fill(p); err != nil {
		return err
	}
	for _, t := range m.tall {
		holds := []ir.Cond{{Left: ir.Const(t.least), Rel: ir.RelLE, Right: m.m}}
		if t.most > 0 {
			holds = append(holds, ir.Cond{Left: m.m, Rel: ir.RelLE, Right: ir.Const(t.most)})
		}
		if err := m.where(holds, func() error { return m.block(t, p, ib) }); err != nil {
			return err
		}
	}
	return nil
}

func (m *gemm) where(holds []ir.Cond, body func() error) error {
	for i, c := range holds {
		if !m.g.sure(c) {
			return m.branch(c, func() error { return m.where(holds[i+1:], body) })
		}
	}
	return body()
}

// tiles is the number of tiles that a block of rows has, and the number of the first.
func (m *gemm) tiles(t tall, ib ir.Dim) (n, first ir.Dim) {
	if t.height == m.tall[0].height {
		return m.rows.in(ib), ib.Mul(ir.Const(m.rows.each))
	}
	return ceilDiv(m.m, ir.Const(int64(t.height))), zero // of few rows there is one block
}

// block goes over the groups of panels, and for each over the tiles of rows.
func (m *gemm) block(t tall, pl place, ib ir.Dim) error {
	if m.compressed != nil {
		return m.compressed.block(t, pl, ib)
	}
	count, first := m.tiles(t, ib)
	if err := m.a.fillRows(t, pl.batch, count, first); err != nil {
		return err
	}
	serial := func(name string, n ir.Dim, body func(i ir.Dim) error) error {
		_, err := m.loop(kernel.Serial, name, n, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i) })
		return err
	}
	return serial("g", m.cols.in(pl.block), func(gl ir.Dim) error {
		group := m.symbol("group", pl.block.Mul(ir.Const(m.cols.each)).Add(gl), m.cols.units.Sub(one))
		return serial("w", ir.Const(m.widest()/int64(t.panels)), func(w ir.Dim) error {
			inGroup := w.Mul(ir.Const(int64(t.panels)))
			return serial("t", count, func(i ir.Dim) error {
				p := pl
				p.local, p.panel = gl.Mul(ir.Const(m.widest())).Add(inGroup), group.Mul(ir.Const(m.widest())).Add(inGroup)
				p.tileLocal, p.tile = i, first.Add(i)
				return m.tile(t, p)
			})
		})
	})
}

// vectorIn is a vector of a factor.
func (m *gemm) vectorIn(f factor, batch []ir.Dim, outer, k part) (*kernel.Value, error) {
	q, err := f.at(batch, outer, k)
	if err != nil {
		return nil, err
	}
	v, err := m.emitter.value(f.v, q)
	if err != nil {
		return nil, err
	}
	return m.spread(m.Cast(v, m.elem), m.emitter.lanes), nil
}
