package sides

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// Source is where the inputs of both sides come from.
type Source string

// The sources.
const (
	Saved  Source = "saved"  // what a side's saved values were computed from
	Given  Source = "given"  // what the user gave
	Export Source = "export" // what the program was exported with
	Made   Source = "made"   // random ones that are legal for their use, the same each time
)

// Sources lists them: the first that has inputs gives them.
func Sources() []Source { return []Source{Saved, Given, Export, Made} }

// Side is a side of a comparison: a model after its passes, or saved values.
type Side struct {
	Module    *ir.Module
	Functions []string // the functions of its calls, or one for all; none: the only one, or what the names of inputs say
	Saved     *intermediates.Set
}

// Calls are what a side is called with, one call after the other, from states that may be given.
type Calls struct {
	List   []pass.Call
	States map[string]*host.Tensor
}

// Choice is what there is to choose from.
type Choice struct {
	Given *inputs.Given // nil for nothing
	Loose bool          // it is for several models: names that no call takes are no mistake, and it may lack inputs of these
	// Export are calls of a function of the reference, or of one with the same inputs, as the program was exported; none are not known.
	Export []pass.Call
	// Try compiles the reference, to find made inputs that it runs with.
	Try func(context.Context, *ir.Module) (backend.Program, error)
}

// Align gives the sides their functions: where only one side has those that were asked for, the only function of the other is their counterpart.
// A model from a file of its own has one, which an asset made of several calls by another name.
func Align(both *[2]Side, functions []string) {
	has := func(m *ir.Module) bool {
		return m != nil && !slices.ContainsFunc(functions, func(n string) bool { return m.Func(n) == nil })
	}
	for at := range both {
		both[at].Functions = functions
		m := both[at].Module
		if m == nil || len(functions) == 0 || !has(both[1-at].Module) || m.Func(functions[0]) != nil {
			continue
		}
		all := inputs.Choices(m)
		if len(all) == 1 && !slices.ContainsFunc(functions, func(n string) bool { return n != functions[0] }) {
			both[at].Functions = slices.Repeat(all, len(functions))
		}
	}
}

// Choose finds the calls of the sides that run, from the first source that has inputs.
func Choose(ctx context.Context, both [2]Side, c Choice) (calls [2]Calls, from Source, err error) {
	for _, from = range Sources() {
		var found bool
		switch from {
		case Saved:
			calls, found, err = c.saved(both)
		case Given:
			if found = c.Given != nil; found {
				calls, err = c.byName(both, c.Given)
			}
			if err != nil && c.Loose {
				found, err = false, nil
			}
		case Export:
			if found = len(c.Export) > 0; found {
				calls, err = Fit(both, c.Export)
			}
		case Made:
			var list []pass.Call
			found = true
			if list, err = c.made(ctx, both[1]); err == nil {
				calls, err = Fit(both, list)
			}
		}
		if found || err != nil {
			break
		}
	}
	return calls, from, err
}

// saved takes the inputs of saved values. Values that say nothing of inputs can be compared on those that the user gives only.
func (c Choice) saved(both [2]Side) (calls [2]Calls, found bool, err error) {
	for _, set := range []*intermediates.Set{both[1].Saved, both[0].Saved} {
		if set == nil || len(set.Inputs) == 0 && c.Given != nil {
			continue
		}
		given, err := inputs.Saved(set)
		if err != nil {
			return calls, false, err
		}
		calls, err = c.byName(both, given)
		return calls, true, err
	}
	return calls, false, nil
}

// byName gives each side that runs the calls that names of inputs describe.
func (c Choice) byName(both [2]Side, given *inputs.Given) (calls [2]Calls, err error) {
	for at, s := range both {
		if s.Module == nil {
			continue
		}
		in := given.Again()
		if calls[at], err = s.named(in); err != nil {
			return calls, err
		}
		if err := in.Unused(); err != nil && !c.Loose {
			return calls, err
		}
	}
	return calls, nil
}

// named are the calls of a side that names of inputs describe.
func (s Side) named(in *inputs.Given) (Calls, error) {
	calls := Calls{States: map[string]*host.Tensor{}}
	plan, err := in.Plan(s.Module, s.Functions)
	if err != nil {
		return calls, err
	}
	for _, st := range plan {
		args, err := in.Take(st.Sig, st.Inputs)
		if err != nil {
			return calls, fmt.Errorf("@%s: %w", st.Sig.Name, err)
		}
		calls.List = append(calls.List, pass.Call{Func: st.Sig.Name, In: args})
	}
	states, err := in.States(s.Module)
	for _, v := range states {
		calls.States[v.Name] = v.Tensor
	}
	return calls, err
}

// Fit gives both sides calls of one of them: inputs by their places. Where one function was asked for, it is that.
func Fit(both [2]Side, list []pass.Call) (calls [2]Calls, err error) {
	for at, s := range both {
		if s.Module == nil {
			continue
		}
		for _, k := range list {
			fitted, err := s.fit(k, [2]string{"tested side", "reference"}[at])
			if err != nil {
				return calls, err
			}
			calls[at].List = append(calls[at].List, fitted)
		}
	}
	return calls, nil
}

func (s Side) fit(k pass.Call, what string) (pass.Call, error) {
	fn := k.Func
	all := inputs.Choices(s.Module)
	if s.Module.Func(fn) == nil && len(all) == 1 { // of models that were exported apart
		fn = all[0]
	}
	if len(s.Functions) == 1 && s.Module.Func(s.Functions[0]) != nil {
		fn = s.Functions[0]
	}
	f := s.Module.Func(fn)
	if f == nil {
		return k, fmt.Errorf("the %s has no function %q; it has %s: choose one with --function", what, fn, strings.Join(all, ", "))
	}
	if n := len(backend.SignatureOf(f).Inputs); n != len(k.In) {
		return k, fmt.Errorf("@%s takes %s on the %s and has %d on the other; give inputs by name with --inputs", fn, host.Counted(n, "input"), what, len(k.In))
	}
	return pass.Call{Func: fn, In: slices.Clone(k.In)}, nil
}

// Calibration makes the inputs that the user gave the only sample of passes that need data; nil where they are not of the model.
func Calibration(m *ir.Module, given *inputs.Given) *pass.Samples {
	if given == nil {
		return nil
	}
	calls, err := Side{Module: m}.named(given.Again())
	if err != nil {
		return nil
	}
	sample := pass.Sample{Name: "the given inputs", Calls: calls.List}
	return &pass.Samples{Count: 1, All: func(yield func(pass.Sample, error) bool) { yield(sample, nil) }}
}
