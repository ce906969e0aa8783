package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/intermediates"
	"github.com/aiopt/aiopt/tools/sides"
)

// opened is a side on its way: a model with its passes done, or saved values.
type opened struct {
	path   string
	calls  *calls
	module *ir.Module
	saved  *intermediates.Set
}

// open makes both sides ready to run; close gives back what was opened, whether that was all or not.
func (c *comparer) open(ctx context.Context, args []string) (pair [2]compare.Side, close func(), err error) {
	var closers []io.Closer
	close = func() {
		for _, x := range closers {
			_ = x.Close() // nothing was written
		}
		c.tested.close()
		c.reference.close()
	}
	c.reference.flags.pipeline = cmp.Or(c.reference.flags.pipeline, sides.ReferencePasses(args[1]))
	functions := [2]string{c.tested.functions, c.reference.functions}
	var both [2]opened
	for at, side := range []*calls{&c.tested, &c.reference} {
		o := &both[at]
		o.path, o.calls = args[at], side
		if !intermediates.Is(args[at]) {
			o.module, err = side.read(ctx, args[at], nil)
		} else if o.saved, err = intermediates.Open(args[at]); err == nil {
			closers = append(closers, o.saved)
		}
		if err != nil {
			return pair, close, err
		}
	}
	for at := range both {
		if m := both[at].module; m != nil && both[1-at].has(functions[1-at]) {
			both[at].calls.functions = onlyFunction(m, functions[at])
		}
	}
	asked, err := c.calls(ctx, both)
	if err != nil {
		return pair, close, err
	}
	for at := range both {
		o := &both[at]
		if o.saved != nil {
			pair[at] = compare.NewSaved(o.saved)
			continue
		}
		p, err := o.program(ctx, asked[at])
		if p != nil {
			closers = append(closers, p)
		}
		if err != nil {
			return pair, close, err
		}
		pair[at] = p
	}
	return pair, close, nil
}

// has holds of a model with the functions that are asked for.
func (o *opened) has(functions string) bool {
	return o.module != nil && !slices.ContainsFunc(strings.Split(functions, ","), func(n string) bool { return o.module.Func(n) == nil })
}

// onlyFunction gives the only function of a model for one of another name that was asked for: a model from a file of its own has one, which an
// asset made of several calls by another name.
func onlyFunction(m *ir.Module, asked string) string {
	names, all := strings.Split(asked, ","), choices(m)
	if asked == "" || m.Func(names[0]) != nil || len(all) != 1 || slices.ContainsFunc(names, func(n string) bool { return n != names[0] }) {
		return asked
	}
	return strings.Join(slices.Repeat(all, len(names)), ",")
}

// program compiles a model.
func (o *opened) program(ctx context.Context, asked sideCalls) (*compare.Program, error) {
	c := o.calls
	p := &compare.Program{Module: o.module, Calls: asked.calls, States: asked.states}
	var err error
	if p.Compiled, err = c.compile(ctx, o.module, nil); err != nil {
		return nil, err
	}
	p.Backend = c.engine(c.backend)
	p.Options = backend.Options{Threads: c.threads, Precision: backend.Precision(slices.Index(backend.Precisions(), c.precision))}
	p.Title = c.title(o.path)
	return p, p.Open(ctx)
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

// calls finds the calls of the sides that run: on the user's inputs, on those that a file of saved values holds, and otherwise on
// made ones.
func (c *comparer) calls(ctx context.Context, both [2]opened) (list [2]sideCalls, err error) {
	saved := cmp.Or(both[1].saved, both[0].saved)
	named := c.tested.inputs != "" || len(c.tested.input) > 0
	if saved != nil && len(saved.Inputs) > 0 && named {
		return list, usagef("--inputs and --input: %s holds the inputs that its values were computed from; leave them out", saved.Path)
	}
	if saved == nil && !named {
		made, err := c.madeCalls(ctx, both[1].module)
		if err != nil {
			return list, err
		}
		for at := range both {
			if list[at].calls, err = fitting(both[at].module, made, both[at].calls.functions); err != nil {
				return list, err
			}
		}
		return list, nil
	}
	for at := range both {
		if both[at].module == nil {
			continue
		}
		var given *inputs
		if named {
			given, err = readInputs(c.tested.inputs, c.tested.input)
		} else {
			given, err = savedInputs(saved)
		}
		if err != nil {
			return list, err
		}
		if list[at], err = both[at].calls.givenCalls(both[at].module, given); err != nil {
			return list, err
		}
	}
	return list, nil
}

// savedInputs are those that saved values were computed from.
func savedInputs(s *intermediates.Set) (*inputs, error) {
	in := noInputs()
	for _, x := range s.Inputs {
		if !x.IsTensor {
			in.values[x.Name] = x.Value
			in.order = append(in.order, x.Name)
			continue
		}
		t, err := s.Tensor(s.Find(x.Name))
		if err != nil {
			return nil, err
		}
		in.set(x.Name, t)
	}
	in.inFile = len(in.order)
	return in, nil
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
	functions, err := functionList(m, c.reference.functions)
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

// fitting gives a module the calls that were made for another one: inputs by their places. Where a function was asked for, it is that.
func fitting(m *ir.Module, made []pass.Call, asked string) ([]pass.Call, error) {
	var list []pass.Call
	for _, k := range made {
		fn := k.Func
		if all := choices(m); m.Func(fn) == nil && len(all) == 1 { // of models that were exported apart
			fn = all[0]
		}
		if m.Func(asked) != nil {
			fn = asked
		}
		f := m.Func(fn)
		if f == nil {
			return nil, fmt.Errorf("the tested side has no function %q; it has %s: choose one with --function", fn, strings.Join(choices(m), ", "))
		}
		if n := len(backend.SignatureOf(f).Inputs); n != len(k.In) {
			return nil, fmt.Errorf("@%s takes %s on the tested side and %d on the reference; give inputs by name with --inputs", fn, host.Counted(n, "input"), len(k.In))
		}
		list = append(list, pass.Call{Func: fn, In: slices.Clone(k.In)})
	}
	return list, nil
}
