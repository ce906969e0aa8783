package pass

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// Kind is what a tensor that a pass could compress is to the model.
type Kind int

// The kinds: constant data, a value that is computed, and one that is kept from call to call.
const (
	Weight Kind = iota
	Activation
	State
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Weight, Activation, State} }

// String is the name.
func (k Kind) String() string { return []string{"weight", "activation", "state"}[k] }

// OutputError is what a stored weight does to the outputs of its operation on calibration data: sums of mean squares of the
// errors.
type OutputError struct {
	Nearest float64 // with the nearest code for each element
	Stored  float64 // with the codes that are stored
	Gain    float64 // how far Stored is below Nearest, in dB
}

// OutputQuality says how near a compressed model's outputs are to the exact ones, over calibration data. Of several outputs
// it is the worst.
type OutputQuality struct {
	Pass      string // as the pipeline spells it
	Samples   int
	PSNR, SNR float64 // dB
}

// Compressed says what became of one tensor that a pass could compress.
type Compressed struct {
	Kind    Kind
	Pass    string    // as the pipeline spells it
	Tensor  string    // the resource's name before, such as encoder.layers.0.fc1.weight; of other kinds what it is
	Modules []string  // the paths of the modules that use it, each once and in order
	Op      string    // the operation that takes it, such as nn.linear
	Elem    host.Elem // of its elements before
	Shape   []int
	// Scheme is how it is stored now, with the text for people; nil where it stays as it is. Of weights that passes/weights
	// stored it is a compress.Scheme.
	Scheme fmt.Stringer
	Before int64   // bytes; 0 of an activation, which takes none in a file, and of a state of open size
	After  int64   // bytes: codes, scales and tables; Before where it is refused
	Signal float64 // sum of squares of its numbers
	Noise  float64 // sum of squares of the differences
	// Unmeasured says that the two are not known, as where only the running model has the numbers.
	Unmeasured bool
	Outputs    *OutputError // of what its operation gives; nil where a pass does not know it
	Seconds    float64
	Refused    string // why it stays as it is; empty where it is compressed
	Ignored    bool   // Refused because the user asked to leave it alone
}

// SchemeText says how the tensor is stored now, such as "int4 symmetric per_block 32, scales f16"; empty where it stays as
// it is.
func (c *Compressed) SchemeText() string {
	if c.Scheme == nil {
		return ""
	}
	return c.Scheme.String()
}

// Elements counts the tensor's elements; 1 where its shape is open.
func (c *Compressed) Elements() int64 {
	n := int64(1)
	for _, d := range c.Shape {
		n *= int64(d)
	}
	return n
}
