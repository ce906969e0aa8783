package host

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Sort orders the elements along an axis and tells where each one was, as i64. Equal elements keep their order; NaN is
// the greatest.
func Sort(p Parallel, t *Tensor, axis int, descending bool) (values, index *Tensor, err error) {
	return rankLanes(p, t, axis, t.Shape[axis], descending, sortRanked)
}

// ranked is an element on its way to a new place: a key that orders as the element does, and where the element was.
type ranked struct {
	key uint64
	at  int
}

// rankLanes gives the first count elements along an axis in the order that pick finds; pick may use spare, which is as
// long as its list. Keys are complemented for a descending order.
func rankLanes(p Parallel, t *Tensor, axis, count int, descending bool, pick func(list, spare []ranked) []ranked) (values, index *Tensor, err error) {
	n := t.Shape[axis]
	if count < 0 || count > n {
		return nil, nil, fmt.Errorf("%d elements of an axis of size %d", count, n)
	}
	if t.Elem.IsComplex() {
		return nil, nil, fmt.Errorf("%s elements have no order", t.Elem)
	}
	if index, err = Alloc(I64, withAxis(t.Shape, axis, count)); err != nil {
		return nil, nil, err
	}
	if index.Len() > 0 {
		wide, dst := Unpack(t), words[int64](index.Data)
		from, to := laneStarts(wide, axis), laneStarts(index, axis)
		step := index.Strides[axis]
		p(len(from), laneGrain(8*n), func(lo, hi int) {
			list, spare := make([]ranked, n), make([]ranked, n)
			for i := lo; i < hi; i++ {
				rankElements(list, wide, from[i], wide.Strides[axis], descending)
				for k, r := range pick(list, spare)[:count] {
					dst[to[i]+k*step] = int64(r.at)
				}
			}
		})
	}
	values, err = gatherPacked(p, t, axis, index)
	return values, index, err
}

// nanKey is the key of every NaN, above those of all numbers.
const nanKey = math.MaxUint64

// rankElements fills list with the keys of the elements at the places at, at+stride, ... of t.Data.
func rankElements(list []ranked, t *Tensor, at, stride int, descending bool) {
	switch t.Elem.Class() {
	case ClassF32, ClassF64:
		rankBlocks(list, t, at, stride, floatKeys)
	case ClassI64:
		rankBlocks(list, t, at, stride, func(dst []ranked, x []int64) {
			for i, v := range x {
				dst[i].key = uint64(v) ^ 1<<63
			}
		})
	default:
		rankBlocks(list, t, at, stride, func(dst []ranked, x []uint64) {
			for i, v := range x {
				dst[i].key = v
			}
		})
	}
	flip := uint64(0)
	if descending {
		flip = math.MaxUint64
	}
	for i := range list {
		list[i].key ^= flip
		list[i].at = i
	}
}

func rankBlocks[T Wide](list []ranked, t *Tensor, at, stride int, keys func(dst []ranked, x []T)) {
	buf := make([]T, min(len(list), blockLen))
	for len(list) > 0 {
		n := min(len(list), len(buf))
		Load(buf[:n], t, at, stride)
		keys(list[:n], buf[:n])
		list, at = list[n:], at+n*stride
	}
}

// floatKeys uses that the bits of positive floats order as integers do, and those of negative ones the other way round.
func floatKeys(dst []ranked, x []float64) {
	for i, v := range x {
		bits := math.Float64bits(v + 0) // -0 equals 0
		switch {
		case v != v:
			dst[i].key = nanKey
		case bits>>63 != 0:
			dst[i].key = ^bits
		default:
			dst[i].key = bits | 1<<63
		}
	}
}

// sortRanked sorts by key, and equal keys by place; list is in the order of places. The result is list or spare.
func sortRanked(list, spare []ranked) []ranked {
	if len(list) < 256 {
		slices.SortFunc(list, func(a, b ranked) int {
			if a.key != b.key {
				return cmp.Compare(a.key, b.key)
			}
			return a.at - b.at
		})
		return list
	}
	var counts [8][256]int
	for _, r := range list {
		for digit := range counts {
			counts[digit][byte(r.key>>(8*digit))]++
		}
	}
	for digit := range counts {
		shift, next := 8*digit, &counts[digit]
		if next[byte(list[0].key>>shift)] == len(list) {
			continue // all the same
		}
		at := 0
		for i, n := range next {
			next[i] = at
			at += n
		}
		for _, r := range list {
			d := byte(r.key >> shift)
			spare[next[d]] = r
			next[d]++
		}
		list, spare = spare, list
	}
	return list
}

