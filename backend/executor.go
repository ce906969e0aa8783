package backend

import (
	"context"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Executor lets passes run the model they change on a backend.
type Executor struct {
	Backend Backend
	Options Options
}

// Compile makes a module ready to run.
func (e Executor) Compile(ctx context.Context, m *ir.Module) (pass.Program, error) {
	p, err := e.Backend.Compile(ctx, m, e.Options)
	if err != nil {
		return nil, err
	}
	return &executable{p, m}, nil
}

type executable struct {
	program Program
	module  *ir.Module
}

// Run makes calls in a session of their own.
func (x *executable) Run(ctx context.Context, calls []pass.Call, watch *pass.Watch) (*pass.Results, error) {
	var opt *CallOptions
	if watch != nil {
		opt = &CallOptions{Select: watch.Select, Observe: watch.Observe}
	}
	s := x.program.NewSession()
	r := &pass.Results{}
	for _, c := range calls {
		out, err := s.Call(ctx, c.Func, c.In, opt)
		if err != nil {
			return nil, err
		}
		r.Outputs = append(r.Outputs, out)
	}
	for _, st := range x.module.States {
		t, err := s.State(st.Name)
		if err != nil {
			return nil, err
		}
		r.States = append(r.States, t)
	}
	return r, nil
}

// Close frees the compiled module.
func (x *executable) Close() error { return x.program.Close() }
