package host

import "fmt"

// unpackedElem is the element type in which packed elements are computed on: the narrowest that has all their values.
func unpackedElem(e Elem) Elem {
	switch {
	case !e.Packed():
		return e
	case e == F4E2M1:
		return F32
	case e.Kind() == KindInt:
		return I8
	}
	return U8
}

// Unpack gives a packed tensor's values one to a byte: i8 for signed integers, u8 for unsigned ones; f4e2m1 becomes f32.
// A tensor that is not packed is returned as it is.
func Unpack(t *Tensor) *Tensor {
	if !t.Elem.Packed() {
		return t
	}
	out := New(unpackedElem(t.Elem), t.Shape...)
	codes := out.Data
	if t.Elem == F4E2M1 {
		codes = make([]byte, out.Len())
	}
	width := t.Elem.Bits()
	eachRow(t, func(packed []byte, lo, hi int) { unpackRow(codes[lo:hi], packed, width) })
	switch {
	case t.Elem == F4E2M1:
		lookUp(words[float32](out.Data), codes, &valuesE2M1)
	case t.Elem.Kind() == KindInt:
		shift := 8 - width
		for i, c := range words[int8](codes) {
			codes[i] = byte(c << shift >> shift)
		}
	}
	return out
}

// Pack stores t's values in a packed element type. Integers keep their low bits, floats are rounded to the nearest f4e2m1;
// values of another kind are converted as [Cast] does first.
func Pack(t *Tensor, e Elem) (*Tensor, error) {
	if !e.Packed() {
		return nil, fmt.Errorf("%s is not packed", e)
	}
	out, err := Alloc(e, t.Shape)
	if err != nil {
		return nil, err
	}
	wide := New(unpackedElem(e), t.Shape...)
	if err := Cast(Serial, wide, t); err != nil {
		return nil, err
	}
	codes := wide.Data
	if e == F4E2M1 {
		values := words[float32](wide.Data)
		codes = make([]byte, len(values))
		for i, x := range values {
			codes[i] = byte(formatE2M1.round(x))
		}
	}
	width := e.Bits()
	eachRow(out, func(packed []byte, lo, hi int) { packRow(packed, codes[lo:hi], width) })
	return out, nil
}

// eachRow calls fn with the bytes of each row along the last axis and the elements lo to hi that they hold.
func eachRow(t *Tensor, fn func(packed []byte, lo, hi int)) {
	row := 1
	if len(t.Shape) > 0 {
		row = t.Shape[len(t.Shape)-1]
	}
	if row == 0 {
		return
	}
	size := (row*t.Elem.Bits() + 7) / 8
	for i := range t.Len() / row {
		fn(t.Data[i*size:(i+1)*size], i*row, (i+1)*row)
	}
}

func unpackRow(codes, packed []byte, width int) {
	if width == 4 {
		for i := range codes {
			codes[i] = packed[i/2] >> (i % 2 * 4) & 15
		}
		return
	}
	var acc, have uint
	mask := uint(1)<<width - 1
	for i := range codes {
		if have < uint(width) {
			acc |= uint(packed[0]) << have
			packed = packed[1:]
			have += 8
		}
		codes[i] = byte(acc & mask)
		acc >>= width
		have -= uint(width)
	}
}

func packRow(packed, codes []byte, width int) {
	var acc, have uint
	mask := byte(1)<<width - 1
	for _, c := range codes {
		acc |= uint(c&mask) << have
		if have += uint(width); have >= 8 {
			packed[0] = byte(acc)
			packed = packed[1:]
			acc >>= 8
			have -= 8
		}
	}
	if have > 0 {
		packed[0] = byte(acc)
	}
}
