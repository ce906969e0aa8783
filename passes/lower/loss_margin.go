package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// marginRanking is how far two inputs are from the order that target states; of integers all but the margin wraps around.
func marginRanking(c *Call) *ir.Value {
	e := opmath(c.Promote("target", "input1", "input2"))
	d := c.Cast(c.Mul(c.Neg(c.Tensor("target", e)), c.Cast(c.minus("input1", "input2"), e)), opmath(c.Result(0).Elem))
	return c.Out(c.reduced(c.Max(c.AddN(d, c.Float("margin")), c.Like(d, 0))))
}

// cosineEmbedding wants pairs of vectors to be alike where target is 1, and apart where it is -1.
func cosineEmbedding(c *Call) *ir.Value {
	const eps = 1e-12
	a, b, y := c.Raw("input1"), c.Raw("input2"), c.Raw("target")
	if y.Type.Elem == host.U8 { // where -1 is 255
		y = c.Cast(y, host.I8)
	}
	y = c.Cast(y, opmath(c.Result(0).Elem))
	dot := func(a, b *ir.Value) *ir.Value { // products are rounded, and of integers wrap around
		e := promote(operand{value: a}, operand{value: b})
		p := c.Cast(c.Mul(c.Cast(a, e), c.Cast(b, e)), y.Type.Elem)
		return c.Sum(p, false, p.Type.Rank()-1)
	}
	cos := c.Div(dot(a, b), c.Sqrt(c.Mul(c.AddN(dot(a, a), eps), c.AddN(dot(b, b), eps))))
	zero := c.Like(cos, 0)
	alike := c.Where(c.Compare(tensor.Eq, y, c.Like(y, 1)), c.SubFrom(1, cos), zero)
	apart := c.Where(c.Compare(tensor.Eq, y, c.Like(y, -1)), c.Max(c.AddN(cos, -c.Float("margin")), zero), zero)
	return c.reduced(c.Add(alike, apart))
}

// tripletMargin wants the anchor nearer to positive than to negative.
func tripletMargin(c *Call) *ir.Value {
	far := func(a, b string) *ir.Value { // of integers the differences wrap around
		from, to := c.Raw(a), c.Raw(b)
		e := promote(operand{value: from}, operand{value: to})
		d := c.AddN(c.Cast(c.Sub(c.Cast(from, e), c.Cast(to, e)), opmath(c.Result(0).Elem)), c.Float("eps"))
		return c.norm(d, c.Float("p"), false, d.Type.Rank()-1)
	}
	apart := far("anchor", "negative")
	if c.Bool("swap") {
		apart = c.Min(apart, far("positive", "negative"))
	}
	d := c.AddN(c.Sub(far("anchor", "positive"), apart), c.Float("margin"))
	return c.reduced(c.Max(d, c.Like(d, 0)))
}

// multiMargin compares the element of each row that target names with the others.
func multiMargin(c *Call) *ir.Value {
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
}

// multilabelMargin compares the elements of each row that target names, up to its first -1, with all that it does not.
func multilabelMargin(c *Call) []*ir.Value {
	e := c.Result(0).Elem
	x, target := c.Cast(c.Value("self"), opmath(e)), c.Cast(c.Value("target"), host.I64)
	if x.Type.Rank() == 0 {
		x = c.Unsqueeze(x, 0)
	}
	target = c.ReshapeTo(target, x.Type)
	axis := x.Type.Rank() - 1
	zero := c.Const(ir.Int(0), host.I64)
	ends := c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(axis))}, c.Cast(c.Compare(tensor.Lt, target, zero), host.I64))
	counts := c.Compare(tensor.Eq, ends, zero)
	class := c.Max(target, zero)
	named := c.Compare(tensor.Eq, c.Unsqueeze(class, -1), c.Count(x.Type.Shape[axis], host.I64)) // [..., targets, classes]
	named = c.Reduce(tensor.Any, c.And(named, c.Unsqueeze(counts, -1)), false, axis)
	d := c.Sub(c.SubFrom(1, c.Unsqueeze(c.Gather(x, class, axis), -1)), c.Neg(c.Unsqueeze(x, axis)))
	apart := c.And(c.Unsqueeze(counts, -1), c.Unsqueeze(c.Not(named), axis))
	d = c.Where(apart, c.Max(d, c.Like(d, 0)), c.Like(d, 0))
	loss := c.Div(c.Sum(d, false, axis, axis+1), c.Number(x, d.Type.Elem, axis))
	vs := []*ir.Value{c.Cast(c.reduced(loss), e)}
	if c.Results() > 1 {
		vs = append(vs, c.ReshapeTo(c.Cast(named, c.Result(1).Elem), c.Result(1)))
	}
	return vs
}
