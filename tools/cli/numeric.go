package cli

import (
	"fmt"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// numericHook compares the model's results before and after each pass, on the user's inputs, which have the names of the
// model or of positions, or on made ones.
func (p *passFlags) numericHook(m *ir.Module, file string) (pass.Hook, error) {
	report := func(line string) { fmt.Fprintln(p.stderr, line) }
	if file == "" {
		return numeric.Hook(numeric.MakeCases, report), nil
	}
	given, err := readInputs(file, nil)
	if err != nil {
		return pass.Hook{}, err
	}
	if len(m.Funcs) != 1 {
		return pass.Hook{}, usagef("--inputs with --verify=numeric is for models of one function; this one has %d", len(m.Funcs))
	}
	return numeric.Hook(func(m *ir.Module) ([]numeric.Case, error) {
		sig := backend.SignatureOf(m.Funcs[0])
		in, err := given.take(sig, portNames{position: given.byPosition() && !given.haveAny(sig)})
		if err != nil {
			return nil, err
		}
		return []numeric.Case{{Func: sig.Name, In: in}}, nil
	}, report), nil
}
