// Package schedule turns groups of tensor operations into kernels for a target.
//
// A [Group] is the body of a core.kernel, or one operation, in operations that are small enough to be emitted: composites
// are replaced by their Expand. [Plan] goes through the table of [Entries], special schedules before general ones, and takes
// the first that can make the group. A schedule that cannot says why; who asked then computes the operation otherwise.
//
// Every schedule emits the values around its heart with an emitter, which computes any value of the body at a [point]: a
// place along each axis for the first lane, and the distance from lane to lane. So prologues and epilogues fuse alike in all
// of them.
package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Target is what schedules know of a machine.
type Target struct {
	Name      string
	Lanes     int   // of f32 in a vector register
	Registers int   // vector registers
	L1, L2    int64 // bytes of cache a core has
	L3        int64 // bytes of the last cache that a program can count on; 0: results are never written past the caches
	Features  []string
	Halves    bool // matrix products of f32 are of numbers rounded to bf16, summed up in f32
	Bytes     bool // activations of products with compressed weights are rounded to 8 bits

	// Of a GPU, on which groups of threads share a grid; all 0 for a CPU.
	SIMD    int   // threads that run in step, and can sum up and exchange numbers
	Threads int   // of a group, as many as schedules take: a multiple of SIMD, and no more than what the GPU has registers for
	Shared  int64 // bytes of memory that the threads of a group share

	Proofs
}

// Proofs say how kernels are proven to be right. What kernels are does not depend on that.
type Proofs struct {
	// Verify holds every kernel against what code generators rely on; nil: kernel.VerifyWithin.
	Verify func(*kernel.Kernel, *ir.Effort) error

	// Stop is asked while bounds are proven; true ends planning, and what comes of it is worth nothing. nil: it goes on to its end.
	Stop func() bool
}

// Facts is a text of all that plans follow from.
func (t Target) Facts() string {
	t.Proofs = Proofs{}
	return fmt.Sprintf("%#v", t)
}

// Unroll is how many vectors a loop handles at a time, to keep several operations under way.
const unroll = 4

// Entry is one schedule.
type Entry struct {
	Name string
	Doc  string
	// Applies says why the schedule is not for the group; "" where it is.
	Applies func(g *Group, t Target) string
	Make    func(g *Group, t Target) (*Made, error)
}

// Made is how kernels compute a group. The global buffers of each of Kernels are the group's parameters, and of the result,
// what the packs fill, the memory between kernels and the status those that it uses; each says which (see [kernel.Role]).
type Made struct {
	Kernels []*kernel.Kernel // run one after the other at each call
	Packs   []Pack
	Temps   []Temp
}

// Temp is memory that one of the kernels fills, and those after it read.
type Temp struct {
	Elem host.Elem
	Len  ir.Dim // in elements
}

// Pack is a constant in the order in which kernels read it: memory that an engine fills once, before the first call, and
// keeps. Its kernel reads some parameters of the group, all of them constants, and writes one buffer.
type Pack struct {
	Kernel *kernel.Kernel
	Params []int // what its buffers but the last are
	Elem   host.Elem
	Len    ir.Dim // in elements; a constant
}

// All lists the kernels, those of packs first.
func (m *Made) All() []*kernel.Kernel {
	if m == nil {
		return nil
	}
	var list []*kernel.Kernel
	for _, p := range m.Packs {
		list = append(list, p.Kernel)
	}
	return append(list, m.Kernels...)
}
