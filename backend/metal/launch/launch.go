// Package launch describes how a Metal kernel is called: what stands beside its text in an asset, and what whoever runs
// or checks the text goes by. It has data types and their JSON form; nothing here runs.
package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// The two forms that a kernel's arguments come in.
const (
	Buffers = "buffers" // device T* and constant T&
	Tensors = "tensors" // Metal 4's tensor<device T, dextents<int, R>, tensor_handle>, extent 0 innermost
)

// What a parameter is.
const (
	Buffer = "buffer" // a tensor's bytes
	Bytes  = "bytes"  // a scalar or a struct that the dispatch brings, as `constant T&`
	State  = "state"  // a tensor that stays between calls
)

// What a kernel does with a parameter.
const (
	Read      = "read"
	Write     = "write"
	ReadWrite = "readwrite"
)

// MostParams is how many parameters a kernel may have, attributes of the thread among them.
const MostParams = 31

// MostThreads is how many threads a threadgroup may have.
const MostThreads = 1024

// Param is a parameter that is bound to the buffer index of its place.
type Param struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	DType  string `json:"dtype"` // of an element: bf16 f16 f32 i8 u8 i16 u16 i32 u32 i64 u64 bool
	Access string `json:"access"`
	Rank   int    `json:"rank"`
	Len    string `json:"len,omitempty"`   // elements, an expression over the kernel's sizes
	Value  string `json:"value,omitempty"` // of kind bytes: the expression it is set to
}

// Builtin is a parameter that is an attribute of the thread.
type Builtin struct {
	Name string `json:"name"`
	Type string `json:"type"` // such as uint or uint3
	Attr string `json:"attr"` // such as thread_position_in_grid
}

// Kernel is a kernel and how it is dispatched. Threads are threads of the grid, not threadgroups: those at its edge may be partial.
type Kernel struct {
	Function          string    `json:"function"`
	ABI               string    `json:"abi"`
	Params            []Param   `json:"params"`
	Builtins          []Builtin `json:"builtins,omitempty"`
	Threads           [3]string `json:"threads"` // expressions over the sizes
	Threadgroup       [3]int    `json:"threadgroup"`
	ThreadgroupMemory []int     `json:"threadgroup_memory,omitempty"` // bytes of each [[threadgroup(n)]] parameter
	Sizes             []string  `json:"sizes,omitempty"`
}

// ElementBytes gives the bytes of an element; 0 for a name that is no element type.
func ElementBytes(dtype string) int {
	for _, e := range elements {
		if e.name == dtype {
			return e.bytes
		}
	}
	return 0
}

var elements = []struct {
	name  string
	bytes int
}{
	{"f32", 4}, {"f16", 2}, {"bf16", 2}, {"i8", 1}, {"u8", 1}, {"i16", 2}, {"u16", 2}, {"i32", 4}, {"u32", 4}, {"i64", 8}, {"u64", 8}, {"bool", 1},
}

// Parse reads kernels from their JSON form and validates them.
func Parse(data []byte) ([]Kernel, error) {
	var kernels []Kernel
	if err := json.Unmarshal(data, &kernels); err != nil {
		return nil, fmt.Errorf("launch description: expected a JSON list of kernels: %w", err)
	}
	var errs []error
	for i := range kernels {
		errs = append(errs, kernels[i].Validate())
	}
	return kernels, errors.Join(errs...)
}

// Validate gives everything that is wrong with the description.
func (k *Kernel) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("kernel %q: "+format, append([]any{k.Function}, args...)...))
	}
	if k.Function == "" {
		wrong("it has no name")
	}
	if k.ABI != Buffers && k.ABI != Tensors {
		wrong("abi is %q, expected %q or %q", k.ABI, Buffers, Tensors)
	}
	if n := len(k.Params) + len(k.Builtins) + len(k.ThreadgroupMemory); n > MostParams {
		wrong("it has %d parameters, Metal takes at most %d", n, MostParams)
	}
	if k.ABI == Tensors && len(k.ThreadgroupMemory) > 0 {
		wrong("threadgroup memory is given by the dispatch, which the tensor form cannot do: declare arrays in the kernel")
	}
	threads := 1
	for _, n := range k.Threadgroup {
		if n < 1 || n > MostThreads {
			wrong("a threadgroup of %v, expected sides of 1 to %d", k.Threadgroup, MostThreads)
			return errors.Join(errs...)
		}
		threads *= n
	}
	if threads > MostThreads {
		wrong("a threadgroup has %d threads, expected at most %d", threads, MostThreads)
	}
	for _, p := range k.Params {
		if err := p.validate(); err != nil {
			wrong("parameter %q: %w", p.Name, err)
		}
	}
	return errors.Join(errs...)
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*$`)

func (p *Param) validate() error {
	var errs []error
	if !identifier.MatchString(p.Name) {
		errs = append(errs, errors.New("expected a name of letters, digits and underscores"))
	}
	if !slices.Contains([]string{Buffer, Bytes, State}, p.Kind) {
		errs = append(errs, fmt.Errorf("kind is %q, expected buffer, bytes or state", p.Kind))
	}
	if !slices.Contains([]string{Read, Write, ReadWrite}, p.Access) {
		errs = append(errs, fmt.Errorf("access is %q, expected read, write or readwrite", p.Access))
	}
	if p.Kind == Bytes && p.Access != Read {
		errs = append(errs, errors.New("bytes that the dispatch brings can only be read"))
	}
	if ElementBytes(p.DType) == 0 {
		errs = append(errs, fmt.Errorf("dtype is %q, expected one of bf16 f16 f32 i8 u8 i16 u16 i32 u32 i64 u64 bool", p.DType))
	}
	if p.Rank < 0 || p.Rank > 8 {
		errs = append(errs, fmt.Errorf("rank is %d, expected 0 to 8", p.Rank))
	}
	return errors.Join(errs...)
}
