package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// tiled is the schedule of products of many rows: a group of threads makes a block of the result. Blocks of both factors go
// through shared memory; each SIMD group has some 8x8 matrices of the result in registers.
type tiled struct {
	*gemm
	down, across int64     // SIMD groups of a group of threads
	high, wide   int64     // 8x8 matrices of a SIMD group
	lanes        int       // of what is stored
	elem         host.Elem // of the blocks
	depth        int64     // of k that they have at a time

	as, bs, stage *kernel.Buffer
	aStep, bStep  int64   // from row to row in as and bs
	a, b          loading // how they are filled
	windows       *windows
	thread, simd  ir.Dim
	lane          ir.Dim
	downAt        ir.Dim // where the SIMD group is
	acrossAt      ir.Dim
}

const (
	side      = 8  // of a matrix
	tileBytes = 64 // of a row of a block
)

// tileElem is what matrices are made of: halves where all values are, else f32.
func tileElem(list ...*ir.Value) host.Elem {
	elem := list[0].Type.Elem
	for _, v := range list {
		if v.Type.Elem != elem {
			return host.F32
		}
	}
	if elem == host.F16 || elem == host.BF16 {
		return elem
	}
	return host.F32
}

// padded is a row's length in shared memory, so that neighbouring rows begin in other banks.
func padded(n int64, elem host.Elem) int64 { return n + 16/int64(elem.Bytes()) }

// needsTiles says why a group is no product that is worth tiles.
func (g *Group) needsTiles(t Target) string {
	if why := g.needsProduct(t); why != "" {
		return why
	}
	c, err := g.contraction()
	if err != nil {
		return err.Error()
	}
	for _, d := range []ir.Dim{c.m, c.n, c.k} {
		if _, most := g.env.Range(d); most < side {
			return "it is small"
		}
	}
	return ""
}

// makeTiled is that schedule.
func makeTiled(g *Group, t Target) (*Made, error) {
	c, err := g.contraction()
	if err != nil {
		return nil, err
	}
	return t.byWidest(c.n, func(lanes int) (*kernel.Kernel, error) {
		m, err := newGPUProduct(g, t, t.Lanes)
		if err != nil {
			return nil, err
		}
		return newTiled(m, lanes).make()
	})
}

func newTiled(m *gemm, lanes int) *tiled {
	p := &tiled{gemm: m, lanes: lanes, down: 1, across: 1, elem: tileElem(m.contraction.a.v, m.contraction.b.v)}
	if c := m.contraction.b.conv; c != nil {
		p.elem = tileElem(m.contraction.a.v, c.x)
	}
	p.depth = tileBytes / int64(p.elem.Bytes())
	for simds := min(int64(m.target.Threads/m.target.SIMD), 4); simds > 1; simds /= 2 {
		if p.across > p.down {
			p.down *= 2
		} else {
			p.across *= 2
		}
	}
	matrices := func(size ir.Dim, groups int64) int64 {
		_, most := m.g.env.Range(size)
		return powerOver((most-1)/(side*groups)+1, 4)
	}
	p.high, p.wide = matrices(m.m, p.down), matrices(m.n, p.across)
	return p
}

func (p *tiled) height() int64  { return p.down * p.high * side }
func (p *tiled) width() int64   { return p.across * p.wide * side }
func (p *tiled) threads() int64 { return p.down * p.across * int64(p.target.SIMD) }

