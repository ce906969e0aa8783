package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/sides"
)

func transformCommand() command {
	return command{
		usage: "[flags] MODEL.{pt2,air,airpkg} | NAME=MODEL...",
		doc:   "Import a model, run passes over it, and print its text or write it.",
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &transform{tool: t}
			c.passFlags(fs)
			fs.StringVarP(&c.output, "output", "o", "", "write to this .airpkg file, or .air file (changed weights go beside it), instead of printing")
			fs.StringArrayVar(&c.rename, "rename", nil, "give an input, output or state another name, OLD=NEW; may be repeated")
			fs.StringVar(&c.target, "target", "", "metal: pack generated Metal kernels and their launch plan into the asset; runs @metal first unless -passes says otherwise or the model is a .air or .airpkg")
			fs.BoolVar(&c.locs, "locs", true, "print where each operation comes from")
			fs.BoolVar(&c.trust, "trust-kernels", false, "compile the Metal kernels that came with the model, to find mistakes in them")
			fs.StringVar(&c.inputs, "inputs", "", "a .safetensors file, or a folder of samples: calibration data, and what --verify=numeric runs; 'help inputs' explains")
			fs.StringVar(&c.functions, "function", "", "the function that the samples of --inputs are for, or one for each of their calls, where neither folders nor names say it")
			return c.run
		},
	}
}

// passFlags are the flags of every command that runs passes.
type passFlags struct {
	*tool
	pipeline  string
	dumpAfter []string
	timing    bool
	verify    string
	compressionFlags
}

func (p *passFlags) declare(fs *pflag.FlagSet) {
	fs.StringVar(&p.pipeline, "passes", "", "the passes to run, such as decompose,fuse,w4{group=32} or @cpu; 'help passes' lists them")
	fs.StringSliceVar(&p.dumpAfter, "dump-after", nil, "print the module to stderr after these passes, or all")
	fs.BoolVar(&p.timing, "time", false, "print how long each step took")
	fs.StringVar(&p.verify, "verify", "", "numeric: run the model before and after each pass and compare the results")
	fs.Lookup("verify").NoOptDefVal = "structure" // what the runner does anyway
	p.compressionFlags.declare(fs)
}

type transform struct {
	*tool
	flags     passFlags
	output    string
	rename    []string
	locs      bool
	inputs    string
	functions string
	trust     bool
	target    string
}

func (c *transform) passFlags(fs *pflag.FlagSet) {
	c.flags.tool = c.tool
	c.flags.declare(fs)
}

func (c *transform) run(ctx context.Context, args []string) error {
	if err := c.flags.check(args); err != nil {
		return err
	}
	files, err := modelFiles(args)
	if err != nil {
		return fmt.Errorf("%w; `%s help` shows how it goes", err, c.name)
	}
	if ext := filepath.Ext(c.output); c.output != "" && ext != ".air" && ext != ".airpkg" {
		return usagef("-o %s: expected a name that ends in .air or .airpkg", c.output)
	}
	if err := c.checkTarget(files); err != nil {
		return err
	}
	if c.output != "" {
		if err := atomicfile.Check(c.output); err != nil {
			return err
		}
	}
	if c.inputs != "" {
		if _, err := statInputs(c.inputs); err != nil {
			return err
		}
	}
	rename, err := parseRenames(c.rename)
	if err != nil {
		return err
	}
	m, err := c.load(files, rename)
	if err != nil {
		return err
	}
	if c.trust {
		if err := c.compileKernels(ctx, m); err != nil {
			return err
		}
	}
	if err := c.flags.build(ctx, m, c.flags.pipeline, samplesFlags{c.inputs, c.functions}); err != nil {
		return err
	}
	if c.output != "" {
		bar := c.newProgress()
		defer bar.finish()
		return c.SaveContext(ctx, m, c.output, aiopt.SaveOptions{Progress: bar.step, Target: c.target})
	}
	printed, err := c.Text(m, text.Options{Locs: c.locs})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.stdout, printed)
	return err
}

