package nn

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

type evalFunc = func(*ir.EvalCtx, *ir.Op, []*host.Tensor) ([]*host.Tensor, error)

// eval makes an evaluation from one that knows no packed element types; its errors get the operation's name. Absent
// operands are nil.
func eval(fn func(c *ir.EvalCtx, op *ir.Op, in func(i int) *host.Tensor) ([]*host.Tensor, error)) evalFunc {
	return func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		out, err := fn(c, op, func(i int) *host.Tensor {
			if i >= len(in) || in[i] == nil {
				return nil
			}
			return host.Unpack(in[i])
		})
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		for i, t := range out {
			if e := op.Results[i].Type.Elem; e.Packed() {
				if out[i], err = host.Pack(t, e); err != nil {
					return nil, op.Errorf("%v", err)
				}
			}
		}
		return out, nil
	}
}

func one(t *host.Tensor, err error) ([]*host.Tensor, error) { return []*host.Tensor{t}, err }

func two(a, b *host.Tensor, err error) ([]*host.Tensor, error) { return []*host.Tensor{a, b}, err }

// has demands that an operand has a shape; an absent one has any.
func has(c *ir.InferCtx, op *ir.Op, i int, shape ...ir.Dim) error {
	if op.Operand(i) == nil {
		return nil
	}
	t, name := op.In(i), op.Def.Operands[i].Name
	want := ir.TensorOf(t.Elem, shape...)
	if t.Rank() != len(shape) {
		return op.Errorf("%s is %s, expected %s", name, t, want)
	}
	for k, d := range shape {
		if err := c.Require(t.Shape[k], ir.RelEQ, d); err != nil {
			return op.Errorf("%s is %s, expected %s: %v", name, t, want, err)
		}
	}
	return nil
}

// stretches demands that an operand broadcasts to a shape by numpy's rules; an absent one does.
func stretches(c *ir.InferCtx, op *ir.Op, i int, shape []ir.Dim) error {
	if op.Operand(i) == nil {
		return nil
	}
	t, name := op.In(i), op.Def.Operands[i].Name
	want := ir.TensorOf(t.Elem, shape...)
	lead := len(shape) - t.Rank()
	if lead < 0 {
		return op.Errorf("%s is %s, which does not broadcast to %s", name, t, want)
	}
	for k, d := range t.Shape {
		if d.Equal(ir.Const(1)) {
			continue
		}
		if err := c.Require(d, ir.RelEQ, shape[lead+k]); err != nil {
			return op.Errorf("%s is %s, which does not broadcast to %s: %v", name, t, want, err)
		}
	}
	return nil
}

// rank demands that an operand has between least and most axes.
func rank(op *ir.Op, i, least, most int) error {
	if t := op.In(i); t.Rank() < least || t.Rank() > most {
		name := op.Def.Operands[i].Name
		if least == most {
			return op.Errorf("%s is %s, expected %d axes", name, t, least)
		}
		return op.Errorf("%s is %s, expected %d to %d axes", name, t, least, most)
	}
	return nil
}

// checkAxis demands that the attribute axis is one of x's.
func checkAxis(op *ir.Op) (int, error) {
	x, axis := op.In(0), op.Int("axis")
	if axis < 0 || axis >= x.Rank() {
		return 0, op.Errorf("axis %d is outside x, which is %s", axis, x)
	}
	return axis, nil
}

// perAxis gives a list of n integers, none smaller than least; where the attribute is none all are otherwise.
func perAxis(op *ir.Op, name string, n, otherwise, least int) ([]int, error) {
	if !op.Has(name) {
		return slices.Repeat([]int{otherwise}, n), nil
	}
	list := op.Ints(name)
	if len(list) != n {
		return nil, op.Errorf("%s is %v, expected %d integers, one for each spatial axis", name, list, n)
	}
	for _, v := range list {
		if v < least || v > 1<<40 {
			return nil, op.Errorf("%s is %v, expected no number below %d or above 2^40", name, list, least)
		}
	}
	return list, nil
}

// optional declares an attribute that may be none.
func optional(name string, kind ir.AttrKind, doc string) ir.AttrDef {
	return ir.Default(name, kind, ir.None{}, doc)
}

// exists refuses a size that is known to be less than 1.
func exists(op *ir.Op, what string, d ir.Dim) error {
	if n, ok := d.IsConst(); ok && n < 1 {
		return op.Errorf("the %s would have size %d", what, n)
	}
	return d.Err()
}
