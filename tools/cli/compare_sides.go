package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
)

// open makes both sides ready to run; close gives back what was opened, whether that was all or not.
func (c *comparer) open(ctx context.Context, args []string) (sides [2]compare.Side, close func(), err error) {
	var programs []*compare.Program
	close = func() {
		for _, p := range programs {
			_ = p.Close()
		}
		c.tested.close()
		c.reference.close()
	}
	if c.reference.flags.pipeline == "" && filepath.Ext(args[1]) == ".pt2" {
		c.reference.flags.pipeline = "decompose{composites=false}"
	}
	c.reference.functions = c.tested.functions
	var modules [2]*ir.Module
	for at, side := range []*calls{&c.tested, &c.reference} {
		if modules[at], err = side.read(ctx, args[at], nil); err != nil {
			return sides, close, err
		}
	}
	asked, err := c.calls(ctx, modules)
	if err != nil {
		return sides, close, err
	}
	for at, side := range []*calls{&c.tested, &c.reference} {
		p := &compare.Program{Module: modules[at], Calls: asked[at].calls, States: asked[at].states}
		if p.Compiled, err = side.compile(ctx, modules[at], nil); err != nil {
			return sides, close, err
		}
		p.Backend = side.engine(side.backend)
		p.Options = backend.Options{Threads: side.threads, Precision: backend.Precision(slices.Index(backend.Precisions(), side.precision))}
		p.Title = side.title(args[at])
		programs = append(programs, p)
		if err := p.Open(ctx); err != nil {
			return sides, close, err
		}
		sides[at] = p
	}
	return sides, close, nil
}

// title says what a side is: the file, the passes, the engine.
func (c *calls) title(path string) string {
	title := filepath.Base(path)
	pipeline := c.flags.pipeline
	if pipeline == "" && strings.HasSuffix(path, ".pt2") {
		pipeline = "@cpu"
	}
	if pipeline != "" {
		title += " with " + pipeline
	}
	if c.flags.config != "" {
		title += ", compressed as " + filepath.Base(c.flags.config)
	}
	title += " on " + c.backend
	if c.precision != backend.Precisions()[backend.F32] {
		title += " in " + c.precision
	}
	return title
}

// sideCalls is what a side is called with.
type sideCalls struct {
	calls  []pass.Call
	states map[string]*host.Tensor
}

// calls finds the calls of both sides: on inputs that were given, and otherwise on made ones.
func (c *comparer) calls(ctx context.Context, modules [2]*ir.Module) (list [2]sideCalls, err error) {
	if c.tested.inputs == "" && len(c.tested.input) == 0 {
		made, err := c.madeCalls(ctx, modules[1])
		if err != nil {
			return list, err
		}
		for at, m := range modules {
			if list[at].calls, err = fitting(m, made); err != nil {
				return list, err
			}
		}
		return list, nil
	}
	for at, side := range []*calls{&c.tested, &c.reference} {
		given, err := readInputs(c.tested.inputs, c.tested.input)
		if err != nil {
			return list, err
		}
		if list[at], err = side.givenCalls(modules[at], given); err != nil {
			return list, err
		}
	}
	return list, nil
}

// givenCalls are the calls that the user's inputs describe.
func (c *calls) givenCalls(m *ir.Module, given *inputs) (sideCalls, error) {
	s := sideCalls{states: map[string]*host.Tensor{}}
	plan, err := c.plan(m, given)
	if err != nil {
		return s, err
	}
	for i := range plan {
		k := &plan[i]
		if err := k.take(given); err != nil {
			return s, err
		}
		s.calls = append(s.calls, pass.Call{Func: k.sig.Name, In: k.in})
	}
	for i, name := range given.order {
		state, ok := strings.CutPrefix(name, "buf:")
		if !ok {
			continue
		}
		st := m.State(state)
		given.taken[name] = st != nil || i < given.inFile
		if st != nil {
			if s.states[state], err = given.get(name, st.Type); err != nil {
				return s, err
			}
		}
	}
	return s, given.unused()
}

// madeCalls makes random inputs, as numeric verification does: of several sizes the largest that the reference runs with.
func (c *comparer) madeCalls(ctx context.Context, m *ir.Module) ([]pass.Call, error) {
	functions, err := functionList(m, c.tested.functions)
	if err != nil {
		return nil, err
	}
	if all := choices(m); len(functions) == 0 && len(all) == 1 {
		functions = all
	}
	if len(functions) != 1 {
		return nil, fmt.Errorf("the model has the functions %s: choose one with --function, or give the inputs of each call with --inputs; `%s help inputs` explains",
			strings.Join(choices(m), ", "), c.name)
	}
	cases, err := numeric.MakeCases(m)
	if err != nil {
		return nil, err
	}
	cases = slices.DeleteFunc(cases, func(k numeric.Case) bool { return k.Func != functions[0] })
	k := cases[len(cases)-1]
	if k.Next == nil {
		return []pass.Call{{Func: k.Func, In: k.In}}, nil
	}
	p, err := c.Backend(safeEngine).Compile(ctx, m, backend.Options{Threads: c.tested.threads})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	first := error(nil)
	for {
		_, err := p.NewSession().Call(ctx, k.Func, k.In, nil)
		if err == nil {
			return []pass.Call{{Func: k.Func, In: k.In}}, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if k.Next == nil {
			return nil, fmt.Errorf("the reference does not run on made inputs: %w; give some with --inputs", first)
		}
		if k, err = k.Next(); err != nil {
			return nil, err
		}
	}
}

// fitting gives a module the calls that were made for another one: inputs by their places.
func fitting(m *ir.Module, made []pass.Call) ([]pass.Call, error) {
	var list []pass.Call
	for _, k := range made {
		fn := k.Func
		if all := choices(m); m.Func(fn) == nil && len(all) == 1 { // of models that were exported apart
			fn = all[0]
		}
		f := m.Func(fn)
		if f == nil {
			return nil, fmt.Errorf("the tested side has no function %q; it has %s", fn, strings.Join(choices(m), ", "))
		}
		if n := len(backend.SignatureOf(f).Inputs); n != len(k.In) {
			return nil, fmt.Errorf("@%s takes %s on the tested side and %d on the reference; give inputs by name with --inputs", fn, host.Counted(n, "input"), len(k.In))
		}
		list = append(list, pass.Call{Func: fn, In: slices.Clone(k.In)})
	}
	return list, nil
}
