package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
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
