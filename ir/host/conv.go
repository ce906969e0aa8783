package host

import (
	"fmt"
	"slices"
)

// ConvParams are a convolution's sizes, one for each of its one to three spatial axes.
type ConvParams struct {
	Stride, Dilation []int
	Low, High        []int // zeros assumed before and after the input
	Groups           int
	ChannelsLast     bool // input and result are [n, spatial..., channels]
}

// WindowSize gives how many windows of k elements, dilated, fit into n elements with padding.
func WindowSize(n, k, stride, dilation, low, high int) int {
	span := dilation*(k-1) + 1
	if n+low+high < span {
		return 0
	}
	return (n+low+high-span)/stride + 1
}

// grid relates the places of windows to the elements they cover: the window at place p has its tap k on element
// p*stride - low + k*dilation. There are always three axes.
type grid struct {
	places, elements, taps [3]int
	stride, dilation, low  [3]int
}

// three puts sizes of one to three axes behind leading ones.
func three(sizes []int, lead int) [3]int {
	out := [3]int{lead, lead, lead}
	copy(out[3-len(sizes):], sizes)
	return out
}

func newGrid(places, elements, taps, stride, dilation, low []int) *grid {
	return &grid{three(places, 1), three(elements, 1), three(taps, 1), three(stride, 1), three(dilation, 1), three(low, 0)}
}

func (g *grid) numTaps() int   { return g.taps[0] * g.taps[1] * g.taps[2] }
func (g *grid) numPlaces() int { return g.places[0] * g.places[1] * g.places[2] }
func (g *grid) numElements() int {
	return g.elements[0] * g.elements[1] * g.elements[2]
}

// runs visits, for one tap, those of the places first..first+count whose element exists: a run of n places from at
// (counted from first) has its elements at element, element+stride, ....
func (g *grid) runs(tap, first, count int, visit func(at, n, element int)) {
	kx := tap%g.taps[2]*g.dilation[2] - g.low[2]
	ky := tap/g.taps[2]%g.taps[1]*g.dilation[1] - g.low[1]
	kz := tap/(g.taps[2]*g.taps[1])*g.dilation[0] - g.low[0]
	// The places x of a row that have an element: 0 <= x*stride + kx < elements.
	sx := g.stride[2]
	left, right := 0, 0
	if kx < 0 {
		left = ceilDiv(-kx, sx)
	}
	if kx < g.elements[2] {
		right = min((g.elements[2]-1-kx)/sx+1, g.places[2])
	}
	x, row := first%g.places[2], first/g.places[2]
	y, z := row%g.places[1], row/g.places[1]
	for at := 0; at < count; {
		n := min(g.places[2]-x, count-at)
		iy, iz := y*g.stride[1]+ky, z*g.stride[0]+kz
		if lo, hi := max(x, left), min(x+n, right); lo < hi && iy >= 0 && iy < g.elements[1] && iz >= 0 && iz < g.elements[0] {
			visit(at+lo-x, hi-lo, (iz*g.elements[1]+iy)*g.elements[2]+lo*sx+kx)
		}
		at, x = at+n, 0
		if y++; y == g.places[1] {
			y, z = 0, z+1
		}
	}
}

