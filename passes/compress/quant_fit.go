package compress

import "math"

// searcher looks for the grid of a block that is best before scale and minimum are rounded.
type searcher struct {
	kind                *gridKind
	x, importance       []float32
	many                bool
	weight, sum, energy float64 // of the numbers: Σw, Σwx and Σwx²
}

// The series of scales that a searcher tries. From manyInBlock numbers on the error changes smoothly with the scale, so
// that wider steps do, and a few worse ones in a row are the end.
const (
	fineStep    = 1.045
	wideStep    = 1.1
	manyInBlock = 128
	worseInRow  = 2
)

// levels are those of a zero point.
func (s *searcher) levels(zero int) (lo, hi float32) {
	g := Grid{Zero: zero, kind: s.kind}
	return g.levels()
}

// symmetric looks for a scale of the sign of most, the greatest magnitude. It tries scales that clip the largest number
// more and more, from one that is 1/first of what covers it, each as good as the codes that it gives can be, until that
// clipping alone costs more than the best one does. Then codes and scale are fitted to each other in turns.
func (s *searcher) symmetric(most float32, zero int, first float32) real {
	lo, hi := s.levels(zero)
	edge := max(-lo, hi)
	best := real{scale: most / edge, zero: zero}
	try := func(inverse float32) bool {
		scale, gain := s.fitScale(inverse, lo, hi)
		if gain <= best.gain {
			return false
		}
		best.scale, best.gain = scale, gain
		return true
	}
	step := float32(fineStep)
	if s.many {
		step = wideStep
	}
	clip := float32(0)
	for f, worse := first, 0; f < 8 && worse < worseInRow; f *= step {
		if clipped := float64(most - most/f); s.importance == nil && f > 1 && clipped*clipped > s.energy-best.gain {
			break
		}
		if try(edge * f / most) {
			clip, worse = f, 0
		} else if s.many && f > 1 {
			worse++
		}
	}
	if best.gain == 0 {
		return best
	}
	if s.many {
		for _, near := range []float32{0.97, 1.03} {
			try(edge * clip * near / most)
		}
	}
	for range 4 {
		if !try(1 / best.scale) {
			break
		}
	}
	return best
}

// sums are over a block: of its weights w, levels k, and distances u of the numbers from a minimum.
type sums struct{ w, k, kk, u, uk float64 }

// fitScale encodes with a scale, whose inverse is given, and gives the scale that is best for these codes and by how much
// the squared error is below that of zeros.
func (s *searcher) fitScale(inverse, lo, hi float32) (scale float32, gain float64) {
	var t sums
	if s.importance == nil && !s.kind.float {
		t.uk, t.kk = sumIntegers(s.x, inverse, lo, hi)
	} else {
		t = s.sums(inverse, 0, lo, hi)
	}
	if t.kk == 0 {
		return 1 / inverse, 0
	}
	return float32(t.uk / t.kk), t.uk * t.uk / t.kk
}

// fitLine is fitScale with a minimum; the gain is over the best single number.
func (s *searcher) fitLine(inverse, low, hi float32) (scale, fitted float32, gain float64) {
	if s.weight == 0 {
		return 1 / inverse, low, 0
	}
	t := s.sums(inverse, low, 0, hi)
	t.w = s.weight
	t.u = s.sum - float64(low)*s.weight
	kk, uk := t.kk-t.k*t.k/t.w, t.uk-t.u*t.k/t.w
	if !(kk > 1e-9*t.kk) {
		return 1 / inverse, low, 0
	}
	a := uk / kk
	return float32(a), float32(float64(low) + (t.u-a*t.k)/t.w), a * uk
}

// chunk is how many numbers are summed in f32.
const chunk = 1024

// sumIntegers gives Σxk and Σk² for the integer levels of numbers. (The conversions keep every machine from fusing the
// products with the sums.)
func sumIntegers(x []float32, inverse, lo, hi float32) (product, square float64) {
	for len(x) > 0 {
		n := min(len(x), chunk)
		var p, q float32
		for _, v := range x[:n] {
			r := float32(v * inverse)
			if r > hi {
				r = hi
			} else if r < lo {
				r = lo
			}
			r = float32(r+toEven) - toEven
			p += float32(v * r)
			q += float32(r * r)
		}
		product += float64(p)
		square += float64(q)
		x = x[n:]
	}
	return product, square
}

