package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The helpers of this file give tensors another shape or order, and the value itself where nothing changes.

// Reshape gives v other dims, row-major.
func (c *Call) Reshape(v *ir.Value, dims ...ir.Dim) *ir.Value {
	if slices.EqualFunc(v.Type.Shape, dims, ir.Dim.Equal) {
		return v
	}
	return c.Typed(tensor.Reshape, nil, v.Type.WithShape(slices.Clone(dims)...), v)
}

// ReshapeTo gives v the dims of another type.
func (c *Call) ReshapeTo(v *ir.Value, t ir.Type) *ir.Value { return c.Reshape(v, t.Shape...) }

// Flat gives v one axis.
func (c *Call) Flat(v *ir.Value) *ir.Value { return c.Reshape(v, v.Type.NumElements()) }

// Transpose reorders axes: axis i of the result is axis perm[i] of v.
func (c *Call) Transpose(v *ir.Value, perm ...int) *ir.Value {
	if slices.IsSorted(perm) && len(perm) == v.Type.Rank() {
		return v
	}
	return c.One(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(perm...))}, v)
}

// Swap exchanges two axes; negative ones count from the end.
func (c *Call) Swap(v *ir.Value, a, b int) *ir.Value {
	perm := axesFrom(0, v.Type.Rank())
	a, b = c.axis(a, len(perm)), c.axis(b, len(perm))
	if len(perm) > 0 {
		perm[a], perm[b] = perm[b], perm[a]
	}
	return c.Transpose(v, perm...)
}

// Move puts one axis at another place and keeps the order of the rest; negative ones count from the end.
func (c *Call) Move(v *ir.Value, from, to int) *ir.Value {
	perm := axesFrom(0, v.Type.Rank())
	if len(perm) == 0 {
		return v
	}
	from, to = c.axis(from, len(perm)), c.axis(to, len(perm))
	return c.Transpose(v, slices.Insert(slices.Delete(perm, from, from+1), to, from)...)
}

// Expand broadcasts v to dims.
func (c *Call) Expand(v *ir.Value, dims ...ir.Dim) *ir.Value {
	if slices.EqualFunc(v.Type.Shape, dims, ir.Dim.Equal) {
		return v
	}
	return c.Typed(tensor.Expand, nil, v.Type.WithShape(slices.Clone(dims)...), v)
}

// ExpandTo broadcasts v to the dims of another type.
func (c *Call) ExpandTo(v *ir.Value, t ir.Type) *ir.Value { return c.Expand(v, t.Shape...) }

// Unsqueeze adds an axis of size 1 before axis at of the result; a negative one counts from the end of the result.
func (c *Call) Unsqueeze(v *ir.Value, at int) *ir.Value {
	at = c.axis(at, v.Type.Rank()+1)
	return c.Reshape(v, slices.Insert(slices.Clone(v.Type.Shape), at, ir.Const(1))...)
}

// Squeeze drops axes; those whose size is not 1 stay.
func (c *Call) Squeeze(v *ir.Value, axes ...int) *ir.Value {
	var dims []ir.Dim
	for i, d := range v.Type.Shape {
		if !slices.Contains(axes, i) || !d.Equal(ir.Const(1)) {
			dims = append(dims, d)
		}
	}
	return c.Reshape(v, dims...)
}

// Slice takes the elements start, start+step, ... before stop of an axis, 0 <= start <= stop <= size.
func (c *Call) Slice(v *ir.Value, axis int, start, stop ir.Dim, step int) *ir.Value {
	if step == 1 && start.Equal(ir.Const(0)) && stop.Equal(v.Type.Shape[axis]) {
		return v
	}
	return c.One(tensor.Slice, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.OfDim(start)), ir.Set("stop", ir.OfDim(stop)), ir.Set("step", ir.Int(step))}, v)
}

// Part takes size elements from start on of an axis.
func (c *Call) Part(v *ir.Value, axis int, start, size ir.Dim) *ir.Value {
	return c.Slice(v, axis, start, start.Add(size), 1)
}

// Select takes one element of an axis and drops the axis.
func (c *Call) Select(v *ir.Value, axis int, at ir.Dim) *ir.Value {
	one := c.Part(v, axis, at, ir.Const(1))
	return c.Reshape(one, slices.Delete(slices.Clone(one.Type.Shape), axis, axis+1)...)
}

// Concat joins tensors along an axis; one is given back as it is.
func (c *Call) Concat(axis int, vs ...*ir.Value) *ir.Value {
	if len(vs) == 1 {
		return vs[0]
	}
	return c.One(tensor.Concat, ir.Attrs{ir.Set("axis", ir.Int(axis))}, vs...)
}

// Stack joins tensors of one shape along a new axis.
func (c *Call) Stack(axis int, vs ...*ir.Value) *ir.Value {
	items := make([]*ir.Value, len(vs))
	for i, v := range vs {
		items[i] = c.Unsqueeze(v, axis)
	}
	return c.Concat(axis, items...)
}

// Pad adds elements before and after each axis, all of them a number.
func (c *Call) Pad(v *ir.Value, low, high []ir.Dim, value ir.Attr) *ir.Value {
	return c.One(tensor.Pad, ir.Attrs{ir.Set("low", ir.OfDims(low...)), ir.Set("high", ir.OfDims(high...)), ir.Set("value", value)}, v)
}

// Gather takes from each line along an axis the elements that index names (torch.gather).
func (c *Call) Gather(v, index *ir.Value, axis int) *ir.Value {
	return c.One(tensor.Gather, ir.Attrs{ir.Set("axis", ir.Int(axis))}, v, index)
}

// Take takes the slices of an axis that index names; the axes of index stand in its place.
func (c *Call) Take(v, index *ir.Value, axis int) *ir.Value {
	return c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.Ints{int64(axis)})}, v, index)
}

// Flip reverses axes.
func (c *Call) Flip(v *ir.Value, axes ...int) *ir.Value {
	if len(axes) == 0 {
		return v
	}
	slices.Sort(axes)
	return c.One(tensor.Flip, ir.Attrs{ir.Set("axes", ir.OfInts(axes...))}, v)
}

// Index64 converts an index tensor to i64, unless it is i32.
func (c *Call) Index64(v *ir.Value) *ir.Value {
	if v.Type.Elem == host.I32 {
		return v
	}
	return c.Cast(v, host.I64)
}

// at is a dim with one axis replaced.
func withAxis(t ir.Type, axis int, d ir.Dim) ir.Type {
	shape := slices.Clone(t.Shape)
	shape[axis] = d
	return t.WithShape(shape...)
}
