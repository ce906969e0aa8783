package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// repeats holds targets that repeat the elements of tensors, shift them and turn them round.
func repeats(t *Table) {
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
	t.Add("aten.rot90", One(rot90))
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

// roll shifts the elements of axes around their ends; without axes those of the whole tensor.
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

// rot90 turns the plane of two axes k times by a quarter.
func rot90(c *Call) *ir.Value {
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
}
