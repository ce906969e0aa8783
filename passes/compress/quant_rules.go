package compress

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// Fit chooses the grid of a block by the fitter's rule. importance weighs the squared error of each number, which only the
// rule Search minds; nil: all weigh the same. The error is ErrNotFinite.
func (f *Fitter) Fit(x, importance []float32) (Grid, error) {
	r, ok := rangeOf(x)
	if !ok {
		return Grid{}, ErrNotFinite
	}
	g, _ := f.fit(x, importance, r)
	return g, nil
}

// fit gives the squared error, too.
func (f *Fitter) fit(x, importance []float32, r span) (Grid, float64) {
	var g Grid
	switch f.quant.Rule {
	case MinMax:
		g = f.tame(f.minMax(r), r)
	case CoreAI:
		g = f.tame(f.coreAI(r), r)
	default:
		c := f.search(x, importance, r)
		if importance == nil {
			return c.best, c.loss
		}
		g = c.best
	}
	return g, g.loss(x, nil)
}

// span is what a block's numbers lie in, and the sums of these and of their squares.
type span struct {
	low, high   float32
	sum, energy float64
}

// rangeOf reports false for NaN and infinity.
func rangeOf(x []float32) (r span, ok bool) {
	if len(x) == 0 {
		return span{}, true
	}
	low, high, sum, energy := x[0], x[0], 0.0, 0.0
	for _, v := range x {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
		w := float64(v)
		sum += w
		energy += float64(w * w)
	}
	return span{low, high, sum, energy}, energy-energy == 0
}

// most is the greatest magnitude.
func (r span) most() float32 { return max(-r.low, r.high) }

// withZero is what many grids cover.
func (r span) withZero() span {
	r.low, r.high = min(r.low, 0), max(r.high, 0)
	return r
}

// offsetElem is the type of minimums: that of the scales, which powers of two alone cannot serve.
func (f *Fitter) offsetElem() host.Elem {
	if f.scale == host.F8E8M0 {
		return f.kind.weight
	}
	return f.scale
}

// Grid is one whose parameters were found elsewhere, such as by training, rounded to what is stored. Where the scheme leaves
// no choice of a minimum or of a zero point, that is not minded; a zero point is brought into the range of the codes.
func (f *Fitter) Grid(scale, low float32, zero int) Grid {
	k := f.kind
	switch {
	case k.float:
		return f.grid(scale, 0, 0)
	case f.quant.Offset == MinValue:
		return f.grid(scale, low, int(k.least))
	case f.quant.Range == Asymmetric:
		return f.grid(scale, 0, min(max(zero, int(k.least)), int(k.most)))
	}
	return f.grid(scale, 0, k.centre())
}

// grid rounds a scale and a minimum to what is stored. A scale of zero, of numbers that are all zeros, becomes 1.
func (f *Fitter) grid(scale, low float32, zero int) Grid {
	if scale == 0 {
		scale = 1
	}
	if low != 0 {
		low = roundMinimum(low, f.offsetElem(), f.kind.weight)
	}
	return Grid{Scale: roundScale(scale, f.scale), Min: low, Zero: zero, kind: f.kind}
}

// roundMinimum rounds to the type of minimums, but to nothing that is infinite in it or in the weight's type.
func roundMinimum(low float32, e, weight host.Elem) float32 {
	most := float32(math.MaxFloat32)
	for _, e := range []host.Elem{e, weight} {
		if _, end := e.Range(); end < float64(most) {
			most = float32(end)
		}
	}
	rounded := roundTo(clamp(low, -most, most), e)
	if roundTo(rounded, weight)-roundTo(rounded, weight) != 0 {
		rounded = nextScale(rounded, e, -1)
	}
	return rounded
}

// steps is how many steps the codes make from the least to the greatest.
func (f *Fitter) steps() float32 { return f.kind.most - f.kind.least }

// zeroFor is the zero point that puts low at the least code.
func (f *Fitter) zeroFor(low, scale float32) int {
	return int(clamp(f.kind.least-float32(math.RoundToEven(float64(low/scale))), f.kind.least, f.kind.most))
}

