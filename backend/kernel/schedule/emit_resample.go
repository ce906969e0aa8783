package schedule

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// resampling emits elements of nn.upsample: weighted sums on one axis of weighted sums on those before it.
type resampling struct {
	*emitter
	op   *ir.Op
	elem host.Elem // places and weights are computed in it, as in the reference
	axes []resampled
}

// resampled is what is read on one spatial axis. With lanes along it, what they need lies in a vector that starts where the first
// lane reads, from which they pick.
type resampled struct {
	taps []resampleTap
	only *kernel.Value // where the first tap alone counts; nil for nowhere
}

type resampleTap struct {
	part
	conds  []cond
	pick   *kernel.Value // nil: every lane has its own
	weight *kernel.Value // nil: 1
}

func resample(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x, y := op.Operand(0).Type, op.Result().Type
	mode := op.Str("mode")
	if err := computable(op, x.Elem); err != nil {
		return nil, err
	}
	smooth := mode == "linear" || mode == "cubic"
	if op.Bool("antialias") && smooth || smooth && !x.Elem.IsFloat() {
		return nil, reason(op, "mode %s of %s, or with antialias, is not emitted", mode, x.Elem)
	}
	p, err := p.single(y.Shape)
	if err != nil {
		return nil, err
	}
	r := resampling{emitter: e, op: op, elem: host.F32}
	if x.Elem == host.F64 {
		r.elem = host.F64
	}
	scales, err := nn.ScaleFactors(op)
	if err != nil {
		return nil, err
	}
	for i, q := range p[2:] {
		scale := 0.0
		if scales != nil {
			scale = scales[i]
		}
		a, err := r.axis(x.Shape[2+i], y.Shape[2+i], scale, q)
		if err != nil {
			return nil, err
		}
		r.axes = append(r.axes, a)
	}
	return r.sum(slices.Clone(p), len(r.axes)-1)
}

// sum is the weighted sum on an axis and those before it.
func (r resampling) sum(p point, axis int) (*kernel.Value, error) {
	if axis < 0 {
		return r.value(r.op.Operand(0), p)
	}
	var first, all *kernel.Value
	for _, t := range r.axes[axis].taps {
		q := slices.Clone(p)
		q[2+axis] = t.part
		outer := r.conds
		if t.pick != nil { // the lanes are others
			r.conds = append(sameForAll(outer), t.conds...)
		}
		v, err := r.sum(q, axis-1)
		r.conds = outer
		if err != nil {
			return nil, err
		}
		if t.pick != nil {
			v = r.Op(kernel.Pick, r.spread(v, r.lanes), t.pick)
		}
		if first == nil {
			first = v
		}
		if t.weight != nil {
			pair := []*kernel.Value{v, t.weight}
			r.level(pair)
			v = r.Op(kernel.Mul, pair...)
		}
		if all != nil {
			pair := []*kernel.Value{all, v}
			r.level(pair)
			v = r.Op(kernel.Add, pair...)
		}
		all = v
	}
	if only := r.axes[axis].only; only != nil {
		three := []*kernel.Value{only, first, all}
		r.level(three)
		all = r.Select(three[0], three[1], three[2])
	}
	return all, nil
}

// step is the distance between the places of results on an axis: a number, or one that is computed.
func (r resampling) step(n, m ir.Dim, scale float64) (known float64, v *kernel.Value) {
	t := kernel.Type{Elem: r.elem, Lanes: 1}
	corners := r.op.Bool("align_corners") && r.smooth()
	from, to := n, m
	if corners {
		from, to = n.Sub(one), m.Sub(one)
	}
	a, ok := from.IsConst()
	b, okTo := to.IsConst()
	switch {
	case corners && okTo && b == 0:
		return 0, r.Float(t, 0)
	case !corners && scale > 0:
		return 1 / scale, r.Float(t, 1/scale)
	case ok && okTo && r.elem == host.F32:
		return float64(a) / float64(b), r.Float(t, float64(float32(a)/float32(b)))
	case ok && okTo:
		return float64(a) / float64(b), r.Float(t, float64(a)/float64(b))
	}
	v = r.Op(kernel.Div, r.Cast(r.Index(host.I64, from), r.elem), r.Cast(r.Index(host.I64, to), r.elem))
	if corners {
		single := r.Op(kernel.Equal, r.Index(host.I64, to), r.Int(kernel.Type{Elem: host.I64, Lanes: 1}, 0))
		v = r.Select(single, r.Float(t, 0), v)
	}
	return math.Inf(1), v
}

func (r resampling) smooth() bool { m := r.op.Str("mode"); return m == "linear" || m == "cubic" }

