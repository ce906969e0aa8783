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
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
)

func metalCommand() command {
	return command{
		name:  "metal",
		usage: "[flags] MODEL.{pt2,air,airpkg} -o DIR",
		doc:   "Write a model's Metal kernels to a folder, and check them without a Mac.",
		long: `DIR gets the text of each kernel that the model's author wrote, NAME.metal, and launch.json, which says how they are called;
docs/custom-kernels.md describes both.

--check compiles the texts by clang and runs them on the processor, each with the sizes of its author's example and in three
orders of threads: accesses outside of memory, races, barriers that not all threads reach and the like are reported with the
line, and the results are compared with what the PyTorch definition gives. Code that comes with a model is compiled and run only
with --trust-kernels, and then in a process of its own with limits of time and memory.

--check=cuda runs the same text on an NVIDIA GPU, too, where nothing was found in it. This is a test of the text on a real GPU, with
no limits; it says nothing about Apple's.

A .pt2 is lowered by decompose unless -passes says otherwise; a .air or .airpkg is taken as it stands.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &metal{tool: t, flags: passFlags{tool: t}}
			c.flags.declare(fs)
			fs.StringVarP(&c.output, "output", "o", "", "the folder to write to; it is made where it is missing")
			fs.StringVar(&c.check, "check", "", "compile the kernels, run them on the processor (--check=cuda: on an NVIDIA GPU, too), and compare the results")
			fs.Lookup("check").NoOptDefVal = checkCPU
			fs.BoolVar(&c.trust, "trust-kernels", false, "with --check: compile and run kernels that came with the model")
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
		pipeline = "decompose"
	}
	if err := c.flags.build(ctx, m, pipeline, samplesFlags{}); err != nil {
		return err
	}
	list, err := custom.Of(m)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s: the model has no Metal kernels of its own", args[0])
	}
	if c.output != "" {
		if err := c.write(list); err != nil {
			return err
		}
	}
	if c.check == "" {
		return nil
	}
	return c.checkCustom(ctx, m, list)
}

// write puts the files of the kernels into the folder.
func (c *metal) write(list []*custom.Kernel) error {
	files, err := custom.Files(list)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.output, 0o777); err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		path := filepath.Join(c.output, f.Name)
		err := atomicfile.Write(path, func(to *os.File) error {
			_, err := to.Write(f.Data)
			return err
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(c.stdout, "%s\n", path)
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

// checkCustom runs the kernels that the model's author wrote, if the user trusts them.
func (c *metal) checkCustom(ctx context.Context, m *ir.Module, list []*custom.Kernel) error {
	if !c.trust {
		return c.untrusted(list)
	}
	return c.checkTrusted(ctx, m, list)
}
