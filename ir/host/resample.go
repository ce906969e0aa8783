package host

import (
	"fmt"
	"math"
	"slices"
)

// Filter is how resampling weighs the elements around a place.
type Filter uint8

// The filters, as PyTorch names them.
const (
	FilterNearest      Filter = iota // the element at floor(i*scale)
	FilterNearestExact               // the element whose centre is nearest
	FilterLinear                     // between the two neighbours on each axis
	FilterCubic                      // of the four neighbours on each axis
)

// Resample changes the sizes of the last len(size) axes, one after the other, as PyTorch's upsample functions do. scales,
// if not nil, holds for each axis the factor that the user gave, which then counts instead of the ratio of the sizes.
func Resample(p Parallel, x *Tensor, size []int, f Filter, alignCorners, antialias bool, scales []float64) (*Tensor, error) {
	lead := x.Rank() - len(size)
	if len(size) < 1 || lead < 0 || slices.Min(size) < 1 || scales != nil && len(scales) != len(size) {
		return nil, fmt.Errorf("cannot resample %s to the sizes %v with the factors %v", x, size, scales)
	}
	if slices.Contains(x.Shape[lead:], 0) {
		return nil, fmt.Errorf("cannot resample %s: an axis is empty", x)
	}
	s := sampling{f, alignCorners, antialias}
	nearest := f == FilterNearest || f == FilterNearestExact
	switch class := x.Elem.Class(); {
	case class == ClassF32:
		return resample(p, x, size, scales, s, sampleTaps[float32])
	case class == ClassF64:
		return resample(p, x, size, scales, s, sampleTaps[float64])
	case class == ClassI64 && nearest:
		return resample(p, x, size, scales, s, nearestTaps[int64])
	case x.Elem == U8 && len(size) == 2 && !nearest:
		return resampleBytes(p, x, size, scales, s)
	case class == ClassU64 && nearest:
		return resample(p, x, size, scales, s, nearestTaps[uint64])
	}
	return nil, unsupported("resampling", x.Elem)
}

type sampling struct {
	filter             Filter
	corners, antialias bool
}

// taps are the weighted elements that one result is the sum of.
type taps[T poolNum] struct {
	at      []int
	weights []T
}

func resample[T poolNum](p Parallel, x *Tensor, size []int, scales []float64, s sampling, table func(s sampling, n, m int, scale float64) []taps[T]) (*Tensor, error) {
	shape := slices.Clone(x.Shape)
	data := dense[T](p, x)
	for i, m := range size {
		axis := x.Rank() - len(size) + i
		scale := 0.0
		if scales != nil {
			scale = scales[i]
		}
		list := table(s, shape[axis], m, scale)
		if !s.antialias && !s.keepsWeights(size) {
			roundTaps(list, x.Elem)
		}
		if identity(list, shape[axis]) {
			continue
		}
		inner := product(shape[axis+1:])
		outer := product(shape[:axis])
		n := shape[axis]
		shape[axis] = m
		if _, err := SizeBytes(x.Elem, shape); err != nil {
			return nil, err
		}
		next := make([]T, outer*m*inner)
		p(outer*m, 1+(1<<14)/max(inner, 1), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				from, to := data[k/m*n*inner:], next[k*inner:(k+1)*inner]
				t := &list[k%m]
				for j, at := range t.at {
					row, w := from[at*inner:(at+1)*inner], t.weights[j]
					if j == 0 {
						for c, v := range row {
							to[c] = v * w
						}
						continue
					}
					for c, v := range row {
						to[c] += v * w
					}
				}
			}
		})
		data = next
	}
	out, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	copy(buf, data)
	finish(p, out, buf)
	return out, nil
}

// keepsWeights reports the one case in which PyTorch does not round the weights of a narrow float: small bilinear results.
func (s sampling) keepsWeights(size []int) bool {
	return s.filter == FilterLinear && len(size) == 2 && size[0]+size[1] <= 128
}

// roundTaps rounds weights to the element type, as PyTorch does where that is a narrow float; sums stay in T.
func roundTaps[T poolNum](list []taps[T], e Elem) {
	if e != F16 && e != BF16 {
		return
	}
	for _, t := range list {
		roundAll(t.weights, e)
		if len(t.weights) == 2 { // the first is what the rounded second leaves
			t.weights[0] = 1 - t.weights[1]
			roundAll(t.weights, e)
		}
	}
}

