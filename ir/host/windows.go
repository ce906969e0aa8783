package host

import (
	"fmt"
	"slices"
)

// Windows shows what a convolution multiplies with its weight [out, c, window...]: of x [n, c, spatial...], with its padding,
// a view [n, places..., c, window...] in which elements repeat. Groups must be 1.
func Windows(x *Tensor, window []int, c ConvParams) (*Tensor, error) {
	axes := len(window)
	if x.Rank() != axes+2 || c.Groups != 1 {
		return nil, fmt.Errorf("cannot take windows %v of %s in %d groups", window, x, c.Groups)
	}
	if c.ChannelsLast {
		perm := []int{0, axes + 1}
		for i := range axes {
			perm = append(perm, i+1)
		}
		x = x.Transpose(perm)
	}
	x, err := zeroPadded(x, c.Low, c.High)
	if err != nil {
		return nil, err
	}
	shape, strides := []int{x.Shape[0]}, []int{x.Strides[0]}
	for i, k := range window {
		shape = append(shape, WindowSize(x.Shape[2+i], k, c.Stride[i], c.Dilation[i], 0, 0))
		strides = append(strides, x.Strides[2+i]*c.Stride[i])
	}
	shape, strides = append(shape, x.Shape[1]), append(strides, x.Strides[1])
	for i, k := range window {
		shape, strides = append(shape, k), append(strides, x.Strides[2+i]*c.Dilation[i])
	}
	return x.with(shape, strides), nil
}

// zeroPadded puts zeros around the spatial axes of x [n, c, spatial...].
func zeroPadded(x *Tensor, low, high []int) (*Tensor, error) {
	shape, padded := slices.Clone(x.Shape), false
	for i := range low {
		shape[2+i] += low[i] + high[i]
		padded = padded || low[i]+high[i] > 0
	}
	if !padded {
		return x, nil
	}
	out, err := Alloc(x.Elem, shape)
	if err != nil {
		return nil, err
	}
	inner := out
	for i := range low {
		inner = inner.Slice(2+i, low[i], low[i]+x.Shape[2+i], 1)
	}
	Assign(Serial, inner, x)
	return out, nil
}
