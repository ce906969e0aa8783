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
	asking map[string][]*job // for the program of an engine that is not made yet
}

// program gives the program for an engine. The job shows how far compiling is, whoever asked for it first.
func (e *engines) program(ctx, base context.Context, m *ir.Module, engine backend.Backend, warn func(string), j *job) (backend.Program, error) {
	e.mu.Lock()
	p := e.byName[engine.Name()]
	e.mu.Unlock()
	if p != nil {
		return p, nil
	}
	defer e.ask(engine.Name(), j)()
	return e.making.join(ctx, base, engine.Name(), func(ctx context.Context) (backend.Program, error) {
		p, err := engine.Compile(ctx, m, backend.Options{Warn: warn, Progress: func(done, total int) { e.tell(engine.Name(), done, total) }})
		if err != nil {
			return nil, err
		}
		return e.keep(engine.Name(), p)
	})
}

// ask notes that a job waits for a program, until the returned function is called.
func (e *engines) ask(name string, j *job) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asking == nil {
		e.asking = map[string][]*job{}
	}
	e.asking[name] = append(e.asking[name], j)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		at := slices.Index(e.asking[name], j)
		e.asking[name] = slices.Delete(e.asking[name], at, at+1)
	}
}

// tell tells all that wait for a program how far it is.
func (e *engines) tell(name string, done, total int) {
	e.mu.Lock()
	list := slices.Clone(e.asking[name])
	e.mu.Unlock()
	for _, j := range list {
		j.step("compiling", done, total)
	}
}

// keep takes a program that was made, and gives the one that is there where another was faster. That of a model that was given back
// meanwhile is closed.
func (e *engines) keep(name string, p backend.Program) (backend.Program, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.Join(errors.New("the model was closed while it was compiled"), p.Close())
	}
	if have := e.byName[name]; have != nil {
		return have, p.Close()
	}
	if e.byName == nil {
		e.byName = map[string]backend.Program{}
	}
	e.byName[name] = p
	e.made = append(e.made, p)
	return p, nil
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
