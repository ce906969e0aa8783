package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// pixelBlocks is how the pixels of an image are divided into blocks of columns: some whole rows of it, or of long rows a
// segment. The columns of a block are filled up to whole groups of panels.
type pixelBlocks struct {
	*gemm
	*convolution
	rows, width ir.Dim // rows of the result, those along the last axis, and pixels of one
	take        int64  // rows of a block
	segment     ir.Dim // pixels of a row that a block has
	segments    ir.Dim // of a row
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
		w.segments = ceilDiv(w.width, ir.Const(wanted))
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
	blocks := ceilDiv(w.rows, ir.Const(w.take)).Mul(w.segments)
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
		lanes := ir.Const(int64(w.emitter.lanes))
		if err := w.clear(buf, base, w.inBlock().FloorDiv(lanes).Mul(lanes), w.padded()); err != nil {
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

// clear zeroes columns, by whole vectors.
func (w *pixelBlocks) clear(buf *kernel.Buffer, base, from, to ir.Dim) error {
	lanes := int64(w.emitter.lanes)
	none := w.Number(kernel.Type{Elem: w.elem, Lanes: int(lanes)}, 0)
	count := ceilDiv(to.Sub(from), ir.Const(lanes))
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
	place := point{{axes: 1, size: w.x.Type.Shape[0], at: p.batch[0]}, {axes: 1, size: w.channels(w.x.Type.Shape), at: p.batch[1].Mul(w.inner).Add(at[0])}}
	var inside []ir.Cond // for the line to have elements of x
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
		if w.Low[i] > 0 {
			inside = append(inside, ir.Cond{Left: zero, Rel: ir.RelLE, Right: raw})
		}
		if w.High[i] > 0 {
			inside = append(inside, ir.Cond{Left: raw, Rel: ir.RelLE, Right: most})
		}
		place = append(place, part{axes: 1, size: w.size[i], at: w.symbol("in", raw, most)})
	}
	if len(inside) > 0 {
		if err := w.clear(buf, base, zero, w.segment); err != nil {
			return err
		}
	}
	return w.where(inside, func() error { return w.copyLine(buf, base, p, place, at[1+last]) })
}

// copyLine stores the elements of a row of x that lie at a distance from each other.
func (w *pixelBlocks) copyLine(buf *kernel.Buffer, base ir.Dim, p place, line point, k ir.Dim) error {
	last := len(w.pixels) - 1
	lanes, step := ir.Const(int64(w.emitter.lanes)), ir.Const(int64(w.Stride[last]))
	if w.emitter.lanes == 1 {
		step = zero
	}
	_, err := w.loop(kernel.Serial, "x", ceilDiv(w.segment, ir.Const(int64(w.emitter.lanes))), nil, func(x ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		x = x.Mul(lanes)
		raw := w.covered(last, p.startPixel.Add(x), k)
		lanes := cond{at: raw, step: step, least: zero, most: w.size[last].Sub(one)}
		v, err := w.covering(append(line[:len(line):len(line)], part{axes: 1, size: w.size[last], at: raw, step: step}), []cond{lanes})
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

// covering is the elements of x at a place, zero where the conditions do not hold. The last part and condition are those of
// the lanes: every second one is taken out of two vectors of neighbours, which takes less than to load them one by one.
func (w *pixelBlocks) covering(at point, conds []cond) (*kernel.Value, error) {
	last, of := at[len(at)-1], conds[len(conds)-1]
	lanes := w.emitter.lanes
	step, ok := last.step.IsConst()
	if !ok || step < 2 || step%2 != 0 || lanes%2 != 0 {
		return w.neighbours(at, conds)
	}
	last.step, of.step = ir.Const(step/2), ir.Const(step/2)
	var halves [2]*kernel.Value
	for i := range halves {
		more := ir.Const(int64(i*lanes) * step / 2)
		p, c := last, of
		p.at, c.at = p.at.Add(more), c.at.Add(more)
		var err error
		halves[i], err = w.covering(append(at[:len(at)-1:len(at)-1], p), append(conds[:len(conds)-1:len(conds)-1], c))
		if err != nil {
			return nil, err
		}
	}
	even := make([]int, lanes)
	for i := range even {
		even[i] = 2 * i
	}
	return w.Shuffle(halves[0], halves[1], even...), nil
}

// neighbours is covering without such shuffles.
func (w *pixelBlocks) neighbours(at point, conds []cond) (*kernel.Value, error) {
	outer := w.conds
	w.conds = append(outer[:len(outer):len(outer)], conds...)
	defer func() { w.conds = outer }()
	lanes := w.emitter.lanes
	v, err := w.emitter.value(w.x, w.ordered(at))
	if err != nil {
		return nil, err
	}
	v = w.spread(v, lanes)
	if w.x.Def == nil { // a masked load gives zeros
		return v, nil
	}
	return w.Select(w.mask(conds, lanes), v, w.Number(v.Type, 0)), nil
}
