package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/metal/cuda/engine"
	gpu "github.com/aiopt/aiopt/backend/metal/runtime"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/inputs"
)

// calls is what commands share that call functions of a model on inputs.
type calls struct {
	*tool
	flags     passFlags
	functions string
	backend   string
	threads   int
	precision string
	inputs    string
	input     []string
	ref       string
	io        string
	trace     string
	packed    string // a folder with kernels for an NVIDIA GPU

	ahead   backend.Backend // the engine that has begun to look for what it needs for the model; nil: none has
	vehicle engine.Backend  // what --backend=metal-cuda runs models by
	done    func() error    // gives back what it has found and the program does not take
}

func newCalls(t *tool) calls { return calls{tool: t, flags: passFlags{tool: t}} }

func (c *calls) declare(fs *pflag.FlagSet) {
	c.flags.declare(fs)
	fs.StringVar(&c.functions, "function", "", "the function to run, or one for each call: prefill,decode,decode")
	fs.StringVar(&c.backend, "backend", "", "the engine: "+strings.Join(backendNames(c.tool), ", ")+"; cpu compiles what it can to native code and interprets the rest, interp interprets everything, metal runs generated kernels on the GPU of a Mac (not yet run on Apple hardware), metal-cuda on an NVIDIA GPU, as a test; by default cpu where LLVM is found, interp elsewhere")
	fs.IntVar(&c.threads, "threads", 0, "how many threads to use; 0: one for each core")
	fs.StringVar(&c.precision, "precision", "f32", "of which numbers matrix products of f32 are: "+strings.Join(backend.Precisions(), ", ")+"; with bf16 the engine cpu rounds constants and activations, and sums up in f32; with int8 it rounds the activations of products with compressed weights, 32 along k by one scale, and sums up in integers, where the processor has an instruction for it")
	fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file with the inputs")
	fs.StringArrayVar(&c.input, "input", nil, "one input, NAME=FILE or NAME=VALUE; may be repeated")
	fs.StringVar(&c.ref, "ref", "", "compare the outputs with those of this .safetensors file, or the only one with a .npy file, and print the largest differences and the PSNR; it must hold every output and nothing else")
	fs.StringVar(&c.io, "io", "name", "how outputs are named, and inputs may be: name or position")
	fs.StringVar(&c.trace, "trace", "", "write when each operation ran to this file, for chrome://tracing or ui.perfetto.dev")
}

// backendNames are the engines of the toolkit, and that of tests on an NVIDIA GPU.
func backendNames(t *tool) []string {
	var names []string
	for _, b := range t.Backends {
		names = append(names, b.Name())
	}
	return append(names, engine.Name)
}

// check refuses a command line that makes no sense.
func (c *calls) check(args []string) error {
	if len(args) != 1 {
		return usagef("expected one model, found %d; `--help` shows how it goes", len(args))
	}
	if c.io != "name" && c.io != "position" {
		return usagef("--io=%s: expected name or position", c.io)
	}
	if most := backend.MostThreads(); c.threads < 0 || c.threads > most {
		return usagef("--threads=%d: expected 0, for one on each of the %s here, or a number up to %d", c.threads, host.Counted(runtime.NumCPU(), "core"), most)
	}
	if !slices.Contains(backend.Precisions(), c.precision) {
		return usagef("--precision=%s: expected one of %s", c.precision, strings.Join(backend.Precisions(), ", "))
	}
	if err := c.flags.check(args); err != nil {
		return err
	}
	if c.packed != "" && c.backend != engine.Name {
		return usagef("--kernels: it is for --backend=%s", engine.Name)
	}
	if c.backend != "" && !slices.Contains(backendNames(c.tool), c.backend) {
		return usagef("--backend=%s: there is no such engine; there is %s", c.backend, strings.Join(backendNames(c.tool), ", "))
	}
	return nil
}

// read reads a model and runs the passes.
func (c *calls) read(ctx context.Context, path string, events *trace) (*ir.Module, error) {
	m, err := c.open(path, events)
	if err != nil {
		return nil, err
	}
	return m, c.passes(ctx, path, m, events)
}

// open reads a model.
func (c *calls) open(path string, events *trace) (*ir.Module, error) {
	defer events.begin("load", "phase")()
	if fast, ok := c.engine(cmp.Or(c.backend, fastEngine)).(native.Backend); ok {
		c.ahead, c.done = fast.Ahead(path)
	}
	return c.load([]aiopt.File{{Path: path}}, nil)
}

