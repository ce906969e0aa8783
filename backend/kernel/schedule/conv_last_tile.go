package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// makeTile sums up tile x of the row y of tiles of a block, and stores it. A last tile that is not full starts earlier and
// leaves out what others make.
func (l *lastConv) makeTile(p blockPlace, panel, y, x ir.Dim) error {
	n := ir.Const
	t, img, b := l.tile, l.image, l.blocks
	ownY, ownX := y.Mul(n(t.rows)), x.Mul(n(t.width))
	atY := l.symbol("row", ownY.Min(n(b.height-t.rows)), n(b.height-t.rows))
	atX := l.symbol("col", ownX.Min(n(b.width-t.width)), n(b.width-t.width))
	sums, err := l.windows(p, panel, atY, atX)
	if err != nil {
		return err
	}
	for i := range t.pixels() {
		row, col := p.row.Add(atY).Add(n(i/t.width)), p.col.Add(atX).Add(n(i%t.width))
		var own []ir.Cond
		from := func(needed bool, first, at ir.Dim) {
			if needed {
				own = append(own, ir.Cond{Left: first, Rel: ir.RelLE, Right: at})
			}
		}
		from(b.height%t.rows != 0, p.row.Add(ownY), row)
		from(img.outRows%b.height != 0, p.ownRow, row)
		from(b.width%t.width != 0, p.col.Add(ownX), col)
		from(img.out%b.width != 0, p.own, col)
		pixel := part{at: row.Mul(n(img.out)).Add(col), step: zero}
		err := l.where(own, func() error { return l.storePixel(p.batch, panel, pixel, sums[i*t.vectors:][:t.vectors]) })
		if err != nil {
			return err
		}
	}
	return nil
}

// storePixel stores the sums of one pixel.
func (l *lastConv) storePixel(batch []ir.Dim, panel ir.Dim, pixel part, sums []*kernel.Value) error {
	lanes := int64(l.emitter.lanes)
	for v, sum := range sums {
		at := panel.Mul(ir.Const(l.tile.vectors * lanes)).Add(ir.Const(int64(v) * lanes))
		col := part{at: at, step: one}
		if lanes == 1 {
			col.step = zero
		}
		store := func() error {
			return l.storeSum(batch, pixel, col, sum)
		}
		if l.image.outer%(l.tile.vectors*lanes) == 0 {
			if err := store(); err != nil {
				return err
			}
			continue
		}
		c := cond{at: at, step: col.step, least: zero, most: ir.Const(l.image.outer - 1)}
		if never([]cond{c}) {
			continue
		}
		if err := l.under(c, store); err != nil {
			return err
		}
	}
	return nil
}

// storeSum stores what is computed from a sum.
func (l *lastConv) storeSum(batch []ir.Dim, pixel, col part, sum *kernel.Value) error {
	bias := l.bias
	if l.affine.bias { // the sums started with it
		bias = nil
	}
	sum, err := l.biased(bias, batch, pixel, col, sum)
	if err != nil {
		return err
	}
	return l.storeAt(l.out, l.affine.result, l.contraction.at(batch, pixel, col), sum)
}

