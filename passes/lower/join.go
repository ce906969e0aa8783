package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// joins holds targets that cut tensors, join them, and repeat their elements.
func joins(t *Table) {
	for _, target := range []string{"aten.split", "aten.split_with_sizes", "aten.unsafe_split", "aten.unsafe_split_with_sizes", "aten.chunk",
		"aten.unsafe_chunk", "aten.tensor_split.sections", "aten.split_copy", "aten.split_with_sizes_copy"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cut(x, c.Axis("dim", x.Type.Rank()))
		}))
	}
	t.Add("aten.tensor_split.indices", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		return c.cutAt(x, c.Axis("dim", x.Type.Rank()), c.Dims("indices"))
	}))
	for axis, target := range []string{"aten.vsplit", "aten.hsplit", "aten.dsplit"} {
		t.Add(target+".int", All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cut(x, min(axis, x.Type.Rank()-1))
		}))
		t.Add(target+".array", All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cutAt(x, min(axis, x.Type.Rank()-1), c.Dims("indices"))
		}))
	}
	for _, target := range []string{"aten.unbind", "aten.unbind_copy"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			axis := c.Axis("dim", x.Type.Rank())
			vs := make([]*ir.Value, c.Results())
			for i := range vs {
				vs[i] = c.Select(x, axis, ir.Const(int64(i)))
			}
			return vs
		}))
	}
	for _, target := range []string{"aten.cat", "aten.concat", "aten.concatenate"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			vs := c.joined()
			return c.Concat(c.Axis("dim", vs[0].Type.Rank()), vs...)
		}))
	}
	t.Add("aten.stack", One(func(c *Call) *ir.Value {
		return c.Stack(c.Axis("dim", c.Result(0).Rank()), c.joined()...)
	}))
	for _, target := range []string{"aten.hstack", "aten.vstack", "aten.row_stack", "aten.dstack", "aten.column_stack"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.stackAs(target) }))
	}
	for _, target := range []string{"aten.repeat", "aten.tile"} {
		t.Add(target, One(repeat))
	}
	t.Add("aten.repeat_interleave", One(repeatInterleave))
	t.Add("aten.roll", One(roll))
	t.Add("aten.flip", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		if len(c.Ints("dims")) == 0 {
			return x
		}
		return c.Flip(x, c.Axes("dims", x.Type.Rank())...)
	}))
	t.Add("aten.fliplr", One(func(c *Call) *ir.Value { return c.Flip(c.Value("self"), 1) }))
	t.Add("aten.flipud", One(func(c *Call) *ir.Value { return c.Flip(c.Value("self"), 0) }))
	t.Add("aten.rot90", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		dims := c.Axes("dims", x.Type.Rank())
		switch ((c.Int("k") % 4) + 4) % 4 {
		case 1:
			return c.Swap(c.Flip(x, dims[1]), dims[0], dims[1])
		case 2:
			return c.Flip(x, dims...)
		case 3:
			return c.Flip(c.Swap(x, dims[0], dims[1]), dims[1])
		}
		return x
	}))
	t.Add("aten.meshgrid", All(meshgrid))
	t.Add("aten.broadcast_tensors", All(func(c *Call) []*ir.Value {
		vs := c.Values("tensors")
		for i, v := range vs {
			vs[i] = c.ExpandTo(v, c.Result(i))
		}
		return vs
	}))
	t.Add("aten.sum_to_size", One(func(c *Call) *ir.Value {
		x, r := c.Out(c.Value("self")), c.Result(0)
		lead := x.Type.Rank() - r.Rank()
		axes := axesFrom(0, lead)
		for i, d := range r.Shape {
			if d.Equal(ir.Const(1)) && !x.Type.Shape[lead+i].Equal(d) {
				axes = append(axes, lead+i)
			}
		}
		return c.ReshapeTo(c.reduceNumbers(tensor.Sum, x, true, axes...), r)
	}))
	t.Add("aten.block_diag", One(blockDiag))
	t.Add("aten.cartesian_prod", One(func(c *Call) *ir.Value {
		vs := c.Values("tensors")
		if len(vs) == 1 {
			return vs[0]
		}
		dims := make([]ir.Dim, len(vs))
		for i, v := range vs {
			dims[i] = v.Type.Shape[0]
		}
		for i, v := range vs {
			vs[i] = c.Flat(c.Expand(c.alongAxis(v, i, len(vs)), dims...))
		}
		return c.Stack(1, vs...)
	}))
	t.Add("aten.kron", One(kron))
}

