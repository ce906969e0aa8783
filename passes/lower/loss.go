package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// losses holds the functions that compare a prediction with a target.
func losses(t *Table) {
	for _, e := range []struct {
		target, x string
		fn        func(c *Call, x, y *ir.Value) *ir.Value // the loss of each element
	}{
		{"aten.mse_loss", "self", squaredError},
		{"aten.smooth_l1_loss", "self", smoothL1},
		{"aten.huber_loss", "self", huber},
		{"aten.binary_cross_entropy", "self", binaryCrossEntropy},
		{"aten.kl_div", "self", divergence},
		{"aten.hinge_embedding_loss", "self", hingeEmbedding},
		{"aten.poisson_nll_loss", "input", poissonNLL},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value { return c.reduced(e.fn(c, c.Value(e.x), c.Value("target"))) }))
	}
	t.Add("aten.binary_cross_entropy_with_logits", One(binaryCrossEntropyLogits))
	t.Add("aten.soft_margin_loss", One(softMargin))
	t.Add("aten.l1_loss", One(func(c *Call) *ir.Value { return c.Out(c.reduced(c.Abs(c.difference("self", "target")))) }))
	t.Add("aten.margin_ranking_loss", One(marginRanking))
	t.Add("aten.cosine_embedding_loss", Math(cosineEmbedding))
	t.Add("aten.triplet_margin_loss", Math(tripletMargin))
	t.Add("aten.multi_margin_loss", Math(multiMargin))
	for _, target := range []string{"aten.multilabel_margin_loss", "aten.multilabel_margin_loss_forward"} {
		t.Add(target, All(multilabelMargin))
	}
	for _, target := range []string{"aten.nll_loss", "aten.nll_loss_nd", "aten.nll_loss2d"} {
		t.Add(target, Math(func(c *Call) *ir.Value {
			loss, _ := c.nll(c.Value("self"))
			return loss
		}))
	}
	for _, target := range []string{"aten.nll_loss_forward", "aten.nll_loss2d_forward"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			e := c.Result(0).Elem
			c.math = opmath(e)
			loss, total := c.nll(c.Value("self"))
			return []*ir.Value{c.Cast(loss, e), c.Cast(total, c.Result(1).Elem)}
		}))
	}
	t.Add("aten.cross_entropy_loss", Math(crossEntropy))
}

// reduced applies the argument reduction: 0 keeps the losses, 1 is their mean, 2 their sum.
func (c *Call) reduced(loss *ir.Value) *ir.Value {
	axes := axesFrom(0, loss.Type.Rank())
	switch c.Int("reduction") {
	case 1:
		return c.Reduce(tensor.Mean, loss, false, axes...)
	case 2:
		return c.Sum(loss, false, axes...)
	}
	return loss
}

// classAxis is the axis of classes: the second, or the only one.
func classAxis(x *ir.Value) int { return min(x.Type.Rank()-1, 1) }

// picked looks at integer targets: where they count, and their class, 0 where they do not.
func (c *Call) picked() (counts, class *ir.Value) {
	target := c.Cast(c.Raw("target"), host.I64)
	ignore := c.Const(ir.OfDim(c.Dim("ignore_index")), host.I64)
	counts = c.Compare(tensor.Ne, target, ignore)
	return counts, c.Where(counts, target, c.Const(ir.Int(0), host.I64))
}

// nll is the negative log likelihood: minus the weighted entry of each target's class, reduced; total is the weights' sum.
func (c *Call) nll(logs *ir.Value) (loss, total *ir.Value) {
	axis := classAxis(logs)
	counts, class := c.picked()
	each := c.Neg(c.Squeeze(c.Gather(logs, c.Unsqueeze(class, axis), axis), axis))
	weight := c.Cast(counts, logs.Type.Elem)
	if w := c.Maybe("weight"); w != nil {
		weight = c.Mul(c.Take(w, class, 0), weight)
	}
	zero := c.Like(each, 0)
	each = c.Where(counts, c.Mul(each, weight), zero) // what is ignored may be infinite
	all := axesFrom(0, each.Type.Rank())
	total = c.Sum(weight, false, all...)
	switch c.Int("reduction") {
	case 1:
		return c.Div(c.Sum(each, false, all...), total), total
	case 2:
		return c.Sum(each, false, all...), total
	}
	return each, c.Fill(ir.Int(0), ir.TensorOf(each.Type.Elem))
}

func crossEntropy(c *Call) *ir.Value {
	x := c.Value("self")
	axis := classAxis(x)
	logs := c.One(nn.LogSoftmax, ir.Attrs{ir.Set("axis", ir.Int(axis))}, x)
	smooth := c.Float("label_smoothing")
	classes := x.Type.Shape[axis]
	if target := c.Raw("target"); target.Type.Elem.IsFloat() {
		return c.softCrossEntropy(logs, c.Value("target"), axis, classes, smooth)
	}
	loss, _ := c.nll(logs)
	if smooth == 0 {
		return loss
	}
	counts, class := c.picked()
	w := c.Maybe("weight")
	even := c.Neg(c.Sum(c.byClass(logs, w, axis), false, axis))
	even = c.Where(counts, even, c.Like(even, 0))
	weight := c.Cast(counts, x.Type.Elem)
	if w != nil {
		weight = c.Mul(weight, c.Take(w, class, 0))
	}
	all := axesFrom(0, even.Type.Rank())
	switch c.Int("reduction") {
	case 1:
		even = c.Div(c.Sum(even, false, all...), c.Sum(weight, false, all...))
	case 2:
		even = c.Sum(even, false, all...)
	}
	share := c.Div(c.Like(even, smooth), c.Size(classes, even.Type.Elem))
	return c.Add(c.MulN(loss, 1-smooth), c.Mul(even, share))
}

// byClass multiplies by a weight for each class.
func (c *Call) byClass(x, w *ir.Value, axis int) *ir.Value {
	if w == nil {
		return x
	}
	return c.Mul(x, c.alongAxis(w, axis, x.Type.Rank()))
}

// softCrossEntropy takes a probability for each class as target.
func (c *Call) softCrossEntropy(logs, target *ir.Value, axis int, classes ir.Dim, smooth float64) *ir.Value {
	if smooth > 0 {
		target = c.Add(c.MulN(target, 1-smooth), c.Div(c.Like(target, smooth), c.Size(classes, target.Type.Elem)))
	}
	each := c.Neg(c.Sum(c.byClass(c.Mul(logs, target), c.Maybe("weight"), axis), false, axis))
	all := axesFrom(0, each.Type.Rank())
	switch c.Int("reduction") {
	case 1:
		rows := slices.Delete(slices.Clone(logs.Type.Shape), axis, axis+1)
		return c.Div(c.Sum(each, false, all...), c.Size(product(rows), each.Type.Elem))
	case 2:
		return c.Sum(each, false, all...)
	}
	return each
}
