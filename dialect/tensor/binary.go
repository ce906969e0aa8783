package tensor

import (
	"errors"
	"math"
	"math/cmplx"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Operations of two operands whose result has their type.
var (
	Add = binary("add", "a + b; of bools, their or.", ir.AnyElem, ir.Commutative,
		host.Kernel{Bool: orBool, I64: addLoop[int64], U64: addLoop[uint64], F32: addLoop[float32], F64: addLoop[float64], C64: addLoop[complex64], C128: addLoop[complex128]},
		`%y = tensor.add(%a: tensor<2x3xf32> = [0, 1, 2, 3, 4, 5], %b: tensor<3xf32> = [10, 20, 30]) : tensor<2x3xf32> // [10, 21, 32, 13, 24, 35]`)
	Sub = binary("sub", "a - b.", ir.Numbers, 0,
		host.Kernel{I64: subLoop[int64], U64: subLoop[uint64], F32: subLoop[float32], F64: subLoop[float64], C64: subLoop[complex64], C128: subLoop[complex128]},
		`%y = tensor.sub(%a: tensor<3xi8> = [1, 2, -128], %b: tensor<i8> = [1]) : tensor<3xi8> // [0, 1, 127]`)
	Mul = binary("mul", "a * b; of bools, their and.", ir.AnyElem, ir.Commutative,
		host.Kernel{Bool: andBool, I64: mulLoop[int64], U64: mulLoop[uint64], F32: mulLoop[float32], F64: mulLoop[float64], C64: mulLoop[complex64], C128: mulLoop[complex128]},
		`%y = tensor.mul(%a: tensor<2x1xf32> = [2, 3], %b: tensor<2xf32> = [5, 7]) : tensor<2x2xf32> // [10, 14, 15, 21]`)
	Div = binary("div", "a / b, the true quotient; x/0 is infinite or NaN.", ir.FloatsComplex, 0,
		host.Kernel{F32: divLoop[float32], F64: divLoop[float64], C64: divLoop[complex64], C128: divLoop[complex128]},
		`%y = tensor.div(%a: tensor<3xf32> = [1, -1, 0], %b: tensor<3xf32> = [4, 0, 0]) : tensor<3xf32> // [0.25, -inf, nan]`)
	Pow = binary("pow", "a to the power of b. Negative powers of integers are 0, save those of 1 and -1.", ir.Numbers, 0,
		host.Kernel{I64: powLoop, U64: powUintLoop, F32: viaMath2(power).F32, F64: viaMath2(power).F64, C64: powComplex[complex64], C128: powComplex[complex128]},
		`%y = tensor.pow(%a: tensor<4xf32> = [2, 9, -2, 2], %b: tensor<4xf32> = [3, 0.5, 2, -1]) : tensor<4xf32> // [8, 3, 4, 0.5]`)
	Atan2 = binary("atan2", "The angle of the point (b, a) from the positive x axis, between -pi and pi.", ir.Floats, 0, viaMath2(math.Atan2),
		`%y = tensor.atan2(%a: tensor<2xf32> = [1, 0], %b: tensor<2xf32> = [1, -1]) : tensor<2xf32> // [0.7853982, 3.1415927]`)
	Hypot = binary("hypot", "sqrt(a*a + b*b), without overflow.", ir.Floats, ir.Commutative, viaMath2(math.Hypot),
		`%y = tensor.hypot(%a: tensor<2xf32> = [3, 0], %b: tensor<2xf32> = [4, -2]) : tensor<2xf32> // [5, 2]`)
	Copysign = binary("copysign", "The magnitude of a with the sign of b.", ir.Floats, 0, viaMath2(math.Copysign),
		`%y = tensor.copysign(%a: tensor<3xf32> = [1, -2, 3], %b: tensor<3xf32> = [-1, 1, -0.0]) : tensor<3xf32> // [-1, 2, -3]`)

	Min = binary("min", "The smaller one; NaN if one is.", ir.AnyElem, ir.Commutative,
		host.Kernel{Bool: andBool, I64: minLoop[int64], U64: minLoop[uint64], F32: minLoop[float32], F64: minLoop[float64]},
		`%y = tensor.min(%a: tensor<3xf32> = [1, 5, nan], %b: tensor<3xf32> = [2, 3, 4]) : tensor<3xf32> // [1, 3, nan]`)
	Max = binary("max", "The larger one; NaN if one is.", ir.AnyElem, ir.Commutative,
		host.Kernel{Bool: orBool, I64: maxLoop[int64], U64: maxLoop[uint64], F32: maxLoop[float32], F64: maxLoop[float64]},
		`%y = tensor.max(%a: tensor<3xf32> = [1, 5, nan], %b: tensor<3xf32> = [2, 3, 4]) : tensor<3xf32> // [2, 5, nan]`)
	Fmin = binary("fmin", "The smaller one; the other one if one is NaN.", ir.Floats, ir.Commutative,
		host.Kernel{F32: fminLoop[float32], F64: fminLoop[float64]},
		`%y = tensor.fmin(%a: tensor<3xf32> = [1, 5, nan], %b: tensor<3xf32> = [2, nan, 4]) : tensor<3xf32> // [1, 5, 4]`)
	Fmax = binary("fmax", "The larger one; the other one if one is NaN.", ir.Floats, ir.Commutative,
		host.Kernel{F32: fmaxLoop[float32], F64: fmaxLoop[float64]},
		`%y = tensor.fmax(%a: tensor<3xf32> = [1, 5, nan], %b: tensor<3xf32> = [2, nan, 4]) : tensor<3xf32> // [2, 5, 4]`)

	And = binary("and", "Logical and of bools, bitwise and of integers.", ir.IntsBool, ir.Commutative,
		host.Kernel{Bool: andBool, I64: andLoop[int64], U64: andLoop[uint64]},
		`%y = tensor.and(%a: tensor<2xi32> = [12, -1], %b: tensor<2xi32> = [10, 7]) : tensor<2xi32> // [8, 7]`)
	Or = binary("or", "Logical or of bools, bitwise or of integers.", ir.IntsBool, ir.Commutative,
		host.Kernel{Bool: orBool, I64: orLoop[int64], U64: orLoop[uint64]},
		`%y = tensor.or(%a: tensor<2xbool> = [true, false], %b: tensor<bool> = [false]) : tensor<2xbool> // [true, false]`)
	Xor = binary("xor", "Logical exclusive or of bools, bitwise of integers.", ir.IntsBool, ir.Commutative,
		host.Kernel{Bool: xorBool, I64: xorLoop[int64], U64: xorLoop[uint64]},
		`%y = tensor.xor(%a: tensor<2xi32> = [12, 5], %b: tensor<2xi32> = [10, 5]) : tensor<2xi32> // [6, 0]`)
	Shl = binary("shl", "a shifted left by b bits; 0 where b is negative or no smaller than the type's width.", ir.Integers, 0,
		host.Kernel{I64: shlLoop, U64: shlUint},
		`%y = tensor.shl(%a: tensor<3xi8> = [1, 3, 1], %b: tensor<3xi8> = [3, 6, 8]) : tensor<3xi8> // [8, -64, 0]`)
	Shr = binary("shr", "a shifted right by b bits, keeping the sign; a negative or large b leaves nothing but the sign.", ir.Integers, 0,
		host.Kernel{I64: shrLoop, U64: shrUint},
		`%y = tensor.shr(%a: tensor<3xi8> = [16, -16, -1], %b: tensor<3xi8> = [3, 2, 100]) : tensor<3xi8> // [2, -4, -1]`)
	Gcd = binary("gcd", "The greatest common divisor, which is not negative.", ir.Integers, ir.Commutative,
		host.Kernel{I64: gcdLoop, U64: gcdUintLoop},
		`%y = tensor.gcd(%a: tensor<3xi64> = [12, -8, 0], %b: tensor<3xi64> = [18, 12, 5]) : tensor<3xi64> // [6, 4, 5]`)

	FloorDiv = divisor("floor_div", "The quotient rounded down. An integer divided by zero is an error.",
		host.Kernel{I64: floorDivLoop, U64: quoLoop[uint64], F32: viaMath2(floorDiv).F32, F64: viaMath2(floorDiv).F64},
		`%y = tensor.floor_div(%a: tensor<3xi64> = [7, -7, 7], %b: tensor<3xi64> = [2, 2, -2]) : tensor<3xi64> // [3, -4, -4]`)
	TruncDiv = divisor("trunc_div", "The quotient without its fraction. An integer divided by zero is an error.",
		host.Kernel{I64: quoLoop[int64], U64: quoLoop[uint64], F32: truncDivLoop[float32], F64: truncDivLoop[float64]},
		`%y = tensor.trunc_div(%a: tensor<3xi64> = [7, -7, 7], %b: tensor<3xi64> = [2, 2, -2]) : tensor<3xi64> // [3, -3, -3]`)
	Remainder = divisor("remainder", "What floor_div leaves over: it has the sign of b. For integers, b = 0 is an error.",
		host.Kernel{I64: remainderLoop, U64: remLoop[uint64], F32: viaMath2(remainder).F32, F64: viaMath2(remainder).F64},
		`%y = tensor.remainder(%a: tensor<3xi64> = [7, -7, 7], %b: tensor<3xi64> = [3, 3, -3]) : tensor<3xi64> // [1, 2, -2]`)
	Fmod = divisor("fmod", "What trunc_div leaves over: it has the sign of a. For integers, b = 0 is an error.",
		host.Kernel{I64: remLoop[int64], U64: remLoop[uint64], F32: viaMath2(math.Mod).F32, F64: viaMath2(math.Mod).F64},
		`%y = tensor.fmod(%a: tensor<3xf32> = [7, -7, 5.5], %b: tensor<3xf32> = [3, 3, 2]) : tensor<3xf32> // [1, -1, 1.5]`)
)

// Nextafter steps in the operands' own format, so the 16-bit types have a loop of their own.
var Nextafter = &ir.OpDef{
	Name:     "tensor.nextafter",
	Doc:      "The number next to a in the direction of b, in the operands' type.",
	Operands: []ir.Arg{ir.In("a", ir.Floats), ir.In("b", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Floats)},
	Traits:   ir.Elementwise,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if e := op.In(0).Elem; e.Bits() < 16 {
			return nil, op.Errorf("is not defined for %s", e)
		}
		return inferElementwise(nextafterKernel.Has, sameElem)(c, op)
	},
	Eval: evalElementwise(sameElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
		if out.Elem.Bytes() == 2 {
			return nextafter16(c, out, in)
		}
		return host.Map(c.Par(), &nextafterKernel, out, in...)
	}),
	Example: `%y = tensor.nextafter(%a: tensor<2xf16> = [1, 0], %b: tensor<2xf16> = [2, -1]) : tensor<2xf16> // [1.0009766, -6e-08]`,
}

