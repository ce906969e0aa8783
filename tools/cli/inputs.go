package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// inputs are the tensors and values that the user gave, by name.
type inputs struct {
	tensors map[string]*host.Tensor
	values  map[string]any // JSON that has no type yet
	order   []string
	inFile  int // how many of order came from the file
	taken   map[string]bool
	known   []string // the names that calls asked for
}

func noInputs() *inputs {
	return &inputs{tensors: map[string]*host.Tensor{}, values: map[string]any{}, taken: map[string]bool{}}
}

func readInputs(file string, single []string) (*inputs, error) {
	in := noInputs()
	if file != "" {
		if err := in.read(file); err != nil {
			return nil, err
		}
	}
	in.inFile = len(in.order)
	for _, s := range single {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usagef("--input %s: expected NAME=FILE or NAME=VALUE", s)
		}
		if at := slices.Index(in.order, name); at >= in.inFile {
			return nil, usagef("--input %s: the input is given twice", name)
		} else if at >= 0 {
			return nil, usagef("--input %s: %s has an input of that name, too", name, file)
		}
		if err := in.add(name, value); err != nil {
			return nil, fmt.Errorf("--input %s: %w", name, err)
		}
	}
	return in, nil
}

// read takes all tensors of a file, or the inputs of a run whose values were saved.
func (in *inputs) read(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		if !intermediates.Is(file) {
			return fmt.Errorf("--inputs=%s: found a folder, expected one .safetensors file; a folder of samples is for passes that calibrate, as `aiopt help inputs` explains", file)
		}
		s, err := intermediates.Open(file)
		if err != nil {
			return err
		}
		return in.saved(s)
	}
	f, err := openTensors(file, "give a single tensor with --input NAME="+file)
	if err != nil {
		return err
	}
	if intermediates.Holds(f) {
		s, err := intermediates.Read(f)
		if err != nil {
			return err
		}
		return in.saved(s)
	}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return err
		}
		in.set(name, t)
	}
	return nil
}

// saved takes what a run was given. Constants are those of the model, and stay out.
func (in *inputs) saved(s *intermediates.Set) error {
	for _, each := range s.Inputs {
		if !each.IsTensor {
			continue
		}
		t, err := s.Tensor(s.Find(each.Name))
		if err != nil {
			return err
		}
		in.set(each.Name, t)
	}
	return nil
}

func (in *inputs) set(name string, t *host.Tensor) {
	in.tensors[name] = t
	in.order = append(in.order, name)
}

// openTensors opens a .safetensors file. Of another file, the error says what it is, and how to use a NumPy array instead.
func openTensors(path, instead string) (*safetensors.File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: found a folder, expected a .safetensors file", path)
	}
	f, err := safetensors.Open(path)
	if err == nil {
		return f, nil
	}
	what := pt2.Recognize(path)
	switch what {
	case "", pt2.Safetensors:
		return nil, err
	case pt2.NumPyArray:
	default:
		instead = `safetensors.torch.save_file({"x": x}, "x.safetensors") in Python makes one`
	}
	return nil, fmt.Errorf("%s: found %s, expected a .safetensors file; %s", path, what, instead)
}

