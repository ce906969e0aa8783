package lower

import (
	"math"
	"slices"

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
		x := c.Value("self")
		return c.pick(x, c.Axis("dim", x.Type.Rank()), func(*ir.Value, int) *ir.Value {
			return c.Const(ir.OfDim(c.Dim("k").Sub(ir.Const(1))), host.I64)
		})
	}))
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
	t.Add("aten.mode", All(mode))
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

// mode is the most frequent element of each line, the smallest of equally frequent ones, and its last place.
func mode(c *Call) []*ir.Value {
	x := c.Value("self")
	if x.Type.Rank() == 0 {
		return []*ir.Value{x, c.Const(ir.Int(0), host.I64)}
	}
	axis := c.Axis("dim", x.Type.Rank())
	values, index := c.sorted(x, axis, false)
	equal := c.Compare(tensor.Eq, c.Unsqueeze(values, axis), c.Unsqueeze(values, axis+1))
	count := c.Sum(c.Cast(equal, host.I64), false, axis) // of each element's equals
	first := c.argReduce(tensor.Argmax, count, axis, true)
	run := c.Gather(count, first, axis)
	last := c.Sub(c.Add(first, run), c.Const(ir.Int(1), host.I64))
	vs := []*ir.Value{c.Gather(values, last, axis), c.Gather(index, last, axis)}
	if !c.keep() {
		for i := range vs {
			vs[i] = c.Squeeze(vs[i], axis)
		}
	}
	return vs
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

// uniques holds the targets whose result has each element once.
func uniques(t *Table) {
	for _, target := range []string{"aten._unique2", "aten._unique"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			if c.Binds() == nil {
				return c.empty()
			}
			vs := slices.Clone(c.Emit(tensor.Unique, ir.Attrs{ir.Set("binds", c.Binds())}, c.numbers(c.Flat(x))))
			vs[0] = c.Out(vs[0])
			if c.Bool("return_inverse") {
				vs[1] = c.ReshapeTo(vs[1], x.Type)
			} else {
				vs[1] = nil
			}
			if !c.Has("return_counts") || !c.Bool("return_counts") {
				vs[2] = nil
			}
			return c.absentEmpty(vs[:c.Results()])
		}))
	}
	t.Add("aten.unique_dim", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		if c.Binds() == nil {
			return c.empty()
		}
		axis := c.Axis("dim", x.Type.Rank())
		vs := slices.Clone(c.Emit(tensor.UniqueRows, ir.Attrs{ir.Set("binds", c.Binds())}, c.numbers(c.Move(x, axis, 0))))
		vs[0] = c.Out(c.Move(vs[0], 0, axis))
		return vs
	}))
	for _, target := range []string{"aten.unique_consecutive", "aten.unique_dim_consecutive"} {
		t.Add(target, All(uniqueConsecutive))
	}
}

// uniqueConsecutive drops what equals its predecessor: elements, or slices of an axis.
func uniqueConsecutive(c *Call) []*ir.Value {
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
	at := c.positions(first, c.Result(0).Shape[axis], 0)[0]
	vs := []*ir.Value{c.Move(c.Take(rows, at, 0), 0, axis), nil, nil}
	if c.Bool("return_inverse") {
		inverse := c.Sub(c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(0))}, c.Cast(first, host.I64)), number)
		vs[1] = c.ReshapeTo(inverse, c.Result(1))
	}
	if c.Bool("return_counts") {
		u := at.Type.Shape[0]
		next := c.Concat(0, c.Slice(at, 0, one, u, 1), c.Unsqueeze(c.Size(n, host.I64), 0))
		vs[2] = c.Sub(next, at)
	}
	return c.absentEmpty(vs)
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

// empty are results without elements: of a tensor that has none, the file knows the sizes.
func (c *Call) empty() []*ir.Value {
	vs := make([]*ir.Value, c.Results())
	for i := range vs {
		if !c.Result(i).NumElements().Equal(ir.Const(0)) {
			c.Failf("the file states %s for result %d, expected a size that the data decides", c.Result(i), i)
		}
		vs[i] = c.Fill(ir.Int(0), c.Result(i))
	}
	return vs
}
