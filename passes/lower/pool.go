package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// pools holds pooling and its inverse. The number of spatial axes is in the target's name.
func pools(t *Table) {
	for i, d := range []string{"1d", "2d", "3d"} {
		n := i + 1
		t.Add("aten.max_pool"+d, One(func(c *Call) *ir.Value { return c.maxPool(n)[0] }))
		t.Add("aten.max_pool"+d+"_with_indices", All(func(c *Call) []*ir.Value { return c.maxPool(n) }))
		t.Add("aten.avg_pool"+d, One(func(c *Call) *ir.Value { return c.avgPool(n) }))
		adaptive := One(func(c *Call) *ir.Value {
			return c.pooled(c.Value("self"), n, func(x *ir.Value) []*ir.Value {
				return c.Emit(nn.AdaptiveAvgPool, ir.Attrs{ir.Set("output", ir.OfDims(c.outputSize(n)...))}, x)
			})[0]
		})
		t.Add("aten.adaptive_avg_pool"+d, adaptive)
		t.Add("aten._adaptive_avg_pool"+d, adaptive)
		t.Add("aten.adaptive_max_pool"+d, All(func(c *Call) []*ir.Value {
			return c.pooled(c.Value("self"), n, func(x *ir.Value) []*ir.Value {
				return c.Emit(nn.AdaptiveMaxPool, ir.Attrs{ir.Set("output", ir.OfDims(c.outputSize(n)...))}, x)
			})
		}))
		if n > 1 {
			t.Add("aten.max_unpool"+d, One(func(c *Call) *ir.Value { return c.maxUnpool(n) }))
			t.Add("aten.fractional_max_pool"+d, All(func(c *Call) []*ir.Value { return c.fractionalMaxPool(n) }))
		}
	}
}

// outputSize are the sizes of the pooled axes; the file states them, whatever the argument leaves open.
func (c *Call) outputSize(n int) []ir.Dim {
	shape := c.Result(0).Shape
	return shape[len(shape)-n:]
}

// pooled runs fn on x with its leading axes made two, batch and channels, as most kernels want them.
func (c *Call) pooled(x *ir.Value, n int, fn func(x *ir.Value) []*ir.Value) []*ir.Value {
	lead := x.Type.Rank() - n
	if lead == 2 {
		return fn(x)
	}
	one := c.Reshape(x, append([]ir.Dim{ir.Const(1), product(x.Type.Shape[:lead])}, x.Type.Shape[lead:]...)...)
	vs := slices.Clone(fn(one))
	for i, v := range vs {
		vs[i] = c.Reshape(v, append(slices.Clone(x.Type.Shape[:lead]), v.Type.Shape[2:]...)...)
	}
	return vs
}

// window reads kernel and stride; no stride means that of the kernel.
func (c *Call) window(n int) (kernel, stride []int) {
	kernel = c.IntsN("kernel_size", n)
	if !c.Has("stride") || len(c.Ints("stride")) == 0 {
		return kernel, kernel
	}
	return kernel, c.IntsN("stride", n)
}

func (c *Call) maxPool(n int) []*ir.Value {
	kernel, stride := c.window(n)
	pad := ir.OfInts(c.IntsN("padding", n)...)
	attrs := ir.Attrs{
		ir.Set("kernel", ir.OfInts(kernel...)), ir.Set("stride", ir.OfInts(stride...)), ir.Set("dilation", ir.OfInts(c.IntsN("dilation", n)...)),
		ir.Set("low", pad), ir.Set("high", pad), ir.Set("ceil_mode", ir.Bool(c.Bool("ceil_mode"))),
	}
	return c.pooled(c.Value("self"), n, func(x *ir.Value) []*ir.Value { return c.Emit(nn.MaxPool, attrs, x) })
}

