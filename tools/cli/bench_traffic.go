package cli

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
)

// traffic counts the bytes that operations move between memory and themselves, where every symbol has a size.
type traffic struct {
	size   func(symbol string) (int64, bool)
	failed bool // a size is not known
}

// of counts the operands of an operation, each once, and its results. Of a table it counts the elements that are picked, and
// of memory that is updated in place those that are written.
func (t *traffic) of(op *ir.Op) (bytes float64) {
	inPlace := op.MarkedInPlace()
	counted := map[*ir.Value]bool{}
	for i, v := range op.Operands {
		if v == nil || counted[v] || inPlace && i == 0 {
			continue
		}
		counted[v] = true
		bytes += t.bytes(v) * t.operand(op, v)
	}
	for _, v := range op.Results {
		if inPlace {
			v = op.Operand(1) // what it is updated with
		}
		bytes += t.bytes(v)
	}
	return bytes
}

// operand is the share of a value that an operation reads.
func (t *traffic) operand(op *ir.Op, v *ir.Value) float64 {
	share := 0.0
	for i, o := range op.Operands {
		switch {
		case o != v:
		case op.Is(core.Kernel):
			share += t.used(op.Bodies[0].Params[i].Value)
		default:
			share += t.read(ir.Use{Op: op, Index: i})
		}
	}
	return min(share, 1)
}

// used is the share of a value that is read in a kernel.
func (t *traffic) used(v *ir.Value) float64 {
	share := 0.0
	for _, u := range v.Uses() {
		switch {
		case quant.Compressed(u.Op):
			share += t.used(u.Op.Result())
		case u.Op.Def.Traits.Has(ir.View):
			share += t.read(u) * t.used(u.Op.Result())
		default:
			share += t.read(u)
		}
	}
	return min(share, 1)
}

// read is the share of an operand that one operation reads.
func (t *traffic) read(u ir.Use) float64 {
	if !u.Op.Def.OperandDef(u.Index).Picked && !u.Op.Def.Traits.Has(ir.View) {
		return 1
	}
	all := t.elements(u.Op.Operands[u.Index])
	if all == 0 {
		return 0
	}
	return min(t.elements(u.Op.Result())/all, 1)
}

func (t *traffic) bytes(v *ir.Value) float64 { return t.elements(v) * float64(v.Type.Elem.Bits()) / 8 }

func (t *traffic) elements(v *ir.Value) float64 {
	n, err := v.Type.NumElements().Eval(t.size)
	t.failed = t.failed || err != nil
	return float64(n)
}

// looksUp reports an operation that reads a part of an operand only.
func looksUp(op *ir.Op) bool {
	if op.Is(core.Kernel) {
		for _, o := range op.Bodies[0].Ops {
			if looksUp(o) {
				return true
			}
		}
		return false
	}
	return len(op.Operands) > 0 && op.Def.OperandDef(0).Picked
}
