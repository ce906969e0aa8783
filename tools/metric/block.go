package metric

import "math"

// floats takes a block of numbers.
func floats[T float32 | float64](m *meter, at int, tested, reference []T) {
	if block(m, at, tested, reference) {
		return
	}
	for i := range reference {
		t, r := float64(tested[i]), float64(reference[i])
		if t-t == 0 && r-r == 0 { // both are finite
			m.pair(at+i, t, r, math.Abs(t-r))
		} else {
			m.odd(at+i, kind(t), kind(r))
		}
	}
}

// block takes a block of numbers that are all finite, with all sums in registers and no branch that is hard to foresee: it is most of what a comparison
// costs beside the runs. It does nothing and gives false where a number is not finite, or a sum of squares is beyond float64.
func block[T float32 | float64](m *meter, at int, tested, reference []T) bool {
	var signal, own, dot, noise, peak, most float64
	var differ, both, either, worst int
	tested = tested[:len(reference)]
	for i := range reference {
		t, r := float64(tested[i]), float64(reference[i])
		d := t - r
		signal += r * r
		own += t * t
		dot += t * r
		noise += d * d
		if size := math.Abs(d); size > most {
			most, worst = size, i
		}
		if size := math.Abs(r); size > peak {
			peak = size
		}
		x, y, z := 0, 0, 0
		if t != r {
			x = 1
		}
		if t > 0.5 {
			y = 1
		}
		if r > 0.5 {
			z = 1
		}
		differ += x
		both += y & z
		either += y | z
	}
	if all := signal + own + noise; all-all != 0 {
		return false
	}
	s := &m.scores
	s.Finite += len(reference)
	s.Signal += signal
	s.Tested += own
	s.Dot += dot
	s.Noise += noise
	s.Peak = max(s.Peak, peak)
	s.Mismatches += differ
	s.Both += both
	s.Either += either
	if most > s.MaxAbs {
		s.MaxAbs, m.worst = most, at+worst
	}
	return true
}
