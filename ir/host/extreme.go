package host

import "fmt"

// ArgReduce finds the first index of the largest element, or of the smallest, along an axis, as i64; a NaN comes before
// everything. The axis stays with size 1 with keep. An empty axis is an error.
func ArgReduce(p Parallel, t *Tensor, axis int, largest, keep bool) (*Tensor, error) {
	shape := withAxis(t.Shape, axis, 1)
	out, err := Alloc(I64, shape)
	if err != nil {
		return nil, err
	}
	if !keep {
		out.Shape, out.Strides = dropAxes(out.Shape, axis), dropAxes(out.Strides, axis)
	}
	if out.Len() == 0 {
		return out, nil
	}
	n := t.Shape[axis]
	if n == 0 {
		return nil, fmt.Errorf("axis %d of the shape %v has no elements to choose from", axis, ShapeText(t.Shape))
	}
	t = Unpack(t)
	dst, starts := words[int64](out.Data), laneStarts(t, axis)
	switch t.Elem.Class() {
	case ClassBool, ClassU64:
		argLanes[uint64](p, dst, t, starts, n, t.Strides[axis], largest)
	case ClassI64:
		argLanes[int64](p, dst, t, starts, n, t.Strides[axis], largest)
	case ClassF32:
		argLanes[float32](p, dst, t, starts, n, t.Strides[axis], largest)
	case ClassF64:
		argLanes[float64](p, dst, t, starts, n, t.Strides[axis], largest)
	default:
		return nil, fmt.Errorf("%s elements have no order", t.Elem)
	}
	return out, nil
}

func argLanes[T realNumber](p Parallel, dst []int64, t *Tensor, starts []int, n, stride int, largest bool) {
	p(len(starts), laneGrain(n), func(lo, hi int) {
		buf := make([]T, min(n, blockLen))
		for i := lo; i < hi; i++ {
			var best T
			at := -1
			for from := 0; from < n; from += len(buf) {
				block := buf[:min(len(buf), n-from)]
				Load(block, t, starts[i]+from*stride, stride)
				if at < 0 {
					best, at = block[0], 0
				}
				k := 0
				if largest {
					best, k = firstLargest(best, block)
				} else {
					best, k = firstSmallest(best, block)
				}
				if k >= 0 {
					at = from + k
				}
			}
			dst[i] = int64(at)
		}
	})
}

// firstLargest finds the first largest element if it is larger than best, and tells its place, or -1. NaN is the largest.
func firstLargest[T realNumber](best T, x []T) (T, int) {
	at := -1
	for i, v := range x {
		if v > best || v != v && best == best {
			best, at = v, i
		}
	}
	return best, at
}

func firstSmallest[T realNumber](best T, x []T) (T, int) {
	at := -1
	for i, v := range x {
		if v < best || v != v && best == best {
			best, at = v, i
		}
	}
	return best, at
}

// CumExtreme gives, at each place along an axis, the largest element up to it, or the smallest, and the last index where
// it stands, as i64. A NaN comes before everything.
func CumExtreme(p Parallel, t *Tensor, axis int, largest bool) (values, index *Tensor, err error) {
	if index, err = Alloc(I64, t.Shape); err != nil {
		return nil, nil, err
	}
	wide := Unpack(t)
	switch t.Elem.Class() {
	case ClassBool, ClassU64:
		extremeLanes[uint64](p, index, wide, axis, largest)
	case ClassI64:
		extremeLanes[int64](p, index, wide, axis, largest)
	case ClassF32:
		extremeLanes[float32](p, index, wide, axis, largest)
	case ClassF64:
		extremeLanes[float64](p, index, wide, axis, largest)
	default:
		return nil, nil, fmt.Errorf("%s elements have no order", t.Elem)
	}
	values, err = gatherPacked(p, t, axis, index)
	return values, index, err
}

// gatherPacked is [Gather] for packed element types too.
func gatherPacked(p Parallel, t *Tensor, axis int, index *Tensor) (*Tensor, error) {
	if !t.Elem.Packed() {
		return Gather(p, t, axis, index)
	}
	wide, err := Gather(p, Unpack(t), axis, index)
	if err != nil {
		return nil, err
	}
	return Pack(wide, t.Elem)
}

func extremeLanes[T realNumber](p Parallel, index, t *Tensor, axis int, largest bool) {
	n, step := t.Shape[axis], index.Strides[axis]
	if index.Len() == 0 {
		return
	}
	dst := words[int64](index.Data)
	from, to := laneStarts(t, axis), laneStarts(index, axis)
	p(len(from), laneGrain(n), func(lo, hi int) {
		buf := make([]T, n)
		for i := lo; i < hi; i++ {
			Load(buf, t, from[i], t.Strides[axis])
			best, at := buf[0], 0
			for k, v := range buf {
				if v != v || best == best && (largest && v >= best || !largest && v <= best) {
					best, at = v, k
				}
				dst[to[i]+k*step] = int64(at)
			}
		}
	})
}
