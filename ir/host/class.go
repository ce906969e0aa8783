package host

import "math"

// This file converts between the compute classes, by PyTorch's rules: to bool is "not zero", to an integer truncates, to a
// real number takes the real part.

// Convert converts src to another class; len(dst) is len(src). Floats that do not fit an int64, and NaN, become the
// smallest one, as on x86.
func Convert[D, S Wide](dst []D, src []S) {
	switch s := any(src).(type) {
	case []bool:
		fromBool(dst, s)
	case []int64:
		fromInt(dst, s)
	case []uint64:
		fromInt(dst, s)
	case []float32:
		fromFloat(dst, s)
	case []float64:
		fromFloat(dst, s)
	case []complex64:
		fromComplex(dst, s)
	case []complex128:
		fromComplex(dst, s)
	}
}

type anyReal interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// castReal is Go's own conversion; never used from floats to integers, where Go leaves much open.
func castReal[D, S anyReal](dst []D, src []S) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = D(src[i])
	}
}

func fromBool[D Wide](dst []D, src []bool) {
	switch d := any(dst).(type) {
	case []bool:
		copy(d, src)
	case []int64:
		boolToReal(d, src)
	case []uint64:
		boolToReal(d, src)
	case []float32:
		boolToReal(d, src)
	case []float64:
		boolToReal(d, src)
	case []complex64:
		boolToComplex(d, src)
	case []complex128:
		boolToComplex(d, src)
	}
}

func boolToReal[D anyReal](dst []D, src []bool) {
	for i, b := range src {
		dst[i] = 0
		if b {
			dst[i] = 1
		}
	}
}

func boolToComplex[D complex64 | complex128](dst []D, src []bool) {
	for i, b := range src {
		dst[i] = 0
		if b {
			dst[i] = 1
		}
	}
}

func notZero[S Wide](dst []bool, src []S) {
	var zero S
	for i, x := range src {
		dst[i] = x != zero
	}
}

func fromInt[D Wide, S int64 | uint64](dst []D, src []S) {
	switch d := any(dst).(type) {
	case []bool:
		notZero(d, src)
	case []int64:
		castReal(d, src)
	case []uint64:
		castReal(d, src)
	case []float32:
		castReal(d, src)
	case []float64:
		castReal(d, src)
	case []complex64:
		for i, x := range src {
			d[i] = complex(float32(x), 0)
		}
	case []complex128:
		for i, x := range src {
			d[i] = complex(float64(x), 0)
		}
	}
}

func fromFloat[D Wide, S float32 | float64](dst []D, src []S) {
	switch d := any(dst).(type) {
	case []bool:
		notZero(d, src)
	case []int64:
		for i, x := range src {
			d[i] = truncate(float64(x))
		}
	case []uint64:
		for i, x := range src {
			d[i] = truncateUnsigned(float64(x))
		}
	case []float32:
		castReal(d, src)
	case []float64:
		castReal(d, src)
	case []complex64:
		for i, x := range src {
			d[i] = complex(float32(x), 0)
		}
	case []complex128:
		for i, x := range src {
			d[i] = complex(float64(x), 0)
		}
	}
}

func fromComplex[D Wide, S complex64 | complex128](dst []D, src []S) {
	switch d := any(dst).(type) {
	case []bool:
		notZero(d, src)
	case []complex64:
		for i, x := range src {
			d[i] = complex64(x)
		}
	case []complex128:
		for i, x := range src {
			d[i] = complex128(x)
		}
	default:
		var block [64]float64
		for at := 0; at < len(src); {
			n := min(len(block), len(src)-at)
			for i, x := range src[at : at+n] {
				block[i] = real(complex128(x))
			}
			fromFloat(dst[at:at+n], block[:n])
			at += n
		}
	}
}

func truncate(x float64) int64 {
	if x >= -0x1p63 && x < 0x1p63 {
		return int64(x)
	}
	return math.MinInt64
}

func truncateUnsigned(x float64) uint64 {
	if x >= 0x1p63 && x < 0x1p64 {
		return uint64(x)
	}
	return uint64(truncate(x))
}
