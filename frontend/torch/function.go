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

// function imports one program as a function.
type function struct {
	im     *importer
	prog   *Program
	ir     *ir.Func
	syms   *symbols
	locs   locs
	main   *graph
	inputs []*input
	owners map[*ir.Resource]*tensor // the weights' tensors

	returns []*ir.Value // what the function returns, with results as they were declared so far
	results []*ir.Result
}

// input is an input of a program: of its caller, or a weight.
type input struct {
	spec     *pt2.InputSpec
	tensor   *tensor
	param    *ir.Param
	constant *ir.Op    // for a weight, until it turns out to be a state
	weight   *resource // for a weight
}

func (fn *function) problem(what string, loc *ir.Loc, err error) {
	fn.im.problems = append(fn.im.problems, ir.Problem{Func: fn.ir.Name, Loc: loc, Op: what, Msg: err.Error()})
}

func (fn *function) warn(loc *ir.Loc, format string, args ...any) {
	w := Warning{Func: fn.ir.Name, Loc: loc, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(fn.im.warnings, w) {
		fn.im.warnings = append(fn.im.warnings, w)
	}
}

// run imports the program up to its results; what depends on the other functions is done by finish.
func (fn *function) run() {
	m := fn.prog.Model
	fn.main = fn.newGraph(m.Graph, fn.ir, "")
	for i := range m.Inputs {
		in := &input{spec: &m.Inputs[i]}
		if err := fn.input(in); err != nil {
			fn.problem(fmt.Sprintf("input %q", in.spec.Name), nil, err)
			fn.main.tensors[in.spec.Name] = nil
			continue
		}
		fn.inputs = append(fn.inputs, in)
	}
	fn.declareInputs()
	fn.guards(m.Guards)
	fn.main.run()
	fn.outputs()
}

func (fn *function) input(in *input) error {
	spec, g := in.spec, fn.main
	switch spec.Kind {
	case pt2.Parameter, pt2.Buffer, pt2.TensorConstant:
		return fn.weight(in)
	case pt2.UserInput, pt2.ConstantInput:
	case pt2.CustomObj:
		return fmt.Errorf("it is a Python object (%s), which cannot be imported; keep its data in buffers", spec.Arg.Text)
	default:
		return fmt.Errorf("inputs of kind %s are not supported", spec.Kind)
	}
	name, a := fn.im.rename(spec.Name), &spec.Arg
	constant := func(v ir.Attr) {
		in.param = fn.ir.AddParam(name, ir.Type{}, ir.ConstArg)
		in.param.Const = v
	}
	switch a.Kind {
	case pt2.ArgTensor:
		t, err := g.typeOf(a.Name)
		if err != nil {
			return err
		}
		in.param = fn.ir.AddParam(name, t, ir.Input)
		in.tensor = g.own(a.Name, g.g.Tensors[a.Name], in.param.Value)
	case pt2.ArgSymInt:
		d, err := g.symInt(a.Name)
		if err != nil {
			return err
		}
		if n, ok := d.IsConst(); ok {
			constant(ir.Int(n))
			break
		}
		symbol, ok := d.IsSym()
		if !ok {
			return fmt.Errorf("the integer is %s, expected a symbol of its own", d)
		}
		in.param = fn.ir.AddParam(name, ir.TensorOf(host.I64), ir.Input)
		in.param.Binds = symbol
	case pt2.ArgSymFloat, pt2.ArgSymBool:
		elem := host.F64
		if a.Kind == pt2.ArgSymBool {
			elem = host.Bool
		}
		in.param = fn.ir.AddParam(name, ir.TensorOf(elem), ir.Input)
		g.scalars[a.Name] = in.param.Value
	case pt2.ArgInt:
		constant(ir.Int(a.Int))
	case pt2.ArgFloat:
		constant(ir.Float(a.Float))
	case pt2.ArgBool:
		constant(ir.Bool(a.Bool))
	case pt2.ArgString:
		constant(ir.String(a.Text))
	case pt2.ArgNone:
		constant(ir.None{})
	default:
		return fmt.Errorf("an input of kind %s is not supported", a.Kind)
	}
	return nil
}

// weight makes a constant of a parameter, a buffer or a tensor that the model holds. Tied ones are one tensor.
func (fn *function) weight(in *input) error {
	name := in.spec.Arg.Name
	r, err := fn.im.weights.add(fn.prog, in.spec.Target, in.spec.Store)
	if err != nil {
		return err
	}
	in.weight = &r
	if tied := fn.owners[r.Resource]; tied != nil {
		in.tensor = tied
		fn.main.tensors[name] = tied
		return nil
	}
	fn.main.build.Loc = locOfWeight(in.spec.Target)
	v, err := fn.main.build.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, r.Type)
	if err != nil {
		return err
	}
	v.Name = name
	in.constant = v.Def
	in.tensor = fn.main.own(name, fn.prog.Model.Graph.Tensors[name], v)
	fn.owners[r.Resource] = in.tensor
	return nil
}

