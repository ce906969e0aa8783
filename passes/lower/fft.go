package lower

import (
	"strings"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scaling is what a transform of n points is divided by: 1, sqrt(n) or n; the numbers are PyTorch's.
type scaling int

const (
	byNothing scaling = iota
	byRoot
	byCount
)

// fourier holds Fourier transforms, which all come down to the complex one.
func fourier(t *Table) {
	t.Add("aten._fft_c2c", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		return c.transform(x, c.Axes("dim", x.Type.Rank()), !c.Bool("forward"), c.scaling())
	}))
	t.Add("aten._fft_r2c", One(func(c *Call) *ir.Value {
		x := c.complexOf(c.Value("self"))
		axes := c.Axes("dim", x.Type.Rank())
		y := c.transform(x, axes, false, c.scaling())
		if c.Bool("onesided") {
			y = c.half(y, c.last(axes))
		}
		return y
	}))
	t.Add("aten._fft_c2r", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		return c.realInverse(x, c.Axes("dim", x.Type.Rank()), c.Dim("last_dim_size"), c.scaling())
	}))
	for _, e := range []struct {
		target string
		rank   int // transformed axes; 0: as many as the arguments say
	}{{"fft", 1}, {"fft2", 2}, {"fftn", 0}} {
		for _, kind := range []string{"", "i", "r", "ir", "h", "ih"} {
			t.Add("aten.fft_"+kind+e.target, One(func(c *Call) *ir.Value { return c.fft(kind) }))
		}
	}
	for _, target := range []string{"aten.fft_fftshift", "aten.fft_ifftshift"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			for _, axis := range c.Axes("dim", x.Type.Rank()) {
				size, two := x.Type.Shape[axis], ir.Const(2)
				at := size.FloorDiv(two)
				if target == "aten.fft_fftshift" {
					at = size.Sub(at)
				}
				x = c.Concat(axis, c.Slice(x, axis, at, size, 1), c.Slice(x, axis, ir.Const(0), at, 1))
			}
			return x
		}))
	}
	for _, target := range []string{"aten.fft_fftfreq", "aten.fft_rfftfreq"} {
		t.Add(target, Math(func(c *Call) *ir.Value {
			n := c.Int("n")
			k := c.Count(c.Result(0).Shape[0], host.I64)
			if target == "aten.fft_fftfreq" {
				number := func(i int) *ir.Value { return c.Const(ir.Int(int64(i)), host.I64) }
				k = c.Where(c.Compare(tensor.Lt, k, number((n+1)/2)), k, c.Sub(k, number(n)))
			}
			return c.MulN(c.Cast(k, c.math), 1/(float64(n)*c.Float("d")))
		}))
	}
	t.Add("aten.stft", One(stft))
	t.Add("aten.istft", One(istft))
}

// scaling is the argument normalization; the primitives have none.
func (c *Call) scaling() scaling {
	if !c.Has("normalization") {
		return byNothing
	}
	return scaling(c.Int("normalization"))
}

func (c *Call) last(axes []int) int { return axes[len(axes)-1] }

// complexOf gives real numbers the imaginary part 0.
func (c *Call) complexOf(x *ir.Value) *ir.Value {
	return c.Cast(x, complexOf(opmath(floating(x.Type.Elem))))
}

// transform is the complex transform along axes, scaled.
func (c *Call) transform(x *ir.Value, axes []int, inverse bool, by scaling) *ir.Value {
	if len(axes) == 0 {
		return x
	}
	y := c.One(tensor.FFT, ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("inverse", ir.Bool(inverse))}, x)
	if by == byNothing {
		return y
	}
	n := c.Number(x, realOf(x.Type.Elem), axes...)
	if by == byRoot {
		n = c.Sqrt(n)
	}
	return c.Mul(y, c.Cast(c.Reciprocal(n), y.Type.Elem))
}

