package host

import (
	"fmt"
	"math"
	"slices"
)

// poolNum is what pooling computes in.
type poolNum interface {
	int64 | uint64 | float32 | float64
}

// PoolParams are the sizes of a pooling window, one for each spatial axis; these are the tensor's last one to three axes.
type PoolParams struct {
	Kernel, Stride, Dilation []int
	Low, High                []int
	Ceil                     bool // also windows that end outside, as long as they start inside or in the padding before
}

// PoolSize gives the number of windows along an axis of n elements.
func PoolSize(n, kernel, stride, dilation, low, high int, ceil bool) int {
	if !ceil {
		return WindowSize(n, kernel, stride, dilation, low, high)
	}
	free := n + low + high - dilation*(kernel-1) - 1
	if free <= -stride || n+low < 1 {
		return 0
	}
	return min(ceilDiv(free, stride), (n+low-1)/stride) + 1
}

// grid checks the sizes against x and gives the result's shape.
func (c *PoolParams) grid(x *Tensor) (*grid, []int, error) {
	axes, lead := len(c.Kernel), x.Rank()-len(c.Kernel)
	if axes < 1 || axes > 3 || lead < 0 {
		return nil, nil, fmt.Errorf("cannot pool %s with the kernel %v", x, c.Kernel)
	}
	for _, list := range [][]int{c.Stride, c.Dilation, c.Low, c.High} {
		if len(list) != axes {
			return nil, nil, fmt.Errorf("pooling with the kernel %v needs %d sizes, found %v", c.Kernel, axes, list)
		}
	}
	shape := slices.Clone(x.Shape)
	for i := range axes {
		if c.Kernel[i] < 1 || c.Stride[i] < 1 || c.Dilation[i] < 1 || c.Low[i] < 0 || c.High[i] < 0 {
			return nil, nil, fmt.Errorf("pooling of %s: kernel %v, stride %v, dilation %v, padding %v and %v", x, c.Kernel, c.Stride, c.Dilation, c.Low, c.High)
		}
		shape[lead+i] = PoolSize(x.Shape[lead+i], c.Kernel[i], c.Stride[i], c.Dilation[i], c.Low[i], c.High[i], c.Ceil)
		if shape[lead+i] < 1 {
			return nil, nil, fmt.Errorf("pooling of %s: the kernel %v is larger than the padded input on axis %d", x, c.Kernel, lead+i)
		}
	}
	return newGrid(shape[lead:], x.Shape[lead:], c.Kernel, c.Stride, c.Dilation, c.Low), shape, nil
}

// MaxPool takes the largest element of each window, and its index among all elements of the spatial axes. NaN is larger
// than anything; of equals the first counts.
func MaxPool(p Parallel, x *Tensor, c PoolParams) (values, indices *Tensor, err error) {
	g, shape, err := c.grid(x)
	if err != nil {
		return nil, nil, err
	}
	switch x.Elem.Class() {
	case ClassF32:
		return maxPool(p, x, g, shape, float32(math.Inf(-1)))
	case ClassF64:
		return maxPool(p, x, g, shape, math.Inf(-1))
	case ClassI64:
		return maxPool(p, x, g, shape, int64(math.MinInt64))
	case ClassU64:
		return maxPool(p, x, g, shape, uint64(0))
	}
	return nil, nil, unsupported("pooling", x.Elem)
}

func maxPool[T poolNum](p Parallel, x *Tensor, g *grid, shape []int, least T) (*Tensor, *Tensor, error) {
	values, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, nil, err
	}
	indices, at, err := newResult[int64](I64, shape)
	if err != nil {
		return nil, nil, err
	}
	data := dense[T](p, x)
	places, plane, taps, stride := g.numPlaces(), g.numElements(), g.numTaps(), g.stride[2]
	p(len(buf)/max(places, 1), 1+gemmWork/(places*taps), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			best, where, from := buf[i*places:(i+1)*places], at[i*places:(i+1)*places], data[i*plane:(i+1)*plane]
			for k := range best {
				best[k], where[k] = least, -1
			}
			for tap := range taps {
				g.runs(tap, 0, places, func(at, n, element int) {
					for k := at; k < at+n; k++ {
						if v := from[element]; v > best[k] || v != v || where[k] < 0 {
							best[k], where[k] = v, int64(element)
						}
						element += stride
					}
				})
			}
		}
	})
	finish(p, values, buf)
	return values, indices, nil
}

