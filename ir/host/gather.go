package host

import (
	"fmt"
	"slices"
)

// Index takes the elements of t that index tensors name, one for each of the axes, which ascend; the index tensors
// broadcast together. Their shape replaces the axes where those are adjacent and comes first where they are not (numpy's
// advanced indexing). Indices are i32 or i64; negative ones count from the end.
func Index(p Parallel, t *Tensor, axes []int, index []*Tensor) (*Tensor, error) {
	from, shape, err := joinIndices(t, axes, index)
	if err != nil {
		return nil, err
	}
	return pick(p, t, axes, from, shape)
}

// Embedding takes rows of t, which has rank 2, by ids of i32 or i64. One below 0 or from the number of rows on is an error.
// (torch.nn.functional.embedding, which unlike torch.index counts nothing from the end.)
func Embedding(p Parallel, t, ids *Tensor) (*Tensor, error) {
	for _, id := range Values[int64](ids) {
		if id < 0 || id >= int64(t.Shape[0]) {
			return nil, fmt.Errorf("the id %d is outside 0..%d: the weight has %d rows", id, t.Shape[0]-1, t.Shape[0])
		}
	}
	return Index(p, t, []int{0}, []*Tensor{ids})
}

// IndexedShape is the shape of what [Index] gives for index tensors that broadcast to the shape index.
func IndexedShape(shape, axes, index []int) []int {
	before := leading(axes)
	return slices.Concat(shape[:before], index, dropAxes(shape, axes...)[before:])
}

// leading is the number of axes that stand before the index in the result.
func leading(axes []int) int {
	for i, axis := range axes {
		if axis != axes[0]+i {
			return 0
		}
	}
	return axes[0]
}

// joinIndices turns index tensors into one list, whose entries are indices along the single axis, or along all axes as if
// these were one; shape is what the tensors broadcast to.
func joinIndices(t *Tensor, axes []int, index []*Tensor) (list, shape []int, err error) {
	shapes := make([][]int, len(index))
	for k, i := range index {
		shapes[k] = i.Shape
	}
	if shape, err = BroadcastShapes(shapes...); err != nil {
		return nil, nil, fmt.Errorf("the indices: %w", err)
	}
	if _, err := SizeBytes(I64, shape); err != nil {
		return nil, nil, err
	}
	list = make([]int, product(shape))
	for k, i := range index {
		wide, err := i.Expand(shape)
		if err != nil {
			return nil, nil, err
		}
		places, err := indices(wide, axes[k], t.Shape[axes[k]])
		if err != nil {
			return nil, nil, err
		}
		for n, place := range places {
			list[n] = list[n]*t.Shape[axes[k]] + place
		}
	}
	return list, shape, nil
}

// blocks describes the elements of t that stand at one place of the indexed axes, for all places of the axes before
// (outer) and behind (inner). All numbers are offsets in elements.
type blocks struct {
	outer   []int
	inner   []int // starts of rows
	row     int   // elements in a row
	stride  int
	indexed []int // offset of each entry of the index
}

func newBlocks(t *Tensor, axes, list []int) *blocks {
	before := leading(axes)
	shape, strides := dropAxes(t.Shape, axes...), dropAxes(t.Strides, axes...)
	b := &blocks{row: 1, stride: 1, outer: newOffsets(shape[:before], strides[:before]).all()}
	shape, strides = shape[before:], strides[before:]
	for len(shape) > 0 && (b.row == 1 || strides[len(shape)-1] == b.row*b.stride) {
		last := len(shape) - 1
		if b.row == 1 {
			b.stride = strides[last]
		}
		b.row *= shape[last]
		shape, strides = shape[:last], strides[:last]
	}
	b.inner = newOffsets(shape, strides).all()
	b.indexed = make([]int, len(list))
	sizes, steps := make([]int, len(axes)), make([]int, len(axes))
	for k, axis := range axes {
		sizes[k], steps[k] = t.Shape[axis], t.Strides[axis]
	}
	along := newOffsets(sizes, steps)
	for i, place := range list {
		b.indexed[i] = t.Offset + along.at(place)
	}
	return b
}

