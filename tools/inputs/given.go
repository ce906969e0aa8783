package inputs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// Given are the tensors and values that the user gave, by name.
type Given struct {
	tensors map[string]*host.Tensor
	values  map[string]any // JSON that has no type yet
	order   []string
	inFile  int // how many of order came from a file
	taken   map[string]bool
	known   []string // the names that calls asked for
}

// New has nothing.
func New() *Given {
	return &Given{tensors: map[string]*host.Tensor{}, values: map[string]any{}, taken: map[string]bool{}}
}

// Again gives the same for other calls, which have taken nothing yet.
func (in *Given) Again() *Given {
	again := *in
	again.taken, again.known = map[string]bool{}, nil
	return &again
}

// Set adds a tensor.
func (in *Given) Set(name string, t *host.Tensor) {
	in.tensors[name] = t
	in.order = append(in.order, name)
}

// SetValue adds a value, as encoding/json reads it with numbers kept.
func (in *Given) SetValue(name string, v any) {
	in.values[name] = v
	in.order = append(in.order, name)
}

// Empty reports that nothing was given.
func (in *Given) Empty() bool { return len(in.order) == 0 }

// Tensor is the first tensor of some names; nil where none is given. Nothing gives none.
func (in *Given) Tensor(names ...string) *host.Tensor {
	for _, name := range names {
		if in != nil && in.tensors[name] != nil {
			return in.tensors[name]
		}
	}
	return nil
}

// Has reports what was given, and whether a file did.
func (in *Given) Has(name string) (given, inFile bool) {
	at := slices.Index(in.order, name)
	return at >= 0, at >= 0 && at < in.inFile
}

var positionName = regexp.MustCompile(`^(s\d{1,6}\.)?in\d+$`)

// byPosition reports inputs named in0, in1, ... in the order of the signature.
func (in *Given) byPosition() bool { return slices.ContainsFunc(in.order, positionName.MatchString) }

var stepName = regexp.MustCompile(`^s(\d{1,6})\.`)

// Steps counts the calls that names like s0.in0 describe; 0 where no name has a number.
func (in *Given) Steps() int {
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

// get gives a tensor that the user gave; a JSON value takes the type expected.
func (in *Given) get(name string, t ir.Type) (*host.Tensor, error) {
	if t, ok := in.tensors[name]; ok {
		return t, nil
	}
	made, err := fromJSON(in.values[name], t)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", name, err)
	}
	return made, nil
}

func (in *Given) names() []string {
	return Clipped(in.order)
}

// Clipped is a list for a message, which names the first of many.
func Clipped(list []string) []string {
	const most = 12
	if len(list) > most {
		list = append(slices.Clone(list[:most]), "...")
	}
	return list
}

// checkConstant holds a Python constant against the one the model was exported with; it need not be given.
func (in *Given) checkConstant(name string, want ir.Attr) error {
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

// Unused refuses inputs that no call took: a mistyped name must not pass silently.
func (in *Given) Unused() error {
	for _, name := range in.order {
		if !in.taken[name] {
			if len(in.known) == 0 {
				return fmt.Errorf("the model has no input %q; it has none", name)
			}
			return fmt.Errorf("the model has no input %q%s; it has %s", name, pass.Meant(name, in.known), strings.Join(Clipped(in.known), ", "))
		}
	}
	return nil
}
