package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// functionalized is a call of a custom operator that torch made functional: it takes what it changes as arguments, and
// gives the new values of bases behind its results.
type functionalized struct {
	target  string
	schema  *Schema // nil where nothing states it
	args    []pt2.NamedArgument
	changed []changed
	bases   []*tensor // the tensors that own the memory changed; nil for an absent one
}

// changed is an argument that the operator changes.
type changed struct {
	name   string
	isList bool
	absent bool      // a list that is None
	views  []*tensor // nil for an absent one
}

// autoFunctionalized imports such a call. Version 2 hands over the tensors that own the memory, says of each argument
// that the operator changes which view of them it is, and gives the owners' new values.
func (g *graph) autoFunctionalized(n *pt2.Node, version int) error {
	if len(n.Inputs) == 0 || n.Inputs[0].Arg.Kind != pt2.ArgOperator {
		return fmt.Errorf("the first argument names no operator")
	}
	if len(n.Inputs) > maxArguments {
		return fmt.Errorf("the call has %d arguments, expected at most %d", len(n.Inputs), maxArguments)
	}
	f := &functionalized{target: callee(n.Inputs[0].Arg.Text), args: n.Inputs[1:]}
	if strings.HasPrefix(f.target, "higher_order.") {
		return fmt.Errorf("%s with bodies that change their arguments is not supported; let them return new tensors", f.target)
	}
	f.schema = g.fn.schemas.find(f.target)
	var err error
	if version == 2 {
		err = g.changedViews(f)
	} else {
		err = g.changedArgs(f, n)
	}
	if err != nil {
		return err
	}
	own, err := f.ownResults(n)
	if err != nil {
		return err
	}
	if err := g.callFunctionalized(f, n.Outputs[:own]); err != nil {
		return err
	}
	for i, out := range n.Outputs[own:] {
		if out.Kind != pt2.ArgTensor || f.bases[i] == nil {
			continue
		}
		if err := g.resultOf(out.Name, f.bases[i]); err != nil {
			return err
		}
	}
	return nil
}

// ownResults is how many of the node's results are the operator's. One without results has one here, which is None.
func (f *functionalized) ownResults(n *pt2.Node) (int, error) {
	own := len(n.Outputs) - len(f.bases)
	if own < 1 || f.schema != nil && own != max(len(f.schema.Returns), 1) {
		return 0, fmt.Errorf("%s has %d results, expected its own and %d for what it changes", f.target, len(n.Outputs), len(f.bases))
	}
	return own, nil
}

// callFunctionalized makes the call, and writes the new values to the arguments that the operator changes.
func (g *graph) callFunctionalized(f *functionalized, own []pt2.Argument) error {
	names, types, err := g.resultTypes(own)
	if err != nil {
		return err
	}
	c := g.newCall(f.target)
	if err := c.functionalized(f); err != nil {
		return err
	}
	var written []*tensor
	for _, a := range f.changed {
		for _, t := range a.views {
			if t != nil {
				written, types = append(written, t), append(types, t.value.Type)
			}
		}
	}
	results, err := c.emit(types...)
	if err != nil {
		return err
	}
	for i, name := range names {
		g.result(name, results[i])
	}
	for i, t := range written {
		if err := g.write(t, results[len(names)+i]); err != nil {
			return fmt.Errorf("%s: %w", f.target, err)
		}
	}
	return nil
}

// functionalized gives the call its arguments in the schema's order, or those that it changes before the others.
func (c *call) functionalized(f *functionalized) error {
	for _, name := range f.order() {
		if _, given := c.attrs.Get(name); given {
			continue
		}
		v, err := c.functionalizedArg(f, name)
		if err != nil {
			return fmt.Errorf("argument %s: %w", name, err)
		}
		c.set(name, v)
	}
	return nil
}

func (f *functionalized) order() []string {
	var names []string
	if f.schema != nil {
		for i := range f.schema.Args {
			names = append(names, f.schema.Args[i].Name)
		}
	}
	for i := range f.changed {
		names = append(names, f.changed[i].name)
	}
	for i := range f.args {
		names = append(names, f.args[i].Name)
	}
	return names
}

