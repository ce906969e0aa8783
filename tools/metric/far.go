package metric

import (
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// units are powers of two by which elements were divided before they were squared: squares of float64 numbers are beyond float64 where
// those are beyond 1e154, as masks are, and vanish below 1e-162.
type units struct {
	tested, reference, diff int     // exponents; 0 for nearly all tensors
	peak, most              float64 // max |r| and max |t-r| in these units
}

// tooSmall is a sum of squares some of which may have vanished.
const tooSmall = 1e-280

// far reports sums that float64 is too short for.
func (s *Scores) far() bool {
	sums := s.Signal + s.Tested + s.Noise + s.Dot
	return sums-sums != 0 || s.MaxAbs > 0 && s.Noise < tooSmall || s.Peak > 0 && s.Signal < tooSmall ||
		s.Tested < tooSmall && (s.Peak > 0 || s.MaxAbs > 0)
}

// remeasure computes the sums again, in units of the largest elements.
func (s *Scores) remeasure(tested, reference *host.Tensor) error {
	var largest [3]float64 // of tested, reference, difference
	see := func(k int, x float64) { largest[k] = max(largest[k], math.Abs(x)) }
	err := parts(tested, reference, func(t, r [2]float64) {
		for i := range t {
			see(0, t[i])
			see(1, r[i])
			see(2, t[i]-r[i])
		}
	})
	if err != nil {
		return err
	}
	largest[2] = min(largest[2], math.MaxFloat64) // the difference of two numbers may be beyond float64
	for k, to := range [3]*int{&s.units.tested, &s.units.reference, &s.units.diff} {
		_, *to = math.Frexp(largest[k])
	}
	u := &s.units
	u.peak, u.most = 0, 0
	s.Signal, s.Tested, s.Dot, s.Noise = 0, 0, 0, 0
	return parts(tested, reference, func(t, r [2]float64) {
		var d [2]float64
		for i := range t {
			if d[i] = t[i] - r[i]; math.IsInf(d[i], 0) {
				d[i] = math.Ldexp(t[i]/2-r[i]/2, 1-u.diff)
			} else {
				d[i] = math.Ldexp(d[i], -u.diff)
			}
			t[i], r[i] = math.Ldexp(t[i], -u.tested), math.Ldexp(r[i], -u.reference)
			s.Tested += t[i] * t[i]
			s.Signal += r[i] * r[i]
			s.Dot += t[i] * r[i]
			s.Noise += d[i] * d[i]
		}
		u.peak = max(u.peak, math.Hypot(r[0], r[1]))
		u.most = max(u.most, math.Hypot(d[0], d[1]))
	})
}

// parts calls visit with the real and imaginary parts of each pair that is finite.
func parts(tested, reference *host.Tensor, visit func(t, r [2]float64)) error {
	return host.Pairs(tested, reference, func(_ int, tested, reference []complex128) {
		for i, r := range reference {
			if t := tested[i]; finite(t) && finite(r) {
				visit([2]float64{real(t), imag(t)}, [2]float64{real(r), imag(r)})
			}
		}
	})
}

// powerOf is 10 log10 of x² + epsilon, where x² is given in units of 4 to the exponent.
func powerOf(square float64, exponent int, epsilon float64) float64 {
	if plain := math.Ldexp(square, 2*exponent); !math.IsInf(plain, 0) {
		return 10 * math.Log10(plain+epsilon)
	}
	return 10*math.Log10(square) + decibelsOf(exponent)
}

// decibelsOf is how many dB a power of two of an amplitude is.
func decibelsOf(exponent int) float64 { return 20 * float64(exponent) * math.Log10(2) }
