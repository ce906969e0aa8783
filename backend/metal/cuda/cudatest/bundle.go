// Package cudatest carries kernels with their inputs and right results to a machine that has a GPU and nothing else: no clang, and none of
// what computed the results.
package cudatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/cuda/timed"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Bundle is a list of dispatches, the modules that they run, and their bytes.
type Bundle struct {
	Modules []*cuda.Module `json:"modules"`
	Cases   []Case         `json:"cases"`
	Timed   []timed.Kernel `json:"timed,omitempty"`
	data    []byte
}

// Case is a dispatch and what it should give.
type Case struct {
	Name    string        `json:"name"`
	Module  int           `json:"module"`
	Launch  launch.Kernel `json:"launch"`
	Threads [3]int        `json:"threads"`
	Args    []arg         `json:"args"`
	Want    []Want        `json:"want"`
	// Expected are numbers that are written down, beside what ran.
	Expected []checktest.Expectation `json:"expected,omitempty"`
}

// arg is where the bytes of an argument lie in the bundle's data.
type arg struct {
	At      int   `json:"at"`
	Bytes   int   `json:"bytes"`
	Extents []int `json:"extents,omitempty"`
}

// Want is what a parameter holds afterwards: numbers within a part of the largest of them. NaNs are equal.
type Want struct {
	Param  int     `json:"param"`
	At     int     `json:"at"`
	Within float64 `json:"within"`
}

// within is how far numbers may be off, as a part of the largest: functions differ in their last bits, and then in what they round to.
// What is not here must be equal.
var within = map[string]float64{"f32": 1e-5, "f16": 1e-3, "bf16": 8e-3}

// Add takes a dispatch, and the same after it ran right: what its parameters should hold. Parameters that are only read are left out.
func (b *Bundle) Add(name string, m *cuda.Module, d, after check.Dispatch) *Case {
	c := Case{Name: name, Module: b.module(m), Launch: d.Launch, Threads: d.Threads}
	for i, a := range d.Args {
		c.Args = append(c.Args, arg{b.put(a.Bytes), len(a.Bytes), a.Extents})
		if d.Launch.Params[i].Access != launch.Read {
			c.Want = append(c.Want, Want{Param: i, At: b.put(after.Args[i].Bytes), Within: within[d.Launch.Params[i].DType]})
		}
	}
	b.Cases = append(b.Cases, c)
	return &b.Cases[len(b.Cases)-1]
}

// AddTimed takes a kernel of a module that has no open sizes.
func (b *Bundle) AddTimed(name, size string, m *cuda.Module, l launch.Kernel, flops float64) error {
	k, err := timed.New(l, nil)
	if err != nil {
		return err
	}
	k.Name, k.Size, k.Module, k.Work.Flops = name, size, b.module(m), flops
	b.Timed = append(b.Timed, *k)
	return nil
}

// module is a module's place in the list, where it is put once.
func (b *Bundle) module(m *cuda.Module) int {
	for i, have := range b.Modules {
		if have == m {
			return i
		}
	}
	b.Modules = append(b.Modules, m)
	return len(b.Modules) - 1
}

func (b *Bundle) put(bytes []byte) int {
	b.data = append(b.data, bytes...)
	return len(b.data) - len(bytes)
}

// The files of a bundle's folder.
const (
	casesFile = "cases.json"
	dataFile  = "data.bin"
)

// Write makes the folder and its two files.
func (b *Bundle) Write(dir string) error {
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, casesFile), text, 0o666), os.WriteFile(filepath.Join(dir, dataFile), b.data, 0o666))
}

// Read reads what Write wrote.
func Read(dir string) (*Bundle, error) {
	text, err := os.ReadFile(filepath.Join(dir, casesFile))
	if err != nil {
		return nil, err
	}
	b := &Bundle{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s: %w", casesFile, err)
	}
	if b.data, err = os.ReadFile(filepath.Join(dir, dataFile)); err != nil {
		return nil, err
	}
	for _, c := range b.Cases {
		if c.Module < 0 || c.Module >= len(b.Modules) {
			return nil, fmt.Errorf("%s: case %s is of module %d, there are %d", casesFile, c.Name, c.Module, len(b.Modules))
		}
	}
	if err := timed.Check(b.Timed, len(b.Modules)); err != nil {
		return nil, fmt.Errorf("%s: %w", casesFile, err)
	}
	return b, nil
}

// Dispatch gives a case's dispatch, with buffers of its own.
func (b *Bundle) Dispatch(c *Case) check.Dispatch {
	d := check.Dispatch{Launch: c.Launch, Threads: c.Threads}
	for _, a := range c.Args {
		d.Args = append(d.Args, check.Arg{Bytes: append([]byte{}, b.data[a.At:a.At+a.Bytes]...), Extents: a.Extents})
	}
	return d
}
