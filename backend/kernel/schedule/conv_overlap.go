package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// overlapped is the second half of a transposed convolution. Its operands are what each element of x makes of the window,
// [n, out, window..., spatial...], and the bias; an element of its result is the sum of those that reach it.
var overlapped = &ir.OpDef{Name: "nn.conv_transpose.overlap"}

// overlap replaces the transposed convolution that the group ends with by a matrix product and overlapped.
func (g *Group) overlap() error {
	op := g.Anchor
	p, err := nn.ConvTransposeParams(op)
	if err != nil {
		return err
	}
	x, w := op.Operand(0), op.Operand(1)
	g.Body = g.Body[:len(g.Body)-1]
	add := func(def *ir.OpDef, t ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
		return g.append(op.Loc, def, t, attrs, operands...)
	}
	elem := computeElem(x.Type.Elem) // sums are rounded once
	if elem != x.Type.Elem {
		for _, v := range []**ir.Value{&x, &w} {
			*v = add(tensor.Cast, ir.TensorOf(elem, (*v).Type.Shape...), nil, *v)
		}
	}
	of := func(shape ...ir.Dim) ir.Type { return ir.TensorOf(elem, shape...) }
	batch, groups, spatial, window := x.Type.Shape[0], num(int64(p.Groups)), x.Type.Shape[2:], w.Type.Shape[2:]
	channels, rows, places := x.Type.Shape[1].FloorDiv(groups), product(w.Type.Shape[1:]), product(spatial)
	w = add(tensor.Reshape, of(groups, channels, rows), nil, w)
	w = add(tensor.Transpose, of(groups, rows, channels), ir.Attrs{ir.Set("perm", ir.OfInts(0, 2, 1))}, w)
	x = add(tensor.Reshape, of(batch, groups, channels, places), nil, x)
	y := add(tensor.MatMul, of(batch, groups, rows, places), nil, w, x)
	g.Anchor = y.Def
	y = add(tensor.Reshape, of(slices.Concat(op.Result().Type.Shape[:2], window, spatial)...), nil, y)
	add(overlapped, op.Result().Type, op.Attrs, y, op.Operand(2))
	return nil
}

// overlapping emits elements of a result of overlapped.
type overlapping struct {
	*emitter
	host.ConvTransposeParams
	op     *ir.Op
	x      *ir.Value
	window []int64
	size   []ir.Dim // of what is transposed
	at     point    // one part an axis
	wide   int      // the axis of lanes whose neighbours are reached by other elements of the window; -1: none
	flat   bool     // elements of the window are taken one after the other without loops
}

func overlap(e *emitter, op *ir.Op, at point) (*kernel.Value, error) {
	at, err := at.single(op.Results[0].Type.Shape)
	if err != nil {
		return nil, err
	}
	o := overlapping{emitter: e, op: op, x: op.Operand(0), at: at, wide: -1}
	axes := len(at) - 2
	params := &ir.Op{Def: nn.ConvTranspose, Attrs: op.Attrs, Operands: []*ir.Value{{Type: ir.TensorOf(host.F32, op.Results[0].Type.Shape...)}}}
	if o.ConvTransposeParams, err = nn.ConvTransposeParams(params); err != nil {
		return nil, err
	}
	taps := int64(1)
	for _, d := range o.x.Type.Shape[2 : 2+axes] {
		n, ok := d.IsConst()
		if !ok {
			return nil, reason(op, "a window of open size is not emitted")
		}
		o.window, taps = append(o.window, n), taps*n
	}
	o.size, o.flat = o.x.Type.Shape[2+axes:], taps <= mostTaps
	lanes := 1
	if !at.uniform() {
		lanes = e.lanes
	}
	sums := 1
	for i, s := range o.Stride {
		if q := at[2+i]; s > 1 && !isZero(q.step) {
			if !isOne(q.step) || o.x.Def != nil || lanes%s != 0 || lanes/s < 2 || o.window[i] > mostTaps {
				return nil, errLanes
			}
			o.wide, sums, lanes = i, s, lanes/s
		}
	}
	acc := slices.Repeat([]*kernel.Value{e.Number(kernel.Type{Elem: computeElem(o.x.Type.Elem), Lanes: lanes}, 0)}, sums)
	if acc, err = o.along(tapped{}, acc); err != nil {
		return nil, err
	}
	y := o.interleave(acc)
	if bias := op.Operand(1); bias != nil {
		v, err := e.value(bias, point{at[1]})
		if err != nil {
			return nil, err
		}
		pair := []*kernel.Value{y, v}
		e.level(pair)
		y = e.Op(kernel.Add, pair...)
	}
	return y, nil
}

// tapped is an element of the window on the axes that have been gone over, and where in x it lies for the result that is emitted.
type tapped struct {
	window, places point
	conds          []cond // x has such an element
	sum            int    // which sum it belongs to
}

