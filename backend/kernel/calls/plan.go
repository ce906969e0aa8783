package calls

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Plan is how kernels compute an operation with one result.
type Plan struct {
	Kernels []*kernel.Kernel       // run one after the other
	Args    [][]Arg                // what the global buffers of each are
	Temps   []Temp                 // memory between the kernels
	Packs   []Pack                 // constants in another order
	InPlace *InPlace               // nil: the result has memory of its own
	Shown   map[int]schedule.Shown // operands of which kernels get a run of elements; on GPUs only
	Reuses  []int                  // operands in whose memory the result may lie, where nobody needs them any more
}

// All lists the kernels, those of packs and the copy for a plan apart among them. There are none of a nil plan.
func (p *Plan) All() []*kernel.Kernel {
	if p == nil {
		return nil
	}
	list := slices.Clone(p.Kernels)
	for _, k := range p.Packs {
		list = append(list, k.Kernel)
	}
	if p.InPlace != nil {
		list = append(list, p.InPlace.Copy)
	}
	return list
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
	Operands []int     // what its buffers but the last are, all of them constants
	Elem     host.Elem // of the last
	Bytes    int       // of the last
}

// Apart is a plan in place for an operation whose operand 0 must not be written over: it is copied first.
func (p *Plan) Apart(op *ir.Op) *Plan {
	q := &Plan{
		Kernels: []*kernel.Kernel{p.InPlace.Copy, p.Kernels[0]},
		Args:    [][]Arg{{{kernel.Operand, 0}, {Kind: kernel.Result}}, slices.Clone(p.Args[0])},
		Temps:   []Temp{{op.In(0).Elem, p.InPlace.Runs.Mul(p.InPlace.Length)}, {host.I64, p.InPlace.Runs}},
	}
	for i := range q.Args[1] {
		switch a := &q.Args[1][i]; {
		case a.Kind == kernel.Operand && a.Index == 0:
			*a = Arg{Kind: kernel.Result}
		case a.Kind == kernel.Saved:
			*a = Arg{kernel.Temporary, 0}
		case a.Kind == kernel.Places:
			*a = Arg{kernel.Temporary, 1}
		}
	}
	return q
}

// Arg is what a buffer of a kernel is.
type Arg struct {
	Kind  kernel.Role
	Index int // of the operand, among the present and distinct ones, or of the temporary or pack
}

// Temp is memory that kernels of a plan hand on.
type Temp struct {
	Elem host.Elem
	Len  ir.Dim // in elements
}

// Bytes is how much it takes.
func (t Temp) Bytes() ir.Dim { return t.Len.Mul(ir.Const(int64(t.Elem.Bytes()))) }

// Operands are an operation's operands, each once.
func Operands(op *ir.Op) []*ir.Value {
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