// checkTarget refuses targets that are not there, and makes a model from PyTorch ready for one.
func (c *transform) checkTarget(files []aiopt.File) error {
	switch {
	case c.target == "":
		return nil
	case c.target != aiopt.Metal:
		return usagef("--target=%s: expected metal", c.target)
	case filepath.Ext(c.output) != ".airpkg":
		return usagef("--target=%s goes into an asset: expected -o NAME.airpkg", c.target)
	}
	if c.flags.pipeline == "" && !slices.ContainsFunc(files, func(f aiopt.File) bool { return filepath.Ext(f.Path) != ".pt2" }) {
		c.flags.pipeline = "@" + c.target
	}
	return nil
}

func parseRenames(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range list {
		from, to, ok := strings.Cut(r, "=")
		if !ok || from == "" || to == "" {
			return nil, usagef("--rename %s: expected OLD=NEW", r)
		}
		if _, twice := out[from]; twice {
			return nil, usagef("--rename: %s is renamed twice", from)
		}
		out[from] = to
	}
	return out, nil
}

// modelFiles reads the model arguments: one file, or several with the name of the function each becomes.
func modelFiles(args []string) ([]aiopt.File, error) {
	var files []aiopt.File
	for _, a := range args {
		name, path, named := strings.Cut(a, "=")
		if !named || strings.ContainsAny(name, "/.") {
			name, path = "", a
		}
		files = append(files, aiopt.File{Func: name, Path: path})
		if len(args) > 1 && name == "" {
			if near := pass.Nearest(args[0], commandNames()); near != "" {
				return nil, usagef("there is no command %q; did you mean %s?", args[0], near)
			}
			return nil, usagef("expected one model, found %d; several take the form NAME=MODEL", len(args))
		}
	}
	if len(files) == 0 {
		return nil, usagef("expected a model, found none")
	}
	if f := files[0]; filepath.Ext(f.Path) == "" {
		if _, err := os.Stat(f.Path); errors.Is(err, fs.ErrNotExist) {
			hint := ""
			if near := pass.Nearest(args[0], append(commandNames(), "--version", "--help")); near != "" {
				hint = fmt.Sprintf("; did you mean %s?", near)
			}
			return nil, usagef("there is no command and no file %q%s", args[0], hint)
		}
	}
	return files, nil
}

func (t *tool) load(files []aiopt.File, rename map[string]string) (*ir.Module, error) {
	defer t.limitMemory(files)()
	opt := aiopt.LoadOptions{Rename: rename, Warn: func(m string) { t.warn("%s", m) }}
	if len(files) == 1 && files[0].Func == "" {
		return t.Load(files[0].Path, opt)
	}
	return t.LoadFunctions(files, opt)
}

// limitMemory collects garbage as soon as reading .pt2 files takes more than they are worth, and gives what ends that.
func (t *tool) limitMemory(files []aiopt.File) (end func()) {
	limit := int64(48 << 20)
	for _, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil || filepath.Ext(f.Path) != ".pt2" || !t.alone {
			return func() {}
		}
		limit += 3 * info.Size()
	}
	before := debug.SetMemoryLimit(limit)
	return func() { debug.SetMemoryLimit(before) }
}

// check refuses what cannot be done whatever the model is, before any work.
func (p *passFlags) check(args []string) error {
	if p.verify == "structure" && slices.Contains(args, "numeric") {
		return usagef("--verify takes its value behind =: --verify=numeric")
	}
	if p.verify != "" && p.verify != "structure" && p.verify != "numeric" {
		return usagef("--verify=%s: expected numeric", p.verify)
	}
	if err := p.knownPasses(p.dumpAfter); err != nil {
		return err
	}
	if _, err := p.Passes.Parse(p.pipeline); err != nil {
		return err
	}
	if p.config != "" {
		if what := pt2.Recognize(p.config); what != "" {
			return fmt.Errorf("--config=%s: found %s, expected a YAML file; docs/recipes.md explains it", p.config, what)
		}
		info, err := os.Stat(p.config)
		var perr *fs.PathError
		switch {
		case errors.As(err, &perr):
			return fmt.Errorf("--config=%s: expected a YAML file: %w", p.config, perr.Err)
		case err == nil && info.IsDir():
			return fmt.Errorf("--config=%s: found a folder, expected a YAML file", p.config)
		}
	}
	return p.checkReport()
}

// samplesFlags say where samples are, and which functions they are for.
type samplesFlags struct{ path, functions string }

