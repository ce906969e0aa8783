package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
)

// reference is what outputs are compared with.
type reference struct {
	path    string
	names   []string // in the order of the file; of a .npy file, whose tensor has no name, empty
	tensors map[string]*host.Tensor
	array   *host.Tensor // what a .npy file holds
}

// openReference reads the file of --ref; nil where there is no name.
func openReference(path string) (*reference, error) {
	if path == "" {
		return nil, nil
	}
	ref := &reference{path: path, tensors: map[string]*host.Tensor{}}
	var err error
	if filepath.Ext(path) == npyEnding {
		if ref.array, err = readArray(path); err != nil {
			return nil, fmt.Errorf("--ref: %w", err)
		}
		return ref, nil
	}
	f, err := openTensors(path, "write one with --outputs=FILE.safetensors, or give a name that ends in .npy")
	if err != nil {
		return nil, fmt.Errorf("--ref: %w", err)
	}
	for _, name := range f.Names() {
		if ref.tensors[name], err = f.Tensor(name); err != nil {
			return nil, fmt.Errorf("--ref: %w", err)
		}
		ref.names = append(ref.names, name)
	}
	return ref, nil
}

// compare prints how far each output is from the one of that name in the reference. A negative limit allows anything.
func (o *outputs) compare(w io.Writer, ref *reference, limit float64) error {
	return o.eachGap(ref, max(limit, 0), func(got *host.Tensor, name string, gap host.Gap) error {
		line := fmt.Sprintf("%s: the largest difference is %.3g", name, gap.MaxAbs)
		if got.Elem.IsFloat() && !math.IsInf(gap.MaxAbs, 0) && !math.IsInf(gap.PSNR, 0) {
			line += fmt.Sprintf(", the PSNR %.1f dB", gap.PSNR)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
		if limit >= 0 && !gap.Close() {
			return fmt.Errorf("%q differs by %.3g from %s, allowed is %.3g", name, gap.MaxAbs, ref.path, limit)
		}
		return nil
	})
}

// eachGap tells how far each output is from the one of that name in the reference; NaN is infinitely far from a number and
// equals NaN. Every output must be there, and nothing else: what is not compared is an error as a difference is, and all
// of them are told.
func (o *outputs) eachGap(ref *reference, limit float64, tell func(got *host.Tensor, name string, gap host.Gap) error) error {
	one := func(at int, want *host.Tensor) error {
		name, got := o.names[at], o.tensors[at]
		if got.Elem != want.Elem || !slices.Equal(got.Shape, want.Shape) {
			return fmt.Errorf("%s: %q is %s, the model gives %s", ref.path, name, want, got)
		}
		gap, err := host.Measure(got, want, host.Tolerance{Abs: limit})
		if err != nil {
			return fmt.Errorf("%s: %q: %w", ref.path, name, err)
		}
		return tell(got, name, gap)
	}
	if ref.array != nil {
		if len(o.names) != 1 {
			return fmt.Errorf("--ref=%s: a .npy file holds one tensor, the run gives %s; expected a .safetensors file", ref.path, strings.Join(o.names, ", "))
		}
		return one(0, ref.array)
	}
	var errs []error
	for at, name := range o.names {
		want := ref.tensors[name]
		if want == nil {
			errs = append(errs, fmt.Errorf("%s: there is no %q in it, which the model gives; that was not compared", ref.path, name))
			continue
		}
		errs = append(errs, one(at, want))
	}
	for _, name := range ref.names {
		if !slices.Contains(o.names, name) {
			errs = append(errs, fmt.Errorf("%s: the model has no output %q; it has %s", ref.path, name, strings.Join(o.names, ", ")))
		}
	}
	return errors.Join(errs...)
}
