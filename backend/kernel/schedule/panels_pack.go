package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// pack declares the memory of the panels and makes the kernels that fill it, and has the emitter read it in place of the
// parameters.
func (c *compressed) pack() error {
	m := c.m
	if err := c.packAs(host.U32); err != nil {
		return err
	}
	if c.op.Is(quant.Lookup) {
		m.bound[c.codes] = func(point) (*kernel.Value, error) { return c.raw(), nil }
		return nil
	}
	m.bound[c.op.Result()] = c.value
	c.tabulate()
	return nil
}

// packAs declares the memory of the panels, whose words are read as some element type, and makes the kernels that fill it.
func (c *compressed) packAs(elem host.Elem) error {
	m := c.m
	var err error
	if c.words, err = c.packCodes(elem); err != nil {
		return err
	}
	held := make([]bool, len(m.g.Params))
	m.g.heldBy(m.contraction.b.v, held)
	for i, p := range m.g.Params {
		if !held[i] || p == c.codes || p.Type.Rank() != 2 || p.Type.Elem.IsComplex() {
			continue
		}
		if n, ok := p.Type.Shape[c.axis].IsConst(); !ok || n != c.n || n == 1 {
			continue
		}
		if c.rows[p], err = c.packRows(p); err != nil {
			return err
		}
		m.bound[p] = func(q point) (*kernel.Value, error) { return c.row(p, q) }
	}
	return nil
}

// packed adds a pack that fills n elements from a parameter, group by group, and gives its buffer, read as elements of another
// type.
func (c *compressed) packed(from *ir.Value, elem, as host.Elem, n int64, fill func(e *emitter, out *kernel.Buffer, group ir.Dim) error) (*kernel.Buffer, error) {
	held := make([]bool, len(c.m.g.Params))
	held[from.Index] = true
	return c.m.addPack(packing{elem: elem, as: as, n: ir.Const(n), rounds: ir.Const(c.groups), held: held}, fill)
}

// packCodes makes the words of all panels.
func (c *compressed) packCodes(as host.Elem) (*kernel.Buffer, error) {
	n := c.groups * c.abreast * c.lanes() * c.inColumn()
	return c.packed(c.codes, host.U32, as, n, func(e *emitter, out *kernel.Buffer, group ir.Dim) error {
		return e.serial("p", c.abreast, func(panel ir.Dim) error {
			if err := e.serial("b", c.k/blockK, func(block ir.Dim) error { return c.packBlock(e, out, group, panel, block, blockK) }); err != nil {
				return err
			}
			if rest := c.k % blockK; rest > 0 {
				return c.packBlock(e, out, group, panel, ir.Const(c.k/blockK), rest)
			}
			return nil
		})
	})
}

// serial is a loop without carried values over a fixed number of rounds, none of which there may be.
func (e *emitter) serial(name string, n int64, body func(i ir.Dim) error) error {
	if n == 0 {
		return nil
	}
	_, err := e.loop(kernel.Serial, name, ir.Const(n), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i) })
	return err
}

// packBlock makes the words of a block of a panel.
func (c *compressed) packBlock(e *emitter, out *kernel.Buffer, group, panel, block ir.Dim, count int64) error {
	column := c.column(group, panel)
	at := c.blockAt(group, panel, block, count)
	elem := c.codes.Type.Elem
	if bits := elem.Bits(); c.axis == 0 && 8%bits == 0 {
		for word := range wordsOf(bits, count) {
			e.Store(out, at.Add(ir.Const(word*c.lanes())), c.fourBytes(e, column, block, word, count))
		}
		return nil
	}
	return e.serial("lane", c.lanes(), func(lane ir.Dim) error {
		col := e.symbol("col", column.Add(lane).Min(ir.Const(c.n-1)), ir.Const(c.n-1))
		codes := make([]*kernel.Value, count)
		for i := range codes {
			codes[i] = c.code(e, col, block.Mul(ir.Const(blockK)).Add(ir.Const(int64(i))))
		}
		shift, first := int64(0), int64(0)
		for _, bits := range c.planes {
			for word := range wordsOf(bits, count) {
				e.Store(out, at.Add(ir.Const((first+word)*c.lanes())).Add(lane), wordOf(e, codes, int(word)*32/bits, bits, shift))
			}
			shift, first = shift+int64(bits), first+wordsOf(bits, count)
		}
		return nil
	})
}

