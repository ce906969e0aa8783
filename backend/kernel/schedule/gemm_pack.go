package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// largestExpanded is how many bytes the codes of a weight may become before the first call; larger weights are expanded at
// each use, as they would not fit the memory that they were compressed for.
const largestExpanded = 64 << 20

// sources decides how the matrices are read, and how much a round makes.
func (m *gemm) sources() error {
	m.a, m.b = source{gemm: m, factor: m.contraction.a}, source{gemm: m, factor: m.contraction.b, window: m.blocks}
	few, isFew := m.m.IsConst()
	if weights, why := compressedOf(m); why == "" {
		if err := weights.pack(); err != nil {
			return err
		}
		m.compressed = newPanelProduct(m, weights)
		return nil
	}
	switch {
	case m.b.conv != nil:
		m.b.from = inRound
	case m.packable(m.b.factor, m.n):
		m.b.from = atLoad
	case !m.b.alongK && isFew && few <= 2*int64(m.height):
		m.b.from = direct
	default:
		m.b.from = inRound
	}
	m.halve()
	switch {
	case m.b.from != atLoad && m.packable(m.a.factor, m.m):
		m.a.from = atLoad
	case m.stored == m.elem && m.plain(m.a.factor):
		m.a.from = direct
	default:
		m.a.from = inRound
	}
	m.divide()
	return m.buffers()
}

// packable reports a constant that is read again and again.
func (m *gemm) packable(f factor, outer ir.Dim) bool {
	rows, ok1 := outer.IsConst()
	k, ok2 := m.k.IsConst()
	if f.number == nil || !ok1 || !ok2 || !m.g.constant(f.v) || m.g.looksUp(f.v) {
		return false
	}
	count, ok := f.count.IsConst()
	return ok && (f.v.Def == nil || rows*k*count*int64(m.elem.Bytes()) <= largestExpanded)
}

// plain reports a matrix whose numbers can be read one by one where they lie: not those that are computed, and not rows at
// distances at which they share few places of the cache.
func (m *gemm) plain(f factor) bool {
	if f.v.Def != nil || !f.alongK || f.v.Type.Elem != m.elem {
		return false
	}
	k, ok := m.k.IsConst()
	rows, few := m.m.IsConst()
	return !ok || few && rows <= 4 || k <= 512 || k*int64(m.elem.Bytes())%1024 != 0
}

// roundsWanted is how many parts work is divided into, so that some cores can share it.
const roundsWanted = 24

// enoughRounds is how many parts are enough where more of them would copy rows again, or by way of memory.
const enoughRounds = 16

// divide chooses the blocks of rows and columns.
func (m *gemm) divide() {
	k, ok := m.k.IsConst()
	if !ok {
		k = 1024
	}
	bytes := k * int64(m.elem.Bytes())
	height := int64(m.tall[0].height)
	tiles := ceilDiv(m.m, ir.Const(height))
	inCache := max(m.target.L2/2/(bytes*height), 1)
	others, known := product(m.batches).IsConst()
	if !known {
		others = 1
	}
	if m.b.from == inRound {
		each := m.groups()
		if m.b.window == nil {
			each = ir.Const(min(max(2*m.target.L2/(bytes*m.width()*m.widest()), 1), 16))
		}
		n, _ := each.IsConst()
		m.cols = newSplit(m.groups(), max(n, 1))
		if m.b.window != nil {
			m.cols = m.b.window.split()
		}
		count := int64(1 << 16)
		if blocks, ok := m.cols.blocks.IsConst(); ok && blocks*others < roundsWanted/2 {
			if n, ok := tiles.IsConst(); ok {
				parts := min(roundsWanted/2/max(blocks*others, 1), max(n/4, 1))
				count = (n + parts - 1) / parts
			}
		}
		if m.a.from == inRound {
			count = min(count, min(inCache, 16))
		}
		m.rows = newSplit(tiles, count)
		return
	}
	each := min(inCache, 16)
	if n, ok := tiles.IsConst(); ok && n > each { // blocks of nearly the same size, as threads share them
		parts := (n + each - 1) / each
		each = (n + parts - 1) / parts
	}
	m.rows = newSplit(tiles, each)
	blocks, ok := m.rows.blocks.IsConst()
	if !ok {
		blocks = 1
	}
	parts := max((roundsWanted+max(blocks*others, 1)-1)/max(blocks*others, 1), 1) // no matrices at all, or no rows
	if m.a.from == inRound && blocks*others >= enoughRounds {
		parts = 1
	}
	each = 1
	if n, ok := m.groups().IsConst(); ok {
		each = max(n/parts, 1)
		if m.a.from == inRound && m.a.factor.number != nil && n > each {
			m.a.from = before // or each part would copy the rows again
		}
	}
	m.cols = newSplit(m.groups(), each)
}

