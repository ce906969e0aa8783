package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// blockK is how many neighbours along k one block of a panel has: as many as a word has bits, so that codes of any width fill
// whole words.
const blockK = 32

// compressed is a constant matrix [n, k] that codes stand for, in the layout of panels.
//
// A panel has as many columns n as a vector has lanes, each in a lane of 32-bit words. Panels that are computed together
// follow each other within a block of k, so that a product reads one stream. The bits of codes are divided into planes
// of 1, 2, 4 or 8 bits, and a word of a plane has the bits of as many neighbours along k as fit, the first lowest. Parameters of
// the codes, such as scales, lie in rows of one number a column, in the same order of panels.
type compressed struct {
	m       *gemm
	codes   *ir.Value // the parameter
	op      *ir.Op    // what takes the codes: a dequantization or a lookup
	axis    int       // its axis along n
	planes  []int     // bits of each, those of the lowest bits first
	n, k    int64
	abreast int64 // panels that are computed together
	groups  int64 // numbers of panels that are computed together

	words *kernel.Buffer
	table *kernel.Value                // the numbers of codes whose table fits a register; nil where there is none
	rows  map[*ir.Value]*kernel.Buffer // of other parameters
	at    *panelPlace                  // where values are asked for
}

// panelPlace is a block of a panel, and what has been loaded of it.
type panelPlace struct {
	group, panel ir.Dim // among the groups, and within one
	block        ir.Dim
	count        int64 // of neighbours that the block has: fewer than blockK in the last one
	i            int64 // which of them
	loaded       map[int64]*kernel.Value
}

// compressedOf recognises a weight that panels hold; otherwise it says why not.
func compressedOf(m *gemm) (*compressed, string) {
	f := m.contraction.b
	n, ok1 := m.n.IsConst()
	k, ok2 := m.k.IsConst()
	switch {
	case f.conv != nil || !ok1 || !ok2 || n == 0 || k == 0 || len(m.batches) > 0 || m.elem != host.F32 || m.emitter.lanes == 1:
		return nil, "it is no product with one matrix of fixed size"
	case !m.g.constant(f.v):
		return nil, "its weights are no constants"
	}
	c := &compressed{m: m, n: n, k: k, rows: map[*ir.Value]*kernel.Buffer{}}
	if m.op.Is(tensor.MatMul) {
		c.axis = 1
	}
	v := f.v
	for v.Def != nil {
		switch {
		case v.Type.Rank() != 2:
			return nil, "its weights have more than two axes"
		case v.Def.Is(tensor.Transpose):
			c.axis = v.Def.Ints("perm")[c.axis]
		case v.Def.Is(quant.Lookup):
			if why := c.oneTable(v.Def); why != "" {
				return nil, why
			}
			c.op = v.Def
		case v.Def.Is(quant.Dequantize):
			c.op = v.Def
		case !v.Def.Is(tensor.Cast):
			return nil, v.Def.Name() + " of weights is not read from panels"
		}
		v = v.Def.Operand(0)
	}
	if c.op == nil || c.op.Operand(0) != v || v.Type.Rank() != 2 {
		return nil, "its weights are not computed from codes"
	}
	c.codes = v
	switch e := v.Type.Elem; {
	case e.IsInt() && e.Bits() <= 8:
	case e == host.F4E2M1 || e.IsFloat() && e.Bits() == 8 && e != host.F8E8M0:
	default:
		return nil, "its codes are " + e.String()
	}
	for bits, at := v.Type.Elem.Bits(), 1; at <= 8; at *= 2 {
		if bits&at != 0 {
			c.planes = append(c.planes, at)
		}
	}
	c.abreast = 4
	panels := c.panels()
	for c.abreast > 1 && (panels+c.abreast-1)/c.abreast*c.abreast-panels > panels/16 {
		c.abreast /= 2
	}
	c.groups = (panels + c.abreast - 1) / c.abreast
	return c, ""
}

func (c *compressed) lanes() int64  { return int64(c.m.emitter.lanes) }
func (c *compressed) panels() int64 { return (c.n + c.lanes() - 1) / c.lanes() }

