package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// sorting holds order and what it finds: sort, topk, medians, quantiles, unique, search.
func sorting(t *Table) {
	t.Add("aten.sort", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		values, index := c.sorted(x, c.Axis("dim", x.Type.Rank()), c.Bool("descending"))
		return []*ir.Value{values, index}
	}))
	t.Add("aten.argsort", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		_, index := c.sorted(x, c.Axis("dim", x.Type.Rank()), c.Bool("descending"))
		return index
	}))
	t.Add("aten.msort", One(func(c *Call) *ir.Value {
		values, _ := c.sorted(c.Value("self"), 0, false)
		return values
	}))
	t.Add("aten.topk", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		if x.Type.Rank() == 0 {
			return []*ir.Value{x, c.Const(ir.Int(0), host.I64)}
		}
		vs := c.Emit(tensor.Topk, ir.Attrs{ir.Set("k", ir.OfDim(c.Dim("k"))), ir.Set("axis", ir.Int(c.Axis("dim", x.Type.Rank()))),
			ir.Set("largest", ir.Bool(c.Bool("largest"))), ir.Set("sorted", ir.Bool(c.Bool("sorted")))}, c.numbers(x))
		return []*ir.Value{c.Out(vs[0]), vs[1]}
	}))
	t.Add("aten.kthvalue", All(func(c *Call) []*ir.Value {
		return c.choose(tensor.KthValue, ir.Attrs{ir.Set("k", ir.OfDim(c.Dim("k").Sub(ir.Const(1))))})
	}))
	t.Add("aten.mode", All(func(c *Call) []*ir.Value { return c.choose(tensor.Mode, nil) }))
	for _, target := range []string{"aten.median", "aten.nanmedian"} {
		middle := func(c *Call) func(*ir.Value, int) *ir.Value {
			return func(x *ir.Value, axis int) *ir.Value { return c.middle(x, axis, target == "aten.nanmedian") }
		}
		t.Add(target+".default", One(func(c *Call) *ir.Value {
			return c.pick(c.Flat(c.Value("self")), 0, middle(c))[0]
		}))
		t.Add(target+".dim", All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.pick(x, c.Axis("dim", x.Type.Rank()), middle(c))
		}))
	}
	for _, target := range []string{"aten.quantile", "aten.nanquantile"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.quantile(target == "aten.nanquantile") }))
	}
	searches(t)
	uniques(t)
}

// sorted sorts along an axis; equal elements keep their order and NaN is the greatest.
func (c *Call) sorted(x *ir.Value, axis int, descending bool) (values, index *ir.Value) {
	if x.Type.Rank() == 0 {
		return x, c.Const(ir.Int(0), host.I64)
	}
	vs := c.Emit(tensor.Sort, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("descending", ir.Bool(descending))}, c.numbers(x))
	return c.Cast(vs[0], x.Type.Elem), vs[1]
}

// choose builds an operation that takes one element of each line along the axis in dim: value and place.
func (c *Call) choose(def *ir.OpDef, attrs ir.Attrs) []*ir.Value {
	x := c.Value("self")
	if x.Type.Rank() == 0 {
		return []*ir.Value{x, c.Const(ir.Int(0), host.I64)}
	}
	vs := c.Emit(def, attrs.With("axis", ir.Int(c.Axis("dim", x.Type.Rank()))), c.numbers(x))
	return []*ir.Value{c.ReshapeTo(c.Out(vs[0]), c.Result(0)), c.ReshapeTo(vs[1], c.Result(1))}
}

// pick takes one element of each sorted line along an axis: value and place. Which says its number, for all lines or
// one for each (as an axis of size 1).
func (c *Call) pick(x *ir.Value, axis int, which func(sorted *ir.Value, axis int) *ir.Value) []*ir.Value {
	if x.Type.Rank() == 0 {
		return []*ir.Value{x, c.Const(ir.Int(0), host.I64)}
	}
	values, index := c.sorted(x, axis, false)
	at := c.Expand(which(values, axis), withAxis(x.Type, axis, ir.Const(1)).Shape...)
	vs := []*ir.Value{c.Gather(values, at, axis), c.Gather(index, at, axis)}
	if !c.keep() {
		for i := range vs {
			vs[i] = c.Squeeze(vs[i], axis)
		}
	}
	return vs
}

