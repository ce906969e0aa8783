package tensor

import (
	"math"

	"github.com/aiopt/aiopt/ir"
)

// Bessel functions. The modified ones grow or vanish as exp does; they are here without that factor.
var (
	BesselJ0 = unary("bessel_j0", "The Bessel function of the first kind and order 0; NaN for infinities.", ir.Floats, viaMath(besselTail0.first(math.J0), nil),
		`%y = tensor.bessel_j0(%x: tensor<3xf32> = [0, 1, -10]) : tensor<3xf32> // [1, 0.7651977, -0.24593577]`)
	BesselJ1 = unary("bessel_j1", "The Bessel function of the first kind and order 1; NaN for infinities.", ir.Floats, viaMath(besselTail1.first(math.J1), nil),
		`%y = tensor.bessel_j1(%x: tensor<3xf32> = [0, 1, -10]) : tensor<3xf32> // [0, 0.44005058, -0.043472745]`)
	BesselY0 = unary("bessel_y0", "The Bessel function of the second kind and order 0; NaN below 0 and for infinities.", ir.Floats, viaMath(besselTail0.second(math.Y0), nil),
		`%y = tensor.bessel_y0(%x: tensor<3xf32> = [0, 1, 10]) : tensor<3xf32> // [-inf, 0.08825697, 0.055671167]`)
	BesselY1 = unary("bessel_y1", "The Bessel function of the second kind and order 1; NaN below 0 and for infinities.", ir.Floats, viaMath(besselTail1.second(math.Y1), nil),
		`%y = tensor.bessel_y1(%x: tensor<3xf32> = [0, 1, 10]) : tensor<3xf32> // [-inf, -0.78121282, 0.24901542]`)
	BesselI0e = unary("bessel_i0e", "The modified Bessel function of the first kind and order 0, times exp(-|x|).", ir.Floats,
		viaMath(func(x float64) float64 { return besselIe(0, x) }, nil),
		`%y = tensor.bessel_i0e(%x: tensor<3xf32> = [0, -1, 100]) : tensor<3xf32> // [1, 0.4657596, 0.03994438]`)
	BesselI1e = unary("bessel_i1e", "The modified Bessel function of the first kind and order 1, times exp(-|x|).", ir.Floats,
		viaMath(func(x float64) float64 { return besselIe(1, x) }, nil),
		`%y = tensor.bessel_i1e(%x: tensor<3xf32> = [0, -1, 100]) : tensor<3xf32> // [0, -0.20791042, 0.039744156]`)
	BesselK0e = unary("bessel_k0e", "The modified Bessel function of the second kind and order 0, times exp(x); NaN below 0.", ir.Floats,
		viaMath(func(x float64) float64 { return besselKe(0, x) }, nil),
		`%y = tensor.bessel_k0e(%x: tensor<3xf32> = [0, 1, 100]) : tensor<3xf32> // [inf, 1.1444631, 0.12517562]`)
	BesselK1e = unary("bessel_k1e", "The modified Bessel function of the second kind and order 1, times exp(x); NaN below 0.", ir.Floats,
		viaMath(func(x float64) float64 { return besselKe(1, x) }, nil),
		`%y = tensor.bessel_k1e(%x: tensor<3xf32> = [0, 1, 100]) : tensor<3xf32> // [inf, 1.6361535, 0.12579995]`)
	AiryAi = unary("airy_ai", "The Airy function Ai; NaN for infinities.", ir.Floats, viaMath(airyAi, nil),
		`%y = tensor.airy_ai(%x: tensor<4xf32> = [0, 1, -5, 5]) : tensor<4xf32> // [0.35502806, 0.13529242, 0.35076101, 0.00010834443]`)
)

var besselOps = []*ir.OpDef{BesselJ0, BesselJ1, BesselY0, BesselY1, BesselI0e, BesselI1e, BesselK0e, BesselK1e, AiryAi}

// besselTail holds Cephes' approximation of the Bessel functions J and Y of an order for x > 5: rational functions of 25/x^2
// times cosine and sine. As in PyTorch, the polynomial qq lacks Cephes' leading 1: around 5, results are off by up to 1e-6.
type besselTail struct {
	phase          float64
	odd            bool // whether J(-x) is -J(x)
	pp, pq, qp, qq []float64
}

// at gives the parts with cosine and sine, and both of these.
func (b *besselTail) at(x float64) (p, q, cos, sin float64) {
	z := 25 / (x * x)
	scale := math.Sqrt(2 / (math.Pi * x))
	sin, cos = math.Sincos(x - b.phase)
	return scale * horner(b.pp, z) / horner(b.pq, z), scale * 5 / x * horner(b.qp, z) / horner(b.qq, z), cos, sin
}

