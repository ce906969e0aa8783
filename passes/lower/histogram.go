package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// histograms holds the targets that count elements in bins or reduce them in segments.
func histograms(t *Table) {
	t.Add("aten.bincount", One(bincount))
	t.Add("aten.histc", One(histc))
	t.Add("aten.histogram.bins_tensor", All(func(c *Call) []*ir.Value {
		x, edges := c.Unsqueeze(c.Flat(c.Value("self")), 1), c.Value("bins")
		return []*ir.Value{c.histogram(x, edges), edges}
	}))
	t.Add("aten.histogram.bin_ct", All(func(c *Call) []*ir.Value {
		x := c.Unsqueeze(c.Flat(c.Value("self")), 1)
		edges := c.binEdges(x, c.Ints("bins"))
		return []*ir.Value{c.histogram(x, edges...), edges[0]}
	}))
	t.Add("aten._histogramdd_bin_edges", All(func(c *Call) []*ir.Value {
		return c.binEdges(c.points(), c.Ints("bins"))
	}))
	t.Add("aten._histogramdd_from_bin_cts", One(func(c *Call) *ir.Value {
		x := c.points()
		return c.histogram(x, c.binEdges(x, c.Ints("bins"))...)
	}))
	t.Add("aten._histogramdd_from_bin_tensors", One(func(c *Call) *ir.Value {
		return c.histogram(c.points(), c.Values("bins")...)
	}))
	t.Add("aten.histogramdd", All(func(c *Call) []*ir.Value {
		x := c.points()
		var edges []*ir.Value
		if c.Callee() == "aten.histogramdd.TensorList_bins" {
			edges = c.Values("bins")
		} else {
			edges = c.binEdges(x, c.IntsN("bins", c.Results()-1))
		}
		return append([]*ir.Value{c.histogram(x, edges...)}, edges...)
	}))
	t.Add("aten.segment_reduce", One(segmentReduce))
}

// points are the rows of self: all axes but the last are one.
func (c *Call) points() *ir.Value {
	x := c.Value("self")
	last := x.Type.Rank() - 1
	return c.Reshape(x, product(x.Type.Shape[:last]), x.Type.Shape[last])
}

// binEdges are the edges of bins of equal width for each column of x, between the limits in range or those of the data.
func (c *Call) binEdges(x *ir.Value, bins []int) []*ir.Value {
	e := x.Type.Elem
	var limits []float64
	if c.Has("range") {
		limits = c.Floats("range")
		if len(limits) != 2*len(bins) {
			c.Failf("range has %d numbers, expected two for each of %d columns", len(limits), len(bins))
		}
	}
	empty := x.Type.Shape[0].Equal(ir.Const(0))
	edges := make([]*ir.Value, len(bins))
	for i, n := range bins {
		var low, high *ir.Value
		switch column := c.Select(x, 1, ir.Const(int64(i))); {
		case limits != nil:
			low, high = c.Const(ir.Float(limits[2*i]), e), c.Const(ir.Float(limits[2*i+1]), e)
		case empty:
			low, high = c.Const(ir.Float(0), e), c.Const(ir.Float(1), e)
		default:
			low, high = c.Reduce(tensor.ReduceMin, column, false, 0), c.Reduce(tensor.ReduceMax, column, false, 0)
		}
		same := c.Compare(tensor.Eq, low, high)
		low, high = c.Where(same, c.AddN(low, -0.5), low), c.Where(same, c.AddN(high, 0.5), high)
		edges[i] = c.spaced(low, high, ir.Const(int64(n+1)))
	}
	return edges
}

// histogram adds up the weights of the rows of x in the bins between edges, one list of them for each column. The last
// bin includes its upper edge.
func (c *Call) histogram(x *ir.Value, edges ...*ir.Value) *ir.Value {
	e := x.Type.Elem
	var place, in *ir.Value // among all bins, and whether there is one
	var sizes []ir.Dim
	one := c.Const(ir.Int(1), host.I64)
	for i, edge := range edges {
		column := c.Select(x, 1, ir.Const(int64(i)))
		bins := edge.Type.Shape[0].Sub(ir.Const(1))
		sizes = append(sizes, bins)
		at := c.Sub(c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, edge, column), one)
		low, high := c.Select(edge, 0, ir.Const(0)), c.Select(edge, 0, bins)
		within := c.And(c.Compare(tensor.Ge, column, low), c.Compare(tensor.Le, column, high))
		at = c.Where(within, c.Min(at, c.Sub(c.Size(bins, host.I64), one)), c.Const(ir.Int(0), host.I64))
		if place == nil {
			place, in = at, within
		} else {
			place, in = c.Add(c.Mul(place, c.Size(bins, host.I64)), at), c.And(in, within)
		}
	}
	weight := c.Cast(in, e)
	if w := c.Maybe("weight"); w != nil {
		weight = c.Where(in, c.Flat(c.Cast(w, e)), c.Const(ir.Float(0), e))
	}
	y := c.Reshape(c.addAt(product(sizes), weight, place), sizes...)
	if !c.Bool("density") {
		return y
	}
	y = c.Div(y, c.Sum(y, false, axesFrom(0, len(sizes))...))
	for i, edge := range edges {
		width := c.Sub(c.Slice(edge, 0, ir.Const(1), edge.Type.Shape[0], 1), c.Slice(edge, 0, ir.Const(0), sizes[i], 1))
		y = c.Div(y, c.alongAxis(width, i, len(sizes)))
	}
	return y
}

