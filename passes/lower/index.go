package lower

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// indexing holds the targets that read or write elements at places that tensors name.
func indexing(t *Table) {
	for _, target := range []string{"aten.index", "aten._unsafe_index"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x, axes, index := c.indices()
			if len(index) == 0 {
				return x
			}
			return c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(axes...))}, append([]*ir.Value{x}, index...)...)
		}))
	}
	t.Add("aten._unsafe_masked_index", One(func(c *Call) *ir.Value { // where the mask is false, indices may be outside
		x, axes, index := c.maskedIndices()
		y := c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(axes...))}, append([]*ir.Value{x}, index...)...)
		return c.Where(c.Value("mask"), y, c.Tensor("fill", y.Type.Elem))
	}))
	t.Add("aten._unsafe_masked_index_put_accumulate", One(func(c *Call) *ir.Value {
		x, axes, index := c.maskedIndices()
		values := c.Value("values")
		return c.put(x, c.Where(c.Value("mask"), values, c.Const(c.number(ir.Int(0), values.Type.Elem), values.Type.Elem)), true, axes, index...)
	}))
	for _, target := range []string{"aten.index_put", "aten._unsafe_index_put", "aten._index_put_impl"} {
		t.Add(target, One(indexPut))
	}
	for _, e := range []struct{ target, index string }{{"aten.index_select", "index"}, {"aten.take", "index"}} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			x, at := c.Value("self"), c.Index64(c.Value(e.index))
			if e.target == "aten.take" {
				return c.Take(c.Flat(x), at, 0)
			}
			if at.Type.Rank() == 0 {
				at = c.Unsqueeze(at, 0)
			}
			if x.Type.Rank() == 0 {
				return c.Reshape(x)
			}
			return c.Take(x, at, c.Axis("dim", x.Type.Rank()))
		}))
	}
	t.Add("aten.gather", One(func(c *Call) *ir.Value {
		x, at := c.Value("self"), c.Index64(c.Value("index"))
		axis := c.Axis("dim", x.Type.Rank())
		if at.Type.NumElements().Equal(ir.Const(0)) { // then its rank is free
			return c.Fill(ir.Int(0), c.Result(0))
		}
		if x.Type.Rank() == 0 || at.Type.Rank() == 0 {
			one := func(v *ir.Value) *ir.Value { return c.ReshapeTo(v, v.Type.WithShape(product(v.Type.Shape))) }
			return c.ReshapeTo(c.Gather(one(x), one(at), 0), c.Result(0))
		}
		return c.Gather(x, at, axis)
	}))
	t.Add("aten.take_along_dim", One(func(c *Call) *ir.Value {
		x, at := c.Value("self"), c.Index64(c.Value("indices"))
		if !c.Has("dim") {
			return c.Gather(c.Flat(x), c.Flat(at), 0)
		}
		axis := c.Axis("dim", x.Type.Rank())
		shape := slices.Clone(c.Result(0).Shape)
		at = c.Expand(at, shape...)
		shape[axis] = x.Type.Shape[axis]
		return c.Gather(c.Expand(x, shape...), at, axis)
	}))
	t.Add("aten.put", One(func(c *Call) *ir.Value {
		x, at := c.Value("self"), c.Index64(c.Value("index"))
		y := c.put(c.Flat(x), c.Flat(c.Value("source")), c.Bool("accumulate"), []int{0}, c.Flat(at))
		return c.ReshapeTo(y, x.Type)
	}))
	t.Add("aten.index_copy", One(func(c *Call) *ir.Value {
		x, at, src := c.indexed()
		y := c.One(state.IndexUpdate, ir.Attrs{ir.Set("axis", ir.Int(c.Axis("dim", c.Result(0).Rank())))}, x, src, at)
		return c.ReshapeTo(y, c.Result(0))
	}))
	t.Add("aten.index_add", One(func(c *Call) *ir.Value {
		x, at, src := c.indexed()
		y := c.put(x, c.scaled(src, "alpha"), true, []int{c.Axis("dim", c.Result(0).Rank())}, at)
		return c.ReshapeTo(y, c.Result(0))
	}))
	t.Add("aten.index_fill", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		at := c.Flat(c.Index64(c.Value("index")))
		value := c.Tensor("value", x.Type.Elem)
		axes := []int{c.Axis("dim", x.Type.Rank())}
		if x.Type.Rank() == 0 {
			return c.Reshape(c.put(c.Unsqueeze(x, 0), value, false, axes, at))
		}
		return c.put(x, value, false, axes, at)
	}))
	t.Add("aten.embedding", One(func(c *Call) *ir.Value {
		return c.One(nn.Embedding, nil, c.Value("weight"), c.Index64(c.Value("indices")))
	}))
	t.Add("aten.masked_select", One(func(c *Call) *ir.Value {
		x, mask := c.Value("self"), c.Value("mask")
		wide := c.Or(mask, c.Fill(ir.Bool(false), x.Type.WithElem(host.Bool))) // broadcast to both shapes
		return c.Take(c.Flat(c.Expand(x, wide.Type.Shape...)), c.positions(c.Flat(wide), c.Result(0).Shape[0], 0)[0], 0)
	}))
	t.Add("aten.masked_scatter", One(func(c *Call) *ir.Value {
		x, mask := c.ExpandTo(c.Value("self"), c.Result(0)), c.Value("mask")
		return c.scatterMasked(x, c.ExpandTo(mask, x.Type), c.Flat(c.Cast(c.Value("source"), x.Type.Elem)), 0)
	}))
	nonzeros(t)
}

