package backend

import (
	"context"
	"runtime"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Options are common to all engines.
type Options struct {
	Threads int // 0: as many as the machine has cores
	// Precision is how exact matrix products have to be; an engine may be more exact.
	Precision Precision
	// Warn takes what the user should know though the module was compiled; nil drops it.
	Warn func(message string)
	// Progress is called from time to time while a module is compiled; nil is allowed.
	Progress func(done, total int)
}

// MostThreads is the largest number of threads that it makes sense to ask for here: four for each core, 256 where there are fewer. Memory
// that engines keep for each thread bounds it.
func MostThreads() int { return max(256, 4*runtime.NumCPU()) }

// Precision says of which numbers matrix products of f32 are.
type Precision uint8

// The precisions.
const (
	F32  Precision = iota // of the numbers as they are
	BF16                  // of constants and activations rounded to bf16; sums are f32
	// INT8 rounds the activations of products with compressed weights (integer codes of at most 8 bits) to 8 bits with a sign, with
	// an f32 scale for each 32 of them along k; sums of these are exact integers. Everything else is f32.
	INT8
)

// Precisions are their names.
func Precisions() []string { return []string{F32: "f32", BF16: "bf16", INT8: "int8"} }

// Backend compiles modules.
type Backend interface {
	Name() string
	// Compile takes a verified module, which must not change while the program is in use.
	Compile(ctx context.Context, m *ir.Module, opt Options) (Program, error)
}

// Program is a compiled module.
type Program interface {
	Functions() []Signature
	NewSession() Session
	// Close waits for the calls that are going on; later ones are errors. It must not be called from within one.
	Close() error
}

// Session runs functions and keeps states between calls. It is for one goroutine at a time; sessions of one program may
// run at the same time.
//
// The caller owns the tensors it gives and the tensors it gets: a session keeps no reference to either, so both may be
// written to after a call has returned. No two tensors it gets share bytes. Inputs must not change during a call.
type Session interface {
	// Call runs a function. It takes the tensors of Signature.Inputs and gives those of Signature.Outputs. After an
	// error the states are what they were before. A call while another one of the session is going on is an error.
	Call(ctx context.Context, fn string, in []*host.Tensor, opt *CallOptions) ([]*host.Tensor, error)
	// State gives a copy of a state's value.
	State(name string) (*host.Tensor, error)
	// SetState gives a state the value of a tensor of its type, which is copied.
	SetState(name string, t *host.Tensor) error
	// Reset gives every state its initial value again.
	Reset()
}

// CallOptions change what a call does beside computing.
type CallOptions struct {
	// Observe is called with each value that Select chooses: results as soon as they are computed, parameters of functions
	// and bodies when these start. The tensor must not be changed and is valid only during the call of Observe.
	Observe func(v *ir.Value, t *host.Tensor)
	Select  func(v *ir.Value) bool
	// Outputs are tensors that the call may write its outputs into, in the order of Signature.Outputs, such as those of an
	// earlier call: fresh memory of a large tensor can take longer than computing it. One is taken that is dense, has the
	// output's type and the sizes of this call, and shares no bytes with an input or with another one. Otherwise, where it is
	// nil or missing, or where its operation makes its own memory, the output is another tensor. After an error their content is
	// not defined.
	Outputs []*host.Tensor
	// Progress is called from time to time with the share of operations that have run.
	Progress func(done, total int)
	// Timing is called each time an operation has run, with the name of the engine that ran it and the nanoseconds it took.
	// One that ran others (a body, another function, what it expands to) is not reported, only those are, so that the times
	// add up.
	Timing func(op *ir.Op, by string, nanoseconds int64)
}

// Signature is what a caller sees of a function.
type Signature struct {
	Name    string
	Inputs  []*ir.Param // the parameters that are tensors of the caller, in order
	Outputs []*ir.Result
	Func    *ir.Func
}

// SignatureOf lists a function's inputs and outputs: states stay in the session, constants are checked by who reads the
// caller's arguments, and a mutated input comes back as an output.
func SignatureOf(f *ir.Func) Signature {
	s := Signature{Name: f.Name, Func: f}
	for _, p := range f.Params {
		if p.Role == ir.Input {
			s.Inputs = append(s.Inputs, p)
		}
	}
	for _, r := range f.Results {
		if !r.State {
			s.Outputs = append(s.Outputs, r)
		}
	}
	return s
}
