package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// pair lets a convolution of f32 be one of pairs of bf16 where that is asked for, and a machine adds up their products. Windows
// are copied then, as they are rounded.
func (l *lastConv) pair() {
	img := &l.image
	if !l.target.Halves || l.elem != host.F32 || img.depthwise || img.inner == 1 || l.emitter.lanes == 1 || !slices.Contains(l.target.Features, halvesFeature) {
		return
	}
	img.pairs, l.stored = true, host.BF16
}

// packPairs stores the weights of one place of a window for some channels: those of two neighbouring channels of x beside each
// other, and of the last one of an odd number beside zeros.
func (l *lastConv) packPairs(e *emitter, out *kernel.Buffer, base ir.Dim, weight func(c ir.Dim) (*kernel.Value, error)) error {
	n, two := l.image.inner, ir.Const(2)
	put := func(c ir.Dim, whole bool) error {
		a, err := weight(c)
		if err != nil {
			return err
		}
		b := e.nothing(l.stored, a.Type.Lanes)
		if whole {
			if b, err = weight(c.Add(one)); err != nil {
				return err
			}
		}
		at := base.Add(c.Mul(ir.Const(l.width())))
		if a.Type.Lanes == 1 {
			e.Store(out, at, a)
			e.Store(out, at.Add(one), b)
			return nil
		}
		e.Store(out, at, e.Shuffle(a, b, alternating(a.Type.Lanes)...))
		return nil
	}
	_, err := e.loop(kernel.Serial, "c", ir.Const(n/2), nil, func(c ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, put(c.Mul(two), true)
	})
	if err != nil || n%2 == 0 {
		return err
	}
	return put(ir.Const(n-1), false)
}

// alternating are the lanes of two vectors, one of each after the other.
func alternating(lanes int) []int {
	var order []int
	for i := range lanes {
		order = append(order, i, lanes+i)
	}
	return order
}

// pairProducts is products of a pair of channels.
func (l *lastConv) pairProducts(buf *kernel.Buffer, at, w ir.Dim, acc []*kernel.Value) []*kernel.Value {
	img, t, lanes := l.image, l.tile, l.emitter.lanes
	weights := make([]*kernel.Value, t.vectors)
	for v := range weights {
		weights[v] = l.Load(l.packed, w.Add(ir.Const(int64(2*v*lanes))), 2*lanes)
	}
	next := make([]*kernel.Value, 0, len(acc))
	for i := range t.pixels() {
		far := i/t.width*img.strideY*l.line + i%t.width*img.stride*l.pitch
		x := l.loadPair(buf, at.Add(ir.Const(far)))
		for v, weight := range weights {
			next = append(next, l.Op(kernel.DotHalf, x, weight, acc[int(i*t.vectors)+v]))
		}
	}
	return next
}
