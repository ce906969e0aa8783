package schedule

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func allTables() tables {
	return tables{values: valueTable(), points: pointTable()}
}

// pointTable is how operations are emitted that look at places other than their own, or at none.
func pointTable() map[*ir.OpDef]pointFunc {
	return map[*ir.OpDef]pointFunc{
		core.Constant: constant, tensor.Fill: constant, tensor.Iota: iota_, tensor.Cast: cast,
		tensor.Reshape: reshape, tensor.Expand: expand, tensor.Transpose: transpose, tensor.Slice: slice, tensor.Flip: flip,
		tensor.Concat: concat, tensor.Pad: pad,
		quant.Dequantize: dequantize, quant.Quantize: quantize, quant.Lookup: lookup,
		tensor.Index: index, tensor.Gather: gather,
		tensor.Sum: reduceBy(sumOf), tensor.Mean: reduceBy(meanOf), tensor.Prod: reduceBy(productOf),
		tensor.ReduceMax: reduceBy(maxOf), tensor.ReduceMin: reduceBy(minOf), tensor.Any: reduceBy(anyOf), tensor.All: reduceBy(allOf),
		nn.MaxPool: poolBy(maxPool), nn.AvgPool: poolBy(avgPool), nn.AdaptiveMaxPool: poolBy(adaptiveMaxPool), nn.AdaptiveAvgPool: poolBy(adaptiveAvgPool),
		tensor.Argmax: argReduce(true), tensor.Argmin: argReduce(false),
	}
}

// constant is a value that is the same everywhere.
func constant(e *emitter, op *ir.Op, _ point) (*kernel.Value, error) {
	elem := op.Result().Type.Elem
	if elem.IsComplex() || elem.Packed() {
		return nil, reason(op, "a constant of %s is not emitted", elem)
	}
	var t *host.Tensor
	if d, ok := op.Attr("value").(ir.Dense); ok {
		t = d.T
	} else {
		var err error
		if t, err = core.ScalarTensor(op.Attr("value"), elem); err != nil {
			return nil, reason(op, "%v", err)
		}
	}
	if t.Len() != 1 {
		return nil, reason(op, "the constant has %d elements, expected one: pass it as an operand", t.Len())
	}
	to := kernel.Type{Elem: computeElem(elem), Lanes: 1}
	switch x := host.At(t, 0).(type) {
	case float64:
		return e.Float(to, x), nil
	case int64:
		return e.Int(to, x), nil
	case uint64:
		return e.Int(to, int64(x)), nil
	case bool:
		if x {
			return e.Int(to, 1), nil
		}
		return e.Int(to, 0), nil
	}
	return nil, reason(op, "the constant is no number")
}

func iota_(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	t := op.Result().Type
	single, err := p.single(t.Shape)
	if err != nil {
		return nil, err
	}
	if err := computable(op, t.Elem); err != nil {
		return nil, err
	}
	q := single[op.Int("axis")]
	at := e.Index(host.I64, q.at)
	if !isZero(q.step) {
		lanes := e.Op(kernel.Mul, e.Lanes(kernel.Type{Elem: host.I64, Lanes: e.lanes}), e.Splat(e.Index(host.I64, q.step), e.lanes))
		at = e.Op(kernel.Add, e.Splat(at, e.lanes), lanes)
	}
	whole := true
	number := func(a ir.Attr) func(kernel.Type) *kernel.Value {
		switch v := a.(type) {
		case ir.Float:
			whole = false
			return func(t kernel.Type) *kernel.Value { return e.Number(t, float64(v)) }
		case ir.DimAttr:
			whole = false // as the engine counts sizes in f64
			return func(t kernel.Type) *kernel.Value { return e.Splat(e.Cast(e.Index(host.I64, v.Dim), t.Elem), t.Lanes) }
		case ir.Int:
			return func(t kernel.Type) *kernel.Value {
				if t.Elem == host.I64 {
					return e.Int(t, int64(v))
				}
				return e.Float(t, float64(v))
			}
		}
		return nil
	}
	start, step := number(op.Attr("start")), number(op.Attr("step"))
	if _, sized := op.Attr("start").(ir.DimAttr); sized {
		_, float := op.Attr("step").(ir.Float)
		whole = !float
	}
	if !whole {
		at = e.Cast(at, host.F64)
	}
	at = e.Op(kernel.Add, start(at.Type), e.Op(kernel.Mul, at, step(at.Type)))
	return e.convert(op, at, t.Elem)
}

