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

// codesAtOnce is how many codes of a column a thread takes at a time where they share a scale; twice as many where those do.
const codesAtOnce = 16

// The columns of a SIMD group: as many as share an input, unless that leaves fewer SIMD groups than keep a GPU busy.
const (
	mostCodeColumns = 4
	busySIMDs       = 512
)

// coded is dots with weights that are codes with a scale, or a table, for each block of a column. The scale, and what zero points stand for, are
// applied to sums of products with a run of codes.
type coded struct {
	*dots
	op     *ir.Op    // the dequantization or lookup
	data   *ir.Value // its codes, a parameter
	bits   int64
	sign   bool           // codes have one
	run    int64          // codes of a column that a thread takes at a time
	lowest                // of codes narrower than a byte
	table  *kernel.Buffer // the entries of the one table in shared memory; nil where there are several
}

// lowest is how the four lowest codes of a word become numbers without a conversion, of which a GPU does few at a time. A code that lies at bit p
// is, under the exponent of 2^(23-p), that power and the code. The word gets the bits of all those exponents, and a mask leaves a code and its own.
type lowest struct {
	exponents int64
	mask      *kernel.Value
	from      *kernel.Value // what such a number has more than the code
}

// codesOf finds what makes the weights of a linear of codes; the reason says why it is nothing that coded knows.
func codesOf(g *Group, c *contraction) (op *ir.Op, reason string) {
	if !c.op.Is(nn.Linear) {
		return nil, c.op.Name() + " is no nn.linear"
	}
	v := c.b.v
	for v.Def != nil && v.Def.Is(tensor.Cast) {
		v = v.Def.Operand(0)
	}
	if v.Def == nil || v.Def.Operand(0).Def != nil || v.Type.Rank() != 2 {
		return nil, "its weights are not computed from codes"
	}
	op = v.Def
	elems := []host.Elem{host.U2, host.I2, host.U4, host.I4, host.U8, host.I8}
	var params []*ir.Value
	switch {
	case op.Is(quant.Dequantize) && op.Operand(3) == nil:
		params = op.Operands[1:]
	case op.Is(quant.Lookup):
		elems = []host.Elem{host.U2, host.U4, host.U8}
		params = op.Operands[1:]
		if lut := op.In(1); !lut.Shape[2].Equal(num(1<<op.In(0).Elem.Bits())) || !isOne(lut.Shape[3]) {
			return nil, "its tables have other entries than one number for each code"
		}
	default:
		return nil, "its weights are not codes with scales, zero points or tables"
	}
	if data := op.In(0); !slices.Contains(elems, data.Elem) {
		return nil, "its codes are " + data.Elem.String()
	}
	for _, v := range params {
		if v != nil && !isZero(c.k.Mod(v.Type.Shape[1].Mul(num(codesAtOnce)))) {
			return nil, "its rows are no whole number of runs of codes"
		}
	}
	return op, ""
}

// needsCodes says why a group is no product of few rows with codes.
func (g *Group) needsCodes(t Target) string {
	if why := g.needsDots(t); why != "" {
		return why
	}
	c, err := g.contraction()
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
	c.each, c.run = c.columns(), c.runs()
	if op.Is(quant.Lookup) && isOne(product(op.In(1).Shape[:2])) {
		entries := op.In(1).Shape[2]
		c.table = c.Buffer("table", host.F32, entries, kernel.Shared, 0)
		c.dots.prepare = c.fill
	}
	k, err := c.make()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}}, nil
}

// columns is how many of them a SIMD group has.
func (c *coded) columns() int64 {
	_, n := c.g.env.Range(c.n)
	each := int64(mostCodeColumns)
	for each > 1 && (each*c.rows > mostDotRows || n/each < busySIMDs) {
		each /= 2
	}
	return each
}

// runs is how many codes of a column a thread takes at a time.
func (c *coded) runs() int64 {
	twice := num(2 * codesAtOnce)
	if c.bits > 4 || c.op.Is(quant.Lookup) || !isZero(c.k.Mod(twice)) {
		return codesAtOnce
	}
	for _, v := range c.op.Operands[1:] {
		if v != nil && !isZero(c.k.Mod(v.Type.Shape[1].Mul(twice))) {
			return codesAtOnce
		}
	}
	return 2 * codesAtOnce
}