// close ends what was begun for a model, whether it was compiled or not.
func (c *calls) close() {
	if c.done != nil {
		_ = c.done()
	}
}

// passes runs the passes that the user named, or those that a .pt2 needs.
func (c *calls) passes(ctx context.Context, path string, m *ir.Module, events *trace) error {
	defer events.begin("passes", "phase")()
	pipeline := c.flags.pipeline
	if pipeline == "" && strings.HasSuffix(path, ".pt2") {
		pipeline = "@cpu"
		if c.backend == gpu.Name || c.backend == engine.Name {
			pipeline = "@metal"
		}
	}
	return c.flags.build(ctx, m, pipeline, samplesFlags{})
}

// The engines where the user names none: native code, or what always runs.
const (
	fastEngine = "cpu"
	safeEngine = "interp"
)

// engine finds an engine by its name.
func (c *calls) engine(name string) backend.Backend {
	if c.ahead != nil && c.ahead.Name() == name {
		return c.ahead
	}
	if name == engine.Name {
		return c.vehicle
	}
	return c.Backend(name)
}

// compile makes a program for the engine that was asked for, and otherwise for native code. A machine without LLVM leaves
// that out, with a word on what to install.
func (c *calls) compile(ctx context.Context, m *ir.Module, events *trace) (backend.Program, error) {
	defer events.begin("compile", "phase")()
	defer c.close()
	name := c.backend
	if name == "" {
		name = fastEngine
		if c.engine(name) == nil {
			name = safeEngine
		}
	}
	c.noPrecision(name)
	p, err := c.compileFor(ctx, c.engine(name), m)
	var missing *toolchain.Missing
	if c.backend == "" && errors.As(err, &missing) {
		c.warn("the interpreter runs the model, which is slow, as native code cannot be made: %v", err)
		name = safeEngine
		c.noPrecision(name)
		p, err = c.compileFor(ctx, c.engine(name), m)
	}
	if c.backend != "" && errors.As(err, &missing) {
		err = fmt.Errorf("%w; or run the model by the interpreter, which is slow: --backend=%s", err, safeEngine)
	}
	c.backend = name
	return p, err
}

// numbers is what --precision says.
func (c *calls) numbers() backend.Precision {
	return backend.Precision(slices.Index(backend.Precisions(), c.precision))
}

// noPrecision warns where an engine takes no notice of --precision.
func (c *calls) noPrecision(engine string) {
	if engine != fastEngine && c.precision != backend.Precisions()[backend.F32] {
		c.warn("--precision=%s: the engine %s computes matrix products of f32 as they are; the engine %s rounds", c.precision, engine, fastEngine)
	}
}

func (c *calls) compileFor(ctx context.Context, b backend.Backend, m *ir.Module) (backend.Program, error) {
	bar := c.newProgress()
	defer bar.finish()
	opt := backend.Options{Threads: c.threads, Precision: c.numbers(), Warn: func(m string) { c.warn("%s", m) }}
	opt.Progress = func(done, total int) { bar.step("compiling", done, total) }
	return b.Compile(ctx, m, opt)
}

// call is one call of a function.
type call struct {
	sig             backend.Signature
	inputs, outputs inputs.Names
	in              []*host.Tensor
	again           backend.CallOptions // of a call that is repeated: its outputs are written over
}

// plan lists the calls that inputs and flags describe. With several functions an input that is not given is the newest
// output of its name, if the caller keeps them (see inputs.Names.earlier).
func (c *calls) plan(m *ir.Module, given *inputs.Given) ([]call, error) {
	functions, err := functionList(m, c.functions)
	if err != nil {
		return nil, err
	}
	steps, err := given.Plan(m, functions)
	if err != nil {
		return nil, err
	}
	list := make([]call, len(steps))
	for k, st := range steps {
		names := inputs.Names{Position: c.io == "position"}
		if len(steps) > 1 || given.Steps() > 0 {
			names.Prefix = fmt.Sprintf("s%d.", k)
		}
		st.Inputs.Position = st.Inputs.Position || names.Position
		list[k] = call{sig: st.Sig, inputs: st.Inputs, outputs: names}
	}
	return list, nil
}

// take finds the inputs of a call.
func (k *call) take(given *inputs.Given) (err error) {
	if k.in, err = given.Take(k.sig, k.inputs); err != nil {
		return fmt.Errorf("@%s: %w", k.sig.Name, err)
	}
	return nil
}
