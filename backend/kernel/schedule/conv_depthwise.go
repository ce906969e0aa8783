package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
)

// depthwise builds the kernel of a convolution in which every channel of the result depends on one of x. Its rounds are
// channels; lanes are neighbouring pixels of a row.
type depthwise struct {
	*gemm
	*convolution
	taps    []*kernel.Value // the numbers of the window, in every lane
	channel ir.Dim          // of x
	at      place
}

// largestWindow is how many numbers of a window are kept at hand.
const largestWindow = 64

// needsDepthwise says why a group is no convolution of single channels.
func (g *Group) needsDepthwise(Target) string {
	if g.Anchor == nil || !g.Anchor.Is(nn.Conv) {
		return "it is no convolution"
	}
	if g.Anchor.Bool("channels_last") {
		return "channels come last"
	}
	if !isOne(g.Anchor.In(1).Shape[1]) || g.Anchor.Int("groups") == 1 {
		return "channels of the result depend on several of x"
	}
	if g.Anchor.Operand(0).Def != nil {
		return "its input is computed"
	}
	return ""
}

// makeDepthwise is the schedule of convolutions of single channels.
func makeDepthwise(g *Group, t Target) (*Made, error) {
	c, err := convProduct(g, g.Anchor)
	if err != nil {
		return nil, err
	}
	conv := c.b.conv
	if conv == nil || len(conv.size) > 2 {
		return nil, reason(c.op, "its windows are single elements, or have three axes")
	}
	window, _ := conv.windowSize().IsConst()
	elem, err := productElem(c.op)
	if err != nil {
		return nil, err
	}
	if !elem.IsFloat() || window > largestWindow {
		return nil, fmt.Errorf("windows of %d elements of %s are not emitted", window, elem)
	}
	m := &gemm{emitter: newEmitter(g, t, t.Lanes), contraction: c, elem: elem}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	d := &depthwise{gemm: m, convolution: conv}
	counts := append(append([]ir.Dim{}, c.batches...), c.m)
	_, err = m.loop(kernel.Parallel, "r", product(counts), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, m.sized(counts, func() error { return d.round(m.pick(r, counts)) })
	})
	if err != nil {
		return nil, err
	}
	k, err := m.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}}, nil
}

func (d *depthwise) lanes() int { return d.emitter.lanes }

// round makes one channel.
func (d *depthwise) round(at []ir.Dim) error {
	d.at = place{batch: at[:2], row: at[2]}
	d.channel = at[1]
	weights := d.weights(d.windowSize())
	n, _ := d.windowSize().IsConst()
	d.taps = nil
	for i := range n {
		q, err := weights.at(d.at.batch, part{at: d.at.row, step: zero}, part{at: ir.Const(i), step: zero})
		if err != nil {
			return err
		}
		v, err := d.emitter.value(d.w, q)
		if err != nil {
			return err
		}
		d.taps = append(d.taps, d.Splat(v, d.lanes()))
	}
	last := len(d.pixels) - 1
	vectors := ceilDiv(d.pixels[last], ir.Const(int64(d.lanes())))
	_, err := d.loop(kernel.Serial, "x", vectors, nil, func(x ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, d.column(x.Mul(ir.Const(int64(d.lanes()))))
	})
	return err
}

// reach is what element k of the windows of a vector of pixels covers in a row of x: vectors from places on, with masks. Of a
// stride of 2, two vectors of neighbours are read.
type reach struct {
	at    []ir.Dim
	step  ir.Dim
	masks []*kernel.Value
}

