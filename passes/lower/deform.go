package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// deformConv is a convolution that reads the input at the places of its taps plus computed offsets, between elements.
func deformConv(c *Call) *ir.Value {
	x, w, r := c.Value("input"), c.Value("weight"), c.Result(0)
	channels, groups, parts := x.Type.Shape[1], ir.Const(int64(c.Int("groups"))), ir.Const(int64(c.Int("offset_groups")))
	d := &deformation{
		c: c, e: x.Type.Elem, height: x.Type.Shape[2], width: x.Type.Shape[3], kernel: w.Type.Shape[2:4],
		grid: []ir.Dim{x.Type.Shape[0], parts, w.Type.Shape[2].Mul(w.Type.Shape[3]), r.Shape[2], r.Shape[3]},
	}
	d.lines = c.Reshape(x, d.grid[0], parts, channels.FloorDiv(parts), d.height.Mul(d.width))
	offset := c.Reshape(c.Value("offset"), slices.Insert(slices.Clone(d.grid), 3, ir.Const(2))...)
	columns := d.between(d.place(0, offset, "stride_h", "pad_h", "dilation_h"), d.place(1, offset, "stride_w", "pad_w", "dilation_w"))
	if c.Bool("use_mask") {
		columns = c.Mul(columns, d.flat(c.Value("mask")))
	}
	inner := channels.FloorDiv(groups).Mul(d.grid[2])
	columns = c.Reshape(columns, d.grid[0], groups, inner, r.Shape[2].Mul(r.Shape[3]))
	y := c.Matmul(c.Reshape(w, groups, w.Type.Shape[0].FloorDiv(groups), inner), columns)
	return c.Add(c.ReshapeTo(y, r), c.alongAxis(c.Value("bias"), 0, 3))
}

// deformation reads an image at computed places.
type deformation struct {
	c             *Call
	e             host.Elem
	height, width ir.Dim
	kernel        []ir.Dim
	grid          []ir.Dim  // of the places: [n, parts, taps, rows, cols]; each part of the channels has places of its own
	lines         *ir.Value // the image: [n, parts, channels of a part, height*width]
}

// place is where the taps lie along a spatial axis, as fractions: [n, parts, taps, rows, cols].
func (d *deformation) place(axis int, offset *ir.Value, stride, pad, dilation string) *ir.Value {
	c, one := d.c, ir.Const(1)
	start := c.Iota(ir.TensorOf(d.e, d.grid[3+axis]), 0, ir.Int(-c.Int(pad)), ir.Int(c.Int(stride)))
	tap := c.Iota(ir.TensorOf(d.e, d.kernel[axis]), 0, ir.Int(0), ir.Int(c.Int(dilation)))
	tap = c.Reshape(c.Expand(c.alongAxis(tap, axis, 2), d.kernel...), d.grid[2], one, one)
	return c.Add(c.Select(offset, 3, ir.Const(int64(axis))), c.Add(tap, c.alongAxis(start, axis+1, 3)))
}

// flat lists a number for each place, for all channels of a part: [n, parts, 1, places].
func (d *deformation) flat(v *ir.Value) *ir.Value {
	return d.c.Reshape(v, d.grid[0], d.grid[1], ir.Const(1), product(d.grid[2:]))
}

// between reads the elements at rows y and columns z, which lie between four whole places: each counts by its nearness.
func (d *deformation) between(y, z *ir.Value) *ir.Value {
	c := d.c
	top, left := c.One(tensor.Floor, nil, y), c.One(tensor.Floor, nil, z)
	down, across := c.Sub(y, top), c.Sub(z, left)
	near := func(far *ir.Value, step int) *ir.Value {
		if step == 0 {
			return c.SubFrom(1, far)
		}
		return far
	}
	var sum *ir.Value
	for i := range 4 {
		dy, dz := i/2, i%2
		v := d.at(c.AddN(top, float64(dy)), c.AddN(left, float64(dz)))
		v = c.Mul(v, d.flat(c.Mul(near(down, dy), near(across, dz))))
		if sum == nil {
			sum = v
		} else {
			sum = c.Add(sum, v)
		}
	}
	return sum
}

// at reads the elements at whole places, 0 outside.
func (d *deformation) at(y, z *ir.Value) *ir.Value {
	c := d.c
	inside := func(v *ir.Value, size ir.Dim) *ir.Value {
		return c.And(c.Compare(tensor.Ge, v, c.Like(v, 0)), c.Compare(tensor.Lt, v, c.Cast(c.Size(size, host.I64), d.e)))
	}
	in := c.And(inside(y, d.height), inside(z, d.width))
	place := c.Add(c.Mul(c.Cast(y, host.I64), c.Size(d.width, host.I64)), c.Cast(z, host.I64))
	place = c.Where(in, place, c.Const(ir.Int(0), host.I64))
	wide := slices.Clone(d.lines.Type.Shape)
	wide[3] = product(d.grid[2:])
	return c.Where(c.Expand(d.flat(in), wide...), c.Gather(d.lines, c.Expand(d.flat(place), wide...), 3), c.Const(c.number(ir.Int(0), d.e), d.e))
}
