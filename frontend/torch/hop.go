package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// maxBodies bounds how deep bodies nest.
const maxBodies = 64

// higherOrder imports an operator that takes bodies.
func (g *graph) higherOrder(n *pt2.Node, name string) error {
	if strings.Count(g.path, "/") >= maxBodies {
		return fmt.Errorf("bodies are nested deeper than %d", maxBodies)
	}
	switch name {
	case "cond":
		return g.cond(n)
	case "while_loop":
		return g.while(n)
	case "scan":
		return g.scan(n)
	case "map_impl":
		return g.mapped(n)
	case "wrap_with_set_grad_enabled", "wrap_with_autocast", "invoke_subgraph", "tag_activation_checkpoint", "wrap",
		"wrap_activation_checkpoint", "hints_wrapper", "strict_mode", "run_const_graph":
		return g.inline(n)
	case "auto_functionalized":
		return g.autoFunctionalized(n, 1)
	case "auto_functionalized_v2":
		return g.autoFunctionalized(n, 2)
	case "out_dtype":
		return g.outDType(n)
	case "with_effects":
		return g.withEffects(n)
	case "print": // which nothing depends on
		return nil
	}
	return fmt.Errorf("the higher-order operator %s is not supported; cond, while_loop, scan, map, associative_scan after run_decompositions(), "+
		"no_grad, autocast and checkpoint regions are", name)
}

// shape checks the kinds of a higher-order operator's arguments, which have no names.
func (n nodeArgs) shape(kinds ...pt2.ArgKind) error {
	if len(n) < len(kinds) {
		return fmt.Errorf("found %d arguments, expected %d", len(n), len(kinds))
	}
	for i, k := range kinds {
		if n[i].Arg.Kind != k {
			return fmt.Errorf("argument %d is %s, expected %s", i, n[i].Arg.Kind, k)
		}
	}
	return nil
}

type nodeArgs []pt2.NamedArgument

func (g *graph) cond(n *pt2.Node) error {
	args := nodeArgs(n.Inputs)
	if err := args[min(1, len(args)):].shape(pt2.ArgGraph, pt2.ArgGraph, pt2.ArgTensors); err != nil {
		return err
	}
	pred, err := g.predicate(&args[0].Arg)
	if err != nil {
		return err
	}
	operands, err := g.operands(args[3].Arg.List)
	if err != nil {
		return err
	}
	then, err := g.body("then", &args[1].Arg, typesOf(operands))
	if err != nil {
		return err
	}
	otherwise, err := g.body("else", &args[2].Arg, typesOf(operands))
	if err != nil {
		return err
	}
	return g.control(n, core.Cond, nil, []*ir.Func{then, otherwise}, append([]*ir.Value{pred}, operands...))
}

// predicate gives a bool, from a tensor of any type or a condition over sizes.
func (g *graph) predicate(a *pt2.Argument) (*ir.Value, error) {
	switch a.Kind {
	case pt2.ArgTensor:
		v, err := g.read(a.Name)
		if err != nil {
			return nil, err
		}
		return g.cast(v, host.Bool)
	case pt2.ArgSymBool:
		return g.scalar(a.Name)
	case pt2.ArgBool:
		return g.constant(ir.Bool(a.Bool), host.Bool)
	}
	return nil, fmt.Errorf("the predicate is %s, expected a tensor or a bool", a.Kind)
}

func (g *graph) while(n *pt2.Node) error {
	args := nodeArgs(n.Inputs)
	if err := args.shape(pt2.ArgGraph, pt2.ArgGraph, pt2.ArgTensors); err != nil {
		return err
	}
	carried, err := g.operands(args[2].Arg.List)
	if err != nil {
		return err
	}
	extra, err := g.rest(args[3:])
	if err != nil {
		return err
	}
	takes := append(g.carriedTypes(n, carried), typesOf(extra)...)
	cond, err := g.body("cond", &args[0].Arg, takes)
	if err != nil {
		return err
	}
	do, err := g.body("do", &args[1].Arg, takes)
	if err != nil {
		return err
	}
	attrs := ir.Attrs{ir.Set("carried", ir.Int(len(carried)))}
	return g.control(n, core.While, attrs, []*ir.Func{cond, do}, append(carried, extra...))
}

