package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Products as a thread of a GPU computes one element of them alone, with its operands and what follows it as with any operation.
// They make a kernel of what tiles of products do not suit, such as convolutions of single channels.

// dotTable is how they are emitted.
func dotTable() map[*ir.OpDef]pointFunc {
	return map[*ir.OpDef]pointFunc{nn.Linear: dotBy(linearDot), tensor.MatMul: dotBy(matmulDot), nn.Conv: dotBy(convDot)}
}

// dot is the sum that an element of a product is, for lanes of them.
type dot struct {
	*emitter
	op    *ir.Op
	at    point // one part for each axis of the result
	lanes int
	elem  host.Elem
}

func dotBy(sum func(d *dot, acc *kernel.Value) (*kernel.Value, error)) pointFunc {
	return func(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
		elem, err := productElem(op)
		if err != nil {
			return nil, err
		}
		p = e.simplified(p)
		if !e.trial && !p.once(e.loops) {
			return nil, errAgain
		}
		d := &dot{emitter: e, op: op, lanes: 1, elem: elem}
		if d.at, err = p.single(op.Result().Type.Shape); err != nil {
			return nil, err
		}
		if !p.uniform() {
			d.lanes = e.lanes
		}
		v, err := sum(d, e.Number(kernel.Type{Elem: elem, Lanes: d.lanes}, 0))
		if err != nil {
			return nil, err
		}
		return e.rounded(v, op.Result().Type.Elem), nil
	}
}

// add adds the product of two numbers, or vectors.
func (d *dot) add(acc *kernel.Value, x *ir.Value, xAt point, w *ir.Value, wAt point) (*kernel.Value, error) {
	a, err := d.value(x, xAt)
	if err != nil {
		return nil, err
	}
	b, err := d.value(w, wAt)
	if err != nil {
		return nil, err
	}
	return d.addProduct(acc, a, b), nil
}

func (d *dot) addProduct(acc, a, b *kernel.Value) *kernel.Value {
	a, b = d.spread(d.Cast(a, d.elem), d.lanes), d.spread(d.Cast(b, d.elem), d.lanes)
	if d.elem.IsFloat() {
		return d.Op(kernel.MulAdd, a, b, acc)
	}
	return d.Op(kernel.Add, acc, d.Op(kernel.Mul, a, b))
}

// biased adds what the bias has at a place.
func (d *dot) biased(acc *kernel.Value, at part) (*kernel.Value, error) {
	bias := d.op.Operand(2)
	if bias == nil {
		return acc, nil
	}
	b, err := d.value(bias, point{at})
	if err != nil {
		return nil, err
	}
	return d.Op(kernel.Add, acc, d.spread(d.Cast(b, d.elem), d.lanes)), nil
}

func (d *dot) along(n ir.Dim, acc *kernel.Value, body func(k part, acc *kernel.Value) (*kernel.Value, error)) (*kernel.Value, error) {
	return d.reduceFrom(n, acc, func(k ir.Dim, acc *kernel.Value) (*kernel.Value, error) {
		return body(part{axes: 1, size: n, at: k}, acc)
	})
}

func (d *dot) reduceFrom(n ir.Dim, acc *kernel.Value, body func(k ir.Dim, acc *kernel.Value) (*kernel.Value, error)) (*kernel.Value, error) {
	got, err := d.hoistedLoop("k", n, []*kernel.Value{acc}, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		v, err := body(k, acc[0])
		return []*kernel.Value{v}, err
	})
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

func linearDot(d *dot, acc *kernel.Value) (*kernel.Value, error) {
	x, w := d.op.Operand(0), d.op.Operand(1)
	last := len(d.at) - 1
	acc, err := d.along(w.Type.Shape[1], acc, func(k part, acc *kernel.Value) (*kernel.Value, error) {
		return d.add(acc, x, append(d.at[:last:last], k), w, point{d.at[last], k})
	})
	if err != nil {
		return nil, err
	}
	return d.biased(acc, d.at[last])
}