// pick copies the elements at the places in list, whose shape is given, into a fresh tensor.
func pick(p Parallel, t *Tensor, axes, list, shape []int) (*Tensor, error) {
	out, err := Alloc(t.Elem, IndexedShape(t.Shape, axes, shape))
	if err != nil || out.Len() == 0 {
		return out, err
	}
	b := newBlocks(t, axes, list)
	switch t.Elem.Bytes() {
	case 1:
		pickWords(p, b, words[[1]byte](out.Data), words[[1]byte](t.Data))
	case 2:
		pickWords(p, b, words[[2]byte](out.Data), words[[2]byte](t.Data))
	case 4:
		pickWords(p, b, words[[4]byte](out.Data), words[[4]byte](t.Data))
	case 8:
		pickWords(p, b, words[[8]byte](out.Data), words[[8]byte](t.Data))
	case 16:
		pickWords(p, b, words[[16]byte](out.Data), words[[16]byte](t.Data))
	}
	return out, nil
}

func pickWords[W word](p Parallel, b *blocks, dst, src []W) {
	n, block := len(b.indexed), len(b.inner)*b.row
	p(len(b.outer)*n, max(1, copyGrain/block), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			from := b.outer[i/n] + b.indexed[i%n]
			if block == 1 {
				dst[i] = src[from]
				continue
			}
			for k, start := range b.inner {
				gatherWords(dst, src, tile{at: from + start, pos: i*block + k*b.row, rows: 1, n: b.row, stride: b.stride})
			}
		}
	})
}

// Gather takes out[.., i, ..] = t[.., index[.., i, ..], ..] along an axis; elsewhere index is at most as large as t. Indices
// are i32 or i64; negative ones count from the end. (torch.gather.)
func Gather(p Parallel, t *Tensor, axis int, index *Tensor) (*Tensor, error) {
	if err := checkIndexShape(t, axis, index.Shape); err != nil {
		return nil, err
	}
	list, err := indices(index, axis, t.Shape[axis])
	if err != nil {
		return nil, err
	}
	out, err := Alloc(t.Elem, index.Shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	r := newIndexRows(t, axis, index.Shape)
	switch t.Elem.Bytes() {
	case 1:
		gatherRows(p, r, words[[1]byte](out.Data), words[[1]byte](t.Data), list)
	case 2:
		gatherRows(p, r, words[[2]byte](out.Data), words[[2]byte](t.Data), list)
	case 4:
		gatherRows(p, r, words[[4]byte](out.Data), words[[4]byte](t.Data), list)
	case 8:
		gatherRows(p, r, words[[8]byte](out.Data), words[[8]byte](t.Data), list)
	case 16:
		gatherRows(p, r, words[[16]byte](out.Data), words[[16]byte](t.Data), list)
	}
	return out, nil
}

// checkIndexShape holds an index of torch.gather's kind to t's sizes on the other axes.
func checkIndexShape(t *Tensor, axis int, shape []int) error {
	if len(shape) != len(t.Shape) {
		return fmt.Errorf("the index has the shape %v, the tensor %v: the ranks differ", ShapeText(shape), ShapeText(t.Shape))
	}
	for i, size := range shape {
		if i != axis && size > t.Shape[i] {
			return fmt.Errorf("the index has the shape %v, the tensor %v: too large in axis %d", ShapeText(shape), ShapeText(t.Shape), i)
		}
	}
	return nil
}

// indexRows walks an index of torch.gather's kind row by row along its last axis. Element j of row i, with the index v,
// stands for t's element starts[i] + j*stride + v*step.
type indexRows struct {
	starts       []int
	n            int
	stride, step int
}

func newIndexRows(t *Tensor, axis int, shape []int) *indexRows {
	strides := slices.Clone(t.Strides)
	strides[axis] = 0
	last := len(shape) - 1
	r := &indexRows{starts: newOffsets(shape[:last], strides[:last]).all(), n: shape[last], stride: strides[last], step: t.Strides[axis]}
	for i := range r.starts {
		r.starts[i] += t.Offset
	}
	return r
}

func gatherRows[W word](p Parallel, r *indexRows, dst, src []W, list []int) {
	p(len(r.starts), laneGrain(r.n), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			at, row := r.starts[i], list[i*r.n:(i+1)*r.n]
			to := dst[i*r.n : (i+1)*r.n]
			for j, v := range row {
				to[j] = src[at+v*r.step]
				at += r.stride
			}
		}
	})
}
