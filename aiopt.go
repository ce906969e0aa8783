package aiopt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
)

// LoadOptions say how a model is read.
type LoadOptions struct {
	// Rename gives inputs, outputs and states other names, by the ones they have.
	Rename map[string]string
	// Warn takes what the user should know though the model was read; nil drops it.
	Warn func(message string)
}

// maxText bounds a .air file; the text of the largest models is some tens of megabytes.
const maxText = 1 << 30

// Load reads a .pt2, .air or .airpkg file and verifies it. Weights stay in their files, which are mapped until the program ends.
func (t *Toolkit) Load(path string, opt LoadOptions) (*ir.Module, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, pt2.Identify(path)
	}
	if filepath.Ext(path) == ".pt2" {
		return t.LoadFunctions([]File{{Path: path}}, opt)
	}
	m, err := t.loadProgram(path)
	if err != nil {
		return nil, err
	}
	return renamed(m, opt)
}

// renamed gives a module's ports the names that the user wants.
func renamed(m *ir.Module, opt LoadOptions) (*ir.Module, error) {
	if problems := m.Rename(opt.Rename); len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

// loadProgram reads a file that holds a program of aiopt.
func (t *Toolkit) loadProgram(path string) (*ir.Module, error) {
	switch filepath.Ext(path) {
	case ".air":
		return t.loadText(path)
	case ".airpkg":
		return t.loadAsset(path)
	default:
		return nil, pt2.Identify(path)
	}
}

// File names a model file and the function that it becomes; without a name, a single model becomes @main.
type File struct{ Func, Path string }

// LoadFunctions reads several files into one module; states are shared by name, weights where they are equal.
func (t *Toolkit) LoadFunctions(files []File, opt LoadOptions) (*ir.Module, error) {
	if slices.ContainsFunc(files, func(f File) bool { return filepath.Ext(f.Path) != ".pt2" }) {
		return t.loadMerged(files, opt)
	}
	var programs []torch.Program
	for _, f := range files {
		a, err := pt2.Open(f.Path)
		if err != nil {
			return nil, err
		}
		programs = append(programs, torch.Programs(a, f.Func)...)
	}
	m, warnings, err := torch.Import(programs, torch.Options{Rename: opt.Rename})
	if err != nil {
		return nil, err
	}
	if opt.Warn != nil {
		for _, w := range warnings {
			opt.Warn(w.String())
		}
	}
	m.File = files[0].Path
	if err := ir.Verify(m); err != nil {
		return nil, fmt.Errorf("%s: the importer made an invalid module; this is a bug in aiopt:\n%w", m.File, err)
	}
	if err := custom.Lint(m); err != nil {
		return nil, err
	}
	return m, nil
}

// loadMerged reads files of any kind, one after the other, into one module.
func (t *Toolkit) loadMerged(files []File, opt LoadOptions) (*ir.Module, error) {
	all, err := t.merged(files, LoadOptions{Warn: opt.Warn})
	if err != nil {
		return nil, err
	}
	if all, err = renamed(all, opt); err != nil { // of all files together, not one by one
		return nil, err
	}
	if err := ir.Verify(all); err != nil {
		return nil, fmt.Errorf("the files do not fit together:\n%w", err)
	}
	return all, nil
}

func (t *Toolkit) merged(files []File, opt LoadOptions) (*ir.Module, error) {
	var all *ir.Module
	for _, f := range files {
		load := func() (*ir.Module, error) { return t.Load(f.Path, opt) }
		if filepath.Ext(f.Path) == ".pt2" {
			load = func() (*ir.Module, error) { return t.LoadFunctions([]File{f}, opt) }
		}
		m, err := load()
		if err != nil {
			return nil, err
		}
		if len(m.Funcs) == 1 && f.Func != "" {
			m.RenameFunc(m.Funcs[0], f.Func)
		}
		if all == nil {
			all = m
		} else if err := all.Merge(m); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return all, nil
}

// loadAsset reads an asset, whose file stays mapped until the program ends.
func (t *Toolkit) loadAsset(path string) (*ir.Module, error) {
	a, err := asset.Open(path)
	if err != nil {
		if what := pt2.Recognize(path); what != "" && what != pt2.Asset {
			return nil, fmt.Errorf("%s: found %s, expected an .airpkg asset", path, what)
		}
		return nil, err
	}
	m, err := t.LoadAsset(a)
	if err != nil {
		a.Close()
		return nil, err
	}
	return m, nil
}

// LoadAsset reads the program of an asset, which must stay open as long as the module's data is used.
func (t *Toolkit) LoadAsset(a *asset.Asset) (*ir.Module, error) {
	m, err := t.parse(a.ProgramName(), a.Program())
	if err != nil {
		return nil, err
	}
	m.File = a.Path
	if err := a.Bind(m); err != nil {
		return nil, err
	}
	return m, sameKernels(a, m)
}

func (t *Toolkit) loadText(path string) (*ir.Module, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxText {
		return nil, fmt.Errorf("%s has %d bytes; a .air text has at most %d", path, info.Size(), maxText)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := t.parse(path, src)
	if err != nil {
		return nil, err
	}
	newSources(path).bind(m)
	return m, nil
}

// parse reads and verifies a text; mistakes are shown where they stand in it.
func (t *Toolkit) parse(path string, src []byte) (*ir.Module, error) {
	m, err := text.Parse(path, src, t.Ops)
	if err != nil {
		return nil, err
	}
	if err := ir.Verify(m); err != nil {
		return nil, placed(path, src, err)
	}
	return m, nil
}

// placed shows the verifier's problems in the text they stand in.
func placed(path string, src []byte, err error) error {
	problems, ok := ir.AsProblems(err)
	if !ok {
		return err
	}
	ds := text.NewDiagnostics(path, src)
	for _, p := range problems {
		at := p.Pos
		p.Pos = ir.Pos{}
		ds.Add(at, p.String(), "")
	}
	return ds.Err()
}

// BuildOptions say how passes are run.
type BuildOptions struct {
	Executor pass.Executor
	// Calibration is data like that which the model will see, for the passes that need some.
	Calibration *pass.Samples
	Texts       map[string]string // see pass.Context
	Hooks       []pass.Hook
	// KeepBefore copies the module before each pass, for hooks that report failures.
	KeepBefore bool
	Report     func(line string)
	Progress   func(what string, done, total int)
	Compressed func(pass.Compressed)    // see pass.Context
	Outputs    func(pass.OutputQuality) // see pass.Context
	Strict     bool                     // see pass.Context
}

// Build runs a pipeline over a module, which it changes in place.
func (t *Toolkit) Build(ctx context.Context, m *ir.Module, pipeline string, opt BuildOptions) error {
	p, err := t.Passes.Parse(pipeline)
	if err != nil {
		return err
	}
	pc := &pass.Context{Context: ctx, Executor: opt.Executor, Calibration: opt.Calibration, Texts: opt.Texts, Report: opt.Report, Progress: opt.Progress,
		Compressed: opt.Compressed, Outputs: opt.Outputs, Strict: opt.Strict}
	runner := pass.Runner{Hooks: opt.Hooks, KeepBefore: opt.KeepBefore}
	return runner.Run(pc, m, p)
}

// SaveOptions say how a model is written.
type SaveOptions struct {
	Progress func(what string, done, total int) // of writing an asset; may be nil
	// Target adds what is generated for a machine to an asset: Metal, or "" for nothing.
	Target string
}

// Save writes a module by the ending of the name. A .airpkg asset has everything in one file. A .air text has the program:
// data that passes made goes to a .weights.safetensors file beside it, data that is unchanged stays in the file it came
// from. What was there before stays until everything is written.
func (t *Toolkit) Save(m *ir.Module, path string) error {
	return t.SaveContext(context.Background(), m, path, SaveOptions{})
}

// SaveContext is Save that can be cancelled and tells how far it is.
func (t *Toolkit) SaveContext(ctx context.Context, m *ir.Module, path string, opt SaveOptions) error {
	switch filepath.Ext(path) {
	case ".air":
		return saveText(ctx, m, path)
	case ".airpkg":
		kernels, err := targetFiles(ctx, m, opt)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return asset.Write(ctx, path, m, asset.Options{Generator: "aiopt " + Version(), Kernels: kernels, Progress: opt.Progress})
	}
	return fmt.Errorf("%s: expected a name that ends in .air or .airpkg", path)
}

// Version is the module's version as the Go toolchain recorded it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development version"
	}
	return info.Main.Version
}

// Text is the module's text for people and pipes: paths are relative to the working directory, and data that no file
// holds is written inline up to 1 MiB in all, above that left out.
func (t *Toolkit) Text(m *ir.Module, opt text.Options) (string, error) {
	var b strings.Builder
	shown := shallow(m)
	if err := relativeTo(shown, "."); err != nil {
		return "", err
	}
	if err := text.Print(&b, shown, opt); err != nil {
		return "", err
	}
	return b.String(), nil
}

// shallow copies a module's list of resources, so that their sources can be replaced for printing.
func shallow(m *ir.Module) *ir.Module {
	c := *m
	c.Resources = make([]*ir.Resource, len(m.Resources))
	for i, r := range m.Resources {
		copied := *r
		c.Resources[i] = &copied
	}
	return &c
}
