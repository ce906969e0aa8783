package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/recipe"
)

// boundaries says which values cross the boundaries of PyTorch's modules, by the paths of the operations that give and take
// them. A module's inputs are in the order in which its operations take them, its outputs in that in which they are given;
// those of the root are the functions' own.
type boundaries struct {
	constant map[*ir.Value]bool
	inputs   map[string]map[*ir.Value]int // by the module's path: the index of each
	outputs  map[string]map[*ir.Value]int
}

func newBoundaries(m *ir.Module) *boundaries {
	b := &boundaries{map[*ir.Value]bool{}, map[string]map[*ir.Value]int{}, map[string]map[*ir.Value]int{}}
	m.Walk(func(op *ir.Op) {
		fixed := op.Is(core.Constant) || len(op.Operands) > 0 && len(op.Bodies) == 0
		for _, v := range op.Operands {
			fixed = fixed && (v == nil || b.constant[v])
		}
		for _, r := range op.Results {
			b.constant[r] = fixed
		}
		if op.Is(core.Kernel) { // its body comes after the function around it
			for i, p := range op.Bodies[0].Params {
				b.constant[p.Value] = b.constant[op.Operands[i]]
			}
		}
	})
	for _, f := range m.Funcs {
		n := 0
		for _, p := range f.Params {
			if p.Role == ir.Input {
				enter(b.inputs, "", p.Value, n)
				n++
			}
		}
		n = 0
		for i, r := range f.Results {
			if r.Role == ir.Output {
				enter(b.outputs, "", f.Returns()[i], n)
				n++
			}
		}
	}
	m.Walk(func(op *ir.Op) {
		for i, v := range op.Operands {
			for _, path := range b.entered(op, i) {
				enter(b.inputs, path, v, len(b.inputs[path]))
			}
		}
		for _, r := range op.Results {
			for _, path := range b.left(r) {
				enter(b.outputs, path, r, len(b.outputs[path]))
			}
		}
	})
	return b
}

// enter gives a value an index, unless it has one.
func enter(in map[string]map[*ir.Value]int, path string, v *ir.Value, index int) {
	if in[path] == nil {
		in[path] = map[*ir.Value]int{}
	}
	if _, known := in[path][v]; !known {
		in[path][v] = index
	}
}

// entered lists the paths of the modules that an operand comes into at an operation, the innermost first.
func (b *boundaries) entered(op *ir.Op, i int) []string {
	v, f := op.Operands[i], op.Parent()
	if v == nil || b.constant[v] || op.Def.Dialect() == "core" {
		return nil
	}
	for v.Def == nil && insideKernel(f) {
		v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
	}
	from := v.Def
	if from == nil {
		from = f.Owner() // nil: the caller gives it
	}
	var list []string
	for _, path := range around(pathOf(op)) {
		if from == nil || !within(pathOf(from), path) {
			list = append(list, path)
		}
	}
	return list
}

// left lists the paths of the modules that a result goes out of, the innermost first.
func (b *boundaries) left(v *ir.Value) []string {
	if v.Def == nil || b.constant[v] || v.Def.Def.Dialect() == "core" {
		return nil
	}
	var list []string
	for _, path := range around(pathOf(v.Def)) {
		if slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
			to := u.Op
			if to.Def.Traits.Has(ir.Terminator) {
				to = to.Parent().Owner() // nil: the caller takes it
			}
			return to == nil || !within(pathOf(to), path)
		}) {
			list = append(list, path)
		}
	}
	return list
}

// into are the edges by which an operand comes to an operation.
func (b *boundaries) into(op *ir.Op, i int) []recipe.Edge {
	return edges(b.entered(op, i), b.inputs, op.Operands[i])
}

// outOf are the edges by which a value leaves the operation that gives it.
func (b *boundaries) outOf(v *ir.Value) []recipe.Edge { return edges(b.left(v), b.outputs, v) }

func edges(paths []string, of map[string]map[*ir.Value]int, v *ir.Value) []recipe.Edge {
	var list []recipe.Edge
	for _, path := range paths {
		if at, known := of[path][v]; known {
			list = append(list, recipe.Edge{Module: path, Index: at})
		}
	}
	return list
}

// pathOf is the path of the module that an operation lies in.
func pathOf(op *ir.Op) string { return op.Loc.Leaves()[0].Path }

// around lists a path and those of the modules around it, the innermost first.
func around(path string) []string {
	list := []string{path}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' {
			list = append(list, path[:i])
		}
	}
	if path != "" {
		list = append(list, "")
	}
	return list
}

// within reports a path of a module or of one inside it.
func within(path, module string) bool {
	return module == "" || path == module || len(path) > len(module) && path[:len(module)] == module && path[len(module)] == '.'
}