// outputs reads what the program returns, and then applies the changes that a functional program declares.
func (fn *function) outputs() {
	m, g := fn.prog.Model, fn.main
	var user []int
	for i := range m.Outputs {
		if m.Outputs[i].Kind == pt2.UserOutput {
			user = append(user, i)
		}
	}
	names := outputNames(m.OutSpec, len(user))
	for k, i := range user {
		if err := fn.output(names[k], &m.Outputs[i].Arg); err != nil && err != errSkipped {
			fn.problem(fmt.Sprintf("output %d (%s)", k, names[k]), nil, err)
		}
	}
	for i := range m.Outputs {
		if err := fn.declared(&m.Outputs[i], g); err != nil && err != errSkipped {
			fn.problem(fmt.Sprintf("output %q", m.Outputs[i].Arg.Name), nil, err)
		}
	}
}

func (fn *function) output(name string, a *pt2.Argument) error {
	g := fn.main
	var v *ir.Value
	var err error
	switch a.Kind {
	case pt2.ArgTensor:
		v, err = g.read(a.Name)
	case pt2.ArgSymInt:
		v, err = g.sizeValue(a.Name)
	case pt2.ArgSymFloat, pt2.ArgSymBool:
		v, err = g.scalar(a.Name)
	case pt2.ArgInt:
		v, err = g.constant(ir.Int(a.Int), host.I64)
	case pt2.ArgFloat:
		v, err = g.constant(ir.Float(a.Float), host.F64)
	case pt2.ArgBool:
		v, err = g.constant(ir.Bool(a.Bool), host.Bool)
	case pt2.ArgNone:
		return nil
	case pt2.ArgString:
		fn.warn(nil, "output %s is the text %q and is left out", name, a.Text)
		return nil
	default:
		return fmt.Errorf("an output of kind %s is not supported", a.Kind)
	}
	if err != nil {
		return err
	}
	fn.addResult(&ir.Result{Name: fn.im.rename(name), Role: ir.Output}, v)
	return nil
}

func (fn *function) addResult(r *ir.Result, v *ir.Value) {
	r.Type = v.Type
	fn.results = append(fn.results, r)
	fn.returns = append(fn.returns, v)
}

// declared applies a change that the signature declares, as programs after run_decompositions do.
func (fn *function) declared(out *pt2.OutputSpec, g *graph) error {
	switch out.Kind {
	case pt2.UserOutput:
		return nil
	case pt2.BufferMutation, pt2.ParameterMutation, pt2.UserInputMutation:
	case pt2.OutputToken:
		return fmt.Errorf("tokens, which order side effects, are not supported")
	default:
		return fmt.Errorf("an output of kind %s belongs to training; export the model for inference", out.Kind)
	}
	for _, in := range fn.inputs {
		name := in.spec.Target
		if out.Kind == pt2.UserInputMutation {
			name = in.spec.Name
		}
		if name != out.Target || in.tensor == nil || (in.weight == nil) != (out.Kind == pt2.UserInputMutation) {
			continue
		}
		v, err := g.read(out.Arg.Name)
		if err != nil {
			return err
		}
		return g.write(in.tensor, v)
	}
	return fmt.Errorf("changes %q, which is no input of the program", out.Target)
}