// AvgPool takes the mean of each window. The divisor is the given one, or where it is 0 the window's size: with the padding
// in it if countPad is set, but never what Ceil adds beyond the padding.
func AvgPool(p Parallel, x *Tensor, c PoolParams, countPad bool, divisor int) (*Tensor, error) {
	g, shape, err := c.grid(x)
	if err != nil {
		return nil, err
	}
	counts := make([]int64, g.numPlaces())
	for i := range counts {
		counts[i] = int64(divisor)
		if divisor == 0 {
			counts[i] = g.windowLen(i, three(c.High, 0), countPad)
		}
	}
	switch x.Elem.Class() {
	case ClassF32:
		return avgPool[float32, float64](p, x, g, shape, counts)
	case ClassF64:
		return avgPool[float64, float64](p, x, g, shape, counts)
	case ClassI64:
		return avgPool[int64, int64](p, x, g, shape, counts)
	case ClassU64:
		return avgPool[uint64, uint64](p, x, g, shape, counts)
	}
	return nil, unsupported("pooling", x.Elem)
}

// windowLen counts the elements of the window at a place, with or without the padding.
func (g *grid) windowLen(place int, high [3]int, withPad bool) int64 {
	at := [3]int{place / (g.places[1] * g.places[2]), place / g.places[2] % g.places[1], place % g.places[2]}
	count := int64(1)
	for i := range at {
		start := at[i]*g.stride[i] - g.low[i]
		end := min(start+g.taps[i], g.elements[i]+high[i])
		if !withPad {
			start, end = max(start, 0), min(end, g.elements[i])
		}
		count *= int64(max(end-start, 0))
	}
	return count
}

