package aiopt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
)

// LoadOptions say how a model is read.
type LoadOptions struct {
	// Rename gives inputs, outputs and states of a .pt2 other names.
	Rename map[string]string
	// Warn takes what the user should know though the model was read; nil drops it.
	Warn func(message string)
}

// maxText bounds a .air file; the text of the largest models is some tens of megabytes.
const maxText = 1 << 30

// Load reads a .pt2 or a .air file and verifies it. Weights stay in their files, which are mapped until the program ends.
func (t *Toolkit) Load(path string, opt LoadOptions) (*ir.Module, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, pt2.Identify(path)
	}
	switch filepath.Ext(path) {
	case ".pt2":
		return t.LoadFunctions([]File{{Path: path}}, opt)
	case ".air":
		return t.loadText(path)
	default:
		return nil, pt2.Identify(path)
	}
}

// File names a model file and the function that it becomes; without a name, a single model becomes @main.
type File struct{ Func, Path string }

// LoadFunctions reads several .pt2 files into one module; states are shared by name, weights where they are equal.
func (t *Toolkit) LoadFunctions(files []File, opt LoadOptions) (*ir.Module, error) {
	var programs []torch.Program
	for _, f := range files {
		if filepath.Ext(f.Path) != ".pt2" {
			return nil, fmt.Errorf("%s: several functions are read from .pt2 files only", f.Path)
		}
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
	return m, nil
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
	m, err := text.Parse(path, src, t.Ops)
	if err != nil {
		return nil, err
	}
	m.File = path
	if err := ir.Verify(m); err != nil {
		return nil, placed(path, src, err)
	}
	newSources(filepath.Dir(path)).bind(m)
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
	Hooks       []pass.Hook
	// KeepBefore copies the module before each pass, for hooks that report failures.
	KeepBefore bool
	Report     func(line string)
	Progress   func(what string, done, total int)
}

// Build runs a pipeline over a module, which it changes in place.
func (t *Toolkit) Build(ctx context.Context, m *ir.Module, pipeline string, opt BuildOptions) error {
	p, err := t.Passes.Parse(pipeline)
	if err != nil {
		return err
	}
	pc := &pass.Context{Context: ctx, Executor: opt.Executor, Calibration: opt.Calibration, Report: opt.Report, Progress: opt.Progress}
	runner := pass.Runner{Hooks: opt.Hooks, KeepBefore: opt.KeepBefore}
	return runner.Run(pc, m, p)
}

// Save writes a module as a .air text. Data that passes made goes to a .weights.safetensors file beside it; data that is
// unchanged stays in the file it came from. Either both files are written or neither.
func (t *Toolkit) Save(m *ir.Module, path string) error {
	if filepath.Ext(path) != ".air" {
		return fmt.Errorf("%s: expected a name that ends in .air", path)
	}
	return saveText(m, path)
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
