package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// order says where the elements of a value lie in another value, its source: the source's shape is cut into factors, and each axis
// of the value is made of some. Any chain of reshapes and transposes is one order, unless sizes do not tell how it cuts.
type order struct {
	factors []ir.Dim // of the source's shape, outermost first; none has size 1
	axes    [][]int  // the factors of each axis of the value, outermost first; an axis of size 1 has none
}

// sameOrder is the order of a value that is its own source.
func sameOrder(shape []ir.Dim) order {
	axes := make([][]int, len(shape))
	for i := range axes {
		axes[i] = []int{i}
	}
	return orderOf(shape, axes)
}

// orderOf is the order in which each axis of a value is made of whole axes of its source, which has the given shape.
func orderOf(shape []ir.Dim, axes [][]int) order {
	var o order
	number := make([]int, len(shape))
	for i, d := range shape {
		number[i] = len(o.factors)
		if !isOne(d) {
			o.factors = append(o.factors, d)
		}
	}
	for _, axis := range axes {
		var list []int
		for _, i := range axis {
			if !isOne(shape[i]) {
				list = append(list, number[i])
			}
		}
		o.axes = append(o.axes, list)
	}
	return o
}

// replaced is the order of a source in which a run of n factors, all of one axis of the value, is one of another size.
func (o order) replaced(first, n int, by ir.Dim) order {
	var made []int
	if !isOne(by) {
		made = []int{first}
	}
	next := order{factors: slices.Clone(o.factors)}
	next.factors = slices.Replace(next.factors, first, first+n, slices.Repeat([]ir.Dim{by}, len(made))...)
	for _, axis := range o.axes {
		var list []int
		for _, f := range axis {
			switch {
			case f == first:
				list = append(list, made...)
			case f < first:
				list = append(list, f)
			case f >= first+n:
				list = append(list, f+len(made)-n)
			}
		}
		next.axes = append(next.axes, list)
	}
	return next
}

func (o order) transposed(perm []int) order { return order{o.factors, permuted(o.axes, perm)} }

// flat lists the factors from the outermost of the value to the innermost.
func (o order) flat() []int { return slices.Concat(o.axes...) }

// sorted reports a value whose elements lie as its source's do: a reshape of it.
func (o order) sorted() bool { return slices.IsSorted(o.flat()) }

func (o order) size(factors []int) ir.Dim {
	n := ir.Const(1)
	for _, f := range factors {
		n = n.Mul(o.factors[f])
	}
	return n
}

func (o order) shape() []ir.Dim {
	shape := make([]ir.Dim, len(o.axes))
	for i, axis := range o.axes {
		shape[i] = o.size(axis)
	}
	return shape
}

// reshaped is the order behind a reshape, which may cut factors; not ok where sizes do not tell how.
func (o order) reshaped(shape []ir.Dim) (next order, ok bool) {
	next.factors = slices.Clone(o.factors)
	left := o.flat()
	for _, d := range shape {
		var axis []int
		have := ir.Const(1)
		for !have.Equal(d) {
			if len(left) == 0 {
				return order{}, false
			}
			f := left[0]
			if _, whole := divided(d, have.Mul(next.factors[f])); !whole {
				need, ok1 := divided(d, have)
				rest, ok2 := divided(next.factors[f], need)
				if !ok1 || !ok2 || isOne(need) {
					return order{}, false
				}
				next.factors = slices.Replace(next.factors, f, f+1, need, rest)
				later := func(list []int) {
					for i, g := range list {
						if g > f {
							list[i]++
						}
					}
				}
				for _, a := range append(next.axes, axis) {
					later(a)
				}
				later(left)
				left = slices.Insert(left, 1, f+1)
			}
			axis, left = append(axis, f), left[1:]
			have = have.Mul(next.factors[f])
		}
		next.axes = append(next.axes, axis)
	}
	return next, len(left) == 0
}

// divided is d/by where that is a size for certain.
func divided(d, by ir.Dim) (ir.Dim, bool) {
	if n, known := by.IsConst(); known && n == 0 {
		return ir.Dim{}, false
	}
	q := d.FloorDiv(by)
	return q, q.Err() == nil && q.Mul(by).Equal(d)
}

// arranged finds the value that another one is a rearrangement of, and how many transposes and reshapes are between them.
func arranged(v *ir.Value) (source *ir.Value, o order, between viewCount) {
	var chain []*ir.Op
	source = v
	for source.DefinedBy(tensor.Reshape) || source.DefinedBy(tensor.Transpose) {
		chain = append(chain, source.Def)
		source = source.Def.Operands[0]
	}
	o = sameOrder(source.Type.Shape)
	for _, op := range slices.Backward(chain) {
		next, ok := order{}, false
		if op.Is(tensor.Transpose) {
			next, ok = o.transposed(op.Ints("perm")), true
			between.transposes++
		} else {
			next, ok = o.reshaped(op.Result().Type.Shape)
			between.reshapes++
		}
		if o = next; !ok {
			source, o, between = op.Result(), sameOrder(op.Result().Type.Shape), viewCount{}
		}
	}
	return source, o, between
}

// viewCount counts operations that rearrange; what moves data counts first.
type viewCount struct{ transposes, reshapes int }

func (c viewCount) less(d viewCount) bool {
	return c.transposes < d.transposes || c.transposes == d.transposes && c.reshapes < d.reshapes
}

// rearrangement is how a value is made of its source: a reshape to cut, a transpose and a reshape to the value's shape. What
// changes nothing is left out.
type rearrangement struct {
	cut  []ir.Dim
	perm []int // nil: none
}

