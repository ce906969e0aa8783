package compress

import "math"

// searcher looks for the grid of a block that is best before scale and minimum are rounded.
type searcher struct {
	kind                *gridKind
	quant               Quant
	x, importance       []float32
	r                   span // of x, even with importance
	many                bool
	weight, sum, energy float64 // of the numbers: Σw, Σwx and Σwx²
}

// newSearcher is for a block of numbers that are multiplied by a unit.
func (f *Fitter) newSearcher(x, importance []float32, unit float32, r span) searcher {
	s := searcher{kind: f.kind, quant: f.quant, x: f.scaled(x, unit), importance: importance, many: len(x) >= manyInBlock}
	u := float64(unit)
	s.r = span{r.low * unit, r.high * unit, r.sum * u, r.energy * u * u}
	s.weight, s.sum, s.energy = float64(len(x)), s.r.sum, s.r.energy
	if importance != nil {
		s.weight, s.sum, s.energy = 0, 0, 0
		for i, v := range s.x {
			w := float64(importance[i])
			s.weight += w
			s.sum += float64(w * float64(v))
			s.energy += float64(w * float64(v) * float64(v))
		}
	}
	return s
}

// unrounded is a grid whose scale and minimum are not rounded, and by how much its squared error is below that of the best
// single number (for grids without minimum: below that of zeros).
type unrounded struct {
	scale, low float32
	zero       int
	gain       float64
}

// search looks for a grid of the kind that the scheme has; where scales are signed, for a negative one too.
func (s *searcher) search(signed bool) unrounded {
	most, zero := s.r.most(), s.kind.centre()
	switch {
	case s.kind.float:
		return s.symmetric(most, 0, 0.5)
	case s.quant.Offset == MinValue:
		return s.minValue(s.r)
	case s.quant.Range == Asymmetric:
		return s.zeroPoint(s.r.withZero())
	}
	if lo, hi := s.levels(zero); !signed || lo == -hi { // no negative scales, or nothing that they would change
		return s.symmetric(most, zero, 0.95)
	}
	best := s.clipped(most, zero, 0.95, 0)
	if other := s.clipped(-most, zero, 0.95, best.gain); other.gain > best.gain {
		best = other
	}
	return s.refit(best)
}

// worse reports, faster than computing it, that a grid's loss is more than another one. The numbers' unit is 1.
func (s *searcher) worse(g Grid, loss float64) bool {
	if s.kind.float || s.importance != nil || g.Min != 0 {
		return false
	}
	lo, hi := g.levels()
	product, square := sumIntegers(s.x, 1/g.Scale, lo, hi)
	scale := float64(g.Scale)
	about := s.energy - float64(2*scale*product) + float64(scale*scale*square)
	return about-float64(s.kind.blur*s.energy) > loss
}

// The series of scales that a searcher tries. From manyInBlock numbers on the error changes smoothly with the scale, so
// that wider steps do, and a few worse ones in a row are the end.
const (
	fineStep    = 1.045
	wideStep    = 1.1
	manyInBlock = 128
	worseInRow  = 2
	fineInRow   = 8
)

// levels are those of a zero point.
func (s *searcher) levels(zero int) (lo, hi float32) {
	g := Grid{Zero: zero, kind: s.kind}
	return g.levels()
}

// symmetric looks for a scale, from one on that is 1/first of what covers the greatest magnitude.
func (s *searcher) symmetric(most float32, zero int, first float32) unrounded {
	return s.refit(s.clipped(most, zero, first, 0))
}

// clipped tries scales of most's sign that clip the greatest magnitude more and more, each as good as the codes that it
// gives can be, until that clipping alone costs more than the best one does, or one that has some gain.
func (s *searcher) clipped(most float32, zero int, first float32, gain float64) unrounded {
	lo, hi := s.levels(zero)
	edge := max(-lo, hi)
	best := unrounded{scale: most / edge, zero: zero}
	step, patience := float32(fineStep), fineInRow
	if s.many {
		step, patience = wideStep, worseInRow
	}
	clip := float32(0)
	for f, worse := first, 0; f < 8 && worse < patience; f *= step {
		if clipped := float64(most - most/f); s.importance == nil && f > 1 && clipped*clipped > s.energy-max(best.gain, gain) {
			break
		}
		if s.tryScale(&best, edge*f/most, lo, hi) {
			clip, worse = f, 0
		} else if f > 1 {
			worse++
		}
	}
	if s.many && best.gain > 0 {
		for _, near := range []float32{0.97, 1.03} {
			s.tryScale(&best, edge*clip*near/most, lo, hi)
		}
	}
	return best
}

// refit fits codes and scale to each other in turns.
func (s *searcher) refit(best unrounded) unrounded {
	lo, hi := s.levels(best.zero)
	for range 4 {
		if best.gain == 0 || !s.tryScale(&best, 1/best.scale, lo, hi) {
			break
		}
	}
	return best
}

// tryScale keeps what a scale, whose inverse is given, leads to if that is better.
func (s *searcher) tryScale(best *unrounded, inverse, lo, hi float32) bool {
	scale, gain := s.fitScale(inverse, lo, hi)
	if gain <= best.gain {
		return false
	}
	best.scale, best.gain = scale, gain
	return true
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
	t.u = s.sum - float64(float64(low)*s.weight)
	kk, uk := t.kk-t.k*t.k/t.w, t.uk-t.u*t.k/t.w
	if !(kk > 1e-9*t.kk) {
		return 1 / inverse, low, 0
	}
	a := uk / kk
	return float32(a), float32(float64(low) + (t.u-float64(a*t.k))/t.w), a * uk
}

// chunk is how many numbers are summed in f32. (Here and elsewhere conversions keep every machine from fusing products with
// sums, which would make results depend on it.)
const chunk = 1024

// sumIntegers gives Σxk and Σk² for the integer levels of numbers.
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
func (s *searcher) minValue(r span) unrounded {
	hi := s.kind.most - s.kind.least
	mean := float32(s.sum / max(s.weight, math.SmallestNonzeroFloat64))
	best := unrounded{scale: (r.high - r.low) / hi, low: r.low, zero: int(s.kind.least)}
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
	s.shrink(func(part float32) bool { return try(mean+float32((r.low-mean)*part), mean+float32((r.high-mean)*part)) })
	refit := func() {
		for range 4 {
			if !try(best.low, best.low+float32(best.scale*hi)) {
				break
			}
		}
	}
	refit()
	for _, step := range []float32{0.5, 0.25} {
		for _, end := range [][2]float32{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			by := step * best.scale
			if try(best.low+float32(end[0]*by), best.low+float32(best.scale*hi)+float32(end[1]*by)) {
				refit()
			}
		}
	}
	return best
}

// zeroPoint looks for a scale and the code for zero.
func (s *searcher) zeroPoint(r span) unrounded {
	width := s.kind.most - s.kind.least
	best := unrounded{scale: (r.high - r.low) / width, zero: int(s.kind.least)}
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