// first is J, which has the small values given.
func (b *besselTail) first(small func(float64) float64) func(float64) float64 {
	return func(x float64) float64 {
		if !(math.Abs(x) > 5) {
			return small(x)
		}
		p, q, cos, sin := b.at(math.Abs(x))
		if b.odd && x < 0 {
			return q*sin - p*cos
		}
		return p*cos - q*sin
	}
}

// second is Y, which has the small values given.
func (b *besselTail) second(small func(float64) float64) func(float64) float64 {
	return func(x float64) float64 {
		if !(x > 5) {
			return small(x)
		}
		p, q, cos, sin := b.at(x)
		return p*sin + q*cos
	}
}

// besselIe is exp(-|x|) times I of order 0 or 1: its power series (DLMF 10.25.2), for large x its asymptotic one (10.40.1).
func besselIe(order, x float64) float64 {
	size := math.Abs(x)
	sum, term := 1.0, 1.0
	var scale float64
	if size > 40 {
		for k := 1.0; k < 30; k++ {
			term *= -(4*order*order - (2*k-1)*(2*k-1)) / (8 * k * size)
			sum += term
		}
		scale = 1 / math.Sqrt(2*math.Pi*size)
	} else {
		for k := 1.0; term > 0x1p-54*sum; k++ {
			term *= size / 2 * (size / 2) / (k * (k + order))
			sum += term
		}
		scale = math.Pow(size/2, order) * math.Exp(-size)
	}
	if order == 1 && x < 0 {
		scale = -scale
	}
	return scale * sum
}

// besselKe is exp(x) times K of an order up to 1: the integral of exp(x - x cosh t) cosh(order t) from 0 to infinity (DLMF
// 10.32.9) by the trapezoidal rule, which converges at exponential rate here; the steps become shorter as the peak narrows.
func besselKe(order, x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(1)
	case math.IsInf(x, 1):
		return 0
	case !(x > 0):
		return math.NaN()
	}
	step := min(0.2, 0.6/math.Sqrt(x))
	sum := 0.5
	for t := step; ; t += step {
		half := math.Sinh(t / 2)
		fall, grow := 2*x*half*half, order*t
		if fall-grow > 60 {
			return sum * step
		}
		sum += (math.Exp(grow-fall) + math.Exp(-grow-fall)) / 2
	}
}

// airyAi follows Cephes' airy, as PyTorch does: a power series between two rational approximations. As in PyTorch, the
// denominators for negative x lack Cephes' leading 1: around -2.09, results are off by up to 3e-6.
func airyAi(x float64) float64 {
	const overRootPi = 5.64189583547756286948e-01
	root := math.Sqrt(math.Abs(x))
	zeta := 2 * math.Abs(x) * root / 3
	switch {
	case math.IsInf(x, 0):
		return math.NaN()
	case x < -2.09:
		z := 1 / zeta
		f := 1 + z*z*horner(airyFN, z*z)/horner(airyFD, z*z)
		g := z * horner(airyGN, z*z) / horner(airyGD, z*z)
		sin, cos := math.Sincos(zeta + math.Pi/4)
		return overRootPi / math.Sqrt(root) * (sin*f - cos*g)
	case x >= 2.09:
		z := 1 / zeta
		return overRootPi * horner(airyN, z) / horner(airyD, z) / (2 * math.Sqrt(root) * math.Exp(zeta))
	}
	cube := x * x * x
	f, g := 1.0, x
	m, n := 1.0, x
	for k := 3.0; math.Abs(m) > 0x1p-53*math.Abs(f); k += 3 {
		m *= cube / ((k - 1) * k)
		n *= cube / (k * (k + 1))
		f += m
		g += n
	}
	return 0.355028053887817239260*f - 0.258819403792806798405*g
}

// horner is a polynomial, the coefficient of the highest power first.
func horner(coefficients []float64, x float64) float64 {
	sum := 0.0
	for _, c := range coefficients {
		sum = sum*x + c
	}
	return sum
}

