package cli

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/intermediates"
	"github.com/aiopt/aiopt/tools/sides"
)

// open makes both sides ready to run; release gives back what was opened, whether that was all or not.
func (c *comparer) open(ctx context.Context, args []string) (pair [2]compare.Side, release func(), err error) {
	var closers []io.Closer
	release = func() {
		for _, x := range closers {
			_ = x.Close() // nothing was written
		}
		c.tested.close()
		c.reference.close()
	}
	c.reference.flags.pipeline = cmp.Or(c.reference.flags.pipeline, sides.ReferencePasses(args[1]))
	var both [2]sides.Side
	callers := [2]*calls{&c.tested, &c.reference}
	for at, side := range callers {
		o := &both[at]
		if !intermediates.Is(args[at]) {
			o.Module, err = side.read(ctx, args[at], nil)
		} else if o.Saved, err = intermediates.Open(args[at]); err == nil {
			closers = append(closers, o.Saved)
		}
		if err != nil {
			return pair, release, err
		}
	}
	asked, err := c.choose(ctx, &both)
	if err != nil {
		return pair, release, err
	}
	for at := range both {
		if both[at].Saved != nil {
			pair[at] = compare.NewSaved(both[at].Saved)
			continue
		}
		p, err := callers[at].side(ctx, both[at].Module, asked[at], args[at])
		if p != nil {
			closers = append(closers, p)
		}
		if err != nil {
			return pair, release, err
		}
		pair[at] = p
	}
	return pair, release, nil
}

// choose finds what the sides are called with.
func (c *comparer) choose(ctx context.Context, both *[2]sides.Side) ([2]sides.Calls, error) {
	var none [2]sides.Calls
	var functions [2][]string
	for at, side := range []*calls{&c.tested, &c.reference} {
		if side.functions != "" {
			functions[at] = strings.Split(side.functions, ",")
		}
	}
	sides.Align(both, functions)
	for _, s := range both {
		if s.Module == nil {
			continue
		}
		if _, err := functionList(s.Module, strings.Join(s.Functions, ",")); err != nil {
			return none, err
		}
	}
	choice := sides.Choice{Try: func(ctx context.Context, m *ir.Module) (backend.Program, error) {
		return c.Backend(safeEngine).Compile(ctx, m, backend.Options{Threads: c.tested.threads})
	}}
	if c.tested.inputs != "" || len(c.tested.input) > 0 {
		for _, s := range both {
			if s.Saved != nil && len(s.Saved.Inputs) > 0 {
				return none, usagef("--inputs and --input: %s holds the inputs that its values were computed from; leave them out", s.Saved.Path)
			}
		}
		var err error
		if choice.Given, err = readInputs(c.tested.inputs, c.tested.input); err != nil {
			return none, err
		}
	}
	calls, _, err := sides.Choose(ctx, *both, choice)
	return calls, err
}

// side compiles a model for a comparison.
func (c *calls) side(ctx context.Context, m *ir.Module, asked sides.Calls, path string) (*compare.Program, error) {
	p := &compare.Program{Module: m, Calls: asked.List, States: asked.States}
	var err error
	if p.Compiled, err = c.compile(ctx, m, nil); err != nil {
		return nil, err
	}
	p.Backend = c.engine(c.backend)
	p.Options = backend.Options{Threads: c.threads, Precision: c.numbers()}
	p.Title = c.title(path)
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
