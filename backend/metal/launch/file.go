package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// File is what kernels/launch.json of an asset holds.
type File struct {
	Kernels []Entry `json:"kernels"`
}

// Entry is a kernel and the text that has it.
type Entry struct {
	Text   string `json:"text"`           // the name of the text, beside this file
	Origin string `json:"origin"`         // who made the text: one of the constants
	Name   string `json:"name,omitempty"` // of a custom kernel: what its author calls it
	Kernel
}

// Custom is the origin of kernels that a user wrote.
const Custom = "custom"

// Encode gives the canonical text of a file.
func (f *File) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(f)
	return b.Bytes(), err
}

// ParseFile reads a file and validates its kernels. Keys that are not known are an error.
func ParseFile(data []byte) (*File, error) {
	f := &File{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("launch description: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("launch description: found more text behind it")
	}
	var errs []error
	for i := range f.Kernels {
		k := &f.Kernels[i]
		if k.Text == "" {
			errs = append(errs, fmt.Errorf("kernel %q: it names no text", k.Function))
		}
		errs = append(errs, k.Validate())
	}
	return f, errors.Join(errs...)
}
