package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// prefill computes blocks of many queries, one in each lane: so the softmax has nothing to do across lanes, and a score is
// a vector of queries times one number of a key. Queries, and keys and values of a block, are copied to scratch once, as
// numbers one behind the other whatever they come from.
type prefill struct {
	*attention
	vectors int64 // of queries
	rows    int64 // queries
	tile    int64 // keys, or columns of values, that are accumulated in registers
	block   int64 // keys
	first   ir.Dim

	turned, sums *kernel.Buffer // [width, rows], [values, rows]
	k, v         *kernel.Buffer // [block, width], [block, values]
	scores       *kernel.Buffer // [block, rows]
}

// keysInBlock is about how many keys are handled at a time: their rows and scores stay in the first-level cache.
const keysInBlock = 48

func (a *attention) prefill() error {
	f := &prefill{attention: a, vectors: 2, tile: max(int64(a.target.Registers)*3/8, 1)}
	if n, ok := a.queries.IsConst(); ok && n <= int64(a.lanes) {
		f.vectors = 1
	}
	f.rows = f.vectors * int64(a.lanes)
	f.block = (keysInBlock + f.tile - 1) / f.tile * f.tile
	f.turned, f.sums = a.scratch("turned", a.width*f.rows), a.scratch("sums", a.values*f.rows)
	f.k, f.v = a.scratch("keys", f.block*a.width), a.scratch("values", f.block*a.values)
	f.scores = a.scratch("scores", f.block*f.rows)
	return a.over(1, ceilDiv(a.queries, num(f.rows)), func(block ir.Dim) error {
		f.first = block.Mul(num(f.rows))
		err := f.some(f.keys, func() error {
			if err := f.turn(); err != nil {
				return err
			}
			sum, err := f.sweep()
			if err != nil {
				return err
			}
			return f.finish(sum)
		})
		if err != nil {
			return err
		}
		return f.none(f.keys, func() error {
			return f.each("i", num(f.rows), func(i ir.Dim) error { return f.storeRow(i, f.nothing) })
		})
	})
}

// nothing is the result where there are no keys.
func (a *attention) nothing(int64) *kernel.Value { return a.Float(a.vector(), 0) }

// turn copies the block's queries, scaled, so that lanes lie along queries. Behind the last one it comes again.
func (f *prefill) turn() error {
	scale := f.Float(f.vector(), f.scale)
	return f.each("i", num(f.rows), func(i ir.Dim) error {
		row := f.known("query", f.first.Add(i), f.queries)
		return f.row(f.q, f.headAt, row, f.width, func(first int64, x *kernel.Value) error {
			f.StoreLanes(f.turned, num(first*f.rows).Add(i), num(f.rows), f.Op(kernel.Mul, x, scale), f.laneMask(f.lanes))
			return nil
		})
	})
}