// Conv is PyTorch's convolution (a cross-correlation): x [n, c, spatial...] with weight [out, c/groups, taps...] and
// perhaps a bias [out]. Narrow floats are summed as f32 and rounded once.
func Conv(p Parallel, x, weight, bias *Tensor, c ConvParams) (*Tensor, error) {
	rank := x.Rank()
	if c.ChannelsLast && rank > 2 {
		last := []int{0, rank - 1}
		first := []int{0}
		for i := 1; i < rank-1; i++ {
			last = append(last, i)
		}
		for i := 2; i < rank; i++ {
			first = append(first, i)
		}
		c.ChannelsLast = false
		out, err := Conv(p, x.Transpose(last), weight, bias, c)
		if err != nil {
			return nil, err
		}
		return out.Transpose(append(first, 1)), nil
	}
	axes := rank - 2
	if axes < 1 || axes > 3 || weight.Rank() != rank || x.Elem != weight.Elem || bias != nil && (bias.Rank() != 1 || bias.Elem != x.Elem || bias.Shape[0] != weight.Shape[0]) {
		return nil, fmt.Errorf("cannot convolve %s with %s", x, weight)
	}
	for _, list := range [][]int{c.Stride, c.Dilation, c.Low, c.High} {
		if len(list) != axes {
			return nil, fmt.Errorf("convolution of %s needs %d sizes, found %v", x, axes, list)
		}
	}
	if c.Groups < 1 || weight.Shape[1]*c.Groups != x.Shape[1] || weight.Shape[0]%c.Groups != 0 {
		return nil, fmt.Errorf("%d groups do not fit %s and %s", c.Groups, x, weight)
	}
	shape := []int{x.Shape[0], weight.Shape[0]}
	for i := range axes {
		if c.Stride[i] < 1 || c.Dilation[i] < 1 || c.Low[i] < 0 || c.High[i] < 0 || weight.Shape[2+i] < 1 {
			return nil, fmt.Errorf("convolution of %s with %s: stride %v, dilation %v, padding %v and %v", x, weight, c.Stride, c.Dilation, c.Low, c.High)
		}
		n := WindowSize(x.Shape[2+i], weight.Shape[2+i], c.Stride[i], c.Dilation[i], c.Low[i], c.High[i])
		if n < 1 {
			return nil, fmt.Errorf("convolution of %s with %s: the kernel is larger than the padded input on axis %d", x, weight, 2+i)
		}
		shape = append(shape, n)
	}
	g := newGrid(shape[2:], x.Shape[2:], weight.Shape[2:], c.Stride, c.Dilation, c.Low)
	switch x.Elem.Class() {
	case ClassF32:
		return conv[float32](p, x, weight, bias, shape, g, c.Groups)
	case ClassF64:
		return conv[float64](p, x, weight, bias, shape, g, c.Groups)
	case ClassI64:
		return conv[int64](p, x, weight, bias, shape, g, c.Groups)
	case ClassU64:
		return conv[uint64](p, x, weight, bias, shape, g, c.Groups)
	case ClassC64:
		return conv[complex64](p, x, weight, bias, shape, g, c.Groups)
	case ClassC128:
		return conv[complex128](p, x, weight, bias, shape, g, c.Groups)
	}
	return nil, unsupported("convolution", x.Elem)
}

func conv[T gemmNum](p Parallel, x, weight, bias *Tensor, shape []int, g *grid, groups int) (*Tensor, error) {
	out, err := Alloc(x.Elem, shape)
	if err != nil {
		return nil, err
	}
	if !weight.Contiguous() {
		weight = weight.Clone()
	}
	job := convolution[T]{grid: g, x: dense[T](p, x), groups: groups, channels: weight.Shape[1], kept: weight.Shape[0] / groups}
	if bias != nil {
		job.bias = dense[T](p, bias)
	}
	if job.kept < gemmFew {
		job.direct(p, out, dense[T](p, weight))
		return out, nil
	}
	places, depth := g.numPlaces(), job.channels*g.numTaps()
	var a, b gemmSource[T]
	bases := make([]int, shape[0]*groups)
	for i := range bases {
		bases[i] = i % groups * job.kept * depth
	}
	a = tensorMatrix[T](weight, bases, depth, 1)
	b = &job
	if depth == job.channels && places == g.numElements() && g.stride == [3]int{1, 1, 1} && g.low == [3]int{} {
		for i := range bases {
			bases[i] = i * job.channels * places
		}
		b = &matrix[T]{data: job.x, bases: bases, rows: 1, cols: places}
	}
	product := gemm[T]{batch: shape[0] * groups, m: job.kept, n: places, k: depth, a: a, b: b}
	product.done = func(_ *gemmScratch[T], batch, i0, m, j0, n int, tile []T, ld int) {
		for i := range m {
			row := tile[i*ld : i*ld+n]
			channel := batch%groups*job.kept + i0 + i
			if job.bias != nil {
				addTo(row, job.bias[channel])
			}
			Store(out, (batch/groups*shape[1]+channel)*places+j0, 1, row)
		}
	}
	product.run(p)
	return out, nil
}