// fourBytes is a word whose codes are four neighbouring bytes of each column, from 0 on.
func (c *compressed) fourBytes(e *emitter, column, block ir.Dim, word, count int64) *kernel.Value {
	bits := int64(c.codes.Type.Elem.Bits())
	stride := rowBytes(c.codes.Type)
	from := column.Mul(stride).Add(block.Mul(ir.Const(blockK * bits / 8))).Add(ir.Const(4 * word))
	t := kernel.Type{Elem: host.U32, Lanes: e.lanes}
	var mask *kernel.Value
	if c.n != c.groups*c.abreast*c.lanes() {
		mask = e.Within(e.lanes, column, one, zero, ir.Const(c.n-1))
	}
	v := e.Int(t, 0)
	for i := range min(4, (count*bits+7)/8-4*word) {
		b := e.LoadLanes(e.buffers[c.codes.Index], from.Add(ir.Const(i)), stride, e.lanes, mask)
		if b.Type.Elem != host.U8 {
			b = e.Bits(b, host.U8)
		}
		b = e.Cast(b, host.U32)
		if i > 0 {
			b = e.Op(kernel.ShiftLeft, b, e.Int(t, 8*i))
		}
		v = e.Op(kernel.Or, v, b)
	}
	if c.codes.Type.Elem.Kind() == host.KindInt {
		signs := int64(0)
		for at := bits - 1; at < 32; at += bits {
			signs |= 1 << at
		}
		v = e.Op(kernel.Xor, v, e.Int(t, signs))
	}
	return v
}

// code reads one code, from 0 on.
func (c *compressed) code(e *emitter, col, k ir.Dim) *kernel.Value {
	t, buf := c.codes.Type, e.buffers[c.codes.Index]
	row := col
	if c.axis == 1 {
		row, k = k, col
	}
	var v *kernel.Value
	if t.Elem.Packed() {
		v = e.loadCode(t, buf, row, k)
	} else {
		v = e.Bits(e.Load(buf, row.Mul(t.Shape[1]).Add(k), 1), host.U8)
	}
	v = e.Cast(v, host.U32)
	if t.Elem.Kind() == host.KindInt {
		v = e.Op(kernel.Xor, v, e.Int(v.Type, 1<<(t.Elem.Bits()-1)))
	}
	return v
}

// wordOf puts the bits of codes from the first on, from a bit on, into a word.
func wordOf(e *emitter, codes []*kernel.Value, first, bits int, shift int64) *kernel.Value {
	var word *kernel.Value
	for i := 0; i < 32/bits && first+i < len(codes); i++ {
		v := codes[first+i]
		if shift > 0 {
			v = e.Op(kernel.ShiftRight, v, e.Int(v.Type, shift))
		}
		v = e.Op(kernel.And, v, e.Int(v.Type, 1<<bits-1))
		if i > 0 {
			v = e.Op(kernel.ShiftLeft, v, e.Int(v.Type, int64(i*bits)))
		}
		if word != nil {
			v = e.Op(kernel.Or, word, v)
		}
		word = v
	}
	return word
}

// perColumn is how many numbers a parameter has for each column.
func (c *compressed) perColumn(p *ir.Value) ir.Dim { return p.Type.Shape[1-c.axis] }

