package cli

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// verifiedSamples is how many samples numeric verification runs before and after each pass.
const verifiedSamples = 8

// numericHook compares the model's results before and after each pass, on the user's samples or on made inputs.
func (p *passFlags) numericHook(samples *pass.Samples) pass.Hook {
	report := func(line string) { fmt.Fprintln(p.stderr, line) }
	if samples == nil {
		return numeric.Hook(numeric.MakeCases, report)
	}
	return numeric.Hook(func(*ir.Module) ([]numeric.Case, error) {
		var cases []numeric.Case
		for s, err := range samples.All {
			if err != nil {
				return nil, err
			}
			cases = append(cases, numeric.Case{Func: s.Calls[0].Func, In: s.Calls[0].In, Then: s.Calls[1:]})
			if len(cases) == verifiedSamples {
				break
			}
		}
		return cases, nil
	}, report)
}