// cut takes the results one after the other from an axis; their sizes are in the file.
func (c *Call) cut(x *ir.Value, axis int) []*ir.Value {
	vs := make([]*ir.Value, c.Results())
	start := ir.Const(0)
	for i := range vs {
		size := c.Result(i).Shape[axis]
		vs[i] = c.Part(x, axis, start, size)
		start = start.Add(size)
	}
	return vs
}

// cutAt cuts an axis at indices, which need not ascend.
func (c *Call) cutAt(x *ir.Value, axis int, at []ir.Dim) []*ir.Value {
	size := x.Type.Shape[axis]
	vs := make([]*ir.Value, len(at)+1)
	start := ir.Const(0)
	for i := range vs {
		stop := size
		if i < len(at) {
			stop = c.clampIndex(at[i], size)
		}
		end := stop
		if !c.proven(start, ir.RelLE, end) {
			end = c.env().Simplify(end.Max(start))
		}
		vs[i] = c.Slice(x, axis, start, end, 1)
		start = stop
	}
	return vs
}

// joined are the tensors to join, in the type of the result. Empty tensors of rank 1 are left out where others have a
// higher rank, as PyTorch still does.
func (c *Call) joined() []*ir.Value {
	vs := c.Values("tensors")
	rank := c.Result(0).Rank()
	legacy := func(v *ir.Value) bool {
		return v.Type.Rank() == 1 && rank != 1 && v.Type.Shape[0].Equal(ir.Const(0)) && base(c.Callee()) != "aten.stack"
	}
	if !slices.ContainsFunc(vs, func(v *ir.Value) bool { return !legacy(v) }) {
		return vs
	}
	vs = slices.DeleteFunc(vs, legacy)
	for i, v := range vs {
		vs[i] = c.Out(v)
	}
	return vs
}

// stackAs is hstack and its kin: tensors brought to a least rank, joined along an axis.
func (c *Call) stackAs(target string) *ir.Value {
	vs := c.joined()
	axis := 0
	for i, v := range vs {
		switch rank := v.Type.Rank(); target {
		case "aten.hstack":
			if rank == 0 {
				v = c.Unsqueeze(v, 0)
			}
			axis = min(v.Type.Rank()-1, 1)
		case "aten.vstack", "aten.row_stack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, 0)
			}
		case "aten.column_stack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, -1)
			}
			axis = 1
		case "aten.dstack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, 0)
			}
			if rank < 3 {
				v = c.Unsqueeze(v, -1)
			}
			axis = 2
		}
		vs[i] = v
	}
	return c.Concat(axis, vs...)
}

// repeat is repeat and tile: each axis copied as a whole.
func repeat(c *Call) *ir.Value {
	x := c.Value("self")
	name := "repeats"
	if base(c.Callee()) == "aten.tile" {
		name = "dims"
	}
	times := c.Dims(name)
	for x.Type.Rank() < len(times) {
		x = c.Unsqueeze(x, 0)
	}
	for len(times) < x.Type.Rank() {
		times = slices.Insert(times, 0, ir.Const(1))
	}
	one := ir.Const(1)
	var apart, wide, out []ir.Dim
	for i, d := range x.Type.Shape {
		out = append(out, d.Mul(times[i]))
		if times[i].Equal(one) {
			apart, wide = append(apart, d), append(wide, d)
			continue
		}
		apart, wide = append(apart, one, d), append(wide, times[i], d)
	}
	return c.Reshape(c.Expand(c.Reshape(x, apart...), wide...), out...)
}

