package host

import (
	"fmt"
	"math"
	"slices"
)

// Dequantize computes out = (data - zero) * scale + low in f32 (in f64 where out is f64 or data has more than 16 bits) and
// rounds once to out's float type. zero and low may be nil. The parameters have data's rank; on each axis they have one
// element, or all those that have more have the same number of elements, each for an equal block of data's.
func Dequantize(p Parallel, out, data, scale, zero, low *Tensor) error {
	in, wide, err := blockedViews(out, []*Tensor{data, scale, zero, low})
	if err != nil {
		return err
	}
	has := [2]bool{zero != nil, low != nil}
	switch {
	case out.Elem == F64:
		return Apply(p, dequantizeLoop[float64, float64](has), wide, in...)
	case data.Elem.Bits() > 16:
		return Apply(p, dequantizeLoop[float32, float64](has), wide, in...)
	}
	return Apply(p, dequantizeLoop[float32, float32](has), wide, in...)
}

func dequantizeLoop[D, T float32 | float64](has [2]bool) func([]D, [][]T) {
	return func(dst []D, src [][]T) {
		data, scale := src[0], src[1]
		switch {
		case !has[0] && !has[1]:
			for i, s := range scale {
				dst[i] = D(data[i] * s)
			}
		case !has[1]:
			zero := src[2]
			for i, s := range scale {
				dst[i] = D((data[i] - zero[i]) * s)
			}
		case !has[0]:
			low := src[2]
			for i, s := range scale {
				product := data[i] * s // a statement of its own: never fused with the sum, on any machine
				dst[i] = D(T(product) + low[i])
			}
		default:
			zero, low := src[2], src[3]
			for i, s := range scale {
				product := (data[i] - zero[i]) * s
				dst[i] = D(T(product) + low[i])
			}
		}
	}
}

// Quantize computes clamp(round((x - low) / scale) + zero, least, most), halves to even, for an integer out, and
// clamp((x - low) / scale, least, most) rounded to out for a float. zero and low may be nil; a NaN becomes least. The
// parameters' shapes are those of [Dequantize].
func Quantize(p Parallel, out, x, scale, zero, low *Tensor, least, most float64) error {
	return quantizer{zero: zero != nil, low: low != nil, least: least, most: most}.run(p, out, x, scale, zero, low)
}

// QuantizeBy is [Quantize] with the reciprocal of the scale: (x - low) * inverse stands for (x - low) / scale.
func QuantizeBy(p Parallel, out, x, inverse, zero, low *Tensor, least, most float64) error {
	return quantizer{zero: zero != nil, low: low != nil, inverse: true, least: least, most: most}.run(p, out, x, inverse, zero, low)
}

func (q quantizer) run(p Parallel, out, x, scale, zero, low *Tensor) error {
	wide := out
	if out.Elem.Packed() {
		var err error
		if wide, err = Alloc(unpackedElem(out.Elem), out.Shape); err != nil {
			return err
		}
	}
	in, view, err := blockedViews(wide, []*Tensor{x, scale, zero, low})
	if err != nil {
		return err
	}
	switch {
	case x.Elem == F64:
		err = quantizeTo(p, q, view, in, quantizeBlock[float64])
	default:
		err = quantizeTo(p, q, view, in, quantizeBlock[float32])
	}
	if err != nil || wide == out {
		return err
	}
	packed, err := Pack(wide, out.Elem)
	if err == nil {
		copy(out.Data, packed.Data)
	}
	return err
}

type quantizer struct {
	zero, low   bool // whether there are these parameters
	inverse     bool // scale is multiplied, not divided by
	least, most float64
}

func quantizeTo[T float32 | float64](p Parallel, q quantizer, out *Tensor, in []*Tensor, block func(quantizer, bool, []float64, [][]T)) error {
	whole := out.Elem.IsInt()
	switch out.Elem.Class() {
	case ClassI64:
		return Apply(p, viaFloat64[int64](q, whole, block), out, in...)
	case ClassU64:
		return Apply(p, viaFloat64[uint64](q, whole, block), out, in...)
	case ClassF32:
		return Apply(p, viaFloat64[float32](q, whole, block), out, in...)
	}
	return fmt.Errorf("cannot quantize to %s", out.Elem)
}

func viaFloat64[D Wide, T float32 | float64](q quantizer, whole bool, block func(quantizer, bool, []float64, [][]T)) func([]D, [][]T) {
	return func(dst []D, src [][]T) {
		codes := make([]float64, len(dst))
		block(q, whole, codes, src)
		Convert(dst, codes)
	}
}

func quantizeBlock[T float32 | float64](q quantizer, whole bool, codes []float64, src [][]T) {
	x, scale, rest := src[0], src[1], src[2:]
	var zero, low []T
	if q.zero {
		zero, rest = rest[0], rest[1:]
	}
	if q.low {
		low = rest[0]
	}
	for i, v := range x {
		if low != nil {
			v -= low[i]
		}
		var scaled T
		if q.inverse {
			scaled = v * scale[i]
		} else {
			scaled = v / scale[i]
		}
		code := float64(scaled)
		if whole {
			code = math.RoundToEven(code)
		}
		if zero != nil {
			code += float64(zero[i])
		}
		if !(code >= q.least) { // NaN too
			code = q.least
		}
		codes[i] = min(code, q.most)
	}
}

// blockedViews splits every axis into blocks, so that the parameters of blocks broadcast. The first tensor has the data's
// shape; nil ones are left out of the result.
func blockedViews(out *Tensor, all []*Tensor) (in []*Tensor, view *Tensor, err error) {
	shape := out.Shape
	if !slices.Equal(all[0].Shape, shape) {
		return nil, nil, fmt.Errorf("the shape %v gives %v", ShapeText(all[0].Shape), ShapeText(shape))
	}
	blocks := make([]int, len(shape))
	for axis, size := range shape {
		blocks[axis] = 1
		for _, t := range all[1:] {
			if t == nil {
				continue
			}
			if len(t.Shape) != len(shape) {
				return nil, nil, fmt.Errorf("the shape %v has another rank than %v", ShapeText(t.Shape), ShapeText(shape))
			}
			n := t.Shape[axis]
			if n == 1 {
				continue
			}
			if n == 0 && size != 0 || n != 0 && size%n != 0 {
				return nil, nil, fmt.Errorf("dimension %d is %d, which does not divide %d", axis, n, size)
			}
			if blocks[axis] != 1 && blocks[axis] != n {
				return nil, nil, fmt.Errorf("dimension %d has %d blocks and %d", axis, blocks[axis], n)
			}
			blocks[axis] = n
		}
	}
	for i, t := range all {
		if t == nil {
			continue
		}
		split := make([]int, 0, 2*len(shape))
		for axis := range shape {
			b, rest := t.Shape[axis], 1
			if i == 0 {
				b, rest = blocks[axis], shape[axis]/max(blocks[axis], 1)
			}
			split = append(split, b, rest)
		}
		v, err := Unpack(t).Reshape(split)
		if err != nil {
			return nil, nil, err
		}
		in = append(in, v)
	}
	view, err = out.Reshape(in[0].Shape)
	return in, view, err
}
