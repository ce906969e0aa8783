// Package engine runs a module by its Metal plan on an NVIDIA GPU. It is a test vehicle for kernels, memory and hazards of plans on a real GPU, and
// says nothing about Metal's speed.
package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/ir"
)

// Name of the engine.
const Name = "metal-cuda"

// Backend runs generated kernels on the first GPU, and everything else in the interpreter.
type Backend struct {
	// Modules are compiled already, and found by the names of their texts; what is not among them clang compiles.
	Modules []*cuda.Module
}

// Name is metal-cuda.
func (Backend) Name() string { return Name }

// Compile plans a module and brings its kernels to the GPU. The error is a *programs.Missing where there is no GPU or no clang.
func (b Backend) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	if err := interp.Check(m); err != nil {
		return nil, err
	}
	v, err := cuda.Open()
	if err != nil {
		return nil, err
	}
	made, err := plan.Make(ctx, m, plan.Options{Threads: opt.Threads, Progress: opt.Progress})
	d := &device{v: v, programs: map[string]*cuda.Program{}}
	if err == nil {
		err = b.load(ctx, d, made)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return walk.Compile(ctx, m, made, d, opt, walk.Options{})
}

// load brings the generated texts to the device.
func (b Backend) load(ctx context.Context, d *device, p *plan.Plan) error {
	for _, t := range p.Texts {
		if slices.ContainsFunc(p.File.Kernels, func(k launch.Entry) bool { return k.Text == t.Name && k.Origin == launch.Custom }) {
			continue
		}
		m, err := b.module(ctx, d.v, t)
		if err != nil {
			return err
		}
		if d.programs[t.Name], err = d.v.Load(m); err != nil {
			return fmt.Errorf("loading %s: %w", t.Name, err)
		}
	}
	return nil
}

// module is a text compiled for a device.
func (b Backend) module(ctx context.Context, v *cuda.Device, t custom.File) (*cuda.Module, error) {
	for _, m := range b.Modules {
		if m.Name == t.Name {
			return m, nil
		}
	}
	tools, err := check.Find()
	if err != nil {
		return nil, err
	}
	scanned, err := check.Scan(tools, check.Source{Name: t.Name, Text: string(t.Data)})
	if err != nil {
		return nil, err
	}
	return cuda.Compile(ctx, tools, scanned, v.Architecture)
}

// device is a GPU with the kernels of a plan.
type device struct {
	v        *cuda.Device
	programs map[string]*cuda.Program // by the names of texts
}

// Name is metal-cuda.
func (*device) Name() string { return Name }

// Alloc gives memory of the GPU.
func (d *device) Alloc(bytes int) (walk.Block, error) {
	m, err := d.v.Alloc(bytes)
	return block{m}, err
}

// Constant gives a copy.
func (d *device) Constant(data []byte) (walk.Block, error) {
	b, err := d.Alloc(len(data))
	if err == nil {
		err = b.Write(0, data)
	}
	return b, err
}

// NewQueue gives the device: it has one queue.
func (d *device) NewQueue() (walk.Queue, error) { return queue{d}, nil }

// Close gives the GPU back.
func (d *device) Close() error {
	var errs []error
	for _, p := range d.programs {
		errs = append(errs, p.Unload())
	}
	return errors.Join(append(errs, d.v.Close())...)
}

// block is memory that the host does not share.
type block struct{ *cuda.Memory }

// Bytes is nil.
func (block) Bytes() []byte { return nil }

type queue struct{ d *device }

// Dispatch starts a kernel. Kernels follow each other, so that barriers are there already.
func (q queue) Dispatch(_ context.Context, d *walk.Dispatch) error {
	run := check.Dispatch{Launch: d.Kernel.Kernel, Threads: d.Threads}
	where := make([]cuda.Place, len(d.Args))
	for i, a := range d.Args {
		run.Args = append(run.Args, check.Arg{Bytes: a.Value})
		if a.Block != nil {
			where[i] = cuda.Place{Memory: a.Block.(block).Memory, At: a.At}
		}
	}
	p := q.d.programs[d.Kernel.Text]
	if p == nil {
		return fmt.Errorf("internal error: the text %s of kernel %s was not compiled", d.Kernel.Text, d.Kernel.Function)
	}
	return p.Start(run, where)
}

func (queue) Fill(to walk.Span, value byte) error {
	if to.Len == 0 {
		return nil
	}
	return to.Block.(block).Fill(to.At, to.Len, value)
}

func (queue) Copy(to, from walk.Span) error {
	return to.Block.(block).Copy(to.At, from.Block.(block).Memory, from.At, to.Len)
}

func (q queue) Wait(ctx context.Context) (time.Duration, error) { return 0, q.d.v.Finish(ctx) }

func (queue) Close() {}
