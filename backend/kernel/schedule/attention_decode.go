package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// decode computes few queries, as when a text is written word by word: lanes go along the rows of keys and values, which
// are read once, where they are, for all queries and heads that share them.
type decode struct {
	*attention
	rows, shared int64 // queries times heads; row r is query r % queries of head r / queries
	block        int64 // keys
	wide         int64 // a row of q in scratch: whole vectors
	wideValues   int64

	queries, sums, scores *kernel.Buffer // [rows, wide], [rows, wideValues], [rows, block]
}

// keysInLine is how many keys are scored before their values are added.
const keysInLine = 128

func (a *attention) decode(rows, shared int64) error {
	lanes := int64(a.lanes)
	up := func(n int64) int64 { return (n + lanes - 1) / lanes * lanes }
	d := &decode{attention: a, rows: rows, shared: shared, block: up(keysInLine), wide: up(a.width), wideValues: up(a.values)}
	d.queries, d.sums = a.scratch("queries", rows*d.wide), a.scratch("sums", rows*d.wideValues)
	d.scores = a.scratch("scores", rows*d.block)
	return a.over(shared, one, func(ir.Dim) error {
		err := d.some(d.keys, func() error {
			if err := d.start(); err != nil {
				return err
			}
			sum, err := d.sweep()
			if err != nil {
				return err
			}
			return d.finish(sum)
		})
		if err != nil {
			return err
		}
		return d.none(d.keys, func() error {
			for r := range d.rows {
				head, query := d.of(r)
				if err := d.store(head, query, d.nothing); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// of gives the head and query of a row.
func (d *decode) of(row int64) (head, query ir.Dim) {
	n := d.rows / d.shared
	return d.headAt.Add(num(row / n)), num(row % n)
}

// start copies the scaled queries and clears the sums.
func (d *decode) start() error {
	scale := d.Float(d.vector(), d.scale)
	for r := range d.rows {
		head, query := d.of(r)
		err := d.row(d.q, head, query, d.width, func(first int64, x *kernel.Value) error {
			d.Store(d.queries, num(r*d.wide+first), d.Op(kernel.Mul, x, scale))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.each("d", num(d.rows*d.wideValues/int64(d.lanes)), func(i ir.Dim) error {
		d.Store(d.sums, i.Mul(num(int64(d.lanes))), d.Float(d.vector(), 0))
		return nil
	})
}

// sweep goes over the keys by blocks and gives the sums of the weights.
func (d *decode) sweep() ([]*kernel.Value, error) {
	var init []*kernel.Value
	for range d.rows {
		init = append(init, least(d.emitter, d.number()))
	}
	for range d.rows {
		init = append(init, d.Float(d.number(), 0))
	}
	start, count := d.keyBlocks(zero, num(d.rows/d.shared), d.block)
	got, err := d.round(kernel.Serial, "b", count, init, func(b ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		at := d.known("key", start.Add(b).Mul(num(d.block)), d.keys)
		n := d.known("count", d.keys.Sub(at).Min(num(d.block)), num(d.block+1))
		if err := d.score(at, n); err != nil {
			return nil, err
		}
		next := make([]*kernel.Value, 2*d.rows)
		for r := range d.rows {
			var err error
			if next[r], next[d.rows+r], err = d.soften(r, at, n, acc[r], acc[d.rows+r]); err != nil {
				return nil, err
			}
		}
		return next, d.addValues(at, n)
	})
	if err != nil {
		return nil, err
	}
	return got[d.rows:], nil
}

// score computes the scores of n keys.
func (d *decode) score(at, n ir.Dim) error {
	return d.each("j", n, func(j ir.Dim) error {
		key := d.known("key", at.Add(j), d.keys)
		acc := make([]*kernel.Value, d.rows)
		for r := range acc {
			acc[r] = d.Float(d.vector(), 0)
		}
		err := d.row(d.k, d.headAt, key, d.width, func(first int64, x *kernel.Value) error {
			for r := range acc {
				acc[r] = d.Op(kernel.MulAdd, x, d.Load(d.queries, num(int64(r)*d.wide+first), d.lanes), acc[r])
			}
			return nil
		})
		if err != nil {
			return err
		}
		for r, v := range acc {
			if d.lanes > 1 {
				v = d.Op(kernel.Sum, v)
			}
			d.Store(d.scores, num(int64(r)*d.block).Add(j), v)
		}
		return nil
	})
}

// soften makes weights of a row's scores, and gives the largest score so far and the sum of weights. The sums fade.
func (d *decode) soften(r int64, at, n ir.Dim, before, sum *kernel.Value) (most, next *kernel.Value, err error) {
	lanes := num(int64(d.lanes))
	rounds := d.known("rounds", ceilDiv(n, lanes), num(d.block/int64(d.lanes)+1))
	head, query := d.of(r)
	top, err := d.round(kernel.Serial, "t", rounds, []*kernel.Value{d.hidden}, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		first := t.Mul(lanes)
		place := num(r * d.block).Add(first)
		there := d.Within(d.lanes, first, one, zero, n.Sub(one))
		s, err := d.sees(d.LoadLanes(d.scores, place, one, d.lanes, there), head, part{at: query}, part{at: at.Add(first), step: one}, true)
		if err != nil {
			return nil, err
		}
		d.Store(d.scores, place, s)
		return []*kernel.Value{d.Op(kernel.Max, acc[0], s)}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	most = top[0]
	if d.lanes > 1 {
		most = d.Op(kernel.LanesMax, most)
	}
	most = d.Op(kernel.Max, before, most)
	base, fade := d.weigh(most, before)
	wide := d.Splat(base, d.lanes)
	total, err := d.round(kernel.Serial, "t", rounds, []*kernel.Value{d.Float(d.vector(), 0)}, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		place := num(r * d.block).Add(t.Mul(lanes))
		weight := d.Op(kernel.Exp, d.Op(kernel.Sub, d.Load(d.scores, place, d.lanes), wide))
		d.Store(d.scores, place, weight)
		return []*kernel.Value{d.Op(kernel.Add, acc[0], weight)}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	added := total[0]
	if d.lanes > 1 {
		added = d.Op(kernel.Sum, added)
	}
	fades := d.Splat(fade, d.lanes)
	err = d.each("d", num(d.wideValues).FloorDiv(lanes), func(i ir.Dim) error {
		place := num(r * d.wideValues).Add(i.Mul(lanes))
		d.Store(d.sums, place, d.Op(kernel.Mul, d.Load(d.sums, place, d.lanes), fades))
		return nil
	})
	return most, d.Op(kernel.MulAdd, sum, fade, added), err
}

// addValues adds the weighted values of n keys, as many columns at a time as registers allow.
func (d *decode) addValues(at, n ir.Dim) error {
	lanes := int64(d.lanes)
	step := max(int64(d.target.Registers)/2/d.rows, 1) * lanes
	for from := int64(0); from < d.values; from += step {
		to := min(from+step, d.wideValues)
		var places []int64
		var init []*kernel.Value
		for r := range d.rows {
			for c := from; c < to; c += lanes {
				places = append(places, r*d.wideValues+c)
				init = append(init, d.Load(d.sums, num(r*d.wideValues+c), d.lanes))
			}
		}
		got, err := d.round(kernel.Serial, "j", n, init, func(j ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			key := d.known("key", at.Add(j), d.keys)
			next := make([]*kernel.Value, len(acc))
			err := d.columns(key, from, to, func(c int64, x *kernel.Value) {
				for r := range d.rows {
					i := r*(to-from)/lanes + (c-from)/lanes
					weight := d.Splat(d.Load(d.scores, num(r*d.block).Add(j), 1), d.lanes)
					next[i] = d.Op(kernel.MulAdd, x, weight, acc[i])
				}
			})
			return next, err
		})
		if err != nil {
			return err
		}
		for i, place := range places {
			d.Store(d.sums, num(place), got[i])
		}
	}
	return nil
}

// columns gives the vectors of a row of values from one column to another.
func (d *decode) columns(key ir.Dim, from, to int64, use func(c int64, x *kernel.Value)) error {
	return d.rowFrom(d.v, d.headAt, key, from, min(to, d.values), func(first int64, x *kernel.Value) error {
		use(first, x)
		return nil
	})
}

// finish divides by the sums of weights and writes the rows.
func (d *decode) finish(sum []*kernel.Value) error {
	for r := range d.rows {
		inverse := d.Splat(d.inverse(sum[r]), d.lanes)
		head, query := d.of(r)
		err := d.store(head, query, func(first int64) *kernel.Value {
			return d.Op(kernel.Mul, d.Load(d.sums, num(r*d.wideValues+first), d.lanes), inverse)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