func matmulDot(d *dot, acc *kernel.Value) (*kernel.Value, error) {
	a, b := d.op.Operand(0), d.op.Operand(1)
	rank := len(d.at)
	batch, shape := d.at[:rank-2], d.op.Result().Type.Shape[:rank-2]
	place := func(v *ir.Value, x, y part) (point, error) {
		p, err := batch.broadcast(d.g.env, shape, v.Type.Shape[:max(v.Type.Rank()-2, 0)])
		return append(p[:len(p):len(p)], x, y), err
	}
	return d.along(a.Type.Shape[a.Type.Rank()-1], acc, func(k part, acc *kernel.Value) (*kernel.Value, error) {
		p, err := place(a, d.at[rank-2], k)
		if err != nil {
			return nil, err
		}
		q, err := place(b, k, d.at[rank-1])
		if err != nil {
			return nil, err
		}
		return d.add(acc, a, p, b, q)
	})
}

// convDot goes over the channels of a group, and for each over the elements of the window.
func convDot(d *dot, acc *kernel.Value) (*kernel.Value, error) {
	c, err := newConvolution(d.op)
	if err != nil {
		return nil, err
	}
	lead, channel := 2, 1
	if c.ChannelsLast {
		lead, channel = 1, len(d.at)-1
	}
	windows, taps := d.windows(c, lead)
	out := d.at[channel]
	in := zero // the first channel of x
	if c.Groups > 1 {
		if !isZero(out.step) {
			return nil, errLanes
		}
		in = d.symbol("part", out.at.FloorDiv(c.outer), num(int64(c.Groups-1))).Mul(c.inner)
	}
	acc, err = d.reduceFrom(c.inner, acc, func(k ir.Dim, acc *kernel.Value) (*kernel.Value, error) {
		sums, err := eachTap(d.emitter, windows, taps <= mostTaps, nil, []*kernel.Value{acc}, func(ks []ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			xAt, wAt := slices.Clone(d.at), point{out, {axes: 1, size: c.inner, at: k}}
			xAt[channel] = part{axes: 1, size: c.x.Type.Shape[channel], at: in.Add(k)}
			var inside []cond
			for i, w := range windows {
				far := ks[i].Mul(num(w.far))
				xAt[lead+i] = part{axes: 1, size: c.size[i], at: w.at.Add(far), step: w.step}
				wAt = append(wAt, part{axes: 1, size: num(w.n), at: ks[i]})
				for _, at := range w.inside {
					at.at = at.at.Add(far)
					inside = append(inside, at)
				}
			}
			v, err := d.tap(c, xAt, wAt, inside, acc[0])
			return []*kernel.Value{v}, err
		})
		if err != nil {
			return nil, err
		}
		return sums[0], nil
	})
	if err != nil {
		return nil, err
	}
	return d.biased(acc, out)
}

// windows are what the windows of the places cover along each axis, and how many elements that is.
func (d *dot) windows(c *convolution, lead int) ([]poolWindow, int64) {
	var list []poolWindow
	taps := int64(1)
	for i, n := range c.window {
		q, stride := d.at[lead+i], num(int64(c.Stride[i]))
		w := poolWindow{at: q.at.Mul(stride).Sub(num(int64(c.Low[i]))), step: q.step.Mul(stride), n: n, far: int64(c.Dilation[i])}
		if c.Low[i] > 0 || c.High[i] > 0 {
			w.inside = []cond{{at: w.at, step: w.step, least: zero, most: c.size[i].Sub(one)}}
		}
		list = append(list, w)
		taps *= n
	}
	return list, taps
}

// tap adds one element of the window times its weight.
func (d *dot) tap(c *convolution, xAt, wAt point, inside []cond, acc *kernel.Value) (*kernel.Value, error) {
	outer := d.conds
	d.conds = append(outer[:len(outer):len(outer)], inside...)
	x, err := d.value(c.x, xAt)
	d.conds = outer
	if err != nil {
		return nil, err
	}
	if len(inside) > 0 && c.x.Def != nil { // what is loaded outside is 0, but not what is computed of it
		x = d.spread(x, d.lanes)
		x = d.Select(d.mask(inside, d.lanes), x, d.Number(x.Type, 0))
	}
	w, err := d.value(c.w, wAt)
	if err != nil {
		return nil, err
	}
	return d.addProduct(acc, x, w), nil
}
