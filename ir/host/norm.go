package host

import (
	"fmt"
	"math"
	"slices"
)

// Norm says how [Normalize] scales a lane.
type Norm uint8

// The norms.
const (
	LayerNorm Norm = iota // (x - mean) / sqrt(variance + eps)
	RMSNorm               // x / sqrt(mean(x*x) + eps)
)

// Normalize normalizes x along the given axes; weight and bias, which may be nil, broadcast to the axes' shape and are
// multiplied and added. Means are taken in float64.
func Normalize(p Parallel, kind Norm, x, weight, bias *Tensor, axes []int, eps float64) (*Tensor, error) {
	if err := checkAxes(x, axes); err != nil {
		return nil, err
	}
	var shape []int
	for _, a := range axes {
		shape = append(shape, x.Shape[a])
	}
	var err error
	for _, t := range []**Tensor{&weight, &bias} {
		if *t != nil {
			if *t, err = (*t).Expand(shape); err != nil {
				return nil, fmt.Errorf("normalization of %s over axes %v: %w", x, axes, err)
			}
		}
	}
	switch x.Elem.Class() {
	case ClassF32:
		return normalize[float32](p, kind, x, weight, bias, axes, eps)
	case ClassF64:
		return normalize[float64](p, kind, x, weight, bias, axes, eps)
	}
	return nil, unsupported("normalization", x.Elem)
}

func checkAxes(x *Tensor, axes []int) error {
	for i, a := range axes {
		if a < 0 || a >= x.Rank() || slices.Contains(axes[:i], a) {
			return fmt.Errorf("axes %v do not fit %s", axes, x)
		}
	}
	return nil
}

func normalize[T float32 | float64](p Parallel, kind Norm, x, weight, bias *Tensor, axes []int, eps float64) (*Tensor, error) {
	var w, b []T
	if weight != nil {
		w = dense[T](p, weight)
	}
	if bias != nil {
		b = dense[T](p, bias)
	}
	return rows(p, x, axes, 8, func(out, in []T) {
		mean, scale := laneScale(kind, in, eps)
		normalizeLane(out, in, mean, scale)
		if w != nil {
			for i, v := range w[:len(out)] {
				out[i] *= v
			}
		}
		if b != nil {
			for i, v := range b[:len(out)] {
				out[i] += v
			}
		}
	})
}

// laneScale gives what to subtract from a lane's elements and what to multiply them with.
func laneScale[T float32 | float64](kind Norm, in []T, eps float64) (mean, scale float64) {
	n := float64(len(in))
	if kind == LayerNorm {
		for _, v := range in {
			mean += float64(v)
		}
		mean /= n
	}
	square := 0.0
	for _, v := range in {
		d := float64(v) - mean
		square += d * d
	}
	return mean, 1 / math.Sqrt(square/n+eps)
}

func normalizeLane[T float32 | float64](out, in []T, mean, scale float64) {
	in = in[:len(out)]
	for i, v := range in {
		out[i] = T((float64(v) - mean) * scale)
	}
}

// GroupNormalize normalizes x [n, ..., c, ...] over each of the groups of c/groups channels, the elements of the given axis; weight
// and bias [c] may be nil.
func GroupNormalize(p Parallel, x, weight, bias *Tensor, axis, groups int, eps float64) (*Tensor, error) {
	if axis < 1 || axis >= x.Rank() || groups < 1 || x.Shape[axis]%groups != 0 {
		return nil, fmt.Errorf("cannot normalize %s in %d groups along axis %d", x, groups, axis)
	}
	if axis > 1 {
		front, back := []int{0, axis}, []int{0}
		for i := 1; i < x.Rank(); i++ {
			if i != axis {
				front, back = append(front, i), append(back, len(front))
			}
		}
		y, err := GroupNormalize(p, x.Transpose(front), weight, bias, 1, groups, eps)
		if err != nil {
			return nil, err
		}
		return y.Transpose(slices.Insert(back, axis, 1)).Clone(), nil
	}
	for _, t := range []*Tensor{weight, bias} {
		if t != nil && (t.Rank() != 1 || t.Shape[0] != x.Shape[1]) {
			return nil, fmt.Errorf("weight or bias %s does not fit %s", t, x)
		}
	}
	switch x.Elem.Class() {
	case ClassF32:
		return groupNormalize[float32](p, x, weight, bias, groups, eps)
	case ClassF64:
		return groupNormalize[float64](p, x, weight, bias, groups, eps)
	}
	return nil, unsupported("normalization", x.Elem)
}

