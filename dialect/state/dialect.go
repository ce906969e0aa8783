package state

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Dialect is the table of state operations.
var Dialect = ir.NewDialect("state", "updates of tensors kept from call to call", SliceUpdate, IndexUpdate)

var at = ir.Default("at", ir.KindDims, ir.Ints{}, "the first index written on each axis, 0 on the one that axis names; without it, update is as large as base on the others")

var inPlace = ir.Default("in_place", ir.KindBool, ir.Bool(false), "base is not read again, so the update may be written into it")

// SliceUpdate replaces a slice of a tensor.
var SliceUpdate = &ir.OpDef{
	Name: "state.slice_update",
	Doc: "base with update written over the elements start, start+step, ... of an axis. With at, update may be smaller than " +
		"base on the other axes too: it is a block whose first element goes to at[i] on axis i. (torch.slice_scatter.)",
	Operands: []ir.Arg{ir.In("base", ir.AnyElem), ir.In("update", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		ir.Require("axis", ir.KindInt, "the axis that is written to"),
		ir.Default("start", ir.KindDim, ir.Int(0), "the first index written"),
		ir.Default("step", ir.KindInt, ir.Int(1), "the distance between indices written"),
		at,
		inPlace,
	},
	Traits: ir.InPlace,
	Infer:  inferSliceUpdate,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		axis, step := op.Int("axis"), op.Int("step")
		start, err := c.Dim(op.Dim("start"))
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		n := in[1].Shape[axis]
		if start < 0 || n > 0 && start+(n-1)*step >= in[0].Shape[axis] {
			return nil, op.Errorf("writes %d elements from %d on into an axis of %d", n, start, in[0].Shape[axis])
		}
		out := c.Base(in[0])
		to, err := block(c, op, out, in[1])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			c.Replace(to.Slice(axis, start, start+(n-1)*step+1, step), in[1])
		}
		return []*host.Tensor{out}, nil
	},
	Example: `%y = state.slice_update(%base: tensor<4xi64> = [0, 1, 2, 3], %update: tensor<2xi64> = [8, 9]) {axis = 0, start = 1} : tensor<4xi64> // [0, 8, 9, 3]`,
}

func inferSliceUpdate(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if err := inferBlock(c, op); err != nil {
		return nil, err
	}
	base, update, axis := op.In(0), op.In(1), op.Int("axis")
	start, step := op.Dim("start"), int64(op.Int("step"))
	if step < 1 {
		return nil, op.Errorf("step is %d, expected at least 1", step)
	}
	if err := c.Require(start, ir.RelGE, ir.Const(0)); err != nil {
		return nil, op.Errorf("start: %v", err)
	}
	end := start.Add(update.Shape[axis].Sub(ir.Const(1)).Mul(ir.Const(step))).Add(ir.Const(1))
	if n, ok := update.Shape[axis].IsConst(); ok && n == 0 {
		end = start
	}
	if err := c.Require(end, ir.RelLE, base.Shape[axis]); err != nil {
		return nil, op.Errorf("update reaches past the end of base: %v", err)
	}
	return []ir.Type{base}, nil
}

// IndexUpdate replaces the slices of a tensor that an index tensor names.
var IndexUpdate = &ir.OpDef{
	Name: "state.index_update",
	Doc: "base with slice i of update written over slice index[i] of an axis; of several equal indices the last one wins. " +
		"With at, update may be smaller than base on the other axes: it is written from at[i] on in axis i. (torch.index_copy.)",
	Operands: []ir.Arg{ir.In("base", ir.AnyElem), ir.In("update", ir.AnyElem), ir.In("index", ir.Index)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Require("axis", ir.KindInt, "the axis that index counts along"), at, inPlace},
	Traits:   ir.InPlace,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if err := inferBlock(c, op); err != nil {
			return nil, err
		}
		if op.In(2).Rank() != 1 {
			return nil, op.Errorf("index is %s, expected rank 1", op.In(2))
		}
		if err := c.Require(op.In(2).Shape[0], ir.RelEQ, op.In(1).Shape[op.Int("axis")]); err != nil {
			return nil, op.Errorf("index and update differ in length: %v", err)
		}
		return []ir.Type{op.In(0)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		axis := op.Int("axis")
		out := c.Base(in[0])
		size := out.Shape[axis]
		to, err := block(c, op, out, in[1])
		if err != nil {
			return nil, err
		}
		for i := range in[2].Len() {
			at := int(host.IntAt(in[2], i))
			if at < 0 {
				at += size
			}
			if at < 0 || at >= size {
				return nil, op.Errorf("index %d is outside an axis of %d", host.IntAt(in[2], i), size)
			}
			c.Replace(to.Select(axis, at), in[1].Select(axis, i))
		}
		return []*host.Tensor{out}, nil
	},
	Example: `%y = state.index_update(%base: tensor<3x2xi64> = [0, 1, 2, 3, 4, 5], %update: tensor<1x2xi64> = [8, 9], %index: tensor<1xi64> = [2]) {axis = 0} : tensor<3x2xi64> // [0, 1, 2, 3, 8, 9]`,
}

// inferBlock holds update to base's element type and rank and, on every axis but the one written to, to base's size or,
// with at, to a part of it.
func inferBlock(c *ir.InferCtx, op *ir.Op) error {
	base, update, at := op.In(0), op.In(1), op.Dims("at")
	if base.Elem != update.Elem || base.Rank() != update.Rank() {
		return op.Errorf("base is %s, update is %s: expected one element type and rank", base, update)
	}
	axis, err := ir.Axis(op.Int("axis"), base.Rank())
	if err != nil || axis != op.Int("axis") {
		return op.Errorf("axis %d is outside %s", op.Int("axis"), base)
	}
	if len(at) > 0 && (len(at) != base.Rank() || !at[axis].Equal(ir.Const(0))) {
		return op.Errorf("at has %d sizes, expected one for each axis of %s, and 0 for axis %d, which is written to", len(at), base, axis)
	}
	for i := range base.Shape {
		switch {
		case i == axis:
			continue
		case len(at) == 0:
			err = c.Require(base.Shape[i], ir.RelEQ, update.Shape[i])
		default:
			if err = c.Require(at[i], ir.RelGE, ir.Const(0)); err == nil {
				err = c.Require(at[i].Add(update.Shape[i]), ir.RelLE, base.Shape[i])
			}
		}
		if err != nil {
			return op.Errorf("update does not fit into dimension %d of base: %v", i, err)
		}
	}
	return nil
}

// block is the part of what is written to that at and the sizes of update name; it has all of the axis that is written to.
func block(c *ir.EvalCtx, op *ir.Op, out, update *host.Tensor) (*host.Tensor, error) {
	axis := op.Int("axis")
	for i, d := range op.Dims("at") {
		start, err := c.Dim(d)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		if i == axis {
			continue
		}
		stop := start + update.Shape[i]
		if start < 0 || stop > out.Shape[i] {
			return nil, op.Errorf("writes %d elements from %d on into axis %d of %d", update.Shape[i], start, i, out.Shape[i])
		}
		out = out.Slice(i, start, stop, 1)
	}
	return out, nil
}
