package nn

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var poolOps = []*ir.OpDef{MaxPool, AvgPool, AdaptiveAvgPool, AdaptiveMaxPool}

var (
	kernelAttr   = ir.Require("kernel", ir.KindInts, "the size of a window for each spatial axis; these are x's last one to three, or stand before the last")
	poolStride   = optional("stride", ir.KindInts, "the distance between windows, for each spatial axis; none: the window's size")
	ceilModeAttr = ir.Default("ceil_mode", ir.KindBool, ir.Bool(false), "also take a last window that ends outside, if it starts inside")
	outputAttr   = ir.Require("output", ir.KindDims, "the result's sizes of the spatial axes, x's last one to three, or those before the last")
	lastAttr     = ir.Default("channels_last", ir.KindBool, ir.Bool(false), "behind the spatial axes of x and the results there is one for channels")
)

// MaxPool takes the largest element of each window.
var MaxPool = &ir.OpDef{
	Name: "nn.max_pool",
	Doc: "The largest element of each window, and its index among all elements of the spatial axes. NaN is larger than anything; of " +
		"equals the first counts; padding is never taken.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals), ir.Out("index", ir.Index)},
	Attrs:    []ir.AttrDef{kernelAttr, poolStride, dilationAttr, lowAttr, highAttr, ceilModeAttr, lastAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		p, err := poolParams(op, "low", "high")
		if err != nil {
			return nil, err
		}
		t, err := pooled(op, p)
		return []ir.Type{t, t.WithElem(host.I64)}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		p, err := poolParams(op, "low", "high")
		if err != nil {
			return nil, err
		}
		return two(lastPair(op, func(x *host.Tensor) (*host.Tensor, *host.Tensor, error) { return host.MaxPool(c.Par(), x, p) }, in(0)))
	}),
	Example: `%y, %i = nn.max_pool(%x: tensor<1x2x4xf32> = [1, 5, 5, 2, 0, -1, 7, 8]) {kernel = [2, 2]} : tensor<1x1x2xf32>, tensor<1x1x2xi64> // [5, 8]; [1, 7]
%y, %i = nn.max_pool(%x: tensor<1x4xf32> = [1, nan, -3, -4]) {kernel = [2], stride = [1], low = [1]} : tensor<1x4xf32>, tensor<1x4xi64> // [1, nan, nan, -3]; [0, 1, 1, 2]
%y, %i = nn.max_pool(%x: tensor<1x4x2xf32> = [1, 20, 5, 10, 3, 30, 4, 40]) {kernel = [2], channels_last = true} : tensor<1x2x2xf32>, tensor<1x2x2xi64> // [5, 20, 4, 40]; [1, 0, 3, 3]`,
}

// SpatialAxis is the first spatial axis of a pool; it is negative where x has too few axes.
func SpatialAxis(op *ir.Op) int {
	axes := 0
	switch {
	case op.Has("kernel"):
		axes = len(op.Ints("kernel"))
	case op.Has("output"):
		axes = len(op.Dims("output"))
	}
	if op.Bool("channels_last") {
		axes++
	}
	return op.In(0).Rank() - axes
}

// last computes with the channels in front of the spatial axes.
func last(op *ir.Op, compute func(x *host.Tensor) (*host.Tensor, error), x *host.Tensor) (*host.Tensor, error) {
	y, _, err := lastPair(op, func(x *host.Tensor) (*host.Tensor, *host.Tensor, error) {
		y, err := compute(x)
		return y, nil, err
	}, x)
	return y, err
}

// lastPair is last for two results.
func lastPair(op *ir.Op, compute func(x *host.Tensor) (a, b *host.Tensor, err error), x *host.Tensor) (a, b *host.Tensor, err error) {
	if !op.Bool("channels_last") {
		return compute(x)
	}
	var first, back []int
	rank, lead := x.Rank(), SpatialAxis(op)
	for i := range rank {
		first, back = append(first, i), append(back, i)
	}
	first = slices.Insert(first[:rank-1], lead, rank-1)
	back = append(slices.Delete(back, lead, lead+1), lead)
	if a, b, err = compute(x.Transpose(first)); err != nil {
		return nil, nil, err
	}
	a = a.Transpose(back)
	if b != nil {
		b = b.Transpose(back)
	}
	return a, b, nil
}

// poolParams reads the attributes; low and high name those with the padding.
func poolParams(op *ir.Op, low, high string) (p host.PoolParams, err error) {
	x := op.In(0)
	axes := len(op.Ints("kernel"))
	if axes < 1 || axes > 3 || SpatialAxis(op) < 0 {
		return p, op.Errorf("kernel is %v, expected a size for each of the one to three spatial axes of x, which is %s", op.Ints("kernel"), x)
	}
	if p.Kernel, err = perAxis(op, "kernel", axes, 1, 1); err != nil {
		return p, err
	}
	p.Stride = p.Kernel
	if op.Has("stride") {
		if p.Stride, err = perAxis(op, "stride", axes, 1, 1); err != nil {
			return p, err
		}
	}
	if p.Dilation, err = perAxis(op, "dilation", axes, 1, 1); err != nil {
		return p, err
	}
	if p.Low, err = perAxis(op, low, axes, 0, 0); err != nil {
		return p, err
	}
	p.High, err = perAxis(op, high, axes, 0, 0)
	p.Ceil = op.Bool("ceil_mode")
	return p, err
}

