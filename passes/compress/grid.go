package compress

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// Grid is what the numbers of one block can be: with the code c, (c - Zero) * Scale + Min. It is a small value, made by
// [Fitter.Fit] and good as long as anyone likes.
type Grid struct {
	Scale, Min float32 // as they are stored
	Zero       int     // the code for Min; of integer codes
	kind       *gridKind
}

// gridKind is what all grids of one weight have in common.
type gridKind struct {
	elem, weight host.Elem
	least, most  float32      // the codes in use
	small        smallFloat   // of float codes
	float        bool         // codes are floats
	blur         float64      // a bound of what rounding changes of a loss, as a part of the numbers' squares
	shift        int          // what makes a signed code of a byte
	mask         uint8        // the bits of a code
	decoded      [256]float32 // what a byte stands for as a code
}

func newGridKind(q Quant, weight host.Elem) *gridKind {
	least, most := q.Elem.Range()
	if q.Range == Clipped && q.Elem.Kind() == host.KindInt {
		least = -most
	}
	k := &gridKind{elem: q.Elem, weight: weight, least: float32(least), most: float32(most), float: q.Elem.IsFloat()}
	k.mask = uint8(1<<q.Elem.Bits() - 1)
	k.shift = 8 - q.Elem.Bits()
	k.blur = 1e-4
	if eps, _ := weight.Epsilon(); eps > 0x1p-20 {
		k.blur = eps
	}
	if k.float {
		k.small = smallFloats[q.Elem]
	}
	for c := range k.decoded {
		k.decoded[c] = k.decode(uint8(c) & k.mask)
	}
	return k
}

// centre is the code for zero of a symmetric range.
func (k *gridKind) centre() int {
	if k.elem.Kind() == host.KindUint {
		return 1 << (k.elem.Bits() - 1)
	}
	return 0
}

// decode gives the number of a code, whose bits are the low ones.
func (k *gridKind) decode(code uint8) float32 {
	switch {
	case k.float:
		magnitude := uint32(code) &^ (1 << (k.elem.Bits() - 1))
		// In the place of a float32's exponent and mantissa the code is a number with too small an exponent.
		x := math.Float32frombits(magnitude<<(23-k.small.mant)) * math.Float32frombits(k.small.normal+126<<23)
		if code != uint8(magnitude) {
			return -x
		}
		return x
	case k.elem.Kind() == host.KindInt:
		return float32(int8(code<<k.shift) >> k.shift)
	}
	return float32(code)
}

// levels are the numbers that the grid has before scale and minimum: from lo to hi.
func (g *Grid) levels() (lo, hi float32) {
	return g.kind.least - float32(g.Zero), g.kind.most - float32(g.Zero)
}

// Code is the code for a number: the nearest one in f32 arithmetic, with halves to even. Its bits are the low ones, of
// signed integers in two's complement. v is finite.
func (g *Grid) Code(v float32) uint8 {
	k := g.kind
	lo, hi := g.levels()
	level := clamp((v-g.Min)/g.Scale, lo, hi)
	if k.float {
		return k.small.bits(k.small.nearest(level), k.elem.Bits())
	}
	return uint8(int32(float32(level+toEven)-toEven)+int32(g.Zero)) & k.mask
}

// Value is the number that a code stands for, as dequantizing gives it in the weight's type; of an f64 weight rounded to f32.
func (g *Grid) Value(code uint8) float32 {
	level := g.kind.decoded[code] - float32(g.Zero)
	return roundTo(float32(level*g.Scale)+g.Min, g.kind.weight)
}

// nearest finds the levels of numbers. Dividing, unlike multiplying by an inverse, finds those that coreai-opt finds.
func (g *Grid) nearest(levels, x []float32) {
	scale, low := g.Scale, g.Min
	lo, hi := g.levels()
	levels = levels[:len(x)]
	if g.kind.float {
		small := g.kind.small
		for i, v := range x {
			levels[i] = small.nearest(clamp(v/scale, lo, hi))
		}
		return
	}
	for i, v := range x {
		levels[i] = float32(clamp((v-low)/scale, lo, hi)+toEven) - toEven
	}
}

// clamp is faster than the builtins, which mind NaN.
func clamp(x, lo, hi float32) float32 {
	if x > hi {
		return hi
	}
	if x < lo {
		return lo
	}
	return x
}

// values turns levels into what they stand for.
func (g *Grid) values(levels []float32) {
	scale, low := g.Scale, g.Min
	for i, k := range levels {
		levels[i] = float32(k*scale) + low
	}
	roundAll(levels, g.kind.weight)
}

