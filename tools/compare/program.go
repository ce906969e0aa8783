package compare

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// Program is a side that computes its values.
type Program struct {
	Module  *ir.Module
	Backend backend.Backend
	Options backend.Options
	Calls   []pass.Call             // made one after the other in one session; inputs of other float types are cast
	States  map[string]*host.Tensor // what states are before the first call, where it is not what the model says
	Title   string
	// Compiled is the compiled model, where it is there already.
	Compiled backend.Program
	// Progress is called while the model runs, where it is set.
	Progress func(done, total int)

	values *lister
}

// Open lists the values and compiles the model. Who opens it closes it.
func (p *Program) Open(ctx context.Context) error {
	for i := range p.Calls {
		in, err := pass.CastInputs(p.Module, p.Calls[i])
		if err != nil {
			return err
		}
		p.Calls[i].In = in
	}
	p.values = listValues(p.Module, p.Calls)
	if p.Compiled != nil {
		return nil
	}
	var err error
	p.Compiled, err = p.Backend.Compile(ctx, p.Module, p.Options)
	return err
}

// Close frees the compiled model.
func (p *Program) Close() error { return p.Compiled.Close() }

// Info describes it.
func (p *Program) Info() Info {
	return Info{
		Title:   p.Title,
		How:     "the backend " + p.Backend.Name(),
		Program: p.Module.Program,
		Schemes: SchemesOf(p.Module, p.Options),
	}
}

// Values lists its values.
func (p *Program) Values() []*Value { return p.values.list }

// Lost lists what passes lost.
func (p *Program) Lost() []Lost { return p.values.lost }

// Show makes the calls.
func (p *Program) Show(ctx context.Context, wanted func(*Value) bool, show func(*Value, *host.Tensor)) error {
	s, err := p.session()
	if err != nil {
		return err
	}
	for k, c := range p.Calls {
		known := p.values.byCall[k]
		opt := &backend.CallOptions{
			Select:   func(v *ir.Value) bool { x := known[v]; return x != nil && wanted(x) },
			Observe:  func(v *ir.Value, t *host.Tensor) { show(known[v], t) },
			Progress: p.Progress,
		}
		if _, err := s.Call(ctx, c.Func, c.In, opt); err != nil {
			return fmt.Errorf("%s: %w", p.Title, err) // which names the function
		}
	}
	return nil
}

// Release does nothing: no tensor is read after it was shown.
func (p *Program) Release(*Value, int) {}

// session starts with the states that were given.
func (p *Program) session() (backend.Session, error) {
	s := p.Compiled.NewSession()
	for _, st := range p.Module.States {
		t := p.States[st.Name]
		if t == nil {
			continue
		}
		if t.Elem != st.Type.Elem && t.Elem.IsFloat() && st.Type.Elem.IsFloat() {
			cast, err := host.Alloc(st.Type.Elem, t.Shape)
			if err != nil {
				return nil, err
			}
			if err := host.Cast(host.Serial, cast, t); err != nil {
				return nil, err
			}
			t = cast
		}
		if err := s.SetState(st.Name, t); err != nil {
			return nil, err
		}
	}
	return s, nil
}
