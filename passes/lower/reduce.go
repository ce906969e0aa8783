package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// axesOf are the axes that a reduction names in dim; all of them where it names none.
func (c *Call) axesOf(x *ir.Value) []int { return c.Axes("dim", x.Type.Rank()) }

// keep is the argument keepdim; false where the target has none.
func (c *Call) keep() bool { return c.Has("keepdim") && c.Bool("keepdim") }

// reductions holds the targets that reduce axes or run along one.
func reductions(t *Table) {
	for _, e := range []named{
		{"aten.sum", tensor.Sum}, {"aten.prod", tensor.Prod}, {"aten.mean", tensor.Mean},
		{"aten.amax", tensor.ReduceMax}, {"aten.max.default", tensor.ReduceMax}, {"aten.amin", tensor.ReduceMin}, {"aten.min.default", tensor.ReduceMin},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Out(c.self())
			return c.ReshapeTo(c.reduceNumbers(e.def, x, c.keep(), c.axesOf(x)...), c.Result(0))
		}))
	}
	for _, e := range []named{{"aten.any", tensor.Any}, {"aten.all", tensor.All}, {"aten._is_any_true", tensor.Any}, {"aten._is_all_true", tensor.All}} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.Cast(c.Value("self"), host.Bool)
			if r := c.Result(0).Rank(); r == x.Type.Rank() && !c.keep() { // an empty list of axes reduces nothing
				return c.Out(x)
			}
			return c.Out(c.Reduce(e.def, x, c.keep(), c.axesOf(x)...))
		}))
	}
	t.Add("aten.nansum", One(func(c *Call) *ir.Value {
		x := c.Out(c.Value("self"))
		return c.Sum(c.withoutNaN(x), c.keep(), c.axesOf(x)...)
	}))
	t.Add("aten.nanmean", Math(func(c *Call) *ir.Value {
		x := c.Value("self")
		axes := c.axesOf(x)
		there := c.Cast(c.Not(c.isNaN(x)), x.Type.Elem)
		return c.Div(c.Sum(c.withoutNaN(x), c.keep(), axes...), c.Sum(there, c.keep(), axes...))
	}))
	t.Add("aten.count_nonzero", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		return c.Sum(c.Cast(c.Cast(x, host.Bool), host.I64), false, c.axesOf(x)...)
	}))
	t.Add("aten.logsumexp", Math(func(c *Call) *ir.Value {
		x := c.Value("self")
		return c.logSumExp(x, c.keep(), c.axesOf(x)...)
	}))
	t.Add("aten.special_logsumexp", t.Lookup("aten.logsumexp"))
	for _, target := range []string{"aten.var", "aten.std"} {
		spread := func(c *Call) []*ir.Value {
			x := c.Value("self")
			v, mean := c.variance(c.Cast(x, opmath(x.Type.Elem)))
			if target == "aten.std" {
				v = c.Sqrt(v)
			}
			return []*ir.Value{c.Out(v), c.Cast(mean, x.Type.Elem)}
		}
		t.Add(target, All(func(c *Call) []*ir.Value { return spread(c)[:1] }))
		t.Add(target+"_mean", All(spread))
	}
	extremes(t)
	for _, e := range []named{{"aten.cumsum", tensor.Cumsum}, {"aten.cumprod", tensor.Cumprod}, {"aten.logcumsumexp", tensor.Logcumsumexp}, {"aten._logcumsumexp", tensor.Logcumsumexp}} {
		t.Add(e.target, One(func(c *Call) *ir.Value { return c.along(e.def, c.Out(c.Value("self")))[0] }))
	}
	for _, e := range []named{{"aten.cummax", tensor.Cummax}, {"aten.cummin", tensor.Cummin}} {
		t.Add(e.target, All(func(c *Call) []*ir.Value {
			vs := c.along(e.def, c.numbers(c.Value("self")))
			vs[0] = c.Out(vs[0])
			return vs
		}))
	}
	t.Add("aten.diff", One(diff))
	t.Add("aten.gradient", All(gradient))
	t.Add("aten.trapezoid", One(func(c *Call) *ir.Value { return c.trapezoid(true) }))
	t.Add("aten.trapz", t.Lookup("aten.trapezoid"))
	t.Add("aten.cumulative_trapezoid", One(func(c *Call) *ir.Value { return c.trapezoid(false) }))
}

