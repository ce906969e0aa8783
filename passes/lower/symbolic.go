package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// symbolics holds Python's arithmetic on sizes and numbers that only the run decides: rank 0, f64, i64 or bool.
func symbolics(t *Table) {
	for _, e := range []named{
		{"_operator.add", tensor.Add}, {"_operator.sub", tensor.Sub}, {"_operator.mul", tensor.Mul}, {"_operator.truediv", tensor.Div},
		{"torch.sym_max", tensor.Max}, {"torch.sym_min", tensor.Min}, {"_operator.pow", tensor.Pow}, {"torch.sym_sum", tensor.Add},
		{"_operator.and_", tensor.And}, {"_operator.or_", tensor.Or}, {"_operator.xor", tensor.Xor},
		{"_operator.floordiv", tensor.FloorDiv}, {"_operator.mod", tensor.Remainder},
	} {
		t.Add(e.target, symbolic(func(c *Call, e2 host.Elem, args []operand) *ir.Value {
			y := args[0].as(c, e2)
			for _, o := range args[1:] {
				y = c.One(e.def, nil, y, o.as(c, e2))
			}
			return y
		}))
	}
	for _, e := range []named{
		{"_operator.eq", tensor.Eq}, {"_operator.ne", tensor.Ne}, {"_operator.lt", tensor.Lt},
		{"_operator.le", tensor.Le}, {"_operator.gt", tensor.Gt}, {"_operator.ge", tensor.Ge},
	} {
		t.Add(e.target, symbolic(func(c *Call, _ host.Elem, args []operand) *ir.Value {
			wide := host.I64
			for _, o := range args {
				if p := promote(o); p.IsFloat() {
					wide = host.F64
				}
			}
			return c.Compare(e.def, args[0].as(c, wide), args[1].as(c, wide))
		}))
	}
	for _, e := range []named{
		{"_operator.neg", tensor.Neg}, {"_operator.abs", tensor.Abs}, {"torch.sym_not", tensor.Not}, {"_operator.not_", tensor.Not}, {"torch._sym_sqrt", tensor.Sqrt},
		{"math.sqrt", tensor.Sqrt}, {"torch._sym_exp", tensor.Exp}, {"torch._sym_log2", tensor.Log2}, {"torch._sym_cos", tensor.Cos}, {"torch._sym_sin", tensor.Sin},
		{"math.ceil", tensor.Ceil}, {"math.floor", tensor.Floor}, {"math.trunc", tensor.Trunc}, {"builtins.round", tensor.Round}, {"builtins.abs", tensor.Abs},
	} {
		t.Add(e.target, symbolic(func(c *Call, e2 host.Elem, args []operand) *ir.Value {
			rounds := e.def == tensor.Ceil || e.def == tensor.Floor || e.def == tensor.Trunc || e.def == tensor.Round
			if e2.IsInt() && rounds { // to an integer
				if !promote(args[0]).IsFloat() {
					return args[0].as(c, e2)
				}
				e2 = host.F64
			}
			return c.One(e.def, nil, args[0].as(c, e2))
		}))
	}
	for _, target := range []string{"torch.sym_float", "torch.sym_int", "builtins.float", "builtins.int", "aten.sym_size", "aten.sym_numel", "_operator.pos"} {
		t.Add(target, symbolic(func(c *Call, e host.Elem, args []operand) *ir.Value { return args[0].as(c, e) }))
	}
	t.Add("torch.sym_ite", symbolic(func(c *Call, e host.Elem, args []operand) *ir.Value {
		return c.Where(args[0].as(c, host.Bool), args[1].as(c, e), args[2].as(c, e))
	}))
}

// symbolic makes a lowering of a function of all arguments in order; the result becomes a symbol where the call binds one.
func symbolic(fn func(c *Call, e host.Elem, args []operand) *ir.Value) Lowering {
	return One(func(c *Call) *ir.Value {
		var args []operand
		for _, a := range c.Op.Attrs {
			if a.Name != "callee" && a.Name != "binds" {
				args = append(args, c.operands(a.Name)...)
			}
		}
		if len(args) == 0 {
			c.Failf("the call has no arguments")
		}
		y := c.Out(fn(c, c.Result(0).Elem, args))
		if c.Binds() != nil {
			return c.bind(y)
		}
		return y
	})
}

// operands is an argument, or the items of one that is a list.
func (c *Call) operands(name string) []operand {
	switch list := c.Arg(name).(type) {
	case ir.List:
		out := make([]operand, len(list))
		for i, it := range list {
			if r, ok := it.(ir.Ref); ok {
				out[i].value = c.deref(r)
			} else {
				out[i].number = it
			}
		}
		return out
	case ir.Ints, ir.Dims:
		var out []operand
		for _, d := range c.Dims(name) {
			out = append(out, operand{number: ir.OfDim(d)})
		}
		return out
	}
	return []operand{c.operand(name)}
}
