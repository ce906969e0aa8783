package torch

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// This file is about higher-order operators that are no control flow: what they hold takes the place of the node.

// withEffects is an operator with side effects, which a token orders among others: the program's order does.
func (g *graph) withEffects(n *pt2.Node) error {
	if len(n.Inputs) < 2 || n.Inputs[1].Arg.Kind != pt2.ArgOperator || len(n.Outputs) < 1 {
		return fmt.Errorf("expected a token and an operator")
	}
	inner := *n
	inner.Target, inner.Inputs, inner.Outputs = n.Inputs[1].Arg.Text, n.Inputs[2:], n.Outputs[1:]
	return g.node(g.named(&inner))
}

// named gives positional arguments the names of the operator's schema.
func (g *graph) named(n *pt2.Node) *pt2.Node {
	s := g.fn.schemas.find(callee(n.Target))
	n.Inputs = slices.Clone(n.Inputs)
	for i := range n.Inputs {
		if n.Inputs[i].Name == "" && s != nil && i < len(s.Args) {
			n.Inputs[i].Name = s.Args[i].Name
		}
	}
	return n
}

// outDType is an operator computed in the type that its operands and its result have in common.
func (g *graph) outDType(n *pt2.Node) error {
	args := nodeArgs(n.Inputs)
	if err := args.shape(pt2.ArgOperator, pt2.ArgScalarType); err != nil {
		return err
	}
	elem, ok := args[1].Arg.ScalarType().Elem()
	if !ok || len(n.Outputs) != 1 {
		return fmt.Errorf("expected one result of a supported dtype, found %d of %s", len(n.Outputs), args[1].Arg.ScalarType())
	}
	inner := *n
	inner.Target, inner.Inputs = args[0].Arg.Text, n.Inputs[2:]
	named := g.named(&inner)
	computed := elem
	for i := range named.Inputs {
		in := &named.Inputs[i].Arg
		if in.Kind != pt2.ArgTensor {
			continue
		}
		v, err := g.read(in.Name)
		if err != nil {
			return err
		}
		computed = host.Promote(v.Type.Elem, elem)
		if v, err = g.cast(v, computed); err != nil {
			return err
		}
		in.Name = fmt.Sprintf("%s.arg%d", n.Name, i)
		g.tensors[in.Name] = &tensor{name: in.Name, memory: &memory{}, value: v}
	}
	c := g.newCall(callee(inner.Target))
	if err := c.arguments(named, g.fn.schemas.find(callee(inner.Target))); err != nil {
		return err
	}
	t, err := g.typeOf(n.Outputs[0].Name)
	if err != nil {
		return err
	}
	v, err := c.one(t.WithElem(computed))
	if err != nil {
		return err
	}
	if v, err = g.cast(v, elem); err != nil {
		return err
	}
	g.result(n.Outputs[0].Name, v)
	return nil
}

// inline imports a region, such as one without gradients, in place: it sees the memory of its operands.
func (g *graph) inline(n *pt2.Node) error {
	at := slices.IndexFunc(n.Inputs, func(in pt2.NamedArgument) bool { return in.Arg.Kind == pt2.ArgGraph })
	if at < 0 {
		return fmt.Errorf("the region has no body")
	}
	body, operands := &n.Inputs[at].Arg, regionOperands(n.Inputs[at+1:])
	if len(operands) != len(body.Graph.Inputs) {
		return fmt.Errorf("region %s takes %d values, it is given %d", body.Name, len(body.Graph.Inputs), len(operands))
	}
	b := g.fn.newGraph(body.Graph, g.f, g.path+body.Name+"/")
	b.build = g.build
	b.autocast = g.autocast
	if callee(n.Target) == "higher_order.wrap_with_autocast" {
		enabled := slices.IndexFunc(n.Inputs, func(in pt2.NamedArgument) bool { return in.Arg.Kind == pt2.ArgBool })
		b.autocast = enabled >= 0 && n.Inputs[enabled].Arg.Bool
	}
	for i, in := range body.Graph.Inputs {
		if err := b.admit(in, g, operands[i]); err != nil {
			return err
		}
	}
	loc := g.build.Loc
	b.run()
	g.build.Loc = loc
	return g.regionResults(n, body, b)
}

// regionOperands lists what a region is given behind its body.
func regionOperands(args []pt2.NamedArgument) []pt2.Argument {
	var operands []pt2.Argument
	for _, in := range args {
		switch in.Arg.Kind {
		case pt2.ArgTensors:
			operands = append(operands, in.Arg.List...)
		case pt2.ArgString, pt2.ArgDict: // an identifier, hints
		default:
			operands = append(operands, in.Arg)
		}
	}
	return operands
}

// regionResults makes what a region gives the results of its node.
func (g *graph) regionResults(n *pt2.Node, body *pt2.Argument, b *graph) error {
	var names []pt2.Argument
	for _, out := range n.Outputs {
		if out.Kind == pt2.ArgTensors {
			names = append(names, out.List...)
		} else {
			names = append(names, out)
		}
	}
	if len(names) != len(body.Graph.Outputs) {
		return fmt.Errorf("region %s gives %d values, the node has %d", body.Name, len(body.Graph.Outputs), len(names))
	}
	for i, out := range names {
		if err := g.admit(out, b, body.Graph.Outputs[i]); err != nil {
			return err
		}
		if out.Kind == pt2.ArgTensor {
			v, err := g.read(out.Name)
			if err != nil {
				return err
			}
			g.claim(v, out.Name)
		}
	}
	return nil
}

// admit makes a value of one graph known in another under another name.
func (g *graph) admit(as pt2.Argument, from *graph, a pt2.Argument) error {
	switch a.Kind {
	case pt2.ArgTensor:
		t, err := from.lookup(a.Name)
		if err != nil {
			return err
		}
		g.tensors[as.Name] = t
	case pt2.ArgSymInt:
		d, err := from.symInt(a.Name)
		if err != nil {
			return err
		}
		g.ints[as.Name] = d
	case pt2.ArgSymFloat, pt2.ArgSymBool:
		v, err := from.scalar(a.Name)
		if err != nil {
			return err
		}
		g.scalars[as.Name] = v
	case pt2.ArgInt:
		g.ints[as.Name] = ir.Const(a.Int)
	case pt2.ArgNone:
	default:
		return fmt.Errorf("a value of kind %s crosses the border of a region", a.Kind)
	}
	return nil
}