// sums gives the sums of each row with each column, which this thread has.
func (c *coded) sums(batch []ir.Dim, cols []ir.Dim) ([]*kernel.Value, error) {
	c.crew.unit, c.crew.written = c.run, 2
	if c.narrow() {
		c.lowest = c.newLowest()
	}
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
			of, err := c.column(col, x.at, rows, totals)
			if err != nil {
				return nil, err
			}
			for row, sum := range of {
				at := row*int(c.each) + i
				next[at] = c.Op(kernel.Add, acc[at], sum)
			}
		}
		return next, nil
	})
}

// column gives the sum of a run of codes of a column, for each row.
func (c *coded) column(col, k ir.Dim, rows [][]*kernel.Value, totals []*kernel.Value) ([]*kernel.Value, error) {
	if c.op.Is(quant.Lookup) {
		return c.looked(col, k, rows)
	}
	codes := c.codes(col, k)
	scale, offset, err := c.scaling(col, k)
	if err != nil {
		return nil, err
	}
	var list []*kernel.Value
	for row := range rows {
		sum := c.Float(kernel.Type{Elem: host.F32, Lanes: 4}, 0)
		for i, v := range codes {
			sum = c.Op(kernel.MulAdd, v, rows[row][i], sum)
		}
		one := c.Op(kernel.Sum, sum)
		if offset != nil {
			one = c.Op(kernel.MulAdd, totals[row], offset, one)
		}
		list = append(list, c.Op(kernel.Mul, one, scale))
	}
	return list, nil
}

// inputs gives what a thread has of each row, and its sum. What is behind the end is 0.
func (c *coded) inputs(batch []ir.Dim, x element) (rows [][]*kernel.Value, totals []*kernel.Value, err error) {
	f32 := kernel.Type{Elem: host.F32, Lanes: 4}
	for row := range c.rows {
		var list []*kernel.Value
		var total *kernel.Value
		for i := int64(0); i < c.run; i += 4 {
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
			list = append(list, v)
		}
		rows, totals = append(rows, list), append(totals, c.Op(kernel.Sum, total))
	}
	return rows, totals, nil
}

// narrow reports codes that are numbers by themselves, several in a byte.
func (c *coded) narrow() bool { return c.bits < 8 && !c.op.Is(quant.Lookup) }

// newLowest makes the constants.
func (c *coded) newLowest() lowest {
	const bias, fraction = 127, 23 // of a float's bits
	var l lowest
	for i := range int64(4) {
		l.exponents |= (bias + fraction - i*c.bits) << fraction
	}
	u32, i32 := kernel.Type{Elem: host.U32, Lanes: 4}, kernel.Type{Elem: host.I32, Lanes: 4}
	shifts := func() *kernel.Value { return c.Op(kernel.Mul, c.Lanes(i32), c.Int(i32, c.bits)) }
	own := c.Op(kernel.ShiftLeft, c.Cast(c.Op(kernel.Sub, c.Int(i32, bias+fraction), shifts()), host.U32), c.Int(u32, fraction))
	code := c.Op(kernel.ShiftLeft, c.Int(u32, 1<<c.bits-1), c.Cast(shifts(), host.U32))
	l.mask, l.from = c.Op(kernel.Add, own, code), c.Bits(own, host.F32)
	if c.sign {
		l.from = c.Op(kernel.Add, l.from, c.Float(l.from.Type, float64(int64(1)<<(c.bits-1))))
	}
	return l
}

// words loads a run of codes of a column, four bytes at a time.
func (c *coded) words(col, k ir.Dim) []*kernel.Value {
	at := col.Mul(rowBytes(c.data.Type)).Add(k.Mul(num(c.bits)).FloorDiv(num(8)))
	var list []*kernel.Value
	for from := int64(0); from < c.run*c.bits/8; from += 4 {
		list = append(list, c.Load(c.emitter.buffers[c.data.Index], at.Add(num(from)), 4))
	}
	return list
}

