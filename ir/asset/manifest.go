package asset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Format and Version are what a manifest says about itself. A reader refuses other versions.
const (
	Format  = "airpkg"
	Version = 1
)

// maxManifest bounds the manifest, in bytes, and maxItems the values in it: each item becomes several times larger in memory.
const (
	maxManifest = 4 << 20
	maxItems    = 200_000
)

// Manifest is the table of contents of an asset, manifest.json.
type Manifest struct {
	Format    string     `json:"format"`
	Version   int        `json:"version"`
	Origin    Origin     `json:"origin"`
	Functions []Function `json:"functions"`
	States    []Port     `json:"states"`
	Variants  []Variant  `json:"variants"`
	Entries   []Part     `json:"entries"`
}

// Origin says where an asset comes from.
type Origin struct {
	Generator string   `json:"generator"`                // the program that wrote it and its version
	Program   string   `json:"program_sha256,omitempty"` // of the imported model's JSON, in hex
	Passes    []string `json:"passes,omitempty"`         // those that made it of the imported model, in order
}

// Function is a function that can be called.
type Function struct {
	Name    string   `json:"name"`
	Sizes   []Range  `json:"sizes,omitempty"`
	Guards  []string `json:"guards,omitempty"` // conditions on the sizes, as the text form has them
	Inputs  []Port   `json:"inputs"`
	Outputs []Port   `json:"outputs"`
	States  []string `json:"states,omitempty"`  // that it reads
	Updates []string `json:"updates,omitempty"` // states and inputs that it gives new values
}

// Range is a symbol of a function's shapes and the sizes that it may have.
type Range struct {
	Name string `json:"name"`
	Min  int64  `json:"min"`
	Max  *int64 `json:"max,omitempty"` // without: no limit
}

// Port is an input, output or state.
type Port struct {
	Name     string `json:"name"`
	DType    string `json:"dtype"` // none for a constant, which is no tensor
	Shape    []Size `json:"shape"`
	Binds    string `json:"binds,omitempty"`    // of an integer: the symbol that it gives a value
	Constant string `json:"constant,omitempty"` // the only value that the input may have, as the text form has it
	Initial  string `json:"initial,omitempty"`  // of a state: the resource that it starts from; without: zeros
}

// Variant says that a function is another one with sizes fixed.
type Variant struct {
	Function string `json:"function"`
	Of       string `json:"of"`
	Sizes    []At   `json:"sizes"`
	Target   string `json:"target"` // the kind of device that it is for; any
}

// At is a size and its value.
type At struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// Part is an entry of the zip file.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// Size is a dimension: an integer, in JSON a number, or an expression over symbols, such as 2*S+1.
type Size string

// MarshalJSON writes an integer as a number.
func (s Size) MarshalJSON() ([]byte, error) {
	if _, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return []byte(s), nil
	}
	return json.Marshal(string(s))
}

// UnmarshalJSON reads a number or an expression.
func (s *Size) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(s))
	}
	var n int64
	err := json.Unmarshal(text, &n)
	*s = Size(strconv.FormatInt(n, 10))
	return err
}

// encode gives the canonical text of a manifest or a part of one.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil { // strings and numbers always have a JSON form
		panic(err)
	}
	return b.Bytes()
}

// decodeManifest reads a manifest's text.
func decodeManifest(text []byte) (*Manifest, error) {
	if len(text) > maxManifest {
		return nil, fmt.Errorf("found %d bytes, expected at most %d", len(text), maxManifest)
	}
	items := 0
	for _, mark := range []string{",", "{", "["} {
		items += bytes.Count(text, []byte(mark))
	}
	if items > maxItems {
		return nil, fmt.Errorf("found %d items, expected at most %d", items, maxItems)
	}
	var head struct { // before unknown keys are refused, which a newer version may have
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, jsonError(text, err)
	}
	if head.Format != Format {
		return nil, fmt.Errorf("format is %q, expected %q", head.Format, Format)
	}
	if head.Version != Version {
		return nil, fmt.Errorf("version is %d, expected %d: it was written by another version of aiopt", head.Version, Version)
	}
	m := &Manifest{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, jsonError(text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("found more text behind the manifest")
	}
	return m, nil
}

// jsonError says where the text of a manifest is wrong.
func jsonError(text []byte, err error) error {
	at := int64(-1)
	if e, ok := err.(*json.SyntaxError); ok {
		at = e.Offset
	}
	if e, ok := err.(*json.UnmarshalTypeError); ok {
		at = e.Offset
	}
	message := strings.TrimPrefix(err.Error(), "json: ")
	if at < 0 || at > int64(len(text)) {
		return fmt.Errorf("%s", message)
	}
	return fmt.Errorf("line %d: %s", 1+bytes.Count(text[:at], []byte("\n")), message)
}
