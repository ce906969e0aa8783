package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
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

func (o *outputs) add(sig backend.Signature, names portNames, out []*host.Tensor) {
	at := 0
	for i, r := range sig.Outputs {
		name := r.Name
		at += r.Skipped
		switch {
		case r.Role == ir.Update:
			name = "mut:" + r.Target
			if names.position {
				name = fmt.Sprintf("mut%d", inputPosition(sig.Func, r.Target))
			}
		case names.position:
			name = fmt.Sprintf("out%d", at)
		}
		if r.Role == ir.Output {
			at++
		}
		o.put(names.prefix+name, out[i])
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
		o.put("buf:"+st.Name, t)
	}
	return nil
}

// notTensors are the endings of files that --outputs does not write, though other tools keep tensors in them.
var notTensors = []string{".npz", ".pt", ".pth", ".pt2", ".pkl", ".bin", ".json", ".txt", ".csv", ".air", ".h5"}

// checkOutputs refuses a name for the file of outputs whose ending promises another format.
func checkOutputs(path string) error {
	if slices.Contains(notTensors, filepath.Ext(path)) {
		return usagef("--outputs=%s: expected a name that ends in .safetensors or, for a model with one output, .npy", path)
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
	return writeWhole(path, data)
}

// writeWhole writes a file that appears when it is complete.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".aiopt-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// compare prints how far each output is from the one of that name in a file; NaN is infinitely far from a number and
// equals NaN. A negative limit allows anything.
func (o *outputs) compare(w io.Writer, path string, limit float64) error {
	return o.eachGap(path, max(limit, 0), func(name string, gap host.Gap) error {
		if _, err := fmt.Fprintf(w, "%s: the largest difference is %.3g\n", name, gap.MaxAbs); err != nil {
			return err
		}
		if limit >= 0 && !gap.Close() {
			return fmt.Errorf("%q differs by %.3g from %s, allowed is %.3g", name, gap.MaxAbs, path, limit)
		}
		return nil
	})
}

// eachGap tells how far each output is from the one of that name in a file.
func (o *outputs) eachGap(path string, limit float64, tell func(name string, gap host.Gap) error) error {
	ref, err := openTensors(path, "write one with --outputs=FILE.safetensors")
	if err != nil {
		return err
	}
	for _, name := range ref.Names() {
		want, err := ref.Tensor(name)
		if err != nil {
			return err
		}
		at := slices.Index(o.names, name)
		if at < 0 {
			return fmt.Errorf("%s: the model has no output %q; it has %s", path, name, strings.Join(o.names, ", "))
		}
		got := o.tensors[at]
		if got.Elem != want.Elem || !slices.Equal(got.Shape, want.Shape) {
			return fmt.Errorf("%s: %q is %s, the model gives %s", path, name, want, got)
		}
		gap, err := host.Measure(got, want, host.Tolerance{Abs: limit})
		if err != nil {
			return fmt.Errorf("%s: %q: %w", path, name, err)
		}
		if err := tell(name, gap); err != nil {
			return err
		}
	}
	return nil
}

func (o *outputs) print(w io.Writer) error {
	for i, t := range o.tensors {
		if _, err := fmt.Fprintf(w, "%s: %s = %s\n", o.names[i], t, shown(t)); err != nil {
			return err
		}
	}
	return nil
}

// observer makes the options of a call that print the values --dump chooses.
func (c *runner) observer() (*backend.CallOptions, error) {
	opt := &backend.CallOptions{}
	if c.dump == "" {
		return opt, nil
	}
	re, err := regexp.Compile(c.dump)
	if err != nil {
		return nil, usagef("--dump: %w", err)
	}
	opt.Select = func(v *ir.Value) bool {
		return v.Name != "" && re.MatchString(v.Name) || slices.ContainsFunc(v.Claims, func(cl ir.Claim) bool { return re.MatchString(cl.Tensor) })
	}
	opt.Observe = func(v *ir.Value, t *host.Tensor) {
		c.dumped = true
		fmt.Fprintf(c.stderr, "%%%s: %s = %s\n", v.Name, t, shown(t))
	}
	return opt, nil
}