// codes gives the codes of a column as numbers.
func (c *coded) codes(col, k ir.Dim) []*kernel.Value {
	var list []*kernel.Value
	for _, v := range c.words(col, k) {
		if !c.narrow() {
			list = append(list, c.Cast(v, host.F32))
			continue
		}
		word := c.Bits(v, host.U32)
		if c.sign { // the highest bit of a code counts 2^(bits-1) down; turned over, from there up
			word = c.Op(kernel.Xor, word, c.Int(word.Type, map[int64]int64{2: 0xaaaaaaaa, 4: 0x88888888}[c.bits]))
		}
		for at := int64(0); at < 32; at += 4 * c.bits {
			four := c.Op(kernel.ShiftRight, word, c.Int(word.Type, at))
			if at < 16 {
				four = c.Op(kernel.And, four, c.Int(word.Type, 0xffff))
			}
			four = c.Op(kernel.Or, four, c.Int(word.Type, c.exponents))
			list = append(list, c.Op(kernel.Sub, c.Bits(c.Op(kernel.And, c.Splat(four, 4), c.mask), host.F32), c.from))
		}
	}
	return list
}

// fill puts the table into shared memory.
func (c *coded) fill(t ir.Dim) error {
	lut, threads := c.op.Operand(1), c.simds*int64(c.target.SIMD)
	entries := lut.Type.Shape[2]
	for first := int64(0); first < entries.Int(); first += threads {
		number := t.Add(num(first))
		err := c.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: entries}, func() error {
			at := c.symbol("entry", number, entries.Sub(one))
			v, err := c.emitter.value(lut, point{origin(), origin(), {axes: 1, size: entries, at: at}, origin()})
			if err != nil {
				return err
			}
			c.Store(c.table, at, c.Cast(v, host.F32))
			return nil
		})
		if err != nil {
			return err
		}
	}
	c.Barrier()
	return nil
}

// looked gives the sum of the entries that a run of codes of a column names, for each row.
func (c *coded) looked(col, k ir.Dim, rows [][]*kernel.Value) ([]*kernel.Value, error) {
	sums := make([][4]*kernel.Value, len(rows))
	for number, v := range c.words(col, k) {
		word, from := c.Bits(v, host.U32), 4*int64(number)
		for i := range 32 / c.bits {
			code := c.Op(kernel.And, c.Op(kernel.ShiftRight, word, c.Int(word.Type, i*c.bits)), c.Int(word.Type, 1<<c.bits-1))
			v, err := c.entry(code, col, k)
			if err != nil {
				return nil, err
			}
			at := from*8/c.bits + i
			for row, x := range rows {
				x := c.Shuffle(x[at/4], nil, int(at%4))
				if sum := &sums[row][at%4]; *sum == nil {
					*sum = c.Op(kernel.Mul, v, x)
				} else {
					*sum = c.Op(kernel.MulAdd, v, x, *sum)
				}
			}
		}
	}
	list := make([]*kernel.Value, len(rows))
	for row, s := range sums {
		list[row] = c.Op(kernel.Add, c.Op(kernel.Add, s[0], s[2]), c.Op(kernel.Add, s[1], s[3]))
	}
	return list, nil
}

// entry is what a code of a column stands for.
func (c *coded) entry(code *kernel.Value, col, k ir.Dim) (*kernel.Value, error) {
	lut := c.op.Operand(1)
	entries := lut.Type.Shape[2]
	at := c.Bind(code, "entry", zero, entries.Sub(one), nil)
	if c.table != nil {
		return c.Load(c.table, at, 1), nil
	}
	p := point{{axes: 1, size: c.n, at: col}, {axes: 1, size: c.k, at: k}}
	q, err := c.blocked(p, c.data.Type.Shape, lut.Type.Shape[:2])
	if err != nil {
		return nil, err
	}
	v, err := c.emitter.value(lut, append(q, part{axes: 1, size: entries, at: at}, origin()))
	if err != nil {
		return nil, err
	}
	return c.Cast(v, host.F32), nil
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
	if c.op.Operand(2) == nil {
		return scale, nil, nil
	}
	if offset, err = param(2); err != nil {
		return nil, nil, err
	}
	return scale, c.Op(kernel.Neg, offset), nil
}
