package schedule

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// convolution is an nn.conv over one to three spatial axes: for each image and group, the weight [out, k] times the
// elements that each window covers, [k, pixels].
type convolution struct {
	host.ConvParams
	x, w   *ir.Value
	inner  ir.Dim   // channels of a group of x
	outer  ir.Dim   // channels of a group of the result
	size   []ir.Dim // of x along the spatial axes
	pixels []ir.Dim // of the result
	window []int64  // elements along each axis
}

func convProduct(_ *Group, op *ir.Op) (*contraction, error) {
	c, err := newConvolution(op)
	if err != nil {
		return nil, err
	}
	if c.ChannelsLast && c.single() {
		return c.channelsLast(op)
	}
	return c.channelsFirst(op)
}

func newConvolution(op *ir.Op) (*convolution, error) {
	params, err := nn.ConvParams(op)
	if err != nil {
		return nil, err
	}
	c := &convolution{ConvParams: params, x: op.Operand(0), w: op.Operand(1)}
	axes := c.x.Type.Rank() - 2
	first := 2
	if c.ChannelsLast {
		first = 1
	}
	c.size, c.pixels = c.x.Type.Shape[first:first+axes], op.Result().Type.Shape[first:first+axes]
	c.inner, c.outer = c.w.Type.Shape[1], c.w.Type.Shape[0].FloorDiv(ir.Const(int64(c.Groups)))
	for _, d := range c.w.Type.Shape[2:] {
		n, ok := d.IsConst()
		if !ok {
			return nil, reason(op, "a window of open size is not emitted")
		}
		c.window = append(c.window, n)
	}
	return c, nil
}

// ordered puts a place of image, channel and pixel in the order of the axes.
func (c *convolution) ordered(p point) point {
	if !c.ChannelsLast {
		return p
	}
	return append(append(point{p[0]}, p[2:]...), p[1])
}

// channels is the number of channels of x or the result.
func (c *convolution) channels(shape []ir.Dim) ir.Dim {
	if c.ChannelsLast {
		return shape[len(shape)-1]
	}
	return shape[1]
}

// single reports windows of one element, side by side: a matrix product without more.
func (c *convolution) single() bool {
	for i, n := range c.window {
		if n != 1 || c.Stride[i] != 1 || c.Low[i] != 0 || c.High[i] != 0 {
			return false
		}
	}
	return true
}

func (c *convolution) windowSize() ir.Dim {
	n := int64(1)
	for _, w := range c.window {
		n *= w
	}
	return ir.Const(n)
}

// weights is the weight as a matrix, one for each group.
func (c *convolution) weights(k ir.Dim) factor {
	axes := len(c.window)
	return factor{
		v: c.w, alongK: true, count: ir.Const(int64(c.Groups)),
		number: func(b []ir.Dim) ir.Dim { return b[1] },
		batch:  func(g ir.Dim) []ir.Dim { return []ir.Dim{zero, g} },
		at: func(b []ir.Dim, out, at part) (point, error) {
			out.at = out.at.Add(b[1].Mul(c.outer))
			return point{along(1, c.w.Type.Shape[0], out), along(1+axes, k, at)}, nil
		},
	}
}

// channelsFirst has channels as rows and pixels as columns, which suits channels that come first.
func (c *convolution) channelsFirst(op *ir.Op) (*contraction, error) {
	axes, y := len(c.size), op.Result().Type.Shape
	p := &contraction{op: op, batches: []ir.Dim{y[0], ir.Const(int64(c.Groups))}, m: c.outer, n: product(c.pixels), k: c.inner.Mul(c.windowSize()), bias: op.Operand(2)}
	p.a = c.weights(p.k)
	p.b = factor{v: c.x}
	if c.single() {
		p.b.at = func(b []ir.Dim, pixel, k part) (point, error) {
			k.at = k.at.Add(b[1].Mul(c.inner))
			return point{{axes: 1, size: y[0], at: b[0]}, along(1, c.x.Type.Shape[1], k), along(axes, p.n, pixel)}, nil
		}
	} else {
		p.b.conv = c
	}
	channel := func(b []ir.Dim, row part) part {
		row.at = row.at.Add(b[1].Mul(c.outer))
		return along(1, c.channels(y), row)
	}
	p.at = func(b []ir.Dim, row, col part) point {
		return c.ordered(point{{axes: 1, size: y[0], at: b[0]}, channel(b, row), along(axes, p.n, col)})
	}
	p.biasAt = func(b []ir.Dim, row, _ part) point { return point{channel(b, row)} }
	return p, nil
}

// channelsLast has pixels as rows and channels as columns. What it says of k and of x is of windows of one element only.
func (c *convolution) channelsLast(op *ir.Op) (*contraction, error) {
	axes, y := len(c.size), op.Result().Type.Shape
	p := &contraction{op: op, batches: []ir.Dim{y[0], ir.Const(int64(c.Groups))}, m: product(c.pixels), n: c.outer, k: c.inner, bias: op.Operand(2)}
	p.a = factor{v: c.x, alongK: true, at: func(b []ir.Dim, row, k part) (point, error) {
		k.at = k.at.Add(b[1].Mul(c.inner))
		return point{{axes: 1, size: y[0], at: b[0]}, along(axes, p.m, row), along(1, c.x.Type.Shape[1+axes], k)}, nil
	}}
	p.b = c.weights(p.k)
	channel := func(b []ir.Dim, col part) part {
		col.at = col.at.Add(b[1].Mul(c.outer))
		return along(1, y[1+axes], col)
	}
	p.at = func(b []ir.Dim, row, col part) point {
		return point{{axes: 1, size: y[0], at: b[0]}, along(axes, p.m, row), channel(b, col)}
	}
	p.biasAt = func(b []ir.Dim, _, col part) point { return point{channel(b, col)} }
	return p, nil
}