func addTo[T gemmNum](row []T, v T) {
	for i := range row {
		row[i] += v
	}
}

// convolution is one convolution; as a gemmSource it shows each place's window as a row of channels and taps.
type convolution[T gemmNum] struct {
	*grid
	x, bias        []T
	groups         int
	channels, kept int // input and output channels of one group
}

func (c *convolution[T]) pack(dst []T, s *gemmScratch[T], batch, first, count, k0, depth, width int) {
	s.run = grown(s.run, count)
	plane, taps, stride := c.numElements(), c.numTaps(), c.stride[2]
	row := s.run
	var x []T
	visit := func(at, n, element int) {
		to := row[at : at+n]
		if stride == 1 {
			copy(to, x[element:])
			return
		}
		for i := range to {
			to[i] = x[element]
			element += stride
		}
	}
	for k := range depth {
		channel, tap := (k0+k)/taps, (k0+k)%taps
		x = c.x[(batch*c.channels+channel)*plane:][:plane]
		clear(row)
		c.runs(tap, first, count, visit)
		spread(dst, row, k, depth, width)
	}
	clearPadding(dst, count, depth, width)
}

// direct computes groups with few output channels, such as depthwise ones, tap by tap.
func (c *convolution[T]) direct(p Parallel, out *Tensor, weight []T) {
	places, plane, taps, stride := c.numPlaces(), c.numElements(), c.numTaps(), c.stride[2]
	channels := out.Shape[1]
	p(out.Shape[0]*channels, 1+gemmWork/max(places*taps*c.channels, 1), func(lo, hi int) {
		sums := make([]T, places)
		for i := lo; i < hi; i++ {
			n, o := i/channels, i%channels
			clear(sums)
			for channel := range c.channels {
				x := c.x[((n*c.groups+o/c.kept)*c.channels+channel)*plane:][:plane]
				for tap := range taps {
					w := weight[(o*c.channels+channel)*taps+tap]
					c.runs(tap, 0, places, func(at, n, element int) { addScaled(sums[at:at+n], x[element:], w, stride) })
				}
			}
			if c.bias != nil {
				addTo(sums, c.bias[o])
			}
			Store(out, i*places, 1, sums)
		}
	})
}

func addScaled[T gemmNum](sums, x []T, w T, stride int) {
	if stride == 1 {
		x = x[:len(sums)]
		for i, v := range x {
			sums[i] += v * w
		}
		return
	}
	at := 0
	for i := range sums {
		sums[i] += x[at] * w
		at += stride
	}
}

// ConvTransposeParams are a transposed convolution's sizes, one for each of its one to three spatial axes.
type ConvTransposeParams struct {
	Stride, Dilation, Padding, OutputPadding []int
	Groups                                   int
}

// roundsSteps reports where PyTorch on a CPU rounds every product and sum: f16 always, bf16 where the fast library is not
// used because a result is padded by a stride and more.
func (c ConvTransposeParams) roundsSteps(e Elem) bool {
	for i, n := range c.OutputPadding {
		if e == BF16 && n >= c.Stride[i] {
			return true
		}
	}
	return e == F16
}

