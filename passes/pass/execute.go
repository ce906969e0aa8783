package pass

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Executor makes modules ready to run; tools provide a backend's.
type Executor interface {
	// Compile takes a verified module, which must not change until the program is closed.
	Compile(ctx context.Context, m *ir.Module) (Program, error)
}

// Program is a module that is ready to run.
type Program interface {
	// Run makes calls one after the other. The first finds the states at their initial values, each other one as those
	// before left them; another Run starts anew. watch may be nil.
	Run(ctx context.Context, calls []Call, watch *Watch) (*Results, error)
	Close() error
}

// Call is one call of a function.
type Call struct {
	Func string
	In   []*host.Tensor // one per input of the function, in their order
}

// Results are what calls gave.
type Results struct {
	Outputs [][]*host.Tensor // of each call, one per output
	States  []*host.Tensor   // after the last call, in the module's order
}

// Watch shows values while calls run.
type Watch struct {
	// Select chooses values: results of operations, and parameters of functions and bodies.
	Select func(v *ir.Value) bool
	// Observe is called with each value that Select chooses, as often as it is computed or handed in, in the order in
	// which the program runs. The tensor must not be changed, and is valid only during the call of Observe.
	Observe func(v *ir.Value, t *host.Tensor)
}

// Sample is one use of a model: calls that follow each other, such as a prompt and the steps after it.
type Sample struct {
	Name  string // for messages
	Calls []Call
}

// Samples are uses of a model on data like that which it will see.
type Samples struct {
	Count int
	// All reads the samples, always in the same order. It may be used several times; a sample is in memory only while it
	// is looked at. It ends after an error.
	All iter.Seq2[Sample, error]
}

// Compile makes a module ready to run. The caller closes the program before it changes the module.
func (c *Context) Compile(m *ir.Module) (Program, error) {
	if c.Executor == nil {
		return nil, errors.New("this pass runs the model, and the program around it has no engine; give the runner an Executor")
	}
	return c.Executor.Compile(c, m)
}

// Execute makes calls through the Executor.
func (c *Context) Execute(m *ir.Module, calls ...Call) (*Results, error) {
	p, err := c.Compile(m)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Run(c, calls, nil)
}

// Calibrate runs the module on the calibration data, shows values to watch, and counts the samples for the user. The inputs
// are cast to the types that the functions have now: a pass may have changed those.
func (c *Context) Calibrate(m *ir.Module, watch *Watch) error {
	if c.Calibration == nil {
		return errors.New("this pass needs calibration data: inputs like those that the model will see; give them where the passes run, with " +
			"`aiopt -passes=... --inputs=FOLDER MODEL`, a folder with a .safetensors file for each sample; `aiopt help inputs` explains")
	}
	p, err := c.Compile(m)
	if err != nil {
		return err
	}
	defer p.Close()
	done := 0
	for s, err := range c.Calibration.All {
		if err != nil {
			return err
		}
		c.Step("calibrating", done, c.Calibration.Count)
		calls := slices.Clone(s.Calls)
		for i := range calls {
			if calls[i].In, err = CastInputs(m, calls[i]); err != nil {
				return fmt.Errorf("calibration sample %s: %w", s.Name, err)
			}
		}
		if _, err := p.Run(c, calls, watch); err != nil {
			return fmt.Errorf("calibration sample %s: %w", s.Name, err)
		}
		done++
	}
	if done == 0 {
		return errors.New("the calibration data has no samples")
	}
	c.Step("calibrating", done, done)
	return nil
}

// CastInputs gives the inputs of a call in the element types that the module's function takes.
func CastInputs(m *ir.Module, call Call) ([]*host.Tensor, error) {
	f := m.Func(call.Func)
	if f == nil {
		return nil, fmt.Errorf("the module has no function @%s", call.Func)
	}
	var params []*ir.Param
	for _, p := range f.Params {
		if p.Role == ir.Input {
			params = append(params, p)
		}
	}
	if len(params) != len(call.In) {
		return nil, fmt.Errorf("@%s takes %d inputs, found %d", f.Name, len(params), len(call.In))
	}
	in := slices.Clone(call.In)
	for i, p := range params {
		e := p.Value.Type.Elem
		if in[i].Elem == e {
			continue
		}
		t, err := host.Alloc(e, in[i].Shape)
		if err == nil {
			err = host.Cast(host.Serial, t, in[i])
		}
		if err != nil {
			return nil, fmt.Errorf("@%s: input %q: %w", f.Name, p.Value.Name, err)
		}
		in[i] = t
	}
	return in, nil
}
