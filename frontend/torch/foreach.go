package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
)

// foreachTwins are the operators that a _foreach operator applies to each tensor of its lists, where the name without
// _foreach_ is another one; by operator or by operator and overload.
var foreachTwins = map[string]string{
	"maximum":      "clamp_min",
	"maximum.List": "maximum",
	"minimum":      "clamp_max",
	"minimum.List": "minimum",
	"norm":         "linalg_vector_norm",
	"powsum":       "linalg__powsum",
}

// Each is the operator that import applies to each tensor of the lists of a _foreach operator; nil where there is none.
func (s *Schema) Each() *Schema {
	op, overload, _ := cutLast(s.Callee, ".")
	name, ok := strings.CutPrefix(op, "aten._foreach_")
	if !ok {
		return nil
	}
	name, inPlace := strings.CutSuffix(name, "_")
	for _, key := range []string{name, name + "." + overload} {
		if twin := foreachTwins[key]; twin != "" {
			name = twin
		}
	}
	if inPlace {
		name += "_"
	}
	return foreachTwin(s, name)
}

// foreach imports an operator over lists of tensors as one operator for each.
func (g *graph) foreach(n *pt2.Node, s *Schema) error {
	twin := s.Each()
	if twin == nil {
		return fmt.Errorf("%s has no operator for single tensors here; call one in a loop over the list", s.Callee)
	}
	count, err := listLength(n, s)
	if err != nil {
		return err
	}
	var outs []pt2.Argument
	for _, out := range n.Outputs {
		if out.Kind == pt2.ArgTensors {
			outs = append(outs, out.List...)
		}
	}
	if len(outs) == 0 { // the lists are changed in place
		outs = make([]pt2.Argument, count)
	}
	if len(outs) != count {
		return fmt.Errorf("%s gives %d tensors, expected %d", s.Callee, len(outs), count)
	}
	for i, out := range outs {
		if err := g.foreachItem(n, s, twin, i, out); err != nil {
			return fmt.Errorf("tensor %d: %w", i, err)
		}
	}
	return nil
}

// listLength is the length that all lists have that a node is given.
func listLength(n *pt2.Node, s *Schema) (int, error) {
	count := -1
	for i := range n.Inputs {
		a := &n.Inputs[i].Arg
		if decl := s.Arg(n.Inputs[i].Name); decl == nil || !decl.List {
			continue
		}
		if count >= 0 && len(a.List) != count {
			return 0, fmt.Errorf("%s: the argument %s has %d items, expected %d as the lists before it", s.Callee, n.Inputs[i].Name, len(a.List), count)
		}
		count = len(a.List)
	}
	return max(count, 0), nil
}

// foreachItem imports the operator for one tensor of each list.
func (g *graph) foreachItem(n *pt2.Node, s, twin *Schema, i int, out pt2.Argument) error {
	single := *n
	single.Target, single.Inputs, single.Outputs = "torch.ops."+twin.Callee, nil, []pt2.Argument{out}
	for _, in := range n.Inputs {
		at := slices.IndexFunc(s.Args, func(a SchemaArg) bool { return a.Name == in.Name })
		if at < 0 {
			return fmt.Errorf("%s has no argument %s", s.Callee, in.Name)
		}
		if s.Args[at].List {
			in.Arg = in.Arg.List[i]
		}
		in.Name = twin.Args[twinArg(s, twin, at)].Name
		single.Inputs = append(single.Inputs, in)
	}
	return g.node(&single)
}

// foreachTwin finds the overload that takes one item where s takes a list, and otherwise the same.
func foreachTwin(s *Schema, name string) *Schema {
	for _, twin := range overloads("aten." + name) {
		if isOut(twin) {
			continue
		}
		fits := true
		for i := range s.Args {
			at := twinArg(s, twin, i)
			fits = fits && at >= 0 && twin.Args[at].Type == s.Args[i].Type && !twin.Args[at].List && twin.Args[at].Written == s.Args[i].Written
		}
		for i := len(s.Args); i < len(twin.Args); i++ {
			fits = fits && (twin.Args[i].Default != nil || twin.Args[i].Optional)
		}
		if fits {
			return twin
		}
	}
	return nil
}

// twinArg is the argument of a twin that argument i of s becomes: the one of its name, or the one in its place.
func twinArg(s, twin *Schema, i int) int {
	for at := range twin.Args {
		if twin.Args[at].Name == s.Args[i].Name {
			return at
		}
	}
	if i < len(twin.Args) && s.Arg(twin.Args[i].Name) == nil {
		return i
	}
	return -1
}
