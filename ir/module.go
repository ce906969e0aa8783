package ir

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// Module is a whole program.
type Module struct {
	Name      string
	States    []*State
	Funcs     []*Func
	Resources []*Resource
	Lost      []Lost
	Classes   []Class  // of the PyTorch model's modules, sorted; see AddClasses
	Program   string   // sha256 of the model file's program, in hex; empty where there was none
	Passes    []string // those that made it of that program, as far as is known; no part of the text
	File      string   // where it was read from, for messages
}

// State is a tensor that lives from call to call and is shared by the functions of a module.
type State struct {
	Name string
	Type Type
	Init string // the resource it starts from; empty for zeros
}

// Resource is constant data by name: a view of bytes that stay where they are.
type Resource struct {
	Name    string
	Type    Type // without symbols
	Source  *Source
	Offset  int64   // in elements
	Strides []int64 // in elements; nil for row-major
}

// Source is a run of bytes: an entry of a file, or data the program made.
type Source struct {
	File  string // as the text names it, relative to the text's folder; empty for Data
	Entry string // the entry of that archive
	Size  int64  // bytes
	CRC   uint32 // as the archive's directory states it
	Data  []byte // data the program made, or inline data
	// Elided marks data that was left out of the text.
	Elided bool
	// Open gives the bytes of File's Entry; who loads a module sets it. The bytes must not be changed.
	Open func() ([]byte, error)
	// Release, where it is set, says that the bytes are not read for a while, so that what a file holds may leave memory. They stay
	// valid.
	Release func()
}

// Bytes gives the bytes of a source.
func (s *Source) Bytes() ([]byte, error) {
	switch {
	case s.Elided:
		return nil, fmt.Errorf("the data was left out of the text; write the model with -o to keep it")
	case s.File == "":
		return s.Data, nil
	case s.Open == nil:
		return nil, fmt.Errorf("entry %q of %q is not open", s.Entry, s.File)
	}
	return s.Open()
}

// Tensor gives the resource as a host tensor that shares the source's bytes.
func (r *Resource) Tensor() (*host.Tensor, error) {
	shape, ok := r.Type.Static()
	if !ok {
		return nil, fmt.Errorf("resource @%s has the symbolic type %s", r.Name, r.Type)
	}
	data, err := r.Source.Bytes()
	if err != nil {
		return nil, fmt.Errorf("resource @%s: %w", r.Name, err)
	}
	var strides []int
	if r.Strides != nil {
		strides = make([]int, len(r.Strides))
		for i, s := range r.Strides {
			strides[i] = int(s)
		}
	} else if !r.Type.Elem.Packed() {
		n, err := host.SizeBytes(r.Type.Elem, shape)
		if err != nil {
			return nil, fmt.Errorf("resource @%s: %w", r.Name, err)
		}
		at := r.Offset * int64(r.Type.Elem.Bytes())
		if at < 0 || at+int64(n) > int64(len(data)) {
			return nil, fmt.Errorf("resource @%s: %s at offset %d needs %d bytes, its source has %d", r.Name, r.Type, r.Offset, at+int64(n), len(data))
		}
		t, err := host.FromBytes(r.Type.Elem, shape, data[at:at+int64(n)])
		if err != nil {
			return nil, fmt.Errorf("resource @%s: %w", r.Name, err)
		}
		return t, nil
	}
	t, err := host.View(r.Type.Elem, shape, strides, int(r.Offset), data)
	if err != nil {
		return nil, fmt.Errorf("resource @%s: %w", r.Name, err)
	}
	return t, nil
}

// Func finds a function by name.
func (m *Module) Func(name string) *Func {
	for _, f := range m.Funcs {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// State finds a state by name.
func (m *Module) State(name string) *State {
	for _, s := range m.States {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Resource finds a resource by name.
func (m *Module) Resource(name string) *Resource {
	for _, r := range m.Resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// FreshResourceName gives a name that no resource, function or state has, from a wish.
func (m *Module) FreshResourceName(wish string) string {
	name := wish
	for i := 1; m.Resource(name) != nil || m.Func(name) != nil || m.State(name) != nil; i++ {
		name = fmt.Sprintf("%s_%d", wish, i)
	}
	return name
}

// AddData adds a resource for a tensor the program made.
func (m *Module) AddData(name string, t *host.Tensor) *Resource {
	data := t.Bytes()
	r := &Resource{Name: m.FreshResourceName(name), Type: TypeOf(t), Source: &Source{Data: data, Size: int64(len(data))}}
	m.Resources = append(m.Resources, r)
	return r
}
