package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend"
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
			c := &runner{calls: newCalls(t)}
			c.declare(fs)
			fs.StringVar(&c.outputs, "outputs", "", "write the outputs to this .safetensors file, or one output to a .npy file, instead of printing them")
			fs.Float64Var(&c.atol, "atol", -1, "with --ref: fail where an output differs by more")
			fs.StringVar(&c.dump, "dump", "", "print the values whose names match this regular expression")
			return c.run
		},
	}
}

type runner struct {
	calls
	outputs string
	atol    float64
	dump    string
	dumped  bool // something matched dump
}

func (c *runner) run(ctx context.Context, args []string) error {
	if err := c.check(args); err != nil {
		return err
	}
	if err := checkOutputs(c.outputs); err != nil {
		return err
	}
	observe, err := c.observer()
	if err != nil {
		return err
	}
	events := newTrace(c.trace)
	m, err := c.read(ctx, args[0], events)
	if err != nil {
		return err
	}
	program, err := c.compile(ctx, m, events)
	if err != nil {
		return err
	}
	defer program.Close()
	if err := c.runAll(ctx, m, program, observe, events); err != nil {
		return err
	}
	return events.write()
}

// runAll runs the calls that the inputs describe and gives the results to the user.
func (c *runner) runAll(ctx context.Context, m *ir.Module, program backend.Program, observe *backend.CallOptions, events *trace) error {
	given, err := readInputs(c.inputs, c.input)
	if err != nil {
		return err
	}
	functions, err := c.functionOf(m, given.steps())
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
	events.watch(observe)
	var results outputs
	for k := range functions {
		call, err := c.call(m, given, functions, k)
		if err != nil {
			return err
		}
		out, err := session.Call(ctx, call.sig.Name, call.in, observe)
		if err != nil {
			return err
		}
		results.add(call.sig, call.names, out)
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