// sweep goes over the keys and gives the sums of the weights.
func (f *prefill) sweep() ([]*kernel.Value, error) {
	var init []*kernel.Value
	for range f.vectors {
		init = append(init, f.hidden)
	}
	for range f.vectors {
		init = append(init, f.Float(f.vector(), 0))
	}
	err := f.each("d", num(f.values*f.vectors), func(d ir.Dim) error {
		f.Store(f.sums, d.Mul(num(int64(f.lanes))), f.Float(f.vector(), 0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	start, count := f.keyBlocks(f.first, num(f.rows), f.block)
	got, err := f.round(kernel.Serial, "b", count, init, func(b ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		at := f.known("key", start.Add(b).Mul(num(f.block)), f.keys)
		tiles := f.tiles(at)
		if err := f.copyKeys(at, tiles); err != nil {
			return nil, err
		}
		return f.keyBlock(at, tiles, acc[:f.vectors], acc[f.vectors:])
	})
	if err != nil {
		return nil, err
	}
	return got[f.vectors:], nil
}

// tiles is how many tiles of keys the block at a key has.
func (f *prefill) tiles(at ir.Dim) ir.Dim {
	switch n, ok := f.keys.IsConst(); {
	case ok && n <= f.block:
		return num((n + f.tile - 1) / f.tile)
	case ok && n%f.block == 0:
		return num(f.block / f.tile)
	}
	return f.known("tiles", ceilDiv(f.keys.Sub(at).Min(num(f.block)), num(f.tile)), num(f.block/f.tile+1))
}

// copyKeys copies the rows of keys and values of a block. Behind the last one it comes again; its score is hidden there.
func (f *prefill) copyKeys(at, tiles ir.Dim) error {
	return f.each("j", tiles.Mul(num(f.tile)), func(j ir.Dim) error {
		key := f.known("key", at.Add(j), f.keys)
		for _, c := range []struct {
			from  *ir.Value
			to    *kernel.Buffer
			width int64
		}{{f.attention.k, f.k, f.width}, {f.attention.v, f.v, f.values}} {
			err := f.row(c.from, f.headAt, key, c.width, func(first int64, x *kernel.Value) error {
				f.StoreLanes(c.to, j.Mul(num(c.width)).Add(num(first)), one, x, f.laneMask(f.lanes))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// keyBlock adds a block of keys to what the ones before gave: the largest scores and the sums of weights.
func (f *prefill) keyBlock(at, tiles ir.Dim, most, sum []*kernel.Value) ([]*kernel.Value, error) {
	top, err := f.round(kernel.Serial, "t", tiles, most, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return f.scoreTile(at, t.Mul(num(f.tile)), acc)
	})
	if err != nil {
		return nil, err
	}
	base, fade := make([]*kernel.Value, f.vectors), make([]*kernel.Value, f.vectors)
	faded := make([]*kernel.Value, f.vectors)
	for x := range base {
		base[x], fade[x] = f.weigh(top[x], most[x])
		faded[x] = f.Op(kernel.Mul, sum[x], fade[x])
	}
	sum, err = f.round(kernel.Serial, "t", tiles, faded, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		next := append([]*kernel.Value{}, acc...)
		for u := range f.tile {
			for x := range f.vectors {
				place := f.place(t.Mul(num(f.tile)).Add(num(u)), x)
				weight := f.Op(kernel.Exp, f.Op(kernel.Sub, f.Load(f.scores, place, f.lanes), base[x]))
				f.Store(f.scores, place, weight)
				next[x] = f.Op(kernel.Add, next[x], weight)
			}
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return append(append([]*kernel.Value{}, top...), sum...), f.addValues(tiles, fade)
}

// place is where vector x of a row of queries lies in scratch.
func (f *prefill) place(row ir.Dim, x int64) ir.Dim {
	return row.Mul(num(f.rows)).Add(num(x * int64(f.lanes)))
}

// product accumulates, for count numbers of a row of b and all queries, the sum over n of a's row i times b's number i.
func (f *prefill) product(a *kernel.Buffer, n ir.Dim, count int64, b *kernel.Buffer, number func(u int64, i ir.Dim) ir.Dim, init []*kernel.Value) ([]*kernel.Value, error) {
	return f.round(kernel.Serial, "k", n, init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		var left []*kernel.Value
		for x := range f.vectors {
			left = append(left, f.Load(a, f.place(i, x), f.lanes))
		}
		next := make([]*kernel.Value, len(acc))
		for u := range count {
			y := f.Splat(f.Load(b, number(u, i), 1), f.lanes)
			for x := range f.vectors {
				next[u*f.vectors+x] = f.Op(kernel.MulAdd, left[x], y, acc[u*f.vectors+x])
			}
		}
		return next, nil
	})
}

// scoreTile computes the scores of a tile of keys and gives the largest so far.
func (f *prefill) scoreTile(at, first ir.Dim, most []*kernel.Value) ([]*kernel.Value, error) {
	init := make([]*kernel.Value, f.tile*f.vectors)
	for i := range init {
		init[i] = f.Float(f.vector(), 0)
	}
	number := func(u int64, i ir.Dim) ir.Dim { return first.Add(num(u)).Mul(num(f.width)).Add(i) }
	scores, err := f.product(f.turned, num(f.width), f.tile, f.k, number, init)
	if err != nil {
		return nil, err
	}
	n, whole := f.keys.IsConst()
	tail := !whole || n%f.tile != 0
	next := append([]*kernel.Value{}, most...)
	for u := range f.tile {
		key := part{at: at.Add(first).Add(num(u))}
		for x := range f.vectors {
			query := part{at: f.first.Add(num(x * int64(f.lanes))), step: one}
			s, err := f.sees(scores[u*f.vectors+x], f.headAt, query, key, tail)
			if err != nil {
				return nil, err
			}
			f.Store(f.scores, f.place(first.Add(num(u)), x), s)
			next[x] = f.Op(kernel.Max, next[x], s)
		}
	}
	return next, nil
}

// addValues adds the weighted values of a block to the sums, which fade first.
func (f *prefill) addValues(tiles ir.Dim, fade []*kernel.Value) error {
	columns := f.columns()
	add := func(first ir.Dim, count int64) error {
		var init []*kernel.Value
		for u := range count {
			for x := range f.vectors {
				init = append(init, f.Op(kernel.Mul, f.Load(f.sums, f.place(first.Add(num(u)), x), f.lanes), fade[x]))
			}
		}
		number := func(u int64, j ir.Dim) ir.Dim { return j.Mul(num(f.values)).Add(first).Add(num(u)) }
		got, err := f.product(f.scores, tiles.Mul(num(f.tile)), count, f.v, number, init)
		if err != nil {
			return err
		}
		for u := range count {
			for x := range f.vectors {
				f.Store(f.sums, f.place(first.Add(num(u)), x), got[u*f.vectors+x])
			}
		}
		return nil
	}
	whole := f.values / columns
	if err := f.each("d", num(whole), func(d ir.Dim) error { return add(d.Mul(num(columns)), columns) }); err != nil {
		return err
	}
	if rest := f.values % columns; rest > 0 {
		return add(num(whole*columns), rest)
	}
	return nil
}

// columns is how many columns of the values are summed at a time: as many as registers allow, or somewhat fewer if that
// leaves no rest.
func (f *prefill) columns() int64 {
	for n := f.tile; n > f.tile/2; n-- {
		if f.values%n == 0 {
			return n
		}
	}
	return min(f.tile, f.values)
}

// finish divides by the sums of weights and writes the rows of the queries that there are.
func (f *prefill) finish(sum []*kernel.Value) error {
	inverse := make([]*kernel.Value, len(sum))
	for x, s := range sum {
		inverse[x] = f.inverse(s)
	}
	err := f.each("d", num(f.values), func(d ir.Dim) error {
		for x := range f.vectors {
			f.Store(f.sums, f.place(d, x), f.Op(kernel.Mul, f.Load(f.sums, f.place(d, x), f.lanes), inverse[x]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.each("i", num(f.rows), func(i ir.Dim) error {
		return f.storeRow(i, func(first int64) *kernel.Value {
			return f.LoadLanes(f.sums, num(first*f.rows).Add(i), num(f.rows), f.lanes, f.laneMask(f.lanes))
		})
	})
}

// storeRow writes query i of the block if there is one.
func (f *prefill) storeRow(i ir.Dim, load func(first int64) *kernel.Value) error {
	row := f.first.Add(i)
	return f.branch(ir.Cond{Left: row, Rel: ir.RelLT, Right: f.queries}, func() error { return f.store(f.headAt, row, load) })
}
