package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// Shown is a parameter that stands for a run of elements of an operand: those from At on.
type Shown struct {
	Type ir.Type
	At   ir.Dim
}

// hoistedBytes is what a run has to start at a multiple of, so that vectors and all engines can read it.
const hoistedBytes = 256

// HoistRuns has the group take runs of its operands' elements where it reads nothing else of them: layers of one cache are then
// computed by one kernel. It gives what each such parameter shows, by number.
func (g *Group) HoistRuns() map[int]Shown {
	found := map[int]Shown{}
	for i := range g.Params {
		for g.hoist(i, found) {
		}
	}
	return found
}

// hoist replaces a parameter by what the only operation on it shows of it.
func (g *Group) hoist(i int, found map[int]Shown) bool {
	v := g.Params[i]
	var by []int
	for k, op := range g.Body {
		if slices.Contains(op.Operands, v) {
			by = append(by, k)
		}
	}
	if len(by) != 1 || v == g.Result {
		return false
	}
	op := g.Body[by[0]]
	at, ok := RunOf(op)
	n, known := at.IsConst()
	if !ok || !known || n*int64(v.Type.Elem.Bytes())%hoistedBytes != 0 || op.Results[0] == g.Result {
		return false
	}
	shown := Shown{op.Results[0].Type, at}
	if before, chained := found[i]; chained {
		shown.At = shown.At.Add(before.At)
	}
	found[i] = shown
	param := &ir.Value{Type: shown.Type, Name: v.Name, Index: i}
	g.Params[i] = param
	g.Body = slices.Delete(g.Body, by[0], by[0]+1)
	for _, o := range g.Body {
		for k, x := range o.Operands {
			if x == op.Results[0] {
				o.Operands[k] = param
			}
		}
	}
	return true
}

// RunOf reports a slice that is a run of its operand's elements, and where that starts.
func RunOf(op *ir.Op) (ir.Dim, bool) {
	if !op.Is(tensor.Slice) || op.In(0).Elem.Packed() || op.Int("step") != 1 {
		return zero, false
	}
	axis, shape := op.Int("axis"), op.In(0).Shape
	for _, d := range shape[:axis] {
		if !d.Equal(one) {
			return zero, false
		}
	}
	return op.Dim("start").Mul(product(shape[axis+1:])), true
}
