package host

import (
	"fmt"
	"math"
	"slices"
)

// Reduction combines the elements along some axes into one.
type Reduction string

// The reductions. Maximum and minimum of bools are any and all; NaN is greater and smaller than everything.
const (
	ReduceSum  Reduction = "sum"
	ReduceProd Reduction = "prod"
	ReduceMax  Reduction = "max"
	ReduceMin  Reduction = "min"
	ReduceMean Reduction = "mean" // floats and complex numbers
	ReduceAny  Reduction = "any"  // bools
	ReduceAll  Reduction = "all"  // bools
)

// Reduce reduces axes, which stay as axes of size 1 with keep. The result has t's element type; floats are summed in
// float64 and rounded once, integers wrap. The maximum and minimum of no elements are errors.
func Reduce(p Parallel, r Reduction, t *Tensor, axes []int, keep bool) (*Tensor, error) {
	shape := dropAxes(t.Shape, axes...)
	if keep {
		shape = slices.Clone(t.Shape)
		for _, axis := range axes {
			shape[axis] = 1
		}
	}
	if t.Elem.Packed() {
		wide, err := Reduce(p, r, Unpack(t), axes, keep)
		if err != nil {
			return nil, err
		}
		return Pack(wide, t.Elem)
	}
	out, err := Alloc(t.Elem, shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	switch t.Elem.Class() {
	case ClassBool:
		err = reduce(p, r, foldBool(r), out, t, axes)
	case ClassI64:
		err = reduce(p, r, foldReal[int64](r, int64(math.MinInt64), math.MaxInt64), out, t, axes)
	case ClassU64:
		err = reduce(p, r, foldReal[uint64](r, uint64(0), math.MaxUint64), out, t, axes)
	case ClassF32:
		err = reduce(p, r, foldFloat[float32](r, math.Inf(1)), out, t, axes)
	case ClassF64:
		err = reduce(p, r, foldFloat[float64](r, math.Inf(1)), out, t, axes)
	case ClassC64:
		err = reduce(p, r, foldComplex[complex64](r), out, t, axes)
	case ClassC128:
		err = reduce(p, r, foldComplex[complex128](r), out, t, axes)
	}
	return out, err
}

// The work is cut by the shape alone, never by the number of threads, so the order of additions is always the same.
const (
	reducePiece   = 1 << 16 // elements that go into one accumulator before it is merged with others
	reduceColumns = 256     // accumulators side by side
)

func reduce[T, A Wide](p Parallel, r Reduction, f fold[T, A], out, t *Tensor, axes []int) error {
	if f.row == nil {
		return fmt.Errorf("%s of %s elements is not defined", r, t.Elem)
	}
	kept := t.with(dropAxes(t.Shape, axes...), dropAxes(t.Strides, axes...))
	summed := t.with(nil, nil)
	for _, axis := range axes {
		summed.Shape, summed.Strides = append(summed.Shape, t.Shape[axis]), append(summed.Strides, t.Strides[axis])
	}
	outs, n := kept.Len(), summed.Len()
	if n == 0 && (r == ReduceMax || r == ReduceMin) {
		return fmt.Errorf("%s of no elements: axes %v of the shape %v", r, axes, ShapeText(t.Shape))
	}
	loops := reduction[T, A]{fold: f, kept: kept, summed: summed, outs: outs, n: n, piece: reducePiece}
	if loops.sideBySide() {
		loops.piece = max(1, reducePiece/min(outs, reduceColumns))
	}
	pieces := max(1, ceilDiv(n, loops.piece))
	acc := make([]A, outs*pieces)
	for i := range acc {
		acc[i] = f.init
	}
	if loops.sideBySide() {
		loops.columns(p, acc, pieces)
	} else {
		loops.rows(p, acc, pieces)
	}
	for i := 1; i < pieces; i++ {
		f.merge(acc[:outs], acc[i*outs:(i+1)*outs])
	}
	acc = acc[:outs]
	if f.finish != nil {
		f.finish(acc, n)
	}
	values := make([]T, outs)
	Convert(values, acc)
	Store(out, 0, 1, values)
	return nil
}

// reduction is the work on one tensor, seen as kept axes around summed ones. Accumulators of piece i lie together.
type reduction[T, A Wide] struct {
	fold         fold[T, A]
	kept, summed *Tensor
	outs, n      int
	piece        int // summed elements that share an accumulator
}

// sideBySide reports that neighbours in memory belong to different results, or that there are too few elements to a
// result for a loop over them to pay.
func (w *reduction[T, A]) sideBySide() bool {
	kept, summed := lastStride(w.kept), lastStride(w.summed)
	return w.outs >= 8 && (w.n < 8 || kept.size >= 8 && kept.stride < summed.stride)
}

type axisRun struct{ size, stride int }

// lastStride is the last axis that has more than one element.
func lastStride(t *Tensor) axisRun {
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] > 1 {
			return axisRun{t.Shape[i], t.Strides[i]}
		}
	}
	return axisRun{1, math.MaxInt}
}

// rows folds one result after the other.
func (w *reduction[T, A]) rows(p Parallel, acc []A, pieces int) {
	nest := wholeNest(w.summed)
	starts := newOffsets(w.kept.Shape, w.kept.Strides)
	p(len(acc), laneGrain(min(w.n, w.piece)), func(lo, hi int) {
		in := reader[T]{nest: nest, t: w.summed.with(nil, nil), buf: make([]T, min(blockLen, w.n))}
		for i := lo; i < hi; i++ {
			in.t.Offset = w.kept.Offset + starts.at(i/pieces)
			from := i % pieces * w.piece
			to := min(w.n, from+w.piece)
			at := i%pieces*w.outs + i/pieces
			for ; from < to; from += blockLen {
				acc[at] = w.fold.row(acc[at], in.block(from, min(blockLen, to-from)))
			}
		}
	})
}

// columns folds blocks of neighbouring results together.
func (w *reduction[T, A]) columns(p Parallel, acc []A, pieces int) {
	nest := wholeNest(w.kept)
	places := newOffsets(w.summed.Shape, w.summed.Strides).all()
	blocks := ceilDiv(w.outs, reduceColumns)
	p(blocks*pieces, laneGrain(min(w.n, w.piece)*min(w.outs, reduceColumns)), func(lo, hi int) {
		in := reader[T]{nest: nest, t: w.kept.with(nil, nil), buf: make([]T, reduceColumns)}
		for i := lo; i < hi; i++ {
			first, piece := i%blocks*reduceColumns, i/blocks
			width := min(reduceColumns, w.outs-first)
			to := acc[piece*w.outs+first:][:width]
			for _, place := range places[piece*w.piece : min(w.n, (piece+1)*w.piece)] {
				in.t.Offset = w.kept.Offset + place
				w.fold.column(to, in.block(first, width))
			}
		}
	})
}

// wholeNest is the nest of a tensor alone.
func wholeNest(t *Tensor) *mapNest {
	nest, err := newMapNest(t.Shape, t)
	if err != nil {
		panic("host: " + err.Error()) // a tensor has its own shape
	}
	return nest
}