// ConvTranspose is PyTorch's transposed convolution: x [n, c, spatial...] with weight [c, out/groups, taps...] and perhaps
// a bias [out].
func ConvTranspose(p Parallel, x, weight, bias *Tensor, c ConvTransposeParams) (*Tensor, error) {
	axes := x.Rank() - 2
	if axes < 1 || axes > 3 || weight.Rank() != x.Rank() || x.Elem != weight.Elem || c.Groups < 1 || weight.Shape[0] != x.Shape[1] || x.Shape[1]%c.Groups != 0 {
		return nil, fmt.Errorf("cannot convolve %s, transposed, with %s in %d groups", x, weight, c.Groups)
	}
	shape := []int{x.Shape[0], weight.Shape[1] * c.Groups}
	if bias != nil && (bias.Rank() != 1 || bias.Elem != x.Elem || bias.Shape[0] != shape[1]) {
		return nil, fmt.Errorf("bias %s does not fit weight %s in %d groups", bias, weight, c.Groups)
	}
	for _, list := range [][]int{c.Stride, c.Dilation, c.Padding, c.OutputPadding} {
		if len(list) != axes || slices.Min(list) < 0 {
			return nil, fmt.Errorf("transposed convolution of %s needs %d sizes, found %v", x, axes, list)
		}
	}
	for i := range axes {
		n := (x.Shape[2+i]-1)*c.Stride[i] - 2*c.Padding[i] + c.Dilation[i]*(weight.Shape[2+i]-1) + c.OutputPadding[i] + 1
		if n < 0 || c.Stride[i] < 1 || c.Dilation[i] < 1 || weight.Shape[2+i] < 1 {
			return nil, fmt.Errorf("transposed convolution of %s with %s has no output: stride %v, dilation %v, padding %v", x, weight, c.Stride, c.Dilation, c.Padding)
		}
		shape = append(shape, n)
	}
	g := newGrid(x.Shape[2:], shape[2:], weight.Shape[2:], c.Stride, c.Dilation, c.Padding)
	switch x.Elem.Class() {
	case ClassF32:
		return convTranspose[float32](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	case ClassF64:
		return convTranspose[float64](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	case ClassI64:
		return convTranspose[int64](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	case ClassU64:
		return convTranspose[uint64](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	case ClassC64:
		return convTranspose[complex64](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	case ClassC128:
		return convTranspose[complex128](p, x, weight, bias, shape, g, c.Groups, c.roundsSteps(x.Elem))
	}
	return nil, unsupported("transposed convolution", x.Elem)
}

// convTranspose multiplies each input place by the weights of some output channels and adds the products to the elements
// they reach, rounding each sum where steps is set. A task owns its output channels, so the order of additions is fixed.
func convTranspose[T gemmNum](p Parallel, x, weight, bias *Tensor, shape []int, g *grid, groups int, steps bool) (*Tensor, error) {
	out, buf, err := newResult[T](x.Elem, shape)
	if err != nil {
		return nil, err
	}
	if !weight.Contiguous() {
		weight = weight.Clone()
	}
	data := dense[T](p, x)
	var offset []T
	if bias != nil {
		offset = dense[T](p, bias)
	}
	channels, kept, taps := x.Shape[1]/groups, weight.Shape[1], g.numTaps()
	places, plane := g.numPlaces(), g.numElements()
	some := min(max(64/taps, 1), max(kept, 1)) // output channels of a task
	parts := ceilDiv(kept, some)
	p(shape[0]*groups*parts, 1, func(lo, hi int) {
		var s gemmScratch[T]
		for i := lo; i < hi; i++ {
			batch, first := i/parts, i%parts*some
			count := min(some, kept-first)
			to := buf[(batch*kept+first)*plane:][:count*plane]
			at := (batch%groups*channels*kept + first) * taps
			product := gemm[T]{batch: 1, m: count * taps, n: places, k: channels}
			product.a = tensorMatrix[T](weight, []int{at}, 1, kept*taps)
			product.b = sliceMatrix(data[batch*channels*places:], 1, places)
			product.done = func(_ *gemmScratch[T], _, i0, m, j0, n int, tile []T, ld int) {
				for r := range m {
					sums := to[(i0+r)/taps*plane:][:plane]
					row := tile[r*ld:]
					if steps {
						roundAll(row[:n], x.Elem)
					}
					g.runs((i0+r)%taps, j0, n, func(at, n, element int) {
						for _, v := range row[at : at+n] {
							sums[element] += v
							element += g.stride[2]
						}
					})
					if steps { // each tap adds to an element once
						roundAll(sums, x.Elem)
					}
				}
			}
			product.runIn(&s)
			if offset != nil {
				for o := range count {
					addTo(to[o*plane:(o+1)*plane], offset[batch%groups*kept+first+o])
				}
			}
		}
	})
	finish(p, out, buf)
	return out, nil
}
