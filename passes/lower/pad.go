package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// pads holds padding, and targets that rearrange blocks of pixels.
func pads(t *Table) {
	for _, e := range []struct{ target, list, mode string }{
		{"aten.pad", "pad", ""}, {"aten.constant_pad_nd", "pad", "constant"}, {"aten._pad_circular", "pad", "circular"}, {"aten._pad_enum", "pad", "enum"},
		{"aten.reflection_pad1d", "padding", "reflect"}, {"aten.reflection_pad2d", "padding", "reflect"}, {"aten.reflection_pad3d", "padding", "reflect"},
		{"aten.replication_pad1d", "padding", "replicate"}, {"aten.replication_pad2d", "padding", "replicate"}, {"aten.replication_pad3d", "padding", "replicate"},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			mode := e.mode
			switch mode {
			case "":
				mode = c.Str("mode")
			case "enum":
				mode = []string{"reflect", "replicate", "circular", "constant"}[c.Int("mode")&3]
			}
			return c.pad(c.Value("self"), c.Dims(e.list), mode)
		}))
	}
	t.Add("aten.pixel_shuffle", One(func(c *Call) *ir.Value {
		x, r := c.Value("self"), ir.Const(int64(c.Int("upscale_factor")))
		lead, ch, h, w := image(c, x)
		x = c.Reshape(x, append(slices.Clone(lead), ch.FloorDiv(r.Mul(r)), r, r, h, w)...)
		n := len(lead)
		return c.ReshapeTo(c.Transpose(x, append(axesFrom(0, n), n, n+3, n+1, n+4, n+2)...), c.Result(0))
	}))
	t.Add("aten.pixel_unshuffle", One(func(c *Call) *ir.Value {
		x, r := c.Value("self"), ir.Const(int64(c.Int("downscale_factor")))
		lead, ch, h, w := image(c, x)
		x = c.Reshape(x, append(slices.Clone(lead), ch, h.FloorDiv(r), r, w.FloorDiv(r), r)...)
		n := len(lead)
		return c.ReshapeTo(c.Transpose(x, append(axesFrom(0, n), n, n+2, n+4, n+1, n+3)...), c.Result(0))
	}))
	shuffle := One(func(c *Call) *ir.Value {
		x, groups := c.Value("self"), c.Dim("groups")
		shape := x.Type.Shape
		split := slices.Concat([]ir.Dim{shape[0], groups, shape[1].FloorDiv(groups)}, shape[2:])
		return c.ReshapeTo(c.Swap(c.Reshape(x, split...), 1, 2), c.Result(0))
	})
	t.Add("aten.channel_shuffle", shuffle)
	t.Add("aten.native_channel_shuffle", shuffle)
	t.Add("aten.im2col", One(im2col))
	t.Add("aten.col2im", One(col2im))
}

// image splits a shape into its leading axes, channels, height and width.
func image(c *Call, x *ir.Value) (lead []ir.Dim, channels, height, width ir.Dim) {
	s := x.Type.Shape
	n := len(s) - 3
	if n < 0 {
		c.Failf("expected rank 3 or more, found %s", x.Type)
	}
	return s[:n], s[n], s[n+1], s[n+2]
}

// pad adds elements by PyTorch's list: pairs of sizes before and after, from the last axis on. Negative sizes cut.
func (c *Call) pad(x *ir.Value, list []ir.Dim, mode string) *ir.Value {
	rank := x.Type.Rank()
	low, high := make([]ir.Dim, rank), make([]ir.Dim, rank)
	zero, none := ir.Const(0), true
	for i := 0; i+1 < len(list) && i/2 < rank; i += 2 {
		axis := rank - 1 - i/2
		low[axis], high[axis] = list[i], list[i+1]
		if mode == "circular" { // what is left after cutting goes round
			from, to := low[axis].Min(zero).Neg(), x.Type.Shape[axis].Add(high[axis].Min(zero))
			x = c.Slice(x, axis, c.env().Simplify(from), c.env().Simplify(to), 1)
			low[axis], high[axis] = c.env().Simplify(low[axis].Max(zero)), c.env().Simplify(high[axis].Max(zero))
		}
		none = none && low[axis].Equal(zero) && high[axis].Equal(zero)
	}
	if none {
		return x
	}
	attrs := ir.Attrs{ir.Set("low", ir.OfDims(low...)), ir.Set("high", ir.OfDims(high...)), ir.Set("mode", ir.String(mode))}
	if mode == "constant" && c.Has("value") {
		attrs = attrs.With("value", c.number(c.Scalar("value"), x.Type.Elem))
	}
	return c.One(tensor.Pad, attrs, x)
}