// rearrangementOf plans how a value in an order is made of its source of the given shape, in the fewest operations and over the fewest
// axes.
func rearrangementOf(from []ir.Dim, o order) rearrangement {
	if o.sorted() {
		return rearrangement{cut: from}
	}
	to, runs := o.shape(), o.runs()
	best := o.planned(from, runs)
	var single [][]int
	for _, f := range o.flat() {
		single = append(single, []int{f})
	}
	if r := o.planned(from, single); r.count(from, to).less(best.count(from, to)) {
		return r
	}
	return best
}

// planned moves parts, which are runs of neighbours in the source, listed as they are in the value.
func (o order) planned(from []ir.Dim, parts [][]int) rearrangement {
	bySource := slices.Clone(parts)
	slices.SortFunc(bySource, func(a, b []int) int { return a[0] - b[0] })
	var sizes []ir.Dim
	for _, part := range bySource {
		sizes = append(sizes, o.size(part))
	}
	perm := make([]int, len(parts))
	for i, part := range parts {
		perm[i] = slices.IndexFunc(bySource, func(p []int) bool { return p[0] == part[0] })
	}
	var wide []int // the axes of from that are no ones
	for i, d := range from {
		if !isOne(d) {
			wide = append(wide, i)
		}
	}
	asIs := len(wide) == len(sizes)
	for k := 0; asIs && k < len(wide); k++ {
		asIs = from[wide[k]].Equal(sizes[k])
	}
	if !asIs {
		return rearrangement{cut: sizes, perm: perm}
	}
	for i, p := range perm {
		perm[i] = wide[p]
	}
	if direct := o.direct(from, perm); direct != nil {
		return rearrangement{cut: from, perm: direct}
	}
	return rearrangement{cut: from, perm: withOnes(from, perm)}
}

// runs groups the factors into runs that are neighbours in the value and in the source, in the order of the value.
func (o order) runs() [][]int {
	var runs [][]int
	for _, f := range o.flat() {
		if n := len(runs); n > 0 && runs[n-1][len(runs[n-1])-1] == f-1 {
			runs[n-1] = append(runs[n-1], f)
		} else {
			runs = append(runs, []int{f})
		}
	}
	return runs
}

// direct is the permutation that gives the value's shape at once, where ones of the source fit between; perm is that of its other
// axes. Nil where there is none.
func (o order) direct(from []ir.Dim, perm []int) []int {
	var all []int
	one := 0
	for _, d := range o.shape() {
		if !isOne(d) {
			if len(perm) == 0 || !from[perm[0]].Equal(d) {
				return nil
			}
			all, perm = append(all, perm[0]), perm[1:]
			continue
		}
		for one < len(from) && !isOne(from[one]) {
			one++
		}
		if one == len(from) {
			return nil
		}
		all = append(all, one)
		one++
	}
	if len(all) != len(from) {
		return nil
	}
	return all
}

// withOnes lets the axes of size 1 move with the axis before them.
func withOnes(from []ir.Dim, perm []int) []int {
	var all []int
	take := func(i int) {
		for ; i < len(from) && isOne(from[i]); i++ {
			all = append(all, i)
		}
	}
	take(0)
	for _, p := range perm {
		all = append(all, p)
		take(p + 1)
	}
	return all
}

// count is how many operations a rearrangement takes to a shape.
func (r rearrangement) count(from, to []ir.Dim) (c viewCount) {
	if !sameDims(from, r.cut) {
		c.reshapes++
	}
	shape := r.cut
	if r.perm != nil {
		c.transposes++
		shape = permuted(shape, r.perm)
	}
	if !sameDims(shape, to) {
		c.reshapes++
	}
	return c
}

// rearranged builds a value of the given shape, in an order, of its source.
func rearranged(rw *rewrite.Rewriter, source *ir.Value, o order, shape []ir.Dim) *ir.Value {
	r := rearrangementOf(source.Type.Shape, o)
	v := source
	if !sameDims(v.Type.Shape, r.cut) {
		v = rw.Typed(tensor.Reshape, nil, v.Type.WithShape(r.cut...), v)
	}
	if r.perm != nil {
		v = transposed(rw, v, r.perm)
	}
	if !sameDims(v.Type.Shape, shape) {
		v = rw.Typed(tensor.Reshape, nil, v.Type.WithShape(shape...), v)
	}
	return v
}

// rearrangements are patterns that make a chain of reshapes and transposes as short as it can be.
func rearrangements() []rewrite.Pattern {
	return []rewrite.Pattern{
		{Name: "operand", Root: tensor.Transpose, Apply: foldToOperand},
		{Name: "operand", Root: tensor.Reshape, Apply: foldToOperand},
		{Name: "rearrangement", Root: tensor.Transpose, Apply: shorten},
		{Name: "rearrangement", Root: tensor.Reshape, Apply: shorten},
	}
}

func shorten(rw *rewrite.Rewriter, op *ir.Op) bool {
	shape := op.Result().Type.Shape
	source, o, now := arranged(op.Result())
	if source == op.Result() || !rearrangementOf(source.Type.Shape, o).count(source.Type.Shape, shape).less(now) {
		return false
	}
	if inner := op.Operands[0].Def; op.Is(tensor.Transpose) && inner.Is(tensor.Transpose) {
		claimThrough(inner)
	}
	rw.Replace(op, rearranged(rw, source, o, shape))
	return true
}
