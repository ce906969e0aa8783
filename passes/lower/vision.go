package lower

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// vision holds the operators of torchvision.
func vision(t *Table) {
	t.Add("torchvision.nms", One(func(c *Call) *ir.Value {
		boxes := c.Value("dets")
		_, order := c.sorted(c.Value("scores"), 0, true)
		keep := c.One(nn.NMS, ir.Attrs{ir.Set("iou_threshold", ir.Float(c.Float("iou_threshold")))}, c.Take(boxes, order, 0))
		var found *ir.Value
		if b := c.Binds(); b != nil {
			found = c.One(tensor.Nonzero, ir.Attrs{ir.Set("binds", b)}, keep)
		} else {
			found = c.Stack(1, c.positions(keep, c.Result(0).Shape[0], 0)...)
		}
		return c.Take(order, c.Squeeze(found, 1), 0)
	}))
	t.Add("torchvision.roi_align", One(func(c *Call) *ir.Value {
		return c.Typed(nn.RoIAlign, ir.Attrs{
			ir.Set("scale", ir.Float(c.Float("spatial_scale"))),
			ir.Set("samples", ir.Int(max(c.Int("sampling_ratio"), 0))),
			ir.Set("aligned", ir.Bool(c.Bool("aligned"))),
		}, c.Result(0), c.Value("input"), c.Value("rois"))
	}))
	t.Add("torchvision.roi_pool", All(func(c *Call) []*ir.Value {
		op, err := c.b.BuildTyped(nn.RoIPool, ir.Attrs{ir.Set("scale", ir.Float(c.Float("spatial_scale")))},
			[]ir.Type{c.Result(0), c.Result(1)}, c.Value("input"), c.Value("rois"))
		c.check(err)
		return op.Results
	}))
	t.Add("torchvision.ps_roi_align", All(psRoIAlign))
	t.Add("torchvision.ps_roi_pool", All(psRoIPool))
	t.Add("torchvision.deform_conv2d", One(deformConv))
}

// ownBins is the rest of position-sensitive pooling, where each bin of the result looks at a channel of its own: picks of all
// [k, out*bins, rows, cols] those, and lists their channels.
func (c *Call) ownBins(all *ir.Value) []*ir.Value {
	r, t := c.Result(0), c.Result(1)
	rois, out, bins := r.Shape[0], r.Shape[1], r.Shape[2].Mul(r.Shape[3])
	own := c.Expand(c.alongAxis(c.Count(bins, host.I64), 2, 4), rois, out, bins, ir.Const(1))
	y := c.Gather(c.Reshape(all, rois, out, bins, bins), own, 3)
	channels := c.Reshape(c.Count(product(t.Shape[1:]), t.Elem), t.Shape[1:]...)
	return []*ir.Value{c.ReshapeTo(y, r), c.ExpandTo(channels, t)}
}

// psRoIAlign computes every bin of every channel and picks those that count.
func psRoIAlign(c *Call) []*ir.Value {
	x, r := c.Value("input"), c.Result(0)
	return c.ownBins(c.Typed(nn.RoIAlign, ir.Attrs{
		ir.Set("scale", ir.Float(c.Float("spatial_scale"))),
		ir.Set("samples", ir.Int(max(c.Int("sampling_ratio"), 0))),
		ir.Set("aligned", ir.Bool(true)),
	}, r.WithShape(r.Shape[0], x.Type.Shape[1], r.Shape[2], r.Shape[3]), x, c.Value("rois")))
}

// psRoIPool is the mean of the elements in each bin: sums over rows, then over columns, by products with masks.
func psRoIPool(c *Call) []*ir.Value {
	x, rois, r := c.Value("input"), c.Value("rois"), c.Result(0)
	e := rois.Type.Elem
	side := func(i int64) *ir.Value { return c.Part(rois, 1, ir.Const(i), ir.Const(1)) } // [k, 1]
	// mask says which places lie in which bin: [k, bins, size].
	mask := func(from, to int64, bins, size ir.Dim) *ir.Value {
		edge := func(i int64) *ir.Value { return c.roundAway(c.MulN(side(i), c.Float("spatial_scale"))) }
		start := edge(from)
		step := c.Div(c.Max(c.Sub(edge(to), start), c.Like(start, 1)), c.Size(bins, e))
		place := func(round *ir.OpDef, n *ir.Value) *ir.Value {
			at := c.Add(c.One(round, nil, c.Mul(n, step)), start)
			return c.Unsqueeze(c.Min(c.Max(at, c.Like(at, 0)), c.Size(size.Sub(ir.Const(1)), e)), 2)
		}
		count, at := c.Count(bins, e), c.Count(size, e)
		low, high := place(tensor.Floor, count), place(tensor.Ceil, c.AddN(count, 1))
		return c.Cast(c.And(c.Compare(tensor.Ge, at, low), c.Compare(tensor.Lt, at, high)), e)
	}
	rows, cols := mask(2, 4, r.Shape[2], x.Type.Shape[2]), mask(1, 3, r.Shape[3], x.Type.Shape[3])
	pictures := c.Take(x, c.Cast(c.Reshape(side(0), r.Shape[0]), host.I64), 0) // [k, c, h, w]
	sums := c.Matmul(c.Matmul(c.Unsqueeze(rows, 1), pictures), c.Swap(c.Unsqueeze(cols, 1), 2, 3))
	number := func(v *ir.Value) *ir.Value { return c.Sum(v, false, 2) } // [k, bins]
	area := c.Mul(c.Unsqueeze(c.Unsqueeze(number(rows), 2), 1), c.Unsqueeze(c.Unsqueeze(number(cols), 1), 1))
	return c.ownBins(c.Div(sums, c.Max(area, c.Like(area, 1))))
}

// roundAway rounds halves away from 0.
func (c *Call) roundAway(x *ir.Value) *ir.Value {
	return c.One(tensor.Copysign, nil, c.One(tensor.Floor, nil, c.AddN(c.Abs(x), 0.5)), x)
}
