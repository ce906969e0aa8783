package airtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// samples reads the calls of the sections sample...: JSON objects, one for each call, that give an input's elements by its
// name as nested lists; "func" names the function, which otherwise is the first.
func (g *golden) samples(m *ir.Module) (*pass.Samples, error) {
	var list []pass.Sample
	for _, f := range g.archive.Files {
		if !strings.HasPrefix(f.Name, sectionSample) {
			continue
		}
		s := pass.Sample{Name: f.Name}
		for d := json.NewDecoder(strings.NewReader(string(f.Data))); ; {
			var call map[string]json.RawMessage
			if err := d.Decode(&call); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s/%s: %w", g.file, f.Name, err)
			}
			c, err := sampleCall(m, call)
			if err != nil {
				return nil, fmt.Errorf("%s/%s: %w", g.file, f.Name, err)
			}
			s.Calls = append(s.Calls, c)
		}
		if len(s.Calls) == 0 {
			return nil, fmt.Errorf("%s/%s: found no call", g.file, f.Name)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &pass.Samples{Count: len(list), All: func(yield func(pass.Sample, error) bool) {
		for _, s := range list {
			if !yield(s, nil) {
				return
			}
		}
	}}, nil
}

func sampleCall(m *ir.Module, given map[string]json.RawMessage) (pass.Call, error) {
	c := pass.Call{Func: m.Funcs[0].Name}
	if fn, ok := given["func"]; ok {
		if err := json.Unmarshal(fn, &c.Func); err != nil || m.Func(c.Func) == nil {
			return c, fmt.Errorf("the module has no function %s", fn)
		}
	}
	for _, p := range backend.SignatureOf(m.Func(c.Func)).Inputs {
		text, ok := given[p.Value.Name]
		if !ok {
			return c, fmt.Errorf("@%s: the input %s is missing", c.Func, p.Value.Name)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			return c, err
		}
		shape, values, err := flatten(v, nil)
		if err != nil {
			return c, fmt.Errorf("%s: %w", p.Value.Name, err)
		}
		t, err := host.FromValues(p.Value.Type.Elem, shape, values)
		if err != nil {
			return c, fmt.Errorf("%s: %w", p.Value.Name, err)
		}
		c.In = append(c.In, t)
	}
	return c, nil
}

// flatten gives the shape of nested lists and the numbers in them.
func flatten(v any, values []float64) (shape []int, all []float64, err error) {
	switch v := v.(type) {
	case float64:
		return nil, append(values, v), nil
	case []any:
		var inner []int
		for i, x := range v {
			var at []int
			if at, values, err = flatten(x, values); err != nil {
				return nil, nil, err
			}
			if i > 0 && !slices.Equal(at, inner) {
				return nil, nil, errors.New("the lists are not all of one length")
			}
			inner = at
		}
		return append([]int{len(v)}, inner...), values, nil
	}
	return nil, nil, fmt.Errorf("found %v, expected numbers in lists", v)
}

// cases are what numeric verification runs: the samples, where there are some.
func cases(samples *pass.Samples) func(*ir.Module) ([]numeric.Case, error) {
	if samples == nil {
		return numeric.MakeCases
	}
	return func(*ir.Module) ([]numeric.Case, error) {
		var list []numeric.Case
		for s := range samples.All {
			list = append(list, numeric.Case{Func: s.Calls[0].Func, In: s.Calls[0].In, Then: s.Calls[1:]})
		}
		return list, nil
	}
}
