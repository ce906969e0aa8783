package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// maxRank is how many axes values of Apple's Neural Engine have at most.
const maxRank = 4

// fronted takes operations over to values whose channels are in front of the rows: an operation on a rearrangement of such a value becomes
// one on the value itself, and its result is rearranged instead, until rearrangements meet and cancel.
type fronted struct {
	values map[*ir.Value]bool // those whose channels are in front
	made   map[*ir.Op]bool    // the operations that compute them
	pulled map[pull]*ir.Value // operands that were brought to such a form
	leads  func(ir.Use) bool  // what rearrangements should be carried to
}

// pull is an operand in a form.
type pull struct {
	v    *ir.Value
	form string
}

func newFronted(leads func(ir.Use) bool) *fronted {
	return &fronted{values: map[*ir.Value]bool{}, made: map[*ir.Op]bool{}, pulled: map[pull]*ir.Value{}, leads: leads}
}

// form is a shape that an operation is computed in: each axis of the value it was computed on before is made of some axes of it.
type form struct {
	shape []ir.Dim
	axes  [][]int
}

// formOf is the form of a source's own shape, with axes cut where the value's order cuts them. Where that would make too many axes,
// those of size 1 go, the last ones first.
func formOf(from []ir.Dim, o order) form {
	var f form
	at := make([]int, 0, len(o.factors)) // the axis that each factor is
	for _, d := range from {
		for have := ir.Const(1); !have.Equal(d); {
			n := o.factors[len(at)]
			at, have = append(at, len(f.shape)), have.Mul(n)
			f.shape = append(f.shape, n)
		}
		if isOne(d) {
			f.shape = append(f.shape, d)
		}
	}
	for i := len(f.shape) - 1; i >= 0 && len(f.shape) > max(maxRank, len(from)); i-- {
		if !isOne(f.shape[i]) {
			continue
		}
		f.shape = slices.Delete(f.shape, i, i+1)
		for k := range at {
			if at[k] > i {
				at[k]--
			}
		}
	}
	for _, axis := range o.axes {
		var list []int
		for _, factor := range axis {
			list = append(list, at[factor])
		}
		f.axes = append(f.axes, list)
	}
	return f
}

// axis is the one axis that an axis of the old value is; not ok where it is several or none.
func (f form) axis(old int) (int, bool) {
	if old < 0 || old >= len(f.axes) || len(f.axes[old]) != 1 {
		return 0, false
	}
	return f.axes[old][0], true
}

// all are the axes that some axes of the old value are, ascending.
func (f form) all(old []int) []int {
	var list []int
	for _, a := range old {
		list = append(list, f.axes[a]...)
	}
	slices.Sort(list)
	return list
}

// of plans how an operand that has the old value's axes, or broadcasts to them, comes to the form: its sizes may differ on axes that
// are one axis of the form.
func (f form) of(v *ir.Value) (source *ir.Value, o order, shape []ir.Dim, ok bool) {
	if v.Type.Rank() > len(f.axes) {
		return nil, order{}, nil, false
	}
	missing := len(f.axes) - v.Type.Rank()
	var cut []ir.Dim
	part := make([]int, len(f.shape)) // which size of cut an axis of the form is, counted from 1
	shape = slices.Repeat([]ir.Dim{ir.Const(1)}, len(f.shape))
	for i, d := range v.Type.Shape {
		axes := f.axes[missing+i]
		switch {
		case isOne(d):
			continue
		case len(axes) == 0:
			return nil, order{}, nil, false
		case len(axes) == 1:
			shape[axes[0]] = d
		default:
			for _, a := range axes {
				shape[a] = f.shape[a]
			}
		}
		for _, a := range axes {
			cut = append(cut, shape[a])
			part[a] = len(cut)
		}
	}
	source, o, _ = arranged(v)
	if o, ok = o.reshaped(cut); !ok {
		return nil, order{}, nil, false
	}
	parts := o.axes
	o.axes = nil
	for _, p := range part {
		var axis []int
		if p > 0 {
			axis = parts[p-1]
		}
		o.axes = append(o.axes, axis)
	}
	return source, o, shape, true
}

// border is a rearrangement of a value whose channels are in front.
type border struct {
	source *ir.Value
	order
	form form
}

// border finds what a value is a rearrangement of, if the channels are in front there.
func (c *fronted) border(v *ir.Value) (border, bool) {
	if v == nil {
		return border{}, false
	}
	source, o, _ := arranged(v)
	if source == v || !c.values[source] {
		return border{}, false
	}
	return border{source, o, formOf(source.Type.Shape, o)}, true
}

// joined makes an axis of the value, which is several axes of the source beside each other, one axis of the source.
func (b border) joined(rw *rewrite.Rewriter, axis int) border {
	run := b.axes[axis]
	n := len(run)
	if n < 2 || run[n-1]-run[0] != n-1 || !slices.IsSorted(run) {
		return b
	}
	shape := slices.Clone(b.source.Type.Shape)
	factor, last := 0, -1
	for i, d := range shape {
		first := factor
		for have := ir.Const(1); !have.Equal(d); factor++ {
			have = have.Mul(b.factors[factor])
		}
		switch inside := first >= run[0] && factor <= run[n-1]+1; {
		case first == factor:
		case inside:
			shape[i], last = ir.Const(1), i
		case first <= run[n-1] && factor > run[0]:
			return b // an axis that holds other factors, too
		}
	}
	size := b.size(run)
	shape[last] = size
	o := b.replaced(run[0], n, size)
	return border{reshaped(rw, b.source, shape), o, formOf(shape, o)}
}

