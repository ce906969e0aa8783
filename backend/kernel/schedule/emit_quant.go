package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// blocked gives the place in a parameter of a quantized value: on each axis it has one element, or one for each of a number
// of equal blocks.
func (e *emitter) blocked(p point, shape, blocks []ir.Dim) (point, error) {
	single, err := p.single(shape)
	if err != nil {
		return e.unblocked(p, shape, blocks)
	}
	out := slices.Clone(single)
	for i, q := range single {
		n := blocks[i]
		out[i].size = n
		switch {
		case isOne(n):
			out[i] = origin()
		case e.g.env.Compare(n, q.size) == ir.CompareEqual:
		default:
			size := q.size.FloorDiv(n)
			if !isZero(q.step) && !e.withinBlock(q, size) {
				return nil, errLanes
			}
			out[i].at, out[i].step = q.at.FloorDiv(size), zero
		}
	}
	return out, nil
}

// unblocked is for places that cannot be split, which suits parameters of one element or of as many as the value.
func (e *emitter) unblocked(p point, shape, blocks []ir.Dim) (point, error) {
	for i, n := range blocks {
		if !isOne(n) && e.g.env.Compare(n, shape[i]) != ir.CompareEqual {
			return nil, errLanes
		}
	}
	return p.broadcast(e.g.env, shape, blocks)
}

// withinBlock reports that the lanes from q on lie in one block of the size: they are neighbours, and start at a multiple of
// their number, which divides the size.
func (e *emitter) withinBlock(q part, size ir.Dim) bool {
	lanes := ir.Const(int64(e.lanes))
	return isOne(q.step) && isZero(size.Mod(lanes)) && isZero(q.at.Mod(lanes))
}

// dequantize is (data - zero_point) * scale + min_value.
func dequantize(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	data, to := op.Operand(0), op.Result().Type.Elem
	wide := host.F32
	if to == host.F64 || data.Type.Elem.Bits() > 16 {
		wide = e.target.wide()
	}
	x, err := e.value(data, p)
	if err != nil {
		return nil, err
	}
	x, err = e.scaled(op, p, e.Cast(x, wide), wide, []scaling{{2, kernel.Sub}, {1, kernel.Mul}, {3, kernel.Add}})
	if err != nil {
		return nil, err
	}
	return e.Cast(x, computeElem(to)), nil
}

// lookup reads the entry of a table that a code names, one at a time.
func lookup(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	codes, lut, axis := op.Operand(0), op.Operand(1), op.Int("axis")
	rank := codes.Type.Rank()
	if !p.uniform() {
		return lookupLanes(e, op, p)
	}
	p, i, err := p.alone(op.Result().Type.Shape, axis)
	if err != nil {
		return nil, err
	}
	length := lut.Type.Shape[rank+1]
	inEntry := zero
	if !isOne(length) {
		at := p[i].at.FloorDiv(length)
		inEntry = p[i].at.Sub(at.Mul(length))
		p[i].at = at
	}
	p[i].size = codes.Type.Shape[axis]
	code, err := e.value(codes, p)
	if err != nil {
		return nil, err
	}
	table, err := e.blocked(p, codes.Type.Shape, lut.Type.Shape[:rank])
	if err != nil {
		return nil, err
	}
	entries := lut.Type.Shape[rank]
	at, err := e.bind(op, code, zero, entries.Sub(one))
	if err != nil {
		return nil, err
	}
	return e.value(lut, append(table, part{axes: 1, size: entries, at: at}, part{axes: 1, size: length, at: inEntry}))
}

