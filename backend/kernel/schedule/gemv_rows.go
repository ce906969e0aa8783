package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// What the schedule of compressed weights takes at a time.
const (
	dotRows    = 4 // the most rows of x: more are worth expanding the weights once
	dotColumns = 4 // columns whose sums are under way together
)

// needsRows says why a group is no product of few rows with weights that are computed, such as from codes.
func (g *Group) needsRows(t Target) string {
	c, why := g.fewRows(t, dotRows)
	switch {
	case why != "":
		return why
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
	m, err := newProductOf(g, t, t.Lanes)
	if err != nil {
		return nil, err
	}
	lanes := ir.Const(int64(t.Lanes))
	switch {
	case !m.elem.IsFloat():
		return nil, reason(m.op, "products of %s are not added up by vectors", m.elem)
	case !isZero(m.k.Mod(lanes)) || t.Lanes == 1:
		return nil, reason(m.op, "its rows are no whole number of vectors")
	}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	rows, _ := m.m.IsConst()
	sums := m.Buffer("sums", m.elem, ir.Const(rows).Mul(lanes), kernel.Private, 0)
	_, err = m.loop(kernel.Parallel, "r", ceilDiv(m.n, ir.Const(int64(t.Lanes))), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
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
				return m.store(m.contraction.at(nil, row, col), place{}, row, col, m.Load(sums, ir.Const(i).Mul(lanes), t.Lanes))
			}
			if isZero(m.n.Mod(lanes)) {
				err = store()
			} else {
				err = m.under(cond{at: first, step: one, least: zero, most: m.n.Sub(one)}, store)
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
			w, err := m.vectorIn(m.contraction.b, nil, part{at: col, step: zero}, at)
			if err != nil {
				return nil, err
			}
			for row := range rows {
				x, err := m.vectorIn(m.contraction.a, nil, part{at: ir.Const(int64(row)), step: zero}, at)
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
