package schedule

import (
	"errors"
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// mostDotRows is the most rows of a product that SIMD groups compute by dots; more go by tiles.
const mostDotRows = 8

// newGPUProduct starts the kernel of a product of f32 with vectors of some lanes. What is reduced in it is meant to be reduced once.
func newGPUProduct(g *Group, t Target, lanes int) (*gemm, error) {
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return nil, err
	}
	elem, err := productElem(c.op)
	if err != nil {
		return nil, err
	}
	m := &gemm{emitter: newEmitter(g, t, lanes), contraction: c, elem: elem}
	if m.out, err = m.output(); err != nil {
		return nil, err
	}
	if elem != host.F32 {
		return nil, reason(c.op, "products of %s are not emitted", elem)
	}
	return m, nil
}

// needsDots says why a group is no product of few rows with columns that lie along k.
func (g *Group) needsDots() string {
	if why := g.needsProduct(); why != "" {
		return why
	}
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return err.Error()
	}
	k, _ := g.env.Range(c.k)
	switch n, ok := c.m.IsConst(); {
	case !ok || n > mostDotRows || n < 1:
		return "it has many rows"
	case c.b.conv != nil || !c.b.alongK:
		return "its columns do not lie along k"
	case k < shortRow:
		return "its sums are short"
	}
	return ""
}

// makeDots has a SIMD group add up the products of a few columns with all rows; lanes and threads go along k.
func makeDots(g *Group, t Target) (*Made, error) {
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return nil, err
	}
	var last error
	for _, lanes := range vectorsOf(c.k, t) {
		m, err := newGPUProduct(g, t, lanes)
		if err != nil {
			return nil, err
		}
		d := &dots{gemm: m, simds: int64(t.Threads / t.SIMD)}
		d.rows, _ = m.m.IsConst()
		for d.each = 4; d.each > 1 && d.each*d.rows > mostDotRows; {
			d.each /= 2
		}
		k, err := d.make()
		if err == nil {
			return &Made{Kernels: []*kernel.Kernel{k}}, nil
		}
		if last == nil || !errors.Is(err, errLanes) {
			last = err
		}
	}
	return nil, last
}

// vectorsOf are the widths of vectors of which a whole number fills a size, the widest first, and 1.
func vectorsOf(size ir.Dim, t Target) []int {
	var list []int
	for n := t.Lanes; n > 1; n /= 2 {
		if isZero(size.Mod(num(int64(n)))) {
			list = append(list, n)
			break
		}
	}
	return append(list, 1)
}

// dots is that schedule.
type dots struct {
	*gemm
	rows  int64
	each  int64 // columns of a SIMD group
	simds int64 // of a group of threads
}

func (d *dots) make() (*kernel.Kernel, error) {
	counts := append(append([]ir.Dim{}, d.batches...), d.n)
	axes := []axis{{name: "batch", extent: product(d.batches)}, {name: "column", extent: d.n}}
	groups := []ir.Dim{product(d.batches), ceilDiv(d.n, num(d.each*d.simds))}
	err := d.grid(axes, groups, func(group []ir.Dim) error {
		return d.team(d.simds*int64(d.target.SIMD), func(t ir.Dim) error {
			return d.sized(counts, func() error { return d.thread(d.pick(group[0], d.batches), group[1], t) })
		})
	})
	if err != nil {
		return nil, err
	}
	return d.Build()
}

func (d *dots) thread(batch []ir.Dim, group, t ir.Dim) error {
	simd := num(int64(d.target.SIMD))
	team := d.symbol("simd", t.FloorDiv(simd), num(d.simds-1))
	lane := d.symbol("lane", t.Mod(simd), simd.Sub(one))
	first := group.Mul(num(d.simds)).Add(team).Mul(num(d.each))
	d.crew = &crew{emitter: d.emitter, own: lane, threads: int64(d.target.SIMD), size: d.k}
	sums, err := d.sums(batch, first)
	if err != nil {
		return err
	}
	return d.stored(batch, first, lane, sums)
}

