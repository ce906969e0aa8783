package nn

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var poolOps = []*ir.OpDef{MaxPool, AvgPool, AdaptiveAvgPool, AdaptiveMaxPool}

var (
	kernelAttr   = ir.Require("kernel", ir.KindInts, "the size of a window for each spatial axis; these are x's last one to three")
	poolStride   = optional("stride", ir.KindInts, "the distance between windows, for each spatial axis; none: the window's size")
	ceilModeAttr = ir.Default("ceil_mode", ir.KindBool, ir.Bool(false), "also take a last window that ends outside, if it starts inside")
	outputAttr   = ir.Require("output", ir.KindDims, "the result's sizes of the spatial axes, x's last one to three")
)

// MaxPool takes the largest element of each window.
var MaxPool = &ir.OpDef{
	Name: "nn.max_pool",
	Doc: "The largest element of each window, and its index among all elements of the spatial axes. NaN is larger than anything; of " +
		"equals the first counts; padding is never taken.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals), ir.Out("index", ir.Index)},
	Attrs:    []ir.AttrDef{kernelAttr, poolStride, dilationAttr, lowAttr, highAttr, ceilModeAttr},
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
		return two(host.MaxPool(c.Par(), in(0), p))
	}),
	Example: `%y, %i = nn.max_pool(%x: tensor<1x2x4xf32> = [1, 5, 5, 2, 0, -1, 7, 8]) {kernel = [2, 2]} : tensor<1x1x2xf32>, tensor<1x1x2xi64> // [5, 8]; [1, 7]
%y, %i = nn.max_pool(%x: tensor<1x4xf32> = [1, nan, -3, -4]) {kernel = [2], stride = [1], low = [1]} : tensor<1x4xf32>, tensor<1x4xi64> // [1, nan, nan, -3]; [0, 1, 1, 2]`,
}

// poolParams reads the attributes; low and high name those with the padding.
func poolParams(op *ir.Op, low, high string) (p host.PoolParams, err error) {
	x := op.In(0)
	axes := len(op.Ints("kernel"))
	if axes < 1 || axes > 3 || axes > x.Rank() {
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
	lead := len(shape) - len(p.Kernel)
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
		ir.Default("divisor", ir.KindInt, ir.Int(0), "what sums are divided by; 0: the window's size")},
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
		return one(host.AvgPool(c.Par(), in(0), p, op.Bool("count_include_pad"), op.Int("divisor")))
	}),
	Example: `%y = nn.avg_pool(%x: tensor<1x5xf32> = [1, 3, 5, 7, 4]) {kernel = [2], padding = [1]} : tensor<1x3xf32> // [0.5, 4, 5.5]
%y = nn.avg_pool(%x: tensor<1x5xf32> = [1, 3, 5, 7, 4]) {kernel = [2], padding = [1], count_include_pad = false} : tensor<1x3xf32> // [1, 4, 5.5]
%y = nn.avg_pool(%x: tensor<1x2x3xf32> = [1, 2, 3, 4, 5, 6]) {kernel = [2, 2], stride = [1, 2], ceil_mode = true, divisor = 2} : tensor<1x1x2xf32> // [6, 4.5]`,
}

// AdaptiveAvgPool takes means of equal parts.
var AdaptiveAvgPool = &ir.OpDef{
	Name: "nn.adaptive_avg_pool",
	Doc: "The means of m parts of each spatial axis of n elements, m being the size that output states: part i holds the elements " +
		"floor(i*n/m) to ceil((i+1)*n/m).",
	Operands: []ir.Arg{ir.In("x", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Attrs:    []ir.AttrDef{outputAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := adaptive(op)
		return []ir.Type{t}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		output, err := outputSizes(c, op)
		if err != nil {
			return nil, err
		}
		return one(host.AdaptiveAvgPool(c.Par(), in(0), output))
	}),
	Example: `%y = nn.adaptive_avg_pool(%x: tensor<1x5xf32> = [1, 2, 3, 4, 8]) {output = [2]} : tensor<1x2xf32> // [2, 5]`,
}

// AdaptiveMaxPool takes the largest elements of equal parts.
var AdaptiveMaxPool = &ir.OpDef{
	Name:     "nn.adaptive_max_pool",
	Doc:      "The largest elements of the parts that nn.adaptive_avg_pool describes, and their indices as in nn.max_pool.",
	Operands: []ir.Arg{ir.In("x", ir.Reals)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals), ir.Out("index", ir.Index)},
	Attrs:    []ir.AttrDef{outputAttr},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := adaptive(op)
		return []ir.Type{t, t.WithElem(host.I64)}, err
	},
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		output, err := outputSizes(c, op)
		if err != nil {
			return nil, err
		}
		return two(host.AdaptiveMaxPool(c.Par(), in(0), output))
	}),
	Example: `%y, %i = nn.adaptive_max_pool(%x: tensor<1x2x3xf32> = [1, 9, 3, 4, 5, 6]) {output = [1, 2]} : tensor<1x1x2xf32>, tensor<1x1x2xi64> // [9, 9]; [1, 1]`,
}

// adaptive is x with other spatial sizes.
func adaptive(op *ir.Op) (ir.Type, error) {
	x, output := op.In(0), op.Dims("output")
	lead := x.Rank() - len(output)
	if len(output) < 1 || len(output) > 3 || lead < 0 {
		return x, op.Errorf("output is %v, expected a size for each of the one to three spatial axes of x, which is %s", output, x)
	}
	for _, d := range output {
		if n, ok := d.IsConst(); ok && n < 0 {
			return x, op.Errorf("output is %v, expected no negative sizes", output)
		}
	}
	return x.WithShape(slices.Concat(x.Shape[:lead], output)...), nil
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
