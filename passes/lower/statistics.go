package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// statistics holds covariances.
func statistics(t *Table) {
	t.Add("aten.cov", One(func(c *Call) *ir.Value { return c.ReshapeTo(c.covariance(), c.Result(0)) }))
	t.Add("aten.corrcoef", One(func(c *Call) *ir.Value {
		v := c.covariance()
		d := c.Sqrt(c.realPart(c.diagonal(v, 0, 0, 1)))
		v = c.Div(c.Div(v, c.Cast(c.Unsqueeze(d, 1), v.Type.Elem)), c.Cast(d, v.Type.Elem))
		clip := func(x *ir.Value) *ir.Value { return c.Clamp(x, -1, 1) }
		if v.Type.Elem.IsComplex() {
			v = c.One(tensor.Complex, nil, clip(c.One(tensor.Real, nil, v)), clip(c.One(tensor.Imag, nil, v)))
		} else {
			v = clip(v)
		}
		return c.ReshapeTo(v, c.Result(0))
	}))
}

func (c *Call) realPart(x *ir.Value) *ir.Value {
	if x.Type.Elem.IsComplex() {
		return c.One(tensor.Real, nil, x)
	}
	return x
}

// covariance is the covariance matrix of variables, which are rows, over observations, which may have weights.
func (c *Call) covariance() *ir.Value {
	x := c.Out(c.Value("self"))
	for x.Type.Rank() < 2 {
		x = c.Unsqueeze(x, 0)
	}
	e := realOf(x.Type.Elem)
	correction := 1.0
	if c.Has("correction") {
		correction = c.Float("correction")
	}
	weights := c.Fill(ir.Int(1), ir.TensorOf(e, x.Type.Shape[1]))
	for _, name := range []string{"fweights", "aweights"} {
		if w := c.Maybe(name); w != nil {
			weights = c.Mul(weights, c.Reshape(c.Cast(w, e), x.Type.Shape[1]))
		}
	}
	total := c.Sum(weights, false, 0)
	lost := c.Like(total, correction)
	if w := c.Maybe("aweights"); w != nil {
		lost = c.Div(c.MulN(c.Sum(c.Mul(weights, c.Reshape(c.Cast(w, e), x.Type.Shape[1])), false, 0), correction), total)
	}
	divisor := c.Cast(c.Max(c.Sub(total, lost), c.Like(total, 0)), x.Type.Elem)
	wide := c.Cast(weights, x.Type.Elem)
	x = c.Sub(x, c.Div(c.Sum(c.Mul(x, wide), true, 1), c.Cast(total, x.Type.Elem)))
	return c.Div(c.Matmul(c.Mul(x, wide), c.adjoint(x)), divisor)
}
