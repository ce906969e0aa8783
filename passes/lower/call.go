package lower

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Call is one call of a PyTorch operator while it is lowered: its arguments by the names of its schema, and a builder
// for the operations that replace it.
type Call struct {
	Op     *ir.Op // the torch.call
	module *ir.Module
	b      *ir.Builder
	math   host.Elem // set by Math: the type that Value and Tensor give
}

// abort carries an error out of the methods of Call to Table.Lower.
type abort struct{ err error }

// Failf ends the lowering with an error.
func (c *Call) Failf(format string, args ...any) { panic(abort{fmt.Errorf(format, args...)}) }

func (c *Call) check(err error) {
	if err != nil {
		panic(abort{err})
	}
}

// Callee is the target, such as aten.add.Tensor.
func (c *Call) Callee() string { return callee(c.Op) }

func callee(op *ir.Op) string {
	name, _ := op.Attrs.Get("callee")
	s, _ := name.(ir.String)
	return string(s)
}

// Result is the type that the file states for result i.
func (c *Call) Result(i int) ir.Type { return c.Op.Results[i].Type }

// Results is the number of results.
func (c *Call) Results() int { return len(c.Op.Results) }

// Used reports whether anything uses result i.
func (c *Call) Used(i int) bool { return i < len(c.Op.Results) && c.Op.Results[i].Used() }

// Binds are the symbols that the call's results bind, as the attribute that operations take; nil where there are none.
func (c *Call) Binds() ir.Attr {
	a, ok := c.Op.Attrs.Get("binds")
	if !ok {
		return nil
	}
	return a
}

// Has reports whether an argument is given and not None.
func (c *Call) Has(name string) bool {
	a, ok := c.Op.Attrs.Get(name)
	_, none := a.(ir.None)
	return ok && !none
}

// Arg is an argument as the attribute it was saved as; None where the call has no such argument.
func (c *Call) Arg(name string) ir.Attr {
	if a, ok := c.Op.Attrs.Get(name); ok {
		return a
	}
	return ir.None{}
}

func (c *Call) arg(name, expected string) ir.Attr {
	a, ok := c.Op.Attrs.Get(name)
	if !ok {
		var names []string
		for _, a := range c.Op.Attrs {
			if a.Name != "callee" && a.Name != "binds" {
				names = append(names, a.Name)
			}
		}
		c.Failf("the call has no argument %s; it has %s", name, strings.Join(names, ", "))
	}
	if _, none := a.(ir.None); none {
		c.Failf("argument %s is None, expected %s", name, expected)
	}
	return a
}

func argOf[T ir.Attr](c *Call, name, expected string) T {
	a := c.arg(name, expected)
	v, ok := a.(T)
	if !ok {
		c.Failf("argument %s is %s, expected %s", name, describe(a), expected)
	}
	return v
}

func describe(a ir.Attr) string {
	switch a := a.(type) {
	case ir.Ref:
		return "a tensor"
	case ir.DimAttr:
		return "the size " + a.Dim.String()
	case ir.Bool, ir.Int, ir.Float, ir.String, ir.Ints:
		return fmt.Sprintf("%v", a)
	}
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", a), "ir."))
}

func (c *Call) deref(r ir.Ref) *ir.Value {
	v := c.Op.Operand(int(r))
	if v == nil {
		c.Failf("operand $%d is missing", int(r))
	}
	if c.math != host.Invalid {
		return c.Cast(v, c.math)
	}
	return v
}

// Value is a tensor argument that must be given.
func (c *Call) Value(name string) *ir.Value {
	return c.deref(argOf[ir.Ref](c, name, "a tensor"))
}

// Raw is a tensor argument as it was passed, also within Math.
func (c *Call) Raw(name string) *ir.Value {
	defer func(m host.Elem) { c.math = m }(c.math)
	c.math = host.Invalid
	return c.Value(name)
}

// Maybe is a tensor argument, or nil where it is None.
func (c *Call) Maybe(name string) *ir.Value {
	if !c.Has(name) {
		return nil
	}
	return c.Value(name)
}

// Values is a list of tensors; an item that is None is nil.
func (c *Call) Values(name string) []*ir.Value {
	a := c.arg(name, "a list of tensors")
	if ints, ok := a.(ir.Ints); ok && len(ints) == 0 {
		return nil
	}
	list, ok := a.(ir.List)
	if !ok {
		c.Failf("argument %s is %s, expected a list of tensors", name, describe(a))
	}
	values := make([]*ir.Value, len(list))
	for i, it := range list {
		switch it := it.(type) {
		case ir.Ref:
			values[i] = c.deref(it)
		case ir.None:
		default:
			c.Failf("item %d of argument %s is %s, expected a tensor", i, name, describe(it))
		}
	}
	return values
}

// Tensor is an argument that is a tensor or a number, as a tensor of an element type; a number has rank 0.
func (c *Call) Tensor(name string, e host.Elem) *ir.Value {
	return c.operand(name).as(c, e)
}

// Scalar is a number: Bool, Int, Float, Complex, or DimAttr for a symbolic size.
func (c *Call) Scalar(name string) ir.Attr {
	a := c.arg(name, "a number")
	switch a.(type) {
	case ir.Bool, ir.Int, ir.Float, ir.Complex, ir.DimAttr:
		return a
	}
	c.Failf("argument %s is %s, expected a number known before the program runs", name, describe(a))
	return nil
}

