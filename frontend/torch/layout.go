package torch

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// layout is where the elements of a tensor lie in its memory, counted in elements.
type layout struct {
	sizes, strides []ir.Dim
	offset         ir.Dim
}

// layoutOf reads the layout that the file states.
func (g *graph) layoutOf(m *pt2.TensorMeta) (layout, error) {
	if m == nil || len(m.Strides) != len(m.Sizes) {
		return layout{}, errors.New("the file does not say how the tensor lies in its memory")
	}
	var l layout
	var err1, err2, err3 error
	l.sizes, err1 = g.fn.syms.dims(m.Sizes)
	l.strides, err2 = g.fn.syms.dims(m.Strides)
	l.offset, err3 = g.fn.syms.dim(m.StorageOffset)
	return l, errors.Join(err1, err2, err3)
}

// placesOf is layoutOf where only constant sizes will do.
func (g *graph) placesOf(m *pt2.TensorMeta) (places, error) {
	l, err := g.layoutOf(m)
	if err != nil {
		return places{}, err
	}
	return l.fixed()
}

// maxAxes is the largest rank that PyTorch has.
const maxAxes = 64

// memoryOrder lists the axes from the one that varies slowest. It is false where elements overlap or leave gaps, and
// where that is not known. Axes of one, whose strides do not count, stay in their places.
func (g *graph) memoryOrder(l layout) (axes []int, dense bool) {
	if len(l.sizes) > maxAxes {
		return nil, false
	}
	env, one := g.f.Env(), ir.Const(1)
	equal := func(a, b ir.Dim) bool { return a.Equal(b) || env.Compare(a, b) == ir.CompareEqual }
	axes = identityPerm(len(l.sizes))
	slots := slices.DeleteFunc(slices.Clone(axes), func(axis int) bool { return equal(l.sizes[axis], one) })
	left := slices.Clone(slots)
	next, atLeast := one, one // PyTorch counts an axis without elements as one, or leaves that open
	for _, slot := range slices.Backward(slots) {
		at := len(left) - 1
		for at >= 0 && !equal(l.strides[left[at]], next) && !equal(l.strides[left[at]], atLeast) {
			at--
		}
		if at < 0 {
			return nil, false
		}
		axes[slot] = left[at]
		left = slices.Delete(left, at, at+1)
		size := l.sizes[axes[slot]]
		next, atLeast = next.Mul(size), atLeast.Mul(size.Max(one))
	}
	return axes, true
}

// rowMajor reports elements from the memory's first on, without gaps, of which the last axis varies fastest.
func (g *graph) rowMajor(l layout) bool {
	axes, dense := g.memoryOrder(l)
	return dense && slices.IsSorted(axes) && l.offset.Equal(ir.Const(0))
}

// places is a layout of constants.
type places struct {
	sizes, strides []int64
	offset         int64
}

var errNotFixed = errors.New("sizes or strides are not constant")

// fixed gives a layout's constants; errNotFixed where it has symbols.
func (l layout) fixed() (places, error) {
	p := places{sizes: make([]int64, len(l.sizes)), strides: make([]int64, len(l.sizes))}
	ok, known := true, false
	for i := range l.sizes {
		p.sizes[i], known = l.sizes[i].IsConst()
		ok = ok && known
		p.strides[i], known = l.strides[i].IsConst()
		ok = ok && known
	}
	p.offset, known = l.offset.IsConst()
	if !ok || !known {
		return places{}, errNotFixed
	}
	return p, p.check()
}

func (p places) layout() layout {
	return layout{constants(p.sizes), constants(p.strides), ir.Const(p.offset)}
}

func constants(sizes []int64) []ir.Dim {
	dims := make([]ir.Dim, len(sizes))
	for i, n := range sizes {
		dims[i] = ir.Const(n)
	}
	return dims
}

// check refuses what no memory has, so that the sums below do not overflow.
func (p places) check() error {
	const most = 1 << 48
	if p.offset < 0 || p.offset > most {
		return fmt.Errorf("the offset %d is outside of any memory", p.offset)
	}
	total := uint64(1)
	for i, n := range p.sizes {
		if n < 0 || p.strides[i] < 0 || p.strides[i] > most {
			return fmt.Errorf("the size %d with the stride %d is in no memory", n, p.strides[i])
		}
		hi, lo := bits.Mul64(total, uint64(max(n, 1)))
		span, last := bits.Mul64(uint64(max(n, 1)), uint64(p.strides[i]))
		if total = lo; hi != 0 || lo > most || span != 0 || last > most {
			return fmt.Errorf("%v elements with the strides %v are in no memory", p.sizes, p.strides)
		}
	}
	return nil
}

func (p places) len() int64 {
	n := int64(1)
	for _, size := range p.sizes {
		n *= size
	}
	return n
}

// end is the place behind the last element.
func (p places) end() int64 {
	if p.len() == 0 {
		return p.offset
	}
	last := p.offset
	for i, n := range p.sizes {
		last += (n - 1) * p.strides[i]
	}
	return last + 1
}

// rowMajorStrides are the strides of a tensor without gaps whose last axis varies fastest.
func rowMajorStrides(sizes []int64) []int64 {
	strides := make([]int64, len(sizes))
	next := int64(1)
	for i := len(sizes) - 1; i >= 0; i-- {
		strides[i] = next
		next *= max(sizes[i], 1)
	}
	return strides
}

// piece is what a view takes of one axis: an index, or, to end, every step-th element.
type piece struct {
	start, end, step int64
	to               int // the axis of the view; -1 for an index
}

// cutting describes a view as pieces of the axes, where it is one: most views by strides were made by select, slice and
// permute. The offset of want counts from the first element.
func (p places) cutting(want places) ([]piece, bool) {
	axes := slices.DeleteFunc(identityPerm(len(p.sizes)), func(axis int) bool { return p.sizes[axis] == 1 })
	slices.SortStableFunc(axes, func(a, b int) int { return cmp.Compare(p.strides[b], p.strides[a]) })
	pieces := make([]piece, len(p.sizes))
	for axis := range pieces {
		pieces[axis].to = -1
	}
	rest := want.offset
	for i, axis := range axes {
		if i+1 < len(axes) && p.strides[axis] < p.sizes[axes[i+1]]*p.strides[axes[i+1]] {
			return nil, false // elements overlap: a place has no one index
		}
		start := rest / max(p.strides[axis], 1)
		rest -= start * p.strides[axis]
		if pieces[axis].start = start; start >= p.sizes[axis] {
			return nil, false
		}
	}
	if rest != 0 {
		return nil, false
	}
	for to, n := range want.sizes {
		if n == 1 {
			continue
		}
		if n == 0 || want.strides[to] == 0 || !p.cutAxis(pieces, axes, to, n, want.strides[to]) {
			return nil, false
		}
	}
	return pieces, true
}

// cutAxis finds the axis of which a view's axis takes every so many elements.
func (p places) cutAxis(pieces []piece, axes []int, to int, n, stride int64) bool {
	for _, axis := range axes {
		at := &pieces[axis]
		if at.to >= 0 || p.strides[axis] == 0 || stride%p.strides[axis] != 0 {
			continue
		}
		step := stride / p.strides[axis]
		if last := at.start + (n-1)*step; last < p.sizes[axis] {
			*at = piece{at.start, last + 1, step, to}
			return true
		}
	}
	return false
}
