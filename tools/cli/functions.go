package cli

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/tools/inputs"
)

// functionList reads the value of --function.
func functionList(m *ir.Module, text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for _, n := range names {
		if m.Func(n) == nil {
			return nil, usagef("--function=%s: there is no function %q; the model has %s", text, n, strings.Join(inputs.Choices(m), ", "))
		}
	}
	return names, nil
}