// carriedTypes are the types of carried values inside the loop: what the loop gives, where it gives all of them.
func (g *graph) carriedTypes(n *pt2.Node, carried []*ir.Value) []ir.Type {
	_, types, err := g.resultTypes(n.Outputs)
	if err != nil || len(types) < len(carried) {
		return typesOf(carried)
	}
	return slices.Clone(types[:len(carried)])
}

func (g *graph) scan(n *pt2.Node) error {
	args := nodeArgs(n.Inputs)
	if err := args.shape(pt2.ArgGraph, pt2.ArgTensors, pt2.ArgTensors); err != nil {
		return err
	}
	return g.loop(n, core.Scan, &args[0].Arg, args[1].Arg.List, args[2].Arg.List, args[3:])
}

func (g *graph) mapped(n *pt2.Node) error {
	args := nodeArgs(n.Inputs)
	if err := args.shape(pt2.ArgGraph, pt2.ArgTensors); err != nil {
		return err
	}
	return g.loop(n, core.Map, &args[0].Arg, nil, args[1].Arg.List, args[2:])
}

// loop makes a scan or a map, which is a scan that carries nothing.
func (g *graph) loop(n *pt2.Node, def *ir.OpDef, body *pt2.Argument, init, xs []pt2.Argument, rest nodeArgs) error {
	carried, err := g.operands(init)
	if err != nil {
		return err
	}
	cut, err := g.operands(xs)
	if err != nil {
		return err
	}
	extra, err := g.rest(rest)
	if err != nil {
		return err
	}
	takes := g.carriedTypes(n, carried)
	for i, v := range cut {
		if v.Type.Rank() == 0 {
			return fmt.Errorf("tensor %d to go through is %s and has no axis", i, v.Type)
		}
		takes = append(takes, v.Type.WithShape(v.Type.Shape[1:]...))
	}
	do, err := g.body("do", body, append(takes, typesOf(extra)...))
	if err != nil {
		return err
	}
	attrs := ir.Attrs{ir.Set("mapped", ir.Int(len(cut)))}
	if def == core.Scan {
		attrs = ir.Attrs{ir.Set("carried", ir.Int(len(carried))), ir.Set("scanned", ir.Int(len(cut)))}
	}
	return g.control(n, def, attrs, []*ir.Func{do}, slices.Concat(carried, cut, extra))
}

// rest reads the operands behind those that an operator names: one list, or one by one.
func (g *graph) rest(args nodeArgs) ([]*ir.Value, error) {
	var flat []pt2.Argument
	for _, a := range args {
		switch a.Arg.Kind {
		case pt2.ArgTensors, pt2.ArgInts, pt2.ArgSymInts:
			flat = append(flat, a.Arg.List...)
		default:
			flat = append(flat, a.Arg)
		}
	}
	return g.operands(flat)
}

