package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// needsColumns says why a product of few rows is not one whose columns lie side by side.
func (g *Group) needsColumns(t Target) string {
	c, why := g.fewRows(t, mostDotRows/2)
	switch {
	case why != "":
		return why
	case c.b.conv != nil || c.b.alongK:
		return "its columns do not lie side by side"
	}
	return ""
}

// makeColumns has each thread add up the products of a vector of columns with all rows; the SIMD groups of a group of threads
// share k.
func makeColumns(g *Group, t Target) (*Made, error) {
	c, err := g.contraction()
	if err != nil {
		return nil, err
	}
	return t.byWidest(c.n, func(lanes int) (*kernel.Kernel, error) {
		m, err := newGPUProduct(g, t, lanes)
		if err != nil {
			return nil, err
		}
		return (&columns{flatProduct: newFlatProduct(m), width: int64(t.SIMD * lanes)}).make()
	})
}

// columns is that schedule.
type columns struct {
	*flatProduct
	width int64 // columns of a SIMD group
	sums  *kernel.Buffer
}

func (d *columns) make() (*kernel.Kernel, error) {
	d.sums = d.Buffer("sums", d.elem, num(d.simds*d.rows*d.width), kernel.Shared, 0)
	return d.onGroups(d.width, d.thread)
}

func (d *columns) thread(batch []ir.Dim, group, t ir.Dim) error {
	first, lanes := group.Mul(num(d.width)), num(int64(d.emitter.lanes))
	d.loops = append(d.loops, again)
	team, lane := d.inGroup(t)
	at := lane.Mul(lanes)
	col := part{at: first.Add(at)}
	if !isZero(d.n.Mod(num(d.width))) {
		col.at = d.symbol("col", col.at.FloorDiv(lanes), d.n.FloorDiv(lanes).Sub(one)).Mul(lanes)
	}
	if d.emitter.lanes > 1 {
		col.step = one
	}
	acc, err := d.added(batch, col, team)
	if err != nil {
		return err
	}
	for row, v := range acc {
		d.Store(d.sums, team.Mul(num(d.rows)).Add(num(int64(row))).Mul(num(d.width)).Add(at), v)
	}
	d.Barrier()
	return d.only(ir.Cond{Left: t, Rel: ir.RelLT, Right: num(d.rows * int64(d.target.SIMD))}, func() error {
		row := part{at: d.symbol("row", team, num(d.rows-1))}
		return d.only(ir.Cond{Left: first.Add(at), Rel: ir.RelLT, Right: d.n}, func() error { return d.stored(batch, row, col, at) })
	})
}

// added gives what a thread adds up: each simds-th of the products.
func (d *columns) added(batch []ir.Dim, col part, team ir.Dim) ([]*kernel.Value, error) {
	acc := make([]*kernel.Value, d.rows)
	for i := range acc {
		acc[i] = d.Number(kernel.Type{Elem: d.elem, Lanes: d.emitter.lanes}, 0)
	}
	share := num(d.simds)
	round := func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		w, err := d.vectorIn(d.contraction.b, batch, col, part{at: k})
		if err != nil {
			return nil, err
		}
		next := make([]*kernel.Value, len(acc))
		for row := range acc {
			x, err := d.vectorIn(d.contraction.a, batch, part{at: num(int64(row))}, part{at: k})
			if err != nil {
				return nil, err
			}
			next[row] = d.Op(kernel.MulAdd, x, w, acc[row])
		}
		return next, nil
	}
	whole := d.k.FloorDiv(share)
	acc, err := d.hoistedLoop("k", whole, acc, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return round(k.Mul(share).Add(team), acc)
	})
	if rest := d.k.Sub(whole.Mul(share)); err == nil && !isZero(rest) {
		// Those of the threads that have none left take one more round of the loop than the others: it has no rounds for them.
		acc, err = d.hoistedLoop("k", rest.Sub(team).Max(zero).Min(one), acc, func(_ ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			return round(whole.Mul(share).Add(team), acc)
		})
	}
	return acc, err
}

// stored sums up what the SIMD groups have for a vector of columns of a row.
func (d *columns) stored(batch []ir.Dim, row, col part, column ir.Dim) error {
	var sum *kernel.Value
	for s := range d.simds {
		v := d.Load(d.sums, num(s*d.rows).Add(row.at).Mul(num(d.width)).Add(column), d.emitter.lanes)
		if sum == nil {
			sum = v
		} else {
			sum = d.Op(kernel.Add, sum, v)
		}
	}
	return d.store(d.contraction.at(batch, row, col), place{batch: batch}, row, col, sum)
}