// buffers declares the memory of packed matrices.
func (m *gemm) buffers() error {
	height := int64(m.tall[0].height)
	var err error
	switch m.a.from {
	case atLoad:
		n := m.rows.units.Mul(ir.Const(height))
		m.a.buf, err = m.pack(m.packedElem(m.a), m.a.factor, m.m, m.rows.units, height, n.Mul(m.k), func(tile ir.Dim) ir.Dim {
			return tile.Mul(ir.Const(height)).Min(m.m.Sub(ir.Const(height)))
		})
	case inRound:
		rows := ir.Const(m.rows.each*height + 8)
		m.a.buf = m.Buffer("rows", m.stored, rows.Mul(m.rowStep()), kernel.Private, 0)
	case before:
		m.a.buf, err = m.a.rowsBefore()
	}
	if err != nil {
		return err
	}
	panels := m.groups().Mul(ir.Const(m.widest()))
	switch m.b.from {
	case atLoad:
		n := panels.Mul(ir.Const(m.width()))
		m.b.buf, err = m.pack(m.packedElem(m.b), m.b.factor, m.n, panels, m.width(), n.Mul(m.deep()), func(panel ir.Dim) ir.Dim { return panel.Mul(ir.Const(m.width())) })
	case inRound:
		n := ir.Const(m.cols.each * m.widest() * m.width())
		if m.b.window != nil {
			m.b.buf = m.Buffer("cols", m.elem, m.b.window.len(), kernel.Private, 0)
		} else {
			m.b.buf = m.Buffer("cols", m.elem, n.Mul(m.k), kernel.Private, 0)
		}
	}
	return err
}

// packedElem is the type in which a constant matrix is packed: halves stay halves, as they take half of the memory.
func (m *gemm) packedElem(s source) host.Elem {
	if m.stored != m.elem {
		return m.stored
	}
	if e := s.v.Type.Elem; s.v.Def == nil && isHalf(e) {
		return e
	}
	return m.elem
}

// pack makes the kernel that fills memory with a constant matrix, units of some outer places each, and gives the buffer it
// is for the kernel that is being made.
func (m *gemm) pack(elem host.Elem, f factor, outer, units ir.Dim, width int64, each ir.Dim, first func(unit ir.Dim) ir.Dim) (*kernel.Buffer, error) {
	held := make([]bool, len(m.g.Params))
	m.g.heldBy(f.v, held)
	p := packing{elem: elem, as: elem, n: f.count.Mul(each), rounds: f.count.Mul(units), held: held}
	return m.addPack(p, func(e *emitter, out *kernel.Buffer, r ir.Dim) error {
		number := e.symbol("number", r.FloorDiv(units), f.count.Sub(one))
		unit := e.symbol("unit", r.Sub(r.FloorDiv(units).Mul(units)), units.Sub(one))
		base := number.Mul(each).Add(unit.Mul(m.deep()).Mul(ir.Const(width)))
		return m.write(e, f, out, base, f.batch(number), first(unit), outer, width)
	})
}

// packing is what a pack fills: n elements, read as those of another type, in some rounds, from the parameters that are held.
type packing struct {
	elem, as  host.Elem
	n, rounds ir.Dim
	held      []bool
}