var binaryOps = []*ir.OpDef{Add, Sub, Mul, Div, FloorDiv, TruncDiv, Remainder, Fmod, Pow, Atan2, Min, Max, Fmin, Fmax, And, Or,
	Xor, Shl, Shr, Nextafter, Gcd, Hypot, Copysign}

// divisor makes an operation that integers cannot do with b = 0.
func divisor(name, doc string, k host.Kernel, example string) *ir.OpDef {
	def := binary(name, doc, ir.Reals, 0, k, example)
	divide := def.Eval
	def.Eval = func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		if in[1].Elem.IsInt() && in[0].Len() > 0 && host.HasZero(in[1]) {
			return nil, op.Errorf("%v", errDivision)
		}
		return divide(c, op, in)
	}
	return def
}

var errDivision = errors.New("division by zero")

func addLoop[T numeric](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subLoop[T numeric](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulLoop[T numeric](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func divLoop[T float | complexNumber](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func minLoop[T float | integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = min(a[i], b[i])
	}
}

func maxLoop[T float | integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = max(a[i], b[i])
	}
}

func fminLoop[T float](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i, x := range a {
		if y := b[i]; x != x || y < x {
			x = y
		}
		dst[i] = x
	}
}

func fmaxLoop[T float](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i, x := range a {
		if y := b[i]; x != x || y > x {
			x = y
		}
		dst[i] = x
	}
}

func andBool(dst []bool, src [][]bool) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] && b[i]
	}
}