// indexed are the arguments self, index and source of the index_ targets, with at least one axis each.
func (c *Call) indexed() (x, index, src *ir.Value) {
	x, index = c.Value("self"), c.Flat(c.Index64(c.Value("index")))
	src = c.Cast(c.Value("source"), x.Type.Elem)
	axis := c.Axis("dim", x.Type.Rank())
	if x.Type.Rank() == 0 {
		x = c.Unsqueeze(x, 0)
	}
	if src.Type.Rank() < x.Type.Rank() {
		src = c.Unsqueeze(src, axis)
	}
	return x, index, src
}

// isMask reports an index that picks by truth: bool, and the older u8.
func isMask(v *ir.Value) bool {
	return v != nil && (v.Type.Elem == host.Bool || v.Type.Elem == host.U8)
}

func given(v *ir.Value) bool { return v != nil }

// indices reads the list of index tensors, nil for an axis taken whole. A mask becomes an index for each axis it covers.
func (c *Call) indices() (x *ir.Value, axes []int, index []*ir.Value) {
	x = c.Value("self")
	at, masks := 0, 0
	_, writes := c.Op.Attrs.Get("values")
	list := c.Values("indices")
	for _, v := range list {
		switch {
		case v == nil:
			at++
		case isMask(v):
			v = c.Cast(v, host.Bool)
			if v.Type.Rank() == 0 { // picks all or nothing: a new axis of size 1 or 0
				x, v = c.Unsqueeze(x, at), c.Unsqueeze(v, 0)
			}
			var found []*ir.Value
			if writes {
				found = c.truePlaces(v, c.newCount())
			} else {
				found = c.positions(v, c.maskedSize(list), masks)
			}
			for _, i := range found {
				axes, index = append(axes, at), append(index, i)
				at++
			}
			masks++
		default:
			axes, index = append(axes, at), append(index, c.Index64(v))
			at++
		}
	}
	return x, axes, index
}

// maskedSize is how many elements the masks of an index pick: the axis of the result where the indexed axes stand.
func (c *Call) maskedSize(list []*ir.Value) ir.Dim {
	first, last, rank := -1, -1, 0
	apart := false
	for i, v := range list {
		if v == nil {
			continue
		}
		apart = apart || last >= 0 && last != i-1
		if first < 0 {
			first = i
		}
		last = i
		if !isMask(v) {
			rank = max(rank, v.Type.Rank())
		}
	}
	if apart {
		first = 0
	}
	return c.Result(0).Shape[first+max(rank-1, 0)]
}

