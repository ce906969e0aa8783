package host

import (
	"fmt"
	"slices"
)

// The functions of this file give views that share the tensor's bytes. Packed tensors must be unpacked first
// (see [Unpack]).

// Transpose reorders the axes: axis i of the result is axis perm[i] of t.
func (t *Tensor) Transpose(perm []int) *Tensor {
	out := t.with(make([]int, len(perm)), make([]int, len(perm)))
	for i, p := range perm {
		out.Shape[i], out.Strides[i] = t.Shape[p], t.Strides[p]
	}
	return out
}

// Slice keeps the elements start, start+step, ... before stop along an axis; 0 <= start <= stop <= size, step > 0.
func (t *Tensor) Slice(axis, start, stop, step int) *Tensor {
	out := t.with(slices.Clone(t.Shape), slices.Clone(t.Strides))
	out.Shape[axis] = (max(stop-start, 0) + step - 1) / step
	out.Strides[axis] *= step
	if out.Shape[axis] > 0 { // an empty slice at the end would point past the data
		out.Offset += start * t.Strides[axis]
	}
	return out
}

// Select takes index i of an axis, which disappears.
func (t *Tensor) Select(axis, i int) *Tensor {
	out := t.with(slices.Delete(slices.Clone(t.Shape), axis, axis+1), slices.Delete(slices.Clone(t.Strides), axis, axis+1))
	out.Offset += i * t.Strides[axis]
	return out
}

// Expand broadcasts to a shape by numpy's rules: missing leading axes are added and axes of size 1 repeat.
func (t *Tensor) Expand(shape []int) (*Tensor, error) {
	lead := len(shape) - len(t.Shape)
	if lead < 0 {
		return nil, fmt.Errorf("cannot broadcast shape %v to %v: fewer dimensions", ShapeText(t.Shape), ShapeText(shape))
	}
	out := t.with(slices.Clone(shape), make([]int, len(shape)))
	for i, d := range t.Shape {
		switch {
		case d == shape[lead+i]:
			out.Strides[lead+i] = t.Strides[i]
		case d != 1:
			return nil, fmt.Errorf("cannot broadcast shape %v to %v: dimension %d is %d", ShapeText(t.Shape), ShapeText(shape), i, d)
		}
	}
	return out, nil
}

// Reshape gives the same elements, row-major, in another shape: a view where strides allow it, otherwise a copy.
func (t *Tensor) Reshape(shape []int) (*Tensor, error) {
	n, want := t.Len(), 1
	for _, d := range shape {
		want *= d
	}
	if n != want {
		return nil, fmt.Errorf("cannot reshape %v (%d elements) to %v (%d elements)", ShapeText(t.Shape), n, ShapeText(shape), want)
	}
	if t.Elem.Packed() {
		return nil, fmt.Errorf("cannot reshape packed %s", t.Elem)
	}
	if strides, ok := t.stridesFor(shape); ok {
		return t.with(slices.Clone(shape), strides), nil
	}
	out := t.Clone()
	out.Shape, out.Strides = slices.Clone(shape), rowMajor(t.Elem, shape)
	return out, nil
}

// stridesFor finds strides that show t's elements in another shape, if there are any (as PyTorch's computeStride).
func (t *Tensor) stridesFor(shape []int) ([]int, bool) {
	if t.Len() == 0 || t.Contiguous() {
		return rowMajor(t.Elem, shape), true
	}
	strides := make([]int, len(shape))
	at := len(shape) - 1
	chunk, base := 1, t.Strides[len(t.Strides)-1]
	for i := len(t.Shape) - 1; i >= 0; i-- {
		chunk *= t.Shape[i]
		if i > 0 && (t.Shape[i-1] == 1 || t.Strides[i-1] == chunk*base) {
			continue // the next axis continues this run of memory
		}
		view := 1
		for at >= 0 && (view < chunk || shape[at] == 1) {
			strides[at] = view * base
			view *= shape[at]
			at--
		}
		if view != chunk {
			return nil, false
		}
		if i > 0 {
			chunk, base = 1, t.Strides[i-1]
		}
	}
	return strides, at == -1
}

func (t *Tensor) with(shape, strides []int) *Tensor {
	return &Tensor{Elem: t.Elem, Shape: shape, Strides: strides, Offset: t.Offset, Data: t.Data}
}

// copyStrided copies src into the contiguous dst of the same type and shape, bytes as they are.
func copyStrided(dst, src *Tensor) {
	size := src.Elem.Bytes()
	rank := len(src.Shape)
	if dst.Len() == 0 {
		return
	}
	if rank == 0 {
		copy(dst.Data, src.Data[src.Offset*size:(src.Offset+1)*size])
		return
	}
	index := make([]int, rank)
	row, stride := src.Shape[rank-1], src.Strides[rank-1]*size
	from, to := src.Offset*size, 0
	for {
		copyRow(dst.Data[to:to+row*size], src.Data[from:], row, stride, size)
		to += row * size
		axis := rank - 2
		for ; axis >= 0; axis-- {
			index[axis]++
			from += src.Strides[axis] * size
			if index[axis] < src.Shape[axis] {
				break
			}
			from -= index[axis] * src.Strides[axis] * size
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

func copyRow(dst, src []byte, n, stride, size int) {
	if stride == size {
		copy(dst, src[:n*size])
		return
	}
	switch size { // the two widths nearly every tensor has
	case 4:
		for i := range n {
			*(*[4]byte)(dst[i*4:]) = *(*[4]byte)(src[i*stride:])
		}
	case 2:
		for i := range n {
			*(*[2]byte)(dst[i*2:]) = *(*[2]byte)(src[i*stride:])
		}
	default:
		for i := range n {
			copy(dst[i*size:(i+1)*size], src[i*stride:])
		}
	}
}