// SearchSorted finds, for each value, how many elements of a sorted row are smaller, or with right not larger. sorted is
// one row, or has one row for each row of values. The result is i64 and has the shape of values.
func SearchSorted(p Parallel, sorted, values *Tensor, right bool) (*Tensor, error) {
	if r := len(sorted.Shape); r == 0 || r > 1 && !slices.Equal(sorted.Shape[:r-1], leadingShape(values)) {
		return nil, fmt.Errorf("rows of the shape %v do not fit values of the shape %v", ShapeText(sorted.Shape), ShapeText(values.Shape))
	}
	out, err := Alloc(I64, values.Shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	switch sorted.Elem.Class() {
	case ClassI64:
		searchRows[int64](p, out, sorted, values, right)
	case ClassU64:
		searchRows[uint64](p, out, sorted, values, right)
	case ClassF32:
		searchRows[float32](p, out, sorted, values, right)
	case ClassF64:
		searchRows[float64](p, out, sorted, values, right)
	default:
		return nil, fmt.Errorf("%s elements have no order", sorted.Elem)
	}
	return out, nil
}

func leadingShape(t *Tensor) []int {
	if len(t.Shape) == 0 {
		return nil
	}
	return t.Shape[:len(t.Shape)-1]
}

func searchRows[T realNumber](p Parallel, out, sorted, values *Tensor, right bool) {
	dst, rows, list := words[int64](out.Data), Values[T](sorted), Values[T](values)
	n := sorted.Shape[len(sorted.Shape)-1]
	per := len(list) // values that share a row
	if len(sorted.Shape) > 1 {
		per = values.Shape[len(values.Shape)-1]
	}
	p(len(list), laneGrain(16), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, v := rows[i/per*n:][:n], list[i]
			dst[i] = int64(sort.Search(n, func(k int) bool { // as in PyTorch, a NaN is behind everything
				if right {
					return row[k] > v
				}
				return row[k] >= v
			}))
		}
	})
}

// Unique lists the different elements in ascending order, with the place in that list for each element of t, and how
// often each one occurs; both i64. A NaN is different from everything.
func Unique(t *Tensor) (values, inverse, counts *Tensor, err error) {
	n := t.Len()
	if t.Elem.IsComplex() {
		return nil, nil, nil, fmt.Errorf("%s elements have no order", t.Elem)
	}
	wide, err := Unpack(t).Reshape([]int{n})
	if err != nil {
		return nil, nil, nil, err
	}
	list := make([]ranked, n)
	if n > 0 {
		rankElements(list, wide, wide.Offset, wide.Strides[0], false)
	}
	list = sortRanked(list, make([]ranked, n))
	order := make([]int, n)
	for i, r := range list {
		order[i] = r.at
	}
	first, inverse, counts, err := group(order, func(i int) bool {
		return list[i-1].key == list[i].key && !(list[i].key == nanKey && t.Elem.IsFloat())
	})
	if err != nil {
		return nil, nil, nil, err
	}
	inverse.Shape, inverse.Strides = slices.Clone(t.Shape), rowMajor(I64, t.Shape)
	if values, err = pick(Serial, wide, []int{0}, first, []int{len(first)}); err == nil && t.Elem.Packed() {
		values, err = Pack(values, t.Elem)
	}
	return values, inverse, counts, err
}

// UniqueRows is [Unique] for the slices along axis 0, ordered by their elements from the first on.
func UniqueRows(t *Tensor) (rows, inverse, counts *Tensor, err error) {
	if t.Elem.IsComplex() {
		return nil, nil, nil, fmt.Errorf("%s elements have no order", t.Elem)
	}
	if t.Elem.Packed() {
		if rows, inverse, counts, err = UniqueRows(Unpack(t)); err == nil {
			rows, err = Pack(rows, t.Elem)
		}
		return rows, inverse, counts, err
	}
	t = t.Clone()
	n := t.Shape[0]
	keys := make([]ranked, t.Len())
	if len(keys) > 0 {
		rankElements(keys, t, 0, 1, false)
	}
	width := len(keys) / max(n, 1)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	row := func(i int) []ranked { return keys[i*width : (i+1)*width] }
	slices.SortStableFunc(order, func(a, b int) int {
		return slices.CompareFunc(row(a), row(b), func(x, y ranked) int { return cmp.Compare(x.key, y.key) })
	})
	first, inverse, counts, err := group(order, func(i int) bool {
		return slices.EqualFunc(row(order[i-1]), row(order[i]), func(x, y ranked) bool {
			return x.key == y.key && !(x.key == nanKey && t.Elem.IsFloat())
		})
	})
	if err != nil {
		return nil, nil, nil, err
	}
	rows, err = pick(Serial, t, []int{0}, first, []int{len(first)})
	return rows, inverse, counts, err
}

// group cuts an order into groups of equals, where same tells whether entry i equals the one before: the first member of
// each group, for each element its group, and the sizes of the groups.
func group(order []int, same func(i int) bool) (first []int, inverse, counts *Tensor, err error) {
	of := make([]int64, len(order))
	var sizes []int64
	for i, at := range order {
		if i == 0 || !same(i) {
			first, sizes = append(first, at), append(sizes, 0)
		}
		sizes[len(sizes)-1]++
		of[at] = int64(len(first) - 1)
	}
	if inverse, err = FromValues(I64, []int{len(of)}, of); err != nil {
		return nil, nil, nil, err
	}
	counts, err = FromValues(I64, []int{len(sizes)}, sizes)
	return first, inverse, counts, err
}
