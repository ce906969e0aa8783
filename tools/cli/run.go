package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/metal/cuda/timed"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/inputs"
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

With --ref, the outputs are not printed: every one is compared with the one of its name, in the order of the model, and
what one side lacks is an error.

--backend=metal-cuda runs Metal kernels on an NVIDIA GPU: a test vehicle, which says nothing about Metal's speed.

A .pt2 is compiled with @cpu, or for --backend=metal and metal-cuda with @metal, unless -passes says otherwise; a .air or .airpkg runs as it stands.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &runner{calls: newCalls(t)}
			c.declare(fs)
			fs.StringVar(&c.outputs, "outputs", "", "write the outputs to this .safetensors file, or one output to a .npy file, instead of printing them")
			fs.Float64Var(&c.atol, "atol", 0, "with --ref: fail where an output differs by more; without it, any difference is allowed")
			fs.StringVar(&c.dump, "dump", "", "print the values, inputs, outputs and states whose names match this regular expression, as they are computed")
			fs.StringVar(&c.dumpTo, "dump-to", "", "write what --dump chooses to this .safetensors file instead")
			fs.StringVar(&c.save, "save-intermediates", "", "write every value that stands for a tensor of the PyTorch graph to this .safetensors file, for 'aiopt compare'")
			fs.StringVar(&c.packed, "kernels", "", "with --backend=metal-cuda: a folder that bench --pack has written, in place of clang")
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
	calls
	outputs string
	atol    float64
	dump    string
	dumpTo  string
	save    string
}

func (c *runner) run(ctx context.Context, args []string) error {
	if err := c.check(args); err != nil {
		return err
	}
	if err := checkOutputs(c.outputs); err != nil {
		return err
	}
	choose, err := c.checkWatchers()
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
	if c.packed != "" {
		set, err := timed.Read(c.packed)
		if err != nil {
			return fmt.Errorf("--kernels: expected a folder that bench --pack has written: %w", err)
		}
		c.vehicle.Modules = set.Modules
	}
	events := newTrace(c.trace)
	defer c.close()
	m, err := c.read(ctx, args[0], events)
	if err != nil {
		return err
	}
	if choose != nil {
		if err := choose.check(m); err != nil {
			return err
		}
	}
	program, err := c.compile(ctx, m, events)
	if err != nil {
		return err
	}
	defer program.Close()
	r := &running{runner: c, m: m, given: given, ref: ref, events: events}
	defer r.watchers.discard()
	if err := r.watch(choose); err != nil {
		return err
	}
	if err := r.all(ctx, program); err != nil {
		return err
	}
	return events.write()
}

// checkWatchers refuses flags of watching that make no sense, and reads the expression of --dump.
func (c *runner) checkWatchers() (*chosen, error) {
	if err := errors.Join(checkSaved("--save-intermediates", c.save), checkSaved("--dump-to", c.dumpTo)); err != nil {
		return nil, err
	}
	switch {
	case c.dump != "":
		return newChosen(c.dump, c.warn)
	case c.dumpTo != "":
		return nil, usagef("--dump-to needs an expression that chooses values, --dump=REGEXP")
	}
	return nil, nil
}

// running is one run of the calls that the inputs describe.
type running struct {
	*runner
	m        *ir.Module
	given    *inputs.Given
	ref      *reference
	watchers watchers
	events   *trace
	results  outputs
}

// watch lists those who look at values.
func (r *running) watch(choose *chosen) error {
	add := func(path string, names *chosen) error {
		s, err := newSaver(path, r.m, r.backend, backend.Options{Precision: r.numbers()}, names)
		if err == nil {
			r.watchers.list = append(r.watchers.list, s)
		}
		return err
	}
	if choose != nil {
		choose.backend = r.backend
	}
	switch {
	case r.dumpTo != "":
		if err := add(r.dumpTo, choose); err != nil {
			return err
		}
	case choose != nil:
		r.watchers.list = append(r.watchers.list, &dumper{chosen: choose, t: r.tool})
	}
	if r.save != "" {
		return add(r.save, nil)
	}
	return nil
}

func (r *running) all(ctx context.Context, program backend.Program) error {
	calls, err := r.plan(r.m, r.given)
	if err != nil {
		return err
	}
	if n := r.countOutputs(r.m, calls); filepath.Ext(r.outputs) == npyEnding && n != 1 {
		return usagef("--outputs=%s: a .npy file holds one tensor, there are %d to write; expected a name that ends in .safetensors", r.outputs, n)
	}
	session := program.NewSession()
	if err := r.given.SetStates(r.m, session); err != nil {
		return err
	}
	bar := r.newProgress()
	defer bar.finish()
	ctx, opt := r.watchers.options(ctx)
	opt.Progress = func(done, total int) { bar.step("running", done, total) }
	timing := newTiming(r.flags.timing, opt)
	r.events.watch(opt)
	if err := r.each(ctx, session, calls, timing, opt); err != nil {
		return err
	}
	if err := r.given.Unused(); err != nil {
		return err
	}
	if r.io == "position" {
		if err := r.results.addStates(r.m, session); err != nil {
			return err
		}
	}
	if err := r.watchers.finish(); err != nil {
		return err
	}
	bar.finish()
	timing.print(r.stderr)
	return r.show()
}

// each makes the calls one after the other; of several functions each may take what those before it gave.
func (r *running) each(ctx context.Context, session backend.Session, calls []call, timing *timing, opt *backend.CallOptions) error {
	chained := strings.Contains(r.functions, ",")
	earlier := map[string]*host.Tensor{}
	for k := range calls {
		one := &calls[k]
		if chained && !one.inputs.Position {
			one.inputs.Earlier = earlier
		}
		if err := one.take(r.given); err != nil {
			return err
		}
		end := timing.call(one.outputs.Prefix, r.m, one.sig.Func)
		out, err := r.watchers.call(one, session, func() ([]*host.Tensor, error) { return session.Call(ctx, one.sig.Name, one.in, opt) })
		if err != nil {
			return err
		}
		end()
		r.results.add(one.sig, one.outputs, out)
		one.inputs.Keep(one.sig, out)
	}
	return nil
}

// show gives the results to the user.
func (r *running) show() (err error) {
	switch {
	case r.outputs != "":
		err = r.results.write(r.outputs)
	case r.ref == nil:
		err = r.results.print(r.stdout)
	}
	if err == nil && r.ref != nil {
		err = r.results.compare(r.stdout, r.ref, r.atol)
	}
	return err
}

// countOutputs counts the tensors that calls of functions give to the user.
func (c *runner) countOutputs(m *ir.Module, calls []call) int {
	n := 0
	for _, st := range calls {
		n += len(st.sig.Outputs)
	}
	if c.io == "position" {
		n += len(m.States)
	}
	return n
}

// shown prints a tensor for people: all of a small one, the first elements of a large one.
func shown(t *host.Tensor) string { return firstOf(t, 64) }

func firstOf(t *host.Tensor, most int) string {
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