// column goes over the rows of the result with one vector of pixels.
func (d *depthwise) column(x ir.Dim) error {
	last := len(d.pixels) - 1
	var all []reach
	for k := range d.window[last] {
		all = append(all, d.reach(x, k))
	}
	if last == 0 {
		return d.line(x, zero, all, true)
	}
	lo, hi := d.inner()
	for _, part := range []struct {
		from, to ir.Dim
		inside   bool
	}{{zero, lo, false}, {lo, hi, true}, {hi, d.pixels[0], false}} {
		n := part.to.Sub(part.from)
		if isZero(n) {
			continue
		}
		_, err := d.loop(kernel.Serial, "row", n, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, d.line(x, part.from.Add(i), all, part.inside)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inner gives the first of the rows whose windows lie inside x, and the one behind the last.
func (d *depthwise) inner() (lo, hi ir.Dim) {
	size, ok := d.size[0].IsConst()
	rows, _ := d.pixels[0].IsConst()
	if !ok {
		return zero, zero
	}
	s, low := int64(d.Stride[0]), int64(d.Low[0])
	first := min((low+s-1)/s, rows)
	room := size - 1 + low - (d.window[0]-1)*int64(d.Dilation[0])
	behind := first
	if room >= 0 {
		behind = max(min(room/s+1, rows), first)
	}
	return ir.Const(first), ir.Const(behind)
}

func (d *depthwise) reach(x ir.Dim, k int64) reach {
	last := len(d.pixels) - 1
	stride, lanes := d.Stride[last], d.lanes()
	first := x.Mul(ir.Const(int64(stride))).Add(ir.Const(k*int64(d.Dilation[last]) - int64(d.Low[last])))
	r := reach{at: []ir.Dim{first}, step: ir.Const(int64(stride))}
	if stride == 2 && lanes > 1 {
		r = reach{at: []ir.Dim{first, first.Add(ir.Const(int64(lanes)))}, step: one}
	}
	for _, at := range r.at {
		r.masks = append(r.masks, d.Within(lanes, at, r.step, zero, d.size[last].Sub(one)))
	}
	return r
}

// line sums up one vector of pixels of a row.
func (d *depthwise) line(x, row ir.Dim, all []reach, inside bool) error {
	sum := d.Float(kernel.Type{Elem: d.elem, Lanes: d.lanes()}, 0)
	last := len(d.pixels) - 1
	start := d.at.batch[0].Mul(d.x.Type.Shape[1]).Add(d.channel)
	lines := int64(1)
	if last == 1 {
		lines = d.window[0]
	}
	for ky := range lines {
		from := start
		var rowMask *kernel.Value
		if last == 1 {
			raw := row.Mul(ir.Const(int64(d.Stride[0]))).Add(ir.Const(ky*int64(d.Dilation[0]) - int64(d.Low[0])))
			y := raw
			if !inside {
				y = d.symbol("in", raw, d.size[0].Sub(one))
				rowMask = d.Within(d.lanes(), raw, zero, zero, d.size[0].Sub(one))
			}
			from = from.Mul(d.size[0]).Add(y)
		}
		for kx, r := range all {
			v := d.covered(from.Mul(d.size[last]), r, rowMask)
			sum = d.Op(kernel.MulAdd, v, d.taps[int(ky)*len(all)+kx], sum)
		}
	}
	col := part{at: row.Mul(d.pixels[last]).Add(x), step: one}
	if d.lanes() == 1 {
		col.step = zero
	}
	store := func() error {
		return d.store(d.contraction.at(d.at.batch, part{at: d.at.row, step: zero}, col), d.at, part{at: d.at.row, step: zero}, col, sum)
	}
	if isZero(d.pixels[last].Mod(ir.Const(int64(d.lanes())))) {
		return store()
	}
	return d.under(cond{at: x, step: col.step, least: zero, most: d.pixels[last].Sub(one)}, store)
}

// covered reads what one element of the windows covers in the line of x that starts at a place.
func (d *depthwise) covered(line ir.Dim, r reach, rowMask *kernel.Value) *kernel.Value {
	var parts []*kernel.Value
	for i, at := range r.at {
		mask := r.masks[i]
		if rowMask != nil {
			mask = d.Op(kernel.And, mask, rowMask)
		}
		step := r.step
		if d.lanes() == 1 {
			step = one
		}
		v := d.LoadLanes(d.emitter.buffers[d.x.Index], line.Add(at), step, d.lanes(), mask)
		parts = append(parts, d.widen(d.x.Type.Elem, v))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	even := make([]int, d.lanes())
	for i := range even {
		even[i] = 2 * i
	}
	return d.Shuffle(parts[0], parts[1], even...)
}