// behind adds an axis.
func (o overlapping) behind(t tapped, k, place, step ir.Dim, conds ...cond) tapped {
	axis := len(t.window)
	return tapped{
		window: append(slices.Clip(t.window), part{axes: 1, size: num(o.window[axis]), at: k}),
		places: append(slices.Clip(t.places), part{axes: 1, size: o.size[axis], at: place, step: step}),
		conds:  slices.Concat(t.conds, conds, []cond{{at: place, step: step, least: zero, most: o.size[axis].Sub(one)}}),
		sum:    t.sum,
	}
}

// along goes over the window on the axes that are left.
func (o overlapping) along(t tapped, acc []*kernel.Value) ([]*kernel.Value, error) {
	axis := len(t.window)
	if axis == len(o.window) {
		return o.take(t, acc)
	}
	n, q := o.window[axis], o.at[2+axis]
	s, d := num(int64(o.Stride[axis])), num(int64(o.Dilation[axis]))
	from := q.at.Add(num(int64(o.Padding[axis])))
	var tap func(k ir.Dim) (tapped, error)
	switch {
	case isOne(s):
		tap = func(k ir.Dim) (tapped, error) { return o.behind(t, k, from.Sub(k.Mul(d)), q.step), nil }
	case axis == o.wide:
		tap = func(k ir.Dim) (tapped, error) { return o.phase(t, k, from.Sub(k.Mul(d)), s) }
	case isOne(d): // every s-th element of the window
		n = (n + int64(o.Stride[axis]) - 1) / int64(o.Stride[axis])
		tap = func(j ir.Dim) (tapped, error) {
			k := from.Mod(s).Add(j.Mul(s))
			return o.behind(t, k, from.FloorDiv(s).Sub(j), zero, cond{at: k, step: zero, least: zero, most: num(o.window[axis] - 1)}), nil
		}
	default:
		tap = func(k ir.Dim) (tapped, error) {
			reach := from.Sub(k.Mul(d))
			return o.behind(t, k, reach.FloorDiv(s), zero, cond{at: reach.Mod(s), step: zero, least: zero, most: zero}), nil
		}
	}
	round := func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		next, err := tap(k)
		if err != nil {
			return nil, err
		}
		return o.along(next, acc)
	}
	if !o.flat && axis != o.wide {
		return o.loop(kernel.Serial, "k", num(n), acc, round)
	}
	var err error
	for k := range n {
		if acc, err = round(num(k), acc); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

// phase is an element of the window on the axis of lanes. With a stride of s, lanes that lie s apart are reached by neighbours, and
// have a sum of their own.
func (o overlapping) phase(t tapped, k, reach, s ir.Dim) (tapped, error) {
	rest, ok := reach.Mod(s).IsConst()
	if !ok {
		return t, errLanes
	}
	if rest > 0 {
		t.sum = o.Stride[o.wide] - int(rest) // the lane that is reached first
	}
	return o.behind(t, k, reach.Add(num(int64(t.sum))).FloorDiv(s), one), nil
}

// take adds what x has for an element of the window.
func (o overlapping) take(t tapped, acc []*kernel.Value) ([]*kernel.Value, error) {
	if slices.ContainsFunc(t.conds, cond.never) {
		return acc, nil
	}
	lanes := acc[0].Type.Lanes
	q := slices.Concat(o.at[:2], t.window, t.places)
	outer := o.conds
	defer func() { o.conds = outer }()
	var v *kernel.Value
	if o.wide < 0 {
		o.conds = append(slices.Clip(outer), t.conds...)
		var err error
		if v, err = o.value(o.x, q); err != nil {
			return nil, err
		}
		if o.x.Def != nil {
			v = o.Select(o.mask(t.conds, lanes), o.spread(v, lanes), o.nothing(v.Type.Elem, lanes))
		}
	} else {
		from, buf := q.linear(), o.buffers[o.x.Index]
		conds := o.checked(append(sameForAll(outer), t.conds...), from.at, one, buf)
		v = o.widen(o.x.Type.Elem, o.LoadLanes(buf, from.at, one, lanes, o.mask(conds, lanes)))
	}
	next := slices.Clone(acc)
	next[t.sum] = o.Op(kernel.Add, acc[t.sum], o.spread(v, lanes))
	return next, nil
}

// interleave puts the lanes of sums, whose number is a power of two, between each other.
func (o overlapping) interleave(sums []*kernel.Value) *kernel.Value {
	n := len(sums)
	if n == 1 {
		return sums[0]
	}
	var even, odd []*kernel.Value
	for i, v := range sums {
		if i%2 == 0 {
			even = append(even, v)
		} else {
			odd = append(odd, v)
		}
	}
	a, b := o.interleave(even), o.interleave(odd)
	lane := make([]int, 2*a.Type.Lanes)
	for i := range lane {
		lane[i] = i/2 + i%2*a.Type.Lanes
	}
	return o.Shuffle(a, b, lane...)
}