// oneTable says why the columns of a panel do not have one table in registers, whose entries all codes name.
func (c *compressed) oneTable(op *ir.Op) string {
	codes, lut := op.Operand(0).Type, op.Operand(1).Type
	entries, ok := lut.Shape[2].IsConst()
	tables, known := lut.Shape[c.axis].IsConst()
	switch {
	case codes.Elem.Kind() != host.KindUint || codes.Elem.Bits() > 8:
		return "the codes of its tables are " + codes.Elem.String()
	case !ok || entries != 1<<codes.Elem.Bits() || !isOne(lut.Shape[3]):
		return "its tables have other entries than one number for each code"
	case !c.m.inRegisters(int(entries)):
		return "its tables do not fit the registers"
	case !known || tables > 1 && c.n/tables%c.lanes() != 0:
		return "its columns have tables of their own"
	}
	return ""
}

// wordsOf is how many words a column of a block has in a plane.
func wordsOf(bits int, count int64) int64 { return (count*int64(bits) + 31) / 32 }

// inBlock is how many words a column of a block has.
func (c *compressed) inBlock(count int64) int64 {
	n := int64(0)
	for _, bits := range c.planes {
		n += wordsOf(bits, count)
	}
	return n
}

// inColumn is how many words a column has.
func (c *compressed) inColumn() int64 { return c.k/blockK*c.inBlock(blockK) + c.inBlock(c.k%blockK) }

// blockAt is where the words of a block begin.
func (c *compressed) blockAt(group, panel, block ir.Dim, count int64) ir.Dim {
	lanes := c.lanes()
	return group.Mul(ir.Const(c.abreast * lanes * c.inColumn())).
		Add(block.Mul(ir.Const(c.abreast * lanes * c.inBlock(blockK)))).
		Add(panel.Mul(ir.Const(lanes * c.inBlock(count))))
}

func newPanelPlace(group, panel, block ir.Dim, count int64) *panelPlace {
	return &panelPlace{group: group, panel: panel, block: block, count: count, loaded: map[int64]*kernel.Value{}}
}

// columns is a place of the codes: the columns of the panel, one a lane, at some k.
func (c *compressed) columns(k ir.Dim) point {
	q := make(point, 2)
	q[c.axis] = part{axes: 1, size: ir.Const(c.n), at: c.column(c.at.group, c.at.panel), step: one}
	q[1-c.axis] = part{axes: 1, size: ir.Const(c.k), at: k, step: zero}
	return q
}

// number gives the weights of the panel's columns at some k, which is the block's neighbour i.
func (c *compressed) number(k ir.Dim) (*kernel.Value, error) {
	f := c.m.contraction.b
	q, err := f.at(nil, part{at: c.column(c.at.group, c.at.panel), step: one}, part{at: k, step: zero})
	if err != nil {
		return nil, err
	}
	v, err := c.m.emitter.value(f.v, q)
	if err != nil {
		return nil, err
	}
	return c.m.spread(v, c.m.emitter.lanes), nil
}

// column is the first column of a panel.
func (c *compressed) column(group, panel ir.Dim) ir.Dim {
	return group.Mul(ir.Const(c.abreast)).Add(panel).Mul(ir.Const(c.lanes()))
}

// word loads a word of every column of the panel.
func (c *compressed) word(number int64) *kernel.Value {
	if have := c.at.loaded[number]; have != nil {
		return have
	}
	m, p := c.m, c.at
	at := c.blockAt(p.group, p.panel, p.block, p.count).Add(ir.Const(number * c.lanes()))
	v := m.Load(c.words, at, m.emitter.lanes)
	c.at.loaded[number] = v
	return v
}

// field gives the bits of code i in a plane, moved to where they are needed or as they lie: v>>at & mask.
func (c *compressed) field(plane int) (v *kernel.Value, at int64) {
	first := int64(0)
	for _, bits := range c.planes[:plane] {
		first += wordsOf(bits, c.at.count)
	}
	bits := int64(c.planes[plane])
	return c.word(first + c.at.i*bits/32), c.at.i * bits % 32
}

// raw gives the bits of code i of every column; where there is one plane, any bits above them.
func (c *compressed) raw() *kernel.Value {
	m := c.m
	var code *kernel.Value
	shift := int64(0)
	for i, width := range c.planes {
		v, at := c.field(i)
		v = c.shifted(v, at)
		if len(c.planes) > 1 {
			v = m.Op(kernel.And, v, m.Int(v.Type, 1<<width-1))
		}
		if shift > 0 {
			v = m.Op(kernel.Or, code, m.Op(kernel.ShiftLeft, v, m.Int(v.Type, shift)))
		}
		code, shift = v, shift+int64(width)
	}
	return code
}

