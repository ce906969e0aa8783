package tensor

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Fill makes a tensor with one value.
var Fill = &ir.OpDef{
	Name:    "tensor.fill",
	Doc:     "A tensor of the stated type with one value everywhere.",
	Results: []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:   []ir.AttrDef{ir.Require("value", ir.KindNumber, "the value, converted to the element type as by tensor.cast")},
	Traits:  ir.Typed | ir.Fusable | ir.Cheap,
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		stated, err := statedType(op)
		return []ir.Type{stated}, err
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, _ []*host.Tensor) ([]*host.Tensor, error) {
		stated := op.Result().Type
		shape, err := c.Shape(stated)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		value := number128(op.Attr("value"))
		if stated.Elem.Packed() {
			out, err := host.Full(stated.Elem, shape, value)
			return results(op, err, out)
		}
		one, err := host.Scalar(stated.Elem, value)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		out, err := one.Expand(shape)
		return results(op, err, out)
	},
	Example: `%y = tensor.fill() {value = 1.5} : tensor<2x2xf16> // [1.5, 1.5, 1.5, 1.5]`,
}

// Iota counts along an axis.
var Iota = &ir.OpDef{
	Name: "tensor.iota",
	Doc: "A tensor of the stated type whose elements are start + i*step, i being the index along an axis. Integers are exact; " +
		"floats are computed in f64 and rounded once.",
	Results: []ir.Arg{ir.Out("y", ir.Reals)},
	Attrs: []ir.AttrDef{
		ir.Default("axis", ir.KindInt, ir.Int(0), "the axis that is counted along"),
		ir.Default("start", ir.KindAny, ir.Int(0), "the first value: a number or a size"),
		ir.Default("step", ir.KindNumber, ir.Int(1), "the difference of neighbours"),
	},
	Traits:  ir.Typed | ir.Fusable | ir.Cheap,
	Infer:   inferIota,
	Eval:    evalIota,
	Example: `%y = tensor.iota() {axis = 1, start = 5, step = -2} : tensor<2x3xi64> // [5, 3, 1, 5, 3, 1]`,
}

var createOps = []*ir.OpDef{Fill, Iota}

// number128 is a numeric attribute as a value that host.Scalar takes.
func number128(a ir.Attr) any {
	switch v := a.(type) {
	case ir.Bool:
		return bool(v)
	case ir.Int:
		return int64(v)
	case ir.Float:
		return float64(v)
	case ir.Complex:
		return complex128(v)
	}
	return nil
}

func inferIota(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	stated, err := statedType(op)
	if err != nil {
		return nil, err
	}
	if stated.Elem == host.Bool || stated.Elem.IsComplex() {
		return nil, op.Errorf("is not defined for %s", stated.Elem)
	}
	if axis := op.Int("axis"); axis < 0 || axis >= stated.Rank() {
		return nil, op.Errorf("axis %d is outside a tensor of rank %d", axis, stated.Rank())
	}
	switch op.Attr("start").(type) {
	case ir.Int, ir.Float, ir.DimAttr:
	default:
		return nil, op.Errorf("start is neither a real number nor a size")
	}
	switch op.Attr("step").(type) {
	case ir.Int, ir.Float:
	default:
		return nil, op.Errorf("step is no real number")
	}
	return []ir.Type{stated}, nil
}

func evalIota(c *ir.EvalCtx, op *ir.Op, _ []*host.Tensor) ([]*host.Tensor, error) {
	stated, axis := op.Result().Type, op.Int("axis")
	shape, err := c.Shape(stated)
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	start := op.Attr("start")
	if d, ok := start.(ir.DimAttr); ok {
		n, err := c.Dim(d.Dim)
		if err != nil {
			return nil, op.Errorf("start: %v", err)
		}
		start = ir.Int(n)
	}
	if n, err := host.SizeBytes(stated.Elem, shape); err != nil {
		return nil, op.Errorf("%v", err)
	} else if n == 0 { // an axis may be long nevertheless
		out, err := host.Alloc(stated.Elem, shape)
		return results(op, err, out)
	}
	wide, err := iotaValues(shape[axis], start, op.Attr("step"))
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	line := make([]int, len(shape))
	for i := range line {
		line[i] = 1
	}
	line[axis] = shape[axis]
	elem := stated.Elem
	if elem.Packed() { // packed types cannot be broadcast
		wide, err = wide.Reshape(line)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		out, err := host.Alloc(elem, shape)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		return results(op, host.Cast(c.Par(), out, wide), out)
	}
	row, err := host.Alloc(elem, line)
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	flat, err := wide.Reshape(line)
	if err == nil {
		err = host.Cast(c.Par(), row, flat)
	}
	if err != nil {
		return nil, op.Errorf("%v", err)
	}
	out, err := row.Expand(shape)
	return results(op, err, out)
}

// iotaValues counts in int64, or in float64 where a number is a float.
func iotaValues(n int, start, step ir.Attr) (*host.Tensor, error) {
	from, okFrom := start.(ir.Int)
	by, okBy := step.(ir.Int)
	elem := host.F64
	if okFrom && okBy {
		elem = host.I64
	}
	t, err := host.Alloc(elem, []int{n})
	if err != nil {
		return nil, err
	}
	if elem == host.I64 {
		ints := host.Raw[int64](t)
		for i := range ints {
			ints[i] = int64(from) + int64(i)*int64(by)
		}
		return t, nil
	}
	floats := host.Raw[float64](t)
	first, distance := realNumber(start), realNumber(step)
	for i := range floats {
		floats[i] = first + float64(i)*distance
	}
	return t, nil
}

func realNumber(a ir.Attr) float64 {
	if n, ok := a.(ir.Int); ok {
		return float64(n)
	}
	return float64(a.(ir.Float))
}
