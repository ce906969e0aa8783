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
		return gridSample[float32](p, x, places, gridSampling{f, pad, alignCorners, rounding(x.Elem)})
	case ClassF64:
		return gridSample[float64](p, x, places, gridSampling{f, pad, alignCorners, rounding(x.Elem)})
	}
	return nil, unsupported("grid sampling", x.Elem)
}

type gridSampling struct {
	filter  Filter
	pad     GridPadding
	corners bool
	round   func(float64) float64 // to the element type, as PyTorch rounds each step of finding places and weights
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
	narrow := x.Elem == F16 || x.Elem == BF16
	p(shape[0]*count, 1+(1<<12)/max(channels, 1), func(lo, hi int) {
		var t taps[T]
		along := make([]axisTaps, axes)
		for i := lo; i < hi; i++ {
			for k := range along { // the last axis first
				n := size[axes-1-k]
				along[k] = s.axis(n, s.unnormalized(float64(at[i*axes+k]), n))
			}
			t.cross(along, size, s.round)
			n, place := i/count, i%count
			for c := range channels {
				from := data[(n*channels+c)*plane:]
				to := &buf[(n*channels+c)*count+place]
				switch {
				case narrow && s.filter == FilterCubic:
					*to = T(cubicSum(&t, from, along, s.round))
				case narrow:
					*to = T(roundedSum(&t, from, s.round))
				default:
					*to = weighedSum(&t, from)
				}
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}

// weighedSum is what a place is made of; an element of -1 lies outside.
func weighedSum[T float32 | float64](t *taps[T], from []T) T {
	sum := T(0)
	for j, k := range t.at {
		if k >= 0 {
			sum += from[k] * t.weights[j]
		}
	}
	return sum
}

// roundedSum is [weighedSum] with every step rounded, as PyTorch has it for f16 and bf16.
func roundedSum[T float32 | float64](t *taps[T], from []T, round func(float64) float64) float64 {
	sum := 0.0
	for j, k := range t.at {
		if k >= 0 {
			sum = round(sum + round(float64(from[k]*t.weights[j])))
		}
	}
	return sum
}

// cubicSum is [roundedSum] of four rows, each of which is summed by itself.
func cubicSum[T float32 | float64](t *taps[T], from []T, along []axisTaps, round func(float64) float64) float64 {
	sum := 0.0
	for i, w := range along[1].weights {
		row := 0.0
		for j, v := range along[0].weights {
			if k := t.at[4*i+j]; k >= 0 {
				row = round(row + round(float64(from[k])*v))
			}
		}
		sum = round(sum + round(row*w))
	}
	return sum
}

// cross combines the taps along all axes, the last of which comes first and varies fastest; one that lies outside on any
// axis is -1.
func (t *taps[T]) cross(along []axisTaps, size []int, round func(float64) float64) {
	t.at, t.weights = append(t.at[:0], 0), append(t.weights[:0], 1)
	step := 1
	for axis, a := range along {
		have := len(t.at)
		for j := 1; j < a.n; j++ {
			t.at, t.weights = append(t.at, t.at[:have]...), append(t.weights, t.weights[:have]...)
		}
		for i := range t.at {
			k := a.at[i/have]
			if k < 0 || t.at[i] < 0 {
				t.at[i] = -1
				continue
			}
			t.at[i] += k * step
			t.weights[i] = T(round(float64(t.weights[i]) * a.weights[i/have]))
		}
		step *= size[len(size)-1-axis]
	}
}

// axisTaps are the n elements along one axis that a place is made of.
type axisTaps struct {
	n       int
	at      [4]int
	weights [4]float64
}

// unnormalized is the place among n elements that a grid coordinate means.
func (s gridSampling) unnormalized(coord float64, n int) float64 {
	r := s.round
	if s.corners {
		return r(r(r(coord+1)/2) * r(float64(n-1)))
	}
	return r(r(r(r(coord+1)*r(float64(n)))-1) / 2)
}

// axis finds the elements of an axis of n around a place.
func (s gridSampling) axis(n int, place float64) axisTaps {
	r := s.round
	if s.filter == FilterCubic {
		t := axisTaps{n: 4}
		low := math.Floor(place)
		t.weights = roundedCubicWeights(r(place-low), r)
		for j := range t.at {
			t.at[j] = inside(s.outside(r(r(low-1)+float64(j)), n), n)
		}
		return t
	}
	place = s.outside(place, n)
	if s.filter == FilterNearest {
		return axisTaps{1, [4]int{inside(math.RoundToEven(place), n)}, [4]float64{1}}
	}
	low := math.Floor(place)
	return axisTaps{2, [4]int{inside(low, n), inside(low+1, n)}, [4]float64{r(r(low+1) - place), r(place - low)}}
}

// roundedCubicWeights is [cubicWeights] with every step rounded.
func roundedCubicWeights(part float64, r func(float64) float64) [4]float64 {
	far := func(x float64) float64 { return r(r(r(r(r(r(-0.75*x)+3.75)*x)-6)*x) + 3) }
	near := func(x float64) float64 { return r(r(r(r(r(1.25*x)-2.25)*x)*x) + 1) }
	rest := r(1 - part)
	return [4]float64{far(r(part + 1)), near(part), near(rest), far(r(rest + 1))}
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
	r := s.round
	switch s.pad {
	case PadBorder:
		return s.clip(place, n)
	case PadReflection:
		low, span := -0.5, r(float64(2*n))/2
		if s.corners {
			low, span = 0, r(float64(2*(n-1)))/2
		}
		if span == 0 {
			return 0
		}
		far := math.Abs(r(place - low))
		rest := math.Mod(far, span)
		if math.Mod(math.Floor(r(far/span)), 2) == 0 {
			return s.clip(r(rest+low), n)
		}
		return s.clip(r(r(span-rest)+low), n)
	}
	return place
}

func (s gridSampling) clip(place float64, n int) float64 {
	if !(place > 0) {
		return 0
	}
	return min(place, s.round(float64(n-1)))
}
