package passes

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
)

// activationScheme says how the numbers of an activation are stored.
type activationScheme struct {
	codes      calibrate.Codes
	observer   *calibrate.Observer // nil: scales are computed when the model runs
	percentile float64             // of the observer
	low, high  *float64            // ends of the range that are known
	scale      host.Elem           // of constant scales
	shares     string              // what shares a scale, for messages
}

func (s *activationScheme) dynamic() bool { return s.observer == nil }

func (s *activationScheme) options() calibrate.Options {
	return calibrate.Options{Codes: s.codes, Percentile: s.percentile, Low: s.low, High: s.high}
}

// known is the range where no data is needed to find it.
func (s *activationScheme) known() (calibrate.Range, bool) {
	r, ok := s.options().Known()
	return r, ok && !s.dynamic()
}

// String describes how values are stored, such as "i8 symmetric static per_tensor, minmax".
func (s *activationScheme) String() string {
	if s.dynamic() {
		return fmt.Sprintf("%s dynamic %s", s.codes, s.shares)
	}
	text := fmt.Sprintf("%s static %s, %s", s.codes, s.shares, s.observer.Name)
	if r, ok := s.known(); ok {
		return fmt.Sprintf("%s static %s, [%v, %v]", s.codes, s.shares, r.Low, r.High)
	}
	if s.low != nil {
		text += fmt.Sprintf(" from %v", *s.low)
	}
	if s.high != nil {
		text += fmt.Sprintf(" to %v", *s.high)
	}
	return text
}

// key tells schemes apart that give other numbers.
func (s *activationScheme) key() string {
	return fmt.Sprintf("%s %v %v %v", s, s.percentile, s.codes.CoreAI, s.scale)
}

// activationChoice is what is to become of an operand or a result.
type activationChoice struct {
	scheme  *activationScheme // nil: nothing asks for one
	axis    int               // of the channels that have a scale each, or calibrate.PerTensor
	rows    []int             // dynamic: the axes along which numbers share a scale
	keep    string            // why it stays as it is; the user asked for it
	refused string            // why it stays as it is though the user asked for a scheme
	by      string            // what asks for the scheme, where that is not the pass itself
}

func (c activationChoice) isNone() bool { return c.scheme == nil && c.keep == "" && c.refused == "" }

// activationChooser says what is to become of the values that operations take and give.
type activationChooser interface {
	input(op *ir.Op, operand int) activationChoice
	// output chooses for the first result of an operation. The value is the result, or that of what follows the operation
	// and is one with it, such as an activation function.
	output(op *ir.Op) (*ir.Value, activationChoice)
	// unused lists what the user said that applied to nothing.
	unused() []string
}

// behind is the result of the function of one operand that alone uses a value, if the function is among those wanted;
// otherwise the value.
func behind(v *ir.Value, wanted func(op *ir.Op) bool) *ir.Value {
	u, only := v.OnlyUse()
	if only && u.Index == 0 && wanted(u.Op) && u.Op.Result().Type.Equal(v.Type) {
		return u.Op.Result()
	}
	return v
}
