package lower

import (
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/x448/float16"
)

// operand is an argument of type promotion: a tensor or a Python number.
type operand struct {
	value  *ir.Value
	number ir.Attr
}

func (c *Call) operand(name string) operand {
	a := c.arg(name, "a tensor or a number")
	if r, ok := a.(ir.Ref); ok {
		return operand{value: c.deref(r)}
	}
	return operand{number: c.Scalar(name)}
}

// as gives the operand as a tensor of an element type.
func (o operand) as(c *Call, e host.Elem) *ir.Value {
	if o.value != nil {
		return c.Cast(o.value, e)
	}
	return c.Const(o.number, e)
}

// scalar reports a number or a tensor of rank 0.
func (o operand) scalar() bool { return o.value == nil || o.value.Type.Rank() == 0 }

// exactIn reports whether the operand has the same value in an element type.
func (o operand) exactIn(e host.Elem) bool {
	if o.value != nil {
		return o.value.Type.Elem == e
	}
	f, ok := asFloat(o.number)
	if !ok {
		return false
	}
	switch e {
	case host.F16:
		return float64(float16.Fromfloat32(float32(f)).Float32()) == f
	case host.BF16:
		return float64(float32(f)) == f && math.Float32bits(float32(f))&0xffff == 0
	}
	return true
}

// Promote gives the type in which PyTorch computes with the named arguments: tensors of rank one and more decide,
// tensors of rank 0 and then Python numbers only where they are of a higher kind (bool, integer, float, complex).
func (c *Call) Promote(names ...string) host.Elem {
	ops := make([]operand, len(names))
	for i, name := range names {
		ops[i] = c.operand(name)
	}
	return promote(ops...)
}

func promote(ops ...operand) host.Elem {
	var dim, zero, number host.Elem
	for _, o := range ops {
		switch {
		case o.value == nil:
			number = host.Promote(number, numberElem(o.number))
		case o.value.Type.Rank() == 0:
			zero = host.Promote(zero, o.value.Type.Elem)
		default:
			dim = host.Promote(dim, o.value.Type.Elem)
		}
	}
	return yield(dim, yield(zero, number))
}

// numberElem is the type of a Python number: PyTorch's defaults.
func numberElem(a ir.Attr) host.Elem {
	switch a.(type) {
	case ir.Bool:
		return host.Bool
	case ir.Float:
		return host.F32
	case ir.Complex:
		return host.C64
	}
	return host.I64
}

// yield combines a type with that of operands of lower rank, which count only where their kind is higher.
func yield(high, low host.Elem) host.Elem {
	switch {
	case high == host.Invalid:
		return low
	case low == host.Invalid || high.IsComplex():
		return high
	case high.IsFloat():
		if low.IsComplex() {
			return complexOf(high)
		}
		return high
	case high == host.Bool || low.IsFloat() || low.IsComplex():
		return host.Promote(high, low)
	}
	return high
}

func complexOf(e host.Elem) host.Elem {
	if e == host.F64 || e == host.C128 {
		return host.C128
	}
	return host.C64
}

// realOf is the type of the parts of a complex type; other types are their own.
func realOf(e host.Elem) host.Elem {
	switch e {
	case host.C64:
		return host.F32
	case host.C128:
		return host.F64
	}
	return e
}

// opmath is the type in which PyTorch computes values of a type: f32 for narrower floats.
func opmath(e host.Elem) host.Elem {
	if e.IsFloat() && e.Bits() < 32 {
		return host.F32
	}
	return e
}

// floating is the type of float functions of a type: f32 for integers and bool.
func floating(e host.Elem) host.Elem {
	if e.IsFloat() || e.IsComplex() {
		return e
	}
	return host.F32
}

// Math makes a lowering of a function built of several operations: within fn, Value and Tensor give arguments in
// the type PyTorch computes the result in (f32 for f16 and bf16), and what fn gives is rounded once to the stated type.
func Math(fn func(c *Call) *ir.Value) Lowering {
	return One(func(c *Call) *ir.Value {
		c.math = opmath(c.Result(0).Elem)
		return c.Out(fn(c))
	})
}