// build runs a pipeline with the hooks that the flags ask for.
func (p *passFlags) build(ctx context.Context, m *ir.Module, pipeline string, data samplesFlags) error {
	asked := p.pipeline != "" || p.config != ""
	pipeline = sides.WithConfig(pipeline, p.config, m)
	if p.alone && asked {
		debug.SetGCPercent(100) // from here on memory goes into tensors, not into small objects that stay
	}
	bar := p.newProgress()
	defer bar.finish()
	opt := aiopt.BuildOptions{
		Executor:   backend.Executor{Backend: p.Backend("interp")},
		KeepBefore: asked, // it takes a while, and what a model needs to run is well known
		Progress:   bar.step,
	}
	if asked { // what a model needs to run is nobody's news
		opt.Report = func(line string) { fmt.Fprintln(p.stderr, line) }
	}
	compressed := p.watch(m, pipeline, &opt)
	if len(p.dumpAfter) > 0 {
		opt.Hooks = append(opt.Hooks, p.dumpHook())
	}
	if p.timing {
		opt.Hooks = append(opt.Hooks, p.timeHook())
	}
	if data.path != "" {
		samples, err := openSamples(m, data.path, data.functions)
		if err != nil {
			return err
		}
		opt.Calibration = samples
	}
	if p.verify == "numeric" {
		opt.Hooks = append(opt.Hooks, p.numericHook(opt.Calibration))
	}
	opt.Hooks = append(opt.Hooks, p.reproducer(pipeline))
	err := p.Build(ctx, m, pipeline, opt)
	bar.finish()
	if ctx.Err() != nil { // nothing is told of work that was not completed
		return ctx.Err()
	}
	if told := p.tell(compressed, m, p.report, err != nil); err == nil {
		err = told
	}
	return err
}

func (p *passFlags) knownPasses(names []string) error {
	for _, n := range names {
		if n != "all" && p.Passes.Make(n) == nil {
			return usagef("--dump-after=%s: there is no such pass; `%s help passes` lists them", n, p.name)
		}
	}
	return nil
}

func (p *passFlags) dumpHook() pass.Hook {
	wanted := map[string]bool{}
	for _, n := range p.dumpAfter {
		wanted[n] = true
	}
	return pass.Hook{After: func(ctx *pass.Context, m *ir.Module) error {
		if !wanted["all"] && !wanted[ctx.Pass.Name] {
			return nil
		}
		printed, err := p.Text(m, text.Options{})
		if err == nil {
			_, err = fmt.Fprintf(p.stderr, "// after %s\n%s", ctx.Pass, printed)
		}
		return err
	}}
}

func (p *passFlags) timeHook() pass.Hook {
	var start time.Time
	return pass.Hook{
		Before: func(*pass.Context, *ir.Module) error { start = time.Now(); return nil },
		After: func(ctx *pass.Context, m *ir.Module) error {
			fmt.Fprintf(p.stderr, "%10.1f ms  %s\n", float64(time.Since(start).Microseconds())/1000, ctx.Pass)
			return nil
		},
	}
}

// reproducer writes the module as it was before a pass that broke a promise, and says how to run that pass again. A
// mistake of the user leaves no files.
func (p *passFlags) reproducer(pipeline string) pass.Hook {
	return pass.Hook{Failed: func(ctx *pass.Context, before *ir.Module, rest pass.Pipeline, err error) {
		var perr *pass.Error
		_, crashed := asPanic(err)
		if !crashed && (!errors.As(err, &perr) || perr.Stage == "") {
			return
		}
		if before == nil {
			p.warn("with -passes=%s the module before the pass is kept", pipeline)
			return
		}
		dir, mkErr := os.MkdirTemp("", "aiopt-crash-")
		if mkErr != nil {
			return
		}
		path := filepath.Join(dir, "before.air")
		if saveErr := p.Save(before, path); saveErr != nil {
			p.warn("the module before the pass could not be saved: %v", saveErr)
			return
		}
		p.warn("the module before the pass is in %s; run it again with\n  %s -passes='%s' %s", path, p.name, rest[:1], path)
	}}
}

func asPanic(err error) (*pass.Panic, bool) {
	var panicked *pass.Panic
	ok := errors.As(err, &panicked)
	return panicked, ok
}
