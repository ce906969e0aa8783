package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// losses holds the functions that compare a prediction with a target.
func losses(t *Table) {
	for _, e := range []struct {
		target, x, y string
		fn           func(c *Call, x, y *ir.Value) *ir.Value // the loss of each element
	}{
		{"aten.mse_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			d := c.Sub(x, y)
			return c.Mul(d, d)
		}},
		{"aten.l1_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value { return c.Abs(c.Sub(x, y)) }},
		{"aten.smooth_l1_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			beta := c.Float("beta")
			d := c.Abs(c.Sub(x, y))
			if beta == 0 {
				return d
			}
			return c.Where(c.Compare(tensor.Lt, d, c.Like(d, beta)), c.Div(c.MulN(c.Mul(d, d), 0.5), c.Like(d, beta)), c.AddN(d, -0.5*beta))
		}},
		{"aten.huber_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			delta := c.Float("delta")
			d := c.Abs(c.Sub(x, y))
			return c.Where(c.Compare(tensor.Le, d, c.Like(d, delta)), c.MulN(c.Mul(d, d), 0.5), c.MulN(c.AddN(d, -0.5*delta), delta))
		}},
		{"aten.binary_cross_entropy", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			floor := c.Like(x, -100)
			yes, no := c.Max(c.Log(x), floor), c.Max(c.One(tensor.Log1p, nil, c.Neg(x)), floor)
			return c.weighed(c.Sub(c.Mul(c.AddN(y, -1), no), c.Mul(y, yes)))
		}},
		{"aten.binary_cross_entropy_with_logits", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			soft := logSigmoid(c, x)
			if w := c.Maybe("pos_weight"); w != nil {
				soft = c.Mul(soft, c.AddN(c.Mul(c.AddN(w, -1), y), 1))
			}
			return c.weighed(c.Sub(c.Mul(c.SubFrom(1, y), x), soft))
		}},
		{"aten.kl_div", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			if c.Bool("log_target") {
				return c.Mul(c.Exp(y), c.Sub(y, x))
			}
			return c.Sub(xTimes(c, y, y, c.Log(y)), c.Mul(y, x))
		}},
		{"aten.soft_margin_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			return c.One(tensor.Log1p, nil, c.Exp(c.Neg(c.Mul(x, y))))
		}},
		{"aten.hinge_embedding_loss", "self", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			zero := c.Like(x, 0)
			apart := c.Where(c.Compare(tensor.Eq, y, c.Like(y, 1)), zero, c.Max(c.SubFrom(c.Float("margin"), x), zero))
			return c.Add(apart, c.Where(c.Compare(tensor.Eq, y, c.Like(y, -1)), zero, x))
		}},
		{"aten.poisson_nll_loss", "input", "target", func(c *Call, x, y *ir.Value) *ir.Value {
			var loss *ir.Value
			if c.Bool("log_input") {
				loss = c.Sub(c.Exp(x), c.Mul(y, x))
			} else {
				loss = c.Sub(x, c.Mul(y, c.Log(c.AddN(x, c.Float("eps")))))
			}
			if c.Bool("full") {
				stirling := c.Add(c.Sub(c.Mul(y, c.Log(y)), y), c.MulN(c.Log(c.MulN(y, 2*math.Pi)), 0.5))
				loss = c.Add(loss, c.Where(c.Compare(tensor.Le, y, c.Like(y, 1)), c.Like(y, 0), stirling))
			}
			return loss
		}},
	} {
		t.Add(e.target, Math(func(c *Call) *ir.Value { return c.reduced(e.fn(c, c.Value(e.x), c.Value(e.y))) }))
	}
	t.Add("aten.margin_ranking_loss", Math(func(c *Call) *ir.Value {
		d := c.Mul(c.Neg(c.Value("target")), c.Sub(c.Value("input1"), c.Value("input2")))
		return c.reduced(c.Max(c.AddN(d, c.Float("margin")), c.Like(d, 0)))
	}))
	t.Add("aten.cosine_embedding_loss", Math(func(c *Call) *ir.Value {
		const eps = 1e-12
		a, b, y := c.Value("input1"), c.Value("input2"), c.Value("target")
		last := max(a.Type.Rank(), b.Type.Rank()) - 1
		sum := func(x *ir.Value) *ir.Value { return c.Sum(x, false, last) }
		size := func(x *ir.Value) *ir.Value { return c.AddN(c.Sum(c.Mul(x, x), false, x.Type.Rank()-1), eps) }
		cos := c.Div(sum(c.Mul(a, b)), c.Sqrt(c.Mul(size(a), size(b))))
		zero := c.Like(cos, 0)
		alike := c.Where(c.Compare(tensor.Eq, y, c.Like(y, 1)), c.SubFrom(1, cos), zero)
		apart := c.Where(c.Compare(tensor.Eq, y, c.Like(y, -1)), c.Max(c.AddN(cos, -c.Float("margin")), zero), zero)
		return c.reduced(c.Add(alike, apart))
	}))
	t.Add("aten.triplet_margin_loss", Math(func(c *Call) *ir.Value {
		far := func(a, b string) *ir.Value {
			d := c.AddN(c.Sub(c.Value(a), c.Value(b)), c.Float("eps"))
			return c.norm(d, c.Float("p"), false, d.Type.Rank()-1)
		}
		apart := far("anchor", "negative")
		if c.Bool("swap") {
			apart = c.Min(apart, far("positive", "negative"))
		}
		d := c.AddN(c.Sub(far("anchor", "positive"), apart), c.Float("margin"))
		return c.reduced(c.Max(d, c.Like(d, 0)))
	}))
	t.Add("aten.multi_margin_loss", Math(func(c *Call) *ir.Value {
		x, target := c.Value("self"), c.Cast(c.Raw("target"), host.I64)
		if x.Type.Rank() == 0 {
			x = c.Unsqueeze(x, 0)
		}
		if target.Type.Rank() == 1 && x.Type.Rank() == 1 {
			target = c.Reshape(target)
		}
		axis := x.Type.Rank() - 1
		class := c.Unsqueeze(target, -1)
		d := c.Max(c.AddN(c.Sub(x, c.Gather(x, class, axis)), c.Float("margin")), c.Like(x, 0))
		if c.Float("p") == 2 {
			d = c.Mul(d, d)
		}
		if w := c.Maybe("weight"); w != nil {
			d = c.Mul(d, c.Unsqueeze(c.Take(w, target, 0), -1))
		}
		own := c.Compare(tensor.Eq, c.Count(x.Type.Shape[axis], host.I64), class)
		mean := c.Reduce(tensor.Mean, c.Where(own, c.Like(d, 0), d), false, axis)
		return c.ReshapeTo(c.reduced(mean), c.Result(0))
	}))
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

func (c *Call) weighed(loss *ir.Value) *ir.Value {
	if w := c.Maybe("weight"); w != nil {
		return c.Mul(loss, w)
	}
	return loss
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
