package host

import (
	"fmt"
)

// Rope rotates pairs of elements of the last axis: x*cos + turned(x)*sin, where turned exchanges the two elements of a
// pair and negates the first. A pair is elements i and i+n/2, or 2i and 2i+1 if interleaved. cos and sin broadcast to x.
func Rope(p Parallel, x, cos, sin *Tensor, interleaved bool) (*Tensor, error) {
	if x.Rank() < 1 || x.Shape[x.Rank()-1]%2 != 0 {
		return nil, fmt.Errorf("cannot rotate the elements of %s in pairs", x)
	}
	wideCos, err := cos.Expand(x.Shape)
	if err != nil {
		return nil, err
	}
	wideSin, err := sin.Expand(x.Shape)
	if err != nil {
		return nil, err
	}
	switch x.Elem.Class() {
	case ClassF32:
		return rope[float32](p, x, wideCos, wideSin, interleaved)
	case ClassF64:
		return rope[float64](p, x, wideCos, wideSin, interleaved)
	}
	return nil, unsupported("rotation", x.Elem)
}

func rope[T float32 | float64](p Parallel, x, cos, sin *Tensor, interleaved bool) (*Tensor, error) {
	out, err := Alloc(x.Elem, x.Shape)
	if err != nil || x.Len() == 0 {
		return out, err
	}
	last := x.Rank() - 1
	n := x.Shape[last]
	lanes := func(t *Tensor) (offsets, int) {
		return newOffsets(t.Shape[:last], t.Strides[:last]), t.Strides[last]
	}
	atX, stepX := lanes(x)
	atCos, stepCos := lanes(cos)
	atSin, stepSin := lanes(sin)
	p(x.Len()/n, 1+mapGrain/n, func(lo, hi int) {
		in, c, s, to := make([]T, n), make([]T, n), make([]T, n), make([]T, n)
		for i := lo; i < hi; i++ {
			Load(in, x, x.Offset+atX.at(i), stepX)
			Load(c, cos, cos.Offset+atCos.at(i), stepCos)
			Load(s, sin, sin.Offset+atSin.at(i), stepSin)
			apart, step := n/2, 1
			if interleaved {
				apart, step = 1, 2
			}
			for k := 0; k < n/2*step; k += step {
				a, b := in[k], in[k+apart]
				to[k] = a*c[k] - b*s[k]
				to[k+apart] = b*c[k+apart] + a*s[k+apart]
			}
			Store(out, i*n, 1, to)
		}
	})
	return out, nil
}