func (p *tiled) make() (*kernel.Kernel, error) {
	p.loops = append(p.loops, again)
	p.aStep, p.bStep = padded(p.depth, p.elem), padded(p.width(), p.elem)
	p.a, p.b = p.newLoading(p.contraction.a, p.m, p.height()), p.newLoading(p.contraction.b, p.n, p.width())
	if p.b.alongK {
		p.bStep = p.aStep // columns lie as rows of a do
	}
	p.as = p.Buffer("a", p.elem, num(p.height()*p.aStep), kernel.Shared, 0)
	lines := p.depth
	if p.b.alongK {
		lines = p.width()
	}
	p.bs = p.Buffer("b", p.elem, num(lines*p.bStep), kernel.Shared, 0)
	p.stage = p.Buffer("stage", host.F32, num(p.down*p.across*side*p.stageStep()), kernel.Shared, 0)
	counts := append(append([]ir.Dim{}, p.batches...), p.m, p.n)
	axes := []axis{{name: "batch", extent: product(p.batches)}, {name: "rows", extent: p.m}, {name: "columns", extent: p.n}}
	groups := []ir.Dim{product(p.batches), ceilDiv(p.m, num(p.height())), ceilDiv(p.n, num(p.width()))}
	err := p.grid(axes, groups, func(group []ir.Dim) error {
		return p.team(p.threads(), func(t ir.Dim) error {
			return p.sized(counts, func() error { return p.block(p.pick(group[0], p.batches), group[1], group[2], t) })
		})
	})
	if err != nil {
		return nil, err
	}
	return p.Build()
}

func (p *tiled) stageStep() int64 { return p.wide*side + 4 }

// block makes one block of the result.
func (p *tiled) block(batch []ir.Dim, rows, cols, t ir.Dim) error {
	simd := num(int64(p.target.SIMD))
	p.thread = t
	p.simd = p.symbol("simd", t.FloorDiv(simd), num(p.down*p.across-1))
	p.lane = p.symbol("lane", t.Mod(simd), simd.Sub(one))
	p.downAt = p.symbol("down", p.simd.FloorDiv(num(p.across)), num(p.down-1))
	p.acrossAt = p.symbol("across", p.simd.Mod(num(p.across)), num(p.across-1))
	row, col := rows.Mul(num(p.height())), cols.Mul(num(p.width()))
	if conv := p.contraction.b.conv; conv != nil {
		p.windows = p.newWindows(conv, col)
	}
	sums, err := p.sums(batch, row, col)
	if err != nil {
		return err
	}
	return p.stored(batch, row, col, sums)
}

// sums adds up the products of all k.
func (p *tiled) sums(batch []ir.Dim, row, col ir.Dim) ([]*kernel.Value, error) {
	acc := make([]*kernel.Value, p.high*p.wide)
	for i := range acc {
		acc[i] = p.Float(kernel.Type{Elem: host.F32, Lanes: side * side}, 0)
	}
	depth := num(p.depth)
	whole := p.k.FloorDiv(depth)
	round := func(at ir.Dim, ragged bool, acc []*kernel.Value) ([]*kernel.Value, error) {
		p.Barrier() // the block before has been read
		if err := p.fill(batch, row, col, at, ragged); err != nil {
			return nil, err
		}
		p.Barrier()
		return p.products(acc), nil
	}
	acc, err := p.loop(kernel.Serial, "k", whole, acc, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return round(k.Mul(depth), false, acc)
	})
	if err == nil && !isZero(p.k.Sub(whole.Mul(depth))) {
		acc, err = round(whole.Mul(depth), true, acc)
	}
	return acc, err
}

// fill puts what all SIMD groups need of a block of k into shared memory.
func (p *tiled) fill(batch []ir.Dim, row, col, k ir.Dim, ragged bool) error {
	err := p.a.fill(batch, row, k, ragged, func(outer, k ir.Dim, along bool, v *kernel.Value) {
		step := one
		if !along {
			step = num(p.aStep)
		}
		p.StoreLanes(p.as, outer.Mul(num(p.aStep)).Add(k), step, p.Cast(v, p.elem), nil)
	})
	if err != nil {
		return err
	}
	put := func(outer, k ir.Dim, along bool, v *kernel.Value) {
		v = p.Cast(v, p.elem)
		if along {
			p.Store(p.bs, outer.Mul(num(p.bStep)).Add(k), v)
		} else {
			p.Store(p.bs, k.Mul(num(p.bStep)).Add(outer), v)
		}
	}
	if p.windows != nil {
		return p.windows.fill(batch, k, ragged, put)
	}
	return p.b.fill(batch, col, k, ragged, put)
}

