package pass

import "github.com/aiopt/aiopt/ir/host"

// Compressed says what became of one tensor that a pass could compress.
type Compressed struct {
	Kind    Kind
	Pass    string    // as the pipeline spells it
	Tensor  string    // the resource's name before, such as encoder.layers.0.fc1.weight; of other kinds what it is
	Modules []string  // the paths of the modules that use it, each once and in order
	Op      string    // the operation that takes it, such as nn.linear
	Elem    host.Elem // of its elements before
	Shape   []int
	Scheme  string  // how it is stored now, such as "int4 symmetric per_block 32, scales f16"; empty where it is not
	Before  int64   // bytes
	After   int64   // bytes: codes, scales and tables; Before where it is refused
	Signal  float64 // sum of squares of its numbers
	Noise   float64 // sum of squares of the differences
	Seconds float64
	Refused string // why it stays as it is; empty where it is compressed
	Ignored bool   // Refused because the user asked to leave it alone
}

// Kind says what a compressed tensor is.
type Kind string

// The kinds. Only weights take space in a file.
const (
	Weight     Kind = ""           // constant data
	Activation Kind = "activation" // a value that the model computes
	State      Kind = "state"      // what a model keeps from call to call
)
