package native

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// compiler makes code for one machine.
type compiler struct {
	tools    *toolchain.Tools
	cache    *toolchain.Cache
	packed   *packed.Cache
	machine  *emit.Machine
	plan     *Planner
	proven   *proven
	build    string // of this program, "" where that is not known
	unkept   error  // why the next run has to compile again, where it does
	parallel int    // how many modules are compiled at a time
	failed   string // see toolchain.Job
	recalled map[*kernel.Kernel]*outline
	ahead    *ahead
	progress func(done, total int)
	stop     func() bool // see schedule.Proofs; nil: never
}

// newCompiler finds the tools of this machine for what a backend asks for.
func newCompiler(b Backend) (*compiler, error) {
	machines, err := processor.Machines()
	if err != nil {
		return nil, &toolchain.Missing{What: err.Error()}
	}
	at := slices.IndexFunc(machines, func(m *emit.Machine) bool { return b.Target == "" || m.Name == b.Target })
	if at < 0 {
		return nil, fmt.Errorf("this processor does not run code for %s", b.Target)
	}
	c := &compiler{cache: b.Cache, packed: b.Packed, machine: machines[at], plan: b.Plan, build: toolchain.ThisProgram(), parallel: 1, failed: b.Failed}
	if c.plan == nil {
		c.plan = schedules()
	}
	if c.cache == nil {
		c.cache = toolchain.UserCache()
	}
	if c.packed == nil {
		c.packed = packed.UserCache()
	}
	if c.tools, err = c.cache.Find(); err != nil {
		return nil, err
	}
	c.proven = newProven(c.cache, c.build)
	return c, nil
}

// codeOf names what code is made by, and for; "" where that is not known.
func (c *compiler) codeOf() string {
	if c.build == "" {
		return ""
	}
	return fmt.Sprintf("%q %s %s", c.build, c.machine.CPU, strings.Join(c.machine.All(), ","))
}

// function is the code of a kernel.
type function struct {
	*outline
	addr uintptr
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
	outlines  map[*kernel.Kernel]*outline
	runner    uintptr // see emit.Runner
	sharer    uintptr // see emit.Sharer
	waiter    uintptr // see emit.Waiter
}

// kernelsPerModule is how many are compiled together at most: starting llc costs as much as a small kernel.
const kernelsPerModule = 8

// compile makes the code of kernels. Equal ones share it, whatever they and their parts are called. Where the cache does not have the
// code of what was recalled, the error is errNoted.
func (c *compiler) compile(ctx context.Context, program string, kernels []*kernel.Kernel) (*code, error) {
	out := &code{functions: make([]*function, len(kernels)), refused: make([]error, len(kernels))}
	if len(kernels) == 0 {
		return out, nil
	}
	w := &writing{machine: c.machine, parallel: c.parallel}
	symbols, outlines := make([]string, len(kernels)), map[*kernel.Kernel]*outline{}
	known := map[digest]string{}
	for i, k := range kernels {
		if outlines[k] == nil {
			if outlines[k] = c.recalled[k]; outlines[k] == nil {
				outlines[k] = outlineOf(k, c.proven.sum(k))
			}
		}
		sum := outlines[k].Sum
		if known[sum] == "" {
			known[sum] = fmt.Sprintf("k%d", len(w.kernels))
			w.kernels, w.sums = append(w.kernels, outlines[k]), append(w.sums, string(sum[:]))
		}
		symbols[i] = known[sum]
	}
	lib, refused, err := c.load(ctx, &toolchain.Job{
		Program: program, Parallel: c.parallel, Failed: c.failed, Sources: w.sums, Build: c.build, Write: w.write,
		Target: toolchain.Target{Triple: c.machine.Triple, CPU: c.machine.CPU, Features: c.machine.All()},
	})
	if err != nil {
		return nil, err
	}
	for i, name := range symbols {
		if why := refused[name]; why != "" {
			out.refused[i] = errors.New(why)
		}
	}
	out.library, out.outlines = lib, outlines
	c.proven.save()
	return out, out.find(symbols, kernels)
}

// writing is kernels on the way to modules.
type writing struct {
	machine  *emit.Machine
	parallel int
	kernels  []*outline
	sums     []string
}

// errNoted says that a kernel must be planned to be compiled.
var errNoted = errors.New("internal error: of a kernel there is only a note")

// write makes the modules. A kernel that the machine has no code for is left out; any other mistake is an error, as it must not be
// kept for good in a cache.
func (w *writing) write() (*toolchain.Written, error) {
	if slices.ContainsFunc(w.kernels, func(o *outline) bool { return o.kernel.Body == nil }) {
		return nil, errNoted
	}
	n := min(max((len(w.kernels)+kernelsPerModule-1)/kernelsPerModule, w.parallel), len(w.kernels))
	out := &toolchain.Written{Modules: make([]string, n), Refused: map[string]string{}}
	refused, errs := make([]error, len(w.kernels)), make([]error, n)
	host.InParallel(w.parallel, n, func(i int) {
		m := emit.NewModule(w.machine)
		for k := i; k < len(w.kernels); k += n { // neighbours are often alike, and take as long
			refused[k] = m.Add(fmt.Sprintf("k%d", k), w.kernels[k].kernel)
		}
		if i == 0 {
			m.AddRunner()
		}
		out.Modules[i], errs[i] = m.Text()
	})
	for k, why := range refused {
		switch {
		case errors.As(why, new(emit.Refusal)):
			out.Refused[fmt.Sprintf("k%d", k)] = why.Error()
		case why != nil:
			errs = append(errs, why)
		}
	}
	return out, errors.Join(errs...)
}

// load compiles and maps; once more where another process has emptied the cache in between.
func (c *compiler) load(ctx context.Context, job *toolchain.Job) (lib *toolchain.Library, refused map[string]string, err error) {
	for range 2 {
		var made *toolchain.Object
		if made, err = c.cache.Object(ctx, c.tools, job, processor.Features()); err != nil {
			return nil, nil, err
		}
		if lib, err = made.Load(); err == nil {
			c.unkept = made.Unkept
			return lib, made.Refused, nil
		}
		if made.Unkept != nil { // it would be no other the next time
			break
		}
	}
	return nil, nil, err
}

func (c *code) find(symbols []string, kernels []*kernel.Kernel) (err error) {
	if c.runner, err = c.library.Symbol(emit.Runner); err != nil {
		return err
	}
	if c.sharer, err = c.library.Symbol(emit.Sharer); err != nil {
		return err
	}
	if c.waiter, err = c.library.Symbol(emit.Waiter); err != nil {
		return err
	}
	made := map[*kernel.Kernel]*function{} // operations that are alike have one plan
	for i, name := range symbols {
		k := kernels[i]
		if c.refused[i] == nil && made[k] == nil {
			addr, err := c.library.Symbol(name)
			if err != nil {
				return err
			}
			made[k] = &function{outline: c.outlines[k], addr: addr}
		}
		c.functions[i] = made[k]
	}
	return nil
}

func (c *code) close() error {
	if c.library == nil {
		return nil
	}
	return c.library.Close()
}
