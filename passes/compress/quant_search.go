package compress

import (
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// contest finds the grid with the least loss, as it is stored. A grid that enters later must be better to win.
type contest struct {
	f             *Fitter
	x, importance []float32
	r             span
	best          Grid
	loss          float64
}

func (c *contest) enter(g Grid) {
	if c.loss == 0 || c.best.kind != nil && g == c.best {
		return
	}
	g = c.f.tame(g, c.r)
	if loss := g.loss(c.x, c.importance); c.best.kind == nil || loss < c.loss {
		c.best, c.loss = g, loss
	}
}

// search finds the grid with the least squared error. What the other rules find enters first, so that it is never worse.
func (f *Fitter) search(x, importance []float32, r span) Grid {
	c := contest{f: f, x: x, importance: importance, r: r, loss: math.Inf(1)}
	c.enter(f.minMax(r))
	if c.loss == 0 {
		return c.best
	}
	c.enter(f.coreAI(r))
	if f.kind.float && f.scale == host.F8E8M0 {
		g := f.coreAI(r)
		for step := -1; step <= 2; step++ {
			c.enterPower(g, step)
		}
		return c.best
	}
	unit := f.unit(r.most())
	found := f.searchReal(f.scaled(x, unit), importance, span{r.low * unit, r.high * unit})
	c.enterFound(found, unit)
	c.polish()
	return c.best
}

// unit is the power of two by which numbers near the ends of f32 are multiplied, so that sums of their squares are finite.
func (f *Fitter) unit(most float32) float32 {
	if most > 0x1p-40 && most < 0x1p40 {
		return 1
	}
	_, exponent := math.Frexp(float64(most))
	return float32(math.Ldexp(1, min(-exponent, 126)))
}

func (f *Fitter) scaled(x []float32, unit float32) []float32 {
	if unit == 1 {
		return x
	}
	if cap(f.blocks) < len(x) {
		f.blocks = make([]float32, len(x))
	}
	out := f.blocks[:len(x)]
	for i, v := range x {
		out[i] = v * unit
	}
	return out
}

// real is a grid whose scale and minimum are not rounded, and by how much its squared error is below that of the best
// single number (for grids without minimum: below that of zeros).
type real struct {
	scale, low float32
	zero       int
	gain       float64
}

func (f *Fitter) searchReal(x, importance []float32, r span) real {
	s := searcher{kind: f.kind, x: x, importance: importance, many: len(x) >= manyInBlock}
	for i, v := range x {
		w := 1.0
		if importance != nil {
			w = float64(importance[i])
		}
		s.weight += w
		s.sum += w * float64(v)
		s.energy += w * float64(v) * float64(v)
	}
	switch {
	case f.kind.float:
		return s.symmetric(r.most(), 0, 0.5)
	case f.quant.Offset == MinValue:
		return s.minValue(r)
	case f.quant.Range == Asymmetric:
		return s.zeroPoint(r.withZero())
	}
	positive := s.symmetric(r.most(), f.centre(), 0.95)
	if lo, hi := s.levels(f.centre()); f.scale == host.F8E8M0 || lo == -hi {
		return positive // no negative scales, or nothing that they would change
	}
	if negative := s.symmetric(-r.most(), f.centre(), 0.95); negative.gain > positive.gain {
		return negative
	}
	return positive
}

// enterFound rounds what was found, as the scale's type allows.
func (c *contest) enterFound(found real, unit float32) {
	f := c.f
	scale, low := found.scale/unit, found.low/unit
	if f.scale != host.F8E8M0 {
		c.enter(f.grid(scale, low, found.zero))
		return
	}
	for step := -1; step <= 2; step++ {
		g := f.grid(scale/2, low, found.zero)
		if f.quant.Range == Asymmetric && f.quant.Offset == ZeroPoint {
			for _, near := range []int{-1, 1} {
				g.Zero = int(clamp(float32(found.zero+near), f.kind.least, f.kind.most))
				c.enterPower(g, step)
			}
			g.Zero = found.zero
		}
		c.enterPower(g, step)
	}
}

// enterPower enters a grid with another power of two. A minimum is fitted to it.
func (c *contest) enterPower(g Grid, step int) {
	g.Scale = float32(min(max(math.Ldexp(float64(g.Scale), step), 0x1p-126), 0x1p120))
	c.enter(g)
	if c.f.quant.Offset == MinValue {
		for range 3 {
			g.Min = c.f.grid(1, c.lowFor(g), 0).Min
			c.enter(g)
		}
	}
}

// lowFor is the minimum that is best for the codes that a grid gives.
func (c *contest) lowFor(g Grid) float32 {
	weight, sum := 0.0, 0.0
	var levels [run]float32
	for i := 0; i < len(c.x); i += run {
		x := c.x[i:min(i+run, len(c.x))]
		g.nearest(levels[:len(x)], x)
		for k, v := range x {
			w := 1.0
			if c.importance != nil {
				w = float64(c.importance[i+k])
			}
			weight += w
			sum += w * (float64(v) - float64(levels[k])*float64(g.Scale))
		}
	}
	if weight == 0 {
		return g.Min
	}
	return float32(sum / weight)
}

// polish tries the neighbours of the best scale where scales are so coarse that many codes depend on the last bit.
func (c *contest) polish() {
	f := c.f
	switch {
	case f.scale == host.F8E8M0 || f.scale == host.F32 || f.scale == host.F64:
		return
	case f.scale == host.F16 && f.kind.elem.Bits() <= 4:
		return
	}
	for _, step := range []int{-1, 1} {
		g := c.best
		g.Scale = roundScale(nextScale(g.Scale, f.scale, step), f.scale)
		c.enter(g)
	}
}
