package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func runCommand() command {
	return command{
		name:  "run",
		usage: "[flags] MODEL.{pt2,air,airpkg}",
		doc:   "Run a model on inputs and print its outputs or write them to a file.",
		long: `Inputs are given by name with --input, or all at once with --inputs from a .safetensors file. A VALUE is JSON
(a number, true, a string in quotes, nested lists) or the name of a .npy or .safetensors file.

With --io=position, tensors are named in0, in1, ... and out0, out1, ... in the order of the exported signature; an input
that the model mutates comes back as mut<i>, and the state NAME after the last call as buf:NAME. A file with the names
s0.in0, s1.in0, ... is a run of consecutive calls that keep state.

A .pt2 is compiled with @cpu unless -passes says otherwise; a .air or .airpkg runs as it stands.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &runner{tool: t}
			c.flags.tool = t
			c.flags.declare(fs)
			fs.StringVar(&c.functions, "function", "", "the function to run, or one for each call: prefill,decode,decode")
			fs.StringVar(&c.backend, "backend", "", "the engine: "+strings.Join(backendNames(t), ", ")+"; cpu where LLVM is found, interp otherwise")
			fs.IntVar(&c.threads, "threads", 0, "how many threads to use; 0: one for each core")
			fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file with the inputs")
			fs.StringArrayVar(&c.input, "input", nil, "one input, NAME=FILE or NAME=VALUE; may be repeated")
			fs.StringVar(&c.outputs, "outputs", "", "write the outputs to this .safetensors file, or one output to a .npy file, instead of printing them")
			fs.StringVar(&c.ref, "ref", "", "compare the outputs with those of this .safetensors file and print the largest difference")
			fs.Float64Var(&c.atol, "atol", -1, "with --ref: fail where an output differs by more")
			fs.StringVar(&c.io, "io", "name", "how tensors are named: name or position")
			fs.StringVar(&c.dump, "dump", "", "print the values whose names match this regular expression")
			return c.run
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
	if c.backend != "" && c.Backend(c.backend) == nil {
		return usagef("--backend=%s: there is no such engine; there is %s", c.backend, strings.Join(backendNames(c.tool), ", "))
	}
	observe, err := c.observer()
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
	if err := c.flags.build(ctx, m, pipeline, ""); err != nil {
		return err
	}
	program, err := c.compile(ctx, m)
	if err != nil {
		return err
	}
	defer program.Close()
	return c.calls(ctx, m, program, observe)
}

// compile takes the engine that was asked for; without that, native code where the machine can make it.
func (c *runner) compile(ctx context.Context, m *ir.Module) (backend.Program, error) {
	opt := backend.Options{Threads: c.threads}
	if c.backend != "" {
		return c.Backend(c.backend).Compile(ctx, m, opt)
	}
	if engine := c.Backend("cpu"); engine != nil {
		p, err := engine.Compile(ctx, m, opt)
		var missing *toolchain.Missing
		if !errors.As(err, &missing) {
			return p, err
		}
		c.warn("the model is interpreted, slowly, as %v", missing)
	}
	return c.Backend("interp").Compile(ctx, m, opt)
}

// calls runs the calls that the inputs describe and gives the results to the user.
func (c *runner) calls(ctx context.Context, m *ir.Module, program backend.Program, observe *backend.CallOptions) error {
	given, err := readInputs(c.inputs, c.input)
	if err != nil {
		return err
	}
	steps := given.steps()
	functions, err := c.functionOf(m, steps)
	if err != nil {
		return err
	}
	if n := c.countOutputs(m, functions); filepath.Ext(c.outputs) == npyEnding && n != 1 {
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
	for k, fn := range functions {
		names := portNames{position: c.io == "position"}
		if steps > 0 {
			names.prefix = fmt.Sprintf("s%d.", k)
		}
		sig := backend.SignatureOf(m.Func(fn))
		in, err := given.take(sig, names)
		if err != nil {
			return fmt.Errorf("@%s: %w", fn, err)
		}
		out, err := session.Call(ctx, fn, in, observe)
		if err != nil {
			return err
		}
		results.add(sig, names, out)
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
	if err == nil && c.ref != "" {
		err = results.compare(c.stdout, c.ref, c.atol)
	}
	return err
}

// countOutputs counts the tensors that calls of functions give to the user.
func (c *runner) countOutputs(m *ir.Module, functions []string) int {
	n := 0
	for _, fn := range functions {
		n += len(backend.SignatureOf(m.Func(fn)).Outputs)
	}
	if c.io == "position" {
		n += len(m.States)
	}
	return n
}

// functionOf gives the function of each call.
func (c *runner) functionOf(m *ir.Module, steps int) ([]string, error) {
	names := strings.Split(c.functions, ",")
	if c.functions == "" {
		if len(m.Funcs) != 1 {
			return nil, usagef("the model has several functions; choose with --function=%s", strings.Join(funcNames(m), ","))
		}
		names = []string{m.Funcs[0].Name}
	}
	calls := max(steps, 1)
	if len(names) == 1 {
		for len(names) < calls {
			names = append(names, names[0])
		}
	}
	if len(names) != calls {
		return nil, usagef("--function names %d functions, the inputs are for %d calls", len(names), calls)
	}
	for _, n := range names {
		if m.Func(n) == nil {
			return nil, usagef("--function=%s: the model has %s", n, strings.Join(funcNames(m), ", "))
		}
	}
	return names, nil
}

func funcNames(m *ir.Module) []string {
	var names []string
	for _, f := range m.Funcs {
		names = append(names, f.Name)
	}
	return names
}

// timing adds up how long each kind of operation took.
type timing struct {
	on    bool
	start time.Time
	total map[string]time.Duration
	count map[string]int
}

func newTiming(on bool, opt *backend.CallOptions) *timing {
	t := &timing{on: on, start: time.Now(), total: map[string]time.Duration{}, count: map[string]int{}}
	if on {
		opt.Timing = func(op *ir.Op, by string, ns int64) {
			what := by + "  " + op.Name()
			t.total[what] += time.Duration(ns)
			t.count[what]++
		}
	}
	return t
}

func (t *timing) print(w interface{ Write([]byte) (int, error) }) {
	if !t.on {
		return
	}
	var names []string
	for n := range t.total {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if t.total[names[i]] != t.total[names[j]] {
			return t.total[names[i]] > t.total[names[j]]
		}
		return names[i] < names[j]
	})
	for _, n := range names {
		fmt.Fprintf(w, "%10.1f ms  %s (%d times)\n", float64(t.total[n].Microseconds())/1000, n, t.count[n])
	}
	fmt.Fprintf(w, "%10.1f ms  in all\n", float64(time.Since(t.start).Microseconds())/1000)
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