// identity reports that the results are the elements themselves.
func identity[T poolNum](list []taps[T], n int) bool {
	if len(list) != n {
		return false
	}
	for i, t := range list {
		for j, at := range t.at {
			if w := t.weights[j]; w != 0 && (at != i || w != 1) {
				return false
			}
		}
	}
	return true
}

func nearestTaps[T int64 | uint64](s sampling, n, m int, scale float64) []taps[T] {
	list := make([]taps[T], m)
	for i, t := range sampleTaps[float32](s, n, m, scale) {
		list[i] = taps[T]{t.at, []T{1}}
	}
	return list
}

// sampleTaps computes places and weights for m results from n elements in the precision that PyTorch computes them in.
// Conversions around products keep machines with a fused multiply-add to the same rounding.
func sampleTaps[T float32 | float64](s sampling, n, m int, scale float64) []taps[T] {
	nearest := s.filter == FilterNearest || s.filter == FilterNearestExact
	step := T(n) / T(m)
	switch {
	case s.corners && !nearest && m > 1:
		step = T(n-1) / T(m-1)
	case s.corners && !nearest:
		step = 0
	case scale > 0:
		step = T(1 / scale)
	}
	list := make([]taps[T], m)
	for i := range list {
		place := T(step*(T(i)+0.5)) - 0.5
		if s.corners {
			place = step * T(i)
		}
		switch {
		case s.filter == FilterNearest:
			list[i] = nearestTap(n, step*T(i))
		case s.filter == FilterNearestExact:
			list[i] = nearestTap(n, step*(T(i)+0.5))
		case s.antialias:
			list[i] = smoothTaps(s.filter, n, step*(T(i)+0.5), step)
		case s.filter == FilterLinear && n == m: // whatever the scale is
			list[i] = taps[T]{[]int{i}, []T{1}}
		case s.filter == FilterLinear:
			list[i] = linearTaps(n, max(place, 0))
		default:
			list[i] = cubicTaps(n, place)
		}
	}
	return list
}

func nearestTap[T float32 | float64](n int, place T) taps[T] {
	at := min(max(math.Floor(float64(place)), 0), float64(n-1))
	return taps[T]{[]int{int(at)}, []T{1}}
}

func linearTaps[T float32 | float64](n int, place T) taps[T] {
	low := min(int(place), n-1)
	if low == n-1 {
		return taps[T]{[]int{low}, []T{1}}
	}
	part := min(max(place-T(low), 0), 1)
	return taps[T]{[]int{low, low + 1}, []T{1 - part, part}}
}

func cubicTaps[T float32 | float64](n int, place T) taps[T] {
	low := math.Floor(float64(place))
	weights := cubicWeights(place - T(low))
	at := make([]int, 4)
	for j := range at {
		at[j] = int(min(max(low-1+float64(j), 0), float64(n-1)))
	}
	return taps[T]{at, weights[:]}
}

// cubicWeights are those of the four elements around a place, which lies part of the way from the second to the third:
// Keys' kernel with a = -0.75, in Horner's form as PyTorch has it.
func cubicWeights[T float32 | float64](part T) [4]T {
	const a = -0.75
	far := func(x T) T { return ((a*x-5*a)*x+8*a)*x - 4*a }
	near := func(x T) T { return ((a+2)*x-(a+3))*x*x + 1 }
	return [4]T{far(part + 1), near(part), near(1 - part), far(2 - part)}
}

// smoothTaps spreads the filter over step elements where the result is smaller, so that it does not alias (as Pillow).
func smoothTaps[T float32 | float64](f Filter, n int, centre, step T) taps[T] {
	reach, shape := T(1), triangle[T]
	if f == FilterCubic {
		reach, shape = 2, keys[T]
	}
	shrink := T(1)
	if step >= 1 {
		reach, shrink = reach*step, 1/step
	}
	first := max(int(centre-reach+0.5), 0)
	last := min(int(centre+reach+0.5), n)
	t := taps[T]{}
	sum := T(0)
	for i := first; i < last; i++ {
		w := shape((T(i) - centre + 0.5) * shrink)
		t.at, t.weights, sum = append(t.at, i), append(t.weights, w), sum+w
	}
	if sum != 0 {
		for j := range t.weights {
			t.weights[j] /= sum
		}
	}
	return t
}

func triangle[T float32 | float64](x T) T { return max(1-max(x, -x), 0) }

// keys is Keys' cubic kernel with a = -0.5.
func keys[T float32 | float64](x T) T {
	const a = -0.5
	switch x = max(x, -x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}
