package torch

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/core/metaltext"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// metalKernel imports a call of a kernel that the user wrote: its text, made for the types of the call, and its definition
// as the body.
func (g *graph) metalKernel(n *pt2.Node, target string) error {
	operator := strings.TrimSuffix(strings.TrimPrefix(target, kernelSpace), ".default")
	k := g.fn.kernels[operator]
	if k == nil {
		return fmt.Errorf("it calls a Metal kernel that the file does not hold; save the program by aiopt.save(ep, file) instead of torch.export.save")
	}
	args, err := g.kernelArguments(n, k)
	if err != nil {
		return err
	}
	_, types, err := g.resultTypes(n.Outputs)
	if err != nil {
		return err
	}
	var at metaltext.Place
	if stack := g.build.Loc.Stack; len(stack) > 0 {
		at = metaltext.Place{File: stack[0].File, Line: stack[0].Line}
	}
	ref := k.find(typesOf(args.tensors), args.numbers)
	call := &metaltext.Call{
		Tensors: typesOf(args.tensors), Numbers: args.numbers, Results: types, Threads: args.grid, At: at,
		Example: ref.examples(typesOf(args.tensors)),
	}
	for _, d := range args.group {
		size, ok := d.IsConst()
		if !ok {
			return fmt.Errorf("the threadgroup has the size %s, expected numbers", d)
		}
		call.Threadgroup = append(call.Threadgroup, int(min(size, core.MetalThreads+1)))
	}
	attrs, err := k.text().Attrs(call)
	if err != nil {
		return err
	}
	if ref == nil {
		return fmt.Errorf("the file has no definition of the kernel %s for the types of this call; save the program by aiopt.save as it is called", k.Name)
	}
	body, err := g.definition(k, ref, args.tensors)
	if err != nil {
		return fmt.Errorf("the definition of the kernel %s: %w", k.Name, err)
	}
	return g.control(n, core.MetalKernel, attrs, []*ir.Func{body}, args.tensors)
}

// kernelArgs are the arguments of a call of a kernel.
type kernelArgs struct {
	tensors     []*ir.Value
	numbers     []ir.Attr
	grid, group []ir.Dim
}

// kernelArguments reads the arguments in the operator's order: inputs, grid, threadgroup, and shapes that the file states
// for the results too.
func (g *graph) kernelArguments(n *pt2.Node, k *savedKernel) (*kernelArgs, error) {
	args := &kernelArgs{}
	if len(n.Inputs) < len(k.Inputs)+2 {
		return nil, fmt.Errorf("the call has %d arguments, expected the kernel's %d inputs, a grid and a threadgroup", len(n.Inputs), len(k.Inputs))
	}
	for i := range k.Inputs {
		a, kind := &n.Inputs[i].Arg, metaltext.Kind(k.Inputs[i].Kind)
		switch {
		case kind == metaltext.Tensor && a.Kind == pt2.ArgTensor:
			v, err := g.read(a.Name)
			if err != nil {
				return nil, err
			}
			args.tensors = append(args.tensors, v)
		case kind == metaltext.Int && a.Kind == pt2.ArgInt:
			args.numbers = append(args.numbers, ir.Int(a.Int))
		case kind == metaltext.Float && a.Kind == pt2.ArgFloat:
			args.numbers = append(args.numbers, ir.Float(a.Float))
		case kind == metaltext.Float && a.Kind == pt2.ArgInt:
			args.numbers = append(args.numbers, ir.Float(a.Int))
		case kind == metaltext.Bool && a.Kind == pt2.ArgBool:
			args.numbers = append(args.numbers, ir.Bool(a.Bool))
		default:
			return nil, fmt.Errorf("input %s is %s, expected a %s that is known when exporting", k.Inputs[i].Name, a.Kind, kind)
		}
	}
	var err error
	if args.grid, err = g.kernelSizes(&n.Inputs[len(k.Inputs)].Arg); err != nil {
		return nil, fmt.Errorf("the grid: %w", err)
	}
	if args.group, err = g.kernelSizes(&n.Inputs[len(k.Inputs)+1].Arg); err != nil {
		return nil, fmt.Errorf("the threadgroup: %w", err)
	}
	return args, nil
}

func (g *graph) kernelSizes(a *pt2.Argument) ([]ir.Dim, error) {
	var out []ir.Dim
	for i := range a.List {
		switch item := &a.List[i]; item.Kind {
		case pt2.ArgInt:
			out = append(out, ir.Const(item.Int))
		case pt2.ArgSymInt:
			d, err := g.symInt(item.Name)
			if err != nil {
				return nil, err
			}
			if err := g.defined(d); err != nil {
				return nil, err
			}
			out = append(out, d)
		default:
			return nil, fmt.Errorf("item %d is %s, expected an integer", i, item.Kind)
		}
	}
	return out, nil
}

