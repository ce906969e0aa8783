package host

import "fmt"

// Scalar makes a tensor of rank 0. The value is a bool, int, int64, uint64, float64 or complex128 and is converted as
// [Cast] does.
func Scalar(e Elem, value any) (*Tensor, error) { return Full(e, nil, value) }

// Full makes a tensor that has one value everywhere; see [Scalar].
func Full(e Elem, shape []int, value any) (*Tensor, error) {
	one, err := widest(value)
	if err != nil {
		return nil, err
	}
	out, err := Alloc(e, shape)
	if err != nil {
		return nil, err
	}
	return out, Cast(Serial, out, one)
}

// widest makes a scalar of the widest type of a Go value's kind.
func widest(value any) (*Tensor, error) {
	switch v := value.(type) {
	case bool:
		return FromValues(Bool, nil, []bool{v})
	case int:
		return FromValues(I64, nil, []int64{int64(v)})
	case int64:
		return FromValues(I64, nil, []int64{v})
	case uint64:
		return FromValues(U64, nil, []uint64{v})
	case float64:
		return FromValues(F64, nil, []float64{v})
	case complex128:
		return FromValues(C128, nil, []complex128{v})
	}
	return nil, fmt.Errorf("a tensor has no values of type %T", value)
}

// At gives element i, counted row-major, as the widest Go value of its kind: a bool, int64, uint64, float64 or complex128.
func At(t *Tensor, i int) any {
	if t.Elem.Packed() {
		return packedAt(t, i)
	}
	at := placeOf(t, i)
	switch t.Elem.Kind() {
	case KindBool:
		return loadOne[bool](t, at)
	case KindInt:
		return loadOne[int64](t, at)
	case KindUint:
		return loadOne[uint64](t, at)
	case KindFloat:
		return loadOne[float64](t, at)
	}
	return loadOne[complex128](t, at)
}

// placeOf is where element i, counted row-major, lies in t.Data, in elements.
func placeOf(t *Tensor, i int) int {
	at := t.Offset
	for axis := len(t.Shape) - 1; axis >= 0; axis-- {
		at += i % t.Shape[axis] * t.Strides[axis]
		i /= t.Shape[axis]
	}
	return at
}

func loadOne[T Wide](t *Tensor, at int) T {
	var v [1]T
	Load(v[:], t, at, 1)
	return v[0]
}

func packedAt(t *Tensor, i int) any {
	row := 1
	if len(t.Shape) > 0 {
		row = t.Shape[len(t.Shape)-1]
	}
	width := t.Elem.Bits()
	bit := i / row * ((row*width + 7) / 8 * 8)
	bit += i % row * width
	code := uint(t.Data[bit/8])
	if bit%8+width > 8 {
		code |= uint(t.Data[bit/8+1]) << 8
	}
	code = code >> (bit % 8) & (1<<width - 1)
	switch t.Elem.Kind() {
	case KindInt:
		shift := 64 - width
		return int64(code) << shift >> shift
	case KindUint:
		return uint64(code)
	}
	return float64(valuesE2M1[code])
}

// IntAt is element i, counted row-major, as [Convert] converts it.
func IntAt(t *Tensor, i int) int64 { return elementAs[int64](t, i) }

// FloatAt is element i, counted row-major, as [Convert] converts it.
func FloatAt(t *Tensor, i int) float64 { return elementAs[float64](t, i) }

func elementAs[T Wide](t *Tensor, i int) T {
	var out [1]T
	if !t.Elem.Packed() {
		return loadOne[T](t, placeOf(t, i))
	}
	switch v := packedAt(t, i).(type) {
	case int64:
		Convert(out[:], []int64{v})
	case uint64:
		Convert(out[:], []uint64{v})
	case float64:
		Convert(out[:], []float64{v})
	}
	return out[0]
}
