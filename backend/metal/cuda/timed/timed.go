// Package timed measures Metal kernels on an NVIDIA GPU, each alone, on made numbers at the sizes of a call. What that needs of a plan goes through a
// file, so that the machine with the GPU needs no clang and no model. It is a test vehicle: the times say nothing about Metal.
package timed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir/host"
)

// Kernel is a kernel at the size at which it is measured. Its buffers are filled where it is run.
type Kernel struct {
	Name    string        `json:"name"`
	Size    string        `json:"size"`            // in words
	Calls   int           `json:"calls,omitempty"` // how often a call of the function runs it
	Module  int           `json:"module"`
	Launch  launch.Kernel `json:"launch"`
	Threads [3]int        `json:"threads"`
	Bytes   []int         `json:"bytes"`            // of each parameter
	Values  []int64       `json:"values,omitempty"` // of each parameter of kind bytes; 0 of others
	Work    cuda.Work     `json:"work"`
}

// New gives a kernel for the sizes of a call. It is expected to read or write every byte of its buffers once. It is nil where there is nothing to
// launch.
func New(l launch.Kernel, sizes map[string]int64) (*Kernel, error) {
	bound, err := l.Bind(sizes)
	if err != nil || bound.Empty() {
		return nil, err
	}
	k := &Kernel{Name: l.Function, Calls: 1, Launch: l, Threads: bound.Threads, Values: bound.Values}
	for i, p := range l.Params {
		n := int(bound.Lens[i]) * launch.ElementBytes(p.DType)
		if p.Kind == launch.Bytes {
			n = launch.ElementBytes(p.DType)
		} else {
			k.Work.Bytes += float64(n)
		}
		k.Bytes = append(k.Bytes, n)
	}
	return k, nil
}

// Dispatch gives its dispatch with random inputs.
func (k *Kernel) Dispatch() check.Dispatch {
	d := Filled(k.Launch, k.Threads, k.Bytes)
	for i, p := range k.Launch.Params {
		if p.Kind == launch.Bytes {
			for j := range d.Args[i].Bytes {
				d.Args[i].Bytes[j] = byte(k.Values[i] >> (8 * j))
			}
		}
	}
	return d
}

// fits holds what was read from a file against itself.
func (k *Kernel) fits(modules int) error {
	if k.Module < 0 || k.Module >= modules || len(k.Bytes) != len(k.Launch.Params) || len(k.Values) != 0 && len(k.Values) != len(k.Launch.Params) {
		return fmt.Errorf("kernel %s is of module %d, there are %d; it has %d buffers and %d values for %d parameters", k.Name, k.Module, modules, len(k.Bytes), len(k.Values), len(k.Launch.Params))
	}
	for i, n := range k.Bytes {
		if n < 0 || n > mostBytes || k.Launch.Params[i].Kind == launch.Bytes && len(k.Values) == 0 {
			return fmt.Errorf("kernel %s: parameter %s has %d bytes, expected 0 to %d, and a value of one that brings bytes", k.Name, k.Launch.Params[i].Name, n, mostBytes)
		}
	}
	return k.Launch.Validate()
}

// mostBytes bounds a buffer.
const mostBytes = 16 << 30

// Check holds kernels that were read from a file against the number of modules they are of.
func Check(list []Kernel, modules int) error {
	var errs []error
	for i := range list {
		errs = append(errs, list[i].fits(modules))
	}
	return errors.Join(errs...)
}

// Measure times a kernel of a module that is on a device for it alone.
func (k *Kernel) Measure(ctx context.Context, device *cuda.Device, modules []*cuda.Module, how cuda.Rounds) (cuda.Timing, error) {
	p, err := device.Load(modules[k.Module])
	if err != nil {
		return cuda.Timing{}, err
	}
	t, err := p.Time(ctx, k.Dispatch(), how)
	return t, errors.Join(err, p.Unload())
}

// Set is what is measured of a function.
type Set struct {
	Model    string         `json:"model"`          // in words
	Function string         `json:"function"`       // its name
	Host     []string       `json:"host,omitempty"` // what no kernel computes
	Modules  []*cuda.Module `json:"modules"`
	Kernels  []Kernel       `json:"kernels"`
}

// fileName is that of the file of a set, in its folder.
const fileName = "kernels.json"

// Write puts the set into a folder, which is made where it is missing.
func (s *Set) Write(dir string) error {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, fileName), text, 0o666))
}

// Read reads what Write wrote.
func Read(dir string) (*Set, error) {
	path := filepath.Join(dir, fileName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := Check(s.Kernels, len(s.Modules)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Filled gives a dispatch with random numbers in all buffers, each of so many bytes.
func Filled(l launch.Kernel, threads [3]int, bytes []int) check.Dispatch {
	d := check.Dispatch{Launch: l, Threads: threads}
	for i, n := range bytes {
		d.Args = append(d.Args, check.Arg{Bytes: random(l.Params[i].DType, n/launch.ElementBytes(l.Params[i].DType), uint64(i))})
	}
	return d
}

// random gives numbers between -2 and 2, of bytes all that there are, and zeros of wider integers, which are places and indices. They are the same
// for the same seed.
func random(dtype string, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	width := launch.ElementBytes(dtype)
	b := make([]byte, n*width)
	const period = 1<<16 - 1 // enough to be without a pattern in a row, and quick to make
	m := min(n, period)
	switch dtype {
	case "f32", "f16", "bf16":
		floats := make([]float32, m)
		for i := range floats {
			floats[i] = 4*r.Float32() - 2
		}
		elem, _ := host.ParseElem(dtype)
		host.Store(&host.Tensor{Elem: elem, Data: b}, 0, 1, floats)
	case "i8", "u8":
		for i := range m {
			b[i] = byte(r.Uint32())
		}
	}
	for at := m * width; at < len(b); {
		at += copy(b[at:], b[:at])
	}
	return b
}