// examples gives the values that sizes had when the definition was traced.
func (r *reference) examples(tensors []ir.Type) map[string]int64 {
	sizes := map[string]int64{}
	if r == nil {
		return sizes
	}
	at := 0
	for _, a := range r.arguments {
		if a.number != nil {
			continue
		}
		for i, d := range tensors[at].Shape {
			if s, ok := ir.BindableSymbol(d); ok {
				if n, ok := solve(d, s, ir.Const(a.example[i])).IsConst(); ok {
					sizes[s] = n
				}
			}
		}
		at++
	}
	return sizes
}

// solve gives what a symbol is where a size a*symbol+b is another one.
func solve(size ir.Dim, symbol string, is ir.Dim) ir.Dim {
	b := size.Subst(map[string]ir.Dim{symbol: ir.Const(0)})
	a := size.Subst(map[string]ir.Dim{symbol: ir.Const(1)}).Sub(b)
	return is.Sub(b).FloorDiv(a)
}

// definition imports a reference as a body that takes the given tensors: its symbols become their sizes.
func (g *graph) definition(k *savedKernel, r *reference, tensors []*ir.Value) (*ir.Func, error) {
	archive, err := r.open(g.fn.prog.Archive)
	if err != nil {
		return nil, err
	}
	inner := &importer{mod: g.fn.im.mod, weights: g.fn.im.weights, states: map[string]*ir.State{}, warned: map[Warning]bool{}, classes: classes{}}
	fn := inner.newFunction(&Program{Archive: archive, Model: archive.Models[0], Func: "reference", embedded: true})
	fn.ir.Name = "reference"
	fn.run()
	if len(inner.problems) == 0 {
		for _, in := range fn.inputs {
			if in.tensor != nil && in.tensor.memory.version > 0 {
				return nil, fmt.Errorf("it changes %s; a kernel's definition must change nothing that it is given or keeps", in.spec.Name)
			}
		}
		fn.finish()
	}
	if len(inner.problems) > 0 {
		return nil, inner.problems
	}
	g.fn.nodes += fn.nodes
	if len(fn.ir.Params) != len(tensors) {
		return nil, fmt.Errorf("it takes %d tensors, the kernel %d", len(fn.ir.Params), len(tensors))
	}
	return fn.ir, g.resize(fn.ir, tensors)
}

// resize puts the sizes of the tensors that a body takes in place of its own symbols. Those that its operations bind get
// names that are free.
func (g *graph) resize(body *ir.Func, tensors []*ir.Value) error {
	by := map[string]ir.Dim{}
	for i, p := range body.Params {
		t := tensors[i].Type
		if p.Value.Type.Elem != t.Elem || p.Value.Type.Rank() != t.Rank() {
			return fmt.Errorf("it takes %s as %%%s, the kernel is given %s", p.Value.Type, p.Value.Name, t)
		}
		for j, d := range p.Value.Type.Shape {
			if s, ok := ir.BindableSymbol(d); ok {
				if _, have := by[s]; !have {
					by[s] = solve(d, s, t.Shape[j])
				}
			}
		}
	}
	var own []*ir.DimDecl
	for _, d := range body.Dims {
		if _, known := by[d.Name]; known {
			continue
		}
		name := g.freshSymbol(d.Name)
		by[d.Name] = ir.Sym(name)
		own = append(own, &ir.DimDecl{Name: name, Min: d.Min, Max: d.Max})
	}
	var needs []ir.Guard
	for _, guard := range body.Guards {
		of := ir.Guard{}
		for _, c := range guard.Any {
			of.Any = append(of.Any, ir.Cond{Left: c.Left.Subst(by), Rel: c.Rel, Right: c.Right.Subst(by)})
		}
		needs = append(needs, of)
	}
	body.SetDims(own, nil)
	body.WithBodies(func(f *ir.Func) { f.MapSizes(func(d ir.Dim) ir.Dim { return d.Subst(by) }) })
	for i, p := range body.Params {
		for j, d := range p.Value.Type.Shape {
			if want := tensors[i].Type.Shape[j]; !d.Equal(want) {
				needs = append(needs, ir.Guard{Any: []ir.Cond{{Left: d, Rel: ir.RelEQ, Right: want}}})
			}
		}
		p.Value.Type, p.Value.Claims = tensors[i].Type, nil
	}
	body.Results = nil
	body.WithBodies(func(f *ir.Func) { // none of its values is one of the program's
		for _, op := range f.Ops {
			for _, r := range op.Results {
				r.Claims = nil
			}
		}
	})
	return g.fn.addGuards(needs, g.build.Loc)
}
