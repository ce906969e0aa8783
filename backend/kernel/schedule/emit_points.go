package schedule

import (
	"maps"
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

func allTables(t Target) tables {
	values := valueTable()
	maps.Copy(values, functionTable())
	if t.wide() != host.F64 {
		maps.Copy(values, singleTable())
	}
	points := pointTable()
	if t.gpu() {
		maps.Copy(points, dotTable())
	}
	return tables{values: values, points: points, exact: exactTable()}
}

// pointTable is how operations are emitted that look at places other than their own, or at none.
func pointTable() map[*ir.OpDef]pointFunc {
	return map[*ir.OpDef]pointFunc{
		core.Constant: constant, tensor.Fill: constant, tensor.Iota: iota_, tensor.Cast: cast, tensor.Bitcast: bitcast,
		tensor.Reshape: reshape, tensor.Expand: expand, tensor.Transpose: transpose, tensor.Slice: slice, tensor.Flip: flip,
		tensor.Concat: concat, tensor.Pad: pad,
		quant.Dequantize: dequantize, quant.Quantize: quantize, quant.Lookup: lookup,
		tensor.Index: index, tensor.Gather: gather,
		tensor.Sum: reduceBy(sumOf), tensor.Mean: reduceBy(meanOf), tensor.Prod: reduceBy(productOf),
		tensor.ReduceMax: reduceBy(maxOf), tensor.ReduceMin: reduceBy(minOf), tensor.Any: reduceBy(anyOf), tensor.All: reduceBy(allOf),
		nn.MaxPool: poolBy(maxPool), nn.AvgPool: poolBy(avgPool), nn.AdaptiveMaxPool: poolBy(adaptiveMaxPool), nn.AdaptiveAvgPool: poolBy(adaptiveAvgPool),
		overlapped:    overlap,
		nn.Upsample:   resample,
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

// bitcast shows the bits of numbers that are computed as they are stored.
func bitcast(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	from, to := op.In(0), op.Result().Type
	for _, elem := range []host.Elem{from.Elem, to.Elem} {
		if computeElem(elem) != elem || elem == host.Bool || elem.IsComplex() || elem.Bits() != from.Elem.Bits() {
			return nil, reason(op, "the bits of %s as %s are not emitted", from.Elem, to.Elem)
		}
	}
	v, err := e.value(op.Operand(0), p)
	if err != nil {
		return nil, err
	}
	return e.Bits(v, to.Elem), nil
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
		at = e.Cast(at, e.target.wide())
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
	case isHalf(to):
		return e.rounded(e.Cast(v, host.F32), to), nil
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