// Coefficients of Cephes' airy: n and d are numerator and denominator, f and g the parts with sine and cosine.
var (
	airyN = []float64{3.46538101525629032477e-01, 1.20075952739645805542e+01, 7.62796053615234516538e+01, 1.68089224934630576269e+02,
		1.59756391350164413639e+02, 7.05360906840444183113e+01, 1.40264691163389668864e+01, 9.99999999999999995305e-01}
	airyD = []float64{5.67594532638770212846e-01, 1.47562562584847203173e+01, 8.45138970141474626562e+01, 1.77318088145400459522e+02,
		1.64234692871529701831e+02, 7.14778400825575695274e+01, 1.40959135607834029598e+01, 1.00000000000000000470e+00}
	airyFN = []float64{-1.31696323418331795333e-01, -6.26456544431912369773e-01, -6.93158036036933542233e-01, -2.79779981545119124951e-01,
		-4.91900132609500318020e-02, -4.06265923594885404393e-03, -1.59276496239262096340e-04, -2.77649108155232920844e-06,
		-1.67787698489114633780e-08}
	airyFD = []float64{1.33560420706553243746e+01, 3.26825032795224613948e+01, 2.67367040941499554804e+01, 9.18707402907259625840e+00,
		1.47529146771666414581e+00, 1.15687173795188044134e-01, 4.40291641615211203805e-03, 7.54720348287414296618e-05,
		4.51850092970580378464e-07}
	airyGN = []float64{1.97339932091685679179e-02, 3.91103029615688277255e-01, 1.06579897599595591108e+00, 9.39169229816650230044e-01,
		3.51465656105547619242e-01, 6.33888919628925490927e-02, 5.85804113048388458567e-03, 2.82851600836737019778e-04,
		6.98793669997260967291e-06, 8.11789239554389293311e-08, 3.41551784765923618484e-10}
	airyGD = []float64{9.30892908077441974853e+00, 1.98352928718312140417e+01, 1.55646628932864612953e+01, 5.47686069422975497931e+00,
		9.54293611618961883998e-01, 8.64580826352392193095e-02, 4.12656523824222607191e-03, 1.01259085116509135510e-04,
		1.17166733214413521882e-06, 4.91834570062930015649e-09}
)

// The numbers of Cephes' j0 and j1.
var (
	besselTail0 = besselTail{
		phase: math.Pi / 4,
		pp: []float64{
			7.96936729297347051624e-04, 8.28352392107440799803e-02, 1.23953371646414299388e+00, 5.44725003058768775090e+00,
			8.74716500199817011941e+00, 5.30324038235394892183e+00, 9.99999999999999997821e-01,
		},
		pq: []float64{
			9.24408810558863637013e-04, 8.56288474354474431428e-02, 1.25352743901058953537e+00, 5.47097740330417105182e+00,
			8.76190883237069594232e+00, 5.30605288235394617618e+00, 1.00000000000000000218e+00,
		},
		qp: []float64{
			-1.13663838898469149931e-02, -1.28252718670509318512e+00, -1.95539544257735972385e+01,
			-9.32060152123768231369e+01, -1.77681167980488050595e+02, -1.47077505154951170175e+02,
			-5.14105326766599330220e+01, -6.05014350600728481186e+00,
		},
		qq: []float64{
			6.43178256118178023184e+01, 8.56430025976980587198e+02, 3.88240183605401609683e+03, 7.24046774195652478189e+03,
			5.93072701187316984827e+03, 2.06209331660327847417e+03, 2.42005740240291393179e+02,
		},
	}
	besselTail1 = besselTail{
		phase: 3 * math.Pi / 4,
		odd:   true,
		pp: []float64{
			7.62125616208173112003e-04, 7.31397056940917570436e-02, 1.12719608129684925192e+00, 5.11207951146807644818e+00,
			8.42404590141772420927e+00, 5.21451598682361504063e+00, 1.00000000000000000254e+00,
		},
		pq: []float64{
			5.71323128072548699714e-04, 6.88455908754495404082e-02, 1.10514232634061696926e+00, 5.07386386128601488557e+00,
			8.39985554327604159757e+00, 5.20982848682361821619e+00, 9.99999999999999997461e-01,
		},
		qp: []float64{
			5.10862594750176621635e-02, 4.98213872951233449420e+00, 7.58238284132545283818e+01, 3.66779609360150777800e+02,
			7.10856304998926107277e+02, 5.97489612400613639965e+02, 2.11688757100572135698e+02, 2.52070205858023719784e+01,
		},
		qq: []float64{
			7.42373277035675149943e+01, 1.05644886038262816351e+03, 4.98641058337653607651e+03, 9.56231892404756170795e+03,
			7.99704160447350683650e+03, 2.82619278517639096600e+03, 3.36093607810698293419e+02,
		},
	}
)
