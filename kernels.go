package aiopt

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
)

// kernelsFolder is where an asset has its kernels.
const kernelsFolder = "kernels/"

// kernelFiles are the entries of an asset for the kernels that a module calls.
func kernelFiles(m *ir.Module) ([]asset.File, error) {
	list, err := custom.Of(m)
	if err != nil {
		return nil, err
	}
	files, err := custom.Files(list)
	if err != nil {
		return nil, err
	}
	var entries []asset.File
	for _, f := range files {
		entries = append(entries, asset.File{Name: kernelsFolder + f.Name, Data: f.Data})
	}
	return entries, nil
}

// sameKernels holds the kernels that users wrote, as an asset has them beside its program, against the program.
func sameKernels(a *asset.Asset, m *ir.Module) error {
	want, err := kernelFiles(m)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Path, err)
	}
	have := a.Kernels()
	for _, w := range want {
		at := slices.IndexFunc(have, func(f asset.File) bool { return f.Name == w.Name })
		switch {
		case at < 0:
			return fmt.Errorf("%s: there is no %s, which the program calls; write the asset again with aiopt -o", a.Path, w.Name)
		case w.Name == kernelsFolder+custom.Description:
			err = sameDescription(have[at].Data, w.Data)
		case !bytes.Equal(have[at].Data, w.Data):
			err = fmt.Errorf("it differs from the text in the program")
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w; write the asset again with aiopt -o", a.Path, w.Name, err)
		}
	}
	return nil
}

// sameDescription compares what a description says of the kernels of users. It may have others.
func sameDescription(have, want []byte) error {
	found, err := launch.ParseFile(have)
	if err != nil {
		return err
	}
	found.Kernels = slices.DeleteFunc(found.Kernels, func(e launch.Entry) bool { return e.Origin != launch.Custom })
	text, err := found.Encode()
	if err == nil && !bytes.Equal(text, want) {
		err = fmt.Errorf("what it says of custom kernels differs from the program")
	}
	return err
}