// finish makes states of the weights that some function changes, and ends the function.
func (fn *function) finish() {
	for _, in := range fn.inputs {
		if in.param != nil && in.tensor != nil && in.tensor.memory.version > 0 {
			fn.addResult(&ir.Result{Name: in.param.Value.Name, Role: ir.Update, Target: in.param.Value.Name}, in.tensor.value)
		}
	}
	for _, in := range fn.inputs {
		state := fn.im.states[in.key()]
		if in.constant == nil || state == nil {
			continue
		}
		old := in.constant.Result()
		in.param = fn.ir.AddParam(old.Name, old.Type, ir.StateIn)
		in.param.State = state.Name
		old.ReplaceAllUses(in.param.Value)
		for i, v := range fn.returns {
			if v == old {
				fn.returns[i] = in.param.Value
			}
		}
		if in.tensor.memory.version > 0 {
			fn.addResult(&ir.Result{Name: state.Name, Role: ir.Update, Target: state.Name, State: true}, in.tensor.value)
		}
	}
	fn.ir.Results = fn.results
	if _, err := fn.main.build.Build(core.Return, nil, fn.returns...); err != nil {
		fn.problem("core.return", nil, err)
	}
	sinkConstants(fn.ir)
	dropUnused(fn.ir)
	fn.boundarySymbols()
}

// key is the name under which functions share a state.
func (in *input) key() string {
	if in.weight == nil {
		return ""
	}
	return in.spec.Target
}

// changed lists the weights that the program changes.
func (fn *function) changed() []*input {
	var out []*input
	for _, in := range fn.inputs {
		if in.constant != nil && in.tensor.memory.version > 0 {
			out = append(out, in)
		}
	}
	return out
}

// checkShared refuses a state whose memory another weight shows in another way: the change would have to reach it.
func (fn *function) checkShared(in *input) {
	for _, other := range fn.inputs {
		if other == in || other.weight == nil || other.weight.Resource == in.weight.Resource || other.weight.Source != in.weight.Source || !other.used() {
			continue
		}
		fn.problem(fmt.Sprintf("buffer %q", in.spec.Target), nil, fmt.Errorf(
			"the program changes it, and %q shares its memory in another shape; give each a memory of its own (clone) before export", other.spec.Target))
	}
}

func (in *input) used() bool {
	return in.constant != nil && in.constant.Result().Used()
}

// boundarySymbols drops the symbols that nothing binds: declared for a type that a later step removed.
func (fn *function) boundarySymbols() {
	used := map[string]bool{}
	note := func(d ir.Dim) {
		if _, ok := d.IsConst(); !ok {
			for _, s := range d.Symbols() {
				used[s] = true
			}
		}
	}
	fn.ir.WithBodies(func(f *ir.Func) {
		for _, p := range f.Params {
			used[p.Binds] = true
			for _, d := range p.Value.Type.Shape {
				note(d)
			}
		}
		for _, op := range f.Ops {
			op.DimsOf(note)
		}
	})
	dims := slices.DeleteFunc(slices.Clone(fn.ir.Dims), func(d *ir.DimDecl) bool { return !used[d.Name] })
	if len(dims) == len(fn.ir.Dims) {
		return
	}
	guards := slices.DeleteFunc(slices.Clone(fn.ir.Guards), func(g ir.Guard) bool {
		return slices.ContainsFunc(g.Symbols(), func(s string) bool { return !used[s] })
	})
	fn.ir.SetDims(dims, guards)
}

// outputNames names the outputs by their place in what forward returned: the keys of dicts and dataclasses, otherwise
// output, or output_0, output_1 and so on.
func outputNames(tree *pt2.Tree, n int) []string {
	var names []string
	var walk func(t *pt2.Tree, path string)
	walk = func(t *pt2.Tree, path string) {
		if t.Leaf() {
			if path == "" {
				path = "output"
			}
			names = append(names, path)
			return
		}
		for i, child := range t.Children {
			key := fmt.Sprint(i)
			if t.Keys != nil {
				key = strings.Trim(notInNames.ReplaceAllString(t.Keys[i], "_"), "_")
			}
			switch {
			case path != "":
				key = path + "_" + key
			case t.Keys == nil || key == "" || key[0] >= '0' && key[0] <= '9':
				key = "output_" + key
			}
			walk(child, key)
		}
	}
	if tree != nil && tree.Leaves() == n {
		walk(tree, "")
	} else if n == 1 {
		names = []string{"output"}
	} else {
		for i := range n {
			names = append(names, fmt.Sprintf("output_%d", i))
		}
	}
	seen := map[string]bool{}
	for i, name := range names {
		for k := 1; seen[names[i]]; k++ {
			names[i] = fmt.Sprintf("%s_%d", name, k)
		}
		seen[names[i]] = true
	}
	return names
}
