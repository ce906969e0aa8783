package native

import (
	"errors"

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
}

// InPlace says that the only kernel of a plan writes over operand 0, whose memory is the result's, and saves what it writes over: runs
// of elements, and where each of them starts.
type InPlace struct{ Runs, Length ir.Dim }

// Pack is memory that a kernel fills once from constants, when a program is compiled.
type Pack struct {
	Kernel   *kernel.Kernel
	Operands []int // what its buffers but the last are, all of them constants
	Bytes    int   // of the last
}

// Arg is what a buffer of a kernel is.
type Arg struct {
	Kind  ArgKind
	Index int // of the operand, among the present and distinct ones, or of the temporary or pack
}

// ArgKind says what a buffer of a kernel is.
type ArgKind uint8

// The kinds of arguments.
const (
	Operand ArgKind = iota
	Result
	Temporary
	Packed // what the pack of that index has filled
	Saved  // the runs that an update has written over
	Places // where each starts: 64 bits
	Status // its elements are 0 before the kernels run; what is not 0 afterwards is an error that the interpreter explains
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