func cast(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x, to := op.Operand(0), op.Result().Type.Elem
	if x.Type.Elem.IsComplex() || to.IsComplex() || to.Packed() || to.IsFloat() && to.Bits() == 8 {
		return nil, reason(op, "the cast from %s to %s is not emitted", x.Type.Elem, to)
	}
	v, err := e.value(x, p)
	if err != nil {
		return nil, err
	}
	return e.convert(op, v, to)
}

// convert is tensor.cast: floats that do not fit an integer, and NaN, become the least i32 or i64.
func (e *emitter) convert(op *ir.Op, v *kernel.Value, to host.Elem) (*kernel.Value, error) {
	from := v.Type.Elem
	switch {
	case to.Bits() < 8 || to.IsFloat() && to.Bits() == 8:
		return nil, reason(op, "a cast to %s is not emitted", to)
	case to == host.F16 || to == host.BF16:
		half := e.Cast(e.Cast(v, host.F32), to)
		wide := e.Cast(half, host.F32)
		return wide, nil
	case !from.IsFloat() || to.IsFloat() || to == host.Bool:
		return e.Cast(v, to), nil
	case to == host.I32:
		return e.truncated(v, to, -0x1p31, 0x1p31), nil
	case to == host.U64 || to.Kind() == host.KindUint:
		wide := e.truncated(v, host.I64, -0x1p63, 0x1p63)
		high := e.inRange(v, 0x1p63, 0x1p64)
		return e.Cast(e.Select(high, e.Cast(v, host.U64), e.Cast(wide, host.U64)), to), nil
	}
	return e.Cast(e.truncated(v, host.I64, -0x1p63, 0x1p63), to), nil
}

// inRange is where least - 1 < v < most; v >= least where f32 or f64 has no number between.
func (e *emitter) inRange(v *kernel.Value, least, most float64) *kernel.Value {
	low := e.Op(kernel.LessEqual, e.Float(v.Type, least), v)
	if v.Type.Elem == host.F64 && least == -0x1p31 {
		low = e.Op(kernel.Less, e.Float(v.Type, least-1), v)
	}
	return e.Op(kernel.And, low, e.Op(kernel.Less, v, e.Float(v.Type, most)))
}

func (e *emitter) truncated(v *kernel.Value, to host.Elem, least, most float64) *kernel.Value {
	n := e.Cast(v, to)
	return e.Select(e.inRange(v, least, most), n, e.Int(n.Type, math.MinInt64>>(64-to.Bits())))
}

func reshape(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	q, err := p.reshaped(e.g.env, op.In(0).Shape)
	if err != nil {
		return nil, reason(op, "%v", err)
	}
	return e.value(op.Operand(0), q)
}

func expand(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	q, err := p.broadcast(e.g.env, op.Result().Type.Shape, op.In(0).Shape)
	if err != nil {
		return nil, err
	}
	return e.value(op.Operand(0), q)
}

// transpose keeps parts whole whose axes stay neighbours.
func transpose(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	perm, shape := op.Ints("perm"), op.Result().Type.Shape
	var err error
	for i := 1; i < len(perm); i++ {
		if perm[i] != perm[i-1]+1 {
			if p, err = p.cut(shape, i); err != nil {
				return nil, err
			}
		}
	}
	if e.tile != nil {
		if v, ok, err := e.square(op, p); ok || err != nil {
			return v, err
		}
	}
	return e.value(op.Operand(0), p.transposed(perm))
}

// transposed gives the place in what is transposed; the parts' axes stay neighbours there.
func (p point) transposed(perm []int) point {
	starts := make([]int, len(p))
	axis := 0
	for i, q := range p {
		starts[i] = perm[axis]
		axis += q.axes
	}
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return starts[a] - starts[b] })
	var q point
	for _, i := range order {
		q = append(q, p[i])
	}
	return q
}

// alone splits the point so that one part is the axis alone, and gives a copy with that part's number.
func (p point) alone(shape []ir.Dim, axis int) (point, int, error) {
	p, err := p.cut(shape, axis)
	if err == nil {
		p, err = p.cut(shape, axis+1)
	}
	if err != nil {
		return nil, 0, err
	}
	at := 0
	for i, q := range p {
		if at == axis {
			return slices.Clone(p), i, nil
		}
		at += q.axes
	}
	return nil, 0, errLanes
}

