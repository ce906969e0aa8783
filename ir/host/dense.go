package host

import (
	"fmt"
	"slices"
)

// dense gives a tensor's elements row-major in the type that loops compute in: the tensor's own memory where it has that
// form (so it must not be written to), otherwise a converted copy.
func dense[T gemmNum](p Parallel, t *Tensor) []T {
	n := t.Len()
	if n == 0 {
		return nil
	}
	if t.Elem.Packed() {
		t = Unpack(t)
	}
	if !t.Contiguous() {
		c := New(t.Elem, t.Shape...)
		if err := Copy(p, c, t); err != nil {
			panic("host: " + err.Error()) // the types and shapes are equal
		}
		t = c
	}
	if v, ok := direct[T](t, t.Offset, n); ok {
		return v
	}
	out := make([]T, n)
	p(n, copyGrain, func(lo, hi int) { Load(out[lo:hi], t, t.Offset+lo, 1) })
	return out
}

// newResult makes a tensor for an operation's result and a buffer that receives its elements: the tensor's own memory
// where the stored type is the one computed in. finish must follow.
func newResult[T gemmNum](e Elem, shape []int) (*Tensor, []T, error) {
	t, err := Alloc(e, shape)
	if err != nil {
		return nil, nil, err
	}
	if isNatural[T](e) {
		return t, words[T](t.Data), nil
	}
	return t, make([]T, t.Len()), nil
}

// finish rounds the buffer of newResult into its tensor.
func finish[T gemmNum](p Parallel, t *Tensor, buf []T) {
	if !isNatural[T](t.Elem) {
		p(len(buf), copyGrain, func(lo, hi int) { Store(t, lo, 1, buf[lo:hi]) })
	}
}

// offsets maps row-major indices of some axes to element offsets.
type offsets struct{ shape, strides []int }

func newOffsets(shape, strides []int) offsets { return offsets{shape, strides} }

func (o offsets) at(i int) int {
	at := 0
	for axis := len(o.shape) - 1; axis >= 0; axis-- {
		at += i % o.shape[axis] * o.strides[axis]
		i /= o.shape[axis]
	}
	return at
}

// all lists the offsets of every index.
func (o offsets) all() []int {
	list := []int{0}
	for axis, n := range o.shape {
		next := make([]int, 0, len(list)*n)
		for _, at := range list {
			for i := range n {
				next = append(next, at+i*o.strides[axis])
			}
		}
		list = next
	}
	return list
}

// lastAxes permutes the named axes to the end, in order, and gives the permutation.
func lastAxes(t *Tensor, axes []int) (*Tensor, []int) {
	var perm []int
	for i := range t.Shape {
		if !slices.Contains(axes, i) {
			perm = append(perm, i)
		}
	}
	perm = append(perm, axes...)
	return t.Transpose(perm), perm
}

// unpermute undoes a permutation of axes.
func unpermute(t *Tensor, perm []int) *Tensor {
	back := make([]int, len(perm))
	for i, p := range perm {
		back[p] = i
	}
	return t.Transpose(back)
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// unsupported is the error for an element type that an operation has no loop for.
func unsupported(what string, e Elem) error { return fmt.Errorf("%s of %s is not supported", what, e) }
