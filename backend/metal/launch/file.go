package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// File is what kernels/launch.json of an asset holds.
type File struct {
	Kernels   []Entry    `json:"kernels"`
	Functions []Function `json:"functions,omitempty"` // none where the file has only kernels that users wrote
}

// Entry is a kernel and the text that has it.
type Entry struct {
	Text   string `json:"text"`           // the name of the text, beside this file
	Origin string `json:"origin"`         // who made the text: one of the constants
	Name   string `json:"name,omitempty"` // of a custom kernel: what its author calls it
	Kernel
}

// Who made a kernel's text.
const (
	Custom    = "custom"    // a user
	Generated = "generated" // aiopt, for operations of the program
)

// The bounds of a file, which hold what is made of one in memory to some tens of megabytes.
const (
	MostBytes   = 16 << 20 // of the file
	mostObjects = 50_000
	mostItems   = 500_000 // values in lists and objects
)

// Encode gives the canonical text of a file. Buffers and steps take a line each.
func (f *File) Encode() ([]byte, error) {
	kernels := f.Kernels
	if kernels == nil {
		kernels = []Entry{}
	}
	w := &writer{}
	w.value("{\n  \"kernels\": ", kernels, "  ")
	for i := range f.Functions {
		w.text([]string{",\n  \"functions\": [\n", ",\n"}[min(i, 1)])
		w.function(&f.Functions[i])
	}
	if len(f.Functions) > 0 {
		w.text("\n  ]")
	}
	w.text("\n}\n")
	return w.Bytes(), w.err
}

// writer lays a file out for readers.
type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) text(s string) { w.WriteString(s) }

// value writes the JSON form of a value behind a text, on one line or, with a prefix for lines, on several.
func (w *writer) value(before string, v any, prefix string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if prefix != "" {
		e.SetIndent(prefix, "  ")
	}
	w.err = errors.Join(w.err, e.Encode(v))
	w.text(before + strings.TrimSuffix(b.String(), "\n"))
}

func (w *writer) function(f *Function) {
	w.value("    {\n      \"name\": ", f.Name, "")
	if len(f.Sizes) > 0 {
		w.value(",\n      \"sizes\": ", f.Sizes, "")
	}
	if f.Arena > 0 {
		w.value(",\n      \"arena\": ", f.Arena, "")
	}
	if len(f.Slots) > 0 {
		w.value(",\n      \"slots\": ", f.Slots, "")
	}
	listed(w, ",\n      \"buffers\": [", f.Buffers)
	w.value(",\n      \"results\": ", append([]int{}, f.Results...), "")
	listed(w, ",\n      \"steps\": [", f.Steps)
	w.text("\n    }")
}

// listed writes a list with a line for each item.
func listed[T any](w *writer, before string, list []T) {
	w.text(before)
	for i, v := range list {
		w.value([]string{"\n        ", ",\n        "}[min(i, 1)], v, "")
	}
	w.text("]")
}

// ParseFile reads a file and validates its kernels and functions. Keys that are not known are an error.
func ParseFile(data []byte) (*File, error) {
	if len(data) > MostBytes {
		return nil, fmt.Errorf("launch description: it has %d bytes, expected at most %d", len(data), MostBytes)
	}
	if n := bytes.Count(data, []byte(",")) + bytes.Count(data, []byte("{")) + bytes.Count(data, []byte("[")); n > mostItems {
		return nil, fmt.Errorf("launch description: it has %d values and lists, expected at most %d", n, mostItems)
	}
	if n := bytes.Count(data, []byte("{")); n > mostObjects {
		return nil, fmt.Errorf("launch description: it has %d objects, expected at most %d", n, mostObjects)
	}
	f := &File{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("launch description: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("launch description: found more text behind it")
	}
	return f, f.validate()
}

// validate gives what is wrong with the first kernels or functions where something is.
func (f *File) validate() error {
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for i := 0; i < len(f.Kernels) && len(errs) < mostProblems; i++ {
		k := &f.Kernels[i]
		if k.Text == "" {
			note(fmt.Errorf("kernel %q: it names no text", k.Function))
		}
		if k.Origin != Custom && k.Origin != Generated {
			note(fmt.Errorf("kernel %q: origin is %q, expected %q or %q", k.Function, k.Origin, Custom, Generated))
		}
		note(k.Validate())
	}
	seen := map[string]bool{}
	for i := 0; i < len(f.Functions) && len(errs) < mostProblems; i++ {
		fn := &f.Functions[i]
		if seen[fn.Name] {
			note(fmt.Errorf("function %q is described twice", fn.Name))
		}
		seen[fn.Name] = true
		note(f.validateFunction(fn))
	}
	return errors.Join(errs...)
}
