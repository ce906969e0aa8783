package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// pooling is how the elements of a window are combined.
type pooling struct {
	reduction
	adaptive bool
}

var (
	maxPool         = pooling{reduction: maxOf}
	avgPool         = pooling{reduction: meanOf}
	adaptiveMaxPool = pooling{maxOf, true}
	adaptiveAvgPool = pooling{meanOf, true}
)

// mostTaps is how many elements of a window are taken one after the other without a loop.
const mostTaps = 25

// window is what one spatial axis of a pool's places cover: elements at + k*far for k below n, those with inside.
type poolWindow struct {
	at, step ir.Dim
	n, far   int64
	inside   []cond // of element 0; far is added for the others
	counted  ir.Dim // the last element, or padding, that counts for a mean with padding
}

func poolBy(p pooling) pointFunc {
	return func(e *emitter, op *ir.Op, at point) (*kernel.Value, error) {
		x := op.Operand(0)
		if err := computable(op, x.Type.Elem); err != nil {
			return nil, err
		}
		if p.mean && !x.Type.Elem.IsFloat() {
			return nil, reason(op, "means of %s are not emitted", x.Type.Elem)
		}
		at, err := at.single(op.Results[0].Type.Shape)
		if err != nil {
			return nil, err
		}
		windows, err := p.windows(op, at)
		if err != nil {
			return nil, err
		}
		return p.emit(e, op, slices.Clone(at), windows)
	}
}

// windows are those of each spatial axis.
func (p pooling) windows(op *ir.Op, at point) ([]poolWindow, error) {
	lead := nn.SpatialAxis(op)
	shape, out := op.In(0).Shape, op.Results[0].Type.Shape
	var list []poolWindow
	if p.adaptive {
		for i := range op.Dims("output") {
			w, err := adaptiveWindow(op, shape[lead+i], out[lead+i], at[lead+i])
			if err != nil {
				return nil, err
			}
			list = append(list, w)
		}
		return list, nil
	}
	per := func(name string, i int, none int64) int64 {
		if !op.Has(name) {
			return none
		}
		return int64(op.Ints(name)[i])
	}
	n := ir.Const
	for i, k := range op.Ints("kernel") {
		low, high := per("low", i, 0), per("high", i, 0)
		if p.mean {
			low, high = per("padding", i, 0), per("padding", i, 0)
		}
		stride, far, size, q := per("stride", i, int64(k)), per("dilation", i, 1), shape[lead+i], at[lead+i]
		w := poolWindow{at: q.at.Mul(n(stride)).Sub(n(low)), step: q.step.Mul(n(stride)), n: int64(k), far: far, counted: size.Add(n(high - 1))}
		last := out[lead+i].Sub(one).Mul(n(stride)).Add(n((int64(k)-1)*far - low))
		if end, ok := last.Sub(size).IsConst(); low > 0 || !ok || end >= 0 {
			w.inside = []cond{{at: w.at, step: w.step, least: zero, most: size.Sub(one)}}
		}
		list = append(list, w)
	}
	return list, nil
}

// adaptiveWindow is part q of n elements that are divided into m parts.
func adaptiveWindow(op *ir.Op, size, out ir.Dim, q part) (poolWindow, error) {
	n, ok := size.IsConst()
	m, okOut := out.IsConst()
	if !ok || !okOut || n == 0 || m == 0 {
		return poolWindow{}, reason(op, "parts of open sizes, or of none, are not emitted")
	}
	if each := n / m; n%m == 0 {
		return poolWindow{at: q.at.Mul(ir.Const(each)), step: q.step.Mul(ir.Const(each)), n: each, far: 1}, nil
	}
	if !isZero(q.step) {
		return poolWindow{}, errLanes
	}
	start := q.at.Mul(size).FloorDiv(out)
	end := ceilDiv(q.at.Add(one).Mul(size), out)
	w := poolWindow{at: start, step: zero, n: n/m + 2, far: 1}
	w.inside = []cond{{at: start, step: zero, least: zero, most: size.Sub(one)}, {at: start, step: zero, least: zero, most: end.Sub(one)}}
	return w, nil
}

