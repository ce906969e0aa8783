package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// affine is what follows a convolution and multiplies and adds constants of each channel, as a norm by given statistics does:
// the weights are multiplied before the first call, and the sums start with what is added.
type affine struct {
	bias   bool // the bias is one of those constants
	steps  []affineStep
	result *ir.Value // of the last step
}

// affineStep is one operation on a constant: c op x where it is reversed, else x op c.
type affineStep struct {
	op       *ir.OpDef
	c        *ir.Value
	reversed bool
}

// foldable finds the steps. Only f32 keeps its value when they are taken together.
func (l *lastConv) foldable() affine {
	y := l.op.Result()
	a := affine{result: y}
	if l.elem != host.F32 || y.Type.Elem != host.F32 {
		return a
	}
	if a.bias = l.bias == nil || l.g.constant(l.bias); !a.bias {
		return a
	}
	for {
		op := l.g.user(a.result)
		if op == nil || a.result == l.g.Result || l.uses(a.result) != 1 || !op.Is(tensor.Add) && !op.Is(tensor.Sub) && !op.Is(tensor.Mul) {
			return a
		}
		reversed := op.Operand(1) == a.result
		c := op.Operand(1)
		if reversed {
			c = op.Operand(0)
		}
		if c == a.result || !l.g.constant(c) || c.Type.Elem != host.F32 || op.Result().Type.Elem != host.F32 || !l.ofChannels(c) || !sameShape(l.g.env, y.Type.Shape, op.Result().Type.Shape) {
			return a
		}
		a.steps, a.result = append(a.steps, affineStep{op.Def, c, reversed}), op.Result()
	}
}

// ofChannels reports a value that broadcasts over all but the last axis of the result.
func (l *lastConv) ofChannels(c *ir.Value) bool {
	for i, n := range c.Type.Shape {
		if i < c.Type.Rank()-1 && !isOne(n) {
			return false
		}
	}
	return true
}

// scaled gives what channels from a place on are multiplied with, and shift what is added then; nil is one and zero.
func (l *lastConv) scaled(e *emitter, channel part, lanes int) (scale, shift *kernel.Value, err error) {
	take := func(v *ir.Value, p point) (*kernel.Value, error) {
		x, err := e.value(v, p)
		if err != nil {
			return nil, err
		}
		return e.spread(x, lanes), nil
	}
	if l.bias != nil && l.affine.bias {
		if shift, err = take(l.bias, point{along(1, l.bias.Type.Shape[0], channel)}); err != nil {
			return nil, nil, err
		}
	}
	op := func(op kernel.Op, x, c *kernel.Value, neutral float64) *kernel.Value {
		if x == nil {
			x = e.Float(c.Type, neutral)
		}
		return e.Op(op, x, c)
	}
	for _, s := range l.affine.steps {
		q := make(point, s.c.Type.Rank())
		for i := range q {
			q[i] = origin()
		}
		if last := len(q) - 1; last >= 0 && !isOne(s.c.Type.Shape[last]) {
			q[last] = along(1, s.c.Type.Shape[last], channel)
		}
		c, err := take(s.c, q)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case s.op == tensor.Mul:
			scale, shift = op(kernel.Mul, scale, c, 1), op(kernel.Mul, shift, c, 0)
		case s.op == tensor.Add:
			shift = op(kernel.Add, shift, c, 0)
		case s.reversed:
			minus := e.Float(c.Type, -1)
			scale, shift = op(kernel.Mul, scale, minus, 1), e.Op(kernel.Sub, c, op(kernel.Add, shift, e.Float(c.Type, 0), 0))
		default:
			shift = op(kernel.Sub, shift, c, 0)
		}
	}
	return scale, shift, nil
}

// heldByAll are the parameters that values depend on.
func (l *lastConv) heldByAll(values ...*ir.Value) []bool {
	held := make([]bool, len(l.g.Params))
	for _, v := range values {
		if v != nil {
			l.g.heldBy(v, held)
		}
	}
	return held
}

// constants are what the sums are scaled and shifted by.
func (l *lastConv) constants() []*ir.Value {
	var list []*ir.Value
	if l.affine.bias {
		list = append(list, l.bias)
	}
	for _, s := range l.affine.steps {
		list = append(list, s.c)
	}
	return list
}

