package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// reshapers are in-place operators that change how a tensor is seen and not what it holds: each gives a view.
var reshapers = []string{
	"aten.squeeze_", "aten.unsqueeze_", "aten.transpose_", "aten.swapaxes_", "aten.swapdims_", "aten.t_",
	"aten.as_strided_", "aten.detach_",
}

// quiet are in-place operators that change nothing under a condition.
var quiet = map[string]sharing{
	"aten.dropout_":               notTraining,
	"aten.feature_dropout_":       notTraining,
	"aten.alpha_dropout_":         notTraining,
	"aten.feature_alpha_dropout_": notTraining,
}

// booleans are operators whose result is bool whatever they are given; in place they store it in their argument's type.
var booleans = []string{
	"eq", "ne", "not_equal", "lt", "less", "le", "less_equal", "gt", "greater", "ge", "greater_equal",
	"logical_and", "logical_or", "logical_xor", "logical_not",
}

// promoting are operators that compute in the type that their arguments have in common, which in place may be wider than
// the type stored.
var promoting = []string{
	"add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide", "fmod", "remainder", "pow",
	"atan2", "arctan2", "hypot", "copysign", "nextafter", "xlogy", "gcd", "lcm", "ldexp", "addcmul", "addcdiv", "clamp",
	"clamp_min", "clamp_max", "clip", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift",
	"bitwise_right_shift", "__and__", "__or__", "__xor__", "__lshift__", "__rshift__",
}

// mutates reports whether an operator changes an argument.
func (s *Schema) mutates() bool {
	return s != nil && slices.ContainsFunc(s.Args, func(a SchemaArg) bool { return a.Written })
}

// mutate turns a call that changes its arguments into one that gives their new values.
func (g *graph) mutate(n *pt2.Node, s *Schema) error {
	op := operator(s.Callee)
	written, err := g.written(n, s)
	if err != nil {
		return err
	}
	if change := mutators[op]; change != nil {
		return change(g, n, s, written[0].tensor)
	}
	if slices.Contains(reshapers, op) {
		return g.reshapeInPlace(n, s)
	}
	if unchanged, ok := quiet[op]; ok && unchanged(g, n, written[0].tensor.meta, written[0].tensor.meta) {
		return g.nameWritten(n, s, written)
	}
	if op == "aten.copy_" {
		err = g.copyInPlace(n, written[0].tensor)
	} else {
		err = g.functional(n, s, written)
	}
	if err != nil {
		return err
	}
	return g.nameWritten(n, s, written)
}

// writtenArg is an argument that a call changes.
type writtenArg struct {
	decl   *SchemaArg
	tensor *tensor
}