func (c *call) functionalizedArg(f *functionalized, name string) (ir.Attr, error) {
	if at := slices.IndexFunc(f.changed, func(a changed) bool { return a.name == name }); at >= 0 {
		return c.changedArg(&f.changed[at])
	}
	var decl *SchemaArg
	if f.schema != nil {
		decl = f.schema.Arg(name)
	}
	if at := slices.IndexFunc(f.args, func(in pt2.NamedArgument) bool { return in.Name == name }); at >= 0 {
		return c.attr(&f.args[at].Arg, decl)
	}
	return decl.absent()
}

func (c *call) changedArg(a *changed) (ir.Attr, error) {
	if a.absent {
		return ir.None{}, nil
	}
	items := make([]ir.Attr, len(a.views))
	for i, t := range a.views {
		items[i] = ir.None{}
		if t == nil {
			continue
		}
		v, err := c.g.current(t)
		if err != nil {
			return nil, err
		}
		items[i] = c.ref(v)
	}
	if a.isList {
		return ir.NormalList(items), nil
	}
	return items[0], nil
}

// changedArgs finds the arguments that an operator changes in version 1, which hands them over as they are.
func (g *graph) changedArgs(f *functionalized, n *pt2.Node) error {
	names, err := g.changedNames(f, n)
	if err != nil {
		return err
	}
	for _, name := range names {
		at := slices.IndexFunc(f.args, func(in pt2.NamedArgument) bool { return in.Name == name })
		if at < 0 || f.args[at].Arg.Kind == pt2.ArgNone {
			f.bases = append(f.bases, nil)
			continue
		}
		if f.args[at].Arg.Kind != pt2.ArgTensor {
			return fmt.Errorf("%s changes a list of tensors (%s), which this form does not tell apart; save the program with torch 2.11 or newer", f.target, name)
		}
		t, err := g.lookup(f.args[at].Arg.Name)
		if err == nil {
			t, err = g.detached(t)
		}
		if err != nil {
			return err
		}
		f.bases = append(f.bases, t)
		f.changed = append(f.changed, changed{name: name, views: []*tensor{t}})
	}
	return nil
}

// changedNames are the arguments that the schema says are changed. Without a schema they are known where the operator
// has no result of its own and each new value has the type of one argument, and no more arguments have those types.
func (g *graph) changedNames(f *functionalized, n *pt2.Node) ([]string, error) {
	var names []string
	if f.schema != nil {
		for i := range f.schema.Args {
			if a := &f.schema.Args[i]; a.Written {
				names = append(names, a.Name)
			}
		}
		return names, nil
	}
	ambiguous := fmt.Errorf("the file does not say which arguments of %s it changes; %s", operator(f.target), tellSchema(f.target))
	if len(n.Outputs) == 0 || n.Outputs[0].Kind != pt2.ArgNone {
		return nil, ambiguous
	}
	values := n.Outputs[1:]
	for i := range f.args {
		in := &f.args[i]
		meta := g.g.Tensors[in.Arg.Name]
		if in.Arg.Kind != pt2.ArgTensor || !slices.ContainsFunc(values, func(out pt2.Argument) bool { return sameMeta(meta, g.g.Tensors[out.Name]) }) {
			continue
		}
		if len(names) == len(values) || !sameMeta(meta, g.g.Tensors[values[len(names)].Name]) {
			return nil, ambiguous
		}
		names = append(names, in.Name)
	}
	if len(names) != len(values) {
		return nil, ambiguous
	}
	return names, nil
}

// sameMeta compares what the file says of two tensors: dtype and sizes.
func sameMeta(a, b *pt2.TensorMeta) bool {
	return a != nil && b != nil && a.DType == b.DType && slices.EqualFunc(a.Sizes, b.Sizes, func(x, y pt2.Sym[int64]) bool {
		return x.Expr == y.Expr && (x.Expr != "" || x.Value == y.Value)
	})
}