// addPack makes the kernel of a pack, whose rounds are filled one by one, and gives the buffer that it is for the kernel that is
// being made.
func (m *gemm) addPack(p packing, fill func(e *emitter, out *kernel.Buffer, r ir.Dim) error) (*kernel.Buffer, error) {
	e, index := newPackEmitter(m.g, m.target, p.held), len(m.packs)
	out := e.Output("packed", p.elem, p.n).As(kernel.Packed, index)
	_, err := e.loop(kernel.Parallel, "r", p.rounds, nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, fill(e, out, r)
	})
	if err != nil {
		return nil, err
	}
	k, err := e.Build()
	if err != nil {
		return nil, err
	}
	made := Pack{Kernel: k, Elem: p.elem, Len: p.n}
	for i, h := range p.held {
		if h {
			made.Params = append(made.Params, i)
		}
	}
	m.packs = append(m.packs, made)
	times := ir.Const(int64(p.elem.Bytes() / p.as.Bytes()))
	return m.Input(fmt.Sprintf("packed%d", index), p.as, p.n.Mul(times)).As(kernel.Packed, index), nil
}

// newPackEmitter is an emitter with buffers for some parameters only.
func newPackEmitter(g *Group, t Target, held []bool) *emitter {
	some := *g
	some.Params = nil
	e := newEmitter(&some, t, t.Lanes)
	e.g = g
	for i, p := range g.Params {
		e.ids[p] = len(e.ids)
		var buf *kernel.Buffer
		if held[i] {
			buf = e.Input(fmt.Sprintf("x%d", i), storageElem(p.Type.Elem), storageLen(p.Type)).As(kernel.Operand, i)
		}
		e.buffers = append(e.buffers, buf)
	}
	return e
}

// write stores outer places first, first+1, ... of a matrix, width of them, for all k: those of one k beside each other.
// What lies behind the last place is any number.
func (m *gemm) write(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, first, size ir.Dim, width int64) error {
	w := ir.Const(width)
	if m.pairs {
		return m.writePairs(e, f, buf, base, batch, first, size, width)
	}
	return e.byVectors(func(vectors bool) error {
		if !f.alongK && vectors {
			return m.writeRuns(e, f, buf, base, batch, first, size, width)
		}
		_, err := e.loop(kernel.Serial, "j", w, nil, func(j ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			at := e.symbol("outer", first.Add(j).Min(size.Sub(one)), size.Sub(one))
			put := func(k ir.Dim, step ir.Dim) error {
				q, err := f.at(batch, part{at: at, step: zero}, part{at: k, step: step})
				if err != nil {
					return err
				}
				v, err := e.numbers(f.v, q, step)
				if err != nil {
					return err
				}
				e.StoreLanes(buf, base.Add(k.Mul(w)).Add(j), w, e.Cast(v, buf.Elem), nil)
				return nil
			}
			return nil, e.sweepRun(m.k, vectors, put)
		})
		return err
	})
}

// writeRuns is write with vectors along the outer axis.
func (m *gemm) writeRuns(e *emitter, f factor, buf *kernel.Buffer, base ir.Dim, batch []ir.Dim, first, size ir.Dim, width int64) error {
	lanes := int64(e.lanes)
	if width%lanes != 0 {
		return errLanes
	}
	_, err := e.loop(kernel.Serial, "k", m.k, nil, func(k ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		for at := int64(0); at < width; at += lanes {
			o := first.Add(ir.Const(at))
			err := e.under(cond{at: o, step: one, least: zero, most: size.Sub(one)}, func() error {
				q, err := f.at(batch, part{at: o, step: one}, part{at: k, step: zero})
				if err != nil {
					return err
				}
				v, err := e.numbers(f.v, q, one)
				if err != nil {
					return err
				}
				e.StoreLanes(buf, base.Add(k.Mul(ir.Const(width))).Add(ir.Const(at)), one, e.Cast(v, buf.Elem), nil)
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}
