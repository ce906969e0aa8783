package host

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// Tensor is a strided view of little-endian bytes. Strides and offset count elements. Packed element types
// (narrower than a byte) are always whole: rows along the last axis, low bits first, each row padded to a byte.
//
// A tensor's bytes may be shared with other views and with a mapped file: only who allocated a tensor may write to it.
type Tensor struct {
	Elem    Elem
	Shape   []int
	Strides []int // nil for packed types
	Offset  int
	Data    []byte
}

// MaxBytes bounds what a single tensor may occupy, so that a hostile shape fails instead of exhausting the machine.
const MaxBytes = 1 << 40

// SizeBytes gives the bytes that a whole tensor occupies, or an error for a negative dimension or one that overflows.
func SizeBytes(e Elem, shape []int) (int, error) {
	if e == Invalid || e >= numElems {
		return 0, errors.New("invalid element type")
	}
	rows, last := uint64(1), uint64(1)
	for i, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("dimension %d of shape %v is negative", i, ShapeText(shape))
		}
		if i == len(shape)-1 {
			last = uint64(d)
			break
		}
		hi, lo := bits.Mul64(rows, uint64(d))
		if hi != 0 {
			return 0, fmt.Errorf("shape %v has too many elements", ShapeText(shape))
		}
		rows = lo
	}
	if last > MaxBytes {
		return 0, fmt.Errorf("shape %v has too many elements", ShapeText(shape))
	}
	rowBytes := (last*uint64(e.Bits()) + 7) / 8
	hi, total := bits.Mul64(rows, rowBytes)
	if hi != 0 || total > MaxBytes {
		return 0, fmt.Errorf("shape %v of %s is larger than %d bytes", ShapeText(shape), e, int64(MaxBytes))
	}
	return int(total), nil
}

// Alloc makes a tensor of zeros.
func Alloc(e Elem, shape []int) (*Tensor, error) {
	n, err := SizeBytes(e, shape)
	if err != nil {
		return nil, err
	}
	if limit := machineMemory(); n > limit {
		return nil, &TooLarge{Elem: e, Shape: slices.Clone(shape), Bytes: n, Machine: limit}
	}
	return &Tensor{Elem: e, Shape: slices.Clone(shape), Strides: rowMajor(e, shape), Data: alignedBytes(n)}, nil
}

// TooLarge is the error of a tensor that this machine cannot hold.
type TooLarge struct {
	Elem           Elem
	Shape          []int
	Bytes, Machine int
}

// Error says how large.
func (e *TooLarge) Error() string {
	return fmt.Sprintf("%s of shape %v takes %d bytes, this machine has %d", e.Elem, ShapeText(e.Shape), e.Bytes, e.Machine)
}

// New makes a tensor of zeros whose shape the program itself made; it panics with the error where [Alloc] gives one.
func New(e Elem, shape ...int) *Tensor {
	t, err := Alloc(e, shape)
	if err != nil {
		panic(fmt.Errorf("host: %w", err))
	}
	return t
}

// alignedBytes gives zeroed bytes aligned for every element type; it allocates 8-byte words underneath.
func alignedBytes(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:n:n]
}

func rowMajor(e Elem, shape []int) []int {
	if e.Packed() {
		return nil
	}
	strides := make([]int, len(shape))
	s := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = s
		s *= max(shape[i], 1)
	}
	return strides
}

// FromBytes wraps whole, row-major data without copying it.
func FromBytes(e Elem, shape []int, data []byte) (*Tensor, error) {
	n, err := SizeBytes(e, shape)
	if err != nil {
		return nil, err
	}
	if len(data) != n {
		return nil, fmt.Errorf("%s of shape %v takes %d bytes, found %d", e, ShapeText(shape), n, len(data))
	}
	return &Tensor{Elem: e, Shape: slices.Clone(shape), Strides: rowMajor(e, shape), Data: data}, nil
}

