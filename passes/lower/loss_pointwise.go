package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// squaredError is (x - y)^2.
func squaredError(c *Call, x, y *ir.Value) *ir.Value {
	d := c.Sub(x, y)
	return c.Mul(d, d)
}

// smoothL1 is quadratic below beta and linear above.
func smoothL1(c *Call, x, y *ir.Value) *ir.Value {
	beta := c.Float("beta")
	d := c.Abs(c.Sub(x, y))
	if beta == 0 {
		return d
	}
	return c.Where(c.Compare(tensor.Lt, d, c.Like(d, beta)), c.Div(c.MulN(c.Mul(d, d), 0.5), c.Like(d, beta)), c.AddN(d, -0.5*beta))
}

// huber is smoothL1 times delta.
func huber(c *Call, x, y *ir.Value) *ir.Value {
	delta := c.Float("delta")
	d := c.Abs(c.Sub(x, y))
	return c.Where(c.Compare(tensor.Le, d, c.Like(d, delta)), c.MulN(c.Mul(d, d), 0.5), c.MulN(c.AddN(d, -0.5*delta), delta))
}

// binaryCrossEntropy is of probabilities x; their logarithms count as -100 at least.
func binaryCrossEntropy(c *Call, x, y *ir.Value) *ir.Value {
	floor := c.Like(x, -100)
	yes, no := c.Max(c.Log(x), floor), c.Max(c.One(tensor.Log1p, nil, c.Neg(x)), floor)
	return c.weighed(c.Sub(c.Mul(c.AddN(y, -1), no), c.Mul(y, yes)))
}

// divergence is of logarithms x from probabilities y, or from their logarithms.
func divergence(c *Call, x, y *ir.Value) *ir.Value {
	if c.Bool("log_target") {
		return c.Mul(c.Exp(y), c.Sub(y, x))
	}
	return c.Sub(xTimes(c, y, y, c.Log(y)), c.Mul(y, x))
}

// hingeEmbedding is x where y is 1, and what x lacks to the margin where y is -1; both elsewhere.
func hingeEmbedding(c *Call, x, y *ir.Value) *ir.Value {
	zero := c.Like(x, 0)
	apart := c.Where(c.Compare(tensor.Eq, y, c.Like(y, 1)), zero, c.Max(c.SubFrom(c.Float("margin"), x), zero))
	return c.Add(apart, c.Where(c.Compare(tensor.Eq, y, c.Like(y, -1)), zero, x))
}

// poissonNLL is the negative log likelihood of counts y; full adds Stirling's approximation of log(y!).
func poissonNLL(c *Call, x, y *ir.Value) *ir.Value {
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
}

// binaryCrossEntropyLogits rounds each step to the type of the result.
func binaryCrossEntropyLogits(c *Call) *ir.Value {
	x, y := c.Out(c.Value("self")), c.Out(c.Value("target"))
	soft := c.Out(logSigmoid(c, c.Cast(x, opmath(x.Type.Elem))))
	if w := c.Maybe("pos_weight"); w != nil {
		soft = c.Mul(soft, c.AddN(c.Mul(c.AddN(c.Out(w), -1), y), 1))
	}
	loss := c.Sub(c.Mul(c.SubFrom(1, y), x), soft)
	if w := c.Maybe("weight"); w != nil {
		loss = c.Mul(loss, c.Out(w))
	}
	return c.reduced(loss)
}

// softMargin rounds each step to the type of x.
func softMargin(c *Call) *ir.Value {
	x := c.Value("self")
	e := x.Type.Elem
	loss := c.One(tensor.Log1p, nil, c.Exp(c.Mul(c.Neg(x), c.Cast(c.Value("target"), e))))
	return c.Out(c.reduced(loss))
}

// weighed multiplies by the argument weight, if it is given.
func (c *Call) weighed(loss *ir.Value) *ir.Value {
	if w := c.Maybe("weight"); w != nil {
		return c.Mul(loss, w)
	}
	return loss
}
