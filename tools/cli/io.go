package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// inputs are the tensors and values that the user gave, by name.
type inputs struct {
	tensors map[string]*host.Tensor
	values  map[string]any // JSON that has no type yet
	order   []string
	inFile  int // how many of order came from the file
	taken   map[string]bool
}

func readInputs(file string, single []string) (*inputs, error) {
	in := &inputs{tensors: map[string]*host.Tensor{}, values: map[string]any{}, taken: map[string]bool{}}
	if file != "" {
		f, err := safetensors.Open(file)
		if err != nil {
			return nil, err
		}
		for _, name := range f.Names() {
			t, err := f.Tensor(name)
			if err != nil {
				return nil, err
			}
			in.tensors[name] = t
			in.order = append(in.order, name)
		}
	}
	in.inFile = len(in.order)
	for _, s := range single {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usagef("--input %s: expected NAME=FILE or NAME=VALUE", s)
		}
		if err := in.add(name, value); err != nil {
			return nil, fmt.Errorf("--input %s: %w", name, err)
		}
	}
	return in, nil
}

func (in *inputs) add(name, value string) error {
	in.order = append(in.order, name)
	var v any
	dec := json.NewDecoder(strings.NewReader(value))
	dec.UseNumber()
	if err := dec.Decode(&v); err == nil && !dec.More() {
		in.values[name] = v
		return nil
	}
	switch filepath.Ext(value) {
	case ".npy":
		data, err := os.ReadFile(value)
		if err != nil {
			return err
		}
		t, err := host.ParseNPY(data)
		if err != nil {
			return fmt.Errorf("%s: %w", value, err)
		}
		in.tensors[name] = t
	case ".safetensors":
		f, err := safetensors.Open(value)
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
		return fmt.Errorf("%q is neither JSON (a string needs quotes) nor the name of a .npy or .safetensors file", value)
	}
	return nil
}

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
			return err
		}
	}
	return nil
}

// portNames gives the names that inputs and outputs of a call have for the user.
type portNames struct {
	prefix   string
	position bool
}

