package runtime

import (
	"context"
	"errors"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/ir"
)

// Name of the engine.
const Name = "metal"

// Backend runs modules on the GPU of a Mac: generated kernels there, everything else, and kernels of users, in the interpreter. Not yet run on Apple
// hardware.
type Backend struct{}

// Name is metal.
func (Backend) Name() string { return Name }

// Compile plans a module and has Metal compile its kernels. The error is a *programs.Missing where there is no Metal.
func (Backend) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	s, err := connect()
	if err != nil {
		return nil, err
	}
	return compile(ctx, s, m, opt)
}

// compile is Compile on a system.
func compile(ctx context.Context, s system, m *ir.Module, opt backend.Options) (backend.Program, error) {
	if err := interp.Check(m); err != nil {
		return nil, err
	}
	made, err := plan.Make(ctx, m, plan.Options{Threads: opt.Threads, Progress: opt.Progress})
	if err != nil {
		return nil, err
	}
	return with(ctx, s, m, made, opt)
}

// with is compile for a module that is planned already.
func with(ctx context.Context, s system, m *ir.Module, made *plan.Plan, opt backend.Options) (backend.Program, error) {
	d, err := open(s)
	if err != nil {
		return nil, err
	}
	if err := d.compile(made, opt.Progress); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return walk.Compile(ctx, m, made, d, opt, walk.Options{})
}