func groupNormalize[T float32 | float64](p Parallel, x, weight, bias *Tensor, groups int, eps float64) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, x.Shape)
	if err != nil || len(buf) == 0 {
		return out, err
	}
	data := dense[T](p, x)
	channels := x.Shape[1] / groups
	w, b := channelValues(p, weight, x.Shape[1], T(1)), channelValues(p, bias, x.Shape[1], T(0))
	plane := product(x.Shape[2:])
	n := channels * plane
	p(len(buf)/n, 1+gemmWork/(8*n), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			mean, scale := laneScale(LayerNorm, data[i*n:(i+1)*n], eps)
			for c := range channels {
				at, channel := i*n+c*plane, i%groups*channels+c
				to := buf[at : at+plane]
				normalizeLane(to, data[at:at+plane], mean, scale)
				affine(to, w[channel], b[channel])
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}

// channelValues gives one value for each channel, the same for all where there is no tensor.
func channelValues[T float32 | float64](p Parallel, t *Tensor, n int, otherwise T) []T {
	if t != nil {
		return dense[T](p, t)
	}
	values := make([]T, n)
	for i := range values {
		values[i] = otherwise
	}
	return values
}

func affine[T float32 | float64](row []T, w, b T) {
	for i, v := range row {
		row[i] = v*w + b
	}
}

// BatchNormalize gives (x - mean) / sqrt(variance + eps) * weight + bias with one value of each for every channel, the
// elements of the given axis; weight and bias may be nil.
func BatchNormalize(p Parallel, x, mean, variance, weight, bias *Tensor, axis int, eps float64) (*Tensor, error) {
	if axis < 0 || axis >= x.Rank() {
		return nil, fmt.Errorf("axis %d is outside %s", axis, x)
	}
	for _, t := range []*Tensor{mean, variance, weight, bias} {
		if t != nil && (t.Rank() != 1 || t.Shape[0] != x.Shape[axis]) {
			return nil, fmt.Errorf("%s does not fit the %d channels of %s", t, x.Shape[axis], x)
		}
	}
	switch x.Elem.Class() {
	case ClassF32:
		return batchNormalize[float32](p, x, mean, variance, weight, bias, axis, eps)
	case ClassF64:
		return batchNormalize[float64](p, x, mean, variance, weight, bias, axis, eps)
	}
	return nil, unsupported("normalization", x.Elem)
}

func batchNormalize[T float32 | float64](p Parallel, x, mean, variance, weight, bias *Tensor, axis int, eps float64) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, x.Shape)
	if err != nil || len(buf) == 0 {
		return out, err
	}
	channels, plane := x.Shape[axis], product(x.Shape[axis+1:])
	scale, shift := make([]T, channels), make([]T, channels)
	m, v := dense[T](p, mean), dense[T](p, variance)
	w, b := channelValues(p, weight, channels, T(1)), channelValues(p, bias, channels, T(0))
	for c := range scale {
		s := float64(w[c]) / math.Sqrt(float64(v[c])+eps)
		scale[c], shift[c] = T(s), T(float64(b[c])-float64(m[c])*s)
	}
	data := dense[T](p, x)
	p(len(buf)/plane, 1+mapGrain/plane, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			to := buf[i*plane : (i+1)*plane]
			copy(to, data[i*plane:(i+1)*plane])
			affine(to, scale[i%channels], shift[i%channels])
		}
	})
	finish(p, out, buf)
	return out, nil
}