// repeatInterleave repeats each element of an axis, all by one number or each by its own.
func repeatInterleave(c *Call) *ir.Value {
	own := c.Arg("repeats")
	_, each := own.(ir.Ref)
	if !c.Has("self") { // only repeats are given: the indices
		return c.spread(c.Value("repeats"))
	}
	x := c.Value("self")
	axis := 0
	if c.Has("dim") {
		axis = c.Axis("dim", x.Type.Rank())
		if x.Type.Rank() == 0 {
			x = c.Unsqueeze(x, 0)
		}
	} else {
		x = c.Flat(x)
	}
	if each {
		repeats := c.Value("repeats")
		if size := x.Type.Shape[axis]; repeats.Type.Rank() == 0 || repeats.Type.Shape[0].Equal(ir.Const(1)) {
			repeats = c.Expand(repeats, size)
		}
		return c.Take(x, c.spread(repeats), axis)
	}
	times := c.Dim("repeats")
	one := c.Unsqueeze(x, axis+1)
	wide := slices.Clone(one.Type.Shape)
	wide[axis+1] = times
	return c.Reshape(c.Expand(one, wide...), withAxis(x.Type, axis, x.Type.Shape[axis].Mul(times)).Shape...)
}

// spread gives 0 repeats[0] times, then 1 repeats[1] times, and so on.
func (c *Call) spread(repeats *ir.Value) *ir.Value {
	repeats = c.Cast(repeats, host.I64)
	ends := c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(0))}, repeats)
	axis := 0
	if c.Has("dim") {
		axis = c.Axis("dim", c.Result(0).Rank())
	}
	total := c.Result(0).Shape[axis]
	if c.Binds() != nil {
		c.bind(c.Sum(repeats, false, 0))
	}
	return c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, ends, c.Count(total, host.I64))
}

func roll(c *Call) *ir.Value {
	x := c.Value("self")
	shifts, dims := c.Dims("shifts"), c.Ints("dims")
	shape := x.Type
	if len(dims) == 0 {
		x, dims = c.Flat(x), []int{0}
	}
	for i, shift := range shifts {
		if x.Type.Rank() == 0 {
			break
		}
		axis := c.axis(dims[i], x.Type.Rank())
		size := x.Type.Shape[axis]
		if size.Equal(ir.Const(0)) {
			continue
		}
		at := c.env().Simplify(size.Sub(shift).Mod(size))
		if at.Equal(ir.Const(0)) {
			continue
		}
		x = c.Concat(axis, c.Slice(x, axis, at, size, 1), c.Slice(x, axis, ir.Const(0), at, 1))
	}
	return c.ReshapeTo(x, shape)
}

// alongAxis gives a tensor of rank 1 or 0 rank axes, all of size 1 but one.
func (c *Call) alongAxis(v *ir.Value, axis, rank int) *ir.Value {
	dims := make([]ir.Dim, rank)
	for i := range dims {
		dims[i] = ir.Const(1)
	}
	dims[axis] = v.Type.NumElements()
	return c.Reshape(v, dims...)
}

func meshgrid(c *Call) []*ir.Value {
	vs := c.Values("tensors")
	rank := len(vs)
	for i, v := range vs {
		axis := i
		if c.Has("indexing") && c.Str("indexing") == "xy" && rank >= 2 && i < 2 {
			axis = 1 - i
		}
		vs[i] = c.ExpandTo(c.alongAxis(v, axis, rank), c.Result(i))
	}
	return vs
}

func blockDiag(c *Call) *ir.Value {
	vs := c.Values("tensors")
	width := c.Result(0).Shape[1]
	left := ir.Const(0)
	zero := ir.Const(0)
	for i, v := range vs {
		for v.Type.Rank() < 2 {
			v = c.Unsqueeze(v, 0)
		}
		right := width.Sub(left).Sub(v.Type.Shape[1])
		next := left.Add(v.Type.Shape[1])
		vs[i] = c.Pad(c.Out(v), []ir.Dim{zero, left}, []ir.Dim{zero, right}, c.number(ir.Int(0), c.Result(0).Elem))
		left = next
	}
	return c.Concat(0, vs...)
}

func kron(c *Call) *ir.Value {
	a, b := c.Out(c.Value("self")), c.Out(c.Value("other"))
	rank := c.Result(0).Rank()
	for a.Type.Rank() < rank {
		a = c.Unsqueeze(a, 0)
	}
	for b.Type.Rank() < rank {
		b = c.Unsqueeze(b, 0)
	}
	var wideA, wideB []ir.Dim
	for i := range rank {
		wideA = append(wideA, a.Type.Shape[i], ir.Const(1))
		wideB = append(wideB, ir.Const(1), b.Type.Shape[i])
	}
	return c.ReshapeTo(c.Mul(c.Reshape(a, wideA...), c.Reshape(b, wideB...)), c.Result(0))
}
