package torch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core/metaltext"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The extra files in which aiopt's Python package saves the kernels that a program calls. frontend/python/aiopt/saving.py
// writes them; docs/custom-kernels.md describes them.
const (
	kernelsFile    = "aiopt/kernels.json"
	kernelsVersion = 1
	kernelSpace    = "aiopt_metal." // of the operators that calls of kernels are
)

// Limits of untrusted files.
const (
	maxKernelsFile = 16 << 20
	maxKernels     = 1 << 12
	maxReferences  = 1 << 12 // of a kernel
	maxReference   = 64 << 20
)

// savedKernel is a kernel as a file has it.
type savedKernel struct {
	Operator   string
	Name       string
	Inputs     []struct{ Name, Kind string }
	Results    []string
	Parameters []struct{ Name, Type, Attribute string }
	Templates  []struct{ Input, Word string }
	Source     savedPart
	Helpers    savedPart
	Defined    *savedPlace
	References []*reference
}

type savedPart struct {
	Text  string
	Place *savedPlace
}

type savedPlace struct {
	File string
	Line int
}

// reference is a kernel's definition, traced for calls with the same types and numbers.
type reference struct {
	Arguments []json.RawMessage
	File      string

	arguments []argumentType
	archive   *pt2.Archive
}

// argumentType is what a reference takes at a place: a tensor or a number.
type argumentType struct {
	number  ir.Attr // nil for a tensor
	elem    host.Elem
	shape   []*int64 // nil for what is open
	example []int64
}

// kernels are those of an archive, by operator.
type kernels map[string]*savedKernel

// readKernels reads the list of kernels, which may be missing.
func readKernels(a *pt2.Archive) (kernels, error) {
	data, err := extraFile(a, kernelsFile, maxKernelsFile)
	if data == nil || err != nil {
		return nil, err
	}
	var list struct {
		Version int
		Kernels []*savedKernel
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("extra file %s: %w", kernelsFile, err)
	}
	switch {
	case list.Version != kernelsVersion:
		return nil, fmt.Errorf("extra file %s: version is %d, expected %d: it was written by another version of the package aiopt", kernelsFile, list.Version, kernelsVersion)
	case len(list.Kernels) > maxKernels:
		return nil, fmt.Errorf("extra file %s: it has %d kernels, expected at most %d", kernelsFile, len(list.Kernels), maxKernels)
	}
	all := kernels{}
	for i, k := range list.Kernels {
		if k == nil {
			return nil, fmt.Errorf("extra file %s: kernel %d is null", kernelsFile, i)
		}
		if all[k.Operator] != nil {
			return nil, fmt.Errorf("extra file %s: it has the operator %q twice", kernelsFile, k.Operator)
		}
		if err := k.decode(); err != nil {
			return nil, fmt.Errorf("extra file %s: kernel %q: %w", kernelsFile, k.Name, err)
		}
		all[k.Operator] = k
	}
	return all, nil
}

// extraFile gives the bytes of an extra file; nil where there is none.
func extraFile(a *pt2.Archive, name string, most int64) ([]byte, error) {
	at := slices.IndexFunc(a.Extra, func(e pt2.Entry) bool { return e.Name == name })
	if at < 0 {
		return nil, nil
	}
	e := a.Extra[at]
	if e.Size > most {
		return nil, fmt.Errorf("extra file %s has %d bytes, expected at most %d", name, e.Size, most)
	}
	return e.Data, e.Check()
}

func (k *savedKernel) decode() error {
	if len(k.References) > maxReferences {
		return fmt.Errorf("it has %d references, expected at most %d", len(k.References), maxReferences)
	}
	for i, r := range k.References {
		if r == nil || len(r.Arguments) != len(k.Inputs) {
			return fmt.Errorf("reference %d does not have the kernel's %d arguments", i, len(k.Inputs))
		}
		for j, raw := range r.Arguments {
			a, err := decodeArgument(raw, metaltext.Kind(k.Inputs[j].Kind))
			if err != nil {
				return fmt.Errorf("reference %d: argument %s: %w", i, k.Inputs[j].Name, err)
			}
			r.arguments = append(r.arguments, a)
		}
	}
	return nil
}