// take finds the arguments of a call.
func (in *inputs) take(sig backend.Signature, names portNames) ([]*host.Tensor, error) {
	var out []*host.Tensor
	at := 0
	for _, p := range sig.Func.Params {
		if p.Role == ir.StateIn {
			continue
		}
		name := p.Value.Name
		if names.position {
			name = fmt.Sprintf("in%d", at)
		}
		at++
		name = names.prefix + name
		if p.Role == ir.ConstArg {
			if err := in.checkConstant(name, p.Const); err != nil {
				return nil, err
			}
			continue
		}
		t, err := in.tensor(name, p)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (in *inputs) tensor(name string, p *ir.Param) (*host.Tensor, error) {
	in.taken[name] = true
	if slices.Contains(in.order, name) {
		return in.get(name, p.Value.Type)
	}
	have := "none are given"
	if rest := in.names(); len(rest) > 0 {
		have = "given are " + strings.Join(rest, ", ")
	}
	return nil, fmt.Errorf("the input %q (%s) is missing; %s. Give it with --input %s=FILE or --inputs=FILE.safetensors", name, p.Value.Type, have, name)
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
	list := in.order
	if len(list) > 12 {
		list = append(slices.Clone(list[:12]), "...")
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
			return fmt.Errorf("the model has no input %q; see the function's parameters in its text", name)
		}
	}
	return nil
}

// fromJSON makes a tensor of a type's element type from a number or nested lists.
func fromJSON(v any, t ir.Type) (*host.Tensor, error) {
	var shape []int
	for x := v; ; {
		list, ok := x.([]any)
		if !ok {
			break
		}
		shape = append(shape, len(list))
		if len(list) == 0 {
			break
		}
		x = list[0]
	}
	if len(shape) != t.Rank() {
		return nil, fmt.Errorf("found a value of rank %d, expected %s", len(shape), t)
	}
	out, err := host.Alloc(t.Elem, shape)
	if err != nil {
		return nil, err
	}
	if t.Elem.Packed() {
		return nil, fmt.Errorf("%s cannot be given as JSON", t)
	}
	at := 0
	return out, fill(out, &at, v, shape)
}

func fill(t *host.Tensor, at *int, v any, shape []int) error {
	if list, ok := v.([]any); ok {
		if len(shape) == 0 || len(list) != shape[0] {
			return fmt.Errorf("the lists are not all of one length")
		}
		for _, it := range list {
			if err := fill(t, at, it, shape[1:]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(shape) != 0 {
		return fmt.Errorf("the lists are not all of one depth")
	}
	defer func() { *at++ }()
	switch v := v.(type) {
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		host.SetInt(t, *at, n)
		return nil
	case json.Number:
		if n, err := v.Int64(); err == nil && !t.Elem.IsFloat() {
			host.SetInt(t, *at, n)
			return nil
		}
		x, err := v.Float64()
		const exact = 1 << 53 // beyond it, a number written as a float names no integer
		if err != nil || !t.Elem.IsFloat() && (x != math.Trunc(x) || math.Abs(x) > exact) {
			return fmt.Errorf("found %s, expected a number that %s holds", v, t.Elem)
		}
		host.SetFloat(t, *at, x)
		return nil
	}
	return fmt.Errorf("found %v, expected a number", v)
}

// outputs collects what calls give, under the names the user sees.
type outputs struct {
	names   []string
	tensors []*host.Tensor
}

func (o *outputs) put(name string, t *host.Tensor) {
	o.names = append(o.names, name)
	o.tensors = append(o.tensors, t)
}

func (o *outputs) add(sig backend.Signature, names portNames, out []*host.Tensor) {
	at := 0
	for i, r := range sig.Outputs {
		name := r.Name
		switch {
		case r.Role == ir.Update:
			name = "mut:" + r.Target
			if names.position {
				name = fmt.Sprintf("mut%d", inputPosition(sig.Func, r.Target))
			}
		case names.position:
			name = fmt.Sprintf("out%d", at)
		}
		if r.Role == ir.Output {
			at++
		}
		o.put(names.prefix+name, out[i])
	}
}

// inputPosition counts a mutated input among the user's inputs.
func inputPosition(f *ir.Func, name string) int {
	at := 0
	for _, p := range f.Params {
		if p.Role == ir.StateIn {
			continue
		}
		if p.Value.Name == name {
			return at
		}
		at++
	}
	return -1
}

func (o *outputs) addStates(m *ir.Module, s backend.Session) error {
	for _, st := range m.States {
		t, err := s.State(st.Name)
		if err != nil {
			return err
		}
		o.put("buf:"+st.Name, t)
	}
	return nil
}

func (o *outputs) write(path string) error {
	entries := make([]safetensors.Entry, len(o.names))
	for i, t := range o.tensors {
		entries[i] = safetensors.Entry{Name: o.names[i], Elem: t.Elem, Shape: t.Shape, Data: t.Bytes()}
	}
	_, err := safetensors.Write(path, entries)
	return err
}

// compare prints how far each output is from the one of that name in a file; NaN is infinitely far from a number and
// equals NaN. A negative limit allows anything.
func (o *outputs) compare(w io.Writer, path string, limit float64) error {
	ref, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	for _, name := range ref.Names() {
		want, err := ref.Tensor(name)
		if err != nil {
			return err
		}
		at := slices.Index(o.names, name)
		if at < 0 {
			return fmt.Errorf("%s: the model has no output %q; it has %s", path, name, strings.Join(o.names, ", "))
		}
		got := o.tensors[at]
		if got.Elem != want.Elem || !slices.Equal(got.Shape, want.Shape) {
			return fmt.Errorf("%s: %q is %s, the model gives %s", path, name, want, got)
		}
		gap, err := host.Measure(got, want, host.Tolerance{Abs: max(limit, 0)})
		if err != nil {
			return fmt.Errorf("%s: %q: %w", path, name, err)
		}
		if _, err := fmt.Fprintf(w, "%s: the largest difference is %.3g\n", name, gap.MaxAbs); err != nil {
			return err
		}
		if limit >= 0 && !gap.Close() {
			return fmt.Errorf("%q differs by %.3g from %s, allowed is %.3g", name, gap.MaxAbs, path, limit)
		}
	}
	return nil
}

func (o *outputs) print(w io.Writer) error {
	for i, t := range o.tensors {
		if _, err := fmt.Fprintf(w, "%s: %s = %s\n", o.names[i], t, shown(t)); err != nil {
			return err
		}
	}
	return nil
}

// observer makes the options of a call that print the values --dump chooses.
func (c *runner) observer() (*backend.CallOptions, error) {
	opt := &backend.CallOptions{}
	if c.dump == "" {
		return opt, nil
	}
	re, err := regexp.Compile(c.dump)
	if err != nil {
		return nil, usagef("--dump: %w", err)
	}
	opt.Select = func(v *ir.Value) bool {
		return v.Name != "" && re.MatchString(v.Name) || slices.ContainsFunc(v.Claims, func(cl ir.Claim) bool { return re.MatchString(cl.Tensor) })
	}
	opt.Observe = func(v *ir.Value, t *host.Tensor) {
		fmt.Fprintf(c.stderr, "%%%s: %s = %s\n", v.Name, t, shown(t))
	}
	return opt, nil
}