// numbers is x, or its 0s and 1s where it is bool.
func (c *Call) numbers(x *ir.Value) *ir.Value {
	if x.Type.Elem == host.Bool {
		return c.Cast(x, host.U8)
	}
	return x
}

// reduceNumbers reduces numbers; bool is seen as 0 and 1 on the way.
func (c *Call) reduceNumbers(def *ir.OpDef, x *ir.Value, keep bool, axes ...int) *ir.Value {
	return c.Cast(c.Reduce(def, c.numbers(x), keep, axes...), x.Type.Elem)
}

func (c *Call) withoutNaN(x *ir.Value) *ir.Value {
	if !x.Type.Elem.IsFloat() {
		return x
	}
	return c.Where(c.isNaN(x), c.Like(x, 0), x)
}

// extremes are the largest and smallest elements and where they are.
func extremes(t *Table) {
	for _, e := range []struct {
		target string
		index  *ir.OpDef
	}{{"aten.argmax", tensor.Argmax}, {"aten.argmin", tensor.Argmin}} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x := c.numbers(c.Value("self"))
			if !c.Has("dim") {
				return c.ReshapeTo(c.argReduce(e.index, c.Flat(x), 0, false), c.Result(0))
			}
			return c.argReduce(e.index, x, c.Axis("dim", x.Type.Rank()), c.keep())
		}))
	}
	for _, e := range []struct {
		target       string
		value, index *ir.OpDef
	}{{"aten.max.dim", tensor.ReduceMax, tensor.Argmax}, {"aten.min.dim", tensor.ReduceMin, tensor.Argmin}} {
		t.Add(e.target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			axes := c.axesOf(x)
			vs := []*ir.Value{c.reduceNumbers(e.value, x, c.keep(), axes...), nil}
			if c.Used(1) {
				vs[1] = c.argReduce(e.index, c.numbers(x), c.Axis("dim", x.Type.Rank()), c.keep())
			}
			return vs
		}))
	}
	t.Add("aten.aminmax", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		axes := c.axesOf(x)
		return []*ir.Value{
			c.ReshapeTo(c.reduceNumbers(tensor.ReduceMin, x, c.keep(), axes...), c.Result(0)),
			c.ReshapeTo(c.reduceNumbers(tensor.ReduceMax, x, c.keep(), axes...), c.Result(1)),
		}
	}))
	t.Add("aten._aminmax", t.Lookup("aten.aminmax"))
}

// argReduce builds argmax or argmin along an axis; for rank 0 the answer is 0.
func (c *Call) argReduce(def *ir.OpDef, x *ir.Value, axis int, keep bool) *ir.Value {
	if x.Type.Rank() == 0 {
		return c.Const(ir.Int(0), host.I64)
	}
	return c.One(def, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("keep_dims", ir.Bool(keep))}, x)
}

// along builds an operation that runs along the axis in dim; rank 0 counts as an axis of one element.
func (c *Call) along(def *ir.OpDef, x *ir.Value) []*ir.Value {
	axis := c.Axis("dim", x.Type.Rank())
	attrs := ir.Attrs{ir.Set("axis", ir.Int(axis))}
	if x.Type.Rank() > 0 {
		return append([]*ir.Value(nil), c.Emit(def, attrs, x)...)
	}
	var vs []*ir.Value
	for _, v := range c.Emit(def, attrs, c.Unsqueeze(x, 0)) {
		vs = append(vs, c.Squeeze(v, 0))
	}
	return vs
}

