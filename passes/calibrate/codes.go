package calibrate

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
)

// Range is an interval of numbers that holds 0.
type Range struct{ Low, High float64 }

// Most is the greatest magnitude.
func (r Range) Most() float64 { return max(-r.Low, r.High) }

func (r Range) join(s Range) Range { return Range{min(r.Low, s.Low), max(r.High, s.High)} }

// Codes are what numbers are stored as: an integer type of at most 16 bits, or a float type of 8 bits.
type Codes struct {
	Elem host.Elem
	// Asymmetric codes have a zero point, so that none is spent on numbers outside the range. Integers only.
	Asymmetric bool
	// Clipped: of symmetric integers as many below zero as above, -127 to 127 of i8. Others have one more below.
	Clipped bool
	// CoreAI gives the scales of coreai-opt 0.3.0: those of symmetric integers spread the range over all codes, 127.5 steps
	// of i8 to either side, so that its upper end saturates; none is less than 2^-23.
	CoreAI bool
}

// Bounds are the least code in use, the one that stands for 0 if codes are symmetric, and the greatest.
func (c Codes) Bounds() (least, middle, most float64) {
	least, most = c.Elem.Range()
	if c.Elem.IsFloat() || c.Asymmetric {
		return least, 0, most
	}
	unsigned := least == 0
	if unsigned {
		middle = (most + 1) / 2
	}
	if c.Clipped && !(c.CoreAI && unsigned) {
		least = 2*middle - most
	}
	return least, middle, most
}

// Steps is how many steps of symmetric codes the greatest magnitude of a range takes.
func (c Codes) Steps() float64 {
	least, middle, most := c.Bounds()
	if c.CoreAI && c.Elem.IsInt() {
		return (most - least) / 2
	}
	return most - middle
}

// Tiny is the least scale.
func (c Codes) Tiny() float64 {
	if c.CoreAI {
		return 0x1p-23 // the epsilon of f32
	}
	return 0x1p-126 // the least f32 of full precision
}

// HasZero reports codes that need a zero point.
func (c Codes) HasZero() bool {
	_, middle, _ := c.Bounds()
	return c.Asymmetric || middle != 0
}

// String describes the codes, such as "u8 asymmetric".
func (c Codes) String() string {
	switch {
	case c.Asymmetric:
		return fmt.Sprintf("%s asymmetric", c.Elem)
	case c.Clipped:
		return fmt.Sprintf("%s clipped", c.Elem)
	}
	return fmt.Sprintf("%s symmetric", c.Elem)
}

// Params are the scale and the zero point with which codes hold a range: x is about (code - zero) * scale. Symmetric codes
// use as many steps below zero as above. A range of nothing but zeros has the scale 1, and that of coreai-opt its least.
func (c Codes) Params(r Range) (scale float32, zero int) {
	least, middle, most := c.Bounds()
	width := r.Most() / c.Steps()
	if c.Asymmetric {
		width = (r.High - r.Low) / (most - least)
	}
	switch {
	case width == 0 && !c.CoreAI:
		scale = 1
	default:
		scale = float32(min(max(width, c.Tiny()), math.MaxFloat32))
	}
	zero = int(middle)
	if c.Asymmetric {
		zero = int(min(max(least-math.RoundToEven(r.Low/float64(scale)), least), most))
	}
	return scale, zero
}

// round gives what is left of numbers that are stored as codes: the arithmetic of quant.quantize and quant.dequantize.
func (c Codes) round(xs []float64, scale float32, zero int) []float64 {
	least, _, most := c.Bounds()
	out := make([]float64, len(xs))
	s, z := float64(scale), float64(zero)
	if c.Elem.IsFloat() {
		for i, x := range xs {
			out[i] = min(max(x/s, least), most)
		}
		codes, err := host.FromValues(c.Elem, []int{len(out)}, out)
		if err != nil {
			panic(fmt.Sprintf("calibrate: %v", err)) // a float type holds floats
		}
		for i, v := range host.Values[float64](codes) {
			out[i] = v * s
		}
		return out
	}
	for i, x := range xs {
		out[i] = (min(max(math.RoundToEven(x/s)+z, least), most) - z) * s
	}
	return out
}
