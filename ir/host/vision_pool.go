package host

import (
	"fmt"
	"math"
)

// RoIPool gives for each of rois [k, 5] (picture, left, top, right, bottom) rows x cols bins of x [n, c, h, w]: the greatest
// element of each and its place in the plane as i32, or 0 and -1 where a bin has no elements. Narrow floats are computed in f32.
func RoIPool(p Parallel, x, rois *Tensor, rows, cols int, scale float64) (values, places *Tensor, err error) {
	if len(x.Shape) != 4 || len(rois.Shape) != 2 || rois.Shape[1] != 5 {
		return nil, nil, fmt.Errorf("the picture is %v and the regions are %v, expected [n, c, h, w] and [k, 5]", ShapeText(x.Shape), ShapeText(rois.Shape))
	}
	shape := []int{rois.Shape[0], x.Shape[1], rows, cols}
	if values, err = Alloc(x.Elem, shape); err != nil {
		return nil, nil, err
	}
	if places, err = Alloc(I32, shape); err != nil || places.Len() == 0 {
		return values, places, err
	}
	if x.Elem == F64 {
		return values, places, roiPool[float64](p, values, places, x, rois, scale)
	}
	return values, places, roiPool[float32](p, values, places, x, rois, scale)
}

func roiPool[T float32 | float64](p Parallel, values, places, x, rois *Tensor, scale float64) error {
	pixels, sides := Values[T](x), Values[T](rois)
	channels, height, width := x.Shape[1], x.Shape[2], x.Shape[3]
	rows, cols := values.Shape[2], values.Shape[3]
	if err := checkRegions(sides, x.Shape[0]); err != nil {
		return err
	}
	found := Raw[int32](places)
	p(values.Shape[0], 1, func(lo, hi int) {
		bins := make([]T, channels*rows*cols)
		for k := lo; k < hi; k++ {
			roi := sides[5*k:][:5]
			vertical := binsOf(roi[2], roi[4], T(scale), rows, height)
			horizontal := binsOf(roi[1], roi[3], T(scale), cols, width)
			for i := range bins {
				from := (int(roi[0])*channels + i/(rows*cols)) * height * width
				v, at := greatest(pixels[from:][:height*width], width, vertical[i/cols%rows], horizontal[i%cols])
				bins[i], found[k*len(bins)+i] = v, int32(at)
			}
			Store(values, k*len(bins), 1, bins)
		}
	})
	return nil
}

// binsOf cuts a region along one axis into bins, which may share an element: where each begins, and the element behind it.
func binsOf[T float32 | float64](from, to, scale T, count, size int) [][2]int {
	start, end := wholePlace(from*scale), wholePlace(to*scale)
	step := T(max(end-start+1, 1)) / T(count)
	bins := make([][2]int, count)
	for i := range bins {
		low, high := wholePlace(T(math.Floor(float64(T(i)*step)))), wholePlace(T(math.Ceil(float64(T(i+1)*step))))
		bins[i] = [2]int{min(max(low+start, 0), size), min(max(high+start, 0), size)}
	}
	return bins
}

// wholePlace rounds halves away from 0, as C++ does, to a place that is safe to count with.
func wholePlace[T float32 | float64](x T) int {
	const far = 1 << 31
	if x != x {
		return 0
	}
	return int(math.Round(min(max(float64(x), -far), far)))
}

func greatest[T float32 | float64](plane []T, width int, rows, cols [2]int) (value T, at int) {
	at = -1
	for y := rows[0]; y < rows[1]; y++ {
		for x := cols[0]; x < cols[1]; x++ {
			if v := plane[y*width+x]; at < 0 || v > value {
				value, at = v, y*width+x
			}
		}
	}
	return value, at
}