// logSumExp is log(sum(exp(x))), computed around the largest element.
func (c *Call) logSumExp(x *ir.Value, keep bool, axes ...int) *ir.Value {
	if len(axes) == 0 {
		return x
	}
	if x.Type.NumElements().Equal(ir.Const(0)) { // there is no largest
		return c.Log(c.Sum(c.Exp(x), keep, axes...))
	}
	real := x
	if x.Type.Elem.IsComplex() {
		real = c.One(tensor.Real, nil, x)
	}
	top := c.Reduce(tensor.ReduceMax, real, true, axes...)
	top = c.Cast(c.Where(c.isInf(top), c.Like(top, 0), top), x.Type.Elem)
	v := c.Add(c.Log(c.Sum(c.Exp(c.Sub(x, top)), true, axes...)), top)
	if keep {
		return v
	}
	return c.Squeeze(v, axes...)
}

// variance is the variance along the axes in dim and the mean, with n - correction as divisor.
func (c *Call) variance(x *ir.Value) (variance, mean *ir.Value) {
	correction := 1.0
	if c.Has("correction") {
		correction = c.Float("correction")
	} else if c.Has("unbiased") && !c.Bool("unbiased") {
		correction = 0
	}
	return c.varianceOver(x, correction, c.keep(), c.axesOf(x)...)
}

func (c *Call) varianceOver(x *ir.Value, correction float64, keep bool, axes ...int) (variance, mean *ir.Value) {
	mean = c.Reduce(tensor.Mean, x, true, axes...)
	off := c.Sub(x, mean)
	if off.Type.Elem.IsComplex() {
		off = c.Abs(off)
	}
	n := c.Number(x, off.Type.Elem, axes...)
	if correction != 0 {
		n = c.Max(c.AddN(n, -correction), c.Like(off, 0))
	}
	variance = c.Div(c.Sum(c.Mul(off, off), true, axes...), n)
	if keep {
		return variance, mean
	}
	return c.Squeeze(variance, axes...), c.Squeeze(mean, axes...)
}

func diff(c *Call) *ir.Value {
	x := c.Value("self")
	if c.Int("n") == 0 {
		return x
	}
	axis := c.Axis("dim", x.Type.Rank())
	var parts []*ir.Value
	for _, v := range []*ir.Value{c.Maybe("prepend"), x, c.Maybe("append")} {
		if v != nil {
			parts = append(parts, c.Out(v))
		}
	}
	x = c.Concat(axis, parts...)
	for range c.Int("n") {
		size, one := x.Type.Shape[axis], ir.Const(1)
		if n, ok := size.IsConst(); ok && n == 0 {
			break
		}
		a, b := c.Slice(x, axis, one, size, 1), c.Slice(x, axis, ir.Const(0), size.Sub(one), 1)
		if x.Type.Elem == host.Bool {
			x = c.Compare(tensor.Ne, a, b)
		} else {
			x = c.Sub(a, b)
		}
	}
	return x
}

// gradient estimates derivatives along axes by central differences, and by one-sided ones at the ends.
func gradient(c *Call) []*ir.Value {
	x := c.Value("self")
	rank := x.Type.Rank()
	axes := axesFrom(0, rank)
	if c.Has("dim") {
		axes = c.Axes("dim", rank)
	}
	vs := make([]*ir.Value, len(axes))
	for i, axis := range axes {
		h := 1.0 // the distance of neighbours
		if spacing := c.Arg("spacing"); c.Has("spacing") {
			if list, ok := spacing.(ir.List); ok {
				if _, tensors := list[0].(ir.Ref); tensors {
					c.Failf("spacing by coordinates is not supported, only by one number for each axis")
				}
				h = c.Floats("spacing")[i]
			} else if ints, ok := spacing.(ir.Ints); ok {
				h = float64(ints[i])
			} else {
				h = c.Float("spacing")
			}
		}
		vs[i] = c.Cast(c.derivative(c.Cast(x, opmath(c.Result(i).Elem)), axis, h), c.Result(i).Elem)
	}
	return vs
}