func (c *Call) avgPool(n int) *ir.Value {
	kernel, stride := c.window(n)
	attrs := ir.Attrs{
		ir.Set("kernel", ir.OfInts(kernel...)), ir.Set("stride", ir.OfInts(stride...)), ir.Set("padding", ir.OfInts(c.IntsN("padding", n)...)),
		ir.Set("ceil_mode", ir.Bool(c.Bool("ceil_mode"))), ir.Set("count_include_pad", ir.Bool(c.Bool("count_include_pad"))),
	}
	if c.Has("divisor_override") {
		attrs = attrs.With("divisor", ir.Int(c.Int("divisor_override")))
	}
	return c.pooled(c.Value("self"), n, func(x *ir.Value) []*ir.Value { return c.Emit(nn.AvgPool, attrs, x) })[0]
}

// maxUnpool puts each value where max pooling found it; the rest is 0.
func (c *Call) maxUnpool(n int) *ir.Value {
	x, at := c.Value("self"), c.Value("indices")
	lead := x.Type.Rank() - n
	plane := product(c.outputSize(n))
	flat := append(slices.Clone(x.Type.Shape[:lead]), product(x.Type.Shape[lead:]))
	zeros := c.Fill(ir.Int(0), x.Type.WithShape(append(slices.Clone(x.Type.Shape[:lead]), plane)...))
	y := c.One(tensor.Scatter, ir.Attrs{ir.Set("axis", ir.Int(lead))}, zeros, c.Reshape(at, flat...), c.Reshape(x, flat...))
	return c.ReshapeTo(y, c.Result(0))
}

// fractionalMaxPool takes maxima of windows whose places follow from samples in 0..1, one for each plane and axis (the last
// axis first), as fractional max pooling has them: value and place in the plane.
func (c *Call) fractionalMaxPool(n int) []*ir.Value {
	x, samples := c.Value("self"), c.Value("random_samples")
	rank := x.Type.Rank()
	lead, sizes, out := x.Type.Shape[:rank-n], x.Type.Shape[rank-n:], c.outputSize(n)
	kernel := c.IntsN("kernel_size", n)
	planes, e := product(lead), samples.Type.Elem
	samples = c.Reshape(samples, planes, ir.Const(int64(n)))
	var place *ir.Value // [planes, out..., window...] in the plane
	for axis := range n {
		k := ir.Const(int64(kernel[axis]))
		last := sizes[axis].Sub(k)
		sample := c.Part(samples, 1, ir.Const(int64(n-1-axis)), ir.Const(1)) // [planes, 1]
		count := c.Count(out[axis], e)
		step := c.Div(c.Size(last, e), c.Max(c.Size(out[axis].Sub(ir.Const(1)), e), c.Like(sample, 1)))
		whole := func(v *ir.Value) *ir.Value { return c.Cast(c.Mul(v, step), host.I64) }
		start := c.Sub(whole(c.Add(c.Unsqueeze(count, 0), sample)), whole(sample))
		isLast := c.Compare(tensor.Eq, c.Count(out[axis], host.I64), c.Size(out[axis].Sub(ir.Const(1)), host.I64))
		start = c.Where(isLast, c.Size(last, host.I64), start) // [planes, out]
		shape := dims(make([]int, 1+2*n)...)
		for i := range shape {
			shape[i] = ir.Const(1)
		}
		inside := append([]ir.Dim(nil), shape...)
		shape[0], shape[1+axis], inside[1+n+axis] = planes, out[axis], k
		at := c.Add(c.Reshape(start, shape...), c.Reshape(c.Count(k, host.I64), inside...))
		if place == nil {
			place = at
		} else {
			place = c.Add(c.Mul(place, c.Size(sizes[axis], host.I64)), at)
		}
	}
	spots, window := product(out), 1
	for _, k := range kernel {
		window *= k
	}
	lines := c.Reshape(x, planes, product(sizes))
	flat := c.Reshape(place, planes, spots.Mul(ir.Const(int64(window))))
	values := c.Reshape(c.Gather(lines, flat, 1), planes, spots, ir.Const(int64(window)))
	best := c.argReduce(tensor.Argmax, values, 2, true)
	return []*ir.Value{
		c.ReshapeTo(c.Gather(values, best, 2), c.Result(0)),
		c.ReshapeTo(c.Gather(c.Reshape(place, planes, spots, ir.Const(int64(window))), best, 2), c.Result(1)),
	}
}
