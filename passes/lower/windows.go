package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// windows holds the window functions, of places from 0 to 1 along the window.
func windows(t *Table) {
	for _, e := range []formula{
		{"aten.hann_window", func(c *Call, at *ir.Value) *ir.Value { return c.cosines(at, 0.5, 0.5, 0) }},
		{"aten.hamming_window", hamming},
		{"aten.blackman_window", func(c *Call, at *ir.Value) *ir.Value { return c.cosines(at, 0.42, 0.5, 0.08) }},
		{"aten.bartlett_window", func(c *Call, at *ir.Value) *ir.Value { return c.SubFrom(1, c.Abs(c.fromMiddle(at))) }},
		{"aten.kaiser_window", kaiser},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			n := c.Result(0).Shape[0]
			if one, ok := n.IsConst(); ok && one == 1 {
				return c.Fill(ir.Int(1), c.Result(0))
			}
			span := n
			if c.Has("periodic") && !c.Bool("periodic") {
				span = n.Sub(ir.Const(1))
			}
			return c.Out(e.fn(c, c.Div(c.Count(n, host.F64), c.Size(span, host.F64))))
		}))
	}
}

// cosines is a0 - a1*cos(x) + a2*cos(2x), with x a full turn along the window.
func (c *Call) cosines(at *ir.Value, a0, a1, a2 float64) *ir.Value {
	cosine := func(times float64) *ir.Value { return c.One(tensor.Cos, nil, c.MulN(at, 2*math.Pi*times)) }
	w := c.SubFrom(a0, c.MulN(cosine(1), a1))
	if a2 != 0 {
		w = c.Add(w, c.MulN(cosine(2), a2))
	}
	return w
}

// fromMiddle is -1 at the start of the window, 0 in the middle, 1 at the end.
func (c *Call) fromMiddle(at *ir.Value) *ir.Value { return c.AddN(c.MulN(at, 2), -1) }

func hamming(c *Call, at *ir.Value) *ir.Value {
	a0, a1 := 0.54, 0.46
	if c.Has("alpha") {
		a0 = c.Float("alpha")
	}
	if c.Has("beta") {
		a1 = c.Float("beta")
	}
	return c.cosines(at, a0, a1, 0)
}

func kaiser(c *Call, at *ir.Value) *ir.Value {
	beta := 12.0
	if c.Has("beta") {
		beta = c.Float("beta")
	}
	off := c.fromMiddle(at)
	round := c.Sqrt(c.Max(c.SubFrom(1, c.Mul(off, off)), c.Like(off, 0)))
	return c.Div(besselI0(c, c.MulN(round, beta)), besselI0(c, c.Like(off, beta)))
}
