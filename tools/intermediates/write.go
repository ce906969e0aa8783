package intermediates

import (
	"encoding/json"
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// Writer writes saved values as they are computed and keeps no tensor. Whoever creates it ends it by Commit or Discard; Discard after
// Commit does nothing. The same values give the same bytes.
type Writer struct {
	Program string // as Set has it
	Tool    string
	Inputs  []Input
	Schemes []string // as Set has them; nil: the file does not say
	// Functions has one for each call, where the program has several.
	Functions []string

	out   *safetensors.Stream
	index index
}

// Create starts a file, which appears under its name at Commit.
func Create(path string) (*Writer, error) {
	out, err := safetensors.NewStream(path)
	if err != nil {
		return nil, err
	}
	return &Writer{out: out, index: index{Strings: []string{}, Files: []indexFile{}, Tensors: map[string]record{}, shared: map[string]int{}, files: map[string]int{}}}, nil
}

// Add writes a value, whose element type and shape are those of the tensor. One that is there already is an error.
func (w *Writer) Add(e Entry, t *host.Tensor) error {
	e.Elem, e.Shape = t.Elem, t.Shape
	if e.Loc == nil {
		e.Loc = ir.Unknown
	}
	key := e.Key()
	if _, _, _, err := parseKey(key); err != nil {
		return err
	}
	if err := w.out.Add(key, t); err != nil {
		return err
	}
	w.index.add(&e, w.out.Len()-1)
	return nil
}

// Len is how many values there are so far.
func (w *Writer) Len() int { return w.out.Len() }

// Commit writes what the file says of the values, and gives it its name.
func (w *Writer) Commit() error {
	inputs := make([]inputRecord, len(w.Inputs))
	for i, in := range w.Inputs {
		inputs[i] = inputRecord{Name: in.Name}
		if in.IsTensor {
			continue
		}
		var err error
		if inputs[i].Value, err = json.Marshal(in.Value); err != nil {
			return fmt.Errorf("input %q: %w", in.Name, err)
		}
	}
	given, err := json.Marshal(inputs)
	if err != nil {
		return err
	}
	index, err := json.Marshal(&w.index)
	if err != nil {
		return err
	}
	pairs := []safetensors.Pair{{Key: versionKey, Value: version}, {Key: programKey, Value: w.Program}, {Key: inputsKey, Value: string(given)},
		{Key: toolKey, Value: w.Tool}, {Key: indexKey, Value: string(index)}}
	for _, l := range []struct {
		key  string
		list []string
		is   bool
	}{{functionsKey, w.Functions, len(w.Functions) > 0}, {schemesKey, w.Schemes, w.Schemes != nil}} {
		if !l.is {
			continue
		}
		text, err := json.Marshal(l.list)
		if err != nil {
			return err
		}
		pairs = append(pairs, safetensors.Pair{Key: l.key, Value: string(text)})
	}
	return w.out.Commit(pairs...)
}

// Discard removes a file that has no name yet.
func (w *Writer) Discard() { w.out.Discard() }
