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
}

// String describes the codes, such as "u8 asymmetric".
func (c Codes) String() string {
	if c.Asymmetric {
		return fmt.Sprintf("%s asymmetric", c.Elem)
	}
	return fmt.Sprintf("%s symmetric", c.Elem)
}

// Params are the scale and the zero point with which codes hold a range: x is about (code - zero) * scale. Symmetric codes
// use as many steps below zero as above. A range of nothing but zeros has the scale 1.
func (c Codes) Params(r Range) (scale float32, zero int) {
	least, most := c.Elem.Range()
	width := r.Most() / most
	if c.Asymmetric {
		width = (r.High - r.Low) / (most - least)
	}
	const tiny = 0x1p-126 // the least f32 of full precision
	switch {
	case width == 0:
		scale = 1
	default:
		scale = float32(min(max(width, tiny), math.MaxFloat32))
	}
	if c.Asymmetric {
		zero = int(min(max(least-math.RoundToEven(r.Low/float64(scale)), least), most))
	}
	return scale, zero
}

// round gives what is left of numbers that are stored as codes: the arithmetic of quant.quantize and quant.dequantize.
func (c Codes) round(xs []float64, scale float32, zero int) []float64 {
	least, most := c.Elem.Range()
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
