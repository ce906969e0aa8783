package torch

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// mutators are in-place operators that are more than a functional form and a write.
var mutators = map[string]func(g *graph, n *pt2.Node, s *Schema, t *tensor) error{
	"aten.set_":           setMemory,
	"aten.resize_":        resize,
	"aten.resize_as_":     resize,
	"aten.fill_diagonal_": fillDiagonal,
	"aten.requires_grad_": unchanged,
}

func unchanged(g *graph, n *pt2.Node, s *Schema, t *tensor) error {
	return g.nameWritten(n, s, []writtenArg{{&s.Args[0], t}})
}

// rebind gives all names of a tensor to another one: PyTorch's operator makes the same object show other memory. Views
// made before keep theirs.
func (g *graph) rebind(n *pt2.Node, from, to *tensor) error {
	for _, in := range g.fn.inputs {
		if in.tensor == from {
			return fmt.Errorf("%s gives the input or buffer %s other memory or another shape, which no caller could see; change a clone", callee(n.Target), from.name)
		}
	}
	for name, t := range g.tensors {
		if t == from {
			g.tensors[name] = to
		}
	}
	for _, out := range n.Outputs {
		if out.Kind != pt2.ArgTensor {
			continue
		}
		v, err := g.current(to)
		if err != nil {
			return err
		}
		g.claim(v, out.Name)
		g.tensors[out.Name] = to
	}
	return nil
}

// setMemory is set_ with another tensor: from now on t shows that one's memory.
func setMemory(g *graph, n *pt2.Node, s *Schema, t *tensor) error {
	if at := argument(n, "source"); at < 0 || n.Inputs[at].Arg.Kind != pt2.ArgTensor {
		return fmt.Errorf("%s without a source tensor has no functional form; assign a new tensor instead", s.Callee)
	}
	source, err := g.tensorArgument(n, "source")
	if err != nil {
		return err
	}
	meta := source.meta
	if s.Arg("size") != nil {
		meta = g.g.Tensors[n.Outputs[0].Name]
		want, err := g.stridedArgs(n, source)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Callee, err)
		}
		if source, err = g.strided(source.owner(), want); err != nil {
			return err
		}
	}
	seen, err := g.current(source)
	if err != nil {
		return err
	}
	to := &tensor{name: t.name, meta: meta, memory: source.memory, parent: source, value: seen, version: source.memory.version}
	return g.rebind(n, t, to)
}

// resize is resize_ to no more elements than there are: the first of the memory, seen in another shape.
func resize(g *graph, n *pt2.Node, s *Schema, t *tensor) error {
	have, err := g.placesOf(t.meta)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Callee, err)
	}
	sizes, err := g.resized(n, s)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Callee, err)
	}
	want := places{sizes, rowMajorStrides(sizes), have.offset}
	if err := want.check(); err != nil {
		return err
	}
	if want.len() > have.len() {
		return fmt.Errorf("%s makes %d elements of %d, and what the new ones hold is not defined; make a new tensor instead", s.Callee, want.len(), have.len())
	}
	if slices.Equal(want.sizes, have.sizes) { // which leaves everything as it is
		return unchanged(g, n, s, t)
	}
	made, err := g.strided(t.owner(), want.layout())
	if err != nil {
		return err
	}
	return g.rebind(n, t, &tensor{name: t.name, meta: g.g.Tensors[n.Outputs[0].Name], memory: t.memory, parent: made, value: made.value, version: t.memory.version})
}

// resized are the sizes that resize_ or resize_as_ asks for.
func (g *graph) resized(n *pt2.Node, s *Schema) ([]int64, error) {
	if s.Arg("the_template") != nil {
		template, err := g.tensorArgument(n, "the_template")
		if err != nil {
			return nil, err
		}
		l, err := g.placesOf(template.meta)
		return l.sizes, err
	}
	dims, err := g.dimList(n, "size")
	if err != nil {
		return nil, err
	}
	l, err := layout{sizes: dims, strides: dims}.fixed()
	return l.sizes, err
}

// fillDiagonal is fill_diagonal_: the diagonal of all axes, and with wrap the ones that follow below in a tall matrix.
func fillDiagonal(g *graph, n *pt2.Node, s *Schema, t *tensor) error {
	l, err := g.placesOf(t.meta)
	if err != nil || len(l.sizes) < 2 {
		return fmt.Errorf("%s of %s needs constant sizes and two axes or more; write to diagonal() instead", s.Callee, t.value.Type)
	}
	at := argument(n, "fill_value")
	if at < 0 {
		return fmt.Errorf("%s has no fill_value", s.Callee)
	}
	step := int64(0)
	for _, stride := range l.strides {
		step += stride
	}
	diagonals := []places{{[]int64{slices.Min(l.sizes)}, []int64{step}, l.offset}}
	if h, w := l.sizes[0], l.sizes[1]; len(l.sizes) == 2 && h > w+1 && boolArgument(n, "wrap") {
		more := (h*w+w)/(w+1) - w
		diagonals = append(diagonals, places{[]int64{more}, []int64{step}, l.offset + l.strides[0]*(w+1)})
	}
	for _, d := range diagonals {
		part, err := g.strided(t.owner(), d.layout())
		if err != nil {
			return err
		}
		c := g.newCall("aten.fill.Scalar").value("self", part.value)
		a, err := c.attr(&n.Inputs[at].Arg, nil)
		if err != nil {
			return err
		}
		filled, err := c.set("value", a).one(part.value.Type)
		if err != nil {
			return err
		}
		if err := g.write(part, filled); err != nil {
			return err
		}
	}
	return unchanged(g, n, s, t)
}

// undoUnfold puts windows that do not overlap back: PyTorch refuses to write to others.
func undoUnfold(g *graph, v *view, parent, written *ir.Value) (*ir.Value, error) {
	axes, err := v.axes(parent.Type.Rank(), "dimension")
	if err != nil {
		return nil, err
	}
	step, _ := v.attrs.Get("step")
	size, _ := v.attrs.Get("size")
	by, ok := step.(ir.Int)
	length, ok2 := size.(ir.Int)
	if !ok || !ok2 || len(axes[0]) != 1 || by < length || parent.Type.Rank() == 0 {
		return nil, fmt.Errorf("writes to windows that overlap")
	}
	strides := make([]ir.Dim, 0, parent.Type.Rank()+1)
	next := ir.Const(1)
	for _, d := range slices.Backward(parent.Type.Shape) {
		strides = append(strides, next)
		next = next.Mul(d)
	}
	slices.Reverse(strides)
	along := strides[axes[0][0]]
	strides[axes[0][0]] = along.Mul(ir.Const(int64(by)))
	strides = append(strides, along)
	return g.newCall("aten.as_strided_scatter.default").value("self", parent).value("src", written).set("size", ir.OfDims(written.Type.Shape...)).
		set("stride", ir.OfDims(strides...)).set("storage_offset", ir.Int(0)).one(parent.Type)
}
