package calls

import (
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// Shows reports an operation whose result is a run of its operand's elements, and where that starts.
func Shows(op *ir.Op) (offset ir.Dim, ok bool) {
	if op.Is(tensor.Reshape) {
		return ir.Const(0), !op.In(0).Elem.Packed() // packed rows are padded to whole bytes
	}
	return schedule.RunOf(op)
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