// half keeps the first n/2+1 elements of an axis: the rest of a real signal's spectrum mirrors them.
func (c *Call) half(x *ir.Value, axis int) *ir.Value {
	n := x.Type.Shape[axis].FloorDiv(ir.Const(2)).Add(ir.Const(1))
	return c.Slice(x, axis, ir.Const(0), n, 1)
}

// realInverse is the inverse transform of half a spectrum to n real numbers along the last of the axes.
func (c *Call) realInverse(x *ir.Value, axes []int, n ir.Dim, by scaling) *ir.Value {
	axis := c.last(axes)
	x = c.transform(x, axes[:len(axes)-1], true, byNothing)
	x = c.resize(x, axis, n.FloorDiv(ir.Const(2)).Add(ir.Const(1)))
	mirrored := n.Sub(x.Type.Shape[axis])
	if k, ok := mirrored.IsConst(); !ok || k > 0 {
		rest := c.Part(x, axis, ir.Const(1), mirrored)
		x = c.Concat(axis, x, c.Flip(c.One(tensor.Conj, nil, rest), axis))
	}
	y := c.One(tensor.Real, nil, c.transform(x, []int{axis}, true, byNothing))
	if by == byNothing {
		return y
	}
	count := c.Number(y, y.Type.Elem, axes...)
	if by == byRoot {
		count = c.Sqrt(count)
	}
	return c.Div(y, count)
}

// resize cuts an axis or fills it up with zeros.
func (c *Call) resize(x *ir.Value, axis int, n ir.Dim) *ir.Value {
	size := x.Type.Shape[axis]
	switch {
	case c.env().Compare(size, n) == ir.CompareEqual:
		return x
	case c.proven(n, ir.RelLT, size):
		return c.Slice(x, axis, ir.Const(0), n, 1)
	}
	low, high := make([]ir.Dim, x.Type.Rank()), make([]ir.Dim, x.Type.Rank())
	high[axis] = n.Sub(size)
	return c.Pad(x, low, high, c.number(ir.Int(0), x.Type.Elem))
}

// fft is one of the torch.fft functions: plain, inverse, of real numbers, and of half spectra.
func (c *Call) fft(kind string) *ir.Value {
	x := c.Value("self")
	rank := x.Type.Rank()
	var axes []int
	var sizes []ir.Dim
	switch {
	case c.Has("n"):
		sizes = c.Dims("n")
	case c.Has("s"):
		sizes = c.Dims("s")
	}
	switch {
	case c.Has("dim"):
		for _, a := range c.Ints("dim") {
			axes = append(axes, c.axis(a, rank))
		}
	case sizes != nil:
		axes = axesFrom(rank-len(sizes), rank)
	default:
		axes = axesFrom(0, rank)
	}
	inverse := strings.HasPrefix(kind, "i") // to time, where a plain norm divides
	by := byNothing
	norm := "backward"
	if c.Has("norm") {
		norm = c.Str("norm")
	}
	switch {
	case norm == "ortho":
		by = byRoot
	case (norm == "backward") == inverse:
		by = byCount
	}
	toReal := kind == "ir" || kind == "h"
	for i, n := range sizes {
		if k, ok := n.IsConst(); ok && k < 0 || toReal && i == len(sizes)-1 {
			continue
		}
		x = c.resize(x, axes[i], n)
	}
	x = c.complexOf(x)
	axis := c.last(axes)
	switch kind {
	case "r":
		return c.half(c.transform(x, axes, false, by), axis)
	case "ih":
		return c.half(c.One(tensor.Conj, nil, c.transform(x, axes, false, by)), axis)
	case "h":
		return c.realInverse(c.One(tensor.Conj, nil, x), axes, c.Result(0).Shape[axis], by)
	case "ir":
		return c.realInverse(x, axes, c.Result(0).Shape[axis], by)
	}
	return c.transform(x, axes, inverse, by)
}

