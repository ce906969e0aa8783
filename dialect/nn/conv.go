package nn

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var convOps = []*ir.OpDef{Conv, ConvTranspose}

var (
	strideAttr   = optional("stride", ir.KindInts, "the distance between windows, for each spatial axis; none: 1")
	dilationAttr = optional("dilation", ir.KindInts, "the distance between the elements of a window, for each spatial axis; none: 1")
	lowAttr      = optional("low", ir.KindInts, "padding before the first element, for each spatial axis; none: 0")
	highAttr     = optional("high", ir.KindInts, "padding behind the last element, for each spatial axis; none: 0")
	groupsAttr   = ir.Default("groups", ir.KindInt, ir.Int(1), "parts that the channels are divided into, computed independently")
)

// Conv is a convolution over one to three spatial axes.
var Conv = &ir.OpDef{
	Name: "nn.conv",
	Doc: "The cross-correlation of x [n, c, spatial...] with weight [out, c/groups, window...], plus bias [out]: PyTorch's conv1d, conv2d " +
		"and conv3d. Around x there are zeros. Narrow floats are summed as f32 and rounded once.",
	Operands: []ir.Arg{
		ir.In("x", ir.Numbers),
		ir.InWeight("weight", ir.Numbers, []int{0}, []int{1, 2, 3, 4}).WithDoc("it has as many axes as x"),
		ir.Opt("bias", ir.Numbers),
	},
	Results: []ir.Arg{ir.Out("y", ir.Numbers)},
	Attrs: []ir.AttrDef{strideAttr, dilationAttr, lowAttr, highAttr, groupsAttr,
		ir.Default("channels_last", ir.KindBool, ir.Bool(false), "x and the result are [n, spatial..., channels]")},
	Traits: ir.Anchor,
	Work:   func(op *ir.Op) ir.Dim { return op.Result().Type.NumElements().Mul(window(op)) },
	Infer:  inferConv,
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		params, err := ConvParams(op)
		if err != nil {
			return nil, err
		}
		return one(host.Conv(c.Par(), in(0), in(1), in(2), params))
	}),
	Example: `%y = nn.conv(%x: tensor<1x1x3x3xf32> = [1, 2, 3, 4, 5, 6, 7, 8, 9], %weight: tensor<1x1x2x2xf32> = [1, 0, 0, -1], %bias: tensor<1xf32> = [0.5]) : tensor<1x1x2x2xf32> // [-3.5, -3.5, -3.5, -3.5]
%y = nn.conv(%x: tensor<1x2x4xf32> = [1, 2, 3, 4, 5, 6, 7, 8], %weight: tensor<2x1x3xf32> = [1, 1, 1, 0, 1, 0]) {stride = [2], low = [1], high = [1], groups = 2} : tensor<1x2x2xf32> // [3, 9, 5, 7]
%y = nn.conv(%x: tensor<1x3x2xf32> = [1, 10, 2, 20, 3, 30], %weight: tensor<1x2x2xf32> = [1, 2, 0, 1]) {channels_last = true, dilation = [2]} : tensor<1x1x1xf32> // [37]`,
}

// window is the number of elements of the weight that one channel of a convolution has.
func window(op *ir.Op) ir.Dim {
	w := op.In(1)
	return w.WithShape(w.Shape[1:]...).NumElements()
}

// ConvParams gives the sizes of nn.conv.
func ConvParams(op *ir.Op) (p host.ConvParams, err error) {
	axes := op.In(0).Rank() - 2
	if p.Stride, err = perAxis(op, "stride", axes, 1, 1); err != nil {
		return p, err
	}
	if p.Dilation, err = perAxis(op, "dilation", axes, 1, 1); err != nil {
		return p, err
	}
	if p.Low, err = perAxis(op, "low", axes, 0, 0); err != nil {
		return p, err
	}
	p.High, err = perAxis(op, "high", axes, 0, 0)
	p.Groups, p.ChannelsLast = op.Int("groups"), op.Bool("channels_last")
	return p, err
}

func inferConv(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if _, err := ir.SameElem(op); err != nil {
		return nil, err
	}
	if err := rank(op, 0, 3, 5); err != nil {
		return nil, err
	}
	x, w := op.In(0), op.In(1)
	if err := rank(op, 1, x.Rank(), x.Rank()); err != nil {
		return nil, err
	}
	p, err := ConvParams(op)
	if err != nil {
		return nil, err
	}
	spatial, channels := x.Shape[2:], x.Shape[1]
	if p.ChannelsLast {
		spatial, channels = x.Shape[1:x.Rank()-1], x.Shape[x.Rank()-1]
	}
	if err := grouped(c, op, "weight", w.Shape[0], p.Groups); err != nil {
		return nil, err
	}
	if err := c.Require(w.Shape[1].Mul(ir.Const(int64(p.Groups))), ir.RelEQ, channels); err != nil {
		return nil, op.Errorf("x is %s, weight is %s: %d groups do not fit the channels: %v", x, w, p.Groups, err)
	}
	if err := has(c, op, 2, w.Shape[0]); err != nil {
		return nil, err
	}
	sizes := make([]ir.Dim, len(spatial))
	for i, n := range spatial {
		sizes[i] = windows(n, w.Shape[2+i], p.Stride[i], p.Dilation[i], p.Low[i], p.High[i])
		if err := exists(op, "result for x "+x.String()+" and weight "+w.String(), sizes[i]); err != nil {
			return nil, err
		}
	}
	if p.ChannelsLast {
		return []ir.Type{x.WithShape(slices.Concat(x.Shape[:1], sizes, w.Shape[:1])...)}, nil
	}
	return []ir.Type{x.WithShape(slices.Concat(x.Shape[:1], w.Shape[:1], sizes)...)}, nil
}