// operands reads what is handed to a body. Sizes are visible in it and are handed on as numbers all the same: the
// body's parameters count them.
func (g *graph) operands(args []pt2.Argument) ([]*ir.Value, error) {
	values := make([]*ir.Value, len(args))
	for i := range args {
		var err error
		switch a := &args[i]; a.Kind {
		case pt2.ArgTensor:
			values[i], err = g.read(a.Name)
		case pt2.ArgInt:
			values[i], err = g.constant(ir.Int(a.Int), host.I64)
		case pt2.ArgSymInt:
			values[i], err = g.sizeValue(a.Name)
		case pt2.ArgSymFloat, pt2.ArgSymBool:
			values[i], err = g.scalar(a.Name)
		default:
			err = fmt.Errorf("operand %d of a body is %s, expected a tensor or a number", i, a.Kind)
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// sizeValue is a symbolic integer as a value.
func (g *graph) sizeValue(name string) (*ir.Value, error) {
	d, err := g.symInt(name)
	if err != nil {
		return nil, err
	}
	if err := g.defined(d); err != nil {
		return nil, err
	}
	return g.build.One(core.DimOp, ir.Attrs{ir.Set("value", ir.OfDim(d))})
}

// body imports a body whose parameters have the given types.
func (g *graph) body(name string, a *pt2.Argument, takes []ir.Type) (*ir.Func, error) {
	if len(a.Graph.Inputs) != len(takes) {
		return nil, fmt.Errorf("body %s takes %d values, it is given %d", a.Name, len(a.Graph.Inputs), len(takes))
	}
	f := &ir.Func{Name: name}
	// A body sees the symbols around it once an operation owns it. This one stands for it while the body is made.
	owner := ir.NewOp(core.Cond, nil, nil, nil, nil, g.build.Loc)
	owner.AttachBody(f)
	g.f.Append(owner)
	defer g.f.Erase(owner)
	b := g.fn.newGraph(a.Graph, f, g.path+a.Name+"/")
	var given []*tensor
	for i, in := range a.Graph.Inputs {
		p := f.AddParam(in.Name, takes[i], ir.Input)
		switch in.Kind {
		case pt2.ArgTensor:
			given = append(given, b.own(in.Name, a.Graph.Tensors[in.Name], p.Value))
		case pt2.ArgSymFloat, pt2.ArgSymBool:
			b.scalars[in.Name] = p.Value
		case pt2.ArgSymInt:
			d, err := b.symInt(in.Name)
			if err != nil {
				return nil, err
			}
			if s := undeclared(f, d); s != "" {
				if _, ok := d.IsSym(); !ok {
					return nil, fmt.Errorf("body %s: the integer %s is %s, and nothing gives the symbol %s", a.Name, in.Name, d, s)
				}
				b.fn.declare(f, s, false)
				p.Binds = s
			}
		default:
			return nil, fmt.Errorf("body %s: parameter %d is %s", a.Name, i, in.Kind)
		}
	}
	b.run()
	returns, err := b.operands(a.Graph.Outputs)
	if err != nil {
		return nil, fmt.Errorf("body %s: %w", a.Name, err)
	}
	for _, t := range given {
		if t.memory.version > 0 {
			return nil, fmt.Errorf("body %s changes its argument %s in place; return the new value instead", a.Name, t.name)
		}
	}
	_, err = b.build.Build(core.Return, nil, returns...)
	return f, err
}

// control makes an operation with bodies for a node.
func (g *graph) control(n *pt2.Node, def *ir.OpDef, attrs ir.Attrs, bodies []*ir.Func, operands []*ir.Value) error {
	names, types, err := g.resultTypes(n.Outputs)
	if err != nil {
		return err
	}
	for i, t := range types {
		for _, d := range t.Shape {
			if err := g.defined(d); err != nil {
				return fmt.Errorf("result %d: %w", i, err)
			}
		}
	}
	for _, b := range bodies {
		for i, v := range b.Returns() {
			for _, d := range v.Type.Shape {
				if s := undeclared(g.f, d); s != "" {
					return fmt.Errorf("body %s gives %s as result %d, and only the body knows the symbol %s", b.Name, v.Type, i, s)
				}
			}
		}
	}
	op, err := g.build.BuildWith(def, attrs, types, bodies, operands...)
	if err != nil {
		return err
	}
	for i, name := range names {
		g.result(name, op.Results[i])
	}
	return nil
}

func typesOf(vs []*ir.Value) []ir.Type {
	types := make([]ir.Type, len(vs))
	for i, v := range vs {
		types[i] = v.Type
	}
	return types
}
