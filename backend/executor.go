package backend

import (
	"context"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Executor runs single calls of modules on a backend; passes use it to run the model they change.
type Executor struct{ Backend Backend }

// Execute calls a function with a fresh state and gives its outputs and then the states it leaves, in the module's order.
func (e Executor) Execute(ctx context.Context, m *ir.Module, fn string, in []*host.Tensor) ([]*host.Tensor, error) {
	p, err := e.Backend.Compile(ctx, m, Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	s := p.NewSession()
	out, err := s.Call(ctx, fn, in, nil)
	if err != nil {
		return nil, err
	}
	for _, st := range m.States {
		t, err := s.State(st.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
