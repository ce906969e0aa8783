package host

import "math"

// The float types narrower than 32 bits. Rounding is to nearest, ties to even, and agrees with PyTorch's conversions: f16
// and f8e5m2 overflow to infinity, f8e4m3 (which has none) to NaN. f4e2m1 has neither and saturates at 6, NaN included.

// smallFloat describes a float format of at most 16 bits with a sign bit.
type smallFloat struct {
	bits, mant, bias uint32
	over             uint32 // the least float32 magnitude, as bits, that is never rounded to a finite number
	inf, nan         uint32 // codes for overflow and NaN; a format without them names what it uses instead
}

var (
	formatF16  = smallFloat{bits: 16, mant: 10, bias: 15, over: (127 + 16) << 23, inf: 0x7c00, nan: 0x7e00}
	formatE5M2 = smallFloat{bits: 8, mant: 2, bias: 15, over: (127 + 16) << 23, inf: 0x7c, nan: 0x7f}
	formatE4M3 = smallFloat{bits: 8, mant: 3, bias: 7, over: (127+8)<<23 | 7<<20, inf: 0x7f, nan: 0x7f}
	formatE2M1 = smallFloat{bits: 4, mant: 1, bias: 1, over: (127+2)<<23 | 3<<21, inf: 7, nan: 7}
)

const infBits = 0xff << 23

// round gives the code of the nearest number. It is F. Giesen's float_to_half_fast3_rtne for any format, as PyTorch has it.
func (f *smallFloat) round(x float32) uint32 {
	b := math.Float32bits(x)
	sign := b >> 31 << (f.bits - 1)
	b &= 1<<31 - 1
	shift := (23 - f.mant) & 31
	switch {
	case b > infBits:
		return sign | f.nan
	case b >= f.over:
		return sign | f.inf
	case b < (128-f.bias)<<23: // subnormal: adding this power of two makes the hardware round at the right place
		magic := (127 - f.bias + 23 - f.mant + 1) << 23
		return sign | (math.Float32bits(math.Float32frombits(b)+math.Float32frombits(magic)) - magic)
	}
	odd := b >> shift & 1
	b += (f.bias-127)<<23 + 1<<(shift-1) - 1 + odd
	return sign | b>>shift
}

// value decodes a code that is neither infinity nor NaN.
func (f *smallFloat) value(code uint32) float32 {
	sign := code >> (f.bits - 1) << 31
	magnitude := code & (1<<(f.bits-1) - 1)
	// Shifted into place the number is a float32 with too small an exponent; the product corrects that exactly.
	scale := math.Float32frombits((127 + 127 - f.bias) << 23)
	x := math.Float32frombits(magnitude<<((23-f.mant)&31)) * scale
	return math.Float32frombits(sign | math.Float32bits(x))
}

func f16ToF32(h uint16) float32 {
	if h&0x7c00 == 0x7c00 {
		return math.Float32frombits(uint32(h&0x8000)<<16 | infBits | uint32(h&0x3ff)<<13)
	}
	x := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	return math.Float32frombits(uint32(h&0x8000)<<16 | math.Float32bits(x))
}

// f32ToF16 is formatF16.round with the constants in place, because whole models are rounded by it.
func f32ToF16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	b &= 1<<31 - 1
	if b-(113<<23) < (143-113)<<23 { // neither subnormal nor too large
		return sign | uint16((b-112<<23+0xfff+b>>13&1)>>13)
	}
	return sign | f16Special(b)
}

func f16Special(b uint32) uint16 {
	if b <= infBits {
		return uint16(formatF16.round(math.Float32frombits(b)))
	}
	if payload := uint16(b >> 13 & 0x3ff); payload != 0 { // keep what fits of a NaN's payload
		return 0x7c00 | payload
	}
	return 0x7e00
}

func bf16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