// tabulate makes the table of codes that are looked up faster than they are computed: narrow floats, and integers of 4 bits.
func (c *compressed) tabulate() {
	m, e := c.m, c.codes.Type.Elem
	if !c.op.Is(quant.Dequantize) {
		return
	}
	switch {
	case e == host.F4E2M1:
		c.table = codeFloats[e].decode(m.emitter, m.Lanes(kernel.Type{Elem: host.I32, Lanes: 16}))
	case e.Bits() == 4 && c.lanes() >= 16:
		codes := m.Lanes(kernel.Type{Elem: host.I32, Lanes: 16})
		c.table = m.Cast(m.Op(kernel.Sub, codes, m.Int(codes.Type, int64(c.bias()))), host.F32)
	}
}

// bias is the code that stands for 0 in integers with a sign, which are packed from 0 on.
func (c *compressed) bias() float64 {
	if e := c.codes.Type.Elem; e.Kind() == host.KindInt {
		return float64(int64(1) << (e.Bits() - 1))
	}
	return 0
}

// plain gives code i of every column as a float, less a number a column, unless less is nil: exact.
func (c *compressed) plain(less *kernel.Value) *kernel.Value {
	m, e := c.m, c.codes.Type.Elem
	t := kernel.Type{Elem: host.U32, Lanes: m.emitter.lanes}
	switch {
	case e == host.F4E2M1:
		return c.less(m.Op(kernel.Pick, c.table, c.raw()), 0, less)
	case e.IsFloat():
		return c.less(codeFloats[e].decode(m.emitter, m.Op(kernel.And, c.raw(), m.Int(t, 0xff))), 0, less)
	case len(c.planes) > 1:
		return c.less(m.Cast(m.Cast(c.raw(), host.I32), host.F32), c.bias(), less)
	}
	// The bits of the code in the mantissa of 2^(23-at), whose last place they are at, make 2^(23-at) + code.
	bits := e.Bits()
	v, at := c.field(0)
	if room := int64(23 / bits * bits); at >= room {
		v, at = c.shifted(v, room), at-room
	}
	if at == 0 && c.table != nil && less == nil { // saves an instruction, and uses others than the rest
		return m.Op(kernel.Pick, c.table, v)
	}
	v = m.Op(kernel.And, v, m.Int(t, (1<<bits-1)<<at))
	v = m.Bits(m.Op(kernel.Or, v, m.Int(t, (127+23-at)<<23)), host.F32)
	return c.less(v, float64(int64(1)<<(23-at))+c.bias(), less)
}

func (c *compressed) less(v *kernel.Value, all float64, each *kernel.Value) *kernel.Value {
	m := c.m
	if all == 0 && each == nil {
		return v
	}
	by := m.Float(v.Type, all)
	if each != nil {
		by = m.Op(kernel.Add, each, by)
	}
	return m.Op(kernel.Sub, v, by)
}

// shifted is a word moved right, once for all codes that need it.
func (c *compressed) shifted(v *kernel.Value, by int64) *kernel.Value {
	if by == 0 {
		return v
	}
	key := -int64(v.ID)*32 - by
	if have := c.at.loaded[key]; have != nil {
		return have
	}
	s := c.m.Op(kernel.ShiftRight, v, c.m.Int(v.Type, by))
	c.at.loaded[key] = s
	return s
}

// byBlocks adds up count neighbours along k, a multiple of blockK or up to the end, from a block on.
func (m *gemm) byBlocks(first ir.Dim, count int64, sums []*kernel.Value, add func(block ir.Dim, count int64, sums []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	var err error
	if whole := count / blockK; whole > 0 {
		sums, err = m.loop(kernel.Serial, "b", ir.Const(whole), sums, func(b ir.Dim, sums []*kernel.Value) ([]*kernel.Value, error) {
			return add(first.Add(b), blockK, sums)
		})
		if err != nil {
			return nil, err
		}
	}
	if rest := count % blockK; rest > 0 {
		return add(first.Add(ir.Const(count/blockK)), rest, sums)
	}
	return sums, nil
}