// pooled is x with the number of windows for each spatial axis.
func pooled(op *ir.Op, p host.PoolParams) (ir.Type, error) {
	x := op.In(0)
	shape := slices.Clone(x.Shape)
	lead := SpatialAxis(op)
	for i, k := range p.Kernel {
		n := shape[lead+i]
		stride, high := p.Stride[i], p.High[i]
		if p.Ceil {
			high += stride - 1
		}
		count := windows(n, ir.Const(int64(k)), stride, p.Dilation[i], p.Low[i], high)
		if p.Ceil { // but none that starts behind the last element
			count = count.Min(n.Add(ir.Const(int64(p.Low[i] - 1))).FloorDiv(ir.Const(int64(stride))).Add(ir.Const(1)))
		}
		if err := exists(op, "result for x "+x.String(), count); err != nil {
			return x, err
		}
		shape[lead+i] = count
	}
	return x.WithShape(shape...), nil
}

// AvgPool takes the mean of each window.
var AvgPool = &ir.OpDef{
	Name:     "nn.avg_pool",
	Doc:      "The mean of the elements of each window; the padding counts as zeros.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals)},
	Attrs: []ir.AttrDef{kernelAttr, poolStride, optional("padding", ir.KindInts, "zeros at both ends, for each spatial axis; none: 0"), ceilModeAttr,
		ir.Default("count_include_pad", ir.KindBool, ir.Bool(true), "divide by the window's size with the padding in it"),
		ir.Default("divisor", ir.KindInt, ir.Int(0), "what sums are divided by; 0: the window's size"), lastAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		p, err := poolParams(op, "padding", "padding")
		if err != nil {
			return nil, err
		}
		t, err := pooled(op, p)
		return []ir.Type{t}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		p, err := poolParams(op, "padding", "padding")
		if err != nil {
			return nil, err
		}
		return one(last(op, func(x *host.Tensor) (*host.Tensor, error) {
			return host.AvgPool(c.Par(), x, p, op.Bool("count_include_pad"), op.Int("divisor"))
		}, in(0)))
	}),
	Example: `%y = nn.avg_pool(%x: tensor<1x5xf32> = [1, 3, 5, 7, 4]) {kernel = [2], padding = [1]} : tensor<1x3xf32> // [0.5, 4, 5.5]
%y = nn.avg_pool(%x: tensor<1x5xf32> = [1, 3, 5, 7, 4]) {kernel = [2], padding = [1], count_include_pad = false} : tensor<1x3xf32> // [1, 4, 5.5]
%y = nn.avg_pool(%x: tensor<1x2x3xf32> = [1, 2, 3, 4, 5, 6]) {kernel = [2, 2], stride = [1, 2], ceil_mode = true, divisor = 2} : tensor<1x1x2xf32> // [6, 4.5]
%y = nn.avg_pool(%x: tensor<1x4x2xf32> = [1, 20, 5, 10, 3, 30, 4, 40]) {kernel = [2], channels_last = true} : tensor<1x2x2xf32> // [3, 15, 3.5, 35]`,
}

// AdaptiveAvgPool takes means of equal parts.
var AdaptiveAvgPool = &ir.OpDef{
	Name: "nn.adaptive_avg_pool",
	Doc: "The means of m parts of each spatial axis of n elements, m being the size that output states: part i holds the elements " +
		"floor(i*n/m) to ceil((i+1)*n/m).",
	Operands: []ir.Arg{ir.In("x", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{outputAttr, lastAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := adaptive(op)
		return []ir.Type{t}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		output, err := outputSizes(c, op)
		if err != nil {
			return nil, err
		}
		return one(last(op, func(x *host.Tensor) (*host.Tensor, error) { return host.AdaptiveAvgPool(c.Par(), x, output) }, in(0)))
	}),
	Example: `%y = nn.adaptive_avg_pool(%x: tensor<1x5xf32> = [1, 2, 3, 4, 8]) {output = [2]} : tensor<1x2xf32> // [2, 5]
%y = nn.adaptive_avg_pool(%x: tensor<1x3x2xf32> = [1, 10, 3, 30, 4, 40]) {output = [2], channels_last = true} : tensor<1x2x2xf32> // [2, 20, 3.5, 35]`,
}

// AdaptiveMaxPool takes the largest elements of equal parts.
var AdaptiveMaxPool = &ir.OpDef{
	Name:     "nn.adaptive_max_pool",
	Doc:      "The largest elements of the parts that nn.adaptive_avg_pool describes, and their indices as in nn.max_pool.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals), ir.Out("index", ir.Index)},
	Attrs:    []ir.AttrDef{outputAttr, lastAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := adaptive(op)
		return []ir.Type{t, t.WithElem(host.I64)}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		output, err := outputSizes(c, op)
		if err != nil {
			return nil, err
		}
		return two(lastPair(op, func(x *host.Tensor) (*host.Tensor, *host.Tensor, error) {
			return host.AdaptiveMaxPool(c.Par(), x, output)
		}, in(0)))
	}),
	Example: `%y, %i = nn.adaptive_max_pool(%x: tensor<1x2x3xf32> = [1, 9, 3, 4, 5, 6]) {output = [1, 2]} : tensor<1x1x2xf32>, tensor<1x1x2xi64> // [9, 9]; [1, 1]`,
}

// adaptive is x with other spatial sizes.
func adaptive(op *ir.Op) (ir.Type, error) {
	x, output := op.In(0), op.Dims("output")
	lead := SpatialAxis(op)
	if len(output) < 1 || len(output) > 3 || lead < 0 {
		return x, op.Errorf("output is %v, expected a size for each of the one to three spatial axes of x, which is %s", output, x)
	}
	for _, d := range output {
		if n, ok := d.IsConst(); ok && n < 0 {
			return x, op.Errorf("output is %v, expected no negative sizes", output)
		}
	}
	return x.WithShape(slices.Concat(x.Shape[:lead], output, x.Shape[lead+len(output):])...), nil
}

func outputSizes(c *ir.EvalCtx, op *ir.Op) ([]int, error) {
	var sizes []int
	for _, d := range op.Dims("output") {
		n, err := c.Dim(d)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}