// emit combines the elements of the windows.
func (p pooling) emit(e *emitter, op *ir.Op, at point, windows []poolWindow) (*kernel.Value, error) {
	elem := computeElem(op.In(0).Elem)
	lanes := 1
	if !at.uniform() {
		lanes = e.lanes
	}
	taps := int64(1)
	for _, w := range windows {
		taps *= w.n
	}
	carried := elem
	if p.long(elem, taps) {
		carried = e.target.wide()
	}
	acc := []*kernel.Value{p.start(e, kernel.Type{Elem: carried, Lanes: lanes})}
	counts := p.mean && p.counts(op, windows)
	if counts {
		acc = append(acc, e.Number(acc[0].Type, 0))
	}
	lead := nn.SpatialAxis(op)
	take := func(ks []ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return p.element(e, op, at, lead, windows, ks, acc)
	}
	sums, err := eachTap(e, windows, taps <= mostTaps, nil, acc, take)
	if err != nil || !p.mean {
		return sums[0], err
	}
	divisor := e.Number(acc[0].Type, float64(taps))
	if n := poolDivisor(op); n != 0 {
		divisor = e.Number(acc[0].Type, float64(n))
	} else if counts {
		divisor = sums[1]
	}
	return e.Cast(e.Op(kernel.Div, sums[0], divisor), elem), nil
}

func poolDivisor(op *ir.Op) int {
	if !op.Has("divisor") {
		return 0
	}
	return op.Int("divisor")
}

// counts reports windows of which some have other numbers of elements that count than others.
func (p pooling) counts(op *ir.Op, windows []poolWindow) bool {
	if poolDivisor(op) != 0 {
		return false
	}
	return slices.ContainsFunc(windows, func(w poolWindow) bool { return len(w.inside) > 0 }) && (!countsPadding(op) || op.Bool("ceil_mode"))
}

// countsPadding reports a mean of elements and padding.
func countsPadding(op *ir.Op) bool {
	return op.Has("count_include_pad") && op.Bool("count_include_pad")
}

// eachTap goes over the elements of windows, in the order of the axes.
func eachTap(e *emitter, windows []poolWindow, flat bool, ks []ir.Dim, acc []*kernel.Value, take func([]ir.Dim, []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	if len(ks) == len(windows) {
		return take(ks, acc)
	}
	n := windows[len(ks)].n
	inner := func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return eachTap(e, windows, flat, append(ks[:len(ks):len(ks)], k), acc, take)
	}
	if !flat {
		return e.loop(kernel.Serial, "k", ir.Const(n), acc, inner)
	}
	var err error
	for k := range n {
		if acc, err = inner(ir.Const(k), acc); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

// element takes one element of the windows.
func (p pooling) element(e *emitter, op *ir.Op, at point, lead int, windows []poolWindow, ks []ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
	x := op.Operand(0)
	q := slices.Clone(at)
	var conds, counted []cond
	for i, w := range windows {
		far := ks[i].Mul(ir.Const(w.far))
		q[lead+i] = part{axes: 1, size: x.Type.Shape[lead+i], at: w.at.Add(far), step: w.step}
		for _, c := range w.inside {
			c.at = c.at.Add(far)
			conds = append(conds, c)
			c.least, c.most = c.at.Min(zero), w.counted
			counted = append(counted, c)
		}
	}
	outer := e.conds
	e.conds = append(outer[:len(outer):len(outer)], conds...)
	v, err := e.value(x, q)
	e.conds = outer
	if err != nil {
		return nil, err
	}
	lanes := acc[0].Type.Lanes
	v = e.spread(e.Cast(v, acc[0].Type.Elem), lanes)
	if len(conds) > 0 {
		v = e.Select(e.mask(conds, lanes), v, p.start(e, v.Type))
	}
	next := []*kernel.Value{e.Op(p.op, acc[0], v)}
	if len(acc) > 1 {
		of := conds
		if countsPadding(op) {
			of = counted
		}
		more := e.Number(acc[1].Type, 1)
		if len(of) > 0 {
			more = e.Select(e.mask(of, lanes), more, e.Number(acc[1].Type, 0))
		}
		next = append(next, e.Op(kernel.Add, acc[1], more))
	}
	return next, nil
}

// globalPool is the mean that an adaptive pool to one element is; ok is false for others.
func globalPool(op *ir.Op) (attrs ir.Attrs, ok bool) {
	if !op.Is(nn.AdaptiveAvgPool) || slices.ContainsFunc(op.Dims("output"), func(d ir.Dim) bool { return !isOne(d) }) {
		return nil, false
	}
	var axes []int
	for i := range op.Dims("output") {
		axes = append(axes, nn.SpatialAxis(op)+i)
	}
	return ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("keep_dims", ir.Bool(true))}, true
}

// asMean replaces such a pool in the copy of a group's operation.
func asMean(c *ir.Op) {
	if attrs, ok := globalPool(c); ok {
		c.Def, c.Attrs = tensor.Mean, attrs
	}
}