// positions lists where a mask is true, an index for each of its axes. The call may bind the count as its symbol number
// nth; where the symbol is bound already, the places come first in a stable sort.
func (c *Call) positions(mask *ir.Value, count ir.Dim, nth int) []*ir.Value {
	if names, ok := c.Binds().(ir.Dims); ok && nth < len(names) {
		return c.truePlaces(mask, ir.Dims{names[nth]})
	}
	flat := c.Cast(c.Flat(mask), host.U8)
	order := c.Emit(tensor.Sort, ir.Attrs{ir.Set("axis", ir.Int(0)), ir.Set("descending", ir.Bool(true))}, flat)[1]
	at := c.Part(order, 0, ir.Const(0), count)
	return c.unravel(at, mask.Type.Shape)
}

// newCount is the symbol that the call binds, or a new one where the file states a count that is bound already: PyTorch
// takes two counts of one tensor for the same number.
func (c *Call) newCount() ir.Attr {
	if b := c.Binds(); b != nil {
		return b
	}
	f := c.b.Func
	name := ""
	for i := 0; name == "" || f.Dim(name) != nil; i++ {
		name = fmt.Sprintf("m%d", i)
	}
	f.AddDim(&ir.DimDecl{Name: name, Max: ir.Unbounded})
	return ir.Dims{ir.Sym(name)}
}

// truePlaces lists where a mask is true, which is as many places as a symbol says.
func (c *Call) truePlaces(mask *ir.Value, count ir.Attr) []*ir.Value {
	at := c.One(tensor.Nonzero, ir.Attrs{ir.Set("binds", count)}, mask)
	index := make([]*ir.Value, mask.Type.Rank())
	for i := range index {
		index[i] = c.Select(at, 1, ir.Const(int64(i)))
	}
	return index
}

// unravel splits row-major places into an index for each axis.
func (c *Call) unravel(at *ir.Value, shape []ir.Dim) []*ir.Value {
	index := make([]*ir.Value, len(shape))
	for i := len(shape) - 1; i > 0; i-- {
		size := c.Size(c.env().Simplify(shape[i].Max(ir.Const(1))), host.I64) // an empty shape has no places to split
		index[i] = c.One(tensor.Remainder, nil, at, size)
		at = c.One(tensor.FloorDiv, nil, at, size)
	}
	if len(shape) > 0 {
		index[0] = at
	}
	return index
}

// maskedIndices are the indices of the _unsafe_masked_ targets, brought inside their axes.
func (c *Call) maskedIndices() (x *ir.Value, axes []int, index []*ir.Value) {
	x, axes, index = c.indices()
	for i, at := range index {
		last := c.Size(x.Type.Shape[axes[i]].Sub(ir.Const(1)), at.Type.Elem)
		index[i] = c.Max(c.Min(at, last), c.Const(ir.Int(0), at.Type.Elem))
	}
	return x, axes, index
}

func indexPut(c *Call) *ir.Value {
	x := c.Value("self")
	values := c.Cast(c.Value("values"), x.Type.Elem)
	list := c.Values("indices")
	accumulate := c.Bool("accumulate")
	if at := slices.IndexFunc(list, isMask); at >= 0 && !slices.ContainsFunc(slices.Delete(slices.Clone(list), at, at+1), given) {
		return c.putMasked(x, c.Cast(list[at], host.Bool), values, at, accumulate)
	}
	x, axes, index := c.indices()
	if len(index) == 0 {
		if accumulate {
			return c.Add(x, values)
		}
		return c.ExpandTo(values, x.Type)
	}
	return c.put(x, values, accumulate, axes, index...)
}

// put writes values to the places that index tensors name, or adds them there; the sum of bools is their or.
func (c *Call) put(x, values *ir.Value, accumulate bool, axes []int, index ...*ir.Value) *ir.Value {
	if accumulate && x.Type.Elem == host.Bool {
		return c.Cast(c.put(c.Cast(x, host.I64), c.Cast(values, host.I64), true, axes, index...), host.Bool)
	}
	attrs := ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("accumulate", ir.Bool(accumulate))}
	return c.One(tensor.IndexPut, attrs, append([]*ir.Value{x, values}, index...)...)
}

