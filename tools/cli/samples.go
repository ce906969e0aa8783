package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/inputs"
)

// sampleFile is where a sample is.
type sampleFile struct {
	path      string
	functions []string // of its calls, or one for all; empty where the names of its tensors say it
	folder    bool     // of arrays
}

// openSamples lists the samples of a file or folder; they are read when they are needed.
func openSamples(m *ir.Module, path, functions string) (*pass.Samples, error) {
	info, err := statInputs(path)
	if err != nil {
		return nil, err
	}
	chosen, err := functionList(m, functions)
	if err != nil {
		return nil, err
	}
	if all := inputs.Choices(m); len(chosen) == 0 && len(all) == 1 {
		chosen = all
	}
	list := []sampleFile{{path: path, functions: chosen}}
	if info.IsDir() {
		if list, err = listSamples(path, chosen, m); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no samples; expected .safetensors or .npy files; `aiopt help inputs` explains them", path)
	}
	all := func(yield func(pass.Sample, error) bool) {
		for _, f := range list {
			s, err := f.read(m)
			if err != nil {
				err = fmt.Errorf("%s: %w", f.path, err)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
	return &pass.Samples{Count: len(list), All: all}, nil
}

// statInputs finds what --inputs names.
func statInputs(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = fmt.Errorf("--inputs=%s: %w; `aiopt help inputs` explains what it takes", path, perr.Err)
	}
	return info, err
}

// listSamples lists a folder in the order of the names. Those that start with a dot are not looked at.
func listSamples(dir string, functions []string, m *ir.Module) ([]sampleFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []sampleFile
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		isDir, err := isFolder(e, path)
		named := m != nil && m.Func(e.Name()) != nil
		switch {
		case err != nil:
			return nil, err
		case strings.HasPrefix(e.Name(), "."):
		case isDir && named:
			inner, err := listSamples(path, []string{e.Name()}, nil)
			if err != nil {
				return nil, err
			}
			list = append(list, inner...)
		case isDir:
			list = append(list, sampleFile{path, functions, true})
		case slices.Contains([]string{".safetensors", npyEnding}, filepath.Ext(path)):
			list = append(list, sampleFile{path, functions, false})
		default:
			return nil, fmt.Errorf("%s: found a file that is no sample; expected .safetensors or .npy", path)
		}
	}
	return list, nil
}

// isFolder follows a link.
func isFolder(e fs.DirEntry, path string) (bool, error) {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir(), nil
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir(), err
}

func (f sampleFile) read(m *ir.Module) (pass.Sample, error) {
	in, err := f.tensors(m)
	if err != nil {
		return pass.Sample{}, err
	}
	s := pass.Sample{Name: f.path}
	steps, err := in.Plan(m, f.functions)
	if err != nil {
		return s, err
	}
	for _, st := range steps {
		args, err := in.Take(st.Sig, st.Inputs)
		if err != nil {
			return s, fmt.Errorf("@%s: %w", st.Sig.Func.Name, err)
		}
		s.Calls = append(s.Calls, pass.Call{Func: st.Sig.Func.Name, In: args})
	}
	in.IgnoreStates() // a call starts with the model's own states
	return s, in.Unused()
}

// tensors reads all that is in a sample.
func (f sampleFile) tensors(m *ir.Module) (*inputs.Given, error) {
	switch {
	case f.folder:
		return readArrays(f.path)
	case filepath.Ext(f.path) != npyEnding:
		return readInputs(f.path, nil)
	}
	if len(f.functions) != 1 {
		return nil, fmt.Errorf("the model has the functions %s; put the file into a folder that is named after one of them, or choose one with --function",
			strings.Join(inputs.Choices(m), ", "))
	}
	sig := backend.SignatureOf(m.Func(f.functions[0]))
	if n := len(sig.Inputs); n != 1 {
		return nil, fmt.Errorf("@%s takes %s; put their arrays into a folder for each sample, NAME/INPUT.npy", f.functions[0], host.Counted(n, "input"))
	}
	t, err := readArray(f.path)
	if err != nil {
		return nil, err
	}
	in := inputs.New()
	in.Set(sig.Inputs[0].Value.Name, t)
	return in, nil
}

// readArrays reads the arrays of a folder.
func readArrays(dir string) (*inputs.Given, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	in := inputs.New()
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), npyEnding)
		if !ok {
			return nil, fmt.Errorf("found %s, expected an array for each input, INPUT.npy", e.Name())
		}
		t, err := readArray(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		in.Set(name, t)
	}
	return in, nil
}
