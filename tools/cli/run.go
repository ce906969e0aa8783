package cli

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func runCommand() command {
	return command{
		name:  "run",
		usage: "[flags] MODEL.{pt2,air,airpkg}",
		doc:   "Run a model on inputs and print its outputs or write them to a file.",
		long: `Inputs are given by name with --input, or all at once with --inputs; 'help inputs' explains their forms and names, and those
of outputs with --io=position.

With --function=F,G,... the functions run one after the other and keep state. An input x is what s1.x is given as, for the
second call alone, or x, for all calls; without either it is the newest output of that name of the calls before. Outputs
are named s0.y, s1.y, ... after their call, and --time says how long each took.

With --ref, every output is compared with the one of its name, and what one side lacks is an error.

A .pt2 is compiled with @cpu unless -passes says otherwise; a .air or .airpkg runs as it stands.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &runner{tool: t}
			c.flags.tool = t
			c.flags.declare(fs)
			fs.StringVar(&c.functions, "function", "", "the function to run, or one for each call: prefill,decode,decode")
			fs.StringVar(&c.backend, "backend", "interp", "the engine: "+strings.Join(backendNames(t), ", "))
			fs.IntVar(&c.threads, "threads", 0, "how many threads to use; 0: one for each core")
			fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file with the inputs")
			fs.StringArrayVar(&c.input, "input", nil, "one input, NAME=FILE or NAME=VALUE; may be repeated")
			fs.StringVar(&c.outputs, "outputs", "", "write the outputs to this .safetensors file, or one output to a .npy file, instead of printing them")
			fs.StringVar(&c.ref, "ref", "", "compare the outputs with those of this .safetensors file, or the only one with a .npy file, and print the largest differences and the PSNR; it must hold every output and nothing else")
			fs.Float64Var(&c.atol, "atol", 0, "with --ref: fail where an output differs by more; without it, any difference is allowed")
			fs.StringVar(&c.io, "io", "name", "how tensors are named: name or position")
			fs.StringVar(&c.dump, "dump", "", "print the values whose names match this regular expression")
			return func(ctx context.Context, args []string) error {
				if !fs.Changed("atol") {
					c.atol = anyDifference
				} else if err := c.checkTolerance(); err != nil {
					return err
				}
				return c.run(ctx, args)
			}
		},
	}
}

func backendNames(t *tool) []string {
	var names []string
	for _, b := range t.Backends {
		names = append(names, b.Name())
	}
	return names
}

// anyDifference is the tolerance where none is given.
const anyDifference = -1

func (c *runner) checkTolerance() error {
	if !(c.atol >= 0) || math.IsInf(c.atol, 1) {
		return usagef("--atol=%v: expected a number of 0 or more", c.atol)
	}
	if c.ref == "" {
		return usagef("--atol needs the outputs to compare with, --ref=FILE.safetensors")
	}
	return nil
}

type runner struct {
	*tool
	flags     passFlags
	functions string
	backend   string
	threads   int
	inputs    string
	input     []string
	outputs   string
	ref       string
	atol      float64
	io        string
	dump      string
	dumped    bool // something matched dump
}

func (c *runner) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usagef("expected one model, found %d; `%s run --help` shows how it goes", len(args), c.name)
	}
	if c.io != "name" && c.io != "position" {
		return usagef("--io=%s: expected name or position", c.io)
	}
	if c.threads < 0 {
		return usagef("--threads=%d: expected 0 or more", c.threads)
	}
	if err := checkOutputs(c.outputs); err != nil {
		return err
	}
	if err := c.flags.check(args); err != nil {
		return err
	}
	engine := c.Backend(c.backend)
	if engine == nil {
		return usagef("--backend=%s: there is no such engine; there is %s", c.backend, strings.Join(backendNames(c.tool), ", "))
	}
	observe, err := c.observer()
	if err != nil {
		return err
	}
	ref, err := openReference(c.ref)
	if err != nil {
		return err
	}
	given, err := readInputs(c.inputs, c.input)
	if err != nil {
		return err
	}
	m, err := c.load([]aiopt.File{{Path: args[0]}}, nil)
	if err != nil {
		return err
	}
	pipeline := c.flags.pipeline
	if pipeline == "" && strings.HasSuffix(args[0], ".pt2") {
		pipeline = "@cpu"
	}
	if err := c.flags.build(ctx, m, pipeline, samplesFlags{}); err != nil {
		return err
	}
	program, err := engine.Compile(ctx, m, backend.Options{Threads: c.threads})
	if err != nil {
		return err
	}
	defer program.Close()
	return c.calls(ctx, m, program, given, ref, observe)
}

// calls runs the calls that the inputs describe and gives the results to the user.
func (c *runner) calls(ctx context.Context, m *ir.Module, program backend.Program, given *inputs, ref *reference, observe *backend.CallOptions) error {
	functions, err := functionList(m, c.functions)
	if err != nil {
		return err
	}
	steps, err := given.plan(m, functions)
	if err != nil {
		return err
	}
	if n := c.countOutputs(m, steps); filepath.Ext(c.outputs) == npyEnding && n != 1 {
		return usagef("--outputs=%s: a .npy file holds one tensor, there are %d to write; expected a name that ends in .safetensors", c.outputs, n)
	}
	session := program.NewSession()
	if err := given.setStates(m, session); err != nil {
		return err
	}
	bar := c.newProgress()
	defer bar.finish()
	observe.Progress = func(done, total int) { bar.step("running", done, total) }
	timing := newTiming(c.flags.timing, observe)
	var results outputs
	earlier := map[string]*host.Tensor{}
	for k, st := range steps {
		names := portNames{position: c.io == "position"}
		if len(steps) > 1 || given.steps() > 0 {
			names.prefix = fmt.Sprintf("s%d.", k)
		}
		st.inputs.position = st.inputs.position || names.position
		if len(functions) > 1 && !st.inputs.position {
			st.inputs.earlier = earlier
		}
		fn := st.sig.Func.Name
		in, err := given.take(st.sig, st.inputs)
		if err != nil {
			return fmt.Errorf("@%s: %w", fn, err)
		}
		end := timing.call(names.prefix, m, st.sig.Func)
		out, err := session.Call(ctx, fn, in, observe)
		if err != nil {
			return err
		}
		end()
		results.add(st.sig, names, out)
		st.inputs.keep(st.sig, out)
	}
	if err := given.unused(); err != nil {
		return err
	}
	if c.io == "position" {
		if err := results.addStates(m, session); err != nil {
			return err
		}
	}
	bar.finish()
	timing.print(c.stderr)
	if c.dump != "" && !c.dumped {
		c.warn("--dump=%s: no value that was computed has a name that matches; a kernel that fuse made keeps its values inside, -passes=decompose shows more", c.dump)
	}
	if c.outputs != "" {
		err = results.write(c.outputs)
	} else {
		err = results.print(c.stdout)
	}
	if err == nil && ref != nil {
		err = results.compare(c.stdout, ref, c.atol)
	}
	return err
}

// countOutputs counts the tensors that calls of functions give to the user.
func (c *runner) countOutputs(m *ir.Module, steps []step) int {
	n := 0
	for _, st := range steps {
		n += len(st.sig.Outputs)
	}
	if c.io == "position" {
		n += len(m.States)
	}
	return n
}

// shown prints a tensor for people: all of a small one, the first elements of a large one.
func shown(t *host.Tensor) string {
	const most = 64
	n := t.Len()
	var b strings.Builder
	b.WriteString("[")
	for i := range min(n, most) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(host.Format(t, i))
	}
	if n > most {
		fmt.Fprintf(&b, ", ... %d more", n-most)
	}
	return b.String() + "]"
}
