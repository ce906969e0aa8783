package calls

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// Shows reports an operation whose result is a run of its operand's elements, and where that starts.
func Shows(op *ir.Op) (offset ir.Dim, ok bool) {
	switch {
	case !op.Is(tensor.Reshape) && !op.Is(tensor.Slice), op.In(0).Elem.Packed(): // packed rows are padded to whole bytes
		return offset, false
	case op.Is(tensor.Reshape):
		return ir.Const(0), true
	case op.Int("step") != 1:
		return offset, false
	}
	axis, shape := op.Int("axis"), op.In(0).Shape
	for _, d := range shape[:axis] {
		if !d.Equal(ir.Const(1)) {
			return offset, false
		}
	}
	offset = op.Dim("start")
	for _, d := range shape[axis+1:] {
		offset = offset.Mul(d)
	}
	return offset, true
}

// OfState reports an update, proven to be possible in place, whose base is a state of the function, or what an update of it
// gave.
func OfState(op *ir.Op, proven map[*ir.Op]bool) bool {
	for proven[op] {
		v := op.Operands[0]
		if v.Def == nil {
			return op.Parent().Params[v.Index].Role == ir.StateIn
		}
		op = v.Def
	}
	return false
}