// codes turns levels into codes.
func (g *Grid) codes(codes []uint8, levels []float32) {
	k := g.kind
	codes = codes[:len(levels)]
	if k.float {
		width := k.elem.Bits()
		for i, level := range levels {
			codes[i] = k.small.bits(level, width)
		}
		return
	}
	for i, level := range levels {
		codes[i] = uint8(int32(level)+int32(g.Zero)) & k.mask
	}
}

// run is how many numbers are worked on at once: a few, so that they stay in the nearest cache.
const run = 64

// encode gives the codes of a block.
func (g *Grid) encode(codes []uint8, x []float32) {
	if !g.kind.float {
		g.encodeIntegers(codes, x)
		return
	}
	var levels [run]float32
	for len(x) > 0 {
		n := min(len(x), run)
		g.nearest(levels[:n], x[:n])
		g.codes(codes[:n], levels[:n])
		x, codes = x[n:], codes[n:]
	}
}

// encodeIntegers is nearest and codes in one loop.
func (g *Grid) encodeIntegers(codes []uint8, x []float32) {
	scale, low, zero, mask := g.Scale, g.Min, int32(g.Zero), g.kind.mask
	lo, hi := g.levels()
	codes = codes[:len(x)]
	for i, v := range x {
		level := float32(clamp((v-low)/scale, lo, hi)+toEven) - toEven
		codes[i] = uint8(int32(level)+zero) & mask
	}
}

// loss is the squared error of a block, each element's weighed where there is importance: what is left of x when the
// stored numbers are taken away. It is not finite where one of these is not.
func (g *Grid) loss(x, importance []float32) float64 {
	if importance == nil && !g.kind.float {
		return g.lossIntegers(x)
	}
	var levels [run]float32
	sum := 0.0
	for len(x) > 0 {
		n := min(len(x), run)
		g.nearest(levels[:n], x[:n])
		g.values(levels[:n])
		if importance == nil {
			sum = addSquares(sum, x[:n], levels[:n])
		} else {
			for i, v := range levels[:n] {
				d := float64(x[i]) - float64(v)
				sum += float64(float64(d*d) * float64(importance[i]))
			}
			importance = importance[n:]
		}
		x = x[n:]
	}
	return sum
}

// lossIntegers is loss in one loop.
func (g *Grid) lossIntegers(x []float32) float64 {
	scale, low := g.Scale, g.Min
	isF16, isBF16 := g.kind.weight == host.F16, g.kind.weight == host.BF16
	lo, hi := g.levels()
	sum := 0.0
	for _, v := range x {
		level := float32(clamp((v-low)/scale, lo, hi)+toEven) - toEven
		stored := float32(level*scale) + low
		if isBF16 {
			stored = roundBF16(stored)
		} else if isF16 {
			stored = roundF16(stored)
		}
		d := float64(v) - float64(stored)
		sum += float64(d * d)
	}
	return sum
}

// addSquares adds the squared differences to a sum, in order.
func addSquares(sum float64, x, stored []float32) float64 {
	stored = stored[:len(x)]
	for i, v := range x {
		d := float64(v) - float64(stored[i])
		sum += float64(d * d)
	}
	return sum
}

// Fitter fits grids to blocks of numbers. Each goroutine needs its own.
type Fitter struct {
	quant  Quant
	scale  host.Elem // of the scales
	kind   *gridKind
	blocks []float32 // memory for a block that is scaled
}

// NewFitter makes a fitter for weights of an element type: f64, f32, bf16 or f16. The error is a *Refusal.
func NewFitter(q Quant, weight host.Elem) (*Fitter, error) {
	switch weight {
	case host.F64, host.F32, host.BF16, host.F16:
	default:
		return nil, &Refusal{fmt.Sprintf("its elements are %s, not f64, f32, bf16 or f16", weight)}
	}
	q = q.full()
	q.Granularity = Granularity{} // what it stands for is the caller's matter
	if err := q.check(); err != nil {
		return nil, &Refusal{err.Error()}
	}
	f := &Fitter{quant: q, scale: q.Scale, kind: newGridKind(q, weight)}
	if f.scale == host.Invalid {
		f.scale = weight
	}
	return f, nil
}

// sibling is another fitter for the same weight.
func (f *Fitter) sibling() *Fitter {
	return &Fitter{quant: f.quant, scale: f.scale, kind: f.kind}
}
