package walk

import (
	"context"
	"time"

	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Device is where dispatches run. Its methods may be called at the same time.
type Device interface {
	// Name is said of operations that ran there.
	Name() string
	// Alloc gives memory that starts at a multiple of [Alignment]. What it holds is not defined.
	Alloc(bytes int) (Block, error)
	// Constant gives memory that holds data, which nobody changes while the program is in use. It may be that very memory.
	Constant(data []byte) (Block, error)
	NewQueue() (Queue, error)
	// Close gives up what the device holds beside blocks and queues. Blocks may be freed later.
	Close() error
}

// Alignment is that of a buffer which a kernel is given, in bytes: what a vector of four floats asks for.
const Alignment = 16

// Block is memory of a device.
type Block interface {
	// Bytes is the memory itself, where the host shares it with the device; nil where it does not. It may be used while nothing that is
	// queued uses it; so may Read and Write.
	Bytes() []byte
	Read(at int, to []byte) error
	Write(at int, from []byte) error
	Free()
}

// Span is a part of a block.
type Span struct {
	Block   Block
	At, Len int // bytes
}

// Queue takes work in an order. It is done in that order as far as dispatches ask for it, and some of it may still run until Wait returns. A
// queue is for one goroutine at a time.
type Queue interface {
	Dispatch(ctx context.Context, d *Dispatch) error
	// Fill sets bytes, and Copy copies them, after what was queued before and before what comes then.
	Fill(to Span, value byte) error
	Copy(to, from Span) error
	// Wait returns when all is done, with the time that the device has worked since the last Wait; 0 where it does not know. An error is one of
	// the device, which may have left work undone; what cannot be ended is waited for, whatever becomes of ctx.
	Wait(ctx context.Context) (time.Duration, error)
	Close()
}

// Dispatch is one run of a kernel. Its grid has threads.
type Dispatch struct {
	Kernel  *launch.Entry
	Threads [3]int
	Args    []Arg // one for each parameter
	Barrier bool  // what was queued before must be over; without, it may run beside the dispatches since the last barrier
}

// Arg is what a parameter is bound to.
type Arg struct {
	Span
	Value   []byte // of a parameter of kind bytes, in place of a span
	Extents []int  // of a tensor of the tensor form, outermost first
}
