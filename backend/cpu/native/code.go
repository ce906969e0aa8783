package native

import (
	"context"
	"fmt"
	"slices"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
)

// compiler makes code for one machine.
type compiler struct {
	tools    *toolchain.Tools
	cache    *toolchain.Cache
	machine  *emit.Machine
	parallel int    // how many modules are compiled at a time
	keep     string // see toolchain.Job
	progress func(done, total int)
}

// newCompiler finds the tools of this machine. target is the name of one of the targets that the processor runs, or "" for the most
// capable one.
func newCompiler(target string) (*compiler, error) {
	machines, err := processor.Machines()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(machines, func(m *emit.Machine) bool { return target == "" || m.Name == target })
	if at < 0 {
		return nil, fmt.Errorf("this processor does not run code for %s", target)
	}
	tools, err := toolchain.Find()
	if err != nil {
		return nil, err
	}
	cache, err := toolchain.UserCache()
	if err != nil {
		return nil, err
	}
	return &compiler{tools: tools, cache: cache, machine: machines[at], parallel: 1}, nil
}

// function is the code of a kernel.
type function struct {
	addr   uintptr
	kernel *kernel.Kernel
	layout emit.Layout
}

// call runs rounds [lo, hi) with a context block and scratch memory.
func (f *function) call(ctx, scratch uintptr, lo, hi int64) {
	purego.SyscallN(f.addr, ctx, uintptr(lo), uintptr(hi), scratch)
}

// code is a program's compiled kernels.
type code struct {
	library   *toolchain.Library // nil where there are no kernels
	functions []*function        // one for each kernel asked for, nil where it has no code
	refused   []error            // why, for each of those
	runner    uintptr            // see emit.Runner
	sharer    uintptr            // see emit.Sharer
}

// kernelsPerModule is how many are compiled together: starting llc costs as much as a small kernel.
const kernelsPerModule = 8

// compile makes the code of kernels. Equal ones share it, whatever they and their parts are called.
func (c *compiler) compile(ctx context.Context, program string, kernels []*kernel.Kernel) (*code, error) {
	out := &code{functions: make([]*function, len(kernels)), refused: make([]error, len(kernels))}
	names := map[string]string{} // of symbols by the structure of kernels; "" for one without code
	reasons := map[string]error{}
	symbols := make([]string, len(kernels))
	var modules []*emit.Module
	count := 0
	for i, k := range kernels {
		structure := structureOf(k)
		name, known := names[structure]
		if !known {
			if count%kernelsPerModule == 0 {
				modules = append(modules, emit.NewModule(c.machine))
			}
			name = fmt.Sprintf("k%d", count)
			if err := modules[len(modules)-1].Add(name, k); err != nil {
				name, reasons[structure] = "", err
			} else {
				count++
			}
			names[structure] = name
		}
		symbols[i], out.refused[i] = name, reasons[structure]
	}
	if count == 0 {
		return out, nil
	}
	modules[0].AddRunner()
	job := &toolchain.Job{
		Program: program, Parallel: c.parallel, Keep: c.keep,
		Target: toolchain.Target{Triple: c.machine.Triple, CPU: c.machine.CPU, Features: c.machine.All()},
	}
	for _, m := range modules {
		text, err := m.Text()
		if err != nil {
			return nil, err
		}
		job.Modules = append(job.Modules, text)
	}
	lib, err := c.load(ctx, job)
	if err != nil {
		return nil, err
	}
	out.library = lib
	return out, out.find(symbols, kernels)
}

// load compiles and maps; once more where another process has emptied the cache in between.
func (c *compiler) load(ctx context.Context, job *toolchain.Job) (lib *toolchain.Library, err error) {
	for range 2 {
		path, err := c.cache.Object(ctx, c.tools, job, processor.Features())
		if err != nil {
			return nil, err
		}
		if lib, err = toolchain.Load(path); err == nil {
			return lib, nil
		}
	}
	return nil, err
}

func (c *code) find(symbols []string, kernels []*kernel.Kernel) (err error) {
	if c.runner, err = c.library.Symbol(emit.Runner); err != nil {
		return err
	}
	if c.sharer, err = c.library.Symbol(emit.Sharer); err != nil {
		return err
	}
	for i, name := range symbols {
		if name == "" {
			continue
		}
		addr, err := c.library.Symbol(name)
		if err != nil {
			return err
		}
		c.functions[i] = &function{addr: addr, kernel: kernels[i], layout: emit.LayoutOf(kernels[i])}
	}
	return nil
}

func (c *code) close() error {
	if c.library == nil {
		return nil
	}
	return c.library.Close()
}

// structureOf is the text of a kernel under a name that all share.
func structureOf(k *kernel.Kernel) string {
	same := *k
	same.Name = "k"
	return kernel.Print(&same)
}