// written lists the arguments that a call changes; an optional one may be absent.
func (g *graph) written(n *pt2.Node, s *Schema) ([]writtenArg, error) {
	var out []writtenArg
	for i := range s.Args {
		a := &s.Args[i]
		if !a.Written {
			continue
		}
		at := argument(n, a.Name)
		if at < 0 || n.Inputs[at].Arg.Kind == pt2.ArgNone {
			continue
		}
		items := n.Inputs[at : at+1]
		if list := &n.Inputs[at].Arg; list.Kind == pt2.ArgTensors {
			items = make([]pt2.NamedArgument, len(list.List))
			for i := range items {
				items[i].Arg = list.List[i]
			}
		}
		for i := range items {
			switch in := &items[i].Arg; in.Kind {
			case pt2.ArgNone:
			case pt2.ArgTensor:
				t, err := g.lookup(in.Name)
				if err != nil {
					return nil, err
				}
				out = append(out, writtenArg{a, t})
			default:
				return nil, fmt.Errorf("%s changes the argument %s, which is %s; expected a tensor or a list of tensors", s.Callee, a.Name, in.Kind)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s changes arguments that are all absent", s.Callee)
	}
	return out, nil
}

// nameWritten gives the node's results, which are the arguments it changed, their names; the values that they have now
// are the tensors of the PyTorch program.
func (g *graph) nameWritten(n *pt2.Node, s *Schema, written []writtenArg) error {
	for i, out := range n.Outputs {
		if out.Kind != pt2.ArgTensor || i >= len(s.Returns) || !s.Returns[i].Written {
			continue
		}
		for _, w := range written {
			if w.decl.Alias == s.Returns[i].Alias {
				v, err := g.current(w.tensor)
				if err != nil {
					return err
				}
				g.claim(v, out.Name)
				g.tensors[out.Name] = w.tensor
			}
		}
	}
	return nil
}

// reshapeInPlace makes the view that the tensor is from now on.
func (g *graph) reshapeInPlace(n *pt2.Node, s *Schema) error {
	op, overload, _ := cutLast(s.Callee, ".")
	name := strings.TrimSuffix(op, "_")
	switch name { // whose overloads have other names out of place
	case "aten.transpose":
		overload = "int"
	}
	fs, ok := LookupSchema(name + "." + overload)
	if !ok {
		return fmt.Errorf("%s has no form that is not in place", s.Callee)
	}
	return g.plain(n, fs.Callee, fs)
}

// copyInPlace is copy_: the new value is the source, expanded and converted.
func (g *graph) copyInPlace(n *pt2.Node, t *tensor) error {
	at := argument(n, "src")
	if at < 0 || n.Inputs[at].Arg.Kind != pt2.ArgTensor {
		return fmt.Errorf("copy_ without a source")
	}
	src, err := g.read(n.Inputs[at].Arg.Name)
	if err != nil {
		return err
	}
	old, err := g.current(t)
	if err != nil {
		return err
	}
	if !src.Type.Equal(old.Type) {
		if src, err = g.newCall("aten.copy.default").value("self", old).value("src", src).set("non_blocking", ir.Bool(false)).one(old.Type); err != nil {
			return err
		}
	}
	return g.write(t, src)
}

// functional makes the functional form of a call and writes what it gives to the arguments that the call changes. An
// operator outside PyTorch has no functional twin: there, a torch.call of the operator's own name stands for it. Its results
// are the operator's that are no argument, then the new values of the arguments that it writes and that are given, lists flat.
func (g *graph) functional(n *pt2.Node, s *Schema, written []writtenArg) error {
	fs := functionalForm(s)
	if fs == nil && strings.HasPrefix(s.Callee, "aten.") {
		return fmt.Errorf("%s changes its arguments and has no functional form here", s.Callee)
	}
	if fs == nil {
		fs = s
	}
	c := g.newCall(fs.Callee)
	if err := c.arguments(withoutOut(n, s, fs), fs); err != nil {
		return err
	}
	names, types, err := g.resultTypes(n.Outputs)
	if err != nil {
		return err
	}
	// What PyTorch's functional forms give: the results that are no argument, then the new values of the arguments.
	var fresh []string
	var want []ir.Type
	for i := range names {
		if i < len(s.Returns) && s.Returns[i].Written {
			continue
		}
		fresh, want = append(fresh, names[i]), append(want, types[i])
	}
	stored, err := g.storedTypes(s, written, types)
	if err != nil {
		return err
	}
	for _, t := range stored {
		want = append(want, t.WithElem(g.computes(fs, c, t)))
	}
	results, err := c.emit(want...)
	if err != nil {
		return err
	}
	for i, name := range fresh {
		g.result(name, results[i])
	}
	for i, w := range written {
		v, err := g.cast(results[len(fresh)+i], stored[i].Elem)
		if err != nil {
			return err
		}
		if err := g.store(s, w, v, n.Outputs); err != nil {
			return err
		}
	}
	return nil
}

// storedTypes are the types that the arguments written have then: those they have, or, of out=, the result's.
func (g *graph) storedTypes(s *Schema, written []writtenArg, results []ir.Type) ([]ir.Type, error) {
	stored := make([]ir.Type, len(written))
	for i, w := range written {
		old, err := g.current(w.tensor)
		if err != nil {
			return nil, err
		}
		stored[i] = old.Type
		if at := returnOf(s, w); isOut(s) && at >= 0 && at < len(results) {
			stored[i] = results[at]
		}
	}
	return stored, nil
}

// store writes what an operator gives to an argument. One that is given as out= takes the shape of what is written.
func (g *graph) store(s *Schema, w writtenArg, v *ir.Value, outputs []pt2.Argument) error {
	t := w.tensor
	if !v.Type.Equal(t.value.Type) {
		at := returnOf(s, w)
		if t.parent != nil || at < 0 || at >= len(outputs) {
			return fmt.Errorf("%s gives a view of another tensor the new type %s; it was %s", s.Callee, v.Type, t.value.Type)
		}
		t.meta = g.g.Tensors[outputs[at].Name]
	}
	return g.write(t, v)
}

// returnOf is the result that is the argument written; -1 where none is.
func returnOf(s *Schema, w writtenArg) int {
	return slices.IndexFunc(s.Returns, func(r SchemaArg) bool { return r.Written && r.Alias == w.decl.Alias })
}

func isOut(s *Schema) bool {
	_, overload, _ := cutLast(s.Callee, ".")
	return overload == "out" || strings.HasSuffix(overload, "_out")
}

// withoutOut is the node without the arguments that only the in-place form has.
func withoutOut(n *pt2.Node, s, fs *Schema) *pt2.Node {
	c := *n
	c.Inputs = slices.DeleteFunc(slices.Clone(n.Inputs), func(in pt2.NamedArgument) bool {
		return s.Arg(in.Name) != nil && fs.Arg(in.Name) == nil
	})
	return &c
}

// functionalForm finds the operator that gives what s writes: add_ is add, __iand__ is __and__, add.out is the overload
// of add that takes the other arguments, and some have a twin that is named so.
func functionalForm(s *Schema) *Schema {
	op, overload, _ := cutLast(s.Callee, ".")
	namespace, name, _ := strings.Cut(op, ".")
	var names []string
	if base, ok := strings.CutPrefix(name, "__i"); ok {
		names = append(names, "__"+base)
	} else if base, ok := strings.CutSuffix(name, "_"); ok {
		names = append(names, base, base+"_functional")
	} else {
		names = append(names, name+"_functional")
	}
	for _, name := range names {
		if fs, ok := LookupSchema(namespace + "." + name + "." + overload); ok && !fs.mutates() {
			return fs
		}
	}
	for _, fs := range overloads(op) {
		if !fs.mutates() && sameArguments(s, fs, false) {
			return fs
		}
	}
	for _, name := range names { // whose overloads have other names out of place: pow_.Tensor is pow.Tensor_Tensor
		for _, fs := range overloads(namespace + "." + name) {
			if !fs.mutates() && sameArguments(s, fs, true) {
				return fs
			}
		}
	}
	return nil
}

// sameArguments compares names and types, without what s writes or with it.
func sameArguments(s, fs *Schema, written bool) bool {
	var kept []SchemaArg
	for _, a := range s.Args {
		if !a.Written || written {
			kept = append(kept, a)
		}
	}
	return slices.EqualFunc(kept, fs.Args, func(a, b SchemaArg) bool { return a.Name == b.Name && a.Type == b.Type && a.List == b.List })
}

// computes is the element type that a functional call gives, before it is stored as the type in place.
func (g *graph) computes(fs *Schema, c *call, stored ir.Type) host.Elem {
	_, name, _ := strings.Cut(operator(fs.Callee), ".")
	switch {
	case slices.Contains(booleans, name):
		return host.Bool
	case !slices.Contains(promoting, name):
		return stored.Elem
	}
	// A number of rank 0 does not widen a tensor of its own kind, and a wider kind cannot be stored in place.
	elem := stored.Elem
	for _, v := range c.operands {
		if v.Type.Rank() > 0 || stored.Rank() == 0 {
			elem = host.Promote(elem, v.Type.Elem)
		}
	}
	return elem
}
