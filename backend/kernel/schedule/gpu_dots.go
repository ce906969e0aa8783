package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// mostDotRows is the most rows of a product that SIMD groups compute by dots; more go by tiles.
const mostDotRows = 8

// needsDots says why a group is no product of few rows with columns that lie along k.
func (g *Group) needsDots(t Target) string {
	c, why := g.fewRows(t, mostDotRows)
	if why != "" {
		return why
	}
	if c.b.conv != nil || !c.b.alongK {
		return "its columns do not lie along k"
	}
	if k, _ := g.env.Range(c.k); k < shortRow {
		return "its sums are short"
	}
	return ""
}

// makeDots has a SIMD group add up the products of a few columns with all rows; lanes and threads go along k.
func makeDots(g *Group, t Target) (*Made, error) {
	c, err := g.contraction()
	if err != nil {
		return nil, err
	}
	return t.byWidest(c.k, func(lanes int) (*kernel.Kernel, error) {
		m, err := newGPUProduct(g, t, lanes)
		if err != nil {
			return nil, err
		}
		d := newDots(m)
		d.add = d.sums
		return d.make()
	})
}

// dots is that schedule.
type dots struct {
	*flatProduct
	each int64 // columns of a SIMD group

	// add gives the sums of each row with some columns that this thread has.
	add func(batch, cols []ir.Dim) ([]*kernel.Value, error)
	// prepare has the threads of a group fill shared memory before; nil for nothing.
	prepare func(t ir.Dim) error
}

func newDots(m *gemm) *dots {
	d := &dots{flatProduct: newFlatProduct(m), each: 4}
	for d.each > 1 && d.each*d.rows > mostDotRows {
		d.each /= 2
	}
	return d
}

func (d *dots) make() (*kernel.Kernel, error) { return d.onGroups(d.each*d.simds, d.thread) }

func (d *dots) thread(batch []ir.Dim, group, t ir.Dim) error {
	team, lane := d.inGroup(t)
	first := group.Mul(num(d.simds)).Add(team).Mul(num(d.each))
	d.crew = &crew{emitter: d.emitter, own: lane, threads: int64(d.target.SIMD), size: d.k}
	cols := make([]ir.Dim, d.each)
	for i := range cols {
		cols[i] = first.Add(num(int64(i)))
		if !isZero(d.n.Mod(num(d.each * d.simds))) {
			cols[i] = d.symbol("col", cols[i], d.n.Sub(one))
		}
	}
	if d.prepare != nil {
		if err := d.prepare(t); err != nil {
			return err
		}
	}
	sums, err := d.add(batch, cols)
	if err != nil {
		return err
	}
	for i, v := range sums {
		if v.Type.Lanes > 1 {
			v = d.Op(kernel.Sum, v)
		}
		sums[i] = d.Op(kernel.GroupSum, v)
	}
	return d.stored(batch, first, lane, sums)
}

// sums adds up the products of vectors.
func (d *dots) sums(batch, cols []ir.Dim) ([]*kernel.Value, error) {
	init := make([]*kernel.Value, d.rows*d.each)
	for i := range init {
		init[i] = d.Number(kernel.Type{Elem: d.elem, Lanes: d.emitter.lanes}, 0)
	}
	return d.crew.carry(init, func(x element, acc []*kernel.Value) ([]*kernel.Value, error) {
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
		store := func() error {
			col := part{at: d.symbol("col", at, d.n.Sub(one))}
			return d.store(d.contraction.at(batch, row, col), place{batch: batch}, row, col, v)
		}
		if isZero(d.n.Mod(num(d.each * d.simds))) {
			return store()
		}
		return d.only(ir.Cond{Left: at, Rel: ir.RelLT, Right: d.n}, store)
	})
}
