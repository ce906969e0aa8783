package host

import (
	"fmt"
	"slices"
)

// Combine says how a written element meets the one that stands there.
type Combine string

// The ways, with PyTorch's names. Where several elements go to one place, CombineNone keeps the last in row-major order.
const (
	CombineNone Combine = "none"
	CombineAdd  Combine = "add"
	CombineMul  Combine = "mul"
	CombineMin  Combine = "min" // NaN wins, and in CombineMax
	CombineMax  Combine = "max"
)

// IndexPut gives a copy of t with values, broadcast, written to the elements that [Index] would take.
func IndexPut(p Parallel, t *Tensor, axes []int, index []*Tensor, values *Tensor, how Combine) (*Tensor, error) {
	list, shape, err := joinIndices(t, axes, index)
	if err != nil {
		return nil, err
	}
	if values, err = values.Expand(IndexedShape(t.Shape, axes, shape)); err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	if how != CombineNone {
		return combineInto(t, how, func(whole *Tensor) ([]int, *Tensor) {
			return newBlocks(whole, axes, list).places(), values
		})
	}
	out, err := duplicate(p, t)
	if err != nil || values.Len() == 0 {
		return out, err
	}
	b := newBlocks(out, axes, list)
	switch t.Elem.Bytes() {
	case 1:
		putWords(p, b, words[[1]byte](out.Data), words[[1]byte](values.Bytes()))
	case 2:
		putWords(p, b, words[[2]byte](out.Data), words[[2]byte](values.Bytes()))
	case 4:
		putWords(p, b, words[[4]byte](out.Data), words[[4]byte](values.Bytes()))
	case 8:
		putWords(p, b, words[[8]byte](out.Data), words[[8]byte](values.Bytes()))
	case 16:
		putWords(p, b, words[[16]byte](out.Data), words[[16]byte](values.Bytes()))
	}
	return out, nil
}

// duplicate copies a tensor into fresh memory.
func duplicate(p Parallel, t *Tensor) (*Tensor, error) {
	out, err := Alloc(t.Elem, t.Shape)
	if err == nil {
		Assign(p, out, t)
	}
	return out, err
}

func putWords[W word](p Parallel, b *blocks, dst, src []W) {
	n, block := len(b.indexed), len(b.inner)*b.row
	p(len(b.outer), max(1, copyGrain/(n*block)), func(lo, hi int) {
		for i := lo * n; i < hi*n; i++ {
			to := b.outer[i/n] + b.indexed[i%n]
			for k, start := range b.inner {
				scatterWords(dst, src, tile{at: to + start, pos: i*block + k*b.row, rows: 1, n: b.row, stride: b.stride})
			}
		}
	})
}

// places lists where each element that is picked lies, in the order of the result.
func (b *blocks) places() []int {
	list := make([]int, 0, len(b.outer)*len(b.indexed)*len(b.inner)*b.row)
	for _, outer := range b.outer {
		for _, at := range b.indexed {
			for _, start := range b.inner {
				for i := range b.row {
					list = append(list, outer+at+start+i*b.stride)
				}
			}
		}
	}
	return list
}

// Scatter gives a copy of t in which src[.., i, ..] is written to t[.., index[.., i, ..], ..] along an axis, for all
// elements of index, which is at most as large as src, and as t on the other axes. (torch.scatter.)
func Scatter(p Parallel, t *Tensor, axis int, index, src *Tensor, how Combine) (*Tensor, error) {
	if err := checkIndexShape(t, axis, index.Shape); err != nil {
		return nil, err
	}
	for i, size := range index.Shape {
		if size > src.Shape[i] {
			return nil, fmt.Errorf("the index has the shape %v, the source %v: too large in axis %d", ShapeText(index.Shape), ShapeText(src.Shape), i)
		}
		src = src.Slice(i, 0, size, 1)
	}
	list, err := indices(index, axis, t.Shape[axis])
	if err != nil {
		return nil, err
	}
	if how != CombineNone {
		return combineInto(t, how, func(whole *Tensor) ([]int, *Tensor) {
			return newIndexRows(whole, axis, index.Shape).places(list), src
		})
	}
	out, err := duplicate(p, t)
	if err != nil || len(list) == 0 {
		return out, err
	}
	r := newIndexRows(out, axis, index.Shape)
	switch t.Elem.Bytes() {
	case 1:
		scatterRows(r, words[[1]byte](out.Data), words[[1]byte](src.Bytes()), list)
	case 2:
		scatterRows(r, words[[2]byte](out.Data), words[[2]byte](src.Bytes()), list)
	case 4:
		scatterRows(r, words[[4]byte](out.Data), words[[4]byte](src.Bytes()), list)
	case 8:
		scatterRows(r, words[[8]byte](out.Data), words[[8]byte](src.Bytes()), list)
	case 16:
		scatterRows(r, words[[16]byte](out.Data), words[[16]byte](src.Bytes()), list)
	}
	return out, nil
}