// lookupLanes reads the entries that the codes of all lanes name, from one table in registers whose entries all codes name.
func lookupLanes(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	codes, lut := op.Operand(0), op.Operand(1)
	rank, bits := codes.Type.Rank(), codes.Type.Elem.Bits()
	if codes.Type.Elem.Kind() != host.KindUint || bits > 8 || !lut.Type.Shape[rank].Equal(ir.Const(1<<bits)) || !isOne(lut.Type.Shape[rank+1]) ||
		e.lanes == 1 || !e.inRegisters(1<<bits) {
		return nil, errLanes
	}
	at, err := e.blocked(p, codes.Type.Shape, lut.Type.Shape[:rank])
	if err != nil {
		return nil, err
	}
	if !at.uniform() {
		return nil, errLanes
	}
	table, err := e.tableOf(lut, at, 1<<bits)
	if err != nil {
		return nil, err
	}
	code, err := e.value(codes, p)
	if err != nil {
		return nil, err
	}
	return e.Op(kernel.Pick, table, e.Cast(code, host.U32)), nil
}

// inRegisters reports a table that leaves half of the registers to others.
func (e *emitter) inRegisters(entries int) bool {
	return entries <= e.target.Registers/2*e.target.Lanes
}

// tableOf gives the entries of a table as one vector.
func (e *emitter) tableOf(lut *ir.Value, at point, entries int) (*kernel.Value, error) {
	size := ir.Const(int64(entries))
	from := func(first int) (*kernel.Value, error) {
		return e.value(lut, append(slices.Clone(at), part{axes: 1, size: size, at: ir.Const(int64(first)), step: one}, origin()))
	}
	outer := e.conds
	e.conds = nil // there is a table whatever lanes count
	defer func() { e.conds = outer }()
	if entries < e.lanes {
		var v *kernel.Value
		err := e.under(cond{at: zero, step: one, least: zero, most: size.Sub(one)}, func() (err error) {
			v, err = from(0)
			return err
		})
		if err != nil {
			return nil, err
		}
		return e.Shuffle(v, nil, run(0, entries)...), nil
	}
	var parts []*kernel.Value
	for i := 0; i < entries; i += e.lanes {
		v, err := from(i)
		if err != nil {
			return nil, err
		}
		parts = append(parts, v)
	}
	for len(parts) > 1 {
		var pairs []*kernel.Value
		for i := 0; i < len(parts); i += 2 {
			pairs = append(pairs, e.Shuffle(parts[i], parts[i+1], run(0, 2*parts[i].Type.Lanes)...))
		}
		parts = pairs
	}
	return parts[0], nil
}

func run(first, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = first + i
	}
	return list
}

// bind makes a number an index in least..most; one outside is told.
func (e *emitter) bind(op *ir.Op, v *kernel.Value, least, most ir.Dim) (ir.Dim, error) {
	if v.Type.Lanes != 1 {
		return ir.Dim{}, errLanes
	}
	if e.g.env.Prove(ir.Cond{Left: least, Rel: ir.RelLE, Right: most}) != ir.True {
		return ir.Dim{}, reason(op, "the axis that is indexed may be empty")
	}
	at := e.Bind(v, "at", least, most, e.statusBuffer())
	e.vars = append(e.vars, at.Symbols()...) // what depends on it stays behind it
	return at, nil
}

// fromEnd makes negative indices count from the end: an i64.
func (e *emitter) fromEnd(v *kernel.Value, size ir.Dim) *kernel.Value {
	v = e.Cast(v, host.I64)
	return e.Select(e.Op(kernel.Less, v, e.Int(v.Type, 0)), e.Op(kernel.Add, v, e.Index(host.I64, size)), v)
}

// gather is y[.., i, ..] = x[.., index[.., i, ..], ..].
func gather(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x, axis := op.Operand(0), op.Int("axis")
	single, err := p.single(op.Result().Type.Shape)
	if err != nil {
		return nil, err
	}
	id, err := e.value(op.Operand(1), single)
	if err != nil {
		return nil, err
	}
	size := x.Type.Shape[axis]
	at, err := e.bind(op, e.fromEnd(id, size), zero, size.Sub(one))
	if err != nil {
		return nil, err
	}
	q := slices.Clone(single)
	for i, n := range x.Type.Shape {
		q[i].size = n
	}
	q[axis].at, q[axis].step = at, zero
	return e.value(x, q)
}

