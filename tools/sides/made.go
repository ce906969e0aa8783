package sides

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/inputs"
)

// made makes random inputs for the reference, as numeric verification does: of several sizes the largest that it runs with.
func (c Choice) made(ctx context.Context, reference Side) ([]pass.Call, error) {
	functions := reference.Functions
	all := inputs.Choices(reference.Module)
	if len(functions) == 0 && len(all) == 1 {
		functions = all
	}
	if len(functions) != 1 {
		return nil, fmt.Errorf("the model has the functions %s: choose one with --function, or give the inputs of each call with --inputs; `aiopt help inputs` explains",
			strings.Join(all, ", "))
	}
	cases, err := numeric.MakeCases(reference.Module)
	if err != nil {
		return nil, err
	}
	cases = slices.DeleteFunc(cases, func(k numeric.Case) bool { return k.Func != functions[0] })
	if len(cases) == 0 {
		return nil, fmt.Errorf("the reference has no function %q; it has %s", functions[0], strings.Join(all, ", "))
	}
	k := cases[len(cases)-1]
	if k.Next != nil {
		if k, err = c.running(ctx, reference, k); err != nil {
			return nil, err
		}
	}
	return []pass.Call{{Func: k.Func, In: k.In}}, nil
}

// running finds the first of several cases that the reference runs with.
func (c Choice) running(ctx context.Context, reference Side, k numeric.Case) (numeric.Case, error) {
	p, err := c.Try(ctx, reference.Module)
	if err != nil {
		return k, err
	}
	defer p.Close()
	var first error
	for {
		_, err := p.NewSession().Call(ctx, k.Func, k.In, nil)
		if err == nil {
			return k, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			return k, ctx.Err()
		}
		if k.Next == nil {
			return k, fmt.Errorf("the reference does not run on made inputs: %w; give some with --inputs", first)
		}
		if k, err = k.Next(); err != nil {
			return k, err
		}
	}
}