// middle is the number of the lower median in sorted lines: the last element, a NaN, where there are any, unless they
// are ignored.
func (c *Call) middle(sorted *ir.Value, axis int, ignoreNaN bool) *ir.Value {
	size := sorted.Type.Shape[axis]
	last := c.Size(size.Sub(ir.Const(1)), host.I64)
	half := c.Const(ir.OfDim(size.Sub(ir.Const(1)).FloorDiv(ir.Const(2))), host.I64)
	if !sorted.Type.Elem.IsFloat() {
		return half
	}
	nan := c.isNaN(sorted)
	if !ignoreNaN {
		count := c.Sum(c.Cast(nan, host.I64), true, axis)
		first := c.Add(c.Sub(last, count), c.Const(ir.Int(1), host.I64)) // the first NaN
		return c.Where(c.Reduce(tensor.Any, nan, true, axis), first, half)
	}
	numbers := c.Sum(c.Cast(c.Not(nan), host.I64), true, axis)
	zero, one, two := c.Const(ir.Int(0), host.I64), c.Const(ir.Int(1), host.I64), c.Const(ir.Int(2), host.I64)
	return c.Max(c.One(tensor.FloorDiv, nil, c.Sub(numbers, one), two), zero)
}

// quantile picks or interpolates between sorted elements.
func (c *Call) quantile(ignoreNaN bool) *ir.Value {
	x := c.Value("self")
	e := x.Type.Elem
	axis := 0
	if c.Has("dim") {
		axis = c.Axis("dim", x.Type.Rank())
	} else {
		x = c.Flat(x)
	}
	if x.Type.Rank() == 0 {
		x = c.Unsqueeze(x, 0)
	}
	x = c.Move(x, axis, -1)
	last := x.Type.Rank() - 1
	size := x.Type.Shape[last]
	values, _ := c.sorted(x, last, false)
	q := c.Tensor("q", e)
	scalar := q.Type.Rank() == 0
	if scalar {
		q = c.Unsqueeze(q, 0)
	}
	nan := c.isNaN(values)
	var top *ir.Value // the number of the largest element
	if ignoreNaN {
		count := c.Sum(c.Cast(c.Not(nan), host.I64), true, last)
		top = c.Max(c.Sub(count, c.Const(ir.Int(1), host.I64)), c.Const(ir.Int(0), host.I64))
	} else {
		top = c.Size(size.Sub(ir.Const(1)), host.I64)
	}
	rank := c.Mul(q, c.Cast(top, e)) // [..., quantiles]
	lines := withAxis(x.Type, last, q.Type.Shape[0])
	at := func(r *ir.Value) *ir.Value { return c.Gather(values, c.ExpandTo(c.Cast(r, host.I64), lines), last) }
	floor, ceil := c.One(tensor.Floor, nil, rank), c.One(tensor.Ceil, nil, rank)
	var y *ir.Value
	switch how := c.Str("interpolation"); how {
	case "lower":
		y = at(floor)
	case "higher":
		y = at(ceil)
	case "nearest":
		y = at(c.One(tensor.Round, nil, rank))
	case "midpoint":
		y = c.MulN(c.Add(at(floor), at(ceil)), 0.5)
	default:
		a, b := at(floor), at(ceil)
		y = c.Add(a, c.Mul(c.Sub(b, a), c.Sub(rank, floor)))
	}
	if !ignoreNaN {
		y = c.Where(c.Reduce(tensor.Any, nan, true, last), c.Like(y, math.NaN()), y)
	}
	y = c.Move(y, -1, 0)
	if c.keep() && c.Has("dim") {
		y = c.Unsqueeze(y, axis+1)
	}
	return c.ReshapeTo(y, c.Result(0))
}

// searches holds binary search.
func searches(t *Table) {
	search := func(c *Call, sorted, x *ir.Value, right bool) *ir.Value {
		rank := x.Type.Rank()
		if rank == 0 && sorted.Type.Rank() == 1 {
			x = c.Unsqueeze(x, 0)
		}
		y := c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(right))}, sorted, x)
		if rank == 0 {
			y = c.Squeeze(y, 0)
		}
		return c.Out(y)
	}
	t.Add("aten.searchsorted", One(func(c *Call) *ir.Value {
		sorted := c.Value("sorted_sequence")
		if order := c.Maybe("sorter"); order != nil {
			sorted = c.Gather(sorted, order, sorted.Type.Rank()-1)
		}
		e := c.Promote("sorted_sequence", "self")
		right := c.Bool("right") || c.Has("side") && c.Str("side") == "right"
		return search(c, c.Cast(sorted, e), c.Tensor("self", e), right)
	}))
	t.Add("aten.bucketize", One(func(c *Call) *ir.Value {
		e := c.Promote("boundaries", "self")
		return search(c, c.Tensor("boundaries", e), c.Tensor("self", e), c.Bool("right"))
	}))
	t.Add("aten.isin", One(func(c *Call) *ir.Value {
		name := func(a, b string) string {
			if c.Has(a) {
				return a
			}
			return b
		}
		elements, tests := name("elements", "element"), name("test_elements", "test_element")
		e := c.Promote(elements, tests)
		x, y := c.Tensor(elements, e), c.Flat(c.Tensor(tests, e))
		in := c.Reduce(tensor.Any, c.Compare(tensor.Eq, c.Unsqueeze(x, -1), y), false, x.Type.Rank())
		if c.Bool("invert") {
			in = c.Not(in)
		}
		return in
	}))
}

