package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

const samplesHelp = `Passes that need to see the model at work, such as a8, run it on --inputs; so does --verify=numeric, on the first 8
samples. --inputs names a .safetensors file, which is one sample, or a folder with one sample in each
  NAME.safetensors   inputs by name, or in0, in1, ... by position
  NAME.npy           the input of a model that has one
  NAME/INPUT.npy     a folder with an array for each input, by name or position
in the order of their names. A sample with the names s0.x, s1.x, ... is a run of consecutive calls that keep state. Where
the model has several functions, the samples of the function F are in the folder F of that folder, or their names start
with F: F.x, or s0.F.x, s1.G.x, ... for calls of several functions.`

// sampleFile is where a sample is.
type sampleFile struct {
	path     string
	function string // of all its calls; empty where the names of its tensors say it
	folder   bool   // of arrays
}

// openSamples lists the samples of a file or folder; they are read when they are needed.
func openSamples(m *ir.Module, path string) (*pass.Samples, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	signatures := map[string]backend.Signature{}
	for _, f := range m.Funcs {
		signatures[f.Name] = backend.SignatureOf(f)
	}
	only := ""
	if len(m.Funcs) == 1 {
		only = m.Funcs[0].Name
	}
	list := []sampleFile{{path: path, function: only}}
	if info.IsDir() {
		if list, err = listSamples(path, only, signatures); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no samples; expected .safetensors or .npy files, see `help`", path)
	}
	all := func(yield func(pass.Sample, error) bool) {
		for _, f := range list {
			s, err := f.read(signatures)
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

// listSamples lists a folder in the order of the names. Those that start with a dot are not looked at.
func listSamples(dir, function string, signatures map[string]backend.Signature) ([]sampleFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []sampleFile
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		isDir, err := isFolder(e, path)
		_, named := signatures[e.Name()]
		switch {
		case err != nil:
			return nil, err
		case strings.HasPrefix(e.Name(), "."):
		case isDir && named:
			inner, err := listSamples(path, e.Name(), nil)
			if err != nil {
				return nil, err
			}
			list = append(list, inner...)
		case isDir:
			list = append(list, sampleFile{path, function, true})
		case slices.Contains([]string{".safetensors", npyEnding}, filepath.Ext(path)):
			list = append(list, sampleFile{path, function, false})
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

func (f sampleFile) read(signatures map[string]backend.Signature) (pass.Sample, error) {
	in, err := f.tensors(signatures)
	if err != nil {
		return pass.Sample{}, err
	}
	s := pass.Sample{Name: f.path}
	steps := in.steps()
	for k := range max(steps, 1) {
		prefix := ""
		if steps > 0 {
			prefix = fmt.Sprintf("s%d.", k)
		}
		fn := f.function
		if fn == "" {
			if fn, err = in.functionOf(prefix, signatures); err != nil {
				return s, err
			}
			prefix += fn + "."
		}
		sig := signatures[fn]
		names := portNames{prefix: prefix, position: in.positions(prefix, sig)}
		args, err := in.take(sig, names)
		if err != nil {
			return s, fmt.Errorf("@%s: %w", fn, err)
		}
		s.Calls = append(s.Calls, pass.Call{Func: fn, In: args})
	}
	for _, name := range in.order {
		if strings.HasPrefix(name, "buf:") { // a call starts with the model's own states
			in.taken[name] = true
		}
	}
	return s, in.unused()
}

// tensors reads all that is in a sample.
func (f sampleFile) tensors(signatures map[string]backend.Signature) (*inputs, error) {
	switch {
	case f.folder:
		return readArrays(f.path)
	case filepath.Ext(f.path) != npyEnding:
		return readInputs(f.path, nil)
	}
	if f.function == "" {
		return nil, fmt.Errorf("the model has several functions; put the file into a folder that is named after one of them")
	}
	if n := len(signatures[f.function].Inputs); n != 1 {
		return nil, fmt.Errorf("@%s takes %d inputs; put their arrays into a folder for each sample, NAME/INPUT.npy", f.function, n)
	}
	t, err := readArray(f.path)
	if err != nil {
		return nil, err
	}
	in := noInputs()
	in.set(signatures[f.function].Inputs[0].Value.Name, t)
	return in, nil
}

// readArrays reads the arrays of a folder.
func readArrays(dir string) (*inputs, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	in := noInputs()
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), npyEnding)
		if !ok {
			return nil, fmt.Errorf("found %s, expected an array for each input, INPUT.npy", e.Name())
		}
		t, err := readArray(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		in.set(name, t)
	}
	return in, nil
}

// functionOf finds the function whose name the names of a step start with.
func (in *inputs) functionOf(prefix string, signatures map[string]backend.Signature) (string, error) {
	found := ""
	for _, name := range in.order {
		rest, ok := strings.CutPrefix(name, prefix)
		fn, _, named := strings.Cut(rest, ".")
		if _, known := signatures[fn]; !ok || !named || !known {
			continue
		}
		if found != "" && found != fn {
			return "", fmt.Errorf("the names %s%s.* and %s%s.* are of two functions in one call; number the calls: s0.%s.*, s1.%s.*",
				prefix, found, prefix, fn, found, fn)
		}
		found = fn
	}
	if found == "" {
		var names []string
		for fn := range signatures {
			names = append(names, fn)
		}
		slices.Sort(names)
		return "", fmt.Errorf("the model has the functions %s; the names %sF.x of the inputs must say which one they are for, found %s",
			strings.Join(names, ", "), prefix, strings.Join(in.names(), ", "))
	}
	return found, nil
}

// positions reports inputs that are named in0, in1, ... and not as the function has them.
func (in *inputs) positions(prefix string, sig backend.Signature) bool {
	for _, p := range sig.Func.Params {
		if slices.Contains(in.order, prefix+p.Value.Name) {
			return false
		}
	}
	return slices.ContainsFunc(in.order, func(name string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		return ok && positionName.MatchString(rest)
	})
}
