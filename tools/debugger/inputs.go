package debugger

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/sides"
)

// maxUpload bounds a request.
const maxUpload = 256 << 20

// inputAsk says where one input of a run comes from.
type inputAsk struct {
	Name string    `json:"name"`
	From string    `json:"from"` // a key of sources
	Text string    `json:"text"` // numbers, for values
	File string    `json:"file"` // the part of the request that has the file
	Seed uint64    `json:"seed"` // of random numbers
	Mean []float64 `json:"mean"` // of the channels of an image, which has numbers from 0 to 1
	Std  []float64 `json:"std"`
}

// The places that inputs come from.
const (
	fromMade   = string(sides.Made) // legal for their use: indices in range, masks that let most through
	fromRandom = "random"           // normally distributed
	fromValues = "values"           // typed, such as token ids
	fromFile   = "file"
	fromSaved  = string(sides.Saved)
	fromGiven  = string(sides.Given)
	fromExport = string(sides.Export)
)

// inputInfo is an input of a function, with the sources that have it.
type inputInfo struct {
	portInfo
	Float  bool         `json:"float"`
	Image  bool         `json:"image"`
	Saved  bool         `json:"saved"`
	Given  bool         `json:"given"`
	Export bool         `json:"export"`
	From   sides.Source `json:"from"` // the first source that has it, as `aiopt compare` chooses
}

// inputsInfo is what a function takes, and the sizes that the caller chooses.
type inputsInfo struct {
	Inputs []inputInfo `json:"inputs"`
	Sizes  []sizeInfo  `json:"sizes"`
}

// getInputs says what a function takes, and where that may come from.
func (s *Server) getInputs(r *http.Request) (any, error) {
	m, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	list := []inputInfo{}
	given, err := s.given()
	if err != nil {
		return nil, fmt.Errorf("the file of --inputs: %w", err)
	}
	examples := m.examples(p.fn)
	for i, in := range backend.SignatureOf(p.fn).Inputs {
		t := in.Value.Type
		info := inputInfo{portInfo: portInfo{in.Value.Name, t.String()}, Float: t.Elem.IsFloat(), Image: imageAxes(t) != nil, Export: examples != nil}
		info.Given = given.Tensor(in.Value.Name, placeName(i)) != nil
		kept, err := s.savedInput(m, in.Value.Name)
		info.Saved = err == nil && kept != nil
		has := map[sides.Source]bool{sides.Saved: info.Saved, sides.Given: info.Given, sides.Export: info.Export, sides.Made: true}
		all := sides.Sources()
		info.From = all[slices.IndexFunc(all, func(from sides.Source) bool { return has[from] })]
		list = append(list, info)
	}
	sizes := []sizeInfo{}
	for _, d := range p.fn.Dims {
		sizes = append(sizes, sizeOfDim(d))
	}
	return inputsInfo{list, sizes}, nil
}

// examples are the inputs that a function of a .pt2 was exported with; nil where the file has none that fit.
func (m *model) examples(f *ir.Func) []*host.Tensor {
	if filepath.Ext(m.path) != ".pt2" {
		return nil
	}
	a, err := m.exported() // it stays mapped, as the model's weights do
	if err != nil || len(a.Models) == 0 {
		return nil
	}
	name := f.Name
	if len(a.Models) == 1 {
		name = a.Models[0].Name
	}
	list, err := a.SampleInputs(name)
	params := backend.SignatureOf(f).Inputs
	if err != nil || len(list) != len(params) {
		return nil
	}
	for i, in := range params {
		if t := in.Value.Type; t.Elem != list[i].Elem || t.Rank() != list[i].Rank() {
			return nil
		}
	}
	return list
}

// placeName is how --io=position names an input.
func placeName(place int) string { return fmt.Sprintf("in%d", place) }

// pick finds the tensor of an input by its name or by its place.
func pick(all map[string]*host.Tensor, name string, place int) *host.Tensor {
	if t := all[name]; t != nil {
		return t
	}
	return all[placeName(place)]
}

// readGiven reads the file of --inputs; nil without one.
func readGiven(path string) (*inputs.Given, error) {
	if path == "" {
		return nil, nil
	}
	return inputs.Read(path)
}

func allOf(f *safetensors.File) (map[string]*host.Tensor, error) {
	all := map[string]*host.Tensor{}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, err
		}
		all[name] = t
	}
	return all, nil
}

// maker makes the inputs of a call.
type maker struct {
	server   *Server
	model    *model
	sig      backend.Signature
	asks     map[string]inputAsk
	sizes    map[string]int64
	parts    map[string][]*multipart.FileHeader
	files    map[string]*uploaded // those of the parts that were read, by their names
	examples []*host.Tensor       // of the export, one for each input; nil for none
}

// inputs gives a tensor for each input of the function. What is read from files binds the sizes of what is made.
func (k *maker) inputs() ([]*host.Tensor, error) {
	in := make([]*host.Tensor, len(k.sig.Inputs))
	for i, p := range k.sig.Inputs {
		t, err := k.read(i, p)
		if err != nil {
			return nil, badRequest("input %s: %v", p.Value.Name, err)
		}
		if in[i] = t; t != nil {
			k.bind(p.Value.Type, t.Shape)
		}
	}
	if !slices.Contains(in, nil) {
		return in, nil
	}
	made, err := k.made()
	if err != nil {
		return nil, badRequest("%v", forPage(err))
	}
	for i, p := range k.sig.Inputs {
		if in[i] != nil {
			continue
		}
		in[i] = made[i]
		if ask := k.asks[p.Value.Name]; ask.From == fromRandom && made[i].Elem.IsFloat() {
			in[i] = normal(made[i], ask.Seed)
		}
	}
	return in, nil
}

