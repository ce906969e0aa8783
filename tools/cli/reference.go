package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/inputs"
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
	f, err := inputs.OpenTensors(path, "write one with --outputs=FILE.safetensors, or give a name that ends in .npy")
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
	var lacks []string
	for at, name := range o.names {
		if want := ref.tensors[name]; want != nil {
			errs = append(errs, one(at, want))
		} else {
			lacks = append(lacks, name)
		}
	}
	has := slices.DeleteFunc(slices.Clone(ref.names), func(name string) bool { return slices.Contains(o.names, name) })
	return errors.Join(append(errs, ref.uncompared(has, lacks, o.names))...)
}

// uncompared is the error of tensors that only the file has, and of outputs that it lacks.
func (r *reference) uncompared(has, lacks, all []string) error {
	switch {
	case len(has) > 0 && len(lacks) > 0:
		advice := "name them alike, or out0, out1, ... in the file and by --io=position here"
		if allOf(has, outPosition.MatchString) {
			advice = "--io=position names the outputs out0, out1, ..."
		} else if allOf(lacks, outPosition.MatchString) {
			advice = "without --io=position the outputs have the names that the model gives"
		}
		return fmt.Errorf("%s has other names than the outputs, which were not compared; %s\n  the file has %s\n  the model gives %s", r.path, advice, someOf(has), someOf(lacks))
	case len(lacks) > 0:
		return fmt.Errorf("%s lacks %s, which the model gives; not compared", r.path, someOf(lacks))
	case len(has) > 0:
		return fmt.Errorf("%s: the model has no output %s; it has %s", r.path, someOf(has), someOf(all))
	}
	return nil
}

func allOf(list []string, holds func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !holds(s) })
}

// outPosition are the names of outputs by their places, in one of several calls, too.
var outPosition = regexp.MustCompile(`^(s\d{1,6}\.)?out\d+$`)

// someOf quotes the first names of a list.
func someOf(list []string) string {
	const most = 6
	var text []string
	for _, name := range list[:min(most, len(list))] {
		text = append(text, strconv.Quote(name))
	}
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(text, ", "), more)
	}
	return cmp.Or(strings.Join(text, ", "), "none")
}