// grouped demands that a number of channels is a multiple of the number of groups.
func grouped(c *ir.InferCtx, op *ir.Op, what string, channels ir.Dim, groups int) error {
	if groups < 1 {
		return op.Errorf("groups is %d, expected at least 1", groups)
	}
	if err := c.Require(channels.Mod(ir.Const(int64(groups))), ir.RelEQ, ir.Const(0)); err != nil {
		return op.Errorf("%s has %s channels, no multiple of the %d groups: %v", what, channels, groups, err)
	}
	return nil
}

// windows is the number of windows of k elements, dilated, in n elements with padding.
func windows(n, k ir.Dim, stride, dilation, low, high int) ir.Dim {
	one := ir.Const(1)
	span := k.Sub(one).Mul(ir.Const(int64(dilation))).Add(one)
	return n.Add(ir.Const(int64(low + high))).Sub(span).FloorDiv(ir.Const(int64(stride))).Add(one)
}

// ConvTranspose is the transposed convolution over one to three spatial axes.
var ConvTranspose = &ir.OpDef{
	Name: "nn.conv_transpose",
	Doc: "The transposed convolution of x [n, c, spatial...] with weight [c, out/groups, window...], plus bias [out]: PyTorch's " +
		"conv_transpose1d, 2d and 3d. Each element of x adds its multiple of the window to the result, from which padding is then cut off.",
	Operands: []ir.Arg{
		ir.In("x", ir.Numbers),
		ir.InWeight("weight", ir.Numbers, []int{1}, []int{0, 2, 3, 4}).WithDoc("it has as many axes as x"),
		ir.Opt("bias", ir.Numbers),
	},
	Results: []ir.Arg{ir.Out("y", ir.Numbers)},
	Attrs: []ir.AttrDef{strideAttr, dilationAttr,
		optional("padding", ir.KindInts, "what is cut off at both ends, for each spatial axis; none: 0"),
		optional("output_padding", ir.KindInts, "what is added behind, for each spatial axis; none: 0"), groupsAttr},
	Traits: ir.Anchor,
	Work:   func(op *ir.Op) ir.Dim { return op.In(0).NumElements().Mul(window(op)) },
	Infer:  inferConvTranspose,
	Eval: eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		params, err := ConvTransposeParams(op)
		if err != nil {
			return nil, err
		}
		return one(host.ConvTranspose(c.Par(), in(0), in(1), in(2), params))
	}),
	Example: `%y = nn.conv_transpose(%x: tensor<1x1x2xf32> = [1, 2], %weight: tensor<1x1x3xf32> = [1, 10, 100]) {stride = [2]} : tensor<1x1x5xf32> // [1, 10, 102, 20, 200]
%y = nn.conv_transpose(%x: tensor<1x2x1x2xf32> = [1, 2, 3, 4], %weight: tensor<2x1x1x2xf32> = [1, 2, 5, 6], %bias: tensor<2xf32> = [0, 1]) {groups = 2, padding = [0, 1], output_padding = [0, 1], stride = [1, 2]} : tensor<1x2x1x3xf32> // [2, 2, 4, 19, 21, 25]`,
}

// ConvTransposeParams gives the sizes of nn.conv_transpose.
func ConvTransposeParams(op *ir.Op) (p host.ConvTransposeParams, err error) {
	axes := op.In(0).Rank() - 2
	if p.Stride, err = perAxis(op, "stride", axes, 1, 1); err != nil {
		return p, err
	}
	if p.Dilation, err = perAxis(op, "dilation", axes, 1, 1); err != nil {
		return p, err
	}
	if p.Padding, err = perAxis(op, "padding", axes, 0, 0); err != nil {
		return p, err
	}
	p.OutputPadding, err = perAxis(op, "output_padding", axes, 0, 0)
	p.Groups = op.Int("groups")
	return p, err
}

func inferConvTranspose(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if _, err := ir.SameElem(op); err != nil {
		return nil, err
	}
	if err := rank(op, 0, 3, 5); err != nil {
		return nil, err
	}
	x, w := op.In(0), op.In(1)
	if err := rank(op, 1, x.Rank(), x.Rank()); err != nil {
		return nil, err
	}
	p, err := ConvTransposeParams(op)
	if err != nil {
		return nil, err
	}
	if err := grouped(c, op, "x", x.Shape[1], p.Groups); err != nil {
		return nil, err
	}
	if err := c.Require(w.Shape[0], ir.RelEQ, x.Shape[1]); err != nil {
		return nil, op.Errorf("x is %s, weight is %s: the channels differ: %v", x, w, err)
	}
	out := w.Shape[1].Mul(ir.Const(int64(p.Groups)))
	if err := has(c, op, 2, out); err != nil {
		return nil, err
	}
	shape := []ir.Dim{x.Shape[0], out}
	for i, n := range x.Shape[2:] {
		one := ir.Const(1)
		d := n.Sub(one).Mul(ir.Const(int64(p.Stride[i]))).Add(w.Shape[2+i].Sub(one).Mul(ir.Const(int64(p.Dilation[i])))).
			Add(ir.Const(int64(p.OutputPadding[i] - 2*p.Padding[i] + 1)))
		if err := exists(op, "result for x "+x.String()+" and weight "+w.String(), d); err != nil {
			return nil, err
		}
		shape = append(shape, d)
	}
	return []ir.Type{x.WithShape(shape...)}, nil
}