// sums gives the sums of each row with each column to all threads of the SIMD group.
func (d *dots) sums(batch []ir.Dim, first ir.Dim) ([]*kernel.Value, error) {
	cols := make([]ir.Dim, d.each)
	for i := range cols {
		cols[i] = first.Add(num(int64(i)))
		if !isZero(d.n.Mod(num(d.each * d.simds))) {
			cols[i] = d.symbol("col", cols[i], d.n.Sub(one))
		}
	}
	init := make([]*kernel.Value, d.rows*d.each)
	for i := range init {
		init[i] = d.Number(kernel.Type{Elem: d.elem, Lanes: d.emitter.lanes}, 0)
	}
	sums, err := d.crew.carry(init, func(x element, acc []*kernel.Value) ([]*kernel.Value, error) {
		next := append([]*kernel.Value{}, acc...)
		for c, col := range cols {
			w, err := d.vectorIn(d.contraction.b, batch, part{at: col}, x.part)
			if err != nil {
				return nil, err
			}
			for row := range d.rows {
				v, err := d.vectorIn(d.contraction.a, batch, part{at: num(row)}, x.part)
				if err != nil {
					return nil, err
				}
				i := row*d.each + int64(c)
				next[i] = d.Op(kernel.MulAdd, v, w, acc[i])
				if x.ragged {
					next[i] = d.Select(d.Splat(d.crew.valid(x), d.emitter.lanes), next[i], acc[i])
				}
			}
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	for i, v := range sums {
		if d.emitter.lanes > 1 {
			v = d.Op(kernel.Sum, v)
		}
		sums[i] = d.Op(kernel.GroupSum, v)
	}
	return sums, nil
}

// vectorIn is a vector of a factor along k.
func (m *gemm) vectorIn(f factor, batch []ir.Dim, outer, k part) (*kernel.Value, error) {
	q, err := f.at(batch, outer, k)
	if err != nil {
		return nil, err
	}
	v, err := m.emitter.value(f.v, q)
	if err != nil {
		return nil, err
	}
	return m.spread(m.Cast(v, m.elem), m.emitter.lanes), nil
}

// stored has each of the first threads compute and store one result.
func (d *dots) stored(batch []ir.Dim, first, lane ir.Dim, sums []*kernel.Value) error {
	id := d.Index(host.I32, lane)
	v := sums[0]
	for i := 1; i < len(sums); i++ {
		v = d.Select(d.Op(kernel.Equal, id, d.Int(id.Type, int64(i))), sums[i], v)
	}
	d.crew = nil
	lanes := d.emitter.lanes
	d.emitter.lanes = 1
	defer func() { d.emitter.lanes = lanes }()
	d.loops = append(d.loops, again)
	return d.only(ir.Cond{Left: lane, Rel: ir.RelLT, Right: num(int64(len(sums)))}, func() error {
		row := part{at: d.symbol("row", lane.FloorDiv(num(d.each)), num(d.rows-1))}
		at := first.Add(lane.Mod(num(d.each)))
		return d.only(ir.Cond{Left: at, Rel: ir.RelLT, Right: d.n}, func() error {
			col := part{at: d.symbol("col", at, d.n.Sub(one))}
			return d.store(d.contraction.at(batch, row, col), place{batch: batch}, row, col, v)
		})
	})
}

// again is a variable that no place depends on: where it is among the loops, nothing is reduced again and again.
const again = "again"

// needsTiles says why a group is no product that is worth tiles.
func (g *Group) needsTiles() string {
	if why := g.needsProduct(); why != "" {
		return why
	}
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return err.Error()
	}
	for _, d := range []ir.Dim{c.m, c.n, c.k} {
		if _, most := g.env.Range(d); most < side {
			return "it is small"
		}
	}
	return ""
}

// needsColumns says why a product of few rows is not one whose columns lie side by side.
func (g *Group) needsColumns() string {
	if why := g.needsProduct(); why != "" {
		return why
	}
	c, err := products()[g.Anchor.Def](g, g.Anchor)
	if err != nil {
		return err.Error()
	}
	n, ok := c.m.IsConst()
	if !ok || n > mostDotRows/2 || n < 1 || c.b.conv != nil || c.b.alongK {
		return fmt.Sprintf("%d rows, or its columns lie along k", n)
	}
	return ""
}
