package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// codesAtOnce is how many codes of a column a thread takes at a time: they share a scale.
const codesAtOnce = 16

// coded is dots with weights that are codes with a scale for each block of a column. Codes are multiplied as they lie in their words;
// the scale, and what zero points stand for, are applied to sums of codesAtOnce.
type coded struct {
	*dots
	op    *ir.Op    // the dequantization
	data  *ir.Value // its codes, a parameter
	bits  int64
	sign  bool          // codes have one
	masks *kernel.Value // of the four codes that the low half of a word has
}

// codesOf finds the dequantization that makes the weights of a linear; the reason says why it is none that coded knows.
func codesOf(g *Group, c *contraction) (op *ir.Op, reason string) {
	if !c.op.Is(nn.Linear) {
		return nil, c.op.Name() + " is no nn.linear"
	}
	v := c.b.v
	for v.Def != nil && v.Def.Is(tensor.Cast) {
		v = v.Def.Operand(0)
	}
	if v.Def == nil || !v.Def.Is(quant.Dequantize) || v.Def.Operand(0).Def != nil || v.Def.Operand(3) != nil {
		return nil, "its weights are not dequantized from codes, with scales and zero points"
	}
	op = v.Def
	switch data := op.In(0); {
	case !slices.Contains([]host.Elem{host.U4, host.I4, host.U8, host.I8}, data.Elem):
		return nil, "its codes are " + data.Elem.String()
	case !isZero(c.k.Mod(num(codesAtOnce))):
		return nil, "its rows are no whole number of blocks of codes"
	}
	for _, i := range []int{1, 2} {
		if v := op.Operand(i); v != nil && !isZero(c.k.Mod(v.Type.Shape[1].Mul(num(codesAtOnce)))) {
			return nil, "its scales are of shorter blocks"
		}
	}
	return op, ""
}

// needsCodes says why a group is no product of few rows with codes.
func (g *Group) needsCodes() string {
	if why := g.needsDots(); why != "" {
		return why
	}
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return err.Error()
	}
	_, why := codesOf(g, c)
	return why
}

// makeCodes is the schedule of products of few rows with codes.
func makeCodes(g *Group, t Target) (*Made, error) {
	if t.Lanes < 4 {
		return nil, errLanes
	}
	m, err := newGPUProduct(g, t, 4)
	if err != nil {
		return nil, err
	}
	c := &coded{dots: newDots(m)}
	op, _ := codesOf(g, m.contraction)
	c.op, c.data = op, op.Operand(0)
	c.bits, c.sign = int64(c.data.Type.Elem.Bits()), c.data.Type.Elem.Kind() == host.KindInt
	c.dots.add = c.sums
	k, err := c.make()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}}, nil
}

// sums gives the sums of each row with each column, which this thread has.
func (c *coded) sums(batch []ir.Dim, cols []ir.Dim) ([]*kernel.Value, error) {
	c.crew.unit, c.crew.written = codesAtOnce, 2
	u32 := kernel.Type{Elem: host.U32, Lanes: 4}
	c.masks = c.Op(kernel.ShiftLeft, c.Int(u32, 15), c.Cast(c.fours(), host.U32))
	init := make([]*kernel.Value, c.rows*c.each)
	for i := range init {
		init[i] = c.Number(kernel.Type{Elem: host.F32, Lanes: 1}, 0)
	}
	return c.crew.carry(init, func(x element, acc []*kernel.Value) ([]*kernel.Value, error) {
		rows, totals, err := c.inputs(batch, x)
		if err != nil {
			return nil, err
		}
		next := slices.Clone(acc)
		for i, col := range cols {
			codes := c.codes(col, x.at)
			scale, offset, err := c.scaling(col, x.at)
			if err != nil {
				return nil, err
			}
			for row := range rows {
				sum := c.Float(kernel.Type{Elem: host.F32, Lanes: 4}, 0)
				for k, v := range codes {
					sum = c.Op(kernel.MulAdd, v, rows[row][k], sum)
				}
				one := c.Op(kernel.Sum, sum)
				if offset != nil {
					one = c.Op(kernel.MulAdd, totals[row], offset, one)
				}
				at := row*int(c.each) + i
				next[at] = c.Op(kernel.MulAdd, one, scale, acc[at])
			}
		}
		return next, nil
	})
}

