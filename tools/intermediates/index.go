package intermediates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The metadata of a file.
const (
	versionKey   = "aiopt.intermediates"
	programKey   = "aiopt.program" // sha256 of the program's JSON in the .pt2, in hex
	inputsKey    = "aiopt.inputs"
	functionsKey = "aiopt.functions"
	toolKey      = "aiopt.tool"
	schemesKey   = "aiopt.schemes"
	indexKey     = "aiopt.index"

	version = "1"
)

// Bounds of what an index may ask for.
const (
	maxStrings = 1 << 20
	maxFrames  = 64 // of one entry
	maxInputs  = 1 << 16
	maxSchemes = 64
)

// index says where tensors come from. Texts that entries share are in it once.
type index struct {
	Strings []string          `json:"strings"`
	Files   []indexFile       `json:"files"`
	Tensors map[string]record `json:"t"` // by Entry.Key; encoding/json sorts them

	shared map[string]int // of Strings and Files, while writing
	files  map[string]int
	locs   map[locKey]*ir.Loc // while reading
}

type indexFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256,omitempty"`
}

// record is what the index says of a tensor; numbers are places in Strings and Files.
type record struct {
	Op     int      `json:"op"`
	Module int      `json:"module"`
	Class  int      `json:"class"`
	Origin *int     `json:"origin,omitempty"`
	Loc    [][2]int `json:"loc"` // file and line, the innermost first
	Role   string   `json:"role"`
	Order  int      `json:"order"`
	Elem   string   `json:"elem,omitempty"` // of a type narrower than a byte, with its shape
	Shape  []int    `json:"shape,omitempty"`
}

type locKey struct {
	module, class int
	stack         string
}

func (x *index) intern(s string) int {
	at, ok := x.shared[s]
	if !ok {
		at = len(x.Strings)
		x.shared[s] = at
		x.Strings = append(x.Strings, s)
	}
	return at
}

func (x *index) file(path string) int {
	at, ok := x.files[path]
	if !ok {
		at = len(x.Files)
		x.files[path] = at
		x.Files = append(x.Files, indexFile{Path: path})
	}
	return at
}

// add notes an entry.
func (x *index) add(e *Entry, order int) {
	loc := e.Loc.Leaves()[0]
	r := record{Op: x.intern(e.Op), Module: x.intern(loc.Path), Class: x.intern(loc.Class), Loc: [][2]int{}, Role: e.Role.String(), Order: order}
	if e.Origin != "" {
		at := x.intern(e.Origin)
		r.Origin = &at
	}
	for _, f := range loc.Stack {
		r.Loc = append(r.Loc, [2]int{x.file(f.File), f.Line})
	}
	if e.Elem.Packed() {
		r.Elem, r.Shape = e.Elem.String(), e.Shape
	}
	x.Tensors[e.Key()] = r
}

// parseIndex reads an index. No tensor is in it that known does not accept, so that it is not larger than the file's own header.
func parseIndex(text string, known func(key string) bool) (*index, error) {
	x := &index{Tensors: map[string]record{}, locs: map[locKey]*ir.Loc{}}
	dec := json.NewDecoder(strings.NewReader(text))
	err := object(dec, func(key string) error {
		switch key {
		case "strings":
			return list(dec, maxStrings, &x.Strings)
		case "files":
			return list(dec, maxStrings, &x.Files)
		case "t":
			return object(dec, func(name string) error {
				if !known(name) {
					return fmt.Errorf("it describes the tensor %q, which is not in the file", name)
				}
				if _, twice := x.Tensors[name]; twice {
					return fmt.Errorf("it describes the tensor %q twice", name)
				}
				var r record
				if err := dec.Decode(&r); err != nil {
					return fmt.Errorf("tensor %q: %w", name, err)
				}
				x.Tensors[name] = r
				return nil
			})
		}
		var skipped json.RawMessage
		return dec.Decode(&skipped)
	})
	return x, err
}

// object reads a JSON object; each is called where a value starts, and reads it.
func object(dec *json.Decoder, each func(key string) error) error {
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return cmpError(err, "found %v, expected an object", open)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return ended(err)
		}
		if err := each(key.(string)); err != nil { // a key, as More says
			return ended(err)
		}
	}
	_, err := dec.Token()
	return ended(err)
}

