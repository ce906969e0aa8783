package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// windows is how the threads of a group read a block of what windows of a convolution cover: a thread has one pixel, and some of
// the elements of its window.
type windows struct {
	p     *tiled
	conv  *convolution
	pixel ir.Dim   // the thread's, in the block
	apart ir.Dim   // threads that have the same pixel
	own   ir.Dim   // which of them the thread is
	start []ir.Dim // where the window starts in x, along each axis
}

func (p *tiled) newWindows(c *convolution, first ir.Dim) *windows {
	width := num(p.width())
	if p.width() > p.threads() {
		return &windows{p: p, conv: c}
	}
	w := &windows{p: p, conv: c, apart: num(p.threads() / p.width())}
	w.pixel = p.symbol("pixel", p.thread.Mod(width), width.Sub(one))
	w.own = p.symbol("own", p.thread.FloorDiv(width), w.apart.Sub(one))
	rest := first.Add(w.pixel).Min(p.n.Sub(one))
	w.start = make([]ir.Dim, len(c.pixels))
	for i := len(c.pixels) - 1; i >= 0; i-- {
		at := rest
		if i > 0 {
			rest = rest.FloorDiv(c.pixels[i])
			at = at.Sub(rest.Mul(c.pixels[i]))
		}
		at = p.symbol("pixel", at, c.pixels[i].Sub(one))
		w.start[i] = at.Mul(num(int64(c.Stride[i]))).Sub(num(int64(c.Low[i])))
	}
	return w
}

func (w *windows) fill(batch []ir.Dim, k ir.Dim, ragged bool, put func(outer, k ir.Dim, along bool, v *kernel.Value)) error {
	if w.start == nil {
		return reason(w.p.op, "a block has more pixels than threads")
	}
	m := w.p
	depth := num(tileDepth)
	rounds, _ := ceilDiv(depth, w.apart).IsConst()
	for i := range rounds {
		at := w.own.Add(num(i).Mul(w.apart))
		take := func() error {
			return m.scoped(func() error {
				v, err := w.element(batch, k.Add(at), ragged)
				if err == nil {
					put(w.pixel, at, false, v)
				}
				return err
			})
		}
		var err error
		if isZero(depth.Mod(w.apart)) {
			err = take()
		} else {
			err = m.only(ir.Cond{Left: at, Rel: ir.RelLT, Right: depth}, take)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element reads element k of the thread's window, 0 outside x.
func (w *windows) element(batch []ir.Dim, k ir.Dim, ragged bool) (*kernel.Value, error) {
	m, c := w.p, w.conv
	before := m.emitter.lanes
	m.emitter.lanes = 1
	defer func() { m.emitter.lanes = before }()
	at := k
	if ragged {
		at = m.symbol("k", k, m.k.Sub(one))
	}
	taps := make([]ir.Dim, len(c.window))
	for i := len(taps) - 1; i >= 0; i-- {
		next := at.FloorDiv(num(c.window[i]))
		taps[i] = m.symbol("tap", at.Sub(next.Mul(num(c.window[i]))), num(c.window[i]-1))
		at = next
	}
	channel := m.symbol("channel", at, c.inner.Sub(one))
	p := point{{axes: 1, size: c.x.Type.Shape[0], at: batch[0]}, {axes: 1, size: c.channels(c.x.Type.Shape), at: batch[1].Mul(c.inner).Add(channel)}}
	var inside []cond
	for i, tap := range taps {
		here := w.start[i].Add(tap.Mul(num(int64(c.Dilation[i]))))
		p = append(p, part{axes: 1, size: c.size[i], at: here})
		if c.Low[i] > 0 || c.High[i] > 0 {
			inside = append(inside, cond{at: here, least: zero, most: c.size[i].Sub(one)})
		}
	}
	if ragged {
		inside = append(inside, cond{at: k, least: zero, most: m.k.Sub(one)})
	}
	outer := m.conds
	m.conds = append(slices.Clip(outer), inside...)
	v, err := m.emitter.value(c.x, c.ordered(p))
	m.conds = outer
	if err != nil {
		return nil, err
	}
	v = m.Cast(v, m.elem)
	if len(inside) > 0 && c.x.Def != nil {
		v = m.Select(m.emitter.mask(inside, 1), v, m.Number(v.Type, 0))
	}
	return v, nil
}