// putMasked is x[:, ..., mask] = values (or +=), where mask covers axes from at on.
func (c *Call) putMasked(x, mask, values *ir.Value, at int, accumulate bool) *ir.Value {
	covered := mask.Type.Rank()
	tail := x.Type.Rank() - at - covered
	wide := mask
	for range tail {
		wide = c.Unsqueeze(wide, -1)
	}
	axis := values.Type.Rank() - tail - 1 // of values: the true elements of the mask
	if axis >= 0 && !values.Type.Shape[axis].Equal(ir.Const(1)) {
		y := c.scatterMasked(x, mask, values, axis)
		if accumulate {
			zeros := c.Fill(ir.Int(0), x.Type)
			y = c.Add(x, c.scatterMasked(zeros, mask, values, axis))
		}
		return y
	}
	if axis >= 0 { // one axis of size 1 becomes as many as the mask has
		shape := slices.Clone(values.Type.Shape)
		ones := make([]ir.Dim, covered)
		for i := range ones {
			ones[i] = ir.Const(1)
		}
		values = c.Reshape(values, slices.Concat(shape[:axis], ones, shape[axis+1:])...)
	}
	if accumulate {
		values = c.Add(x, values)
	}
	return c.Where(wide, values, x)
}

// scatterMasked writes the elements of an axis of values, one after the other, where mask is true.
func (c *Call) scatterMasked(x, mask, values *ir.Value, axis int) *ir.Value {
	flat := c.Flat(mask)
	place := c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(0))}, c.Cast(flat, host.I64))
	place = c.Sub(place, c.Const(ir.Int(1), host.I64))
	size := values.Type.Shape[axis]
	place = c.Where(flat, place, c.Size(size, host.I64)) // elsewhere: the element added below
	low, high := make([]ir.Dim, values.Type.Rank()), make([]ir.Dim, values.Type.Rank())
	high[axis] = ir.Const(1)
	values = c.Pad(values, low, high, c.number(ir.Int(0), values.Type.Elem))
	spread := c.Take(values, c.Reshape(place, mask.Type.Shape...), axis)
	for range values.Type.Rank() - axis - 1 {
		mask = c.Unsqueeze(mask, -1)
	}
	return c.Where(mask, spread, x)
}

// nonzeros holds the targets that list places.
func nonzeros(t *Table) {
	for _, target := range []string{"aten.nonzero", "aten.argwhere"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if b := c.Binds(); b != nil {
				return c.One(tensor.Nonzero, ir.Attrs{ir.Set("binds", b)}, x)
			}
			return c.Stack(1, c.positions(c.Cast(x, host.Bool), c.Result(0).Shape[0], 0)...)
		}))
	}
	for _, e := range []struct{ target, arg string }{{"aten.nonzero_numpy", "self"}, {"aten.where.default", "condition"}} {
		t.Add(e.target, All(func(c *Call) []*ir.Value {
			return c.positions(c.Cast(c.Value(e.arg), host.Bool), c.Result(0).Shape[0], 0)
		}))
	}
	t.Add("aten.nonzero_static", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		size := c.Dim("size")
		flat := c.Flat(c.Cast(x, host.Bool))
		order := c.Emit(tensor.Sort, ir.Attrs{ir.Set("axis", ir.Int(0)), ir.Set("descending", ir.Bool(true))}, c.Cast(flat, host.U8))[1]
		total := flat.Type.Shape[0]
		if c.proven(size, ir.RelGT, total) {
			order = c.Pad(order, []ir.Dim{ir.Const(0)}, []ir.Dim{size.Sub(total)}, ir.Int(0))
		} else {
			order = c.Part(order, 0, ir.Const(0), size)
		}
		found := c.Sum(c.Cast(flat, host.I64), false, 0)
		index := c.unravel(order, x.Type.Shape)
		if len(index) == 0 {
			return c.Fill(ir.Int(0), c.Result(0))
		}
		valid := c.Unsqueeze(c.Compare(tensor.Lt, c.Count(size, host.I64), found), 1)
		return c.Where(valid, c.Stack(1, index...), c.Const(ir.Int(int64(c.Int("fill_value"))), host.I64))
	}))
}

// bind makes a number of rank 0 the symbol that the call binds.
func (c *Call) bind(v *ir.Value) *ir.Value {
	return c.One(core.Bind, ir.Attrs{ir.Set("binds", c.Binds())}, v)
}