func f32ToBF16(x float32) uint16 {
	b := math.Float32bits(x)
	if b&(1<<31-1) > infBits {
		if h := uint16(b >> 16); h&0x7f != 0 {
			return h
		}
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// f32ToE8M0 rounds to a power of two as PyTorch does: the sign is dropped, infinity and NaN are NaN, zero is the least.
func f32ToE8M0(x float32) uint8 {
	b := math.Float32bits(x)
	exponent := b >> 23 & 0xff
	if exponent == 0xff {
		return 0xff
	}
	const half = 1 << 22
	if fraction := b & (1<<23 - 1); fraction > half || fraction == half && exponent > 0 {
		exponent++
	}
	return uint8(exponent)
}

// tables of all values of the types of at most eight bits
var (
	valuesE4M3 = valueTable(func(c uint32) float32 {
		if c&0x7f == 0x7f {
			return signedNaN(c)
		}
		return formatE4M3.value(c)
	})
	valuesE5M2 = valueTable(func(c uint32) float32 {
		switch {
		case c&0x7f == 0x7c:
			return math.Float32frombits(c>>7<<31 | infBits)
		case c&0x7c == 0x7c: // the payload distinguishes three NaNs
			return math.Float32frombits(c>>7<<31 | infBits | c&3<<21)
		}
		return formatE5M2.value(c)
	})
	valuesE8M0 = valueTable(func(c uint32) float32 {
		if c == 0xff {
			return signedNaN(0)
		}
		return float32(math.Ldexp(1, int(c)-127))
	})
	valuesE2M1 = valueTable(func(c uint32) float32 { return formatE2M1.value(c & 15) })
)

func signedNaN(code uint32) float32 {
	return math.Float32frombits(code>>7<<31 | infBits | 1<<22)
}

func valueTable(value func(uint32) float32) (t [256]float32) {
	for c := range t {
		t[c] = value(uint32(c))
	}
	return t
}

func widenFloat(d []float32, e Elem, src []byte) {
	switch e {
	case F16:
		for i, h := range words[uint16](src) {
			d[i] = f16ToF32(h)
		}
	case BF16:
		for i, h := range words[uint16](src) {
			d[i] = bf16ToF32(h)
		}
	case F8E4M3:
		lookUp(d, src, &valuesE4M3)
	case F8E5M2:
		lookUp(d, src, &valuesE5M2)
	case F8E8M0:
		lookUp(d, src, &valuesE8M0)
	default:
		copy(d, words[float32](src))
	}
}

func lookUp(d []float32, src []byte, table *[256]float32) {
	for i, c := range src {
		d[i] = table[c]
	}
}

func narrowFloat(dst []byte, e Elem, s []float32) {
	switch e {
	case F16:
		d := words[uint16](dst)
		for i, x := range s {
			d[i] = f32ToF16(x)
		}
	case BF16:
		d := words[uint16](dst)
		for i, x := range s {
			d[i] = f32ToBF16(x)
		}
	case F8E4M3:
		for i, x := range s {
			dst[i] = uint8(formatE4M3.round(x))
		}
	case F8E5M2:
		for i, x := range s {
			dst[i] = uint8(formatE5M2.round(x))
		}
	case F8E8M0:
		for i, x := range s {
			dst[i] = f32ToE8M0(x)
		}
	default:
		copy(words[float32](dst), s)
	}
}

// rounding gives the function that rounds numbers to a float type.
func rounding(e Elem) func(float64) float64 {
	switch e {
	case F16:
		return func(x float64) float64 { return float64(f16ToF32(f32ToF16(float32(x)))) }
	case BF16:
		return func(x float64) float64 { return float64(bf16ToF32(f32ToBF16(float32(x)))) }
	case F64:
		return func(x float64) float64 { return x }
	}
	return func(x float64) float64 { return float64(float32(x)) }
}

// roundAll rounds values to an element type.
func roundAll[T Wide](values []T, e Elem) {
	block := New(e, min(len(values), blockLen))
	for len(values) > 0 {
		n := min(len(values), blockLen)
		Store(block, 0, 1, values[:n])
		Load(values[:n], block, 0, 1)
		values = values[n:]
	}
}
