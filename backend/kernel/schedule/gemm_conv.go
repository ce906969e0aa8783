package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// convolution is an nn.conv over one to three spatial axes: for each image and group, the weight [out, k] times the
// elements that each window covers, [k, pixels].
type convolution struct {
	host.ConvParams
	x, w   *ir.Value
	inner  ir.Dim   // channels of a group of x
	outer  ir.Dim   // channels of a group of the result
	size   []ir.Dim // of x along the spatial axes
	pixels []ir.Dim // of the result
	window []int64  // elements along each axis
}

func convProduct(_ *Group, op *ir.Op) (*contraction, error) {
	params, err := nn.ConvParams(op)
	if err != nil {
		return nil, err
	}
	c := &convolution{ConvParams: params, x: op.Operand(0), w: op.Operand(1)}
	axes := c.x.Type.Rank() - 2
	first := 2
	if c.ChannelsLast {
		first = 1
	}
	c.size, c.pixels = c.x.Type.Shape[first:first+axes], op.Result().Type.Shape[first:first+axes]
	c.inner, c.outer = c.w.Type.Shape[1], c.w.Type.Shape[0].FloorDiv(ir.Const(int64(c.Groups)))
	for _, d := range c.w.Type.Shape[2:] {
		n, ok := d.IsConst()
		if !ok {
			return nil, reason(op, "a window of open size is not emitted")
		}
		c.window = append(c.window, n)
	}
	if c.ChannelsLast {
		return c.channelsLast(op)
	}
	return c.channelsFirst(op)
}

// single reports windows of one element, side by side: a matrix product without more.
func (c *convolution) single() bool {
	for i, n := range c.window {
		if n != 1 || c.Stride[i] != 1 || c.Low[i] != 0 || c.High[i] != 0 {
			return false
		}
	}
	return true
}

func (c *convolution) windowSize() ir.Dim {
	n := int64(1)
	for _, w := range c.window {
		n *= w
	}
	return ir.Const(n)
}

// weights is the weight as a matrix, one for each group.
func (c *convolution) weights(k ir.Dim) factor {
	axes := len(c.window)
	return factor{
		v: c.w, alongK: true, count: ir.Const(int64(c.Groups)),
		number: func(b []ir.Dim) ir.Dim { return b[1] },
		batch:  func(g ir.Dim) []ir.Dim { return []ir.Dim{zero, g} },
		at: func(b []ir.Dim, out, at part) (point, error) {
			out.at = out.at.Add(b[1].Mul(c.outer))
			return point{along(1, c.w.Type.Shape[0], out), along(1+axes, k, at)}, nil
		},
	}
}

func (c *convolution) channelsFirst(op *ir.Op) (*contraction, error) {
	axes, y := len(c.size), op.Result().Type.Shape
	p := &contraction{op: op, batches: []ir.Dim{y[0], ir.Const(int64(c.Groups))}, m: c.outer, n: product(c.pixels), k: c.inner.Mul(c.windowSize()), bias: op.Operand(2)}
	p.a = c.weights(p.k)
	p.b = factor{v: c.x}
	if c.single() {
		p.b.at = func(b []ir.Dim, pixel, k part) (point, error) {
			k.at = k.at.Add(b[1].Mul(c.inner))
			return point{{axes: 1, size: y[0], at: b[0]}, along(1, c.x.Type.Shape[1], k), along(axes, p.n, pixel)}, nil
		}
	} else {
		p.b.conv = c
	}
	channel := func(b []ir.Dim, row part) part {
		row.at = row.at.Add(b[1].Mul(c.outer))
		return along(1, y[1], row)
	}
	p.at = func(b []ir.Dim, row, col part) point {
		return point{{axes: 1, size: y[0], at: b[0]}, channel(b, row), along(axes, p.n, col)}
	}
	p.biasAt = func(b []ir.Dim, row, _ part) point { return point{channel(b, row)} }
	return p, nil
}

// channelsLast has pixels as rows and channels as columns.
func (c *convolution) channelsLast(op *ir.Op) (*contraction, error) {
	if !c.single() {
		return nil, reason(op, "windows of more than one element with channels_last are not emitted")
	}
	axes, y := len(c.size), op.Result().Type.Shape
	p := &contraction{op: op, batches: []ir.Dim{y[0], ir.Const(int64(c.Groups))}, m: product(c.pixels), n: c.outer, k: c.inner, bias: op.Operand(2)}
	p.a = factor{v: c.x, alongK: true, at: func(b []ir.Dim, row, k part) (point, error) {
		k.at = k.at.Add(b[1].Mul(c.inner))
		return point{{axes: 1, size: y[0], at: b[0]}, along(axes, p.m, row), along(1, c.x.Type.Shape[1+axes], k)}, nil
	}}
	p.b = c.weights(p.k)
	channel := func(b []ir.Dim, col part) part {
		col.at = col.at.Add(b[1].Mul(c.outer))
		return along(1, y[1+axes], col)
	}
	p.at = func(b []ir.Dim, row, col part) point {
		return point{{axes: 1, size: y[0], at: b[0]}, along(axes, p.m, row), channel(b, col)}
	}
	p.biasAt = func(b []ir.Dim, _, col part) point { return point{channel(b, col)} }
	return p, nil
}

