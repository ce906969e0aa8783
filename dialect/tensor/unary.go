package tensor

import (
	"math"
	"math/cmplx"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

type float interface{ float32 | float64 }
type integer interface{ int64 | uint64 }
type complexNumber interface{ complex64 | complex128 }
type numeric interface {
	float | integer | complexNumber
}

// Operations of one operand whose result has its type.
var (
	Neg = unary("neg", "The number with the opposite sign; unsigned integers wrap around.", ir.Numbers,
		host.Kernel{I64: negLoop[int64], U64: negLoop[uint64], F32: negLoop[float32], F64: negLoop[float64], C64: negLoop[complex64], C128: negLoop[complex128]},
		`%y = tensor.neg(%x: tensor<3xf32> = [1, -2, inf]) : tensor<3xf32> // [-1, 2, -inf]`)
	Sign = unary("sign", "-1, 0 or 1 by the number's sign; 0 for NaN.", ir.Reals,
		host.Kernel{I64: signInt, U64: signUint, F32: signLoop[float32], F64: signLoop[float64]},
		`%y = tensor.sign(%x: tensor<3xi32> = [-7, 0, 9]) : tensor<3xi32> // [-1, 0, 1]`)
	Ceil = unary("ceil", "The least integer that is not smaller.", ir.Floats,
		host.Kernel{F32: ceilLoop[float32], F64: ceilLoop[float64]},
		`%y = tensor.ceil(%x: tensor<3xf32> = [1.2, -1.2, 2]) : tensor<3xf32> // [2, -1, 2]`)
	Floor = unary("floor", "The greatest integer that is not larger.", ir.Floats,
		host.Kernel{F32: floorLoop[float32], F64: floorLoop[float64]},
		`%y = tensor.floor(%x: tensor<3xf32> = [1.2, -1.2, 2]) : tensor<3xf32> // [1, -2, 2]`)
	Trunc = unary("trunc", "The number without its fraction.", ir.Floats,
		host.Kernel{F32: truncLoop[float32], F64: truncLoop[float64]},
		`%y = tensor.trunc(%x: tensor<3xf32> = [1.7, -1.7, 2]) : tensor<3xf32> // [1, -1, 2]`)
	Round = unary("round", "The nearest integer; halves go to the even one.", ir.Floats,
		host.Kernel{F32: roundLoop[float32], F64: roundLoop[float64]},
		`%y = tensor.round(%x: tensor<4xf32> = [0.5, 1.5, -2.5, 2.6]) : tensor<4xf32> // [0, 2, -2, 3]`)
	Not = unary("not", "Logical not of bools, bitwise not of integers.", ir.IntsBool,
		host.Kernel{Bool: notBool, I64: notLoop[int64], U64: notLoop[uint64]},
		`%y = tensor.not(%x: tensor<2xu8> = [0, 15]) : tensor<2xu8> // [255, 240]`)

	Sqrt = unary("sqrt", "The square root; NaN for negative real numbers.", ir.FloatsComplex,
		withComplex(host.Kernel{F32: sqrtLoop[float32], F64: sqrtLoop[float64]}, cmplx.Sqrt),
		`%y = tensor.sqrt(%x: tensor<3xf32> = [4, 2.25, -1]) : tensor<3xf32> // [2, 1.5, nan]`)
	Rsqrt = unary("rsqrt", "One over the square root.", ir.FloatsComplex,
		withComplex(host.Kernel{F32: rsqrtLoop[float32], F64: rsqrtLoop[float64]}, func(x complex128) complex128 { return 1 / cmplx.Sqrt(x) }),
		`%y = tensor.rsqrt(%x: tensor<3xf32> = [4, 0.25, 0]) : tensor<3xf32> // [0.5, 2, inf]`)
	Sigmoid = unary("sigmoid", "1 / (1 + exp(-x)).", ir.FloatsComplex,
		viaMath(sigmoid, func(x complex128) complex128 { return 1 / (1 + cmplx.Exp(-x)) }),
		`%y = tensor.sigmoid(%x: tensor<3xf32> = [0, inf, -inf]) : tensor<3xf32> // [0.5, 1, 0]`)

	Exp = unary("exp", "e to the power of x.", ir.FloatsComplex, viaMath(math.Exp, cmplx.Exp),
		`%y = tensor.exp(%x: tensor<3xf32> = [0, 1, -inf]) : tensor<3xf32> // [1, 2.7182817, 0]`)
	Exp2 = unary("exp2", "2 to the power of x.", ir.FloatsComplex, viaMath(math.Exp2, func(x complex128) complex128 { return cmplx.Exp(x * math.Ln2) }),
		`%y = tensor.exp2(%x: tensor<3xf32> = [0, 3, -1]) : tensor<3xf32> // [1, 8, 0.5]`)
	Expm1 = unary("expm1", "exp(x) - 1, exact near 0.", ir.FloatsComplex, viaMath(math.Expm1, complexExpm1),
		`%y = tensor.expm1(%x: tensor<3xf32> = [0, 1, 1e-10]) : tensor<3xf32> // [0, 1.7182819, 1e-10]`)
	Log = unary("log", "The natural logarithm.", ir.FloatsComplex, viaMath(math.Log, cmplx.Log),
		`%y = tensor.log(%x: tensor<3xf32> = [1, 2, 0]) : tensor<3xf32> // [0, 0.6931472, -inf]`)
	Log1p = unary("log1p", "log(1 + x), exact near 0.", ir.FloatsComplex, viaMath(math.Log1p, complexLog1p),
		`%y = tensor.log1p(%x: tensor<3xf32> = [0, 1, 1e-10]) : tensor<3xf32> // [0, 0.6931472, 1e-10]`)
	Log2 = unary("log2", "The logarithm to base 2.", ir.FloatsComplex, viaMath(math.Log2, func(x complex128) complex128 { return cmplx.Log(x) / math.Ln2 }),
		`%y = tensor.log2(%x: tensor<2xf32> = [8, 0.5]) : tensor<2xf32> // [3, -1]`)
	Log10 = unary("log10", "The logarithm to base 10.", ir.FloatsComplex, viaMath(math.Log10, cmplx.Log10),
		`%y = tensor.log10(%x: tensor<2xf32> = [1000, 0.1]) : tensor<2xf32> // [3, -1]`)

	Sin = unary("sin", "The sine.", ir.FloatsComplex, viaMath(math.Sin, cmplx.Sin),
		`%y = tensor.sin(%x: tensor<2xf32> = [0, 0.5]) : tensor<2xf32> // [0, 0.47942555]`)
	Cos = unary("cos", "The cosine.", ir.FloatsComplex, viaMath(math.Cos, cmplx.Cos),
		`%y = tensor.cos(%x: tensor<2xf32> = [0, 0.5]) : tensor<2xf32> // [1, 0.87758255]`)
	Tan = unary("tan", "The tangent.", ir.FloatsComplex, viaMath(math.Tan, cmplx.Tan),
		`%y = tensor.tan(%x: tensor<2xf32> = [0, 0.5]) : tensor<2xf32> // [0, 0.5463025]`)
	Asin = unary("asin", "The arc sine; NaN outside -1..1.", ir.FloatsComplex, viaMath(math.Asin, cmplx.Asin),
		`%y = tensor.asin(%x: tensor<3xf32> = [0, 0.5, 2]) : tensor<3xf32> // [0, 0.5235988, nan]`)
	Acos = unary("acos", "The arc cosine; NaN outside -1..1.", ir.FloatsComplex, viaMath(math.Acos, cmplx.Acos),
		`%y = tensor.acos(%x: tensor<2xf32> = [1, 0.5]) : tensor<2xf32> // [0, 1.0471976]`)
	Atan = unary("atan", "The arc tangent.", ir.FloatsComplex, viaMath(math.Atan, cmplx.Atan),
		`%y = tensor.atan(%x: tensor<2xf32> = [0, 1]) : tensor<2xf32> // [0, 0.7853982]`)
	Sinh = unary("sinh", "The hyperbolic sine.", ir.FloatsComplex, viaMath(math.Sinh, cmplx.Sinh),
		`%y = tensor.sinh(%x: tensor<2xf32> = [0, 1]) : tensor<2xf32> // [0, 1.1752012]`)
	Cosh = unary("cosh", "The hyperbolic cosine.", ir.FloatsComplex, viaMath(math.Cosh, cmplx.Cosh),
		`%y = tensor.cosh(%x: tensor<2xf32> = [0, 1]) : tensor<2xf32> // [1, 1.5430807]`)
	Tanh = unary("tanh", "The hyperbolic tangent.", ir.FloatsComplex, viaMath(math.Tanh, cmplx.Tanh),
		`%y = tensor.tanh(%x: tensor<3xf32> = [0, 0.5, inf]) : tensor<3xf32> // [0, 0.46211717, 1]`)
	Asinh = unary("asinh", "The inverse of sinh.", ir.FloatsComplex, viaMath(math.Asinh, cmplx.Asinh),
		`%y = tensor.asinh(%x: tensor<2xf32> = [0, 1]) : tensor<2xf32> // [0, 0.8813736]`)
	Acosh = unary("acosh", "The inverse of cosh; NaN below 1.", ir.FloatsComplex, viaMath(math.Acosh, cmplx.Acosh),
		`%y = tensor.acosh(%x: tensor<3xf32> = [1, 2, 0]) : tensor<3xf32> // [0, 1.316958, nan]`)
	Atanh = unary("atanh", "The inverse of tanh; NaN outside -1..1.", ir.FloatsComplex, viaMath(math.Atanh, cmplx.Atanh),
		`%y = tensor.atanh(%x: tensor<3xf32> = [0, 0.5, 1]) : tensor<3xf32> // [0, 0.54930615, inf]`)

	Erf = unary("erf", "The error function.", ir.Floats, viaMath(math.Erf, nil),
		`%y = tensor.erf(%x: tensor<3xf32> = [0, 0.5, inf]) : tensor<3xf32> // [0, 0.5204999, 1]`)
	Erfc = unary("erfc", "1 - erf(x), exact for large x.", ir.Floats, viaMath(math.Erfc, nil),
		`%y = tensor.erfc(%x: tensor<2xf32> = [0.5, 3]) : tensor<2xf32> // [0.4795001, 2.209049e-05]`)
	Erfinv = unary("erfinv", "The inverse of erf; NaN outside -1..1.", ir.Floats, viaMath(math.Erfinv, nil),
		`%y = tensor.erfinv(%x: tensor<3xf32> = [0, 0.5, 1]) : tensor<3xf32> // [0, 0.47693628, inf]`)
	Erfcx = unary("erfcx", "exp(x*x) * erfc(x), without overflow for large x.", ir.Floats, viaMath(erfcx, nil),
		`%y = tensor.erfcx(%x: tensor<3xf32> = [0, 1, 50]) : tensor<3xf32> // [1, 0.42758358, 0.011281536]`)
	Lgamma = unary("lgamma", "The logarithm of the absolute value of the gamma function.", ir.Floats, viaMath(lgamma, nil),
		`%y = tensor.lgamma(%x: tensor<3xf32> = [1, 4, -inf]) : tensor<3xf32> // [0, 1.7917595, inf]`)
	Digamma = unary("digamma", "The derivative of the logarithm of the gamma function; NaN for negative integers.", ir.Floats, viaMath(digamma, nil),
		`%y = tensor.digamma(%x: tensor<4xf32> = [1, 0.25, -1, 0]) : tensor<4xf32> // [-0.5772157, -4.227454, nan, -inf]`)
)

var unaryOps = []*ir.OpDef{Neg, Abs, Sign, Ceil, Floor, Trunc, Round, Sqrt, Rsqrt, Exp, Exp2, Expm1, Log, Log1p, Log2, Log10,
	Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh, Erf, Erfc, Erfinv, Erfcx, Lgamma, Digamma, Sigmoid,
	Not, IsNaN, IsInf}

func withComplex(k host.Kernel, f func(complex128) complex128) host.Kernel {
	slow := viaMath(nil, f)
	k.C64, k.C128 = slow.C64, slow.C128
	return k
}

func negLoop[T numeric](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = -x
	}
}

func signLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		switch {
		case x > 0:
			dst[i] = 1
		case x < 0:
			dst[i] = -1
		default:
			dst[i] = 0
		}
	}
}

func signInt(dst []int64, src [][]int64) {
	for i, x := range src[0] {
		dst[i] = x>>63 | int64(uint64(-x)>>63)
	}
}

func signUint(dst []uint64, src [][]uint64) {
	for i, x := range src[0] {
		dst[i] = min(x, 1)
	}
}

func absLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.Abs(float64(x)))
	}
}

func absInt(dst []int64, src [][]int64) {
	for i, x := range src[0] {
		dst[i] = max(x, -x)
	}
}

func absUint(dst []uint64, src [][]uint64) { copy(dst, src[0]) }

func ceilLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.Ceil(float64(x)))
	}
}

func floorLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.Floor(float64(x)))
	}
}

func truncLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.Trunc(float64(x)))
	}
}

func roundLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.RoundToEven(float64(x)))
	}
}

func sqrtLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(math.Sqrt(float64(x)))
	}
}

func rsqrtLoop[T float](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = T(1 / math.Sqrt(float64(x)))
	}
}

func notBool(dst []bool, src [][]bool) {
	for i, x := range src[0] {
		dst[i] = !x
	}
}

func notLoop[T integer](dst []T, src [][]T) {
	for i, x := range src[0] {
		dst[i] = ^x
	}
}