// Int is an integer.
func (c *Call) Int(name string) int {
	switch a := c.arg(name, "an integer").(type) {
	case ir.Int:
		return int(a)
	case ir.Bool:
		if a {
			return 1
		}
		return 0
	case ir.Float:
		if a == ir.Float(int(a)) {
			return int(a)
		}
	}
	c.Failf("argument %s is %s, expected an integer", name, describe(c.Arg(name)))
	return 0
}

// Float is a number as a float.
func (c *Call) Float(name string) float64 {
	f, ok := asFloat(c.arg(name, "a number"))
	if !ok {
		c.Failf("argument %s is %s, expected a number", name, describe(c.Arg(name)))
	}
	return f
}

func asFloat(a ir.Attr) (float64, bool) {
	switch a := a.(type) {
	case ir.Int:
		return float64(a), true
	case ir.Float:
		return float64(a), true
	case ir.Bool:
		if a {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// Bool is a boolean.
func (c *Call) Bool(name string) bool { return bool(argOf[ir.Bool](c, name, "a boolean")) }

// Str is a string.
func (c *Call) Str(name string) string { return string(argOf[ir.String](c, name, "a string")) }

// Elem is an element type; PyTorch calls it dtype.
func (c *Call) Elem(name string) host.Elem {
	return host.Elem(argOf[ir.Elem](c, name, "an element type"))
}

// Ints is a list of integers; a single one is a list of one.
func (c *Call) Ints(name string) []int {
	switch a := c.arg(name, "a list of integers").(type) {
	case ir.Ints:
		out := make([]int, len(a))
		for i, n := range a {
			out[i] = int(n)
		}
		return out
	case ir.Int:
		return []int{int(a)}
	}
	c.Failf("argument %s is %s, expected a list of integers", name, describe(c.Arg(name)))
	return nil
}

// IntsN is a list of n integers; a single one stands for all.
func (c *Call) IntsN(name string, n int) []int {
	list := c.Ints(name)
	if len(list) == n {
		return list
	}
	if len(list) != 1 {
		c.Failf("argument %s has %d items, expected %d", name, len(list), n)
	}
	out := make([]int, n)
	for i := range out {
		out[i] = list[0]
	}
	return out
}

// Dim is a size.
func (c *Call) Dim(name string) ir.Dim {
	switch a := c.arg(name, "a size").(type) {
	case ir.Int:
		return c.size(name, int64(a))
	case ir.DimAttr:
		return a.Dim
	}
	c.Failf("argument %s is %s, expected a size", name, describe(c.Arg(name)))
	return ir.Dim{}
}

// size is a number out of an argument; the least integer there is has no counterpart among sizes.
func (c *Call) size(name string, n int64) ir.Dim {
	d := ir.Const(n)
	if err := d.Err(); err != nil {
		c.Failf("argument %s: %v", name, err)
	}
	return d
}

// Dims is a list of sizes.
func (c *Call) Dims(name string) []ir.Dim {
	switch a := c.arg(name, "a list of sizes").(type) {
	case ir.Ints:
		out := make([]ir.Dim, len(a))
		for i, n := range a {
			out[i] = c.size(name, n)
		}
		return out
	case ir.Dims:
		return a
	case ir.Int, ir.DimAttr:
		return []ir.Dim{c.Dim(name)}
	}
	c.Failf("argument %s is %s, expected a list of sizes", name, describe(c.Arg(name)))
	return nil
}

// Floats is a list of numbers.
func (c *Call) Floats(name string) []float64 {
	var out []float64
	switch a := c.arg(name, "a list of numbers").(type) {
	case ir.Ints:
		for _, n := range a {
			out = append(out, float64(n))
		}
	case ir.List:
		for i, it := range a {
			f, ok := asFloat(it)
			if !ok {
				c.Failf("item %d of argument %s is %s, expected a number", i, name, describe(it))
			}
			out = append(out, f)
		}
	default:
		c.Failf("argument %s is %s, expected a list of numbers", name, describe(a))
	}
	return out
}

// Axis is an axis of a tensor of a rank, counted from the start; rank 0 counts as 1, as PyTorch has it.
func (c *Call) Axis(name string, rank int) int { return c.axis(c.Int(name), rank) }

func (c *Call) axis(at, rank int) int {
	axis, err := ir.Axis(at, max(rank, 1))
	c.check(err)
	return axis
}

// Axes is a list of axes counted from the start; None and the empty list are all axes. A tensor of rank 0 has none.
func (c *Call) Axes(name string, rank int) []int {
	if c.Has(name) {
		if list := c.Ints(name); len(list) > 0 {
			if rank == 0 {
				return nil
			}
			for i, a := range list {
				list[i] = c.axis(a, rank)
			}
			return list
		}
	}
	return axesFrom(0, rank)
}

// axesFrom lists the axes from first up to rank.
func axesFrom(first, rank int) []int {
	var list []int
	for i := first; i < rank; i++ {
		list = append(list, i)
	}
	return list
}
