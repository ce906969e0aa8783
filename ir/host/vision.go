package host

import (
	"fmt"
	"math"
)

// NMS tells which of boxes [n, 4] (left, top, right, bottom), best first, are kept: those of which no kept box before
// covers more than a share of the union of both.
func NMS(boxes *Tensor, share float64) (*Tensor, error) {
	if len(boxes.Shape) != 2 || boxes.Shape[1] != 4 {
		return nil, fmt.Errorf("the boxes are %v, expected [n, 4]", ShapeText(boxes.Shape))
	}
	if boxes.Elem == F64 {
		return nms[float64](boxes, share)
	}
	return nms[float32](boxes, share)
}

func nms[T float32 | float64](boxes *Tensor, share float64) (*Tensor, error) {
	keep, err := Alloc(Bool, boxes.Shape[:1])
	if err != nil {
		return nil, err
	}
	sides := Values[T](boxes)
	n := boxes.Shape[0]
	areas := make([]T, n)
	for i := range areas {
		b := sides[4*i:][:4]
		areas[i] = (b[2] - b[0]) * (b[3] - b[1])
	}
	gone := make([]bool, n)
	for i := range n {
		if gone[i] {
			continue
		}
		keep.Data[i] = 1
		a := sides[4*i:][:4]
		for j := i + 1; j < n; j++ {
			if gone[j] {
				continue
			}
			b := sides[4*j:][:4]
			// max and min as C++ has them: the first one where the comparison fails.
			width := later(0, sooner(a[2], b[2])-later(a[0], b[0]))
			height := later(0, sooner(a[3], b[3])-later(a[1], b[1]))
			common := T(width * height) // conversions keep machines from fusing the product with the sum
			gone[j] = float64(common/(T(areas[i]+areas[j])-common)) > share
		}
	}
	return keep, nil
}

func later[T float32 | float64](a, b T) T {
	if a < b {
		return b
	}
	return a
}

func sooner[T float32 | float64](a, b T) T {
	if b < a {
		return b
	}
	return a
}

// RoIAlign reads from x [n, c, h, w] for each of rois [k, 5] (picture, left, top, right, bottom) rows x cols bins, each
// the mean of samples x samples values between elements, or of as many as a bin has elements (at most 65536 along an axis)
// where samples is 0. Narrow floats are computed in f32.
func RoIAlign(p Parallel, x, rois *Tensor, rows, cols int, scale float64, samples int, aligned bool) (*Tensor, error) {
	if len(x.Shape) != 4 || len(rois.Shape) != 2 || rois.Shape[1] != 5 {
		return nil, fmt.Errorf("the picture is %v and the regions are %v, expected [n, c, h, w] and [k, 5]", ShapeText(x.Shape), ShapeText(rois.Shape))
	}
	out, err := Alloc(x.Elem, []int{rois.Shape[0], x.Shape[1], rows, cols})
	if err != nil || out.Len() == 0 {
		return out, err
	}
	if x.Elem == F64 {
		return out, roiAlign[float64](p, out, x, rois, scale, samples, aligned)
	}
	return out, roiAlign[float32](p, out, x, rois, scale, samples, aligned)
}

func roiAlign[T float32 | float64](p Parallel, out, x, rois *Tensor, scale float64, samples int, aligned bool) error {
	pixels, sides := Values[T](x), Values[T](rois)
	channels, height, width := x.Shape[1], x.Shape[2], x.Shape[3]
	rows, cols := out.Shape[2], out.Shape[3]
	if err := checkRegions(sides, x.Shape[0]); err != nil {
		return err
	}
	p(out.Shape[0], 1, func(lo, hi int) {
		bins := make([]T, channels*rows*cols)
		for k := lo; k < hi; k++ {
			roi := sides[5*k:][:5]
			left, wide := extent(roi[1], roi[3], T(scale), aligned)
			top, tall := extent(roi[2], roi[4], T(scale), aligned)
			vertical := alongRegion(top, tall, rows, samples, height)
			horizontal := alongRegion(left, wide, cols, samples, width)
			picture := pixels[int(roi[0])*channels*height*width:][:channels*height*width]
			for c := range channels {
				plane := picture[c*height*width:][:height*width]
				for bin := range rows * cols {
					bins[c*rows*cols+bin] = meanOf(plane, width, vertical[bin/cols], horizontal[bin%cols])
				}
			}
			Store(out, k*len(bins), 1, bins)
		}
	})
	return nil
}

func checkRegions[T float32 | float64](sides []T, pictures int) error {
	for k := 0; k < len(sides); k += 5 {
		if at := sides[k]; !(at >= 0 && at < T(pictures)) {
			return fmt.Errorf("region %d is of picture %v, and there are %d", k/5, at, pictures)
		}
	}
	return nil
}

// extent is where a region begins along an axis, and its length.
func extent[T float32 | float64](from, to, scale T, aligned bool) (start, length T) {
	var shift T
	if aligned {
		shift = 0.5
	}
	start, end := T(from*scale)-shift, T(to*scale)-shift
	if length = end - start; !aligned {
		length = later(length, 1)
	}
	return start, length
}

// between is a place between two elements: their indices and weights, which are both 0 outside.
type between[T float32 | float64] struct {
	low, high     int
	below, beyond T
}

// alongRegion lists for each bin of a region the places that are read along one axis.
func alongRegion[T float32 | float64](start, length T, bins, samples, size int) [][]between[T] {
	step := length / T(bins)
	if samples <= 0 {
		n := math.Ceil(float64(step))
		if !(n >= 0) { // NaN too
			n = 0
		}
		samples = int(min(n, 1<<16))
	}
	out := make([][]between[T], bins)
	for bin := range out {
		for i := range samples {
			at := start + T(T(bin)*step) + T(T(T(i)+0.5)*step)/T(samples)
			out[bin] = append(out[bin], placeBetween(at, size))
		}
	}
	return out
}

func placeBetween[T float32 | float64](at T, size int) between[T] {
	if !(at >= -1 && at <= T(size)) || size == 0 {
		return between[T]{}
	}
	at = later(at, 0)
	low := int(at)
	if low >= size-1 {
		return between[T]{low: size - 1, high: size - 1, below: 1}
	}
	return between[T]{low: low, high: low + 1, below: 1 - (at - T(low)), beyond: at - T(low)}
}

// meanOf is the mean of the values at all places of a bin; those outside count as 0.
func meanOf[T float32 | float64](plane []T, width int, vertical, horizontal []between[T]) T {
	var sum T
	for _, y := range vertical {
		if y.below == 0 && y.beyond == 0 {
			continue
		}
		upper, lower := plane[y.low*width:][:width], plane[y.high*width:][:width]
		for _, x := range horizontal {
			if x.below == 0 && x.beyond == 0 {
				continue
			}
			sum += T(y.below*x.below)*upper[x.low] + T(y.below*x.beyond)*upper[x.high] + T(y.beyond*x.below)*lower[x.low] + T(y.beyond*x.beyond)*lower[x.high]
		}
	}
	return sum / T(max(len(vertical)*len(horizontal), 1))
}