// have is an operand in a form, if it was brought to it before.
func (c *fronted) have(root *ir.Op, v *ir.Value, o order, shape []ir.Dim) *ir.Value {
	y := c.pulled[pull{v, fmt.Sprint(o.axes, shape)}]
	if y != nil && (y.Def == nil || y.Def.Parent() == root.Parent() && root.Parent().Index(y.Def) < root.Parent().Index(root)) {
		return y
	}
	return nil
}

// bring builds an operand in the form; nil where it cannot be had.
func (c *fronted) bring(rw *rewrite.Rewriter, root *ir.Op, v *ir.Value, f form) *ir.Value {
	source, o, shape, ok := f.of(v)
	if !ok {
		return nil
	}
	return c.moved(rw, root, v, source, o, shape)
}

// moved builds an operand in an order of its source, or takes what was built before.
func (c *fronted) moved(rw *rewrite.Rewriter, root *ir.Op, v, source *ir.Value, o order, shape []ir.Dim) *ir.Value {
	y := c.have(root, v, o, shape)
	if y == nil {
		y = rearranged(rw, source, o, shape)
		c.pulled[pull{v, fmt.Sprint(o.axes, shape)}] = y
	}
	return y
}

// leave replaces the result of an operation by a rearrangement of y.
func (c *fronted) leave(rw *rewrite.Rewriter, op *ir.Op, y *ir.Value, o order) bool {
	r := op.Result()
	old := rearranged(rw, y, o, r.Type.Shape)
	if y.Name == "" && old != y && r.Name != "" {
		y.Name = r.Name + "_first"
	}
	c.values[y], c.made[y.Def] = true, true
	rw.Replace(op, old)
	return true
}

// sink moves an operation in front of the rearrangement of an operand.
func (c *fronted) sink(rw *rewrite.Rewriter, op *ir.Op) bool {
	if len(op.Results) != 1 || len(op.Operands) == 0 || len(op.Bodies) > 0 || c.made[op] || inKernel(op) {
		return false
	}
	for _, s := range frontedSinks() {
		if !op.Is(s.def) {
			continue
		}
		b, ok := c.border(op.Operands[0])
		return ok && c.worthwhile(op, b.form) && s.sink(c, rw, op, b)
	}
	if !op.Def.Traits.Has(ir.Elementwise) && !op.Is(tensor.Concat) && !op.Is(quant.Dequantize) {
		return false
	}
	for _, v := range op.Operands { // the first border decides on the form
		b, ok := c.border(v)
		if !ok || v.Type.Rank() != op.Result().Type.Rank() || !op.Is(tensor.Concat) && !sameDims(v.Type.Shape, op.Result().Type.Shape) {
			continue
		}
		return c.worthwhile(op, b.form) && (c.whole(rw, op, b) || c.together(rw, op, b))
	}
	return false
}

// worthwhile reports an operation behind which less must be moved than in front of it: more operands that need not be moved any more than
// those that must be instead and the result, unless this leads to what the channels are in front for. What is broadcast, or was moved before,
// costs little.
func (c *fronted) worthwhile(op *ir.Op, f form) bool {
	in, out, small := 0, 0, 0
	var counted []*ir.Value
	for _, v := range op.Operands {
		if v == nil || slices.Contains(counted, v) {
			continue
		}
		counted = append(counted, v)
		b, ok := c.border(v)
		switch {
		case ok && !b.sorted():
			in++
		case ok || c.values[v] || isConstant(v):
		default:
			_, o, shape, ok := f.of(v)
			switch {
			case !ok || o.sorted() || c.have(op, v, o, shape) != nil:
			case v.Type.NumElements().Equal(op.Result().Type.NumElements()):
				out++
			default:
				small++
			}
		}
	}
	if in == 0 {
		return out == 0 && small == 0
	}
	if in > out+1 || in >= out && (c.leadsOn(op.Result()) || op.Result().Type.Rank() < op.In(0).Rank()) {
		return true
	}
	// One part that is cut out of a value goes where the others go.
	return op.Is(tensor.Slice) && slices.ContainsFunc(op.Operands[0].Uses(), func(u ir.Use) bool { return u.Op.Is(tensor.Slice) && c.leadsOn(u.Op.Result()) })
}

// leadsOn looks through operations that can be carried over for one that wants the channels in front.
func (c *fronted) leadsOn(v *ir.Value) bool {
	ahead := []*ir.Value{v}
	for i := 0; i < len(ahead) && i < maxAhead; i++ {
		for _, u := range ahead[i].Uses() {
			switch {
			case c.leads(u), feedsProduct(u.Op):
				return true
			case u.Op.Def.Traits&(ir.Elementwise|ir.View) != 0 || u.Op.Is(tensor.Concat) || u.Op.Is(quant.Dequantize) || isFrontedSink(u.Op.Def):
				if r := u.Op.Result(); !slices.Contains(ahead, r) {
					ahead = append(ahead, r)
				}
			}
		}
	}
	return false
}

// feedsProduct reports the transpose of matrices for a product, or parts of them, that moves the innermost axis, as it need not where the
// channels are in front.
func feedsProduct(op *ir.Op) bool {
	if !op.Is(tensor.Transpose) {
		return false
	}
	perm := op.Ints("perm")
	last := len(perm) - 1
	feeds := func(v *ir.Value, more func(*ir.Value) bool) bool {
		return slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
			return u.Op.Is(tensor.MatMul) || (u.Op.Is(tensor.Slice) || u.Op.Is(tensor.Reshape)) && more(u.Op.Result())
		})
	}
	none := func(*ir.Value) bool { return false }
	return perm[last] != last && feeds(op.Result(), func(v *ir.Value) bool {
		return feeds(v, func(v *ir.Value) bool { return feeds(v, none) })
	})
}