// View wraps data with strides and an offset, both in elements; every index must lie inside data. Strides may be 0 but
// not negative. Packed types take no strides: pass nil.
func View(e Elem, shape, strides []int, offset int, data []byte) (*Tensor, error) {
	if e.Packed() || strides == nil {
		t, err := FromBytes(e, shape, data)
		if err == nil && offset != 0 {
			err = fmt.Errorf("%s has no offset", e)
		}
		return t, err
	}
	if _, err := SizeBytes(e, shape); err != nil {
		return nil, err
	}
	if len(strides) != len(shape) {
		return nil, fmt.Errorf("%d strides for %d dimensions", len(strides), len(shape))
	}
	if offset < 0 {
		return nil, fmt.Errorf("offset %d is negative", offset)
	}
	empty := slices.Contains(shape, 0)
	last := uint64(offset)
	for i, d := range shape {
		if strides[i] < 0 {
			return nil, fmt.Errorf("stride %d of dimension %d is negative", strides[i], i)
		}
		if empty {
			continue
		}
		hi, lo := bits.Mul64(uint64(d-1), uint64(strides[i]))
		if last += lo; hi != 0 || last < lo || last > math.MaxInt64/16 {
			return nil, fmt.Errorf("shape %v with strides %v overflows", ShapeText(shape), strides)
		}
	}
	if !empty && (last+1)*uint64(e.Bytes()) > uint64(len(data)) {
		return nil, fmt.Errorf("shape %v with strides %v and offset %d needs %d bytes, found %d", ShapeText(shape), strides, offset, (last+1)*uint64(e.Bytes()), len(data))
	}
	return &Tensor{Elem: e, Shape: slices.Clone(shape), Strides: slices.Clone(strides), Offset: offset, Data: data}, nil
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Rank is the number of dimensions.
func (t *Tensor) Rank() int { return len(t.Shape) }

// Contiguous reports whether the elements lie row-major without gaps.
func (t *Tensor) Contiguous() bool {
	if t.Elem.Packed() {
		return true
	}
	s := 1
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] != 1 && t.Strides[i] != s {
			return t.Len() == 0
		}
		s *= t.Shape[i]
	}
	return true
}

// Bytes gives the elements row-major: the tensor's own bytes where it is contiguous, a copy otherwise.
func (t *Tensor) Bytes() []byte {
	if t.Elem.Packed() {
		return t.Data
	}
	n := t.Len() * t.Elem.Bytes()
	if t.Contiguous() {
		at := t.Offset * t.Elem.Bytes()
		if n == 0 {
			return []byte{}
		}
		return t.Data[at : at+n : at+n]
	}
	return t.Clone().Data
}

// Clone copies the elements into a fresh contiguous tensor.
func (t *Tensor) Clone() *Tensor {
	out := New(t.Elem, t.Shape...)
	if t.Elem.Packed() {
		copy(out.Data, t.Data)
		return out
	}
	if t.Contiguous() {
		copy(out.Data, t.Bytes())
		return out
	}
	copyStrided(out, t)
	return out
}

// String describes the tensor in the words of the text form, such as tensor<2x3xf32>.
func (t *Tensor) String() string {
	s := "tensor<"
	for _, d := range t.Shape {
		s += fmt.Sprintf("%dx", d)
	}
	return s + t.Elem.String() + ">"
}

// Number is any Go type that stored elements of at least a byte have, bool apart.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64 | ~complex64 | ~complex128
}

// Raw gives the elements of a contiguous tensor as a slice that shares its memory. T must have the width of the stored
// element: f16 and bf16 are uint16, the eight-bit floats and bool are uint8.
func Raw[T Number](t *Tensor) []T {
	b := t.Bytes()
	var zero T
	size := int(unsafe.Sizeof(zero))
	if t.Elem.Bytes() != size {
		panic(fmt.Sprintf("host: %d-byte slice of %s", size, t.Elem))
	}
	if len(b) == 0 {
		return nil
	}
	if uintptr(unsafe.Pointer(&b[0]))%uintptr(min(size, 8)) != 0 {
		copied := alignedBytes(len(b))
		copy(copied, b)
		b = copied
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/size)
}
