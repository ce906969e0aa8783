package torch

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

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
		fn.skipped++
		return nil
	case pt2.ArgString:
		fn.warn(nil, "output %s is the text %q and is left out", name, a.Text)
		fn.skipped++
		return nil
	default:
		return fmt.Errorf("an output of kind %s is not supported", a.Kind)
	}
	if err != nil {
		return err
	}
	fn.addResult(&ir.Result{Name: name, Role: ir.Output, Skipped: fn.skipped}, v)
	fn.skipped = 0
	return nil
}

func (fn *function) addResult(r *ir.Result, v *ir.Value) {
	r.Type = v.Type
	fn.results = append(fn.results, r)
	fn.returns = append(fn.returns, v)
}

// update returns the new value of an input, which must have the input's type; sizes not known to be equal become guards.
func (fn *function) update(r *ir.Result, in *input) {
	v, want := in.tensor.value, in.param.Value.Type
	fits := v.Type.Elem == want.Elem && v.Type.Rank() == want.Rank()
	for i := 0; fits && i < want.Rank(); i++ {
		switch a, b := v.Type.Shape[i], want.Shape[i]; fn.ir.Env().Compare(a, b) {
		case ir.CompareDifferent:
			fits = false
		case ir.CompareUnknown:
			if err := fn.ir.AddGuard(ir.Guard{Any: []ir.Cond{{Left: a, Rel: ir.RelEQ, Right: b}}}); err != nil {
				fn.refuse(nil, err)
			}
		}
	}
	if !fits {
		fn.problem(fmt.Sprintf("input %q", in.spec.Name), nil, fmt.Errorf("it is %s, and the program changes it to %s; a change keeps the type", want, v.Type))
	}
	fn.addResult(r, v)
}

// declared applies a change that the signature declares, as programs after run_decompositions do.
func (fn *function) declared(out *pt2.OutputSpec, g *graph) error {
	switch out.Kind {
	case pt2.UserOutput, pt2.OutputToken:
		return nil
	case pt2.BufferMutation, pt2.ParameterMutation, pt2.UserInputMutation:
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
	seen, next := map[string]bool{}, map[string]int{}
	for i, name := range names {
		for seen[names[i]] {
			next[name]++
			names[i] = fmt.Sprintf("%s_%d", name, next[name])
		}
		seen[names[i]] = true
	}
	return names
}
