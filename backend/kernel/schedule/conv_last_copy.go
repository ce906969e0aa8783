package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// fill copies what the windows of a block cover of x: zeros where there is padding.
func (l *lastConv) fill(p blockPlace) error {
	n := ir.Const
	img := l.image
	from := p.row.Mul(n(img.strideY)).Sub(n(img.top))
	last := (img.outRows-1)*img.strideY + (img.high-1)*img.farY - img.top // the last row that a window covers
	_, err := l.loop(kernel.Serial, "in", n(l.blockRows()), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		raw, base := from.Add(r), r.Mul(n(l.line))
		return nil, l.inside(raw, img.rows, img.top > 0, last >= img.rows,
			func() error { return l.zeros(base, l.line) },
			func() error { return l.copyRow(p, base, l.symbol("line", raw, n(img.rows-1))) })
	})
	return err
}

// copyRow copies one row of x, with the zeros at its ends.
func (l *lastConv) copyRow(p blockPlace, base, row ir.Dim) error {
	n := ir.Const
	img, batch := l.image, p.batch
	if l.blocks.columns > 1 {
		return l.copySegment(p, base, row)
	}
	columns := img.columns(img.out)
	count := max(min(img.width, columns-img.left), 0)
	if err := l.zeros(base, min(img.left, columns)*l.pitch); err != nil {
		return err
	}
	if err := l.zeros(base.Add(n((img.left+count)*l.pitch)), max(columns-img.left-count, 0)*l.pitch); err != nil {
		return err
	}
	base = base.Add(n(img.left * l.pitch))
	if l.pitch == img.inner && img.groups == 1 {
		return l.copyNumbers(base, n(count*img.inner), func(at part) point {
			return l.pixelAt(batch[0], row, point{{axes: 2, size: n(img.width * img.inner), at: at.at, step: at.step}})
		})
	}
	_, err := l.loop(kernel.Serial, "px", n(count), nil, func(x ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, l.copyPixel(batch, base.Add(x.Mul(n(l.pitch))), row, x)
	})
	return err
}

// copyPixel copies the channels of one pixel of x.
func (l *lastConv) copyPixel(batch []ir.Dim, base, row, x ir.Dim) error {
	n := ir.Const
	if l.image.pairs && l.image.inner%2 != 0 {
		l.Store(l.copied, base.Add(n(l.image.inner)), l.nothing(l.stored, 1))
	}
	return l.copyNumbers(base, n(l.image.inner), func(at part) point {
		at.at = at.at.Add(batch[1].Mul(n(l.image.inner)))
		return l.pixelAt(batch[0], row, point{{axes: 1, size: n(l.image.width), at: x}, along(1, n(l.image.inner*l.image.groups), at)})
	})
}

// copySegment is copyRow for a block of the pixels of a row: each of x is copied, or is padding.
func (l *lastConv) copySegment(p blockPlace, base, row ir.Dim) error {
	n := ir.Const
	img := l.image
	from := p.col.Mul(n(img.stride)).Sub(n(img.left))
	last := (img.out-1)*img.stride + (img.wide-1)*img.far - img.left
	_, err := l.loop(kernel.Serial, "px", n(img.columns(l.blocks.width)), nil, func(j ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		raw, base := from.Add(j), base.Add(j.Mul(n(l.pitch)))
		return nil, l.inside(raw, img.width, img.left > 0, last >= img.width,
			func() error { return l.zeros(base, l.pitch) },
			func() error { return l.copyPixel(p.batch, base, row, l.symbol("px", raw, n(img.width-1))) })
	})
	return err
}

// inside builds body for a place in 0..size-1, and beyond for others, which there may be before and behind.
func (l *lastConv) inside(at ir.Dim, size int64, before, behind bool, beyond, body func() error) error {
	var conds []ir.Cond
	if before {
		conds = append(conds, ir.Cond{Left: zero, Rel: ir.RelLE, Right: at})
		if err := l.branch(ir.Cond{Left: at, Rel: ir.RelLT, Right: zero}, beyond); err != nil {
			return err
		}
	}
	if behind {
		conds = append(conds, ir.Cond{Left: at, Rel: ir.RelLT, Right: ir.Const(size)})
		if err := l.branch(ir.Cond{Left: ir.Const(size), Rel: ir.RelLE, Right: at}, beyond); err != nil {
			return err
		}
	}
	return l.where(conds, body)
}

// pixelAt is a place in x. The last parts are those of a row of the image; where all of x's spatial axes are one row, they
// stand for all of them.
func (l *lastConv) pixelAt(image, row ir.Dim, rest point) point {
	p := point{{axes: 1, size: l.x.Type.Shape[0], at: image}}
	switch {
	case len(l.size) == 2 && l.single():
		rest[0].axes++
	case len(l.size) == 2:
		p = append(p, part{axes: 1, size: l.size[0], at: row})
	}
	return append(p, rest...)
}

// copyNumbers stores count numbers of x side by side, from base on.
func (l *lastConv) copyNumbers(base, count ir.Dim, at func(at part) point) error {
	return l.copyRun(l.copied, base, count, l.x, func(p part) (point, error) { return at(p), nil })
}

// zeros clears count numbers of the copy.
func (l *lastConv) zeros(base ir.Dim, count int64) error {
	return l.sweepRun(ir.Const(count), l.emitter.lanes > 1, func(at, step ir.Dim) error {
		lanes := l.emitter.lanes
		if isZero(step) {
			lanes = 1
		}
		l.Store(l.copied, base.Add(at), l.nothing(l.stored, lanes))
		return nil
	})
}
