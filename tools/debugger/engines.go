package debugger

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
)

// engines are the programs of a model, which is compiled once for each engine.
type engines struct {
	mu     sync.Mutex
	made   []backend.Program
	byName map[string]backend.Program
	closed bool
	making flights[string, backend.Program]
}

// program gives the program for an engine. The job, if there is one, shows how far compiling is.
func (e *engines) program(ctx, base context.Context, m *ir.Module, engine backend.Backend, warn func(string), j *job) (backend.Program, error) {
	e.mu.Lock()
	p := e.byName[engine.Name()]
	e.mu.Unlock()
	if p != nil {
		return p, nil
	}
	return e.making.join(ctx, base, engine.Name(), func(ctx context.Context) (backend.Program, error) {
		opt := backend.Options{Warn: warn}
		if j != nil {
			opt.Progress = func(done, total int) { j.step("compiling", done, total) }
		}
		p, err := engine.Compile(ctx, m, opt)
		if err != nil {
			return nil, err
		}
		return p, e.keep(engine.Name(), p)
	})
}

// keep takes a program that was made; one of a model that was given back meanwhile is closed.
func (e *engines) keep(name string, p backend.Program) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errors.Join(errors.New("the model was closed while it was compiled"), p.Close())
	}
	if e.byName == nil {
		e.byName = map[string]backend.Program{}
	}
	e.byName[name] = p
	e.made = append(e.made, p)
	return nil
}

// close gives back what was compiled, once the calls that are going on have ended.
func (e *engines) close() error {
	e.mu.Lock()
	list := slices.Clone(e.made)
	e.closed, e.made, e.byName = true, nil, nil
	e.mu.Unlock()
	var errs []error
	for _, p := range list {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
