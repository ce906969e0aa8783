package intermediates

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// Set holds the saved values of one run. It is for several goroutines at a time, Close apart.
type Set struct {
	Path    string
	Program string // sha256 of the program that ran, as ir.Module.Program has it; empty where the file does not say
	Tool    string // what computed the values, such as torch 2.11.0
	Inputs  []Input
	// Schemes name what was done to the numbers of the program that ran, such as w4, and may be empty; nil where the file does not say.
	Schemes []string
	// Functions are those that the calls of the run were of, one for each; none for a program of one function.
	Functions []string
	Entries   []Entry // in the order in which they were computed
	Files     []SourceFile

	byKey   map[string]int
	tensors store
}

// store has the bytes of the entries. Its errors name the file.
type store interface {
	tensor(e *Entry) (*host.Tensor, error)
	release(e *Entry)
	close() error
}

// Ending is what the names of files that hold saved values end in, by convention.
const Ending = ".intermediates.safetensors"

// Is reports whether a path looks like saved values, by its name alone: any .safetensors file, or a folder of coreai-torch.
func Is(path string) bool {
	path = filepath.Clean(path)
	return slices.Contains([]string{".safetensors", appleEnding}, filepath.Ext(path)) || filepath.Base(path) == appleMetadata
}

// Open reads a file or a folder. Its tensors are valid until Close, and as long as nobody changes the file.
func Open(path string) (*Set, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return openFolder(path)
	}
	if filepath.Base(path) == appleMetadata {
		return openFolder(filepath.Dir(path))
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := Read(f)
	if err != nil {
		_ = f.Close()
	}
	return s, err
}

// Holds reports whether a file says that its tensors are saved values.
func Holds(f *safetensors.File) bool {
	return slices.ContainsFunc(f.Metadata, func(p safetensors.Pair) bool { return p.Key == versionKey })
}

// Read reads an opened file, which is the set's then: closing the set closes it.
func Read(f *safetensors.File) (*Set, error) {
	s, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	s.Path = f.Path
	return s, nil
}

// read gives meaning to a file, which the set closes.
func read(f *safetensors.File) (*Set, error) {
	meta := map[string]string{}
	for _, p := range f.Metadata {
		meta[p.Key] = p.Value
	}
	switch v, ok := meta[versionKey]; {
	case !ok:
		return nil, fmt.Errorf("it has tensors and does not say which values of a model they are; expected a file that aiopt.save_intermediates or `aiopt run --save-intermediates` wrote")
	case v != version:
		return nil, fmt.Errorf("it has version %q of saved values, expected %q: a newer aiopt wrote it", v, version)
	}
	s := &Set{Program: meta[programKey], Tool: meta[toolKey], tensors: file{f}}
	x, err := parseIndex(meta[indexKey], func(key string) bool { _, err := f.Entry(key); return err == nil })
	if err != nil {
		return nil, fmt.Errorf("the index: %w", err)
	}
	if s.Inputs, err = parseInputs(meta[inputsKey]); err != nil {
		return nil, fmt.Errorf("the list of inputs: %w", err)
	}
	if functions := meta[functionsKey]; functions != "" {
		if err := list(json.NewDecoder(strings.NewReader(functions)), maxInputs, &s.Functions); err != nil {
			return nil, fmt.Errorf("the list of functions: %w", err)
		}
	}
	if schemes := meta[schemesKey]; schemes != "" {
		s.Schemes = []string{}
		if err := list(json.NewDecoder(strings.NewReader(schemes)), maxSchemes, &s.Schemes); err != nil {
			return nil, fmt.Errorf("the list of schemes: %w", err)
		}
	}
	for _, src := range x.Files {
		s.Files = append(s.Files, SourceFile(src))
	}
	order := map[string]int{}
	for i := range f.Entries {
		t := &f.Entries[i]
		e, err := x.entry(t.Name, t.Elem, t.Shape, len(t.Data))
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		order[e.Key()] = x.Tensors[t.Name].Order
		s.Entries = append(s.Entries, e)
	}
	slices.SortStableFunc(s.Entries, func(a, b Entry) int { return cmp.Compare(order[a.Key()], order[b.Key()]) })
	return s.finish()
}

// finish makes what finds entries, and checks that inputs are there.
func (s *Set) finish() (*Set, error) {
	s.byKey = make(map[string]int, len(s.Entries))
	for i := range s.Entries {
		s.byKey[s.Entries[i].Key()] = i
	}
	for _, in := range s.Inputs {
		if e := s.Find(in.Name); in.IsTensor && (e == nil || e.Role != In) {
			return nil, fmt.Errorf("the input %q is missing", in.Name)
		}
	}
	return s, nil
}

// Find gives the first value of a node, or nil.
func (s *Set) Find(node string) *Entry { return s.ByKey((&Entry{Node: node}).Key()) }

// ByKey gives an entry by its Key, or nil.
func (s *Set) ByKey(key string) *Entry {
	if i, ok := s.byKey[key]; ok {
		return &s.Entries[i]
	}
	return nil
}

// Tensor gives the value of an entry, which shares the file's bytes and must not be changed.
func (s *Set) Tensor(e *Entry) (*host.Tensor, error) {
	return s.tensors.tensor(e)
}

// Release says that a value is not read for a while, so that its bytes may leave memory. They stay valid.
func (s *Set) Release(e *Entry) { s.tensors.release(e) }

// Close gives the memory back. The tensors must not be used any more.
func (s *Set) Close() error { return s.tensors.close() }

// file is the store of a .safetensors file.
type file struct{ *safetensors.File }

func (f file) tensor(e *Entry) (*host.Tensor, error) {
	t, err := f.Tensor(e.Key())
	if err != nil || !e.Elem.Packed() {
		return t, err
	}
	if t, err = host.FromBytes(e.Elem, e.Shape, t.Bytes()); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return t, nil
}

func (f file) release(e *Entry) { f.Release(e.Key()) }
func (f file) close() error     { return f.Close() }
