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

// search finds the grid with the least squared error. It is never worse than what the other rules find.
func (f *Fitter) search(x, importance []float32, r span) contest {
	c := contest{f: f, x: x, importance: importance, r: r, loss: math.Inf(1)}
	if r.low == 0 && r.high == 0 {
		c.enter(f.minMax(r))
		return c
	}
	if f.kind.float && f.scale == host.F8E8M0 {
		c.enter(f.minMax(r))
		for step := -1; step <= 2; step++ {
			c.enterPower(f.coreAI(r), step)
		}
		return c
	}
	unit := f.unit(r.most())
	s := f.newSearcher(x, importance, unit, r)
	c.enterFound(s.search(f.scale != host.F8E8M0), unit)
	c.polish()
	for _, g := range []Grid{f.minMax(r), f.coreAI(r)} {
		if unit != 1 || !s.worse(g, c.loss) {
			c.enter(g)
		}
	}
	return c
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

// enterFound rounds what was found, as the scale's type allows.
func (c *contest) enterFound(found unrounded, unit float32) {
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
			sum += float64(w * (float64(v) - float64(levels[k]*g.Scale)))
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
	if f.scale != host.F16 && f.scale != host.BF16 || f.kind.elem.Bits() <= 4 {
		return
	}
	for _, step := range []int{-1, 1} {
		g := c.best
		g.Scale = roundScale(nextScale(g.Scale, f.scale, step), f.scale)
		c.enter(g)
	}
}
