package cuda

import (
	"context"
	"fmt"

	"github.com/aiopt/aiopt/backend/metal/check"
)

// Variable is that of the environment which may name the driver's library.
const Variable = "AIOPT_LIBCUDA"

// Runner runs checked programs on a GPU as they ask for it: what `--check=cuda` uses. A program is compiled and loaded once.
type Runner struct {
	Tools  *check.Tools
	Device *Device
	loaded map[*check.Program]*Program
}

// Start finds clang and a GPU. The error is a *programs.Missing where there is none.
func Start() (*Runner, error) {
	tools, err := check.Find()
	if err != nil {
		return nil, err
	}
	device, err := Open()
	if err != nil {
		return nil, err
	}
	return &Runner{Tools: tools, Device: device}, nil
}

// Close gives the GPU back.
func (r *Runner) Close() error { return r.Device.Close() }

// Run runs a dispatch as p.Run does, on the GPU. Programs that the checker found something in should not come here.
func (r *Runner) Run(ctx context.Context, p *check.Program, d check.Dispatch) error {
	program, err := r.program(ctx, p)
	if err != nil {
		return err
	}
	return program.Run(ctx, d)
}

func (r *Runner) program(ctx context.Context, p *check.Program) (*Program, error) {
	if have := r.loaded[p]; have != nil {
		return have, nil
	}
	m, err := Compile(ctx, r.Tools, p, r.Device.Architecture)
	if err != nil {
		return nil, err
	}
	program, err := r.Device.Load(m)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", m.Name, err)
	}
	if r.loaded == nil {
		r.loaded = map[*check.Program]*Program{}
	}
	r.loaded[p] = program
	return program, nil
}
