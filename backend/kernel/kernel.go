package kernel

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Kernel is one function over buffers.
type Kernel struct {
	Name    string
	Sizes   []*ir.DimDecl // the symbols that a call binds
	Guards  []ir.Guard    // what is known of them besides their ranges
	Buffers []*Buffer     // in the order in which a call gives them
	Body    *Block        `json:"-"` // plans are noted without: what runs is its code
}

// Takes holds the sizes of a call against those that the kernel was verified for, which every call must do: for others it may
// reach outside of its buffers.
func (k *Kernel) Takes(size func(name string) (int64, bool)) error {
	for _, s := range k.Sizes {
		switch n, ok := size(s.Name); {
		case !ok:
			return fmt.Errorf("no size %s is given", s.Name)
		case n < s.Min || n > s.Max:
			return fmt.Errorf("size %s is %d, expected %s", s.Name, n, rangeText(s))
		}
	}
	for _, g := range k.Guards {
		switch holds, known, err := g.Holds(size); {
		case !known && err == nil:
			return fmt.Errorf("no size is given for the guard %s", g)
		case !holds:
			return fmt.Errorf("the sizes break the guard %s", g)
		}
	}
	return nil
}

// Buffer is memory that a kernel reads or writes: a run of elements.
type Buffer struct {
	Name   string
	Elem   host.Elem // at least a byte wide: who stores narrower codes reads words and shifts
	Len    ir.Dim    // in elements
	Space  Space
	Access Access

	Role  Role // of a global buffer
	Index int  // which of those of its role it is
	Once  bool // each element is written once, and none is read; Run reports where that does not hold
}

// As says what a global buffer is to the caller, and which of its kind.
func (b *Buffer) As(role Role, index int) *Buffer {
	b.Role, b.Index = role, index
	return b
}

// Role says what a global buffer of a planned kernel is. It is for who calls the kernel; names are for readers.
type Role uint8

// The roles of buffers.
const (
	NoRole    Role = iota // the kernel is no part of a plan
	Operand               // of the operation
	Result                // of the operation
	Packed                // what the pack of that index fills
	Temporary             // memory between the kernels of a plan
	Saved                 // the runs that an update has written over
	Places                // where each of them starts: 64 bits
	Status                // its elements are 0 before the kernels run; what is not 0 afterwards tells of a mistake in the data
)

// Space is where a buffer lies.
type Space uint8

// The address spaces.
const (
	Global  Space = iota // given by the call
	Shared               // of the threads of a group ("threadgroup" in Metal); uninitialised
	Private              // of a thread; uninitialised. On a CPU both are scratch on the thread's stack block.
)

// Access says what a kernel does with a global buffer.
type Access uint8

// The kinds of access, as bits.
const (
	Read Access = 1 << iota
	Write
	// Stream beside Write says that more is written than caches hold, so that stores may go past them.
	Stream
)

// Type is the type of a value: a number, or a vector of them.
type Type struct {
	Elem  host.Elem // bool for masks and conditions
	Lanes int       // 1 for a number
}

// Value is the result of an instruction, a number carried through a loop, or a loop's result.
type Value struct {
	Type Type
	ID   int // unique in the kernel
}

// Block is a list of instructions that run in order.
type Block struct{ Instrs []*Instr }

// Instr is one instruction. Which fields count, the operation says; see [Op].
type Instr struct {
	Op     Op
	Args   []*Value
	Result *Value // nil for those without one

	Buffer     *Buffer // of a load or store
	Index      ir.Dim  // of the first lane's element; of an Index instruction, the number
	Stride     ir.Dim  // from lane to lane, in elements; a vector with stride 1 is a run
	Transposed bool    // of a TileLoad or TileStore: columns are Stride apart, and the elements of one are neighbours
	Mask       *Value  // lanes that are read or written; the others read zero. nil: all
	Number     float64 // of a constant float
	Int        int64   // of a constant integer (of a u64 its bits) or bool
	Lane       []int   // of a shuffle: which lane of the arguments each lane of the result is

	// Symbol is the index symbol that the argument of a Bind becomes. It is clamped to Least..Most; where that changes it,
	// 1 is written into the first element of Buffer, if there is one.
	Symbol      string
	Least, Most ir.Dim // the inclusive bounds of a Bind or Within
	Loop        *Loop
	If          *If
}

// Loop runs its body for Var = 0, Step, 2*Step, ... below Extent.
type Loop struct {
	Kind    LoopKind
	Var     string // the index symbol, unique in the kernel
	Extent  ir.Dim
	Step    int64
	Init    []*Value // of the carried values
	Carried []*Value // what they are in the body
	Body    *Block
	Next    []*Value // what the body makes of them
	Results []*Value // what they are after the last round
}

// LoopKind says how the rounds of a loop may run.
type LoopKind uint8

// The kinds. Parallel, grid and thread loops carry no values.
const (
	Serial   LoopKind = iota // one after another
	Unroll                   // one after another, written out; the extent is a constant
	Parallel                 // in any order, on the cores of a CPU; only the outermost loop
	Grid                     // in any order: the groups of threads of a GPU; only outermost
	Thread                   // the threads of a group, in step with each other at barriers
)

// If runs a block where a condition on indices or a value holds.
type If struct {
	Cond  *Value // a bool; nil: Holds decides
	Holds ir.Cond
	Then  *Block
}