// index is x at the places that index tensors name, one for each of some neighbouring axes, in whose place the axes of the
// indices stand.
func index(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x, axes := op.Operand(0), op.Ints("axes")
	for i := 1; i < len(axes); i++ {
		if axes[i] != axes[i-1]+1 {
			return nil, reason(op, "axes %v that are no neighbours are not emitted", axes)
		}
	}
	shape := op.Result().Type.Shape
	single, err := p.single(shape)
	if err != nil {
		return nil, err
	}
	if len(axes) == 0 {
		return e.value(x, p)
	}
	ids := len(shape) - (x.Type.Rank() - len(axes)) // axes of the indices
	place, idShape := single[axes[0]:axes[0]+ids], shape[axes[0]:axes[0]+ids]
	q := slices.Clone(single[:axes[0]])
	for i, axis := range axes {
		v := op.Operand(1 + i)
		if v.Type.Elem == host.Bool {
			return nil, reason(op, "an index of bools is not emitted")
		}
		at, err := place.broadcast(e.g.env, idShape, v.Type.Shape)
		if err != nil {
			return nil, err
		}
		id, err := e.value(v, at)
		if err != nil {
			return nil, err
		}
		size := x.Type.Shape[axis]
		n, err := e.bind(op, e.fromEnd(id, size), zero, size.Sub(one))
		if err != nil {
			return nil, err
		}
		q = append(q, part{axes: 1, size: size, at: n})
	}
	return e.value(x, append(q, single[axes[0]+ids:]...))
}

// quantize gives codes: clamp(round((x - min_value) / scale) + zero_point, low, high), where NaN is low.
func quantize(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x, to := op.Operand(0), op.Result().Type.Elem
	if !to.IsInt() || to.Packed() {
		return nil, reason(op, "codes of %s are not emitted", to)
	}
	v, err := e.value(x, p)
	if err != nil {
		return nil, err
	}
	scale := kernel.Div
	if op.Bool("inverse") {
		scale = kernel.Mul
	}
	if v, err = e.scaled(op, p, v, v.Type.Elem, []scaling{{3, kernel.Sub}, {1, scale}}); err != nil {
		return nil, err
	}
	v = e.Op(kernel.Round, v)
	if to.Bits() > 16 { // f32 does not hold the sum
		v = e.Cast(v, e.target.wide())
	}
	if v, err = e.scaled(op, p, v, v.Type.Elem, []scaling{{2, kernel.Add}}); err != nil {
		return nil, err
	}
	least, most := to.Range()
	if op.Has("low") {
		least = float64(op.Int("low"))
	}
	if op.Has("high") {
		most = float64(op.Int("high"))
	}
	low, high := e.Float(v.Type, least), e.Float(v.Type, most)
	v = e.Select(e.Op(kernel.LessEqual, low, v), e.Op(kernel.Min, v, high), low)
	return e.Cast(v, to), nil
}

// scaling is an operation with a parameter that is one operand.
type scaling struct {
	operand int
	op      kernel.Op
}

// scaled applies operations with parameters that are there, which have one element, or one a block, on each axis.
func (e *emitter) scaled(op *ir.Op, p point, x *kernel.Value, elem host.Elem, steps []scaling) (*kernel.Value, error) {
	for _, s := range steps {
		v := op.Operand(s.operand)
		if v == nil {
			continue
		}
		q, err := e.blocked(p, op.In(0).Shape, v.Type.Shape)
		if err != nil {
			return nil, err
		}
		y, err := e.value(v, q)
		if err != nil {
			return nil, err
		}
		pair := []*kernel.Value{x, e.Cast(y, elem)}
		e.level(pair)
		x = e.Op(s.op, pair...)
	}
	return x, nil
}
