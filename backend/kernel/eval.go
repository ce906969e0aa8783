package kernel

import (
	"math"

	"github.com/x448/float16"

	"github.com/aiopt/aiopt/ir/host"
)

// A lane is kept as 64 bits: floats by their own bits, integers extended by their sign, bools as 0 and 1.

// laneFunc computes one lane. from is the element type of the first argument, to the result's.
type laneFunc func(from, to host.Elem, a []uint64) uint64

// lanewise are the operations that work on each lane alone.
var lanewise = [numOps]laneFunc{
	Select: choose,
	Cast:   func(from, to host.Elem, a []uint64) uint64 { return castBits(from, to, a[0]) },
	Bits:   reinterpret,

	Add:    arithmetic(func(x, y float64) float64 { return x + y }, func(x, y uint64) uint64 { return x + y }),
	Sub:    arithmetic(func(x, y float64) float64 { return x - y }, func(x, y uint64) uint64 { return x - y }),
	Mul:    arithmetic(func(x, y float64) float64 { return x * y }, func(x, y uint64) uint64 { return x * y }),
	Div:    divided(func(x, y int64) int64 { return x / y }, func(x, y uint64) uint64 { return x / y }),
	Rem:    divided(func(x, y int64) int64 { return x % y }, func(x, y uint64) uint64 { return x % y }),
	Min:    extreme(func(x, y float64) float64 { return min(x, y) }, true),
	Max:    extreme(func(x, y float64) float64 { return max(x, y) }, false),
	Neg:    unary(func(x float64) float64 { return -x }, func(x int64) int64 { return -x }),
	Abs:    unary(math.Abs, func(x int64) int64 { return max(x, -x) }),
	MulAdd: mulAdd,

	And:        bitwise(func(x, y uint64) uint64 { return x & y }),
	Or:         bitwise(func(x, y uint64) uint64 { return x | y }),
	Xor:        bitwise(func(x, y uint64) uint64 { return x ^ y }),
	Not:        func(from, _ host.Elem, a []uint64) uint64 { return wrapInt(from, ^a[0]) },
	ShiftLeft:  bitwise(func(x, y uint64) uint64 { return x << y }),
	ShiftRight: shiftRight,

	Equal:     compare(func(less, equal bool) bool { return equal }),
	Less:      compare(func(less, equal bool) bool { return less }),
	LessEqual: compare(func(less, equal bool) bool { return less || equal }),
	IsNaN:     func(from, _ host.Elem, a []uint64) uint64 { return boolBits(math.IsNaN(fromBits(from, a[0]))) },

	Sqrt:  float(math.Sqrt),
	Rsqrt: float(func(x float64) float64 { return 1 / math.Sqrt(x) }),
	Recip: float(func(x float64) float64 { return 1 / x }),
	Exp:   float(math.Exp),
	Exp2:  float(math.Exp2),
	Log:   float(math.Log),
	Log2:  float(math.Log2),
	Sin:   float(math.Sin),
	Cos:   float(math.Cos),
	Tanh:  float(math.Tanh),
	Erf:   float(math.Erf),
	Floor: float(math.Floor),
	Ceil:  float(math.Ceil),
	Round: float(math.RoundToEven),
	Trunc: float(math.Trunc),
}

