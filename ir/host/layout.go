package host

import (
	"fmt"
	"slices"
)

// Assign writes src into dst, a view of memory that the caller owns; both have one element type and shape. It is [Copy]
// for callers that have checked this.
func Assign(p Parallel, dst, src *Tensor) {
	if err := Copy(p, dst, src); err != nil {
		panic("host: " + err.Error())
	}
}

// Concat joins tensors of one element type along an axis; their other sizes are equal.
func Concat(p Parallel, axis int, in ...*Tensor) (*Tensor, error) {
	size := 0
	for i, t := range in {
		size += t.Shape[axis]
		if !slices.Equal(dropAxes(t.Shape, axis), dropAxes(in[0].Shape, axis)) {
			return nil, fmt.Errorf("operand %d has the shape %v, the first %v: they may differ in axis %d only", i, ShapeText(t.Shape), ShapeText(in[0].Shape), axis)
		}
	}
	out, err := Alloc(in[0].Elem, withAxis(in[0].Shape, axis, size))
	if err != nil {
		return nil, err
	}
	at := 0
	for _, t := range in {
		next := at + t.Shape[axis]
		Assign(p, out.Slice(axis, at, next, 1), t)
		at = next
	}
	return out, nil
}

// Flip reverses axes.
func Flip(p Parallel, t *Tensor, axes []int) (*Tensor, error) {
	out, err := Alloc(t.Elem, t.Shape)
	if err != nil || out.Len() == 0 {
		return out, err
	}
	back := t.with(t.Shape, slices.Clone(t.Strides)) // a view from the last element on, never seen outside
	for _, axis := range axes {
		back.Offset += (t.Shape[axis] - 1) * t.Strides[axis]
		back.Strides[axis] = -t.Strides[axis]
	}
	Assign(p, out, back)
	return out, nil
}

// PadMode says what stands around a padded tensor.
type PadMode string

// The modes, with PyTorch's names.
const (
	PadConstant  PadMode = "constant"
	PadReflect   PadMode = "reflect"
	PadReplicate PadMode = "replicate"
	PadCircular  PadMode = "circular"
)

// Pad adds low[i] elements before axis i and high[i] behind it, or cuts them off where negative. value, of rank 0, is what
// PadConstant adds; the other modes do not read it.
func Pad(p Parallel, t *Tensor, low, high []int, mode PadMode, value *Tensor) (*Tensor, error) {
	shape := make([]int, len(t.Shape))
	for i, size := range t.Shape {
		shape[i] = size + low[i] + high[i]
		if shape[i] < 0 {
			return nil, fmt.Errorf("axis %d of size %d is cut by %d and %d", i, size, -low[i], -high[i])
		}
		if err := checkPad(mode, size, max(low[i], high[i]), shape[i]); err != nil {
			return nil, fmt.Errorf("axis %d: %w", i, err)
		}
	}
	if _, err := SizeBytes(I64, shape); err != nil {
		return nil, err
	}
	if mode == PadConstant {
		return padConstant(p, t, low, shape, value)
	}
	for axis := range shape {
		if low[axis] == 0 && high[axis] == 0 {
			continue
		}
		from := make([]int, shape[axis])
		for i := range from {
			from[i] = padSource(mode, i-low[axis], t.Shape[axis])
		}
		var err error
		if t, err = pick(p, t, []int{axis}, from, []int{len(from)}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func padConstant(p Parallel, t *Tensor, low, shape []int, value *Tensor) (*Tensor, error) {
	out, err := Alloc(t.Elem, shape)
	if err != nil {
		return nil, err
	}
	if err := Copy(p, out, value); err != nil {
		return nil, err
	}
	to, from := out, t
	for axis := range shape {
		lo, hi := max(low[axis], 0), min(low[axis]+t.Shape[axis], shape[axis])
		if hi <= lo {
			return out, nil
		}
		to, from = to.Slice(axis, lo, hi, 1), from.Slice(axis, lo-low[axis], hi-low[axis], 1)
	}
	Assign(p, to, from)
	return out, nil
}

// checkPad holds a mode to what an axis of the given size can provide.
func checkPad(mode PadMode, size, most, padded int) error {
	switch {
	case mode == PadConstant || padded == 0 || most <= 0 && size > 0:
		return nil
	case size == 0:
		return fmt.Errorf("there is nothing to %s: the axis is empty", mode)
	case mode == PadReflect && most >= size:
		return fmt.Errorf("reflect pads %d elements, an axis of %d gives at most %d", most, size, size-1)
	case mode == PadCircular && most > size:
		return fmt.Errorf("circular pads %d elements, an axis of %d gives at most %d", most, size, size)
	}
	return nil
}

// padSource is the element of an axis that place i shows; i is outside the axis where padding is.
func padSource(mode PadMode, i, size int) int {
	switch {
	case i >= 0 && i < size:
		return i
	case mode == PadCircular:
		return (i + size) % size
	case mode == PadReplicate:
		return min(max(i, 0), size-1)
	case i < 0:
		return -i
	}
	return 2*(size-1) - i
}

// NonZero lists the indices of the elements that are not zero, row-major: an i64 tensor of shape [count, rank].
func NonZero(t *Tensor) (*Tensor, error) {
	var found []int
	for i, set := range Values[bool](t) {
		if set {
			found = append(found, i)
		}
	}
	rank := len(t.Shape)
	out, err := Alloc(I64, []int{len(found), rank})
	if err != nil {
		return nil, err
	}
	dst := words[int64](out.Data)
	for row, i := range found {
		for axis := rank - 1; axis >= 0; axis-- {
			dst[row*rank+axis] = int64(i % t.Shape[axis])
			i /= t.Shape[axis]
		}
	}
	return out, nil
}