// inputs gives what a thread has of each row, for codes as they lie in words, and its sum. What is behind the end is 0.
func (c *coded) inputs(batch []ir.Dim, x element) (rows [][]*kernel.Value, totals []*kernel.Value, err error) {
	f32 := kernel.Type{Elem: host.F32, Lanes: 4}
	var weights *kernel.Value // of the places of codes in words: a power of 1/16
	if c.bits == 4 {
		place := c.Op(kernel.ShiftLeft, c.Int(kernel.Type{Elem: host.U32, Lanes: 4}, 1), c.Cast(c.fours(), host.U32))
		weights = c.Op(kernel.Div, c.Float(f32, 1), c.Cast(place, host.F32))
	}
	for row := range c.rows {
		var list []*kernel.Value
		var total *kernel.Value
		for i := int64(0); i < codesAtOnce; i += 4 {
			v, err := c.vectorIn(c.contraction.a, batch, part{at: num(row)}, part{at: x.at.Add(num(i)), step: one})
			if err != nil {
				return nil, nil, err
			}
			if x.ragged {
				v = c.Select(c.Splat(c.crew.valid(x), 4), v, c.Float(f32, 0))
			}
			if total == nil {
				total = v
			} else {
				total = c.Op(kernel.Add, total, v)
			}
			if weights != nil {
				v = c.Op(kernel.Mul, v, weights)
			}
			list = append(list, v)
		}
		rows, totals = append(rows, list), append(totals, c.Op(kernel.Sum, total))
	}
	return rows, totals, nil
}

// fours are 0, 4, 8 and 12.
func (c *coded) fours() *kernel.Value {
	i32 := kernel.Type{Elem: host.I32, Lanes: 4}
	return c.Op(kernel.Mul, c.Lanes(i32), c.Int(i32, 4))
}

// codes loads codes of a column, as numbers times the power of 16 that is the place of each in the half of a word.
func (c *coded) codes(col, k ir.Dim) []*kernel.Value {
	at := col.Mul(rowBytes(c.data.Type)).Add(k.Mul(num(c.bits)).FloorDiv(num(8)))
	buf := c.emitter.buffers[c.data.Index]
	var list []*kernel.Value
	for i := int64(0); i < codesAtOnce*c.bits/8; i += 4 {
		v := c.Load(buf, at.Add(num(i)), 4)
		if c.bits == 8 {
			list = append(list, c.Cast(v, host.F32))
			continue
		}
		word := c.Bits(c.Cast(v, host.U8), host.U32)
		if c.sign {
			word = c.Op(kernel.Xor, word, c.Int(word.Type, 0x88888888)) // 8 more than the code
		}
		for _, half := range []*kernel.Value{word, c.Op(kernel.ShiftRight, word, c.Int(word.Type, 16))} {
			list = append(list, c.Cast(c.Op(kernel.And, c.Splat(half, 4), c.masks), host.F32))
		}
	}
	return list
}

// scaling is what sums of codes are multiplied by, and what of the sum of the inputs is added before; nil for nothing.
func (c *coded) scaling(col, k ir.Dim) (scale, offset *kernel.Value, err error) {
	param := func(i int) (*kernel.Value, error) {
		v := c.op.Operand(i)
		p := point{{axes: 1, size: c.n, at: col}, {axes: 1, size: c.k, at: k}}
		q, err := c.blocked(p, c.data.Type.Shape, v.Type.Shape)
		if err != nil {
			return nil, err
		}
		x, err := c.emitter.value(v, q)
		if err != nil {
			return nil, err
		}
		return c.Cast(x, host.F32), nil
	}
	if scale, err = param(1); err != nil {
		return nil, nil, err
	}
	number := kernel.Type{Elem: host.F32, Lanes: 1}
	offset = c.Float(number, 0)
	if c.op.Operand(2) != nil {
		if offset, err = param(2); err != nil {
			return nil, nil, err
		}
	}
	if c.bits == 4 && c.sign {
		offset = c.Op(kernel.Add, offset, c.Float(number, 8))
	}
	if n, ok := c.ConstOf(offset); ok && n == 0 {
		return scale, nil, nil
	}
	return scale, c.Op(kernel.Neg, offset), nil
}