// uniques holds the targets whose result has each element once. PyTorch saves their places and counts as of the type of
// the elements, but they are i64.
func uniques(t *Table) {
	for _, target := range []string{"aten._unique2", "aten._unique"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			if c.noneStated() {
				return c.noUniques()
			}
			vs := c.Emit(tensor.Unique, ir.Attrs{ir.Set("binds", c.newCount())}, c.numbers(c.Flat(x)))
			return c.uniqueResults(c.Out(vs[0]), c.ReshapeTo(vs[1], x.Type), vs[2], false)
		}))
	}
	t.Add("aten.unique_dim", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		if c.noneStated() {
			return c.noUniques()
		}
		axis := c.Axis("dim", x.Type.Rank())
		vs := c.Emit(tensor.UniqueRows, ir.Attrs{ir.Set("binds", c.newCount())}, c.numbers(c.Move(x, axis, 0)))
		return c.uniqueResults(c.Out(c.Move(vs[0], 0, axis)), vs[1], vs[2], true)
	}))
	for _, target := range []string{"aten.unique_consecutive", "aten.unique_dim_consecutive"} {
		t.Add(target, All(uniqueConsecutive))
	}
}

// noneStated reports that the file states the size 0 for the first result.
func (c *Call) noneStated() bool {
	return c.Binds() == nil && c.Result(0).NumElements().Equal(ir.Const(0))
}

// uniqueResults are the elements, and places and counts where they are asked for, or always for slices of an axis.
func (c *Call) uniqueResults(values, inverse, counts *ir.Value, slices bool) []*ir.Value {
	vs := []*ir.Value{values, inverse, counts}[:c.Results()]
	for i, flag := range []string{"", "return_inverse", "return_counts"}[:len(vs)] {
		if i > 0 && !slices && !c.Bool(flag) {
			vs[i] = c.Fill(ir.Int(0), ir.TensorOf(host.I64, ir.Const(0)))
		}
		if c.Binds() == nil { // the count is that of an earlier call
			vs[i] = c.ReshapeTo(vs[i], c.Result(i))
		}
		c.restate(i, vs[i].Type)
	}
	return vs
}

// uniqueConsecutive drops what equals its predecessor: elements, or slices of an axis.
func uniqueConsecutive(c *Call) []*ir.Value {
	if c.noneStated() {
		return c.noUniques()
	}
	x := c.Value("self")
	rows, axis := c.Flat(x), 0
	if c.Has("dim") {
		axis = c.Axis("dim", x.Type.Rank())
		rows = c.Move(x, axis, 0)
	}
	n, one, number := rows.Type.Shape[0], ir.Const(1), c.Const(ir.Int(1), host.I64)
	changed := c.Compare(tensor.Ne, c.Slice(rows, 0, one, n, 1), c.Slice(rows, 0, ir.Const(0), n.Sub(one), 1))
	changed = c.Reduce(tensor.Any, changed, false, axesFrom(1, rows.Type.Rank())...)
	first := c.Pad(changed, []ir.Dim{one}, []ir.Dim{ir.Const(0)}, ir.Bool(true))
	at := c.truePlaces(first, c.newCount())[0]
	inverse := c.Sub(c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(0))}, c.Cast(first, host.I64)), number)
	next := c.Concat(0, c.Slice(at, 0, one, at.Type.Shape[0], 1), c.Unsqueeze(c.Size(n, host.I64), 0))
	if !c.Has("dim") {
		inverse = c.ReshapeTo(inverse, x.Type)
	}
	return c.uniqueResults(c.Move(c.Take(rows, at, 0), 0, axis), inverse, c.Sub(next, at), c.Has("dim"))
}

// absentEmpty fills in results that were not asked for: they are empty.
func (c *Call) absentEmpty(vs []*ir.Value) []*ir.Value {
	for i, v := range vs {
		if v == nil && c.Used(i) {
			vs[i] = c.Fill(ir.Int(0), c.Result(i))
		}
	}
	return vs
}

// noUniques are the results for a tensor that has no elements: of it the file knows the sizes.
func (c *Call) noUniques() []*ir.Value {
	vs := make([]*ir.Value, c.Results())
	for i := range vs {
		if i > 0 {
			c.restate(i, c.Result(i).WithElem(host.I64))
		}
		vs[i] = c.Fill(ir.Int(0), c.Result(i))
	}
	return vs
}
