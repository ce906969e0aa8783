package host

import (
	"fmt"
	"unsafe"
)

// Wide is any Go type that loops compute in: one for each [Class].
type Wide interface {
	bool | int64 | uint64 | float32 | float64 | complex64 | complex128
}

// ClassOf is the class whose Go type is T.
func ClassOf[T Wide]() Class {
	var zero T
	switch any(zero).(type) {
	case bool:
		return ClassBool
	case int64:
		return ClassI64
	case uint64:
		return ClassU64
	case float32:
		return ClassF32
	case float64:
		return ClassF64
	case complex64:
		return ClassC64
	}
	return ClassC128
}

// Load reads the len(dst) elements of t at the places at, at+stride, ... of t.Data (in elements; t.Offset is not added by
// Load) and converts them to T. It costs least where T is the Go type of t's class. t must not be packed.
func Load[T Wide](dst []T, t *Tensor, at, stride int) {
	if len(dst) == 0 {
		return
	}
	if ClassOf[T]() == t.Elem.Class() {
		loadRun(dst, t, at, stride)
		return
	}
	if d, ok := any(dst).([]float32); ok && stride == 1 { // quantized weights
		switch src := t.Data[at*t.Elem.Bytes():]; t.Elem {
		case I8:
			castReal(d, words[int8](src))
			return
		case U8:
			castReal(d, src)
			return
		}
	}
	switch t.Elem.Class() {
	case ClassBool:
		loadVia[bool](dst, t, at, stride)
	case ClassI64:
		loadVia[int64](dst, t, at, stride)
	case ClassU64:
		loadVia[uint64](dst, t, at, stride)
	case ClassF32:
		loadVia[float32](dst, t, at, stride)
	case ClassF64:
		loadVia[float64](dst, t, at, stride)
	case ClassC64:
		loadVia[complex64](dst, t, at, stride)
	case ClassC128:
		loadVia[complex128](dst, t, at, stride)
	}
}

func loadVia[S, T Wide](dst []T, t *Tensor, at, stride int) {
	var block [64]S
	for len(dst) > 0 {
		n := min(len(dst), len(block))
		loadRun(block[:n], t, at, stride)
		Convert(dst[:n], block[:n])
		dst, at = dst[n:], at+n*stride
	}
}

func loadRun[T Wide](dst []T, t *Tensor, at, stride int) {
	size := t.Elem.Bytes()
	if stride == 1 {
		if src := t.Data[at*size : (at+len(dst))*size]; isAligned(src, size) {
			widen(dst, t.Elem, src)
			return
		}
	}
	raw := rawTail(dst, size)
	gatherTile(raw, t.Data, size, tile{at: at, rows: 1, n: len(dst), stride: stride})
	widen(dst, t.Elem, raw)
}

// Store converts src to t's element type, rounding once, and writes it to the places at, at+stride, ... of t.Data (in
// elements; t.Offset is not added by Store). It costs least where T is the Go type of t's class. t must not be packed.
func Store[T Wide](t *Tensor, at, stride int, src []T) {
	if len(src) == 0 {
		return
	}
	if ClassOf[T]() == t.Elem.Class() {
		storeRun(t, at, stride, src)
		return
	}
	switch t.Elem.Class() {
	case ClassBool:
		storeVia[bool](t, at, stride, src)
	case ClassI64:
		storeVia[int64](t, at, stride, src)
	case ClassU64:
		storeVia[uint64](t, at, stride, src)
	case ClassF32:
		storeVia[float32](t, at, stride, src)
	case ClassF64:
		storeVia[float64](t, at, stride, src)
	case ClassC64:
		storeVia[complex64](t, at, stride, src)
	case ClassC128:
		storeVia[complex128](t, at, stride, src)
	}
}

func storeVia[D, T Wide](t *Tensor, at, stride int, src []T) {
	var block [64]D
	for len(src) > 0 {
		n := min(len(src), len(block))
		Convert(block[:n], src[:n])
		storeRun(t, at, stride, block[:n])
		src, at = src[n:], at+n*stride
	}
}

func storeRun[T Wide](t *Tensor, at, stride int, src []T) {
	size := t.Elem.Bytes()
	if stride == 1 {
		if dst := t.Data[at*size : (at+len(src))*size]; isAligned(dst, size) {
			narrow(dst, t.Elem, src)
			return
		}
	}
	var words [64]uint64 // words, so that it is aligned
	block := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	for len(src) > 0 {
		n := min(len(src), len(block)/size)
		narrow(block[:n*size], t.Elem, src[:n])
		scatterTile(t.Data, block, size, tile{at: at, rows: 1, n: n, stride: stride})
		src, at = src[n:], at+n*stride
	}
}

