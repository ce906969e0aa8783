package native

import (
	"errors"
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// Planner gives the kernels that compute an operation. An error says why the interpreter has to.
type Planner func(op *ir.Op, m *emit.Machine) (*Plan, error)

// Plan is how kernels compute an operation with one result.
type Plan struct {
	Kernels []*kernel.Kernel // run one after the other
	Args    [][]Arg          // what the global buffers of each are
	Temps   []Temp           // memory between the kernels
	Packs   []Pack           // constants in another order
	InPlace *InPlace         // nil: the result has memory of its own
	Reuses  []int            // operands in whose memory the result may lie, where nobody needs them any more
}

// InPlace says that the only kernel of a plan writes over operand 0, whose memory is the result's, and saves what it writes over: runs
// of elements, and where each of them starts.
type InPlace struct {
	Runs, Length ir.Dim
	Copy         *kernel.Kernel // of operand 0 to a result
}

// Pack is memory that a kernel fills once from constants, when a program is compiled.
type Pack struct {
	Kernel   *kernel.Kernel
	Operands []int // what its buffers but the last are, all of them constants
	Bytes    int   // of the last
}

// apart is a plan in place for an operation whose operand 0 must not be written over: it is copied first.
func (p *Plan) apart(op *ir.Op) *Plan {
	size := func(n ir.Dim, elem int) Temp { return Temp{n.Mul(ir.Const(int64(elem)))} }
	q := &Plan{
		Kernels: []*kernel.Kernel{p.InPlace.Copy, p.Kernels[0]},
		Args:    [][]Arg{{{Operand, 0}, {Kind: Result}}, slices.Clone(p.Args[0])},
		Temps:   []Temp{size(p.InPlace.Runs.Mul(p.InPlace.Length), op.In(0).Elem.Bytes()), size(p.InPlace.Runs, 8)},
	}
	for i := range q.Args[1] {
		switch a := &q.Args[1][i]; {
		case a.Kind == Operand && a.Index == 0:
			*a = Arg{Kind: Result}
		case a.Kind == Saved:
			*a = Arg{Temporary, 0}
		case a.Kind == Places:
			*a = Arg{Temporary, 1}
		}
	}
	return q
}

// Arg is what a buffer of a kernel is.
type Arg struct {
	Kind  kernel.Role
	Index int // of the operand, among the present and distinct ones, or of the temporary or pack
}

// The roles of arguments.
const (
	Operand   = kernel.Operand
	Result    = kernel.Result
	Temporary = kernel.Temporary
	Packed    = kernel.Packed
	Saved     = kernel.Saved
	Places    = kernel.Places
	Status    = kernel.Status
)

// Temp is memory that kernels of a plan hand on.
type Temp struct{ Bytes ir.Dim }

// operands are an operation's operands, each once.
func operands(op *ir.Op) []*ir.Value {
	var list []*ir.Value
	seen := map[*ir.Value]bool{}
	for _, v := range op.Operands {
		if v != nil && !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	return list
}

// noPlan is the planner of a backend that was given none.
func noPlan(*ir.Op, *emit.Machine) (*Plan, error) { return nil, errors.New("there is no schedule") }
