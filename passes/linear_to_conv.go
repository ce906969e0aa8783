package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// LinearToConv is the pass `linear-to-conv`.
func LinearToConv() *pass.Pass {
	p := &pass.Pass{
		Name: "linear-to-conv",
		Doc: "Make linear layers convolutions with the channels in front. That is how Apple's Neural Engine computes them: nn.linear, and a product with a " +
			"constant matrix on the right, becomes a convolution of one element over x [batch, channels, 1, rows]. What is between them computes with the " +
			"channels in front, too, along other axes: activation functions, norms, softmax, reductions, slices, concat. So transposes are left only where " +
			"the layouts meet. Images, which have two axes of rows, keep both. Compressed weights stay compressed. Run it before fuse.",
		NeedsLowered: true,
	}
	rows := p.Options.String("rows", "width", "where rows go that are not behind their channels already; width: [batch, channels, 1, rows]; "+
		"batch: [rows, channels, 1, 1], which needs no transposes, for images of one element", "width", "batch")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		c := &linearConvs{batch: *rows == "batch", weights: viewedWeights{views: map[string]string{}}}
		c.fronted = newFronted(wantsFront)
		c.findFront(m)
		patterns := []rewrite.Pattern{
			{Name: "constant-matmul", Root: tensor.MatMul, Apply: c.weights.linearOfConstant},
			{Name: "linear", Root: nn.Linear, Apply: c.linear},
			{Name: "sink", Apply: c.sink},
		}
		if _, err := rewrite.Run(m, p.Name, patterns); err != nil {
			return err
		}
		if err := settle(m, p.Name, rearrangements()); err != nil {
			return err
		}
		m.DropUnusedResources()
		c.weights.names(m)
		ctx.Reportf("linear-to-conv: made %d linears convolutions, %d are left; %d of its transposes are left", c.count, countOps(m, nn.Linear), transposesBy(m, p.Name))
		return nil
	}
	return p
}

func countOps(m *ir.Module, def *ir.OpDef) int {
	n := 0
	m.Walk(func(op *ir.Op) {
		if op.Is(def) {
			n++
		}
	})
	return n
}

// findFront finds what has its channels in front already and leads to a linear: convolutions, and what is computed of them element by
// element.
func (c *linearConvs) findFront(m *ir.Module) {
	m.Walk(func(op *ir.Op) {
		from := op.Is(nn.Conv) && !op.Bool("channels_last") || (op.Def.Traits.Has(ir.Elementwise) || op.Is(nn.BatchNorm) || op.Is(nn.GroupNorm)) &&
			slices.ContainsFunc(op.Operands, func(v *ir.Value) bool { return c.values[v] && sameDims(v.Type.Shape, op.Result().Type.Shape) })
		if from && !inKernel(op) && c.leadsOn(op.Result()) {
			c.values[op.Result()], c.made[op] = true, true
		}
	})
}

// wantsFront reports the operand of an operation that is, or will be, a convolution with the channels in front.
func wantsFront(u ir.Use) bool {
	return u.Index == 0 && (u.Op.Is(nn.Linear) && becomesConv(u.Op) || u.Op.Is(nn.Conv) && !u.Op.Bool("channels_last"))
}

func becomesConv(linear *ir.Op) bool { return isConstant(linear.Operands[1]) && !inKernel(linear) }

// linearConvs makes linears convolutions.
type linearConvs struct {
	*fronted
	weights viewedWeights
	batch   bool // rows go to the batch
	count   int
}

func (c *linearConvs) linear(rw *rewrite.Rewriter, op *ir.Op) bool {
	if !becomesConv(op) {
		return false
	}
	image, behind := c.image(rw, op)
	if image == nil {
		return false
	}
	operands := slices.Clone(op.Operands)
	operands[0], operands[1] = image, c.weights.asWindow(rw, op.Operands[1])
	c.count++
	return c.leave(rw, op, rw.Build(nn.Conv, nil, operands...), behind)
}

// image gives x of a linear as [n, channels, height, width], and the order of the linear's result in that of the convolution.
func (c *linearConvs) image(rw *rewrite.Rewriter, op *ir.Op) (*ir.Value, order) {
	x, result := op.Operands[0], op.Result().Type
	if image, behind := inFront(rw, x, result.Shape[result.Rank()-1]); image != nil {
		return image, behind
	}
	shape, rank := x.Type.Shape, x.Type.Rank()
	channels, one, rows := shape[rank-1], ir.Const(1), x.Type.WithShape(shape[:rank-1]...).NumElements()
	var f form
	switch {
	case c.batch || rank == 1:
		x = reshaped(rw, x, []ir.Dim{rows, channels})
		f = form{[]ir.Dim{rows, channels, one, one}, [][]int{{0}, {1}}}
	case rank == 2:
		f = form{[]ir.Dim{one, channels, one, rows}, [][]int{{3}, {1}}}
	case rank == 3:
		f = form{[]ir.Dim{shape[0], channels, one, shape[1]}, [][]int{{0}, {3}, {1}}}
	default:
		h, w := shape[rank-3], shape[rank-2]
		n := x.Type.WithShape(shape[:rank-3]...).NumElements()
		x = reshaped(rw, x, []ir.Dim{n, h, w, channels})
		f = form{[]ir.Dim{n, channels, h, w}, [][]int{{0}, {2}, {3}, {1}}}
	}
	image := c.bring(rw, op, x, f)
	if image == nil {
		return nil, order{}
	}
	f.shape = slices.Clone(f.shape)
	f.shape[1] = result.Shape[result.Rank()-1]
	behind, ok := orderOf(f.shape, f.axes).reshaped(result.Shape)
	if !ok {
		return nil, order{}
	}
	return image, behind
}

// inFront gives x as an image without moving anything, where its channels, the last axis, are not innermost in memory but neighbours
// there, or all there is; nil elsewhere. A convolution of one element does not care about the order of the rows.
func inFront(rw *rewrite.Rewriter, x *ir.Value, out ir.Dim) (image *ir.Value, behind order) {
	source, o, _ := arranged(x)
	last := len(o.axes) - 1
	run := o.axes[last]
	n, all := len(run), len(o.factors)
	if n == 0 || run[n-1]-run[0] != n-1 || !slices.IsSorted(run) || run[n-1] == all-1 && n < all {
		return nil, order{}
	}
	first := run[0]
	seq := func(from, to int) ir.Dim {
		size := ir.Const(1)
		for _, d := range o.factors[from:to] {
			size = size.Mul(d)
		}
		return size
	}
	n0, channels := seq(0, first), seq(first, first+n)
	shape := []ir.Dim{n0, channels, ir.Const(1), seq(first+n, all)}
	if from := source.Type.Shape; len(from) == maxRank && from[0].Equal(n0) && from[1].Equal(channels) {
		shape = from
	}
	return reshaped(rw, source, shape), o.replaced(first, n, out)
}