func scatterRows[W word](r *indexRows, dst, src []W, list []int) {
	for i, at := range r.starts {
		row, from := list[i*r.n:(i+1)*r.n], src[i*r.n:(i+1)*r.n]
		for j, v := range row {
			dst[at+v*r.step] = from[j]
			at += r.stride
		}
	}
}

// places turns the list of indices into the places they stand for.
func (r *indexRows) places(list []int) []int {
	for i, at := range r.starts {
		for j := i * r.n; j < (i+1)*r.n; j++ {
			list[j] = at + list[j]*r.step
			at += r.stride
		}
	}
	return list
}

// combineInto gives a copy of t into which the elements of a source are combined, in order, in the compute class, with one
// rounding at the end. locate is given t's shape laid out row-major and tells the places and the source.
func combineInto(t *Tensor, how Combine, locate func(whole *Tensor) ([]int, *Tensor)) (*Tensor, error) {
	whole := &Tensor{Elem: t.Elem, Shape: t.Shape, Strides: rowMajor(t.Elem, t.Shape)}
	places, src := locate(whole)
	switch t.Elem.Class() {
	case ClassI64:
		return runCombine(t, src, places, how, combineReal[int64](how))
	case ClassU64:
		return runCombine(t, src, places, how, combineReal[uint64](how))
	case ClassF32:
		return runCombine(t, src, places, how, combineReal[float32](how))
	case ClassF64:
		return runCombine(t, src, places, how, combineReal[float64](how))
	case ClassC64:
		return runCombine(t, src, places, how, combineNumber[complex64](how))
	case ClassC128:
		return runCombine(t, src, places, how, combineNumber[complex128](how))
	}
	return runCombine[bool](t, src, places, how, nil)
}

// combineLoop combines src[i] into dst[at[i]].
type combineLoop[T Wide] func(dst []T, at []int, src []T)

func runCombine[T Wide](t, src *Tensor, places []int, how Combine, loop combineLoop[T]) (*Tensor, error) {
	if loop == nil {
		return nil, fmt.Errorf("%s of %s elements is not defined", how, t.Elem)
	}
	values := slices.Clone(Values[T](t))
	loop(values, places, Values[T](src))
	return FromValues(t.Elem, t.Shape, values)
}

func combineNumber[T int64 | uint64 | float32 | float64 | complex64 | complex128](how Combine) combineLoop[T] {
	switch how {
	case CombineAdd:
		return func(dst []T, at []int, src []T) {
			for i, x := range src {
				dst[at[i]] += x
			}
		}
	case CombineMul:
		return func(dst []T, at []int, src []T) {
			for i, x := range src {
				dst[at[i]] *= x
			}
		}
	}
	return nil
}

func combineReal[T int64 | uint64 | float32 | float64](how Combine) combineLoop[T] {
	switch how {
	case CombineMin:
		return func(dst []T, at []int, src []T) {
			for i, x := range src {
				dst[at[i]] = min(dst[at[i]], x)
			}
		}
	case CombineMax:
		return func(dst []T, at []int, src []T) {
			for i, x := range src {
				dst[at[i]] = max(dst[at[i]], x)
			}
		}
	}
	return combineNumber[T](how)
}