// windows gives the sums of products for the pixels of a tile: vectors for each.
func (l *lastConv) windows(p blockPlace, panel, y, x ir.Dim) ([]*kernel.Value, error) {
	n := ir.Const
	img := l.image
	buf, from := l.copied, zero
	if buf == nil {
		buf = l.emitter.buffers[l.x.Index]
		from = p.batch[0].Mul(n(img.rows * l.line)).Add(p.batch[1].Mul(n(img.inner)))
		from = from.Add(p.row.Mul(n(img.strideY * l.line))).Add(p.col.Mul(n(img.stride * l.pitch)))
	}
	from = from.Add(y.Mul(n(img.strideY * l.line))).Add(x.Mul(n(img.stride * l.pitch)))
	weights := p.batch[1].Mul(n(l.panels())).Add(panel).Mul(n(l.taps() * l.width()))
	sums := make([]*kernel.Value, l.tile.pixels()*l.tile.vectors)
	lanes := l.emitter.lanes
	for i := range sums {
		switch v := int64(i) % l.tile.vectors; {
		case l.shift == nil:
			sums[i] = l.Number(kernel.Type{Elem: l.elem, Lanes: lanes}, 0)
		case int64(i) >= l.tile.vectors:
			sums[i] = sums[v]
		default:
			at := p.batch[1].Mul(n(l.panels())).Add(panel).Mul(n(l.width())).Add(n(v * int64(lanes)))
			sums[i] = l.Load(l.shift, at, lanes)
		}
	}
	run, runs := img.depth(), img.wide
	if l.flat() {
		run, runs = img.depth()*img.wide, 1
	}
	step, each := l.products, int64(1)
	switch {
	case img.depthwise:
		step = l.vectorProducts(panel)
	case img.pairs:
		step, each = l.pairProducts, 2
	}
	loop := func(name string, count int64, acc []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
		return l.loop(kernel.Serial, name, n(count), acc, body)
	}
	return loop("ky", img.high, sums, func(ky ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return loop("kx", runs, acc, func(kx ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			at := from.Add(ky.Mul(n(img.farY * l.line))).Add(kx.Mul(n(img.far * l.pitch)))
			w := weights.Add(ky.Mul(n(runs)).Add(kx).Mul(n(run * l.width())))
			return loop("k", run/each, acc, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
				k = k.Mul(n(each))
				return step(buf, at.Add(k), w.Add(k.Mul(n(l.width()))), acc), nil
			})
		})
	})
}

// width is the channels of a panel.
func (l *lastConv) width() int64 { return l.tile.vectors * int64(l.emitter.lanes) }

// products adds those of one number of each window, from at on in a buffer.
func (l *lastConv) products(buf *kernel.Buffer, at, w ir.Dim, acc []*kernel.Value) []*kernel.Value {
	lanes, img, t := l.emitter.lanes, l.image, l.tile
	weights := l.weightVectors(w)
	next := make([]*kernel.Value, 0, len(acc))
	for i := range t.pixels() {
		far := i/t.width*img.strideY*l.line + i%t.width*img.stride*l.pitch
		x := l.Splat(l.Load(buf, at.Add(ir.Const(far)), 1), lanes)
		for v, weight := range weights {
			next = append(next, l.mulAdd(x, weight, acc[int(i*t.vectors)+v]))
		}
	}
	return next
}

// vectorProducts is products where every channel of x has one of its own in the result.
func (l *lastConv) vectorProducts(panel ir.Dim) func(buf *kernel.Buffer, at, w ir.Dim, acc []*kernel.Value) []*kernel.Value {
	lanes, img, t := l.emitter.lanes, l.image, l.tile
	return func(buf *kernel.Buffer, at, w ir.Dim, acc []*kernel.Value) []*kernel.Value {
		weights := l.weightVectors(w)
		next := make([]*kernel.Value, 0, len(acc))
		for i := range t.pixels() {
			far := i/t.width*img.strideY*l.line + i%t.width*img.stride*l.pitch
			for v, weight := range weights {
				c := cond{at: panel.Mul(ir.Const(l.width())).Add(ir.Const(int64(v * lanes))), step: one, least: zero, most: ir.Const(img.outer - 1)}
				var mask *kernel.Value
				if img.outer%l.width() != 0 {
					mask = l.mask([]cond{c}, lanes)
				}
				x := l.LoadLanes(buf, at.Add(c.at).Add(ir.Const(far)), one, lanes, mask)
				next = append(next, l.mulAdd(x, weight, acc[int(i*t.vectors)+v]))
			}
		}
		return next
	}
}

func (l *lastConv) weightVectors(w ir.Dim) []*kernel.Value {
	lanes := l.emitter.lanes
	weights := make([]*kernel.Value, l.tile.vectors)
	for v := range weights {
		weights[v] = l.Cast(l.Load(l.packed, w.Add(ir.Const(int64(v*lanes))), lanes), l.elem)
	}
	return weights
}

func (l *lastConv) mulAdd(x, weight, sum *kernel.Value) *kernel.Value {
	if l.elem.IsFloat() {
		return l.Op(kernel.MulAdd, x, weight, sum)
	}
	return l.Op(kernel.Add, sum, l.Op(kernel.Mul, x, weight))
}
