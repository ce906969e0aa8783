package torch

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// memoryReaders are the operators that count by strides in the memory of their argument self.
var memoryReaders = []string{"aten.as_strided", "aten.as_strided_", "aten.as_strided_copy", "aten.as_strided_scatter"}

// readMemory imports one of memoryReaders; false where the memory is the argument's own elements in row-major order, for
// which the operator says itself what it does.
func (g *graph) readMemory(n *pt2.Node, s *Schema) (bool, error) {
	self, err := g.tensorArgument(n, "self")
	if err != nil {
		return false, err
	}
	scatters := operator(s.Callee) == "aten.as_strided_scatter" // which copies its argument and changes the copy
	if have, err := g.layoutOf(self.meta); err == nil && (scatters || self.parent == nil) && g.rowMajor(have) {
		return false, nil
	}
	want, err := g.stridedArgs(n, self)
	if err != nil {
		return false, err
	}
	var made *tensor
	if scatters {
		made, err = g.scattered(n, self, want)
	} else {
		made, err = g.strided(self.owner(), want)
	}
	if err != nil {
		return false, err
	}
	return true, g.give(n, s, made)
}

// give makes a tensor the result of a node: a view where the schema says so, otherwise a copy, which may go to out=.
func (g *graph) give(n *pt2.Node, s *Schema, t *tensor) error {
	name := n.Outputs[0].Name
	if isOut(s) {
		written, err := g.written(n, s)
		if err != nil {
			return err
		}
		v, err := g.cast(t.value, written[0].tensor.value.Type.Elem)
		if err != nil {
			return err
		}
		if err := g.store(s, written[0], v, n.Outputs); err != nil {
			return err
		}
		return g.nameWritten(n, s, written)
	}
	if s.Returns[0].Alias == "" {
		return g.resultOf(name, t)
	}
	if err := g.stated(name, t.value); err != nil {
		return err
	}
	g.alias(name, t, nil, t.value)
	g.claim(t.value, name)
	return nil
}

// scattered is a copy of a tensor with the argument src in place of the view that a layout describes.
func (g *graph) scattered(n *pt2.Node, t *tensor, want layout) (*tensor, error) {
	src, err := g.tensorArgument(n, "src")
	if err != nil {
		return nil, err
	}
	whole, err := g.detached(t)
	if err != nil {
		return nil, err
	}
	part, err := g.strided(whole, want)
	if err != nil {
		return nil, err
	}
	v, err := g.current(src)
	if err != nil {
		return nil, err
	}
	if v, err = g.cast(v, part.value.Type.Elem); err != nil {
		return nil, err
	}
	if !g.sameType(v.Type, part.value.Type) {
		return nil, fmt.Errorf("argument src is %s, and the view that it replaces is %s", v.Type, part.value.Type)
	}
	return whole, g.write(part, v)
}

// tensorArgument is the tensor that a node is given under a name.
func (g *graph) tensorArgument(n *pt2.Node, name string) (*tensor, error) {
	at := argument(n, name)
	if at < 0 || n.Inputs[at].Arg.Kind != pt2.ArgTensor {
		return nil, fmt.Errorf("argument %s is no tensor", name)
	}
	return g.lookup(n.Inputs[at].Arg.Name)
}

// stridedArgs reads the size, stride and storage_offset of a call; the offset is t's own where it is left out.
func (g *graph) stridedArgs(n *pt2.Node, t *tensor) (layout, error) {
	var l layout
	var err error
	if l.sizes, err = g.dimList(n, "size"); err != nil {
		return l, err
	}
	if l.strides, err = g.dimList(n, "stride"); err != nil {
		return l, err
	}
	if len(l.strides) == 0 { // which set_ may leave out
		next := ir.Const(1)
		for _, size := range slices.Backward(l.sizes) {
			l.strides = append(l.strides, next)
			next = next.Mul(size)
		}
		slices.Reverse(l.strides)
	}
	if len(l.sizes) != len(l.strides) {
		return l, fmt.Errorf("found %d sizes and %d strides, expected as many of each", len(l.sizes), len(l.strides))
	}
	at := argument(n, "storage_offset")
	if at < 0 || n.Inputs[at].Arg.Kind == pt2.ArgNone {
		own, err := g.layoutOf(t.meta)
		l.offset = own.offset
		return l, err
	}
	l.offset, err = g.dimOf(&n.Inputs[at].Arg)
	return l, err
}

func (g *graph) dimList(n *pt2.Node, name string) ([]ir.Dim, error) {
	at := argument(n, name)
	if at < 0 {
		return nil, nil
	}
	list := n.Inputs[at].Arg.List
	out := make([]ir.Dim, len(list))
	for i := range list {
		var err error
		if out[i], err = g.dimOf(&list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// dimOf is an argument as a size.
func (g *graph) dimOf(a *pt2.Argument) (ir.Dim, error) {
	switch a.Kind {
	case pt2.ArgInt:
		d := ir.Const(a.Int)
		return d, d.Err()
	case pt2.ArgSymInt:
		d, err := g.symInt(a.Name)
		if err != nil {
			return d, err
		}
		return d, g.defined(d)
	}
	return ir.Dim{}, fmt.Errorf("found %s, expected an integer", a.Kind)
}

// constantInt is an argument as a number that is known.
func (g *graph) constantInt(a *pt2.Argument) (int64, error) {
	d, err := g.dimOf(a)
	if err != nil {
		return 0, err
	}
	n, ok := d.IsConst()
	if !ok {
		return 0, errNotFixed
	}
	return n, nil
}

// detached is a tensor with the value that t has now and memory of its own.
func (g *graph) detached(t *tensor) (*tensor, error) {
	v, err := g.current(t)
	if err != nil {
		return nil, err
	}
	return &tensor{name: t.name, meta: t.meta, memory: &memory{}, value: v}, nil
}

// resultOf makes the value that a tensor has now a result of a node.
func (g *graph) resultOf(name string, t *tensor) error {
	v, err := g.current(t)
	if err != nil {
		return err
	}
	if err := g.stated(name, v); err != nil {
		return err
	}
	g.own(name, g.g.Tensors[name], v)
	g.claim(v, name)
	return nil
}

// stated checks that a value may be of the type that the file states for a tensor.
func (g *graph) stated(name string, v *ir.Value) error {
	t, err := g.typeOf(name)
	if err != nil {
		return err
	}
	if !g.sameType(t, v.Type) {
		return fmt.Errorf("%q is %s, and the file says that it is %s", name, v.Type, t)
	}
	return nil
}

// sameType reports types that are the same for some sizes.
func (g *graph) sameType(a, b ir.Type) bool {
	env := g.f.Env()
	return a.Elem == b.Elem && slices.EqualFunc(a.Shape, b.Shape, func(x, y ir.Dim) bool { return env.Compare(x, y) != ir.CompareDifferent })
}
