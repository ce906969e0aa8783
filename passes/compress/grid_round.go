package compress

import (
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// Rounding to few bits, to nearest with ties to even, without leaving float32: adding a number so large that its unit in
// the last place is the wanted step makes the hardware round there, and taking it away again is exact. That number is 1.5
// times a power of two, so that neither sum leaves its octave.

const (
	exponentMask = 0xff << 23
	oneAndHalf   = 1 << 22 // the mantissa of 1.5
)

// toEven does this for integers below 2^22.
const toEven = 3 << 22

// A smallFloat is a float type with few bits: mant of its mantissa, and the least exponent of a normal number, as the
// bits of that power of two.
type smallFloat struct {
	mant   uint32
	normal uint32
	most   float32
}

// The float types that codes, scales and weights have.
var smallFloats = map[host.Elem]smallFloat{
	host.F4E2M1: {mant: 1, normal: 127 << 23, most: 6},
	host.F8E4M3: {mant: 3, normal: (127 - 6) << 23, most: 448},
	host.F8E5M2: {mant: 2, normal: (127 - 14) << 23, most: 57344},
	host.F16:    formatF16,
}

var formatF16 = smallFloat{mant: 10, normal: (127 - 14) << 23, most: 65504}

// nearest rounds a number whose magnitude is at most f.most.
func (f smallFloat) nearest(x float32) float32 {
	step := max(math.Float32bits(x)&exponentMask, f.normal) + (23-f.mant)<<23 | oneAndHalf
	large := math.Float32frombits(step)
	return float32(x+large) - large
}

// bits is the code of a number that the type has.
func (f smallFloat) bits(x float32, width int) uint8 {
	b := math.Float32bits(x)
	sign, magnitude := uint8(b>>31<<(width-1)), b&math.MaxInt32
	if magnitude < f.normal { // a multiple of the least number
		return sign | uint8(math.Float32frombits(magnitude)/math.Float32frombits(f.normal)*float32(uint32(1)<<f.mant))
	}
	return sign | uint8((magnitude-f.normal)>>(23-f.mant)+1<<f.mant)
}

func roundF16(x float32) float32 {
	if x >= 65520 || x <= -65520 {
		return x * float32(math.Inf(1))
	}
	return formatF16.nearest(x)
}

// roundBF16 is for numbers and infinities. It works on the bits, since bf16's exponents reach as far as float32's.
func roundBF16(x float32) float32 {
	b := math.Float32bits(x)
	return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
}

// roundAll rounds numbers to a weight's type; float32 stands for f64 too.
func roundAll(xs []float32, e host.Elem) {
	switch e {
	case host.F16:
		for i, x := range xs {
			xs[i] = roundF16(x)
		}
	case host.BF16:
		for i, x := range xs {
			xs[i] = roundBF16(x)
		}
	}
}

// roundTo rounds to a weight's type.
func roundTo(x float32, e host.Elem) float32 {
	switch e {
	case host.F16:
		return roundF16(x)
	case host.BF16:
		return roundBF16(x)
	}
	return x
}

// roundScale rounds to a type of scales, away from zero and infinity: neither the scale nor its inverse is lost.
func roundScale(scale float32, e host.Elem) float32 {
	least, most := float32(0x1p-120), float32(0x1p120)
	switch e {
	case host.F16:
		least, most = 0x1p-24, 65504
	case host.F8E8M0:
		_, exponent := math.Frexp(float64(scale) / (3. / 4)) // an octave is cut at 1.5
		scale = float32(math.Ldexp(0.5, exponent))
		least = 0x1p-126
	}
	if abs := max(scale, -scale); !(abs >= least) { // NaN too
		scale = float32(math.Copysign(float64(least), float64(scale)))
	} else if abs > most {
		scale = float32(math.Copysign(float64(most), float64(scale)))
	}
	return roundTo(scale, e)
}

// nextScale is the stored scale that follows in magnitude, with step 1, or with -1 the one before.
func nextScale(scale float32, e host.Elem, step int) float32 {
	b := int64(math.Float32bits(scale))
	switch e {
	case host.F16:
		// A step towards zero from a power of two is half as long.
		octave := math.Float32bits(scale*(1+float32(min(step, 0))*0x1p-12)) & exponentMask
		unit := math.Float32frombits(max(octave, formatF16.normal) - 10<<23)
		return scale + float32(math.Copysign(float64(unit), float64(scale)))*float32(step)
	case host.BF16:
		return math.Float32frombits(uint32(b + int64(step)<<16))
	case host.F8E8M0:
		return math.Float32frombits(uint32(b + int64(step)<<23))
	}
	return math.Float32frombits(uint32(b + int64(step)))
}
