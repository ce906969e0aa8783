package host

import "math"

// floatLimits are the least and the greatest finite number of each float type, and the distance from 1 to the next number.
var floatLimits = [numElems]struct{ least, most, epsilon float64 }{
	F4E2M1: {-6, 6, 0x1p-1},
	F8E4M3: {-448, 448, 0x1p-3},
	F8E5M2: {-57344, 57344, 0x1p-2},
	F8E8M0: {0x1p-127, 0x1p127, 1}, // powers of two alone: no sign, no zero
	F16:    {-65504, 65504, 0x1p-10},
	BF16:   {-0x1.fep127, 0x1.fep127, 0x1p-7},
	F32:    {-math.MaxFloat32, math.MaxFloat32, 0x1p-23},
	F64:    {-math.MaxFloat64, math.MaxFloat64, 0x1p-52},
}

// Range gives the least and the greatest finite number of an integer or float type; those of i64 and u64 are rounded to
// float64. Other types have none: 0 and 0.
func (e Elem) Range() (least, most float64) {
	n := math.Ldexp(1, e.Bits())
	switch e.Kind() {
	case KindInt:
		return -n / 2, n/2 - 1
	case KindUint:
		return 0, n - 1
	}
	return floatLimits[e].least, floatLimits[e].most
}

// Epsilon is the distance from 1 to the next number of a float type. Other types have none, and ok is false.
func (e Elem) Epsilon() (eps float64, ok bool) {
	eps = floatLimits[e].epsilon
	return eps, eps != 0
}
