package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// What the schedule of compressed weights takes at a time.
const (
	dotRows    = 4 // the most rows of x: more are worth expanding the weights once
	dotColumns = 4 // columns whose sums are under way together
)

// needsRows says why a group is no product of few rows with weights that are computed, such as from codes.
func (g *Group) needsRows() string {
	if why := g.needsProduct(); why != "" {
		return why
	}
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return err.Error()
	}
	rows, ok := c.m.IsConst()
	switch {
	case !ok || rows > dotRows:
		return "it has many rows"
	case c.b.conv != nil || c.b.v.Def == nil || !c.b.alongK || !g.constant(c.b.v):
		return "its weights are not computed from constants along their rows"
	case len(c.batches) > 0:
		return "it has batches"
	}
	return ""
}

// makeRows is the schedule of products of few rows with compressed weights: it reads codes where they lie, makes them numbers
// and adds up, with lanes along k, so that no more than the codes comes from memory.
func makeRows(g *Group, t Target) (*Made, error) {
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return nil, err
	}
	elem, err := productElem(c.op)
	if err != nil {
		return nil, err
	}
	r := g.Result.Type
	if r.Elem.Packed() || r.Elem.IsComplex() || storageElem(r.Elem) != r.Elem || !elem.IsFloat() {
		return nil, fmt.Errorf("a result of %s is not emitted", r.Elem)
	}
	lanes := ir.Const(int64(t.Lanes))
	if !isZero(c.k.Mod(lanes)) || t.Lanes == 1 {
		return nil, reason(c.op, "its rows are no whole number of vectors")
	}
	m := &gemm{emitter: newEmitter(g, t, t.Lanes), contraction: c, elem: elem}
	m.out = m.Output("y", r.Elem, r.NumElements()).As(kernel.Result, 0)
	rows, _ := c.m.IsConst()
	sums := m.Buffer("sums", elem, ir.Const(rows).Mul(lanes), kernel.Private, 0)
	_, err = m.loop(kernel.Parallel, "r", ceilDiv(c.n, ir.Const(int64(t.Lanes))), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		first := r.Mul(lanes)
		_, err := m.loop(kernel.Serial, "j", ir.Const(int64(max(t.Lanes/dotColumns, 1))), nil, func(j ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			return nil, m.dots(sums, first, j.Mul(ir.Const(dotColumns)), int(rows))
		})
		if err != nil {
			return nil, err
		}
		for i := range rows {
			row := part{at: ir.Const(i), step: zero}
			col := part{at: first, step: one}
			store := func() error {
				return m.store(c.at(nil, row, col), place{}, row, col, m.Load(sums, ir.Const(i).Mul(lanes), t.Lanes))
			}
			if isZero(c.n.Mod(lanes)) {
				err = store()
			} else {
				err = m.under(cond{at: first, step: one, least: zero, most: c.n.Sub(one)}, store)
			}
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
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

// dots stores the sums of some columns for all rows.
func (m *gemm) dots(sums *kernel.Buffer, first, j ir.Dim, rows int) error {
	lanes := ir.Const(int64(m.emitter.lanes))
	var cols []ir.Dim
	for i := range dotColumns {
		at := first.Add(j).Add(ir.Const(int64(i)))
		if !isZero(m.n.Mod(lanes)) {
			at = m.symbol("col", at.Min(m.n.Sub(one)), m.n.Sub(one))
		}
		cols = append(cols, at)
	}
	acc, err := m.rounds(m.k.FloorDiv(lanes), rows*dotColumns, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		at := part{at: k.Mul(lanes), step: one}
		next := append([]*kernel.Value{}, acc...)
		for c, col := range cols {
			w, err := m.vectorAt(m.contraction.b, part{at: col, step: zero}, at)
			if err != nil {
				return nil, err
			}
			for row := range rows {
				x, err := m.vectorAt(m.contraction.a, part{at: ir.Const(int64(row)), step: zero}, at)
				if err != nil {
					return nil, err
				}
				next[row*dotColumns+c] = m.Op(kernel.MulAdd, x, w, acc[row*dotColumns+c])
			}
		}
		return next, nil
	})
	if err != nil {
		return err
	}
	for row := range rows {
		for c := range dotColumns {
			at := ir.Const(int64(row)).Mul(lanes).Add(j).Add(ir.Const(int64(c)))
			m.Store(sums, at, m.Op(kernel.Sum, acc[row*dotColumns+c]))
		}
	}
	return nil
}

func (m *gemm) vectorAt(f factor, outer, k part) (*kernel.Value, error) {
	q, err := f.at(nil, outer, k)
	if err != nil {
		return nil, err
	}
	v, err := m.emitter.value(f.v, q)
	if err != nil {
		return nil, err
	}
	return m.spread(v, m.emitter.lanes), nil
}
