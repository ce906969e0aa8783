package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// mostDecoded is the most queries, of heads that share keys, that a group of threads computes by going over keys once.
const mostDecoded = 8

// gpuDecode computes few queries: each SIMD group takes every so many of the keys, with its threads along a row. At the end the
// SIMD groups put together what they have.
type gpuDecode struct {
	*attention
	rows, shared int64 // queries times heads; row r is query r % queries of head r / queries
	simds        int64
	simd, lane   ir.Dim
	thread       ir.Dim
	across, down *crew // the threads along a row of keys, and of values

	most, sum, part *kernel.Buffer // [simds], [simds], [simds, values]
}

func newGPUDecode(a *attention, rows, shared int64) *gpuDecode {
	a.emitter.lanes = a.widthOf(a.width, a.values)
	for a.emitter.lanes > 1 && min(a.width, a.values)/int64(a.emitter.lanes) < int64(a.target.SIMD) {
		a.emitter.lanes /= 2 // all threads have a part of the row
	}
	d := &gpuDecode{attention: a, rows: rows, shared: shared, simds: int64(a.target.Threads / a.target.SIMD)}
	a.hidden = a.Float(a.number(), math.Inf(-1))
	return d
}

func (d *gpuDecode) build() error {
	d.most = d.Buffer("most", d.elem, num(d.simds), kernel.Shared, 0)
	d.sum = d.Buffer("sum", d.elem, num(d.simds), kernel.Shared, 0)
	d.part = d.Buffer("part", d.elem, num(d.simds*d.values), kernel.Shared, 0)
	return d.units(d.shared, one, d.simds*int64(d.target.SIMD), func(_, t ir.Dim) error {
		simd := num(int64(d.target.SIMD))
		d.thread = t
		d.simd = d.symbol("simd", t.FloorDiv(simd), num(d.simds-1))
		d.lane = d.symbol("lane", t.Mod(simd), simd.Sub(one))
		d.across = &crew{emitter: d.emitter, own: d.lane, threads: int64(d.target.SIMD), size: num(d.width)}
		d.down = &crew{emitter: d.emitter, own: d.lane, threads: int64(d.target.SIMD), size: num(d.values)}
		err := d.some(d.keys, d.all)
		if err != nil {
			return err
		}
		return d.none(d.keys, func() error {
			for r := range d.rows {
				if err := d.put(r, func(ir.Dim) *kernel.Value { return d.Float(d.vector(), 0) }); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// of gives the head and query of a row.
func (d *gpuDecode) of(row int64) (head, query ir.Dim) {
	n := d.rows / d.shared
	return d.headAt.Add(num(row / n)), num(row % n)
}

// vectors reads what a thread has of a row; what is behind its end is 0.
func (d *gpuDecode) vectors(c *crew, v *ir.Value, head, row ir.Dim) ([]*kernel.Value, error) {
	var list []*kernel.Value
	err := c.each(func(x element) error {
		p, err := d.at(v, head, part{at: row}, part{at: x.at, step: x.step})
		if err != nil {
			return err
		}
		n, err := d.value(v, p)
		if err != nil {
			return err
		}
		n = d.spread(d.Cast(n, d.elem), d.emitter.lanes)
		if x.ragged {
			n = d.Select(d.Splat(c.valid(x), d.emitter.lanes), n, d.Number(n.Type, 0))
		}
		list = append(list, n)
		return nil
	})
	return list, err
}

// state is what a row has after some keys: the largest score, the sum of weights, and the weighted sum of values.
func (d *gpuDecode) state(acc []*kernel.Value, row int64) (most, sum *kernel.Value, values []*kernel.Value) {
	n := int64(len(acc)) / d.rows
	own := acc[row*n : (row+1)*n]
	return own[0], own[1], own[2:]
}

// all goes over the keys, and stores the results.
func (d *gpuDecode) all() error {
	queries := make([][]*kernel.Value, d.rows)
	for r := range queries {
		head, query := d.of(int64(r))
		var err error
		if queries[r], err = d.vectors(d.across, d.q, head, query); err != nil {
			return err
		}
	}
	var init []*kernel.Value
	for range d.rows {
		init = append(init, d.Float(d.number(), math.Inf(-1)), d.Float(d.number(), 0))
		for range ceilDiv(num(d.values), num(int64(d.emitter.lanes*d.target.SIMD))).Int() {
			init = append(init, d.Float(d.vector(), 0))
		}
	}
	start, count := d.keyBlocks(zero, num(d.rows/d.shared), d.simds)
	acc, err := d.round(kernel.Serial, "k", count, init, func(b ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return d.step(start.Add(b).Mul(num(d.simds)).Add(d.simd), queries, acc)
	})
	if err != nil {
		return err
	}
	for r := range d.rows {
		if err := d.joined(r, acc); err != nil {
			return err
		}
	}
	return nil
}

// step takes a key; one behind the last is not seen.
func (d *gpuDecode) step(at ir.Dim, queries [][]*kernel.Value, acc []*kernel.Value) ([]*kernel.Value, error) {
	key := d.known("key", at, d.keys)
	keys, err := d.vectors(d.across, d.k, d.headAt, key)
	if err != nil {
		return nil, err
	}
	values, err := d.vectors(d.down, d.v, d.headAt, key)
	if err != nil {
		return nil, err
	}
	var next []*kernel.Value
	for r := range d.rows {
		most, sum, total := d.state(acc, r)
		head, query := d.of(r)
		dot := d.Float(d.vector(), 0)
		for i, k := range keys {
			dot = d.Op(kernel.MulAdd, queries[r][i], k, dot)
		}
		if d.emitter.lanes > 1 {
			dot = d.Op(kernel.Sum, dot)
		}
		score := d.Op(kernel.Mul, d.Op(kernel.GroupSum, dot), d.Float(d.number(), d.scale))
		err := d.laned(1, func() (err error) {
			score, err = d.sees(score, head, part{at: query}, part{at: at}, true)
			return err
		})
		if err != nil {
			return nil, err
		}
		larger := d.Op(kernel.Max, most, score)
		base, fade := d.weigh(larger, most)
		weight := d.Op(kernel.Exp, d.Op(kernel.Sub, score, base))
		next = append(next, larger, d.Op(kernel.MulAdd, sum, fade, weight))
		for i, v := range values {
			faded := d.Op(kernel.Mul, total[i], d.Splat(fade, d.emitter.lanes))
			next = append(next, d.Op(kernel.MulAdd, v, d.Splat(weight, d.emitter.lanes), faded))
		}
	}
	return next, nil
}

// joined puts together what the SIMD groups have of a row.
func (d *gpuDecode) joined(row int64, acc []*kernel.Value) error {
	most, sum, total := d.state(acc, row)
	d.Barrier() // the row before has been read
	err := d.only(ir.Cond{Left: d.lane, Rel: ir.RelLT, Right: one}, func() error {
		d.Store(d.most, d.simd, most)
		d.Store(d.sum, d.simd, sum)
		return nil
	})
	if err != nil {
		return err
	}
	i := 0
	err = d.down.each(func(x element) error {
		v := total[i]
		i++
		return d.down.mine(x, func() error {
			d.Store(d.part, d.simd.Mul(num(d.values)).Add(x.at), v)
			return nil
		})
	})
	if err != nil {
		return err
	}
	d.Barrier()
	largest := d.Float(d.number(), math.Inf(-1))
	for s := range d.simds {
		largest = d.Op(kernel.Max, largest, d.Load(d.most, num(s), 1))
	}
	weights := d.Float(d.number(), 0)
	fades := make([]*kernel.Value, d.simds)
	for s := range d.simds {
		_, fades[s] = d.weigh(largest, d.Load(d.most, num(s), 1))
		weights = d.Op(kernel.MulAdd, d.Load(d.sum, num(s), 1), fades[s], weights)
	}
	share := d.inverse(weights)
	return d.put(row, func(at ir.Dim) *kernel.Value {
		v := d.Float(d.vector(), 0)
		for s := range d.simds {
			v = d.Op(kernel.MulAdd, d.Load(d.part, num(s*d.values).Add(at), d.emitter.lanes), d.Splat(fades[s], d.emitter.lanes), v)
		}
		return d.Op(kernel.Mul, v, d.Splat(share, d.emitter.lanes))
	})
}

// put has the first threads store a row of the result, a vector each.
func (d *gpuDecode) put(row int64, load func(at ir.Dim) *kernel.Value) error {
	lanes := int64(d.emitter.lanes)
	head, query := d.of(row)
	threads := d.simds * int64(d.target.SIMD)
	for first := int64(0); first < d.values/lanes; first += threads {
		number := d.thread.Add(num(first))
		err := d.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: num(d.values / lanes)}, func() error {
			col := part{at: d.symbol("col", number, num(d.values/lanes-1)).Mul(num(lanes))}
			if lanes > 1 {
				col.step = one
			}
			return d.result(head, query, col, load(col.at))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
