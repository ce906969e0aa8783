package plan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Target is what schedules know of Apple's GPUs: what all of them since the M1 have.
func Target() schedule.Target {
	return schedule.Target{Name: "metal", Lanes: 4, SIMD: kernel.SIMDThreads, Threads: 256, Shared: 32 << 10}
}

// Plan is how Metal computes a module.
type Plan struct {
	File    *launch.File
	Texts   []custom.File    // what the kernels of the file are in
	Kernels []*kernel.Kernel // of the entries of the file; nil for those of users

	Values map[*ir.Value]int // the buffer of each value of its function that has one
}

// Options say how plans are made.
type Options struct {
	Threads  int                   // that look for kernels; 0: as many as there are cores. The plan does not depend on it.
	Progress func(done, total int) // of the operations; nil is allowed
}

// Make plans every function of a verified module.
func Make(ctx context.Context, m *ir.Module, o Options) (*Plan, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	own, err := custom.Of(m)
	if err != nil {
		return nil, err
	}
	b := &builder{texts: newTexts(), custom: custom.Entries(own)}
	ops := candidates(m)
	progress := func(done int) {
		if o.Progress != nil {
			o.Progress(done, len(ops))
		}
	}
	kinds := calls.KindsOf(ops)
	target := Target()
	target.Stop = func() bool { return ctx.Err() != nil }
	one := func(op *ir.Op) (*calls.Plan, error) { return calls.Of(op, target) }
	each := func(n int, fn func(int)) { host.InParallel(o.Threads, n, fn) }
	all, err := kinds.Plan(ctx, one, each, progress)
	if err != nil {
		return nil, err
	}
	b.planned = map[*ir.Op]*calls.Planned{}
	for i, op := range ops {
		b.planned[op] = &all[kinds.Of[i]]
	}
	p := &Plan{File: &launch.File{}, Values: map[*ir.Value]int{}}
	for _, f := range m.Funcs {
		fn, err := b.function(f, p.Values)
		if err != nil {
			return nil, fmt.Errorf("@%s: %w", f.Name, err)
		}
		p.File.Functions = append(p.File.Functions, *fn)
	}
	p.File.Kernels = append(p.File.Kernels, b.texts.entries...)
	p.Kernels = append(slices.Clone(b.texts.kernels), make([]*kernel.Kernel, len(b.custom))...)
	p.File.Kernels = append(p.File.Kernels, b.custom...)
	b.renumber(p.File)
	p.Texts = append(b.texts.files(), custom.Texts(own)...)
	return p, nil
}

// renumber puts the kernels of users behind the others.
func (b *builder) renumber(f *launch.File) {
	for i := range f.Functions {
		for _, s := range f.Functions[i].Steps {
			if d := s.Dispatch; d != nil && d.Kernel < 0 {
				d.Kernel = len(b.texts.entries) + ^d.Kernel
			}
		}
	}
}

// candidates lists the operations that kernels may compute: those of functions. Bodies are the host's.
func candidates(m *ir.Module) []*ir.Op {
	var ops []*ir.Op
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if reason(op) == "" && !op.Is(core.Constant) && !op.Is(core.MetalKernel) {
				ops = append(ops, op)
			}
		}
	}
	return ops
}

// reason says why no kernel can be asked for; "" where one can.
func reason(op *ir.Op) string {
	switch {
	case op.Def.Traits.Has(ir.Terminator):
		return "it ends the function"
	case len(op.Bodies) > 0 && !op.Is(core.Kernel) && !op.Is(core.MetalKernel):
		return "control flow is the host's"
	case !op.Is(core.MetalKernel) && !schedule.OneResult(op):
		return fmt.Sprintf("it has %d results that are used, expected one", len(op.Results))
	case len(op.Binds()) > 0:
		return "sizes depend on what it gives"
	}
	return ""
}

// builder plans the functions of a module.
type builder struct {
	texts   *texts
	custom  []launch.Entry
	planned map[*ir.Op]*calls.Planned
}

// kernels gives how kernels compute an operation; the error is why the host has to.
func (b *builder) kernels(op *ir.Op, over map[*ir.Op]bool) (*calls.Plan, []int, error) {
	if why := reason(op); why != "" {
		return nil, nil, fmt.Errorf("%s", why)
	}
	made := b.planned[op]
	if made.Plan == nil {
		return nil, nil, errors.New(made.Reason)
	}
	p := made.Plan
	if p.InPlace != nil && !calls.OfState(op, over) {
		p = p.Apart(op)
	}
	list := slices.Clone(p.Kernels)
	for _, k := range p.Packs {
		list = append(list, k.Kernel)
	}
	numbers, err := b.texts.add(op, list)
	return p, numbers, err
}