// axis says what is read on an axis of n elements for a result of m.
func (r resampling) axis(n, m ir.Dim, scale float64, q part) (resampled, error) {
	known, step := r.step(n, m, scale)
	mode := r.op.Str("mode")
	if n.Equal(m) && (known == 1 || scale == 0 || mode == "linear") {
		q.size = n
		return resampled{taps: []resampleTap{{part: q}}}, nil
	}
	if r.g.env.Prove(ir.Cond{Left: one, Rel: ir.RelLE, Right: n}) != ir.True {
		return resampled{}, reason(r.op, "the axis may be empty")
	}
	lanes := 1
	if !isZero(q.step) {
		if lanes = r.lanes; !isOne(q.step) || known > 0.999 && known != 1 {
			return resampled{}, errLanes
		}
	}
	first := r.places(q.at, 1, step)
	all := first
	if lanes > 1 {
		all = r.places(q.at, lanes, step)
	}
	c := calc{r.emitter, all.Type}
	var list []resampleTap
	add := func(by int64, weight *kernel.Value) {
		t := resampleTap{weight: weight}
		at := func(place *kernel.Value) *kernel.Value {
			v := r.Cast(r.Op(kernel.Floor, place), host.I64)
			v = r.Op(kernel.Add, v, r.Int(v.Type, by))
			v = r.Op(kernel.Max, v, r.Int(v.Type, 0))
			return r.Op(kernel.Min, v, r.Splat(r.Index(host.I64, n.Sub(one)), v.Type.Lanes))
		}
		start := at(first)
		base := r.Bind(start, "at", zero, n.Sub(one), nil)
		r.vars = append(r.vars, base.Symbols()...) // what depends on it stays behind it
		t.part = part{axes: 1, size: n, at: base, step: zero}
		if lanes > 1 {
			t.step = one
			t.conds = []cond{{at: base, step: one, least: zero, most: n.Sub(one)}}
			t.pick = r.Cast(r.Op(kernel.Sub, at(all), r.Splat(start, lanes)), host.I32)
		}
		list = append(list, t)
	}
	weights, err := r.weights(c, all, m)
	if err != nil {
		return resampled{}, err
	}
	from := int64(0)
	if len(weights) == 4 {
		from = -1
	}
	for i, w := range weights {
		add(from+int64(i), w)
	}
	a := resampled{taps: list}
	if mode == "linear" {
		last := r.Splat(r.Cast(r.Index(host.I64, n.Sub(one)), r.elem), lanes)
		a.only = r.Op(kernel.LessEqual, last, all)
	}
	return a, nil
}

// places are where results lie among the elements.
func (r resampling) places(at ir.Dim, lanes int, step *kernel.Value) *kernel.Value {
	i := r.Splat(r.Index(host.I64, at), lanes)
	if lanes > 1 {
		i = r.Op(kernel.Add, i, r.Lanes(i.Type))
	}
	c := calc{r.emitter, kernel.Type{Elem: r.elem, Lanes: lanes}}
	v, s := r.Cast(i, r.elem), r.Splat(step, lanes)
	switch mode := r.op.Str("mode"); {
	case mode == "nearest", r.op.Bool("align_corners") && r.smooth():
		v = c.mul(s, v)
	case mode == "nearest_exact":
		v = c.mul(s, c.add(v, c.n(0.5)))
	default:
		v = c.sub(c.mul(s, c.add(v, c.n(0.5))), c.n(0.5))
	}
	if r.op.Str("mode") == "linear" {
		v = r.Op(kernel.Max, v, c.n(0))
	}
	return v
}

// weights are those of the elements around places: none for one element.
func (r resampling) weights(c calc, place *kernel.Value, m ir.Dim) ([]*kernel.Value, error) {
	elem := r.op.In(0).Elem
	if !r.smooth() {
		return []*kernel.Value{nil}, nil
	}
	rounds := isHalf(elem)
	if mode := r.op.Str("mode"); mode == "linear" && rounds && len(r.op.Result().Type.Shape) == 4 { // as in the reference
		shape := r.op.Result().Type.Shape
		total, ok := shape[2].Add(shape[3]).IsConst()
		if !ok {
			return nil, reason(r.op, "open sizes of %s are not emitted", elem)
		}
		rounds = total > 128
	}
	round := func(v *kernel.Value) *kernel.Value {
		if rounds {
			return r.rounded(v, elem)
		}
		return v
	}
	part := c.sub(place, c.one(kernel.Floor, place))
	if r.op.Str("mode") == "linear" {
		w := round(part)
		return []*kernel.Value{round(c.sub(c.n(1), w)), w}, nil
	}
	const a = -0.75 // Keys' kernel, in Horner's form as in the reference
	far := func(x *kernel.Value) *kernel.Value {
		v := c.sub(c.mul(c.n(a), x), c.n(5*a))
		v = c.add(c.mul(v, x), c.n(8*a))
		return c.sub(c.mul(v, x), c.n(4*a))
	}
	near := func(x *kernel.Value) *kernel.Value {
		v := c.sub(c.mul(c.n(a+2), x), c.n(a+3))
		return c.add(c.mul(c.mul(v, x), x), c.n(1))
	}
	return []*kernel.Value{round(far(c.add(part, c.n(1)))), round(near(part)), round(near(c.sub(c.n(1), part))), round(far(c.sub(c.n(2), part)))}, nil
}
