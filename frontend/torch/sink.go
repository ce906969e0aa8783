package torch

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// sinkConstants moves constants into the bodies that they are handed to: a body sees nothing from outside, but every
// body sees the module's resources.
func sinkConstants(f *ir.Func) {
	for _, op := range f.Ops {
		if len(op.Bodies) == 0 {
			continue
		}
		if !op.Def.Traits.Has(ir.Foreign) { // whose operands are buffers of the code that computes it
			sinkOperands(op)
		}
		for _, b := range op.Bodies {
			sinkConstants(b)
		}
	}
}

// firstShared is the operand from which on the bodies' parameters are the operands themselves, and that parameter: the
// ones before are carried or cut.
func firstShared(op *ir.Op) (operand, param int) {
	switch op.Def {
	case core.Cond:
		return 1, 0
	case core.While:
		return op.Int("carried"), op.Int("carried")
	case core.Scan:
		n := op.Int("carried") + op.Int("scanned")
		return n, n
	}
	return op.Int("mapped"), op.Int("mapped")
}

func sinkOperands(op *ir.Op) {
	operand, param := firstShared(op)
	kept := slices.Clone(op.Operands[:operand])
	at := param
	for _, v := range op.Operands[operand:] {
		if !v.DefinedBy(core.Constant) {
			kept = append(kept, v)
			at++
			continue
		}
		for _, b := range op.Bodies {
			p := b.Params[at].Value
			if p.Used() {
				c := v.Def.CloneWith(map[*ir.Value]*ir.Value{})
				c.Result().Name = p.Name
				b.InsertBefore(b.Ops[0], c)
				p.ReplaceAllUses(c.Result())
			}
			b.Params = slices.Delete(b.Params, at, at+1)
			for i, p := range b.Params {
				p.Value.Index = i
			}
		}
	}
	op.SetOperands(kept...)
}

// dropUnused removes the constants and the numbers that nothing uses: weights that only bodies use, conditions that
// only an assertion looked at. What stands for a tensor of the program stays.
func dropUnused(f *ir.Func) {
	kept := make([]*ir.Op, 0, len(f.Ops))
	for _, op := range slices.Backward(f.Ops) {
		if removable(op) {
			op.Detach()
			continue
		}
		for _, b := range op.Bodies {
			dropUnused(b)
		}
		kept = append(kept, op)
	}
	slices.Reverse(kept)
	f.SetOps(kept)
}

func removable(op *ir.Op) bool {
	if len(op.Results) == 0 || len(op.Bodies) > 0 || len(op.Binds()) > 0 {
		return false
	}
	for _, r := range op.Results {
		if r.Used() || len(r.Claims) > 0 {
			return false
		}
	}
	return true
}