// list reads a JSON list of at most so many elements.
func list[T any](dec *json.Decoder, most int, to *[]T) error {
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return cmpError(err, "found %v, expected a list", open)
	}
	for dec.More() {
		if len(*to) == most {
			return fmt.Errorf("a list has more than %d elements", most)
		}
		var v T
		if err := dec.Decode(&v); err != nil {
			return ended(err)
		}
		*to = append(*to, v)
	}
	_, err := dec.Token()
	return ended(err)
}

// cmpError is an error of reading, or one of what was read.
func cmpError(err error, format string, args ...any) error {
	if err != nil {
		return ended(err)
	}
	return fmt.Errorf(format, args...)
}

// ended says where a text ends too early.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

// entry makes an entry of what the file and the index say of a tensor.
func (x *index) entry(key string, elem host.Elem, shape []int, size int) (Entry, error) {
	e := Entry{Elem: elem, Shape: shape, Loc: ir.Unknown}
	var err error
	if e.Node, e.Run, e.Output, err = parseKey(key); err != nil {
		return e, err
	}
	r, ok := x.Tensors[key]
	if !ok {
		return e, errors.New("the index does not describe it")
	}
	role := slices.Index(roles[:], r.Role)
	if role < 0 {
		return e, fmt.Errorf("the role is %q, expected one of %s", r.Role, strings.Join(roles[:], ", "))
	}
	e.Role = Role(role)
	if e.Op, err = x.text(r.Op); err != nil {
		return e, err
	}
	if r.Origin != nil {
		if e.Origin, err = x.text(*r.Origin); err != nil {
			return e, err
		}
	}
	if e.Loc, err = x.loc(&r); err != nil {
		return e, err
	}
	if r.Elem == "" {
		return e, nil
	}
	packed, ok := host.ParseElem(r.Elem)
	if !ok || !packed.Packed() {
		return e, fmt.Errorf("the element type is %q, expected one narrower than a byte, such as u4", r.Elem)
	}
	if n, err := host.SizeBytes(packed, r.Shape); err != nil || n != size || elem != host.U8 {
		return e, fmt.Errorf("%s of shape %s does not take the %d bytes that the file has", packed, host.ShapeText(r.Shape), size)
	}
	e.Elem, e.Shape = packed, r.Shape
	return e, nil
}

func (x *index) text(at int) (string, error) {
	if at < 0 || at >= len(x.Strings) {
		return "", fmt.Errorf("it refers to text %d of %d", at, len(x.Strings))
	}
	return x.Strings[at], nil
}

// loc makes the location of a record; equal ones are shared.
func (x *index) loc(r *record) (*ir.Loc, error) {
	if len(r.Loc) > maxFrames {
		return nil, fmt.Errorf("it has %d lines of Python, at most %d are allowed", len(r.Loc), maxFrames)
	}
	key := locKey{r.Module, r.Class, fmt.Sprint(r.Loc)}
	if loc := x.locs[key]; loc != nil {
		return loc, nil
	}
	loc := &ir.Loc{}
	var err error
	if loc.Path, err = x.text(r.Module); err != nil {
		return nil, err
	}
	if loc.Class, err = x.text(r.Class); err != nil {
		return nil, err
	}
	for _, l := range r.Loc {
		if l[0] < 0 || l[0] >= len(x.Files) || l[1] < 0 {
			return nil, fmt.Errorf("it refers to line %d of file %d of %d", l[1], l[0], len(x.Files))
		}
		loc.Stack = append(loc.Stack, ir.Frame{File: x.Files[l[0]].Path, Line: l[1]})
	}
	x.locs[key] = loc
	return loc, nil
}

// inputRecord is an input of the run. A tensor has no value: it is in the file.
type inputRecord struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value,omitempty"`
}

// parseInputs reads what the model was given.
func parseInputs(text string) ([]Input, error) {
	if text == "" {
		return nil, nil
	}
	var records []inputRecord
	if err := list(json.NewDecoder(strings.NewReader(text)), maxInputs, &records); err != nil {
		return nil, err
	}
	inputs := make([]Input, len(records))
	for i, r := range records {
		inputs[i] = Input{Name: r.Name, IsTensor: r.Value == nil}
		if r.Value == nil {
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(r.Value))
		dec.UseNumber()
		if err := dec.Decode(&inputs[i].Value); err != nil {
			return nil, fmt.Errorf("input %q: %w", r.Name, err)
		}
	}
	return inputs, nil
}
