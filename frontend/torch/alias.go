package torch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// tensor is a tensor of the PyTorch program, which may share memory with others and change. A view knows the tensor it
// was made of: a write to it is scattered into that one, up to the tensor that owns the memory, and a read of any other
// view of that memory afterwards makes the view anew, from the owner's new value.
type tensor struct {
	name    string
	meta    *pt2.TensorMeta
	memory  *memory
	parent  *tensor // nil for the owner of the memory
	view    *view   // how the value follows from the parent's; nil where it is the same
	value   *ir.Value
	version int // the memory's version that value is of
}

// memory is what a tensor and its views share.
type memory struct {
	version int // counts the writes
}

// view is a call that made a view.
type view struct {
	attrs    ir.Attrs
	operands []*ir.Value
	self     int // the operand that is the parent
	typ      ir.Type
	loc      *ir.Loc
	undo     undo // nil where writing through the view is not supported
}

// undo gives the parent's value in which the view has a new value.
type undo func(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error)

// errSkipped stands for a use of what an earlier error, which was reported, left undefined.
var errSkipped = errors.New("depends on an earlier error")

// own adds a tensor with memory of its own.
func (g *graph) own(name string, meta *pt2.TensorMeta, v *ir.Value) *tensor {
	t := &tensor{name: name, meta: meta, memory: &memory{}, value: v}
	g.tensors[name] = t
	return t
}

// lookup finds a tensor by name.
func (g *graph) lookup(name string) (*tensor, error) {
	t, ok := g.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%q is used before anything defines it", name)
	}
	if t == nil {
		return nil, errSkipped
	}
	return t, nil
}

// read gives the value that a tensor has now.
func (g *graph) read(name string) (*ir.Value, error) {
	t, err := g.lookup(name)
	if err != nil {
		return nil, err
	}
	return g.current(t)
}

// current brings a tensor's value up to date.
func (g *graph) current(t *tensor) (*ir.Value, error) {
	if t.parent == nil || t.version == t.memory.version {
		return t.value, nil
	}
	v, err := g.current(t.parent)
	if err != nil {
		return nil, err
	}
	if t.view != nil {
		if v, err = g.replay(t, v); err != nil {
			return nil, err
		}
	}
	t.value, t.version = v, t.memory.version
	return v, nil
}

// replay makes a view anew.
func (g *graph) replay(t *tensor, parent *ir.Value) (*ir.Value, error) {
	operands := slices.Clone(t.view.operands)
	operands[t.view.self] = parent
	c := &call{g: g, attrs: t.view.attrs, operands: operands}
	v, err := g.at(t.view.loc, func() (*ir.Value, error) { return c.one(t.view.typ) })
	if err != nil {
		return nil, err
	}
	if t.name != "" {
		v.Name = fmt.Sprintf("%s.%d", t.name, t.memory.version)
	}
	return v, nil
}

// at runs build with another location.
func (g *graph) at(loc *ir.Loc, build func() (*ir.Value, error)) (*ir.Value, error) {
	saved := g.build.Loc
	g.build.Loc = loc
	defer func() { g.build.Loc = saved }()
	return build()
}

// write gives a tensor a new value, and thereby all that share its memory.
func (g *graph) write(t *tensor, v *ir.Value) error {
	if t.parent == nil {
		t.memory.version++
	} else {
		scattered := v
		if t.view != nil {
			if t.view.undo == nil {
				callee, _ := t.view.attrs.Get("callee")
				return fmt.Errorf("writes to %s, a view made by %s: writing through such a view is not supported; clone it first", t.name, callee)
			}
			parent, err := g.current(t.parent)
			if err != nil {
				return err
			}
			if scattered, err = t.view.undo(g, t.view, parent, v); err != nil {
				return err
			}
			if scattered.Name == "" && t.parent.name != "" {
				scattered.Name = fmt.Sprintf("%s.%d", t.parent.name, t.memory.version+1)
			}
		}
		if err := g.write(t.parent, scattered); err != nil {
			return err
		}
	}
	t.value, t.version = v, t.memory.version
	return nil
}

// alias records that the value of a result is a view of a tensor, or is that tensor where v is nil.
func (g *graph) alias(name string, parent *tensor, v *view, value *ir.Value) *tensor {
	t := &tensor{name: name, meta: g.g.Tensors[name], memory: parent.memory, parent: parent, view: v, value: value, version: parent.memory.version}
	g.tensors[name] = t
	return t
}

// The questions below are PyTorch's own rules for when an operator gives its argument, or a view of it, instead of a
// copy. They go by what the file says of both tensors.

// sameKind: dtype, device and layout agree.
func sameKind(a, b *pt2.TensorMeta) bool {
	return a != nil && b != nil && a.DType == b.DType && a.Device.Type == b.Device.Type && a.Layout == b.Layout
}

// sameStrides: elements lie in the same order. The stride of an axis of one does not matter, none does without elements.
func (g *graph) sameStrides(a, b *pt2.TensorMeta) bool {
	if len(a.Sizes) != len(b.Sizes) {
		return false
	}
	same := true
	for i, size := range a.Sizes {
		n, constant := size.Const()
		if constant && n == 0 {
			return true
		}
		if constant && n == 1 || !same {
			continue
		}
		same = g.sameSize(a.Strides[i], b.Strides[i])
	}
	return same
}

func (g *graph) sameSize(a, b pt2.Sym[int64]) bool {
	if a.Expr == b.Expr && (a.Expr != "" || a.Value == b.Value) {
		return true
	}
	x, err := g.fn.syms.dim(a)
	if err != nil {
		return false
	}
	y, err := g.fn.syms.dim(b)
	return err == nil && g.f.Env().Compare(x, y) == ir.CompareEqual
}

// canView reports whether a tensor can be seen with other sizes without a copy. It is the rule of aten.view: the axes
// of the old shape form groups that are contiguous in memory, and each group is cut into new axes of its own.
func (g *graph) canView(old *pt2.TensorMeta, sizes []pt2.Sym[int64]) bool {
	syms, env := g.fn.syms, g.f.Env()
	from, err1 := syms.dims(old.Sizes)
	strides, err2 := syms.dims(old.Strides)
	to, err3 := syms.dims(sizes)
	if err1 != nil || err2 != nil || err3 != nil {
		return false
	}
	equal := func(a, b ir.Dim) bool { return a.Equal(b) || env.Compare(a, b) == ir.CompareEqual }
	one := ir.Const(1)
	if slices.ContainsFunc(from, func(d ir.Dim) bool { return equal(d, ir.Const(0)) }) {
		return true
	}
	at := len(to) - 1
	group := one // the elements of the group, whose last axis has the stride base
	for i := len(from) - 1; i >= 0; i-- {
		base := strides[i]
		for group = from[i]; i > 0 && (equal(from[i-1], one) || equal(strides[i-1], group.Mul(base))); i-- {
			group = group.Mul(from[i-1])
		}
		taken := one
		for at >= 0 && (!equal(taken, group) || equal(to[at], one)) {
			taken = taken.Mul(to[at])
			at--
		}
		if !equal(taken, group) {
			return false
		}
	}
	for at >= 0 && equal(to[at], one) { // a number seen as a tensor of ones
		at--
	}
	return at < 0
}
