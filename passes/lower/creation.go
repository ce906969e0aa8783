package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// creations holds the targets that make tensors out of numbers.
func creations(t *Table) {
	t.Add("aten.one_hot", One(func(c *Call) *ir.Value {
		x, rank := c.Value("self"), c.Result(0).Rank()
		classes := c.Count(c.Result(0).Shape[rank-1], host.I64)
		return c.Cast(c.Compare(tensor.Eq, c.Unsqueeze(x, rank-1), classes), host.I64)
	}))
	for _, e := range []struct {
		target string
		value  ir.Attr // nil: the argument fill_value
	}{
		{"aten.zeros", ir.Int(0)}, {"aten.zeros_like", ir.Int(0)}, {"aten.new_zeros", ir.Int(0)}, {"aten.ones", ir.Int(1)}, {"aten.ones_like", ir.Int(1)},
		{"aten.new_ones", ir.Int(1)}, {"aten.empty", ir.Int(0)}, {"aten.empty_like", ir.Int(0)}, {"aten.new_empty", ir.Int(0)},
		{"aten.new_empty_strided", ir.Int(0)}, {"aten.empty_strided", ir.Int(0)}, {"aten.empty_permuted", ir.Int(0)}, {"aten.zero", ir.Int(0)},
		{"aten._efficientzerotensor", ir.Int(0)}, {"aten.full", nil}, {"aten.full_like", nil}, {"aten.new_full", nil},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			if e.value != nil {
				return c.Fill(e.value, c.Result(0))
			}
			return c.fillWith("fill_value")
		}))
	}
	t.Add("aten.fill", One(func(c *Call) *ir.Value { return c.fillWith("value") }))
	t.Add("aten.scalar_tensor", One(func(c *Call) *ir.Value { return c.fillWith("s") }))
	for _, target := range []string{"aten.arange", "aten.range", "prims.iota"} {
		t.Add(target, One(arange))
	}
	t.Add("aten._dim_arange", One(func(c *Call) *ir.Value { return c.Count(c.Result(0).Shape[0], c.Result(0).Elem) }))
	t.Add("aten.linspace", One(func(c *Call) *ir.Value { return c.Out(c.linspace(c.floatType())) }))
	t.Add("aten.logspace", One(func(c *Call) *ir.Value {
		e := c.floatType()
		return c.Out(c.Pow(c.Const(ir.Float(c.Float("base")), e), c.linspace(e)))
	}))
}

// fillWith fills the result with an argument: a number, or a tensor of one element.
func (c *Call) fillWith(name string) *ir.Value {
	r := c.Result(0)
	if o := c.operand(name); o.value != nil {
		return c.ExpandTo(c.Reshape(o.as(c, r.Elem)), r)
	}
	return c.Fill(c.Scalar(name), r)
}

func arange(c *Call) *ir.Value {
	r := c.Result(0)
	start, step := ir.Attr(ir.Int(0)), ir.Attr(ir.Int(1))
	if c.Has("start") {
		start = c.Arg("start")
	}
	if c.Has("step") {
		step = c.Arg("step")
	}
	_, s1 := step.(ir.Ref)
	_, s2 := step.(ir.DimAttr)
	_, s3 := start.(ir.Ref)
	if s1 || s2 || s3 { // known only when the program runs
		e := r.Elem
		if e.IsFloat() {
			e = host.F64
		}
		y := c.Count(r.Shape[0], e)
		if c.Has("step") {
			y = c.Mul(y, c.Tensor("step", e))
		}
		if c.Has("start") {
			y = c.Add(y, c.Tensor("start", e))
		}
		return c.Out(y)
	}
	if r.Elem.IsInt() { // PyTorch converts the limits first
		if _, sym := start.(ir.DimAttr); !sym {
			start = c.number(start, r.Elem)
		}
		step = c.number(step, r.Elem)
	}
	return c.Iota(r, 0, start, step)
}

// floatType is the type that PyTorch computes sequences of the result's type in.
func (c *Call) floatType() host.Elem {
	if e := c.Result(0).Elem; e.IsInt() {
		return host.F64
	}
	return opmath(c.Result(0).Elem)
}

// linspace are numbers from start to end, both included.
func (c *Call) linspace(e host.Elem) *ir.Value {
	return c.spaced(c.Reshape(c.Tensor("start", e)), c.Reshape(c.Tensor("end", e)), c.Result(0).Shape[0])
}

// spaced counts from both ends to the middle, so that both ends are exact.
func (c *Call) spaced(start, end *ir.Value, n ir.Dim) *ir.Value {
	e := start.Type.Elem
	last := n.Sub(ir.Const(1))
	if k, ok := last.IsConst(); ok && k <= 0 {
		return c.Expand(start, n)
	}
	step := c.Div(c.Sub(end, start), c.Size(last, e))
	at := c.Count(n, host.I64)
	up := c.Add(start, c.Mul(step, c.Cast(at, e)))
	down := c.Sub(end, c.Mul(step, c.Cast(c.Sub(c.Size(last, host.I64), at), e)))
	return c.Where(c.Compare(tensor.Lt, at, c.Size(n.FloorDiv(ir.Const(2)), host.I64)), up, down)
}
