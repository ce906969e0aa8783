package host

import (
	"fmt"
	"math"
)

// GridPadding says what grid sampling finds outside the input.
type GridPadding uint8

// The paddings, as PyTorch names them.
const (
	PadZeros GridPadding = iota
	PadBorder
	PadReflection
)

// GridSample is PyTorch's grid_sample: x [n, c, spatial...] is read at the places that grid [n, spatial'..., axes] names,
// the last axis first, each from -1 to 1. The filter is FilterNearest, FilterLinear or, with two axes, FilterCubic.
func GridSample(p Parallel, x, places *Tensor, f Filter, pad GridPadding, alignCorners bool) (*Tensor, error) {
	axes := x.Rank() - 2
	if axes < 2 || axes > 3 || places.Rank() != x.Rank() || places.Shape[axes+1] != axes || places.Shape[0] != x.Shape[0] || places.Elem != x.Elem {
		return nil, fmt.Errorf("cannot sample %s at %s", x, places)
	}
	if f == FilterNearestExact || f == FilterCubic && axes != 2 {
		return nil, fmt.Errorf("cannot sample %s with this filter", x)
	}
	for _, n := range x.Shape[2:] {
		if n == 0 {
			return nil, fmt.Errorf("cannot sample %s: a spatial axis is empty", x)
		}
	}
	switch x.Elem.Class() {
	case ClassF32:
		return gridSample[float32](p, x, places, gridSampling{f, pad, alignCorners})
	case ClassF64:
		return gridSample[float64](p, x, places, gridSampling{f, pad, alignCorners})
	}
	return nil, unsupported("grid sampling", x.Elem)
}

type gridSampling struct {
	filter  Filter
	pad     GridPadding
	corners bool
}

func gridSample[T float32 | float64](p Parallel, x, places *Tensor, s gridSampling) (*Tensor, error) {
	axes := x.Rank() - 2
	shape := append([]int{x.Shape[0], x.Shape[1]}, places.Shape[1:axes+1]...)
	out, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	data, at := dense[T](p, x), dense[T](p, places)
	size := x.Shape[2:]
	plane, count, channels := product(size), product(shape[2:]), shape[1]
	p(shape[0]*count, 1+(1<<12)/max(channels, 1), func(lo, hi int) {
		var t taps[T]
		for i := lo; i < hi; i++ {
			t.at, t.weights = append(t.at[:0], 0), append(t.weights[:0], 1)
			for axis, n := range size {
				t.cross(s.axis(n, unnormalized(at[i*axes+axes-1-axis], n, s.corners)), n)
			}
			n, place := i/count, i%count
			for c := range channels {
				from := data[(n*channels+c)*plane:]
				sum := T(0)
				for j, k := range t.at {
					if k >= 0 {
						sum += from[k] * t.weights[j]
					}
				}
				buf[(n*channels+c)*count+place] = sum
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}

// cross combines the taps so far with those along a further axis of n elements; an element of -1 lies outside.
func (t *taps[T]) cross(along axisTaps, n int) {
	have := len(t.at)
	for j := 1; j < along.n; j++ {
		t.at, t.weights = append(t.at, t.at[:have]...), append(t.weights, t.weights[:have]...)
	}
	for i := range t.at {
		k := along.at[i/have]
		if k < 0 || t.at[i] < 0 {
			t.at[i] = -1
			continue
		}
		t.at[i] = t.at[i]*n + k
		t.weights[i] *= T(along.weights[i/have])
	}
}

// axisTaps are the n elements along one axis that a place is made of.
type axisTaps struct {
	n       int
	at      [4]int
	weights [4]float64
}

// unnormalized is the place among n elements that a grid coordinate means, in the precision PyTorch computes it in.
func unnormalized[T float32 | float64](coord T, n int, corners bool) float64 {
	if corners {
		return float64((coord + 1) / 2 * T(n-1))
	}
	return float64((T((coord+1)*T(n)) - 1) / 2)
}

// axis finds the elements of an axis of n around a place.
func (s gridSampling) axis(n int, place float64) axisTaps {
	if s.filter == FilterCubic {
		t := axisTaps{n: 4}
		low := math.Floor(place)
		t.weights = cubicWeights(place - low)
		for j := range t.at {
			t.at[j] = inside(s.outside(low-1+float64(j), n), n)
		}
		return t
	}
	place = s.outside(place, n)
	if s.filter == FilterNearest {
		return axisTaps{1, [4]int{inside(math.RoundToEven(place), n)}, [4]float64{1}}
	}
	low := math.Floor(place)
	return axisTaps{2, [4]int{inside(low, n), inside(low+1, n)}, [4]float64{low + 1 - place, place - low}}
}

// inside gives a place as an index, or -1.
func inside(place float64, n int) int {
	if place >= 0 && place < float64(n) {
		return int(place)
	}
	return -1
}

// outside moves a place that lies outside 0..n-1 as the padding says; NaN becomes 0 where there is one.
func (s gridSampling) outside(place float64, n int) float64 {
	switch s.pad {
	case PadBorder:
		return clip(place, n)
	case PadReflection:
		low, span := -0.5, float64(n)
		if s.corners {
			low, span = 0, float64(n-1)
		}
		if span == 0 {
			return 0
		}
		far := math.Abs(place - low)
		rest := math.Mod(far, span)
		if math.Mod(math.Floor(far/span), 2) == 0 {
			return clip(rest+low, n)
		}
		return clip(span-rest+low, n)
	}
	return place
}

func clip(place float64, n int) float64 {
	if !(place > 0) {
		return 0
	}
	return min(place, float64(n-1))
}