// readArray reads a .npy file.
func readArray(path string) (*host.Tensor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := host.ParseNPY(data)
	if what := pt2.Recognize(path); err != nil && what != "" && what != pt2.NumPyArray {
		return nil, fmt.Errorf("%s: found %s, expected %s", path, what, pt2.NumPyArray)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func (in *inputs) add(name, value string) error {
	if value == "" {
		return errors.New("found nothing after the =, expected a value or the name of a .npy or .safetensors file")
	}
	in.order = append(in.order, name)
	if v, ok := parseJSON(value); ok {
		in.values[name] = v
		return nil
	}
	if v, ok := parseJSON(notNumbers.ReplaceAllString(value, `"$0"`)); ok {
		in.values[name] = v
		return nil
	}
	switch filepath.Ext(value) {
	case npyEnding:
		t, err := readArray(value)
		if err != nil {
			return err
		}
		in.tensors[name] = t
	case ".safetensors":
		f, err := openTensors(value, "name the file .npy")
		if err != nil {
			return err
		}
		if n := len(f.Names()); n != 1 {
			return fmt.Errorf("%s holds %d tensors, expected one", value, n)
		}
		t, err := f.Tensor(f.Names()[0])
		if err != nil {
			return err
		}
		in.tensors[name] = t
	default:
		if what := pt2.Recognize(value); what != "" {
			return fmt.Errorf("%s: found %s, expected a .npy or .safetensors file", value, what)
		}
		return fmt.Errorf("%q is neither JSON (a string needs quotes) nor the name of a .npy or .safetensors file", value)
	}
	return nil
}

var positionName = regexp.MustCompile(`^(s\d{1,6}\.)?in\d+$`)

// byPosition reports inputs named in0, in1, ... in the order of the signature.
func (in *inputs) byPosition() bool { return slices.ContainsFunc(in.order, positionName.MatchString) }

var stepName = regexp.MustCompile(`^s(\d{1,6})\.`)

// steps counts the calls that names like s0.in0 describe; 0 where no name has a number.
func (in *inputs) steps() int {
	n := 0
	for _, name := range in.order {
		if m := stepName.FindStringSubmatch(name); m != nil {
			var k int
			fmt.Sscan(m[1], &k)
			n = max(n, k+1)
		}
	}
	return n
}

// torchFloats are PyTorch's names of the types that a pass keeps states in.
var torchFloats = map[host.Elem]string{host.F16: "float16", host.BF16: "bfloat16", host.F32: "float32", host.F64: "float64"}

// setStates gives states the values named buf:NAME.
func (in *inputs) setStates(m *ir.Module, s backend.Session) error {
	for i, name := range in.order {
		state, ok := strings.CutPrefix(name, "buf:")
		if !ok {
			continue
		}
		st := m.State(state)
		if st == nil {
			// A file may list buffers that the model only reads; what was typed must be a state.
			in.taken[name] = i < in.inFile
			continue
		}
		in.taken[name] = true
		t, err := in.get(name, st.Type)
		if err != nil {
			return err
		}
		if err := s.SetState(state, t); err != nil {
			if t.Elem != st.Type.Elem {
				hint := ""
				if name := torchFloats[st.Type.Elem]; name != "" && t.Elem.IsFloat() {
					hint = fmt.Sprintf("convert it, in PyTorch by tensor.to(torch.%s), or ", name)
				}
				err = fmt.Errorf("%w; a pass such as fp16 or kv8 changed how the state is kept: %sleave buf:%s out, and it starts as the model says", err, hint, state)
			}
			return err
		}
	}
	return nil
}

// get gives a tensor that the user gave; a JSON value takes the type expected.
func (in *inputs) get(name string, t ir.Type) (*host.Tensor, error) {
	if t, ok := in.tensors[name]; ok {
		return t, nil
	}
	made, err := fromJSON(in.values[name], t)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", name, err)
	}
	return made, nil
}

func (in *inputs) names() []string {
	return clipped(in.order)
}

// clipped is a list for a message, which names the first of many.
func clipped(list []string) []string {
	const most = 12
	if len(list) > most {
		list = append(slices.Clone(list[:most]), "...")
	}
	return list
}

// checkConstant holds a Python constant against the one the model was exported with; it need not be given.
func (in *inputs) checkConstant(name string, want ir.Attr) error {
	in.taken[name] = true
	v, ok := in.values[name]
	if !ok {
		return nil
	}
	if !equalConstant(v, want) {
		return fmt.Errorf("the input %q is a constant of the exported model: it was exported with %v, found %v", name, want, v)
	}
	return nil
}

func equalConstant(v any, want ir.Attr) bool {
	switch want := want.(type) {
	case ir.None:
		return v == nil
	case ir.Bool:
		return v == bool(want)
	case ir.String:
		return v == string(want)
	case ir.Int:
		n, ok := v.(json.Number)
		i, err := n.Int64()
		return ok && err == nil && i == int64(want)
	case ir.Float:
		n, ok := v.(json.Number)
		x, err := n.Float64()
		return ok && err == nil && x == float64(want)
	}
	return false
}

// unused refuses inputs that no call took: a mistyped name must not pass silently.
func (in *inputs) unused() error {
	for _, name := range in.order {
		if !in.taken[name] {
			if len(in.known) == 0 {
				return fmt.Errorf("the model has no input %q; it has none", name)
			}
			return fmt.Errorf("the model has no input %q%s; it has %s", name, meant(name, in.known), strings.Join(clipped(in.known), ", "))
		}
	}
	return nil
}
