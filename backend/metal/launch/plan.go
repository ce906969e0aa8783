package launch

// Function is how a function of the program is computed: steps in an order in which they may run, over buffers. Expressions are
// over its sizes, which the types of its inputs bind, or steps of the host.
type Function struct {
	Name    string   `json:"name"`
	Sizes   []string `json:"sizes,omitempty"`
	Arena   int64    `json:"arena,omitempty"` // bytes of one block that buffers of kind arena lie in
	Slots   []string `json:"slots,omitempty"` // bytes of each block that buffers of kind slot lie in, one after the other
	Buffers []Memory `json:"buffers"`
	Results []int    `json:"results"` // the buffer of each result of the function, states among them
	Steps   []Step   `json:"steps"`
}

// Where a buffer lies.
const (
	Input    = "input"    // the caller gives it
	StateIn  = "state"    // it stays between calls
	Constant = "constant" // the value of a constant, row-major
	Output   = "output"   // fresh memory that the caller gets
	Arena    = "arena"    // in the arena, from Offset on
	Slot     = "slot"     // at the start of a slot
	Part     = "part"     // in another buffer, from an element on
	Packed   = "packed"   // memory that a step with Once has filled
	Status   = "status"   // one i32, 0 before the function runs; anything else afterwards tells of a mistake in the data
)

// Memory is a buffer: a tensor, dense and row-major.
type Memory struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name,omitempty"` // of an input, state or output; of a constant with a resource, that one's
	DType  string   `json:"dtype"`          // as the program has it
	Shape  []string `json:"shape"`
	Op     int      `json:"op,omitempty"`     // of a constant: which operation of the function it is
	Offset int64    `json:"offset,omitempty"` // in the arena, in bytes
	Slot   int      `json:"slot,omitempty"`   // which slot
	Of     int      `json:"of,omitempty"`     // of a part: which buffer
	At     string   `json:"at,omitempty"`     // of a part: the first element
}

// Step is one operation of a function, or a part of one: a dispatch of a kernel, or what the host computes by the interpreter.
type Step struct {
	Op       int       `json:"op"` // which operation of the function
	Dispatch *Dispatch `json:"dispatch,omitempty"`
	Host     *Host     `json:"host,omitempty"`
	Waits    []int     `json:"waits,omitempty"` // earlier steps that must have ended; what follows from those of others is left out
}

// Dispatch runs a kernel.
type Dispatch struct {
	Kernel   int    `json:"kernel"`         // which entry of the file
	Function string `json:"function"`       // its name, for readers
	Buffers  []int  `json:"buffers"`        // of the parameters that are buffers or states, in order
	Once     bool   `json:"once,omitempty"` // before the first call only: it puts constants into another order
	Undo     *Undo  `json:"undo,omitempty"` // it writes over a state, and saves what was there
}

// Undo says how a state becomes what it was: run k of Saved is put back to element Places[k] of Base, the last run first. A place of
// -1 is of a run that was not written.
type Undo struct {
	Base   int `json:"base"`
	Saved  int `json:"saved"`
	Places int `json:"places"`
}

// Host is an operation that the interpreter computes.
type Host struct {
	Name   string `json:"name"`   // of the operation
	Reason string `json:"reason"` // why no kernel does
	Takes  []int  `json:"takes,omitempty"`
	Gives  []int  `json:"gives,omitempty"`
}
