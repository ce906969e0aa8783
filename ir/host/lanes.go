package host

import (
	"fmt"
	"slices"
)

// A lane is the run of elements along one axis at one place of the others.

// laneStarts lists where in t.Data each lane along an axis starts, in row-major order of the other axes.
func laneStarts(t *Tensor, axis int) []int {
	starts := newOffsets(dropAxes(t.Shape, axis), dropAxes(t.Strides, axis)).all()
	for i := range starts {
		starts[i] += t.Offset
	}
	return starts
}

// dropAxes gives the entries of a shape, or of strides, of all axes but some.
func dropAxes(list []int, axes ...int) []int {
	var out []int
	for i, x := range list {
		if !slices.Contains(axes, i) {
			out = append(out, x)
		}
	}
	return out
}

// withAxis gives a shape in which one axis has another size.
func withAxis(shape []int, axis, size int) []int {
	out := slices.Clone(shape)
	out[axis] = size
	return out
}

// laneGrain is the number of lanes worth a thread.
func laneGrain(length int) int { return max(1, mapGrain/max(length, 1)) }

// indices gives the elements of an i32 or i64 tensor row-major, counted from the start of an axis of the given size; the
// slice is fresh. One that lies outside is an error.
func indices(t *Tensor, axis, size int) ([]int, error) {
	out := make([]int, t.Len())
	for i, v := range Values[int64](t) {
		if v < -int64(size) || v >= int64(size) {
			return nil, fmt.Errorf("index %d is outside axis %d, which has size %d", v, axis, size)
		}
		out[i] = int(v)
		if v < 0 {
			out[i] += size
		}
	}
	return out, nil
}
