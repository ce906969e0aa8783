package native

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/ir"
)

// Backend runs modules with native code where it can and interprets the rest.
type Backend struct {
	Plan   *Planner         // nil: the schedules for every backend
	Cache  *toolchain.Cache // nil: the user's
	Packed *packed.Cache    // of packed constants; nil: the user's
	Failed string           // a folder for the LLVM IR of kernels that could not be compiled; "" for none
	Target string           // what code is made for, such as avx2; "": the most capable target that the processor runs

	ahead *ahead
}

// Name is cpu.
func (Backend) Name() string { return "cpu" }

// Available gives nil where this machine has what the backend needs, and otherwise says what it lacks.
func (b Backend) Available() error {
	_, err := newCompiler(b)
	return err
}

// Compile makes code for every operation that the planner has kernels for. The error is a *toolchain.Missing on a machine
// without LLVM.
func (b Backend) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	c, err := newCompiler(b)
	if err != nil {
		return nil, err
	}
	threads := opt.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	c.parallel, c.ahead = threads, b.ahead
	c.machine.Rounded, c.machine.Coded = opt.Precision == backend.BF16, opt.Precision == backend.INT8
	c.stop = func() bool { return ctx.Err() != nil }
	c.progress = opt.Progress
	if err := interp.Check(m); err != nil { // before what takes longer
		return nil, err
	}
	p, err := newProgram(ctx, c, m, threads)
	if err != nil {
		return nil, err
	}
	giveBack()
	program, err := interp.CompileWith(ctx, m, opt, p.interpreted(func() interp.Runner { return p.newSession().run }))
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	c.warn(opt.Warn)
	return program, nil
}

// warn tells of what is not kept for the next run; once, as the causes are alike.
func (c *compiler) warn(warn func(message string)) {
	if warn == nil {
		return
	}
	if c.unkept != nil {
		warn(fmt.Sprintf("compiled code is not kept, so the next run compiles again: %v", c.unkept))
	} else if err := c.packed.Check(); err != nil && c.packed.Limit > 0 && !errors.Is(err, fs.ErrNotExist) {
		warn(fmt.Sprintf("packed weights are not kept, so the next run packs again: %v", err))
	}
}

// interpreted is how the interpreter runs the program.
func (p *program) interpreted(runner func() interp.Runner) *interp.Segments {
	return &interp.Segments{Of: func(f *ir.Func) []interp.Segment { return p.of[f] }, NewRunner: runner, Close: p.close}
}
