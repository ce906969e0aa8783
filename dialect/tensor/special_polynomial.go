package tensor

import (
	"math"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Orthogonal polynomials of degree b at a. They follow the recurrences of PyTorch's Math.h, in the operands' precision: where
// these overflow or lose digits, PyTorch's results show it.
var (
	ChebyshevT = chebyshev("t", 1, 0, func(n, angle float64) float64 { return math.Cos(n * angle) },
		`%y = tensor.chebyshev_t(%a: tensor<3xf32> = [0.5, 2, 0.5], %b: tensor<3xf32> = [2, 3, 9]) : tensor<3xf32> // [-0.5, 26, -1]`)
	ChebyshevU = chebyshev("u", 2, 0, func(n, angle float64) float64 { return math.Sin((n+1)*angle) / math.Sin(angle) },
		`%y = tensor.chebyshev_u(%a: tensor<3xf32> = [0.5, 2, 0.5], %b: tensor<3xf32> = [1, 3, 9]) : tensor<3xf32> // [1, 56, -1]`)
	ChebyshevV = chebyshev("v", 2, -1, func(n, angle float64) float64 { return math.Cos((n+0.5)*angle) / math.Cos(angle/2) },
		`%y = tensor.chebyshev_v(%a: tensor<3xf32> = [0.5, 2, 0.5], %b: tensor<3xf32> = [2, 3, 9]) : tensor<3xf32> // [-1, 41, -1]`)
	ChebyshevW = chebyshev("w", 2, 1, func(n, angle float64) float64 { return math.Sin((n+0.5)*angle) / math.Sin(angle/2) },
		`%y = tensor.chebyshev_w(%a: tensor<3xf32> = [0.5, 2, 0.5], %b: tensor<3xf32> = [1, 3, 9]) : tensor<3xf32> // [2, 71, -1]`)
	HermiteH = polynomial("hermite_h", "The physicists' Hermite polynomial of degree b at a; NaN for degrees above 512, in f32 above 128.",
		host.Kernel{F32: threeTerm[float32]{2, 0, hermiteH[float32], 128, nil}.loop, F64: threeTerm[float64]{2, 0, hermiteH[float64], 512, nil}.loop},
		`%y = tensor.hermite_h(%a: tensor<3xf32> = [1, 2, 0.5], %b: tensor<3xf32> = [1, 2, 3]) : tensor<3xf32> // [2, 14, -5]`)
	HermiteHe = polynomial("hermite_he", "The probabilists' Hermite polynomial of degree b at a; NaN for degrees above 512, in f32 above 128.",
		host.Kernel{F32: threeTerm[float32]{1, 0, hermiteHe[float32], 128, nil}.loop, F64: threeTerm[float64]{1, 0, hermiteHe[float64], 512, nil}.loop},
		`%y = tensor.hermite_he(%a: tensor<3xf32> = [1, 2, 3], %b: tensor<3xf32> = [1, 2, 3]) : tensor<3xf32> // [1, 3, 18]`)
	LaguerreL = polynomial("laguerre_l", "The Laguerre polynomial of degree b at a; NaN for degrees above 2^20.",
		host.Kernel{F32: threeTerm[float32]{-1, 1, laguerre[float32], highest, nil}.loop, F64: threeTerm[float64]{-1, 1, laguerre[float64], highest, nil}.loop},
		`%y = tensor.laguerre_l(%a: tensor<3xf32> = [3, 2, 0], %b: tensor<3xf32> = [1, 2, 5]) : tensor<3xf32> // [-2, -1, 1]`)
	LegendreP = polynomial("legendre_p", "The Legendre polynomial of degree b at a; NaN for degrees above 2^20.",
		host.Kernel{F32: threeTerm[float32]{1, 0, legendre[float32], highest, nil}.loop, F64: threeTerm[float64]{1, 0, legendre[float64], highest, nil}.loop},
		`%y = tensor.legendre_p(%a: tensor<3xf32> = [0.5, 2, -1], %b: tensor<3xf32> = [2, 2, 5]) : tensor<3xf32> // [-0.125, 5.5, -1]`)
)

var polynomialOps = []*ir.OpDef{ChebyshevT, ChebyshevU, ChebyshevV, ChebyshevW, HermiteH, HermiteHe, LaguerreL, LegendreP}

// highest bounds the time that one number can take where PyTorch has no bound.
const highest = 1 << 20

func polynomial(name, doc string, k host.Kernel, example string) *ir.OpDef {
	return binary(name, doc+" Degrees are whole numbers: a fraction is cut off; below 0 the result is 0.", ir.Floats, 0, k, example)
}

func chebyshev(kind string, slope, offset float64, closed func(n, angle float64) float64, example string) *ir.OpDef {
	doc := "The Chebyshev polynomial of the kind " + kind + " of degree b at a; outside -1..1 NaN for degrees above 2^20."
	return polynomial("chebyshev_"+kind, doc, host.Kernel{
		F32: threeTerm[float32]{float32(slope), float32(offset), chebyshevStep[float32], highest, closed}.loop,
		F64: threeTerm[float64]{slope, offset, chebyshevStep[float64], highest, closed}.loop,
	}, example)
}

// threeTerm is a family of polynomials, each given by the two before it.
type threeTerm[T float] struct {
	slope, offset T                              // degree 1 is slope*x + offset
	step          func(k, x, q, p T) T           // degree k+1 of degrees k (q) and k-1 (p)
	limit         int64                          // of the degree
	closed        func(n, angle float64) float64 // of acos(x), for higher degrees between -1 and 1; or nil
}

func (f threeTerm[T]) loop(dst []T, src [][]T) {
	a, b := src[0], src[1]
	for i, x := range a {
		dst[i] = f.at(x, b[i])
	}
}

func (f threeTerm[T]) at(x, degree T) T {
	n := int64(-1)
	if math.Abs(float64(degree)) < 1<<62 {
		n = int64(degree)
	}
	switch {
	case n < 0:
		return 0
	case n == 0:
		return 1
	case n > 6 && f.closed != nil && -1 < x && x < 1:
		return T(f.closed(float64(n), math.Acos(float64(x))))
	case n > f.limit:
		return T(math.NaN())
	}
	p, q := T(1), f.slope*x+f.offset
	for k := int64(1); k < n && q == q; k++ {
		p, q = q, f.step(T(k), x, q, p)
	}
	return q
}

func chebyshevStep[T float](_, x, q, p T) T { return (x+x)*q - p }
func hermiteH[T float](k, x, q, p T) T      { return (x+x)*q - (k+k)*p }
func hermiteHe[T float](k, x, q, p T) T     { return x*q - k*p }
func laguerre[T float](k, x, q, p T) T      { return ((k+k+(1-x))*q - k*p) / (k + 1) }
func legendre[T float](k, x, q, p T) T      { return ((k+k+1)*x*q - k*p) / (k + 1) }
