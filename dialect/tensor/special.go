package tensor

import (
	"math"
	"math/cmplx"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// Functions of statistics, and the parts of a number.
var (
	Ndtri = unary("ndtri", "The inverse of the normal distribution: the number below which a part x of it lies; NaN outside 0..1.",
		ir.Floats, viaMath(ndtri, nil),
		`%y = tensor.ndtri(%x: tensor<4xf32> = [0, 0.5, 0.025, 2]) : tensor<4xf32> // [-inf, 0, -1.959964, nan]`)
	Mantissa = unary("mantissa", "The m of x = m * 2^e, with m from 0.5 up to but not 1 in magnitude; x itself where it is 0 or not finite.",
		ir.Floats, viaMath(func(x float64) float64 { m, _ := math.Frexp(x); return m }, nil),
		`%y = tensor.mantissa(%x: tensor<4xf32> = [12, -0.25, 0, inf]) : tensor<4xf32> // [0.75, -0.5, 0, inf]`)
	Exponent = unary("exponent", "The integer e of x = m * 2^e that goes with mantissa; 0 where x is 0 or not finite.",
		ir.Floats, viaMath(func(x float64) float64 { _, e := math.Frexp(x); return float64(e) }, nil),
		`%y = tensor.exponent(%x: tensor<4xf32> = [12, -0.25, 0, inf]) : tensor<4xf32> // [4, -1, 0, 0]`)
)

var specialOps = slices.Concat([]*ir.OpDef{Ndtri, Mantissa, Exponent}, gammaOps, besselOps, polynomialOps)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// lgamma differs from Go's at -inf, where C's gives +inf.
func lgamma(x float64) float64 {
	if math.IsInf(x, -1) {
		return math.Inf(1)
	}
	v, _ := math.Lgamma(x)
	return v
}

// digamma follows PyTorch's calc_digamma: reflection below 0, recurrence up to 10, then the asymptotic series of Cephes.
func digamma(x float64) float64 {
	const atTen = 2.25175258906672110764
	if x == 0 {
		return math.Copysign(math.Inf(1), -x)
	}
	result := 0.0
	if x < 0 {
		whole, fraction := math.Modf(x)
		if whole == x {
			return math.NaN()
		}
		result = -math.Pi / math.Tan(math.Pi*fraction)
		x = 1 - x
	}
	for x < 10 {
		result -= 1 / x
		x++
	}
	if x == 10 {
		return result + atTen
	}
	series := 0.0
	if x < 1e17 {
		z := 1 / (x * x)
		p := 8.33333333333333333333e-2
		for _, a := range [...]float64{-2.10927960927960927961e-2, 7.57575757575757575758e-3, -4.16666666666666666667e-3,
			3.96825396825396825397e-3, -8.33333333333333333333e-3, 8.33333333333333333333e-2} {
			p = p*z + a
		}
		series = z * p
	}
	return result + math.Log(x) - 0.5/x - series
}

// erfcx is exp(x*x)*erfc(x): as written for small x, by its asymptotic series for large x, where erfc vanishes.
func erfcx(x float64) float64 {
	switch {
	case x < -26.7:
		return math.Inf(1)
	case x < 10:
		square := x * x
		rest := math.FMA(x, x, -square) // what the product lost; exp would magnify it
		return math.Exp(square) * (1 + rest) * math.Erfc(x)
	}
	sum, term := 1.0, 1.0
	for k := 1.0; k <= 12; k++ {
		term *= -(2*k - 1) / (2 * x * x)
		sum += term
	}
	return sum / (x * math.Sqrt(math.Pi))
}

// ndtri solves for the logarithm of the distribution by Newton's method, which comes to the root from below: that function is
// concave, and its derivative and itself are functions of erfcx, which does not underflow.
func ndtri(p float64) float64 {
	switch {
	case p == 0:
		return math.Inf(-1)
	case p == 1:
		return math.Inf(1)
	case !(p > 0 && p < 1):
		return math.NaN()
	case p > 0.5:
		return -ndtri(1 - p)
	}
	want := math.Log(p)
	x := -math.Sqrt(-2 * want)
	for range 8 {
		t := -x / math.Sqrt2
		half := erfcx(t) / 2
		x += (want + t*t - math.Log(half)) * half * math.Sqrt(2*math.Pi)
	}
	return x
}

// complexExpm1 is exp(x)-1 without cancellation near 0: exp(a)cos(b)-1 = expm1(a)cos(b) - 2 sin(b/2)^2.
func complexExpm1(x complex128) complex128 {
	a, b := real(x), imag(x)
	half := math.Sin(b / 2)
	return complex(math.Expm1(a)*math.Cos(b)-2*half*half, math.Exp(a)*math.Sin(b))
}

// complexLog1p is log(1+x) without cancellation near 0: |1+x|^2 - 1 = a(2+a) + b^2.
func complexLog1p(x complex128) complex128 {
	a, b := real(x), imag(x)
	if math.Abs(a) > 0.5 || math.Abs(b) > 0.5 {
		return cmplx.Log(1 + x)
	}
	return complex(0.5*math.Log1p(a*(2+a)+b*b), math.Atan2(b, 1+a))
}

// floorDiv is PyTorch's div_floor_floating.
func floorDiv(a, b float64) float64 {
	if b == 0 {
		return a / b
	}
	mod := math.Mod(a, b)
	div := (a - mod) / b
	if mod != 0 && (b < 0) != (mod < 0) {
		div--
	}
	if div == 0 {
		return math.Copysign(0, a/b)
	}
	down := math.Floor(div)
	if div-down > 0.5 {
		down++
	}
	return down
}

// remainder has the divisor's sign, as Python's %.
func remainder(a, b float64) float64 {
	mod := math.Mod(a, b)
	if mod != 0 && (b < 0) != (mod < 0) {
		mod += b
	}
	return mod
}

// power takes the short ways that models use most.
func power(x, y float64) float64 {
	switch y {
	case 2:
		return x * x
	case 3:
		return x * x * x
	case 1:
		return x
	case -1:
		return 1 / x
	}
	return math.Pow(x, y)
}

// powInt is x to the power of y; of negative powers only those of 1 and -1 are not 0.
func powInt(x, y int64) int64 {
	if y < 0 {
		switch {
		case x == 1:
			return 1
		case x == -1 && y%2 == 0:
			return 1
		case x == -1:
			return -1
		}
		return 0
	}
	return int64(powUint(uint64(x), uint64(y)))
}

func powUint(x, y uint64) uint64 {
	result := uint64(1)
	for ; y > 0; y >>= 1 {
		if y&1 == 1 {
			result *= x
		}
		x *= x
	}
	return result
}

// nextBits steps from x towards y in a sign-and-magnitude float format of 16 bits; NaN is for the caller.
func nextBits(x, y uint16) uint16 {
	const sign = 0x8000
	order := func(b uint16) int {
		if b&sign != 0 {
			return -int(b &^ sign)
		}
		return int(b)
	}
	from, to := order(x), order(y)
	switch {
	case from == to:
		return y
	case from < to:
		from++
	default:
		from--
	}
	if from < 0 {
		return sign | uint16(-from)
	}
	return uint16(from)
}