// sums gives all but the sums of w and u of the levels from lo to hi.
func (s *searcher) sums(inverse, low, lo, hi float32) sums {
	var t sums
	var levels, weighed [run]float32
	for i := 0; i < len(s.x); i += run {
		x := s.x[i:min(i+run, len(s.x))]
		s.nearest(levels[:], x, inverse, low, lo, hi)
		scaled := levels[:len(x)]
		if s.importance != nil {
			scaled = weighed[:len(x)]
			for k, w := range s.importance[i : i+len(x)] {
				scaled[k] = levels[k] * w
			}
		}
		var k, kk, uk float32
		for n, v := range x {
			r := scaled[n]
			k += r
			kk += float32(r * levels[n])
			uk += float32((v - low) * r)
		}
		t.k += float64(k)
		t.kk += float64(kk)
		t.uk += float64(uk)
	}
	return t
}

// nearest is Grid.nearest with the scale's inverse, which is faster.
func (s *searcher) nearest(levels, x []float32, inverse, low, lo, hi float32) {
	levels = levels[:len(x)]
	if s.kind.float {
		small := s.kind.small
		for i, v := range x {
			levels[i] = small.nearest(clamp(float32(v*inverse), lo, hi))
		}
		return
	}
	for i, v := range x {
		levels[i] = float32(clamp(float32((v-low)*inverse), lo, hi)+toEven) - toEven
	}
}

// shrink is the series of parts of a block's range that searches with two ends try.
func (s *searcher) shrink(try func(part float32) bool) {
	step, patience := float32(0.94), 2
	if s.kind.most-s.kind.least > 31 {
		step = 0.98
	}
	if s.many {
		patience = worseInRow
	}
	for part, worse := float32(1.04), 0; part > 0.05 && worse <= patience; part *= step {
		if try(part) {
			worse = 0
		} else {
			worse++
		}
	}
}

// minValue looks for a scale and a minimum: those of ranges that shrink towards the mean, then with either end moved, and
// always fitted to the codes that they give.
func (s *searcher) minValue(r span) real {
	hi := s.kind.most - s.kind.least
	mean := float32(s.sum / max(s.weight, math.SmallestNonzeroFloat64))
	best := real{scale: (r.high - r.low) / hi, low: r.low, zero: int(s.kind.least)}
	try := func(low, high float32) bool {
		if !(high > low) {
			return false
		}
		scale, fitted, gain := s.fitLine(hi/(high-low), low, hi)
		if gain <= best.gain {
			return false
		}
		best.scale, best.low, best.gain = scale, fitted, gain
		return true
	}
	s.shrink(func(part float32) bool { return try(mean+(r.low-mean)*part, mean+(r.high-mean)*part) })
	refit := func() {
		for range 4 {
			if !try(best.low, best.low+best.scale*hi) {
				break
			}
		}
	}
	refit()
	for _, step := range []float32{0.5, 0.25} {
		for _, end := range [][2]float32{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			by := step * best.scale
			if try(best.low+end[0]*by, best.low+best.scale*hi+end[1]*by) {
				refit()
			}
		}
	}
	return best
}

// zeroPoint looks for a scale and the code for zero.
func (s *searcher) zeroPoint(r span) real {
	width := s.kind.most - s.kind.least
	best := real{scale: (r.high - r.low) / width, zero: int(s.kind.least)}
	try := func(scale float32, zero int) bool {
		if !(scale > 0) || float32(zero) < s.kind.least || float32(zero) > s.kind.most {
			return false
		}
		lo, hi := s.levels(zero)
		fitted, gain := s.fitScale(1/scale, lo, hi)
		if gain <= best.gain {
			return false
		}
		best.scale, best.zero, best.gain = fitted, zero, gain
		return true
	}
	s.shrink(func(part float32) bool {
		scale := (r.high - r.low) * part / width
		at := float64(s.kind.least - r.low*part/scale)
		one := try(scale, int(math.Floor(at)))
		other := try(scale, int(math.Ceil(at)))
		return one || other
	})
	for better, rounds := true, 0; better && rounds < 4; rounds++ {
		better = try(best.scale, best.zero)
		for _, zero := range []int{best.zero - 1, best.zero + 1} {
			better = try(best.scale, zero) || better
		}
		for _, near := range []float32{0.98, 1.02} {
			better = try(best.scale*near, best.zero) || better
		}
	}
	return best
}
