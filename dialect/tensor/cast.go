package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Cast converts to the stated element type.
var Cast = &ir.OpDef{
	Name: "tensor.cast",
	Doc: "The operand in the stated element type. Floats become integers by dropping the fraction (those out of range, and " +
		"NaN, the smallest i32 or i64), numbers become bool by being unequal to 0, complex numbers become real by their real " +
		"part, integers keep their low bits, floats are rounded to nearest even.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:   ir.Typed | ir.Elementwise,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		stated, err := statedType(op)
		if err != nil {
			return nil, err
		}
		return []ir.Type{op.In(0).WithElem(stated.Elem)}, nil
	},
	Fold: func(op *ir.Op) *ir.Value {
		if op.In(0).Equal(op.Result().Type) {
			return op.Operands[0]
		}
		return nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		to := op.Result().Type.Elem
		if to == in[0].Elem {
			return in, nil
		}
		out, err := host.Alloc(to, in[0].Shape)
		if err == nil {
			err = host.Cast(c.Par(), out, in[0])
		}
		return results(op, err, out)
	},
	Example: `%y = tensor.cast(%x: tensor<4xf32> = [1.9, -1.9, nan, 300]) : tensor<4xi32> // [1, -1, -2147483648, 300]`,
}

// Bitcast reads the same bytes as another element type.
var Bitcast = &ir.OpDef{
	Name: "tensor.bitcast",
	Doc: "The operand's bytes read as the stated element type. Where that is narrower the last axis grows, where it is wider " +
		"the last axis shrinks. (torch.Tensor.view with a dtype.)",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:   ir.Typed,
	Infer:    inferBitcast,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		to, shape := op.Result().Type.Elem, slices.Clone(in[0].Shape)
		if last := len(shape) - 1; last >= 0 {
			size := shape[last] * in[0].Elem.Bytes()
			if size%to.Bytes() != 0 {
				return nil, op.Errorf("the last axis of %s takes %d bytes, which is no multiple of %d", in[0], size, to.Bytes())
			}
			shape[last] = size / to.Bytes()
		}
		out, err := host.FromBytes(to, shape, in[0].Bytes())
		return results(op, err, out)
	},
	Example: `%y = tensor.bitcast(%x: tensor<2xf32> = [1, -2]) : tensor<2xi32> // [1065353216, -1073741824]`,
}

var castOps = []*ir.OpDef{Cast, Bitcast}

func inferBitcast(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	stated, err := statedType(op)
	if err != nil {
		return nil, err
	}
	x := op.In(0)
	from, to := x.Elem.Bytes(), stated.Elem.Bytes()
	if from == 0 || to == 0 {
		return nil, op.Errorf("from %s to %s: packed types have no bytes of their own", x.Elem, stated.Elem)
	}
	if from == to {
		return []ir.Type{x.WithElem(stated.Elem)}, nil
	}
	if x.Rank() == 0 {
		return nil, op.Errorf("%s has no last axis that could change in size", x)
	}
	shape := slices.Clone(x.Shape)
	last := &shape[len(shape)-1]
	if from > to {
		*last = last.Mul(ir.Const(int64(from / to)))
	} else {
		times := ir.Const(int64(to / from))
		if err := c.Require(last.Mod(times), ir.RelEQ, ir.Const(0)); err != nil {
			return nil, op.Errorf("the last axis of %s must be a multiple of %d: %v", x, to/from, err)
		}
		*last = last.FloorDiv(times)
	}
	return []ir.Type{ir.TensorOf(stated.Elem, shape...)}, nil
}