// spectral reads what stft and istft share: sizes, and the window padded to the size of a transform.
func (c *Call) spectral(e host.Elem) (n, hop int, window *ir.Value) {
	n = c.Int("n_fft")
	hop, width := n/4, n
	if c.Has("hop_length") {
		hop = c.Int("hop_length")
	}
	if c.Has("win_length") {
		width = c.Int("win_length")
	}
	if window = c.Maybe("window"); window == nil {
		window = c.Fill(ir.Int(1), ir.StaticType(e, width))
	}
	if width < n {
		left := (n - width) / 2
		window = c.Pad(window, dims(left), dims(n-width-left), c.number(ir.Int(0), window.Type.Elem))
	}
	return n, hop, window
}

// stft transforms overlapping windows of a signal.
func stft(c *Call) *ir.Value {
	x := c.Value("self")
	n, hop, window := c.spectral(realOf(x.Type.Elem))
	if c.Has("center") && c.Bool("center") {
		mode := "reflect"
		if c.Has("pad_mode") {
			mode = c.Str("pad_mode")
		}
		x = c.pad(x, dims(n/2, n/2), mode)
	}
	axis := x.Type.Rank() - 1
	frames := windowCount(x.Type.Shape[axis], n, hop, 1)
	y := c.Mul(c.Take(x, c.windows(frames, n, hop, 1), axis), c.Cast(window, x.Type.Elem))
	by := byNothing
	if c.Bool("normalized") {
		by = byRoot
	}
	y = c.transform(c.complexOf(y), []int{axis + 1}, false, by)
	if onesided := !x.Type.Elem.IsComplex(); onesided && (!c.Has("onesided") || c.Bool("onesided")) {
		y = c.half(y, axis+1)
	}
	y = c.Swap(y, -2, -1)
	if !c.Result(0).Elem.IsComplex() {
		return c.parts(y)
	}
	return y
}

// istft adds up the inverse transforms of overlapping windows and divides by what the windows add up to.
func istft(c *Call) *ir.Value {
	x := c.Value("self") // [batch, frequencies, frames]
	unbatched := x.Type.Rank() == 2
	if unbatched {
		x = c.Unsqueeze(x, 0)
	}
	n, hop, window := c.spectral(realOf(x.Type.Elem))
	frames := x.Type.Shape[2]
	by := byCount
	if c.Bool("normalized") {
		by = byRoot
	}
	x = c.Swap(x, 1, 2)
	var y *ir.Value
	if full := ir.Const(int64(n)); x.Type.Shape[2].Equal(full) {
		y = c.transform(x, []int{2}, true, by)
		if !c.Result(0).Elem.IsComplex() {
			y = c.One(tensor.Real, nil, y)
		}
	} else {
		y = c.realInverse(x, []int{2}, full, by)
	}
	y = c.Mul(y, c.Cast(window, y.Type.Elem))
	total := frames.Sub(ir.Const(1)).Mul(ir.Const(int64(hop))).Add(ir.Const(int64(n)))
	places := c.windows(frames, n, hop, 1)
	overlap := func(v *ir.Value) *ir.Value { // [batch, frames, n]
		return c.put(c.Fill(ir.Int(0), v.Type.WithShape(v.Type.Shape[0], total)), v, true, []int{1}, places)
	}
	square := c.Mul(window, window)
	weight := overlap(c.Expand(square, ir.Const(1), frames, ir.Const(int64(n))))
	y = overlap(y)
	start, length := 0, c.Result(0).Shape[c.Result(0).Rank()-1]
	if c.Bool("center") {
		start = n / 2
	}
	from := ir.Const(int64(start))
	if c.proven(from.Add(length), ir.RelGT, total) { // a longer length is filled up with zeros
		there := total.Sub(from)
		y = c.Div(c.Part(y, 1, from, there), c.Cast(c.Part(weight, 1, from, there), y.Type.Elem))
		y = c.resize(y, 1, length)
	} else {
		y = c.Div(c.Part(y, 1, from, length), c.Cast(c.Part(weight, 1, from, length), y.Type.Elem))
	}
	if unbatched {
		y = c.Squeeze(y, 0)
	}
	return y
}