func decodeArgument(raw json.RawMessage, kind metaltext.Kind) (argumentType, error) {
	var err error
	switch kind {
	case metaltext.Int:
		var n int64
		err = json.Unmarshal(raw, &n)
		return argumentType{number: ir.Int(n)}, err
	case metaltext.Float:
		var f float64
		err = json.Unmarshal(raw, &f)
		return argumentType{number: ir.Float(f)}, err
	case metaltext.Bool:
		var b bool
		err = json.Unmarshal(raw, &b)
		return argumentType{number: ir.Bool(b)}, err
	}
	var t struct {
		DType   string
		Shape   []*int64
		Example []int64
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return argumentType{}, err
	}
	elem, ok := host.ParseElem(t.DType)
	if !ok || len(t.Shape) != len(t.Example) {
		return argumentType{}, fmt.Errorf("found dtype %q, %d sizes and %d examples of them", t.DType, len(t.Shape), len(t.Example))
	}
	return argumentType{elem: elem, shape: t.Shape, example: t.Example}, nil
}

// text is the kernel for the package that makes its text.
func (k *savedKernel) text() *metaltext.Kernel {
	t := &metaltext.Kernel{Name: k.Name, Results: k.Results, Source: k.Source.part(), Helpers: k.Helpers.part(), Defined: k.Defined.place()}
	for _, in := range k.Inputs {
		t.Inputs = append(t.Inputs, metaltext.Input{Name: in.Name, Kind: metaltext.Kind(in.Kind)})
	}
	for _, p := range k.Parameters {
		t.Builtins = append(t.Builtins, metaltext.Builtin{Type: p.Type, Name: p.Name, Attr: p.Attribute})
	}
	for _, p := range k.Templates {
		t.Templates = append(t.Templates, metaltext.Template{Input: p.Input, Name: p.Word})
	}
	return t
}

func (p savedPart) part() metaltext.Part { return metaltext.Part{Text: p.Text, At: p.Place.place()} }

func (p *savedPlace) place() metaltext.Place {
	if p == nil || strings.ContainsAny(p.File, "\n\r") {
		return metaltext.Place{}
	}
	return metaltext.Place{File: p.File, Line: p.Line}
}

// find gives the reference for a call; one that is open where the call is not will do.
func (k *savedKernel) find(tensors []ir.Type, numbers []ir.Attr) *reference {
	for _, exact := range []bool{true, false} {
		for _, r := range k.References {
			if r.fits(tensors, numbers, exact) {
				return r
			}
		}
	}
	return nil
}

func (r *reference) fits(tensors []ir.Type, numbers []ir.Attr, exact bool) bool {
	for _, a := range r.arguments {
		if a.number != nil {
			if len(numbers) == 0 || !ir.EqualAttr(a.number, numbers[0]) {
				return false
			}
			numbers = numbers[1:]
			continue
		}
		if len(tensors) == 0 || tensors[0].Elem != a.elem || tensors[0].Rank() != len(a.shape) {
			return false
		}
		for i, d := range tensors[0].Shape {
			n, static := d.IsConst()
			if a.shape[i] != nil && (!static || n != *a.shape[i]) || a.shape[i] == nil && static && exact {
				return false
			}
		}
		tensors = tensors[1:]
	}
	return len(tensors) == 0 && len(numbers) == 0
}

// open reads the program that the reference is.
func (r *reference) open(a *pt2.Archive) (*pt2.Archive, error) {
	if r.archive != nil {
		return r.archive, nil
	}
	text, err := extraFile(a, r.File, maxReference)
	if err == nil && text == nil {
		err = errors.New("the file has no such entry")
	}
	if err != nil {
		return nil, fmt.Errorf("extra file %s: %w", r.File, err)
	}
	data, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, fmt.Errorf("extra file %s: %w", r.File, err)
	}
	inner, err := pt2.Read(data, a.Path+": extra file "+r.File)
	if err != nil {
		return nil, err
	}
	for _, e := range inner.Entries {
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("extra file %s: %w", r.File, err)
		}
	}
	if len(inner.Models) != 1 {
		return nil, fmt.Errorf("extra file %s has %d programs, expected one", r.File, len(inner.Models))
	}
	r.archive = inner
	return inner, nil
}