// minMax covers all numbers.
func (f *Fitter) minMax(r span) Grid {
	cover := func(scale float32) float32 {
		if f.scale == host.F8E8M0 && scale > 0 { // the next power of two
			fraction, exponent := math.Frexp(float64(scale))
			if fraction == 0.5 {
				exponent--
			}
			return float32(math.Ldexp(1, exponent))
		}
		return scale
	}
	most, k := r.most(), f.kind
	switch {
	case k.float:
		return f.grid(cover(most/k.most), 0, 0)
	case f.quant.Offset == MinValue && f.quant.Range == Asymmetric:
		return f.grid(cover(r.high/f.steps()-r.low/f.steps()), r.low, int(k.least))
	case f.quant.Offset == MinValue:
		return f.grid(cover(most/(f.steps()/2)), -most, int(k.least))
	case f.quant.Range == Asymmetric:
		r = r.withZero()
		g := f.grid(cover(r.high/f.steps()-r.low/f.steps()), 0, 0)
		g.Zero = f.zeroFor(r.low, g.Scale)
		return g
	}
	g := f.grid(1, 0, f.kind.centre())
	lo, hi := g.levels()
	if hi == 0 { // one bit: a level below zero and zero itself
		hi = float32(math.Inf(1))
	}
	return f.grid(cover(max(r.low/lo, r.high/hi)), 0, f.kind.centre())
}

// coreAI is what coreai-opt 0.3.0 finds: torchao's choose_qparams_affine_with_min_max, each step of which is rounded to
// the weight's type, or for f8e8m0 the power of two of the OCP's microscaling formats, version 1.0.
func (f *Fitter) coreAI(r span) Grid {
	r = r.withZero()
	most, k := r.most(), f.kind
	if f.scale == host.F8E8M0 && k.float {
		g := f.grid(1, 0, 0)
		g.Scale = floorScale(most, k.most)
		return g
	}
	round := func(x float32) float32 { return roundTo(x, k.weight) }
	least := func(scale float32) float32 { return max(round(scale), 0x1p-23) }
	scale, zero := least(most/(f.steps()/2)), f.kind.centre()
	if f.quant.Range == Asymmetric {
		scale = least(round(r.high-r.low) / f.steps())
		zero = int(clamp(k.least-float32(math.RoundToEven(float64(round(r.low/scale)))), k.least, k.most))
	}
	if f.quant.Offset == ZeroPoint || k.float {
		return f.grid(scale, 0, zero)
	}
	if f.quant.Range == Asymmetric {
		return f.grid(scale, r.low, int(k.least))
	}
	return f.grid(scale, -most, int(k.least))
}

// floorScale is the power of two that brings the greatest magnitude into the octave of the greatest code, at least the
// least normal f32.
func floorScale(most, code float32) float32 {
	const bias = 127
	exponent := int(math.Float32bits(most)>>23) - int(math.Float32bits(code)>>23)
	return float32(max(math.Ldexp(1, max(exponent, -bias)), 0x1p-126))
}

// tame makes a scale smaller until the numbers are not stored as infinities: a weight's greatest numbers can be so near the
// end of its type that a level beyond them has no number.
func (f *Fitter) tame(g Grid, r span) Grid {
	if _, most := f.kind.weight.Range(); float64(r.most()) < most/16 && r.most() < math.MaxFloat32/16 {
		return g // stored numbers are near those that they stand for
	}
	ends := [2]float32{r.low, r.high}
	for range 1000 { // which is more than it takes, as the minimum has a number
		var stored [2]float32
		g.nearest(stored[:], ends[:])
		g.values(stored[:])
		if !slices.ContainsFunc(stored[:], func(v float32) bool { return v-v != 0 }) {
			return g
		}
		if f.scale == host.F8E8M0 {
			g.Scale /= 2
		} else {
			g.Scale = roundScale(g.Scale*0.99, f.scale)
		}
	}
	return g
}