// products adds what the blocks in shared memory give.
func (p *tiled) products(acc []*kernel.Value) []*kernel.Value {
	next := append([]*kernel.Value{}, acc...)
	for k := int64(0); k < p.depth; k += side {
		left, right := make([]*kernel.Value, p.high), make([]*kernel.Value, p.wide)
		for i := range left {
			row := p.downAt.Mul(num(p.high)).Add(num(int64(i))).Mul(num(side))
			left[i] = p.TileLoad(p.as, row.Mul(num(p.aStep)).Add(num(k)), num(p.aStep))
		}
		for j := range right {
			col := p.acrossAt.Mul(num(p.wide)).Add(num(int64(j))).Mul(num(side))
			if p.b.alongK {
				right[j] = p.TileLoadTransposed(p.bs, col.Mul(num(p.bStep)).Add(num(k)), num(p.bStep))
			} else {
				right[j] = p.TileLoad(p.bs, num(k*p.bStep).Add(col), num(p.bStep))
			}
		}
		for i := range left {
			for j := range right {
				at := int64(i)*p.wide + int64(j)
				next[at] = p.Op(kernel.TileMulAdd, left[i], right[j], next[at])
			}
		}
	}
	return next
}

// stored gives the sums of a SIMD group, a row of matrices at a time, to its threads, each of which goes on with some vectors.
func (p *tiled) stored(batch []ir.Dim, row, col ir.Dim, sums []*kernel.Value) error {
	width, step, lanes := p.wide*side, p.stageStep(), int64(p.lanes)
	base := p.simd.Mul(num(side * step))
	p.emitter.lanes = p.lanes
	row = row.Add(p.downAt.Mul(num(p.high * side)))
	col = col.Add(p.acrossAt.Mul(num(width)))
	each := width / lanes // vectors of a row
	for i := range p.high {
		p.Barrier() // the row of matrices before has been read
		for j := range p.wide {
			p.TileStore(p.stage, base.Add(num(j*side)), num(step), sums[i*p.wide+j])
		}
		p.Barrier()
		for first := int64(0); first < side*each; first += int64(p.target.SIMD) {
			number := p.lane.Add(num(first))
			down := p.symbol("down", number.FloorDiv(num(each)), num(side-1))
			along := p.symbol("along", number.Mod(num(each)), num(each-1)).Mul(num(lanes))
			store := func() error {
				v := p.Load(p.stage, base.Add(down.Mul(num(step))).Add(along), p.lanes)
				return p.result(batch, row.Add(num(i*side)).Add(down), col.Add(along), v)
			}
			var err error
			if first+int64(p.target.SIMD) > side*each {
				err = p.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: num(side * each)}, store)
			} else {
				err = store()
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// result stores a vector, where its row and columns are there.
func (p *tiled) result(batch []ir.Dim, row, col ir.Dim, v *kernel.Value) error {
	inside := func(at, size ir.Dim, by int64, body func() error) error {
		if isZero(size.Mod(num(by))) {
			return body()
		}
		return p.only(ir.Cond{Left: at, Rel: ir.RelLT, Right: size}, body)
	}
	return inside(row, p.m, p.height(), func() error {
		return inside(col, p.n, p.width(), func() error {
			lanes := num(int64(p.lanes))
			r := part{at: p.symbol("row", row, p.m.Sub(one))}
			c := part{at: p.symbol("col", col.FloorDiv(lanes), p.n.FloorDiv(lanes).Sub(one)).Mul(lanes)}
			if p.lanes > 1 {
				c.step = one
			}
			return p.store(p.contraction.at(batch, r, c), place{batch: batch}, r, c, v)
		})
	})
}
