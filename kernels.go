package aiopt

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
)

// kernelsFolder is where an asset has its kernels.
const kernelsFolder = "kernels/"

// Metal is the target of assets with generated Metal kernels and their launch plan.
const Metal = "metal"

// kernelFiles are the entries of an asset for the kernels that a module calls.
func kernelFiles(m *ir.Module) ([]asset.File, error) {
	list, err := custom.Of(m)
	if err != nil {
		return nil, err
	}
	files, err := custom.Files(list)
	return inFolder(files), err
}

func inFolder(files []custom.File) []asset.File {
	var entries []asset.File
	for _, f := range files {
		entries = append(entries, asset.File{Name: kernelsFolder + f.Name, Data: f.Data})
	}
	return entries
}

// targetFiles are the entries of an asset for a target: those of users' kernels, and what is generated.
func targetFiles(ctx context.Context, m *ir.Module, opt SaveOptions) ([]asset.File, error) {
	switch opt.Target {
	case "":
		return kernelFiles(m)
	case Metal:
	default:
		return nil, fmt.Errorf("the target %q: expected %q, or none", opt.Target, Metal)
	}
	progress := func(done, total int) {
		if opt.Progress != nil {
			opt.Progress("planning", done, total)
		}
	}
	p, err := plan.Make(ctx, m, plan.Options{Progress: progress})
	if err != nil {
		return nil, err
	}
	data, err := p.File.Encode()
	if err != nil {
		return nil, err
	}
	if _, err := launch.ParseFile(data); err != nil {
		return nil, fmt.Errorf("internal error: the launch plan is not valid: %w", err)
	}
	return inFolder(append(p.Texts, custom.File{Name: custom.Description, Data: data})), nil
}

// sameKernels holds the kernels of an asset against its program: those that users wrote are those of the program, the description is
// valid, and what it says of functions is about those of the program.
func sameKernels(a *asset.Asset, m *ir.Module) error {
	want, err := kernelFiles(m)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Path, err)
	}
	have := a.Kernels()
	find := func(name string) int {
		return slices.IndexFunc(have, func(f asset.File) bool { return f.Name == name })
	}
	wrong := func(name string, err error) error {
		return fmt.Errorf("%s: %s: %w; write the asset again with aiopt -o", a.Path, name, err)
	}
	described := &launch.File{}
	if at := find(kernelsFolder + custom.Description); at >= 0 {
		if described, err = launch.ParseFile(have[at].Data); err != nil {
			return wrong(have[at].Name, err)
		}
	}
	for _, w := range want {
		at := find(w.Name)
		switch {
		case at < 0:
			return fmt.Errorf("%s: there is no %s, which the program calls; write the asset again with aiopt -o", a.Path, w.Name)
		case w.Name == kernelsFolder+custom.Description:
			err = sameDescription(described, w.Data)
		case !bytes.Equal(have[at].Data, w.Data):
			err = fmt.Errorf("it differs from the text in the program")
		}
		if err != nil {
			return wrong(w.Name, err)
		}
	}
	if err := fits(described, m, func(text string) bool { return find(kernelsFolder+text) >= 0 }); err != nil {
		return wrong(kernelsFolder+custom.Description, err)
	}
	return nil
}

// sameDescription compares what a description says of the kernels of users. It may have others.
func sameDescription(found *launch.File, want []byte) error {
	own := &launch.File{}
	for _, e := range found.Kernels {
		if e.Origin == launch.Custom {
			own.Kernels = append(own.Kernels, e)
		}
	}
	text, err := own.Encode()
	if err == nil && !bytes.Equal(text, want) {
		err = fmt.Errorf("what it says of custom kernels differs from the program")
	}
	return err
}

// fits holds a description against the program and the texts beside it.
func fits(d *launch.File, m *ir.Module, has func(text string) bool) error {
	for _, k := range d.Kernels {
		if !has(k.Text) {
			return fmt.Errorf("kernel %s: there is no text %s", k.Function, k.Text)
		}
	}
	for _, fn := range d.Functions {
		f := m.Func(fn.Name)
		if f == nil {
			return fmt.Errorf("the program has no function @%s", fn.Name)
		}
		for i, s := range fn.Steps {
			if s.Op >= len(f.Ops) {
				return fmt.Errorf("step %d of @%s is of operation %d, expected one of %d", i, fn.Name, s.Op, len(f.Ops))
			}
			if s.Host != nil && s.Host.Name != f.Ops[s.Op].Name() {
				return fmt.Errorf("step %d of @%s is %s, operation %d of the program is %s", i, fn.Name, s.Host.Name, s.Op, f.Ops[s.Op].Name())
			}
		}
		for i, b := range fn.Buffers {
			if b.Kind == launch.Constant && b.Op >= len(f.Ops) {
				return fmt.Errorf("buffer %d of @%s is the constant of operation %d, expected one of %d", i, fn.Name, b.Op, len(f.Ops))
			}
		}
		if len(fn.Results) != len(f.Returns()) {
			return fmt.Errorf("@%s has %d results, expected %d", fn.Name, len(fn.Results), len(f.Returns()))
		}
	}
	return nil
}