// avgPool sums the elements up in S.
func avgPool[T, S poolNum](p Parallel, x *Tensor, g *grid, shape []int, counts []int64) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	data := dense[T](p, x)
	places, plane, taps, stride := g.numPlaces(), g.numElements(), g.numTaps(), g.stride[2]
	p(len(buf)/max(places, 1), 1+gemmWork/(places*taps), func(lo, hi int) {
		sums := make([]S, places)
		for i := lo; i < hi; i++ {
			from := data[i*plane : (i+1)*plane]
			clear(sums)
			for tap := range taps {
				g.runs(tap, 0, places, func(at, n, element int) {
					for k := range n {
						sums[at+k] += S(from[element+k*stride])
					}
				})
			}
			for k, n := range counts {
				if n != 0 {
					sums[k] /= S(n)
				}
				buf[i*places+k] = T(sums[k])
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}

// AdaptiveAvgPool makes the last len(output) axes as large as output says; each result is the mean of the elements
// floor(i*n/m) to ceil((i+1)*n/m).
func AdaptiveAvgPool(p Parallel, x *Tensor, output []int) (*Tensor, error) {
	shape, err := adaptiveShape(x, output)
	if err != nil {
		return nil, err
	}
	switch x.Elem.Class() {
	case ClassF32:
		return adaptiveAvg[float32](p, x, shape, output)
	case ClassF64:
		return adaptiveAvg[float64](p, x, shape, output)
	}
	return nil, unsupported("adaptive average pooling", x.Elem)
}

func adaptiveShape(x *Tensor, output []int) ([]int, error) {
	lead := x.Rank() - len(output)
	if len(output) < 1 || len(output) > 3 || lead < 0 || slices.Min(output) < 0 {
		return nil, fmt.Errorf("cannot pool %s to the size %v", x, output)
	}
	if slices.Contains(x.Shape[lead:], 0) {
		return nil, fmt.Errorf("cannot pool %s: its spatial axes are empty", x)
	}
	return append(slices.Clone(x.Shape[:lead]), output...), nil
}

func adaptiveAvg[T float32 | float64](p Parallel, x *Tensor, shape, output []int) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	data := dense[T](p, x)
	round := rounding(x.Elem)
	steps := len(output) == 3 && product(output) > 1 && (x.Elem == F16 || x.Elem == BF16)
	adaptive(p, x, output, len(buf), func(at int, r *region) {
		if steps {
			buf[at] = T(r.roundedMean(func(i int) float64 { return float64(data[i]) }, round))
			return
		}
		sum := 0.0
		for z := r.lo[0]; z < r.hi[0]; z++ {
			for y := r.lo[1]; y < r.hi[1]; y++ {
				for _, v := range data[r.index(z, y, r.lo[2]):r.index(z, y, r.hi[2])] {
					sum += float64(v)
				}
			}
		}
		buf[at] = T(sum / float64((r.hi[0]-r.lo[0])*(r.hi[1]-r.lo[1])*(r.hi[2]-r.lo[2])))
	})
	finish(p, out, buf)
	return out, nil
}

// roundedMean rounds each sum, and divides by the sizes one after the other, as PyTorch does for f16 and bf16 in
// three axes, unless it takes one mean of all.
func (r *region) roundedMean(element func(int) float64, round func(float64) float64) float64 {
	sum := 0.0
	for z := r.lo[0]; z < r.hi[0]; z++ {
		for y := r.lo[1]; y < r.hi[1]; y++ {
			for x := r.lo[2]; x < r.hi[2]; x++ {
				sum = round(sum + element(r.index(z, y, x)))
			}
		}
	}
	for axis := range r.lo {
		sum = round(sum / float64(r.hi[axis]-r.lo[axis]))
	}
	return sum
}

// AdaptiveMaxPool is [AdaptiveAvgPool] with the largest element, and its index among those of the spatial axes.
func AdaptiveMaxPool(p Parallel, x *Tensor, output []int) (values, indices *Tensor, err error) {
	shape, err := adaptiveShape(x, output)
	if err != nil {
		return nil, nil, err
	}
	switch x.Elem.Class() {
	case ClassF32:
		return adaptiveMax[float32](p, x, shape, output)
	case ClassF64:
		return adaptiveMax[float64](p, x, shape, output)
	case ClassI64:
		return adaptiveMax[int64](p, x, shape, output)
	case ClassU64:
		return adaptiveMax[uint64](p, x, shape, output)
	}
	return nil, nil, unsupported("adaptive maximum pooling", x.Elem)
}

func adaptiveMax[T poolNum](p Parallel, x *Tensor, shape, output []int) (*Tensor, *Tensor, error) {
	values, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, nil, err
	}
	indices, where, err := newResult[int64](I64, shape)
	if err != nil {
		return nil, nil, err
	}
	data := dense[T](p, x)
	adaptive(p, x, output, len(buf), func(at int, r *region) {
		first := r.index(r.lo[0], r.lo[1], r.lo[2])
		best, place := data[first], first
		for z := r.lo[0]; z < r.hi[0]; z++ {
			for y := r.lo[1]; y < r.hi[1]; y++ {
				for i := r.index(z, y, r.lo[2]); i < r.index(z, y, r.hi[2]); i++ {
					if v := data[i]; v > best || v != v {
						best, place = v, i
					}
				}
			}
		}
		buf[at], where[at] = best, int64(place-r.base)
	})
	finish(p, values, buf)
	return values, indices, nil
}

// region is what one result of adaptive pooling covers: lo..hi of each spatial axis of the plane that starts at base.
type region struct {
	base         int
	size, lo, hi [3]int
}

func (r *region) index(z, y, x int) int { return r.base + (z*r.size[1]+y)*r.size[2] + x }

func adaptive(p Parallel, x *Tensor, output []int, total int, visit func(at int, r *region)) {
	size, to := three(x.Shape[x.Rank()-len(output):], 1), three(output, 1)
	plane, places := product(size[:]), product(to[:])
	p(total, 1+(1<<14)*places/max(plane, places, 1), func(lo, hi int) {
		r := region{size: size}
		for at := lo; at < hi; at++ {
			r.base = at / places * plane
			index := at % places
			for axis := 2; axis >= 0; axis-- {
				i, n, m := index%to[axis], size[axis], to[axis]
				index /= m
				r.lo[axis], r.hi[axis] = i*n/m, ceilDiv((i+1)*n, m)
			}
			visit(at, &r)
		}
	})
}
