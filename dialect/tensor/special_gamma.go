package tensor

import (
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Functions around the gamma function, beside lgamma and digamma.
var (
	Trigamma = unary("trigamma", "The derivative of digamma.", ir.Floats,
		host.Kernel{F32: trigammaLoop[float32], F64: trigammaLoop[float64]},
		`%y = tensor.trigamma(%x: tensor<3xf32> = [1, 0.25, 0]) : tensor<3xf32> // [1.644934, 17.197329, inf]`)
	Zeta = binary("zeta", "The Hurwitz zeta function, the sum over k = 0, 1, ... of (b + k) to the power of -a. NaN for a below 1, and for b below 0 where a is not an integer.",
		ir.Floats, 0, viaMath2(zeta),
		`%y = tensor.zeta(%a: tensor<3xf32> = [2, 3, 2], %b: tensor<3xf32> = [1, 2.5, -0.5]) : tensor<3xf32> // [1.644934, 0.11810203, 8.934802]`)
	Gammainc = binary("gammainc", "The regularized lower incomplete gamma function, the integral of t^(a-1) exp(-t) from 0 to b over that from 0 to infinity.",
		ir.Floats, 0, viaMath2(func(a, x float64) float64 { lower, _ := incompleteGamma(a, x); return lower }),
		`%y = tensor.gammainc(%a: tensor<3xf32> = [1, 2.5, 0], %b: tensor<3xf32> = [1, 4, 1]) : tensor<3xf32> // [0.63212055, 0.84376437, 1]`)
	Gammaincc = binary("gammaincc", "The regularized upper incomplete gamma function, 1 - gammainc(a, b), exact where that is near 1.",
		ir.Floats, 0, viaMath2(func(a, x float64) float64 { _, upper := incompleteGamma(a, x); return upper }),
		`%y = tensor.gammaincc(%a: tensor<3xf32> = [1, 2.5, 1], %b: tensor<3xf32> = [1, 4, 50]) : tensor<3xf32> // [0.36787945, 0.15623562, 1.9287499e-22]`)
)

var gammaOps = []*ir.OpDef{Trigamma, Zeta, Gammainc, Gammaincc}

// trigammaLoop follows PyTorch's trigamma in its precision: at negative integers, where the function is infinite, the result
// is what the rounded pi leaves of the sine.
func trigammaLoop[T float](dst []T, src [][]T) {
	const pi = math.Pi
	for i, x := range src[0] {
		var sum T
		reflected := x < 0.5
		if reflected {
			sine := T(math.Sin(float64(pi * x)))
			sum = -(T(pi) * T(pi)) / (sine * sine)
			x = 1 - x
		}
		for range 6 {
			sum += 1 / (x * x)
			x++
		}
		z := 1 / (x * x)
		sum += (1 + 1/(2*x) + z*(1./6-z*(1./30-z*(1./42)))) / x
		if reflected {
			sum = -sum
		}
		dst[i] = sum
	}
}

// zeta sums nine terms and adds the Euler-Maclaurin formula for the rest, as Cephes' zeta does and PyTorch after it. For
// negative q, the terms below 0 are a difference of two such sums of their magnitudes.
func zeta(x, q float64) float64 {
	const eps = 0x1p-53
	below := math.Floor(q)
	switch {
	case x < 1:
		return math.NaN()
	case x == 1, q <= 0 && q == below, q < 0 && math.IsInf(x, 1):
		return math.Inf(1)
	case q < 0 && x != math.Floor(x):
		return math.NaN()
	case q < 0:
		negative, beyond := zeta(x, below+1-q), zeta(x, 1-q)
		if math.Mod(x, 2) == 1 {
			negative, beyond = -negative, -beyond
		}
		return zeta(x, q-below) + negative - beyond
	}
	a, sum, term := q, math.Pow(q, -x), 0.0
	for i := 0; i < 9 || a <= 9; i++ {
		a++
		term = math.Pow(a, -x)
		sum += term
		if -eps*sum < term && term < eps*sum {
			return sum
		}
	}
	sum += term*a/(x-1) - term/2
	factor := 1.0
	for i, c := range zetaSeries {
		k := float64(2 * i)
		factor *= x + k
		term /= a
		part := factor * term / c
		sum += part
		if math.Abs(part/sum) < eps {
			break
		}
		factor *= x + k + 1
		term /= a
	}
	return sum
}

// zetaSeries holds (2k)! over the Bernoulli number 2k, for k = 1, 2, ...; from Cephes.
var zetaSeries = [...]float64{12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
	1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18}

// incompleteGamma gives the regularized lower and upper incomplete gamma functions, whose sum is 1. The smaller one is
// computed; formulas are those of the Digital Library of Mathematical Functions, edge values those of PyTorch.
func incompleteGamma(a, x float64) (lower, upper float64) {
	switch {
	case a < 0 || x < 0, a == 0 && !(x > 0), math.IsInf(a, 1) && math.IsInf(x, 1):
		return math.NaN(), math.NaN()
	case x == 0 || math.IsInf(a, 1):
		return 0, 1
	case a == 0 || math.IsInf(x, 1):
		return 1, 0
	case a != a || x != x:
		return math.NaN(), math.NaN()
	case a > 1e5 && math.Abs(x-a) < 0.1*a:
		return gammaUniform(a, x)
	case x > 1.1 && x >= a:
		upper = gammaFraction(a, x)
		return 1 - upper, upper
	}
	lower = gammaSeries(a, x)
	if lower > 0.9 { // then a and x are small
		return lower, gammaRest(a, x)
	}
	return lower, 1 - lower
}

const gammaTerms = 10000 // suffice up to a = 1e5

// gammaSeries is the lower function by DLMF 8.11.4.
func gammaSeries(a, x float64) float64 {
	term, sum := 1.0, 1.0
	for n := 1.0; n < gammaTerms && term > 0x1p-53*sum; n++ {
		term *= x / (a + n)
		sum += term
	}
	return math.Exp(a*math.Log(x)-x-lgamma(a+1)) * sum
}

// gammaRest is the upper function for small a and x by DLMF 8.7.3.
func gammaRest(a, x float64) float64 {
	power, sum := 1.0, 0.0
	for n := 1.0; n < 50; n++ {
		power *= -x / n
		sum += power / (a + n)
	}
	log := a * math.Log(x)
	return -math.Expm1(log-lgamma(a+1)) - math.Exp(log-lgamma(a))*sum
}

// gammaFraction is the upper function by the continued fraction DLMF 8.9.2, evaluated by Lentz's method.
func gammaFraction(a, x float64) float64 {
	b := x + 1 - a
	c, d := math.Inf(1), 1/b
	value := d
	for n := 1.0; n < gammaTerms; n++ {
		numerator := n * (a - n)
		b += 2
		d = 1 / (b + numerator*d)
		c = b + numerator/c
		value *= c * d
		if math.Abs(c*d-1) < 0x1p-52 {
			break
		}
	}
	return math.Exp(a*math.Log(x)-x-lgamma(a)) * value
}

// gammaUniform gives both functions for large a near x by DLMF 8.12.3, of whose series one term suffices.
func gammaUniform(a, x float64) (lower, upper float64) {
	mu := (x - a) / a
	eta := mu * (1 - mu/3 + mu*mu*7/36)
	c0 := -1./3 + mu/12
	if math.Abs(mu) > 1e-4 {
		eta = math.Copysign(math.Sqrt(2*(mu-math.Log1p(mu))), mu)
		c0 = 1/mu - 1/eta
	}
	rest := math.Exp(-a*eta*eta/2) / math.Sqrt(2*math.Pi*a) * c0
	at := eta * math.Sqrt(a/2)
	return math.Erfc(-at)/2 - rest, math.Erfc(at)/2 + rest
}
