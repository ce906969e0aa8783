package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/inputs"
)

// outputs collects what calls give, under the names the user sees.
type outputs struct {
	names   []string
	tensors []*host.Tensor
}

func (o *outputs) put(name string, t *host.Tensor) {
	o.names = append(o.names, name)
	o.tensors = append(o.tensors, t)
}

func (o *outputs) add(sig backend.Signature, names inputs.Names, out []*host.Tensor) {
	at := 0
	for i, r := range sig.Outputs {
		name := r.Name
		at += r.Skipped
		switch {
		case r.Role == ir.Update:
			name = mutatedMark + r.Target
			if names.Position {
				name = fmt.Sprintf("mut%d", inputPosition(sig.Func, r.Target))
			}
		case names.Position:
			name = fmt.Sprintf("out%d", at)
		}
		if r.Role == ir.Output {
			at++
		}
		o.put(names.Prefix+name, out[i])
	}
}

// inputPosition counts a mutated input among the user's inputs.
func inputPosition(f *ir.Func, name string) int {
	at := 0
	for _, p := range f.Params {
		if p.Role == ir.StateIn {
			continue
		}
		if p.Value.Name == name {
			return at
		}
		at++
	}
	return -1
}

func (o *outputs) addStates(m *ir.Module, s backend.Session) error {
	for _, st := range m.States {
		t, err := s.State(st.Name)
		if err != nil {
			return err
		}
		o.put(stateMark+st.Name, t)
	}
	return nil
}

// notTensors are the endings of files that --outputs does not write, though other tools keep tensors in them.
var notTensors = []string{".npz", ".pt", ".pth", ".pt2", ".pkl", ".bin", ".json", ".txt", ".csv", ".air", ".h5"}

// checkOutputs refuses a name for the file of outputs whose ending promises another format, or that cannot be written.
func checkOutputs(path string) error {
	if path == "" {
		return nil
	}
	if slices.Contains(notTensors, filepath.Ext(path)) {
		return usagef("--outputs=%s: expected a name that ends in .safetensors or, for a model with one output, .npy", path)
	}
	if err := atomicfile.Check(path); err != nil {
		return fmt.Errorf("--outputs: %w", err)
	}
	return nil
}

const npyEnding = ".npy"

// write writes all outputs to a .safetensors file, or the only one to a .npy file. The file appears when it is complete.
func (o *outputs) write(path string) error {
	if filepath.Ext(path) == npyEnding {
		return o.writeNPY(path)
	}
	entries := make([]safetensors.Entry, len(o.names))
	for i, t := range o.tensors {
		entries[i] = safetensors.Entry{Name: o.names[i], Elem: t.Elem, Shape: t.Shape, Data: t.Bytes()}
	}
	_, err := safetensors.Write(path, entries)
	return err
}

func (o *outputs) writeNPY(path string) error {
	data, err := host.EncodeNPY(o.tensors[0])
	if err != nil {
		return fmt.Errorf("%s: %q: %w; write a .safetensors file", path, o.names[0], err)
	}
	return atomicfile.Write(path, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

func (o *outputs) print(w io.Writer) error {
	for i, t := range o.tensors {
		if _, err := fmt.Fprintf(w, "%s: %s = %s\n", o.names[i], t, shown(t)); err != nil {
			return err
		}
	}
	return nil
}