func boolBits(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// wrapInt keeps the low bits that an integer type has, extended by its sign; a bool has one.
func wrapInt(e host.Elem, x uint64) uint64 {
	bits := e.Bits()
	if e == host.Bool {
		bits = 1
	}
	if e.Kind() == host.KindInt {
		return uint64(int64(x<<(64-bits)) >> (64 - bits))
	}
	return x << (64 - bits) >> (64 - bits)
}

// fromBits is the number that the bits of a float type stand for.
func fromBits(e host.Elem, bits uint64) float64 {
	switch e {
	case host.F16:
		return float64(float16.Frombits(uint16(bits)).Float32())
	case host.BF16:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case host.F32:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// toBits rounds a number to a float type, once; to half precision by way of f32.
func toBits(e host.Elem, x float64) uint64 {
	switch e {
	case host.F16:
		return uint64(float16.Fromfloat32(float32(x)).Bits())
	case host.BF16:
		bits := math.Float32bits(float32(x))
		if x != x {
			return uint64(bits>>16 | 0x40)
		}
		return uint64((bits + 0x7fff + bits>>16&1) >> 16)
	case host.F32:
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

func constBits(c *Instr, e host.Elem) uint64 {
	if e.IsFloat() {
		return toBits(e, c.Number)
	}
	return wrapInt(e, uint64(c.Int))
}

func choose(_, _ host.Elem, a []uint64) uint64 {
	if a[0] != 0 {
		return a[1]
	}
	return a[2]
}

func reinterpret(_, to host.Elem, a []uint64) uint64 {
	if to.IsFloat() {
		return a[0] << (64 - to.Bits()) >> (64 - to.Bits())
	}
	return wrapInt(to, a[0])
}

// castBits converts a lane.
func castBits(from, to host.Elem, x uint64) uint64 {
	switch {
	case from.IsFloat() && to.IsFloat():
		return toBits(to, fromBits(from, x))
	case from.IsFloat() && to == host.Bool:
		return boolBits(fromBits(from, x) != 0)
	case from.IsFloat():
		return saturate(to, fromBits(from, x))
	case to == host.Bool:
		return boolBits(x != 0)
	case !to.IsFloat():
		return wrapInt(to, x)
	case to == host.F64 && from == host.U64:
		return math.Float64bits(float64(x))
	case to == host.F64:
		return math.Float64bits(float64(int64(x)))
	case from == host.U64:
		return toBits(to, float64(float32(x)))
	}
	return toBits(to, float64(float32(int64(x))))
}

// saturate drops the fraction and keeps the number within the integer type; NaN is 0.
func saturate(to host.Elem, x float64) uint64 {
	least, most := to.Range()
	x = math.Trunc(x)
	switch signed := to.Kind() == host.KindInt; {
	case x != x:
		return 0
	case x <= least && signed:
		return uint64(int64(-1) << (to.Bits() - 1))
	case x <= least:
		return 0
	case x >= most:
		return ^uint64(0) >> (64 - to.Bits()) >> boolBits(signed)
	case signed:
		return uint64(int64(x))
	}
	return uint64(x)
}

// float makes the function of a number; an f32 is computed in f64 and rounded once.
func float(f func(float64) float64) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 { return toBits(to, f(fromBits(from, a[0]))) }
}

func unary(f func(float64) float64, n func(int64) int64) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 {
		switch {
		case from.IsFloat():
			return toBits(to, f(fromBits(from, a[0])))
		case from.Kind() == host.KindUint && n(-1) == 1 && n(1) == 1: // the absolute value
			return a[0]
		}
		return wrapInt(to, uint64(n(int64(a[0]))))
	}
}

// arithmetic is exact in f64 for one operation on f32 operands, so rounding it again gives what f32 arithmetic does.
func arithmetic(f func(x, y float64) float64, n func(x, y uint64) uint64) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 {
		if from.IsFloat() {
			return toBits(to, f(fromBits(from, a[0]), fromBits(from, a[1])))
		}
		return wrapInt(to, n(a[0], a[1]))
	}
}

func divided(signed func(x, y int64) int64, unsigned func(x, y uint64) uint64) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 {
		switch {
		case from.IsFloat():
			return toBits(to, fromBits(from, a[0])/fromBits(from, a[1]))
		case a[1] == 0:
			return 0 // Run reports it
		case from.Kind() == host.KindInt:
			return wrapInt(to, uint64(signed(int64(a[0]), int64(a[1]))))
		}
		return wrapInt(to, unsigned(a[0], a[1]))
	}
}

func extreme(f func(x, y float64) float64, least bool) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 {
		if from.IsFloat() {
			return toBits(to, f(fromBits(from, a[0]), fromBits(from, a[1])))
		}
		if less, _ := order(from, a[0], a[1]); less == least {
			return a[0]
		}
		return a[1]
	}
}

// mulAdd rounds once: the product of two f32 is exact in f64, and FMA rounds the sum of f64; of f32 the sum is rounded to
// odd in f64 first, so that rounding it again changes nothing.
func mulAdd(from, to host.Elem, a []uint64) uint64 {
	x, y, z := fromBits(from, a[0]), fromBits(from, a[1]), fromBits(from, a[2])
	if from == host.F64 {
		return math.Float64bits(math.FMA(x, y, z))
	}
	p := x * y
	sum := p + z
	back := sum - p
	rest := (p - (sum - back)) + (z - back) // what the addition lost, exactly
	if bits := math.Float64bits(sum); rest != 0 && bits&1 == 0 && !math.IsInf(sum, 0) && rest == rest {
		if (rest > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return toBits(to, sum)
}

func bitwise(f func(x, y uint64) uint64) laneFunc {
	return func(from, to host.Elem, a []uint64) uint64 { return wrapInt(to, f(a[0], a[1])) }
}

func shiftRight(from, to host.Elem, a []uint64) uint64 {
	if from.Kind() == host.KindInt {
		return wrapInt(to, uint64(int64(a[0])>>a[1]))
	}
	return wrapInt(to, a[0]>>a[1])
}

func order(e host.Elem, x, y uint64) (less, equal bool) {
	switch {
	case e.IsFloat():
		return fromBits(e, x) < fromBits(e, y), fromBits(e, x) == fromBits(e, y)
	case e.Kind() == host.KindInt:
		return int64(x) < int64(y), x == y
	}
	return x < y, x == y
}

func compare(holds func(less, equal bool) bool) laneFunc {
	return func(from, _ host.Elem, a []uint64) uint64 { return boolBits(holds(order(from, a[0], a[1]))) }
}