// eachVector goes over the vectors of channels of a panel, or over its channels one by one where vectors cannot be built. Of
// channels beyond the last, put is under a condition.
func (l *lastConv) eachVector(e *emitter, group, panel ir.Dim, put func(at int64, channel part, lanes int) error) error {
	n := ir.Const
	run := func(lanes int) error {
		step := one
		if lanes == 1 {
			step = zero
		}
		for at := int64(0); at < l.width(); at += int64(lanes) {
			o := panel.Mul(n(l.width())).Add(n(at))
			body := func() error {
				return put(at, part{at: group.Mul(n(l.image.outer)).Add(o), step: step}, lanes)
			}
			if l.image.outer%l.width() != 0 {
				inner := body
				body = func() error { return e.under(cond{at: o, step: step, least: zero, most: n(l.image.outer - 1)}, inner) }
			}
			if err := body(); err != nil {
				return err
			}
		}
		return nil
	}
	return e.byVectors(func(vectors bool) error {
		if vectors {
			return run(e.lanes)
		}
		return run(1)
	})
}

// packShift makes the pack of what sums start with.
func (l *lastConv) packShift() (err error) {
	if !l.affine.bias || l.bias == nil && len(l.affine.steps) == 0 {
		return nil
	}
	held := l.heldByAll(l.constants()...)
	size := l.image.groups * l.panels() * l.width()
	l.shift, err = l.packPanels(l.elem, size, held, func(e *emitter, out *kernel.Buffer, p panelOf) error {
		return l.eachVector(e, p.group, p.panel, func(at int64, channel part, lanes int) error {
			_, shift, err := l.scaled(e, channel, lanes)
			if shift == nil {
				shift = e.Float(kernel.Type{Elem: l.elem, Lanes: lanes}, 0)
			}
			e.Store(out, p.r.Mul(ir.Const(l.width())).Add(ir.Const(at)), shift)
			return err
		})
	})
	return err
}

// panelOf is the panel of a group that a round of a pack fills.
type panelOf struct{ r, group, panel ir.Dim }

// packPanels makes a pack whose rounds fill a panel each.
func (l *lastConv) packPanels(elem host.Elem, size int64, held []bool, fill func(e *emitter, out *kernel.Buffer, p panelOf) error) (*kernel.Buffer, error) {
	n := ir.Const
	p := packing{elem: elem, as: elem, n: n(size), rounds: n(l.image.groups * l.panels()), held: held}
	return l.addPack(p, func(e *emitter, out *kernel.Buffer, r ir.Dim) error {
		group := e.symbol("group", r.FloorDiv(n(l.panels())), n(l.image.groups-1))
		panel := e.symbol("panel", r.Sub(r.FloorDiv(n(l.panels())).Mul(n(l.panels()))), n(l.panels()-1))
		return fill(e, out, panelOf{r, group, panel})
	})
}

// packWeights makes the pack of the weights: for each group and panel, the vectors of channels for each number of a window in
// the order in which they are read: rows, columns, channels of x.
func (l *lastConv) packWeights() (err error) {
	n, img := ir.Const, l.image
	held := l.heldByAll(append(l.constants(), l.w)...)
	elem := l.stored
	if s := l.w.Type.Elem; l.w.Def == nil && !img.pairs && isHalf(s) {
		elem = s
	}
	size := img.groups * l.panels() * l.taps() * l.width()
	window := img.high * img.wide
	l.packed, err = l.packPanels(elem, size, held, func(e *emitter, out *kernel.Buffer, p panelOf) error {
		return l.eachVector(e, p.group, p.panel, func(at int64, channel part, lanes int) error {
			scale, _, err := l.scaled(e, channel, lanes)
			if err != nil {
				return err
			}
			_, err = e.loop(kernel.Serial, "tap", n(window), nil, func(tap ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
				weight := func(c ir.Dim) (*kernel.Value, error) {
					q := point{along(1, n(img.outer*img.groups), channel), {axes: 1, size: n(img.channels()), at: c}, {axes: l.w.Type.Rank() - 2, size: n(window), at: tap}}
					v, err := e.value(l.w, q)
					if err != nil {
						return nil, err
					}
					v = e.spread(v, lanes)
					if scale != nil {
						v = e.Op(kernel.Mul, v, scale)
					}
					return e.Cast(v, elem), nil
				}
				to := p.r.Mul(n(window)).Add(tap).Mul(n(img.depth() * l.width()))
				if img.pairs {
					return nil, l.packPairs(e, out, to.Add(n(2*at)), weight)
				}
				return e.loop(kernel.Serial, "c", n(img.depth()), nil, func(c ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
					v, err := weight(c)
					if err != nil {
						return nil, err
					}
					e.Store(out, to.Add(c.Mul(n(l.width()))).Add(n(at)), v)
					return nil, nil
				})
			})
			return err
		})
	})
	return err
}
