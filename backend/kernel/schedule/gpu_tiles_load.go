package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// loading is how the threads of a group read a block of a factor: vectors along what lies side by side in memory.
type loading struct {
	factor
	p     *tiled
	outer ir.Dim // rows of a, columns of b
	count int64  // of them in a block
	lanes int
}

func (p *tiled) newLoading(f factor, outer ir.Dim, count int64) loading {
	l := loading{factor: f, p: p, outer: outer, count: count, lanes: 1}
	if f.conv == nil {
		l.lanes = vectorsOf(l.inner(), p.target)[0]
	}
	return l
}

// inner is the size along which vectors lie.
func (l loading) inner() ir.Dim {
	if l.alongK {
		return l.p.k
	}
	return l.outer
}

// fill reads the block at a place. Where the last rows or columns are not there, others are read; what is behind the last k is 0.
func (l loading) fill(batch []ir.Dim, first, k ir.Dim, ragged bool, put func(outer, k ir.Dim, along bool, v *kernel.Value)) error {
	m := l.p
	lanes := num(int64(l.lanes))
	inner, outer := num(tileDepth/int64(l.lanes)), num(l.count)
	if !l.alongK {
		inner, outer = num(l.count/int64(l.lanes)), num(tileDepth)
	}
	return m.vectorsOfBlock(inner, outer, func(number ir.Dim) error {
		in := m.symbol("in", number.Mod(inner), inner.Sub(one))
		out := m.symbol("out", number.FloorDiv(inner), outer.Sub(one))
		atK, at := in.Mul(lanes), out
		if !l.alongK {
			atK, at = out, in.Mul(lanes)
		}
		return m.scoped(func() error {
			v, err := l.vector(batch, first.Add(at), k.Add(atK), ragged)
			if err == nil {
				put(at, atK, l.alongK, v)
			}
			return err
		})
	})
}

// vectorsOfBlock gives each thread every so many of inner*outer vectors.
func (p *tiled) vectorsOfBlock(inner, outer ir.Dim, body func(number ir.Dim) error) error {
	total, _ := inner.Mul(outer).IsConst()
	for first := int64(0); first < total; first += p.threads() {
		number := p.thread.Add(num(first))
		take := func() error { return body(number) }
		var err error
		if first+p.threads() > total {
			err = p.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: num(total)}, take)
		} else {
			err = take()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// vector reads a vector of the factor.
func (l loading) vector(batch []ir.Dim, outer, k ir.Dim, ragged bool) (*kernel.Value, error) {
	m := l.p
	before := m.emitter.lanes
	m.emitter.lanes = l.lanes
	defer func() { m.emitter.lanes = before }()
	clamped := func(at, size ir.Dim, along, needed bool) part {
		q := part{at: at}
		lanes := one
		if along {
			lanes = num(int64(l.lanes))
		}
		if along && l.lanes > 1 {
			q.step = one
		}
		if needed {
			q.at = m.symbol("at", at.FloorDiv(lanes), size.FloorDiv(lanes).Sub(one)).Mul(lanes)
		}
		return q
	}
	v, err := m.vectorIn(l.factor, batch, clamped(outer, l.outer, !l.alongK, !isZero(l.outer.Mod(num(l.count)))), clamped(k, m.k, l.alongK, ragged))
	if err != nil || !ragged {
		return v, err
	}
	return m.Select(m.Splat(m.Within(1, k, one, zero, m.k.Sub(one)), l.lanes), v, m.Number(v.Type, 0)), nil
}