// bind notes the sizes that a tensor gives to symbols.
func (k *maker) bind(t ir.Type, shape []int) {
	for i, d := range t.Shape {
		if name, ok := d.IsSym(); ok && i < len(shape) {
			k.sizes[name] = int64(shape[i])
		}
	}
}

// made makes inputs that are legal for their use. Sizes that nobody gave are those that the guards allow.
func (k *maker) made() ([]*host.Tensor, error) {
	cases, err := numeric.MakeCases(&ir.Module{Funcs: []*ir.Func{k.sig.Func}})
	if err != nil || len(k.sizes) == 0 {
		if err != nil {
			return nil, err
		}
		return cases[0].In, nil
	}
	free := maker{sizes: map[string]int64{}}
	for i, p := range k.sig.Inputs {
		free.bind(p.Value.Type, cases[0].In[i].Shape)
		if p.Binds != "" {
			free.sizes[p.Binds] = host.IntAt(cases[0].In[i], 0)
		}
	}
	for name, n := range k.sizes {
		free.sizes[name] = n
	}
	if err := checkMemory(k.sig.Func, free.sizes); err != nil {
		return nil, err
	}
	return numeric.MakeInputs(k.sig.Func, free.sizes)
}

// read gives an input that is not to be made; nil for one that is.
func (k *maker) read(i int, p *ir.Param) (*host.Tensor, error) {
	ask := k.asks[p.Value.Name]
	switch ask.From {
	case "", fromMade, fromRandom:
		return nil, nil
	case fromValues:
		return parseValues(ask.Text, p.Value.Type)
	case fromGiven:
		given, err := k.server.given()
		if err != nil {
			return nil, err
		}
		if t := given.Tensor(p.Value.Name, placeName(i)); t != nil {
			return t, nil
		}
		return nil, fmt.Errorf("%s has no tensor of that name", k.server.opt.Inputs)
	case fromSaved:
		t, err := k.server.savedInput(k.model, p.Value.Name)
		if t == nil && err == nil {
			err = errors.New("no saved values of the model have an input of that name")
		}
		return t, err
	case fromExport:
		if len(k.examples) == 0 {
			return nil, errors.New("the model's file has no inputs of its export that fit")
		}
		return k.examples[i], nil
	case fromFile:
		file, err := k.file(ask.File)
		if err != nil {
			return nil, err
		}
		return file.tensor(p.Value, i, ask)
	}
	return nil, fmt.Errorf("from %q: expected %s", ask.From, strings.Join([]string{fromMade, fromRandom, fromValues, fromFile, fromSaved, fromGiven, fromExport}, ", "))
}

// file reads a part of the request, once for all inputs that name it.
func (k *maker) file(name string) (*uploaded, error) {
	if have := k.files[name]; have != nil {
		return have, nil
	}
	if len(k.parts[name]) == 0 {
		return nil, fmt.Errorf("the request has no file %q", name)
	}
	read, err := readUpload(k.parts[name][0])
	if err == nil {
		k.files[name] = read
	}
	return read, err
}

// normal gives normally distributed numbers of a tensor's type and shape; the same seed gives the same numbers.
func normal(like *host.Tensor, seed uint64) *host.Tensor {
	out := host.New(like.Elem, like.Shape...)
	from := rand.New(rand.NewPCG(seed, 1))
	for i := range out.Len() {
		host.SetFloat(out, i, from.NormFloat64())
	}
	return out
}

// parseValues reads numbers between blanks, commas or brackets. They fill the input's shape; an open size follows from how many
// there are.
func parseValues(text string, t ir.Type) (*host.Tensor, error) {
	var numbers []json.Number
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n,[]()", r) }) {
		numbers = append(numbers, json.Number(word))
	}
	shape, err := fit(t, len(numbers))
	if err != nil {
		return nil, err
	}
	out, err := host.Alloc(t.Elem, shape)
	if err != nil {
		return nil, err
	}
	for i, n := range numbers {
		x, err := n.Float64()
		if err != nil {
			return nil, fmt.Errorf("found %q, expected a number", n)
		}
		if whole, err := n.Int64(); err == nil && !t.Elem.IsFloat() {
			host.SetInt(out, i, whole)
		} else if t.Elem.IsFloat() {
			host.SetFloat(out, i, x)
		} else {
			return nil, fmt.Errorf("found %s, expected a number that %s holds", n, t.Elem)
		}
	}
	return out, nil
}

// fit gives the sizes of a type for so many elements: one open size follows from the others, more are 1.
func fit(t ir.Type, n int) ([]int, error) {
	shape := make([]int, len(t.Shape))
	known, last := 1, -1
	for i, d := range t.Shape {
		shape[i] = 1
		if size, ok := d.IsConst(); ok {
			shape[i] = int(size)
			known *= int(size)
		} else {
			last = i
		}
	}
	if last >= 0 && known > 0 && n%known == 0 {
		shape[last] = n / known
		known = n
	}
	if known != n {
		return nil, fmt.Errorf("found %d numbers, expected those of %s", n, t)
	}
	return shape, nil
}