// pixelBlocks is how the pixels of an image are divided into blocks of columns: some whole rows of it, or of long rows a
// segment. The columns of a block are filled up to whole groups of panels.
type pixelBlocks struct {
	*gemm
	*convolution
	rows, width   ir.Dim // rows of the result, those along the last axis, and pixels of one
	take          int64  // rows of a block
	segment       ir.Dim // pixels of a row that a block has
	segments      ir.Dim // of a row
	columns, lane ir.Dim
}

// columnsWanted are the most columns of a block of which each k has its number in the second-level cache.
func (m *gemm) columnsWanted() int64 {
	k, ok := m.k.IsConst()
	if !ok {
		k = 1024
	}
	return min(max(m.target.L2/2/(k*int64(m.elem.Bytes())), 64), 512)
}

func newPixelBlocks(m *gemm, c *convolution) *pixelBlocks {
	last := len(c.pixels) - 1
	w := &pixelBlocks{gemm: m, convolution: c, rows: product(c.pixels[:last]), width: c.pixels[last], take: 1, segments: one}
	w.segment = w.width
	wanted := m.columnsWanted()
	width, ok := w.width.IsConst()
	if !ok || width > wanted {
		w.segment = ir.Const(wanted)
		w.segments = ceilDiv(w.width, wanted)
		return w
	}
	rows, ok := w.rows.IsConst()
	if !ok {
		rows = 64
	}
	least := int64(1) << 62
	for take := int64(1); take <= rows && (take == 1 || take*width <= wanted); take++ {
		panels := (take*width + m.width() - 1) / m.width()
		if all := (rows + take - 1) / take * panels; all <= least {
			least, w.take = all, take
		}
	}
	return w
}

// inBlock is how many columns of a block are pixels, at most.
func (w *pixelBlocks) inBlock() ir.Dim { return w.segment.Mul(ir.Const(w.take)) }

// padded is how many columns a block has in memory.
func (w *pixelBlocks) padded() ir.Dim { return w.groups().Mul(ir.Const(w.widest() * w.gemm.width())) }

func (w *pixelBlocks) split() split {
	each, _ := w.groups().IsConst()
	blocks := ceilDiv(w.rows, w.take).Mul(w.segments)
	return split{units: blocks.Mul(ir.Const(each)), each: each, blocks: blocks}
}

// len leaves room for the last vector of the last row.
func (w *pixelBlocks) len() ir.Dim {
	return w.k.Mul(w.padded()).Add(ir.Const(int64(w.emitter.lanes)))
}

// start gives the first row of a block, and the first pixel of that row.
func (w *pixelBlocks) start(block ir.Dim) (row, pixel ir.Dim) {
	if isOne(w.segments) {
		return block.Mul(ir.Const(w.take)), zero
	}
	row = block.FloorDiv(w.segments)
	pixel = w.symbol("segment", block.Sub(row.Mul(w.segments)), w.segments.Sub(one)).Mul(w.segment)
	return w.symbol("line", row, w.rows.Sub(one)), pixel
}

// column gives the pixel of a tile's vector v, and what has to hold for a lane to be one.
func (w *pixelBlocks) column(p place, v int) (part, []cond) {
	at := p.local.Mul(ir.Const(w.gemm.width())).Add(ir.Const(int64(v/w.panel)*w.gemm.width() + int64(v%w.panel*w.emitter.lanes)))
	step := one
	if w.emitter.lanes == 1 {
		step = zero
	}
	var conds []cond
	if !w.inBlock().Equal(w.padded()) {
		conds = append(conds, cond{at: at, step: step, least: zero, most: w.inBlock().Sub(one)})
	}
	col := p.startRow.Mul(w.width).Add(p.startPixel).Add(at)
	switch {
	case !isOne(w.segments):
		conds = append(conds, cond{at: p.startPixel.Add(at), step: step, least: zero, most: w.width.Sub(one)})
	case !isZero(w.rows.Mod(ir.Const(w.take))):
		conds = append(conds, cond{at: col, step: step, least: zero, most: w.n.Sub(one)})
	}
	return part{at: col, step: step}, conds
}

