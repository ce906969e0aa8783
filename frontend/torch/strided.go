package torch

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// This file makes views by strides, which PyTorch counts in the memory of a tensor. Here tensors have no memory: such a
// view is made of the tensor that owns the memory, by that one's own sizes and strides.

// owner is the tensor whose memory t shows.
func (t *tensor) owner() *tensor {
	for t.parent != nil {
		t = t.parent
	}
	return t
}

// viewOf makes a view of a tensor by a call, which set gives its arguments.
func (g *graph) viewOf(parent *tensor, callee string, t ir.Type, set func(c *call)) (*tensor, error) {
	from, err := g.current(parent)
	if err != nil {
		return nil, err
	}
	c := g.newCall(callee).value("self", from)
	set(c)
	v, err := c.one(t)
	if err != nil {
		return nil, err
	}
	op, _ := findView(callee)
	made := &view{attrs: v.Def.Attrs, operands: slices.Clone(v.Def.Operands), typ: t, loc: g.build.Loc, undo: op.undo}
	return &tensor{memory: parent.memory, parent: parent, view: made, value: v, version: parent.memory.version}, nil
}

func (g *graph) sliced(t *tensor, axis int, start, end, step int64) (*tensor, error) {
	from := t.value.Type
	n := (end - start + step - 1) / step
	if whole, ok := from.Shape[axis].IsConst(); ok && start == 0 && step == 1 && end == whole {
		return t, nil
	}
	shape := slices.Clone(from.Shape)
	shape[axis] = ir.Const(n)
	return g.viewOf(t, "aten.slice.Tensor", from.WithShape(shape...), func(c *call) {
		c.set("dim", ir.Int(axis)).set("start", ir.Int(start)).set("end", ir.Int(end)).set("step", ir.Int(step))
	})
}

func (g *graph) selected(t *tensor, axis int, index int64) (*tensor, error) {
	from := t.value.Type
	return g.viewOf(t, "aten.select.int", from.WithShape(slices.Delete(slices.Clone(from.Shape), axis, axis+1)...), func(c *call) {
		c.set("dim", ir.Int(axis)).set("index", ir.Int(index))
	})
}

func (g *graph) permuted(t *tensor, perm []int) (*tensor, error) {
	if slices.IsSorted(perm) {
		return t, nil
	}
	shape := make([]ir.Dim, len(perm))
	for i, axis := range perm {
		shape[i] = t.value.Type.Shape[axis]
	}
	return g.viewOf(t, "aten.permute.default", t.value.Type.WithShape(shape...), func(c *call) { c.set("dims", ir.OfInts(perm...)) })
}

func (g *graph) viewed(t *tensor, sizes ...ir.Dim) (*tensor, error) {
	typ := t.value.Type.WithShape(sizes...)
	if typ.Equal(t.value.Type) {
		return t, nil
	}
	return g.viewOf(t, "aten.view.default", typ, func(c *call) { c.set("size", ir.OfDims(sizes...)) })
}

// strided makes the view of an owner's memory that a layout describes.
func (g *graph) strided(owner *tensor, want layout) (*tensor, error) {
	have, err := g.layoutOf(owner.meta)
	if err != nil {
		return nil, err
	}
	v, err := g.current(owner)
	if err != nil {
		return nil, err
	}
	if v.Type.Rank() != len(have.sizes) {
		return nil, fmt.Errorf("%s is %s, and the file says that it has %d axes", owner.name, v.Type, len(have.sizes))
	}
	whole, err1 := have.fixed()
	part, err2 := want.fixed()
	if err1 == nil && err2 == nil {
		return g.cutOut(owner, whole, part)
	}
	for _, err := range []error{err1, err2} {
		if err != nil && err != errNotFixed {
			return nil, err
		}
	}
	flat, err := g.flat(owner, have)
	if err != nil {
		return nil, err
	}
	want.offset = want.offset.Sub(have.offset)
	return g.byStrides(flat, want)
}

// flat is a tensor's memory as one axis.
func (g *graph) flat(owner *tensor, have layout) (*tensor, error) {
	axes, dense := g.memoryOrder(have)
	if !dense {
		return nil, fmt.Errorf("the view by strides is of %s, whose own elements overlap or leave gaps, or may do so; clone it first", owner.name)
	}
	t, err := g.permuted(owner, axes)
	if err != nil {
		return nil, err
	}
	return g.viewed(t, t.value.Type.NumElements())
}

// byStrides is as_strided of a tensor whose elements are the memory.
func (g *graph) byStrides(flat *tensor, want layout) (*tensor, error) {
	for _, d := range slices.Concat(want.sizes, want.strides, []ir.Dim{want.offset}) {
		if n, ok := d.IsConst(); ok && n < 0 || d.Err() != nil {
			return nil, fmt.Errorf("%v elements with the strides %v from %s on are in no memory", want.sizes, want.strides, want.offset)
		}
	}
	return g.viewOf(flat, "aten.as_strided.default", flat.value.Type.WithShape(want.sizes...), func(c *call) {
		c.set("size", ir.OfDims(want.sizes...)).set("stride", ir.OfDims(want.strides...)).set("storage_offset", ir.OfDim(want.offset))
	})
}

// cutOut is strided for constant sizes: by slices of the owner's axes, or of its memory, where that is the same.
func (g *graph) cutOut(owner *tensor, have, want places) (*tensor, error) {
	want.offset -= have.offset
	if end := have.end() - have.offset; want.offset < 0 || want.end() > end {
		return nil, fmt.Errorf("the view of %v elements with the strides %v from %d on leaves the memory of %s, which has %d", want.sizes, want.strides, want.offset, owner.name, end)
	}
	if pieces, ok := have.cutting(want); ok {
		return g.cut(owner, pieces, want.sizes)
	}
	flat, err := g.flat(owner, have.layout())
	if err != nil {
		return nil, err
	}
	if slices.Equal(want.strides, rowMajorStrides(want.sizes)) {
		if flat, err = g.sliced(flat, 0, want.offset, want.offset+want.len(), 1); err != nil {
			return nil, err
		}
		return g.viewed(flat, constants(want.sizes)...)
	}
	if len(want.sizes) == 1 && want.strides[0] > 0 && want.sizes[0] > 0 {
		return g.sliced(flat, 0, want.offset, want.end(), want.strides[0])
	}
	return g.byStrides(flat, want.layout())
}

// cut makes the views that pieces describe.
func (g *graph) cut(t *tensor, pieces []piece, sizes []int64) (*tensor, error) {
	var err error
	var kept []int // the axes of the view, in the order in which t has them
	for axis, p := range slices.Backward(pieces) {
		if p.to < 0 {
			if t, err = g.selected(t, axis, p.start); err != nil {
				return nil, err
			}
			continue
		}
		kept = append(kept, p.to)
		if t, err = g.sliced(t, axis, p.start, p.end, p.step); err != nil {
			return nil, err
		}
	}
	slices.Reverse(kept)
	perm := identityPerm(len(kept))
	slices.SortFunc(perm, func(a, b int) int { return kept[a] - kept[b] })
	if t, err = g.permuted(t, perm); err != nil {
		return nil, err
	}
	return g.viewed(t, constants(sizes)...)
}