// packRows makes rows of a parameter: one number a column, for each of its numbers along k.
func (c *compressed) packRows(p *ir.Value) (*kernel.Buffer, error) {
	times, ok := c.perColumn(p).IsConst()
	if !ok {
		return nil, fmt.Errorf("a parameter of weights has %s numbers for each column", c.perColumn(p))
	}
	elem := storageElem(p.Type.Elem)
	if p.Type.Elem.Packed() {
		elem = computeElem(p.Type.Elem)
	}
	n := c.groups * c.abreast * c.lanes() * times
	return c.packed(p, elem, elem, n, func(e *emitter, out *kernel.Buffer, group ir.Dim) error {
		return e.serial("p", c.abreast, func(panel ir.Dim) error {
			return e.serial("g", times, func(g ir.Dim) error {
				return e.serial("lane", c.lanes(), func(lane ir.Dim) error {
					col := e.symbol("col", c.column(group, panel).Add(lane).Min(ir.Const(c.n-1)), ir.Const(c.n-1))
					q := point{part{axes: 1, size: p.Type.Shape[0], at: col}, part{axes: 1, size: p.Type.Shape[1], at: g}}
					if c.axis == 1 {
						q[0].at, q[1].at = g, col
					}
					v, err := c.stored(e, p, q)
					if err != nil {
						return err
					}
					e.Store(out, c.rowAt(p, group, panel, g).Add(lane), v)
					return nil
				})
			})
		})
	})
}

// stored reads a number of a parameter as it is stored, codes narrower than a byte as a byte.
func (c *compressed) stored(e *emitter, p *ir.Value, q point) (*kernel.Value, error) {
	if p.Type.Elem.Packed() {
		return e.loadPacked(p.Type, e.buffers[p.Index], q)
	}
	return e.load(e.buffers[p.Index], q.linear()), nil
}

// rowAt is where the numbers of a panel's columns lie.
func (c *compressed) rowAt(p *ir.Value, group, panel, g ir.Dim) ir.Dim {
	return group.Mul(c.perColumn(p)).Add(g).Mul(ir.Const(c.abreast)).Add(panel).Mul(ir.Const(c.lanes()))
}

// row gives a parameter's numbers at a place whose lanes are the columns of the panel.
func (c *compressed) row(p *ir.Value, q point) (*kernel.Value, error) {
	single, err := q.single(p.Type.Shape)
	if err != nil {
		return nil, err
	}
	if !isOne(single[c.axis].step) || !isZero(single[1-c.axis].step) {
		return nil, fmt.Errorf("%s: its parameters do not lie along its columns", c.m.op.Name())
	}
	v := c.m.Load(c.rows[p], c.rowAt(p, c.at.group, c.at.panel, single[1-c.axis].at), c.m.emitter.lanes)
	if p.Type.Elem.Packed() {
		return v, nil
	}
	return c.m.widen(p.Type.Elem, v), nil
}

// param gives an operand of a dequantization at a place of its result; nil where there is none.
func (c *compressed) param(op *ir.Op, operand int, q point) (*kernel.Value, error) {
	v := op.Operand(operand)
	if v == nil {
		return nil, nil
	}
	at, err := c.m.blocked(q, op.In(0).Shape, v.Type.Shape)
	if err != nil {
		return nil, err
	}
	x, err := c.m.emitter.value(v, at)
	if err != nil {
		return nil, err
	}
	return c.m.spread(c.m.Cast(x, host.F32), c.m.emitter.lanes), nil
}

// value is (code - zero_point) * scale + min_value for the panel's columns at the current k.
func (c *compressed) value(q point) (*kernel.Value, error) {
	var by [4]*kernel.Value
	for i := 1; i < len(by); i++ {
		var err error
		if by[i], err = c.param(c.op, i, q); err != nil {
			return nil, err
		}
	}
	x := c.m.Op(kernel.Mul, c.plain(by[2]), by[1])
	if by[3] != nil {
		x = c.m.Op(kernel.Add, x, by[3])
	}
	return x, nil
}
