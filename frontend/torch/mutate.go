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

// refused are in-place operators that give a tensor other memory.
var refused = []string{"aten.set_", "aten.resize_", "aten.resize_as_", "aten.resize_as_sparse_"}

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
	if slices.Contains(refused, op) {
		return fmt.Errorf("%s gives a tensor other memory, which has no functional form; assign a new tensor instead", s.Callee)
	}
	written, err := g.written(n, s)
	if err != nil {
		return err
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
		if n.Inputs[at].Arg.Kind != pt2.ArgTensor {
			return nil, fmt.Errorf("%s changes a list of tensors (%s), which is not supported; change them one by one", s.Callee, a.Name)
		}
		t, err := g.lookup(n.Inputs[at].Arg.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, writtenArg{a, t})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s changes an argument that is absent", s.Callee)
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

// functional makes the functional form of a call and writes what it gives to the arguments that the call changes.
func (g *graph) functional(n *pt2.Node, s *Schema, written []writtenArg) error {
	fs := functionalForm(s)
	if fs == nil {
		return fmt.Errorf("%s changes its arguments and has no functional form here", s.Callee)
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
	stored := make([]ir.Type, len(written))
	for i, w := range written {
		old, err := g.current(w.tensor)
		if err != nil {
			return err
		}
		stored[i] = old.Type
		if isOut(s) { // which takes the shape of what is written to it
			if at := slices.IndexFunc(s.Returns, func(r SchemaArg) bool { return r.Alias == w.decl.Alias }); at >= 0 && at < len(types) {
				stored[i] = types[at]
			}
		}
		want = append(want, stored[i].WithElem(g.computes(fs, c, stored[i])))
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
		if !v.Type.Equal(w.tensor.value.Type) && w.tensor.parent != nil {
			return fmt.Errorf("%s gives a view of another tensor the new type %s; it was %s", s.Callee, v.Type, w.tensor.value.Type)
		}
		if err := g.write(w.tensor, v); err != nil {
			return err
		}
	}
	return nil
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
		if !fs.mutates() && sameArguments(s, fs) {
			return fs
		}
	}
	return nil
}

// sameArguments compares names and types, leaving out what s writes.
func sameArguments(s, fs *Schema) bool {
	var kept []SchemaArg
	for _, a := range s.Args {
		if !a.Written {
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
			elem = promote(elem, v.Type.Elem)
		}
	}
	return elem
}

// promote is the element type in which PyTorch computes with two tensors.
func promote(a, b host.Elem) host.Elem {
	if a.Kind() > b.Kind() {
		a, b = b, a
	}
	switch {
	case a == b:
		return a
	case a.Kind() == host.KindUint && b.Kind() == host.KindInt:
		for _, e := range []host.Elem{host.I16, host.I32, host.I64} {
			if e.Bits() > a.Bits() && e.Bits() >= b.Bits() {
				return e
			}
		}
		return host.I64
	case a == host.F64 && b.Kind() == host.KindComplex:
		return host.C128
	case a.Kind() != b.Kind():
		return b
	case a.Bits() == b.Bits():
		return host.F32 // f16 and bf16
	case a.Bits() > b.Bits():
		return a
	}
	return b
}