func bincount(c *Call) *ir.Value {
	x := c.Cast(c.Value("self"), host.I64)
	weights := c.Maybe("weights")
	switch {
	case weights == nil:
		weights = c.Fill(ir.Int(1), x.Type)
	case weights.Type.Elem != host.F32:
		weights = c.Cast(weights, host.F64)
	}
	r := c.restate(0, c.Result(0).WithElem(weights.Type.Elem))
	if c.Binds() != nil {
		padded := c.Pad(x, []ir.Dim{ir.Const(0)}, []ir.Dim{ir.Const(1)}, ir.Int(-1)) // x may be empty
		top := c.Add(c.Reduce(tensor.ReduceMax, padded, false, 0), c.Const(ir.Int(1), host.I64))
		c.bind(c.Max(top, c.Size(c.Dim("minlength"), host.I64)))
	}
	return c.addAt(r.Shape[0], weights, x)
}

// histc counts elements in equal bins between two limits; equal limits mean those of the data.
func histc(c *Call) *ir.Value {
	x := c.Flat(c.Value("self"))
	e := floating(x.Type.Elem)
	x = c.Cast(x, e)
	bins := c.Int("bins")
	low, high := c.Tensor("min", e), c.Tensor("max", e)
	if a, b := c.Float("min"), c.Float("max"); a == b {
		if !x.Type.NumElements().Equal(ir.Const(0)) {
			low, high = c.Reduce(tensor.ReduceMin, x, false, 0), c.Reduce(tensor.ReduceMax, x, false, 0)
		}
		same := c.Compare(tensor.Eq, low, high)
		low, high = c.Where(same, c.AddN(low, -1), low), c.Where(same, c.AddN(high, 1), high)
	}
	in := c.And(c.Compare(tensor.Ge, x, low), c.Compare(tensor.Le, x, high))
	place := c.Div(c.MulN(c.Sub(x, low), float64(bins)), c.Sub(high, low))
	place = c.Where(in, place, c.Like(place, 0))
	at := c.Min(c.Cast(place, host.I64), c.Const(ir.Int(int64(bins-1)), host.I64))
	return c.Out(c.addAt(ir.Const(int64(bins)), c.Cast(in, e), at))
}

// segmentReductions are the reductions of segments: the scatter they are and what an empty segment gives.
var segmentReductions = map[string]struct {
	scatter string
	initial float64
}{"sum": {"sum", 0}, "mean": {"sum", 0}, "prod": {"prod", 1}, "max": {"amax", math.Inf(-1)}, "min": {"amin", math.Inf(1)}}

// segmentReduce reduces the segments of an axis, which follow each other, each to one element.
func segmentReduce(c *Call) *ir.Value {
	how, ok := segmentReductions[c.Str("reduce")]
	if !ok {
		c.Failf("there is no reduction %q", c.Str("reduce"))
	}
	x := c.Value("data")
	x = c.Cast(x, opmath(x.Type.Elem))
	axis := c.Axis("axis", x.Type.Rank())
	var offsets *ir.Value // where each segment starts, and the last one ends
	if c.Has("offsets") {
		offsets = c.Cast(c.Value("offsets"), host.I64)
	} else {
		ends := c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(axis))}, c.Cast(c.Value("lengths"), host.I64))
		low, none := make([]ir.Dim, axis+1), make([]ir.Dim, axis+1)
		low[axis] = ir.Const(1)
		offsets = c.Pad(ends, low, none, ir.Int(0))
	}
	bounds := offsets.Type.Shape[axis] // one more than there are segments
	n := bounds.Sub(ir.Const(1))
	lines := x.Type.Shape[:axis+1]
	at := c.Expand(c.Count(lines[axis], host.I64), lines...)
	at = c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, offsets, at) // 0: before all, n+1: behind all
	for at.Type.Rank() < x.Type.Rank() {
		at = c.Unsqueeze(at, -1)
	}
	initial := ir.Attr(ir.Float(how.initial))
	if c.Has("initial") {
		initial = c.Scalar("initial")
	}
	y := c.Fill(initial, withAxis(x.Type, axis, bounds.Add(ir.Const(1))))
	y = c.Slice(c.scatter(y, c.ExpandTo(at, x.Type), x, axis, how.scatter, true), axis, ir.Const(1), bounds, 1)
	if c.Str("reduce") == "mean" {
		length := c.Sub(c.Slice(offsets, axis, ir.Const(1), bounds, 1), c.Slice(offsets, axis, ir.Const(0), n, 1))
		for length.Type.Rank() < x.Type.Rank() {
			length = c.Unsqueeze(length, -1)
		}
		if c.Has("initial") { // else 0/0 makes the mean of nothing NaN
			length = c.Max(length, c.Const(ir.Int(1), host.I64))
		}
		y = c.Div(y, c.Cast(length, y.Type.Elem))
	}
	return c.Out(y)
}