func orBool(dst []bool, src [][]bool) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] || b[i]
	}
}

func xorBool(dst []bool, src [][]bool) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] != b[i]
	}
}

func andLoop[T integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] & b[i]
	}
}

func orLoop[T integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] | b[i]
	}
}

func xorLoop[T integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] ^ b[i]
	}
}

// Shifts are computed in 64 bits: what a narrow type shifts out is lost at the store.
func shlLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = 0
		if b[i] >= 0 {
			dst[i] = a[i] << uint64(b[i])
		}
	}
}

func shlUint(dst []uint64, src [][]uint64) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] << b[i]
	}
}

func shrLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i := range dst {
		by := uint64(63)
		if b[i] >= 0 {
			by = uint64(b[i])
		}
		dst[i] = a[i] >> by
	}
}

func shrUint(dst []uint64, src [][]uint64) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] >> b[i]
	}
}

func gcdLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i, x := range a {
		y := b[i]
		for y != 0 {
			x, y = y, x%y
		}
		dst[i] = max(x, -x)
	}
}

func gcdUintLoop(dst []uint64, src [][]uint64) {
	a, b := src[0], src[1]
	for i, x := range a {
		y := b[i]
		for y != 0 {
			x, y = y, x%y
		}
		dst[i] = x
	}
}

func powLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = powInt(a[i], b[i])
	}
}

func powUintLoop(dst []uint64, src [][]uint64) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = powUint(a[i], b[i])
	}
}

func powComplex[T complexNumber](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = T(cmplx.Pow(complex128(a[i]), complex128(b[i])))
	}
}

func quoLoop[T integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func remLoop[T integer](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] % b[i]
	}
}

func floorDivLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i, x := range a {
		y := b[i]
		q := x / y
		if x%y != 0 && (x < 0) != (y < 0) {
			q--
		}
		dst[i] = q
	}
}

func remainderLoop(dst []int64, src [][]int64) {
	a, b := src[0], src[1]
	for i, x := range a {
		y := b[i]
		r := x % y
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		dst[i] = r
	}
}

func truncDivLoop[T float](dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = T(math.Trunc(float64(a[i] / b[i])))
	}
}

var nextafterKernel = host.Kernel{F32: nextafter32, F64: viaMath2(math.Nextafter).F64}

func nextafter32(dst []float32, src [][]float32) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = math.Nextafter32(a[i], b[i])
	}
}

// nextafter16 works on the bits of f16 and bf16, which are ordered as the numbers are.
func nextafter16(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
	bits := func(t *host.Tensor) *host.Tensor {
		return &host.Tensor{Elem: host.U16, Shape: t.Shape, Strides: t.Strides, Offset: t.Offset, Data: t.Data}
	}
	infinity := uint64(0x7c00)
	if out.Elem == host.BF16 {
		infinity = 0x7f80
	}
	return host.Apply(c.Par(), func(dst []uint64, src [][]uint64) {
		a, b := src[0], src[1]
		for i, x := range a {
			y := b[i]
			switch {
			case x&0x7fff > infinity:
				dst[i] = x
			case y&0x7fff > infinity:
				dst[i] = y
			default:
				dst[i] = uint64(nextBits(uint16(x), uint16(y)))
			}
		}
	}, bits(out), bits(in[0]), bits(in[1]))
}
