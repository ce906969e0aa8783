package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
)

func metalCommand() command {
	return command{
		name:  "metal",
		usage: "[flags] MODEL.{pt2,air,airpkg} -o DIR",
		doc:   "Write a model's Metal kernels and their launch plan to a folder, and check them without a Mac.",
		long: `DIR gets the texts of the kernels that are generated for the model, STEM.generated.metal, of those that its author wrote, NAME.metal,
and launch.json, which says how they are called and what a call of each function runs, in which memory and in which order;
docs/metal.md and docs/asset.md describe them. A table says what is in the plan, and why operations are left to the host.

--check compiles the texts by clang and runs them on the processor, in three orders of threads: the kernels of the model's author, with
the sizes of the author's example, then each generated kernel on what the interpreter computes for the operation that it is first used by,
with small sizes where they are open, then functions as a whole if they are small, by the author's definitions if those kernels are wrong. Accesses outside of memory, races, barriers that
not all threads reach and the like are reported with kernel, line and thread, and results are compared with the interpreter's. Code that
comes with a model is compiled and run only with --trust-kernels. It all runs in processes of its own with limits of time and memory.

--check=cuda runs the same text of the author's kernels on an NVIDIA GPU, too, where nothing was found in it. This is a test of the text on a
real GPU, with no limits; it says nothing about Apple's.

A .pt2 is made ready by @metal unless -passes says otherwise; a .air or .airpkg is taken as it stands. The exit status is 0 where nothing is wrong.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &metal{tool: t, flags: passFlags{tool: t}}
			c.flags.declare(fs)
			fs.StringVarP(&c.output, "output", "o", "", "the folder to write to; it is made where it is missing")
			fs.StringVar(&c.check, "check", "", "compile the kernels, run them on the processor (--check=cuda: on an NVIDIA GPU, too), and compare the results")
			fs.Lookup("check").NoOptDefVal = checkCPU
			fs.BoolVar(&c.trust, "trust-kernels", false, "with --check: compile and run kernels that came with the model")
			fs.BoolVar(&c.json, "json", false, "print the table as JSON")
			return c.run
		},
	}
}

// Where --check runs kernels.
const (
	checkCPU  = "cpu"
	checkCUDA = "cuda"
)

type metal struct {
	*tool
	flags  passFlags
	output string
	check  string // "", or where kernels are run
	trust  bool
	json   bool
}

func (c *metal) run(ctx context.Context, args []string) error {
	switch {
	case len(args) != 1:
		return usagef("expected one model, found %d; `%s metal --help` shows how it goes", len(args), c.name)
	case c.check != "" && c.check != checkCPU && c.check != checkCUDA:
		return usagef("--check=%s: expected --check, or --check=%s to run the kernels on an NVIDIA GPU, too", c.check, checkCUDA)
	case c.output == "" && c.check == "":
		return usagef("expected a folder to write to, -o DIR, or --check")
	case c.trust && c.check == "":
		return usagef("--trust-kernels says what --check may run; give both")
	}
	if err := c.flags.check(args); err != nil {
		return err
	}
	m, err := c.load([]aiopt.File{{Path: args[0]}}, nil)
	if err != nil {
		return err
	}
	pipeline := c.flags.pipeline
	if pipeline == "" && strings.HasSuffix(args[0], ".pt2") {
		pipeline = "@metal"
	}
	if err := c.flags.build(ctx, m, pipeline, samplesFlags{}); err != nil {
		return err
	}
	return c.planned(ctx, m)
}

// planned writes, shows and checks the plan of a module.
func (c *metal) planned(ctx context.Context, m *ir.Module) error {
	bar := c.newProgress()
	p, err := plan.Make(ctx, m, plan.Options{Progress: func(done, total int) { bar.step("planning", done, total) }})
	bar.finish()
	if err != nil {
		return err
	}
	if c.output != "" {
		if err := c.write(p); err != nil {
			return err
		}
	}
	report := reportOf(m, p)
	if c.check != "" {
		err = c.checkPlan(ctx, m, p, report)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if c.json {
		return errors.Join(report.json(c.stdout), err)
	}
	report.table(c.stdout)
	return err
}

// write puts the texts and the description into the folder.
func (c *metal) write(p *plan.Plan) error {
	data, err := p.File.Encode()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.output, 0o777); err != nil {
		return err
	}
	files := append(slices.Clone(p.Texts), custom.File{Name: custom.Description, Data: data})
	var errs []error
	for _, f := range files {
		path := filepath.Join(c.output, f.Name)
		err := atomicfile.Write(path, func(to *os.File) error {
			_, err := to.Write(f.Data)
			return err
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// untrusted says that kernels were not checked, and how they are.
func (c *metal) untrusted(list []*custom.Kernel) error {
	var names []string
	for _, k := range list {
		if !slices.Contains(names, k.Launch.Name) {
			names = append(names, k.Launch.Name)
		}
	}
	return fmt.Errorf("not checked: %s; the text came with the model and was neither compiled nor run: --trust-kernels allows that", strings.Join(names, ", "))
}
