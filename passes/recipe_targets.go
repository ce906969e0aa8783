package passes

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/recipe"
	"github.com/aiopt/aiopt/passes/weights"
)

// targets describes the operations of a module to a recipe.
type targets struct {
	m       *ir.Module
	inner   map[string]string // the last parts of the classes of modules with operations, by path
	weights map[ir.Use]*weights.Weight
}

func newTargets(m *ir.Module) *targets {
	t := &targets{m: m, inner: map[string]string{}, weights: map[ir.Use]*weights.Weight{}}
	m.Walk(func(op *ir.Op) {
		for _, l := range op.Loc.Leaves() {
			if l.Class != "" {
				t.inner[l.Path] = l.Class
			}
		}
	})
	found, _ := weights.Find(m)
	for _, w := range found {
		for _, u := range w.Uses {
			t.weights[ir.Use{Op: u.Op, Index: u.Index}] = w
		}
	}
	return t
}

// all describes every operation, and its weight where it has one.
func (t *targets) all() []recipe.Target {
	var list []recipe.Target
	t.m.Walk(func(op *ir.Op) {
		described := false
		for i := range op.Operands {
			if w := t.weights[ir.Use{Op: op, Index: i}]; w != nil {
				for _, u := range w.Uses {
					if u.Op == op && u.Index == i {
						list = append(list, t.weight(w, u))
						described = true
					}
				}
			}
		}
		if !described && len(op.Operands) > 0 && op.Operands[0] != nil {
			list = append(list, t.op(op))
		}
	})
	return list
}

// op describes an operation without a weight.
func (t *targets) op(op *ir.Op) recipe.Target {
	var shape []int
	for _, d := range op.In(0).Shape {
		n, known := d.IsConst()
		if !known {
			n = -1
		}
		shape = append(shape, int(n))
	}
	out := recipe.Target{Op: op.Name(), Shape: shape, Calls: callsOf(t.m, op)}
	for i, v := range op.Operands {
		if isActivation(v) && !isConstant(v) {
			out.Inputs = append(out.Inputs, i)
		}
	}
	leaves := op.Loc.Leaves()
	path := leaves[0].Path
	if path != "" {
		out.Modules = append(out.Modules, t.module(""))
	}
	for i := range path {
		if path[i] == '.' {
			out.Modules = append(out.Modules, t.module(path[:i]))
		}
	}
	out.Modules = append(out.Modules, t.module(path))
	for _, r := range op.Results {
		for _, c := range r.Claims {
			out.OpNames = append(out.OpNames, c.Tensor)
		}
	}
	kind := op.Name()[strings.LastIndexByte(op.Name(), '.')+1:]
	out.OpNames = append(out.OpNames, strings.TrimPrefix(path+"."+kind, "."))
	return out
}

// module describes a module. Where functions come from different models, one path may stand for modules of several
// classes; the innermost module's location then tells which is meant, and that of others is taken as unknown.
func (t *targets) module(path string) recipe.Module {
	last := t.inner[path]
	var found []ir.Class
	for _, c := range t.m.ClassesOf(path) {
		if last == "" || c.Name == last || strings.HasSuffix(c.Name, "."+last) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return recipe.Module{Path: path, Class: found[0].Name}
	}
	return recipe.Module{Path: path, Class: last}
}

// weight describes an operation with its weight, whose name is the path of its module and its name in that.
func (t *targets) weight(w *weights.Weight, u *weights.Use) recipe.Target {
	out := t.op(u.Op)
	out.Tensor, out.State = w.Resource.Name, w.Resource.Name[strings.LastIndexByte(w.Resource.Name, '.')+1:]
	out.Shape, _ = w.Resource.Type.Static()
	out.Out, out.In, _ = w.Channels()
	return out
}
