package debugger

import (
	"cmp"
	"context"
	"path/filepath"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/sides"
)

// sideAsk names a side: a model with an engine, or saved values.
type sideAsk struct {
	Model  string `json:"model"`
	Engine string `json:"backend"`
	// Original takes instead of the model its file, opened as the reference of `aiopt compare` is: every tensor of the PyTorch graph is there.
	Original bool `json:"original,omitempty"`
}

// sideInfo is what the page shows of a side.
type sideInfo struct {
	sideAsk
	Title string `json:"title"`
}

// side is one that a request names.
type side struct {
	model  *model
	engine backend.Backend
	saved  *saved
}

func (d *side) info() sideInfo {
	if d.saved != nil {
		return sideInfo{sideAsk{Model: d.saved.id}, d.saved.title}
	}
	return sideInfo{sideAsk{Model: d.model.job.ID, Engine: d.engine.Name()}, d.model.job.Title + " on " + d.engine.Name()}
}

// engine finds an engine by its name.
func (s *Server) engine(name string) (backend.Backend, error) {
	if b := s.tk.Backend(name); b != nil {
		return b, nil
	}
	return nil, badRequest("there is no engine %q", name)
}

// testedSide is the model that a request names, and its function.
func (s *Server) testedSide(ask sideAsk, fn string) (*side, *program, error) {
	if s.saved.get(ask.Model) != nil {
		return nil, nil, badRequest("saved values can be the reference only; expected a model as the tested side")
	}
	m, err := s.modelOf(ask.Model)
	if err != nil {
		return nil, nil, err
	}
	p, err := m.program(fn)
	if err != nil {
		return nil, nil, err
	}
	engine, err := s.engine(ask.Engine)
	return &side{model: m, engine: engine}, p, err
}

// referenceSide is what a request names as the reference. The original of a model may have to be opened first.
func (s *Server) referenceSide(ask sideAsk, tested *side) (*side, error) {
	if ask.Model == "" {
		if list := s.savedOf(tested.model); len(list) > 0 {
			return &side{saved: list[0]}, nil
		}
		ask.Model, ask.Original = tested.model.job.ID, true
	}
	if v := s.saved.get(ask.Model); v != nil {
		return &side{saved: v}, nil
	}
	engine, err := s.engine(cmp.Or(ask.Engine, tested.engine.Name()))
	if err != nil {
		return nil, err
	}
	m, err := s.modelOf(ask.Model)
	if err == nil && ask.Original {
		m, err = s.original(m)
	}
	return &side{model: m, engine: engine}, err
}

// original opens the file of a model as a reference, once for all who ask.
func (s *Server) original(m *model) (*model, error) {
	passes := sides.ReferencePasses(m.path)
	if passes == "" {
		return nil, badRequest("%s is not as PyTorch saved it: name a model or saved values as the reference", filepath.Base(m.path))
	}
	s.originals.Lock()
	defer s.originals.Unlock()
	for _, o := range s.models.all() {
		if status, _ := o.job.status(); o.path == m.path && o.passes == passes && o.config.Text == "" && (status == done || status == running) {
			return o, nil
		}
	}
	return s.start(m.path, passes, Config{})
}

// openSides makes the sides ready to run, on the inputs that are chosen for both.
func (s *Server) openSides(ctx context.Context, c *comparison, both [2]*side) (opened [2]compare.Side, err error) {
	var list [2]sides.Side
	for at, d := range both {
		if d.saved != nil {
			list[at].Saved = d.saved.set
			continue
		}
		if err := s.await(ctx, d.model, c.job); err != nil {
			return opened, err
		}
		list[at].Module = d.model.module
	}
	var functions []string
	if c.named || len(c.given) > 0 {
		functions = []string{c.function}
	}
	sides.Align(&list, [2][]string{functions, functions})
	calls, err := s.chooseCalls(ctx, c, list)
	if err != nil {
		return opened, forPage(err)
	}
	c.mu.Lock()
	for _, k := range calls[0].List {
		c.called = append(c.called, k.Func)
	}
	c.mu.Unlock()
	for at, d := range both {
		if d.saved != nil {
			opened[at] = compare.NewSaved(d.saved.set)
			continue
		}
		compiled, err := s.compiled(ctx, d.model, d.engine, c.job)
		if err != nil {
			return opened, err
		}
		p := &compare.Program{Module: d.model.module, Backend: d.engine, Compiled: compiled, Title: d.info().Title, Calls: calls[at].List, States: calls[at].States}
		if err := p.Open(ctx); err != nil {
			return opened, err
		}
		opened[at] = p
	}
	return opened, nil
}

// await returns when a model is open; the job says that it waits.
func (s *Server) await(ctx context.Context, m *model, j *job) error {
	j.step("waiting for "+m.job.Title, 0, 0)
	select {
	case <-m.job.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := s.modelOf(m.job.ID)
	return err
}

// chooseCalls finds what both sides are called with.
func (s *Server) chooseCalls(ctx context.Context, c *comparison, list [2]sides.Side) ([2]sides.Calls, error) {
	if len(c.given) > 0 {
		return sides.Fit(list, c.given)
	}
	given, err := s.given()
	if err != nil {
		return [2]sides.Calls{}, err
	}
	choice := sides.Choice{Given: given, Loose: true, Try: func(ctx context.Context, m *ir.Module) (backend.Program, error) {
		return s.tk.Backend("interp").Compile(ctx, m, backend.Options{})
	}}
	if p, err := c.model.program(c.function); err == nil {
		if in := c.model.examples(p.fn); in != nil {
			choice.Export = []pass.Call{{Func: c.function, In: in}}
		}
	}
	calls, _, err := sides.Choose(ctx, list, choice)
	return calls, err
}