func slice(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	p, i, err := p.alone(op.Result().Type.Shape, op.Int("axis"))
	if err != nil {
		return nil, err
	}
	by := ir.Const(int64(op.Int("step")))
	p[i] = part{axes: 1, size: op.In(0).Shape[op.Int("axis")], at: op.Dim("start").Add(p[i].at.Mul(by)), step: p[i].step.Mul(by)}
	return e.value(op.Operand(0), p)
}

func flip(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	p, err := p.single(op.Result().Type.Shape)
	if err != nil {
		return nil, err
	}
	p = slices.Clone(p)
	for _, axis := range op.Ints("axes") {
		p[axis].at, p[axis].step = p[axis].size.Sub(one).Sub(p[axis].at), p[axis].step.Neg()
	}
	return e.value(op.Operand(0), p)
}

// concat emits every operand under the condition that the place lies in it, and chooses.
func concat(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	axis := op.Int("axis")
	p, i, inner, err := p.leading(op.Result().Type.Shape, axis)
	if err != nil {
		return nil, err
	}
	var all *kernel.Value
	start := zero
	for k := range op.Operands {
		size := op.In(k).Shape[axis].Mul(inner)
		q := slices.Clone(p)
		q[i].size, q[i].at = size, p[i].at.Sub(start)
		start = start.Add(size)
		c := cond{at: q[i].at, step: q[i].step, least: zero, most: size.Sub(one)}
		switch e.holds(c) {
		case ir.True:
			return e.value(op.Operand(k), q)
		case ir.False:
			continue
		}
		err := e.under(c, func() error {
			v, err := e.value(op.Operand(k), q)
			if err != nil {
				return err
			}
			if all == nil {
				all = v
				return nil
			}
			all = e.choose(c, v, all)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if all == nil {
		return nil, reason(op, "nothing is joined")
	}
	return all, nil
}

// choose gives a where the condition holds, else b.
func (e *emitter) choose(c cond, a, b *kernel.Value) *kernel.Value {
	pair := []*kernel.Value{a, b}
	e.level(pair)
	lanes := pair[0].Type.Lanes
	if !isZero(c.step) && lanes == 1 {
		lanes = e.lanes
		pair[0], pair[1] = e.Splat(a, lanes), e.Splat(b, lanes)
	}
	return e.Select(e.mask([]cond{c}, lanes), pair[0], pair[1])
}

func pad(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	if op.Str("mode") != string(host.PadConstant) {
		return nil, reason(op, "mode %s is not emitted", op.Str("mode"))
	}
	shape, low, high := op.Result().Type.Shape, op.Dims("low"), op.Dims("high")
	if err := computable(op, op.In(0).Elem); err != nil {
		return nil, err
	}
	fill, err := constant(e, op, nil)
	if err != nil {
		return nil, err
	}
	v, err := e.padded(op, p, shape, low, high, fill, 0)
	return v, err
}

// padded adds the condition of one axis after the other.
func (e *emitter) padded(op *ir.Op, p point, shape, low, high []ir.Dim, fill *kernel.Value, axis int) (*kernel.Value, error) {
	for axis < len(shape) && isZero(low[axis]) && isZero(high[axis]) {
		axis++
	}
	if axis == len(shape) {
		return e.value(op.Operand(0), p)
	}
	q, i, each, err := p.leading(shape, axis)
	if err != nil {
		return nil, err
	}
	inner := slices.Clone(shape)
	inner[axis] = op.In(0).Shape[axis]
	size := inner[axis].Mul(each)
	q[i].size, q[i].at = size, q[i].at.Sub(low[axis].Mul(each))
	c := cond{at: q[i].at, step: q[i].step, least: zero, most: size.Sub(one)}
	var v *kernel.Value
	switch e.holds(c) {
	case ir.True:
		return e.padded(op, q, inner, low, high, fill, axis+1)
	case ir.False:
		return fill, nil
	}
	err = e.under(c, func() error {
		v, err = e.padded(op, q, inner, low, high, fill, axis+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e.choose(c, v, fill), nil
}