// fill stores what the windows of a block cover: for each k a row of its columns.
func (w *pixelBlocks) fill(buf *kernel.Buffer, p place) error {
	ks := append([]int64{0}, w.window...)
	return w.eachK(ks, w.inner, nil, func(at []ir.Dim) error {
		k := at[0]
		for i, n := range w.window {
			k = k.Mul(ir.Const(n)).Add(at[1+i])
		}
		base := k.Mul(w.padded())
		if err := w.clear(buf, base); err != nil {
			return err
		}
		_, err := w.loop(kernel.Serial, "line", ir.Const(w.take), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			row := p.startRow.Add(r)
			if !isZero(w.rows.Mod(ir.Const(w.take))) {
				row = row.Min(w.rows.Sub(one))
			}
			return nil, w.line(buf, base.Add(r.Mul(w.segment)), p, w.symbol("line", row, w.rows.Sub(one)), at)
		})
		return err
	})
}

// eachK loops over the channels of a group and the elements of a window.
func (w *pixelBlocks) eachK(counts []int64, channels ir.Dim, at []ir.Dim, body func(at []ir.Dim) error) error {
	if len(at) == len(counts) {
		return body(at)
	}
	n := ir.Const(counts[len(at)])
	if len(at) == 0 {
		n = channels
	}
	_, err := w.loop(kernel.Serial, "k", n, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, w.eachK(counts, channels, append(at[:len(at):len(at)], i), body)
	})
	return err
}

// clear zeroes the columns that are no pixels.
func (w *pixelBlocks) clear(buf *kernel.Buffer, base ir.Dim) error {
	lanes := int64(w.emitter.lanes)
	from := w.inBlock().FloorDiv(ir.Const(lanes)).Mul(ir.Const(lanes))
	none := w.Number(kernel.Type{Elem: w.elem, Lanes: int(lanes)}, 0)
	count := ceilDiv(w.padded().Sub(from), lanes)
	if isZero(count) {
		return nil
	}
	_, err := w.loop(kernel.Serial, "pad", count, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		w.Store(buf, base.Add(from).Add(i.Mul(ir.Const(lanes))), none)
		return nil, nil
	})
	return err
}

// line stores what element at of the windows of one row's pixels is: zero beyond the edges of x.
func (w *pixelBlocks) line(buf *kernel.Buffer, base ir.Dim, p place, row ir.Dim, at []ir.Dim) error {
	last := len(w.pixels) - 1
	place := point{{axes: 1, size: w.x.Type.Shape[0], at: p.batch[0]}, {axes: 1, size: w.x.Type.Shape[1], at: p.batch[1].Mul(w.inner).Add(at[0])}}
	var conds []cond
	rest := row
	outer := make([]ir.Dim, last)
	for i := last - 1; i >= 0; i-- {
		outer[i] = rest
		if i > 0 {
			next := rest.FloorDiv(w.pixels[i])
			outer[i], rest = rest.Sub(next.Mul(w.pixels[i])), next
		}
	}
	for i, o := range outer {
		raw := w.covered(i, o, at[1+i])
		most := w.size[i].Sub(one)
		conds = append(conds, cond{at: raw, least: zero, most: most})
		place = append(place, part{axes: 1, size: w.size[i], at: w.symbol("in", raw, most)})
	}
	lanes, step := ir.Const(int64(w.emitter.lanes)), ir.Const(int64(w.Stride[last]))
	if w.emitter.lanes == 1 {
		step = zero
	}
	_, err := w.loop(kernel.Serial, "x", ceilDiv(w.segment, int64(w.emitter.lanes)), nil, func(x ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		x = x.Mul(lanes)
		raw := w.covered(last, p.startPixel.Add(x), at[1+last])
		all := append(conds[:len(conds):len(conds)], cond{at: raw, step: step, least: zero, most: w.size[last].Sub(one)})
		v, err := w.covering(append(place[:len(place):len(place)], part{axes: 1, size: w.size[last], at: raw, step: step}), all)
		if err != nil {
			return nil, err
		}
		w.Store(buf, base.Add(x), v)
		return nil, nil
	})
	return err
}

// covered is the place in x along an axis that element k of a pixel's window covers.
func (w *pixelBlocks) covered(axis int, pixel, k ir.Dim) ir.Dim {
	n := func(i int) ir.Dim { return ir.Const(int64(i)) }
	return pixel.Mul(n(w.Stride[axis])).Add(k.Mul(n(w.Dilation[axis]))).Sub(n(w.Low[axis]))
}

// covering is the elements of x at a place, zero where the conditions do not hold.
func (w *pixelBlocks) covering(at point, conds []cond) (*kernel.Value, error) {
	outer := w.conds
	w.conds = append(outer[:len(outer):len(outer)], conds...)
	defer func() { w.conds = outer }()
	lanes := w.emitter.lanes
	v, err := w.emitter.value(w.x, at)
	if err != nil {
		return nil, err
	}
	v = w.spread(v, lanes)
	if w.x.Def == nil { // a masked load gives zeros
		return v, nil
	}
	return w.Select(w.mask(conds, lanes), v, w.Number(v.Type, 0)), nil
}