// Values gives all elements row-major, converted to T. The slice shares the tensor's memory where that is possible: it
// must not be written to.
func Values[T Wide](t *Tensor) []T {
	if t.Elem.Packed() {
		t = Unpack(t)
	}
	n := t.Len()
	if n == 0 {
		return []T{}
	}
	if t.Contiguous() {
		if v, ok := direct[T](t, t.Offset, n); ok && t.Elem != Bool {
			return v
		}
		out := make([]T, n)
		Load(out, t, t.Offset, 1)
		return out
	}
	return Values[T](t.Clone())
}

// FromValues makes a tensor from row-major values, converted to the element type and rounded once. The tensor may keep the
// slice.
func FromValues[T Wide](e Elem, shape []int, values []T) (*Tensor, error) {
	if e.Packed() {
		wide, err := FromValues(unpackedElem(e), shape, values)
		if err != nil {
			return nil, err
		}
		return Pack(wide, e)
	}
	n, err := SizeBytes(e, shape)
	if err != nil {
		return nil, err
	}
	if n/e.Bytes() != len(values) {
		return nil, fmt.Errorf("%d values for the shape %v", len(values), ShapeText(shape))
	}
	if isNatural[T](e) && len(values) > 0 {
		return FromBytes(e, shape, unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), n))
	}
	t, err := Alloc(e, shape)
	if err != nil {
		return nil, err
	}
	Store(t, 0, 1, values)
	return t, nil
}

// isNatural reports that elements of type e are stored just as a T is.
func isNatural[T Wide](e Elem) bool {
	var zero T
	return ClassOf[T]() == e.Class() && int(unsafe.Sizeof(zero)) == e.Bytes()
}

// direct gives n elements of t from place at on as they lie, if they lie as values of T.
func direct[T Wide](t *Tensor, at, n int) ([]T, bool) {
	size := t.Elem.Bytes()
	if !isNatural[T](t.Elem) || n == 0 {
		return nil, false
	}
	b := t.Data[at*size : (at+n)*size]
	if !isAligned(b, size) {
		return nil, false
	}
	return words[T](b), true
}

// rawTail is the end of the memory of values, large enough for as many elements of size bytes. Elements gathered there
// can be widened in place from the front: a value never reaches an element that is still to be read.
func rawTail[T Wide](values []T, size int) []byte {
	b := bytesOf(values)
	return b[len(b)-len(values)*size:]
}

func bytesOf[T Wide](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}

// words shows bytes, which must be aligned, as the values stored in them.
func words[W any](b []byte) []W {
	var zero W
	n := len(b) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*W)(unsafe.Pointer(&b[0])), n)
}

func isAligned(b []byte, size int) bool {
	return len(b) == 0 || uintptr(unsafe.Pointer(&b[0]))%uintptr(min(size, 8)) == 0
}

// widen converts the stored elements in src, contiguous and aligned, to their compute type T. Where they lie in dst's own
// tail this works too (see rawTail): each loop reads an element before it writes the value in that place.
func widen[T Wide](dst []T, e Elem, src []byte) {
	switch d := any(dst).(type) {
	case []bool:
		for i, b := range src[:len(d)] {
			d[i] = b != 0
		}
	case []int64:
		switch e {
		case I8:
			castReal(d, words[int8](src))
		case I16:
			castReal(d, words[int16](src))
		case I32:
			castReal(d, words[int32](src))
		default:
			copy(d, words[int64](src))
		}
	case []uint64:
		switch e {
		case U8:
			castReal(d, src)
		case U16:
			castReal(d, words[uint16](src))
		case U32:
			castReal(d, words[uint32](src))
		default:
			copy(d, words[uint64](src))
		}
	case []float32:
		widenFloat(d, e, src)
	default:
		copy(dst, words[T](src))
	}
}

// narrow is the opposite of widen; dst is contiguous and aligned. Integers keep their low bits.
func narrow[T Wide](dst []byte, e Elem, src []T) {
	switch s := any(src).(type) {
	case []bool:
		for i, b := range s {
			dst[i] = 0
			if b {
				dst[i] = 1
			}
		}
	case []int64:
		switch e {
		case I8:
			castReal(words[int8](dst), s)
		case I16:
			castReal(words[int16](dst), s)
		case I32:
			castReal(words[int32](dst), s)
		default:
			copy(words[int64](dst), s)
		}
	case []uint64:
		switch e {
		case U8:
			castReal(dst, s)
		case U16:
			castReal(words[uint16](dst), s)
		case U32:
			castReal(words[uint32](dst), s)
		default:
			copy(words[uint64](dst), s)
		}
	case []float32:
		narrowFloat(dst, e, s)
	default:
		copy(words[T](dst), src)
	}
}
