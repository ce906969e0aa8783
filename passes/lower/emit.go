package lower

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Emit builds an operation and gives its results.
func (c *Call) Emit(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) []*ir.Value {
	op, err := c.b.Build(def, attrs, operands...)
	c.check(err)
	return op.Results
}

// One builds an operation and gives its first result.
func (c *Call) One(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	return c.Emit(def, attrs, operands...)[0]
}

// Typed builds an operation whose result type is stated.
func (c *Call) Typed(def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) *ir.Value {
	v, err := c.b.Typed(def, attrs, t, operands...)
	c.check(err)
	return v
}

// Cast converts to an element type by PyTorch's rules; the value itself where it has that type.
func (c *Call) Cast(v *ir.Value, e host.Elem) *ir.Value {
	if v == nil || v.Type.Elem == e {
		return v
	}
	return c.Typed(tensor.Cast, nil, v.Type.WithElem(e), v)
}

// Out converts to the element type that the file states for result 0.
func (c *Call) Out(v *ir.Value) *ir.Value { return c.Cast(v, c.Result(0).Elem) }

// Const is a number of rank 0.
func (c *Call) Const(value ir.Attr, e host.Elem) *ir.Value {
	if d, ok := value.(ir.DimAttr); ok {
		if n, isConst := d.IsConst(); isConst {
			value = ir.Int(n)
		} else {
			return c.Cast(c.One(core.DimOp, ir.Attrs{ir.Set("value", d)}), e)
		}
	}
	return c.Typed(core.Constant, ir.Attrs{ir.Set("value", c.number(value, e))}, ir.TensorOf(e))
}

// Size is a size as a number of rank 0.
func (c *Call) Size(d ir.Dim, e host.Elem) *ir.Value { return c.Const(ir.OfDim(d), e) }

// Like is a number of rank 0 with the element type of v.
func (c *Call) Like(v *ir.Value, n float64) *ir.Value { return c.Const(ir.Float(n), v.Type.Elem) }

// Fill is a tensor with one number everywhere.
func (c *Call) Fill(value ir.Attr, t ir.Type) *ir.Value {
	if d, ok := value.(ir.DimAttr); ok {
		return c.Expand(c.Const(d, t.Elem), t.Shape...)
	}
	return c.Typed(tensor.Fill, ir.Attrs{ir.Set("value", c.number(value, t.Elem))}, t)
}

// Iota counts along an axis: start, start+step, ....
func (c *Call) Iota(t ir.Type, axis int, start, step ir.Attr) *ir.Value {
	return c.Typed(tensor.Iota, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", start), ir.Set("step", step)}, t)
}

// Count is 0, 1, ... n-1 along the only axis.
func (c *Call) Count(n ir.Dim, e host.Elem) *ir.Value {
	return c.Iota(ir.TensorOf(e, n), 0, ir.Int(0), ir.Int(1))
}

// number converts a number to the kind that an element type's constants have.
func (c *Call) number(a ir.Attr, e host.Elem) ir.Attr {
	switch k := e.Kind(); {
	case e == host.Bool:
		if f, ok := asFloat(a); ok {
			return ir.Bool(f != 0)
		}
	case k == host.KindInt || k == host.KindUint:
		switch a := a.(type) {
		case ir.Int:
			return a
		case ir.Bool, ir.Float:
			f, _ := asFloat(a)
			return ir.Int(int64(f))
		}
	case k == host.KindFloat:
		if z, ok := a.(ir.Complex); ok {
			return ir.Float(real(complex128(z)))
		}
		if f, ok := asFloat(a); ok {
			return ir.Float(f)
		}
	case k == host.KindComplex:
		if _, ok := a.(ir.Complex); ok {
			return a
		}
		if f, ok := asFloat(a); ok {
			return ir.Complex(complex(f, 0))
		}
	}
	c.Failf("%s is no number of type %s", describe(a), e)
	return nil
}
