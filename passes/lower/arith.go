package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The helpers of this file build elementwise operations and reductions. Operands of one operation have one element type
// and broadcast.

// Add is a + b.
func (c *Call) Add(a, b *ir.Value) *ir.Value { return c.One(tensor.Add, nil, a, b) }

// Sub is a - b.
func (c *Call) Sub(a, b *ir.Value) *ir.Value { return c.One(tensor.Sub, nil, a, b) }

// Mul is a * b.
func (c *Call) Mul(a, b *ir.Value) *ir.Value { return c.One(tensor.Mul, nil, a, b) }

// Div is a / b, of floats or complex numbers.
func (c *Call) Div(a, b *ir.Value) *ir.Value { return c.One(tensor.Div, nil, a, b) }

// Pow is a to the power of b.
func (c *Call) Pow(a, b *ir.Value) *ir.Value { return c.One(tensor.Pow, nil, a, b) }

// Min is the smaller of a and b; NaN where either is.
func (c *Call) Min(a, b *ir.Value) *ir.Value { return c.One(tensor.Min, nil, a, b) }

// Max is the larger of a and b; NaN where either is.
func (c *Call) Max(a, b *ir.Value) *ir.Value { return c.One(tensor.Max, nil, a, b) }

// And is the logical or bitwise and.
func (c *Call) And(a, b *ir.Value) *ir.Value { return c.One(tensor.And, nil, a, b) }

// Or is the logical or bitwise or.
func (c *Call) Or(a, b *ir.Value) *ir.Value { return c.One(tensor.Or, nil, a, b) }

// Not is the logical or bitwise complement.
func (c *Call) Not(a *ir.Value) *ir.Value { return c.One(tensor.Not, nil, a) }

// Neg is -x.
func (c *Call) Neg(x *ir.Value) *ir.Value { return c.One(tensor.Neg, nil, x) }

// Abs is |x|.
func (c *Call) Abs(x *ir.Value) *ir.Value { return c.One(tensor.Abs, nil, x) }

// Exp is e to the power of x.
func (c *Call) Exp(x *ir.Value) *ir.Value { return c.One(tensor.Exp, nil, x) }

// Log is the natural logarithm.
func (c *Call) Log(x *ir.Value) *ir.Value { return c.One(tensor.Log, nil, x) }

// Sqrt is the square root.
func (c *Call) Sqrt(x *ir.Value) *ir.Value { return c.One(tensor.Sqrt, nil, x) }

// Compare builds one of the comparisons tensor.Eq, Ne, Lt, Le, Gt, Ge.
func (c *Call) Compare(def *ir.OpDef, a, b *ir.Value) *ir.Value { return c.One(def, nil, a, b) }

// Where is a where cond holds and b elsewhere.
func (c *Call) Where(cond, a, b *ir.Value) *ir.Value { return c.One(tensor.Where, nil, cond, a, b) }

// AddN is x + n.
func (c *Call) AddN(x *ir.Value, n float64) *ir.Value { return c.Add(x, c.Like(x, n)) }

// SubFrom is n - x.
func (c *Call) SubFrom(n float64, x *ir.Value) *ir.Value { return c.Sub(c.Like(x, n), x) }

// MulN is x * n.
func (c *Call) MulN(x *ir.Value, n float64) *ir.Value {
	if n == 1 {
		return x
	}
	return c.Mul(x, c.Like(x, n))
}

// Reciprocal is 1 / x.
func (c *Call) Reciprocal(x *ir.Value) *ir.Value { return c.Div(c.Like(x, 1), x) }

// Clamp is x between two numbers.
func (c *Call) Clamp(x *ir.Value, low, high float64) *ir.Value {
	return c.Min(c.Max(x, c.Like(x, low)), c.Like(x, high))
}

// Reduce builds a reduction (tensor.Sum, Prod, Max, Min, Mean, Any, All); without axes there is nothing to reduce.
func (c *Call) Reduce(def *ir.OpDef, x *ir.Value, keep bool, axes ...int) *ir.Value {
	if len(axes) == 0 {
		return x
	}
	return c.One(def, ir.Attrs{ir.Set("axes", ir.OfInts(slices.Sorted(slices.Values(axes))...)), ir.Set("keep_dims", ir.Bool(keep))}, x)
}

// Sum adds along axes.
func (c *Call) Sum(x *ir.Value, keep bool, axes ...int) *ir.Value {
	return c.Reduce(tensor.Sum, x, keep, axes...)
}

// Number is how many elements of x stand on some axes, as a number of an element type.
func (c *Call) Number(x *ir.Value, e host.Elem, axes ...int) *ir.Value {
	n := ir.Const(1)
	for _, a := range axes {
		n = n.Mul(x.Type.Shape[a])
	}
	return c.Size(n, e)
}
