package torch

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// This file writes through views: each function gives the value of the tensor that a view is of, in which the view has a
// new value.

func undoReshape(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
	return g.reshape(written, parent.Type.Shape)
}

func undoBitcast(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
	return g.newCall("aten.view.dtype").value("self", written).set("dtype", ir.AsElem(parent.Type.Elem)).one(parent.Type)
}

// undoSame is for views that one operator without further arguments turns back.
func undoSame(callee string) undo {
	return func(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
		return g.newCall(callee).value("self", written).one(parent.Type)
	}
}

func (g *graph) permute(parent, written *ir.Value, perm []int) (*ir.Value, error) {
	return g.newCall("aten.permute.default").value("self", written).set("dims", ir.OfInts(perm...)).one(parent.Type)
}

// undoTranspose is for views that swap the last two axes.
func undoTranspose(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
	rank := parent.Type.Rank()
	perm := identityPerm(rank)
	if rank >= 2 {
		perm[rank-2], perm[rank-1] = rank-1, rank-2
	}
	return g.permute(parent, written, perm)
}

func undoReverse(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
	perm := identityPerm(parent.Type.Rank())
	slices.Reverse(perm)
	return g.permute(parent, written, perm)
}

func identityPerm(rank int) []int {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	return perm
}

// axes reads arguments that name axes, as a number each or in a list, and checks them against the rank.
func (v *view) axes(rank int, names ...string) ([][]int, error) {
	out := make([][]int, len(names))
	for i, name := range names {
		a, _ := v.attrs.Get(name)
		if n, ok := a.(ir.Int); ok {
			a = ir.Ints{int64(n)}
		}
		list, ok := a.(ir.Ints)
		if !ok {
			return nil, fmt.Errorf("argument %s names no axes", name)
		}
		for _, n := range list {
			axis, err := ir.Axis(int(n), max(rank, 1))
			if err != nil {
				return nil, fmt.Errorf("argument %s: %w", name, err)
			}
			out[i] = append(out[i], axis)
		}
	}
	return out, nil
}

// undoTransposeInt swaps the two axes again, whatever the operator calls them.
func undoTransposeInt(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
	rank := parent.Type.Rank()
	axes, err := v.axes(rank, v.attrs[2].Name, v.attrs[3].Name) // behind callee and self
	if err != nil {
		return nil, err
	}
	if len(axes[0]) != 1 || len(axes[1]) != 1 {
		return nil, fmt.Errorf("swaps %d axes with %d, expected one with one", len(axes[0]), len(axes[1]))
	}
	perm := identityPerm(rank)
	if a, b := axes[0][0], axes[1][0]; rank > 0 {
		perm[a], perm[b] = b, a
	}
	return g.permute(parent, written, perm)
}

func undoPermute(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
	axes, err := v.axes(parent.Type.Rank(), "dims")
	if err != nil {
		return nil, err
	}
	return g.unpermute(parent, written, axes[0])
}

// unpermute undoes a permutation.
func (g *graph) unpermute(parent, written *ir.Value, perm []int) (*ir.Value, error) {
	back := make([]int, parent.Type.Rank())
	if len(perm) != len(back) || slices.ContainsFunc(perm, func(axis int) bool { return axis >= len(back) }) {
		return nil, fmt.Errorf("%v is no permutation of the axes of %s", perm, parent.Type)
	}
	for i, axis := range perm {
		back[axis] = i
	}
	return g.permute(parent, written, back)
}

// undoMove is for movedim: the axes named go to their places, the others keep their order around them.
func undoMove(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
	rank := parent.Type.Rank()
	axes, err := v.axes(rank, "source", "destination")
	if err != nil {
		return nil, err
	}
	if rank == 0 || len(axes[0]) != len(axes[1]) {
		return nil, fmt.Errorf("moves %d axes to %d places in %s", len(axes[0]), len(axes[1]), parent.Type)
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = -1
	}
	for i, to := range axes[1] {
		perm[to] = axes[0][i]
	}
	next := 0
	for i := range perm {
		if perm[i] >= 0 {
			continue
		}
		for slices.Contains(axes[0], next) {
			next++
		}
		perm[i] = next
		next++
	}
	return g.unpermute(parent, written, perm)
}

// undoExpand takes the first of the elements that an expanded axis repeats: PyTorch refuses to write to several at once.
func undoExpand(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
	var err error
	lead := written.Type.Rank() - parent.Type.Rank()
	for axis, size := range written.Type.Shape {
		if axis >= lead && size.Equal(parent.Type.Shape[axis-lead]) || size.Equal(ir.Const(1)) {
			continue
		}
		shape := slices.Clone(written.Type.Shape)
		shape[axis] = ir.Const(1)
		if written, err = g.newCall("aten.slice.Tensor").value("self", written).set("dim", ir.Int(axis)).set("start", ir.Int(0)).
			set("end", ir.Int(1)).set("step", ir.Int(1)).one(written.Type.WithShape(shape...)); err != nil {
			return nil, err
		}
	}
	return g.reshape(written, parent.Type.Shape)
}

// undoScatter is for views with a scatter operator: it takes the parent, the view's value and the view's own arguments.
func undoScatter(callee string, arguments ...string) undo {
	return func(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
		c := g.newCall(callee).value("self", parent).value("src", written)
		for _, name := range arguments {
			a, ok := v.attrs.Get(name)
			if _, isRef := a.(ir.Ref); isRef || !ok {
				return nil, fmt.Errorf("writes through a view whose %s is computed; use index_copy_ or index_put_", name)
			}
			c.set(name, a)
		}
		return c.one(parent.Type)
	}
}

// undoNarrow is a slice: narrow states the length instead of the end.
func undoNarrow(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
	axes, err := v.axes(parent.Type.Rank(), "dim")
	if err != nil {
		return nil, err
	}
	if len(axes[0]) != 1 || parent.Type.Rank() == 0 || written.Type.Rank() != parent.Type.Rank() {
		return nil, fmt.Errorf("narrows %s to %s", parent.Type, written.Type)
	}
	axis := axes[0][0]
	a, _ := v.attrs.Get("start")
	start, ok := asDim(a)
	if !ok {
		return nil, fmt.Errorf("argument start is no size")
	}
	if n, ok := start.IsConst(); ok && n < 0 {
		start = start.Add(parent.Type.Shape[axis])
	}
	return g.newCall("aten.slice_scatter.default").value("self", parent).value("src", written).set("dim", ir.Int(axis)).
		set("start", ir.OfDim(start)).set("end", ir.OfDim(start.Add(written.Type.Shape[axis]))).set("step", ir.Int(1)).one(parent.Type)
}

func asDim(a ir.Attr) (ir.Dim, bool) {
	switch a := a.(type) {
	case ir.Int:
		return ir.Const(int64(a)), true
	case ir.DimAttr:
		return a.Dim, true
	}
	return ir.Dim{}, false
}

// undoPart puts a real or imaginary part beside the other one.
func undoPart(real bool) undo {
	return func(g *graph, _ *view, parent, written *ir.Value) (*ir.Value, error) {
		other := "aten.imag.default"
		if !real {
			other = "aten.real.default"
		}
		part, err := g.newCall(other).value("self", parent).one(written.Type)
		if err != nil {
			return nil, err
		}
		re, im := written, part
		if !real {
			re, im = part, written
		}
		if parent.Type.Elem != host.C64 && parent.Type.Elem != host.C128 {
			return nil, fmt.Errorf("the parent of a part is %s, expected a complex tensor", parent.Type)
		}
		return g.newCall("aten.complex.default").value("real", re).value("imag", im).one(parent.Type)
	}
}