func (c *Call) derivative(x *ir.Value, axis int, h float64) *ir.Value {
	n := x.Type.Shape[axis]
	from := func(i, j ir.Dim) *ir.Value { return c.Slice(x, axis, i, j, 1) }
	at := func(i int64) *ir.Value { // a negative one counts from the end
		d := ir.Const(i)
		if i < 0 {
			d = n.Add(d)
		}
		return from(d, d.Add(ir.Const(1)))
	}
	inner := c.MulN(c.Sub(from(ir.Const(2), n), from(ir.Const(0), n.Sub(ir.Const(2)))), 0.5/h)
	first, last := c.MulN(c.Sub(at(1), at(0)), 1/h), c.MulN(c.Sub(at(-1), at(-2)), 1/h)
	if c.Int("edge_order") == 2 {
		edge := func(a, b, z *ir.Value, sign float64) *ir.Value { // (-3a + 4b - z) / 2h
			return c.MulN(c.Sub(c.Sub(c.MulN(b, 4), c.MulN(a, 3)), z), sign*0.5/h)
		}
		first, last = edge(at(0), at(1), at(2), 1), edge(at(-1), at(-2), at(-3), -1)
	}
	return c.Concat(axis, first, inner, last)
}

// trapezoid integrates y along an axis by the trapezoidal rule, in all or up to each place. Given x, PyTorch multiplies
// integers as such, and sums them as i64.
func (c *Call) trapezoid(total bool) *ir.Value {
	y := c.Value("y")
	axis := c.Axis("dim", y.Type.Rank())
	pairs := func(v *ir.Value, axis int) (after, before *ir.Value) {
		size, one := v.Type.Shape[axis], ir.Const(1)
		return c.Slice(v, axis, one, size, 1), c.Slice(v, axis, ir.Const(0), size.Sub(one), 1)
	}
	var area *ir.Value // twice of each piece
	if x := c.Maybe("x"); x != nil {
		e := c.Promote("x", "y")
		if x.Type.Rank() == 1 {
			x = c.alongAxis(x, axis, y.Type.Rank())
		}
		after, before := pairs(c.Cast(y, e), axis)
		height := c.Add(after, before)
		after, before = pairs(c.Cast(x, e), axis+x.Type.Rank()-y.Type.Rank())
		area = c.Mul(height, c.Sub(after, before))
		if e.IsInt() {
			area = c.Cast(area, host.I64)
		}
	} else {
		after, before := pairs(y, axis)
		area = c.scaled(c.Out(c.Add(after, before)), "dx")
	}
	if total {
		area = c.Sum(area, false, axis)
	} else {
		area = c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(axis))}, area)
	}
	return c.MulN(c.Out(area), 0.5)
}

// norm is the p-norm along axes.
func (c *Call) norm(x *ir.Value, p float64, keep bool, axes ...int) *ir.Value {
	size := x
	if p != 2 || x.Type.Elem.IsComplex() {
		size = c.Abs(x)
	}
	switch {
	case math.IsInf(p, 1):
		return c.Reduce(tensor.ReduceMax, size, keep, axes...)
	case math.IsInf(p, -1):
		return c.Reduce(tensor.ReduceMin, size, keep, axes...)
	case p == 0:
		return c.Sum(c.Cast(c.Cast(size, host.Bool), size.Type.Elem), keep, axes...)
	case len(axes) == 0:
		return c.Abs(x)
	case p == 1:
		return c.Sum(size, keep, axes...)
	case p == 2:
		return c.Sqrt(c.Sum(c.Mul(size, size), keep, axes...))
	}
	return c.Pow(c.Sum(c.Pow(size, c.Like(size, p)), keep, axes...), c.Like(size, 1/p))
}
