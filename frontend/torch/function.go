package torch

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// function imports one program as a function.
type function struct {
	im       *importer
	prog     *Program
	ir       *ir.Func
	syms     *symbols
	locs     locs
	main     *graph
	inputs   []*input
	owners   map[*ir.Resource]*input // the weights, tied ones once
	schemas  registry
	kernels  kernels
	unstated map[string]bool // operators met that nothing states a schema of

	nodes    int                     // of the program and its bodies, so far
	calls    int                     // made of them
	refused  bool                    // for its size, which was reported
	skipped  int                     // outputs left out since the last one
	replaced map[*ir.Value]*ir.Value // constants of weights that became states, by what stands for them now

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
	name     string    // the name of the state that a weight becomes, where it is not the weight's own
	shown    *ir.Value // for a weight inside another one's memory: the value seen through that one
}

func (fn *function) problem(what string, loc *ir.Loc, err error) {
	fn.im.problems = append(fn.im.problems, ir.Problem{Func: fn.ir.Name, Loc: loc, Op: what, Msg: err.Error()})
}

func (fn *function) warn(loc *ir.Loc, format string, args ...any) {
	w := Warning{Func: fn.ir.Name, Loc: loc, Text: fmt.Sprintf(format, args...)}
	if !fn.im.warned[w] {
		fn.im.warned[w] = true
		fn.im.warnings = append(fn.im.warnings, w)
	}
}

// run imports the program up to its results; what depends on the other functions is done by finish.
func (fn *function) run() {
	m := fn.prog.Model
	fn.main = fn.newGraph(m.Graph, fn.ir, "")
	var err error
	if fn.schemas, err = readRegistry(fn.prog.Archive); err != nil {
		fn.problem("the file", nil, err)
	}
	if fn.kernels, err = readKernels(fn.prog.Archive); err != nil {
		fn.problem("the file", nil, err)
	}
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
	fn.shareMemory()
	fn.main.run()
	fn.warnUnstated()
	if !fn.refused {
		fn.outputs()
	}
}

func (fn *function) input(in *input) error {
	spec := in.spec
	switch spec.Kind {
	case pt2.Parameter, pt2.Buffer, pt2.TensorConstant:
		return fn.weight(in)
	case pt2.UserInput, pt2.ConstantInput:
	case pt2.InputToken: // which orders side effects
		return nil
	case pt2.CustomObj:
		return fmt.Errorf("it is a Python object (%s), which cannot be imported; keep its data in buffers", spec.Arg.Text)
	default:
		return fmt.Errorf("inputs of kind %s are not supported", spec.Kind)
	}
	return fn.userInput(in)
}

// userInput makes a parameter of what the caller gives.
func (fn *function) userInput(in *input) error {
	g := fn.main
	name, a := in.spec.Name, &in.spec.Arg
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
		in.tensor = tied.tensor
		fn.main.tensors[name] = tied.tensor
		if in.spec.Kind == pt2.Buffer && tied.spec.Kind == pt2.Parameter { // a program changes buffers
			tied.name = in.spec.Target
		}
		return nil
	}
	fn.main.build.Loc = locOfWeight(in.spec.Target)
	v, err := fn.main.build.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, r.Type)
	if err != nil {
		return err
	}
	v.Name = name
	if fn.prog.Model.Graph.Tensors[name] != nil {
		if err := fn.main.stated(name, v); err != nil {
			return err
		}
	}
	in.constant = v.Def
	in.tensor = fn.main.own(name, fn.prog.Model.Graph.Tensors[name], v)
	fn.owners[r.Resource] = in
	return nil
}

// finish makes states of the weights that some function changes, and ends the function.
func (fn *function) finish() {
	for _, in := range fn.inputs {
		if in.param != nil && in.tensor != nil && in.tensor.memory.version > 0 {
			fn.update(&ir.Result{Name: in.param.Value.Name, Role: ir.Update, Target: in.param.Value.Name}, in)
		}
	}
	parts := map[*tensor][]*input{} // weights by the one whose memory they are in
	for _, in := range fn.inputs {
		if in.shown != nil {
			parts[in.tensor.owner()] = append(parts[in.tensor.owner()], in)
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
		fn.replace(in, in.param.Value)
		for _, part := range parts[in.tensor] {
			fn.replace(part, part.shown)
		}
		if in.tensor.memory.version > 0 {
			fn.update(&ir.Result{Name: state.Name, Role: ir.Update, Target: state.Name, State: true}, in)
		}
	}
	for i, v := range fn.returns {
		fn.returns[i] = fn.latest(v)
	}
	fn.ir.Results = fn.results
	if _, err := fn.main.build.Build(core.Return, nil, fn.returns...); err != nil {
		fn.problem("core.return", nil, err)
	}
	sinkConstants(fn.ir)
	dropUnused(fn.ir)
	fn.boundarySymbols()
}

// replace puts another value in the place of a weight's constant, which goes.
func (fn *function) replace(in *input, v *ir.Value) {
	old := in.constant.Result()
	fn.replaced[old] = v
	old.ReplaceAllUses(v)
	v.AddClaims(old.Claims...)
	old.Claims = nil
}

// latest is what stands for a value now, which may be a weight's constant that was replaced.
func (fn *function) latest(v *ir.Value) *ir.Value {
	if now := fn.replaced[v]; now != nil {
		return fn.latest(now)
	}
	return v
}

// key is the name under which functions share a state.
func (in *input) key() string {
	if in.weight == nil {
		return ""
	}
	return cmp.Or(in.name, in.spec.Target)
}

// changed lists the weights that the program changes.
func (fn *function) changed() []*input {
	var out []*input
	for _, in := range fn.inputs {
		if in.constant != nil && in.tensor.parent == nil && in.tensor.memory.version > 0 {
			out = append(out, in)
		}
	}
	return out
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