// im2col lists the windows of an image: [N, C, H, W] becomes [N, C*kh*kw, number of windows].
func im2col(c *Call) *ir.Value {
	x := c.Value("self")
	kernel, dilation, padding, stride := c.IntsN("kernel_size", 2), c.IntsN("dilation", 2), c.IntsN("padding", 2), c.IntsN("stride", 2)
	unbatched := x.Type.Rank() == 3
	if unbatched {
		x = c.Unsqueeze(x, 0)
	}
	x = c.pad(x, dims(padding[1], padding[1], padding[0], padding[0]), "constant")
	for i, axis := range []int{2, 4} { // each spatial axis becomes (place in the window, window)
		n := windowCount(x.Type.Shape[axis], kernel[i], stride[i], dilation[i])
		x = c.Take(x, c.Swap(c.windows(n, kernel[i], stride[i], dilation[i]), 0, 1), axis)
	}
	return c.ReshapeTo(c.Transpose(x, 0, 1, 2, 4, 3, 5), c.Result(0))
}

func dims(ns ...int) []ir.Dim {
	out := make([]ir.Dim, len(ns))
	for i, n := range ns {
		out[i] = ir.Const(int64(n))
	}
	return out
}

// windowCount is how many windows fit into a padded axis.
func windowCount(size ir.Dim, kernel, stride, dilation int) ir.Dim {
	return size.Sub(ir.Const(int64(dilation*(kernel-1) + 1))).FloorDiv(ir.Const(int64(stride))).Add(ir.Const(1))
}

// col2im adds up the windows that im2col lists.
func col2im(c *Call) *ir.Value {
	x := c.Value("self")
	size := c.Dims("output_size")
	kernel, dilation, padding, stride := c.IntsN("kernel_size", 2), c.IntsN("dilation", 2), c.IntsN("padding", 2), c.IntsN("stride", 2)
	unbatched := x.Type.Rank() == 2
	if unbatched {
		x = c.Unsqueeze(x, 0)
	}
	var index [2]*ir.Value
	var count, padded [2]ir.Dim
	for i := range 2 {
		padded[i] = size[i].Add(ir.Const(int64(2 * padding[i])))
		count[i] = windowCount(padded[i], kernel[i], stride[i], dilation[i])
		index[i] = c.Swap(c.windows(count[i], kernel[i], stride[i], dilation[i]), 0, 1)
	}
	k := [2]ir.Dim{ir.Const(int64(kernel[0])), ir.Const(int64(kernel[1]))}
	n := x.Type.Shape[0]
	channels := x.Type.Shape[1].FloorDiv(k[0].Mul(k[1]))
	cols := c.Transpose(c.Reshape(x, n, channels, k[0], k[1], count[0], count[1]), 0, 1, 2, 4, 3, 5)
	rows := c.Unsqueeze(c.Unsqueeze(index[0], -1), -1)
	zeros := c.Fill(ir.Int(0), x.Type.WithShape(n, channels, padded[0], padded[1]))
	out := c.put(zeros, cols, true, []int{2, 3}, rows, index[1])
	for i := range 2 {
		out = c.Part(out, 2+i, ir.Const(int64(padding[i])), size[i])
	}
	if unbatched {
		out = c.Squeeze(out, 0)
	}
	return out
}

// strided holds the targets that see a tensor's storage; the tensor must be contiguous.
func strided(t *Table) {
	for _, target := range []string{"aten.as_strided", "aten.as_strided_copy"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			return c.Take(c.Flat(c.Value("self")), c.storageIndex(), 0)
		}))
	}
	t.Add("aten.as_strided_scatter", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		src := c.Cast(c.Value("src"), x.Type.Elem)
		return c.ReshapeTo(c.put(c.Flat(x), src, false, []int{0}, c.storageIndex()), x.Type)
	}))
}

// storageIndex is the place of each element of a strided view in the storage.
func (c *Call) storageIndex() *ir.Value {
	size, stride := c.Dims("size"), c.Dims("stride")
	at := c.Const(ir.Int(0), host.I64)
	if c.Has("storage_offset") {
		at = c.Size(c.Dim("storage_offset"), host.I64)
	}
	for i := range size {
		step := c.alongAxis(c.Count(size[i], host.I64), i, len(size))
		at = c.Add(at, c.Mul(step, c.Size(stride[i], host.I64)))
	}
	return c.Expand(at, size...)
}
