package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// prefill computes blocks of many queries, one in each lane: so the softmax has nothing to do across lanes, and a score is
// a vector of queries times one number of a key. A kernel before it copies keys and values, whatever they come from, as
// numbers one behind the other; queries are copied at the beginning of a block.
type prefill struct {
	*attention
	vectors int64 // of queries
	rows    int64 // queries
	tile    int64 // keys, or columns of values, that are accumulated in registers
	block   int64 // keys
	first   ir.Dim

	byRows, turned, sums *kernel.Buffer // queries and then results, [rows, columns]; [width, rows]; [values, rows]
	k, v                 packedRows
	scores               *kernel.Buffer // [block, rows]
}

// keysInBlock is about how many keys are handled at a time: their scores stay in the first-level cache.
const keysInBlock = 96

func (a *attention) prefill(made *Made) error {
	f := &prefill{attention: a, vectors: 2, tile: max(int64(a.target.Registers)*3/8, 1)}
	if n, ok := a.queries.IsConst(); ok && n <= int64(a.lanes) {
		f.vectors = 1
	}
	if a.elem == host.F32 && (a.mask == nil || a.mask.Type.Elem == host.Bool) { // a mask that is added would have to be scaled, and overflow
		a.exp, a.scale = kernel.Exp2, a.scale*math.Log2E
	}
	f.rows = f.vectors * int64(a.lanes)
	f.block = (keysInBlock + f.tile - 1) / f.tile * f.tile
	f.byRows = a.scratch("rows", f.rows*f.up(max(a.width, a.values)))
	f.turned, f.sums = a.scratch("turned", f.up(a.width)*f.rows), a.scratch("sums", f.up(a.values)*f.rows)
	f.scores = a.scratch("scores", f.block*f.rows)
	var err error
	if f.k, err = a.packRows(made, a.k, a.width, f.tile); err != nil {
		return err
	}
	if f.v, err = a.packRows(made, a.v, a.values, f.tile); err != nil {
		return err
	}
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

// up is a number of columns as whole vectors.
func (f *prefill) up(columns int64) int64 {
	return (columns + int64(f.lanes) - 1) / int64(f.lanes) * int64(f.lanes)
}

// nothing is the result where there are no keys.
func (a *attention) nothing(int64) *kernel.Value { return a.Float(a.vector(), 0) }

// turn copies the block's queries, scaled, so that lanes lie along queries. Behind the last one it comes again.
func (f *prefill) turn() error {
	scale := f.Float(f.vector(), f.scale)
	wide := f.up(f.width)
	err := f.each("i", num(f.rows), func(i ir.Dim) error {
		row := f.known("query", f.first.Add(i), f.queries)
		return f.row(f.q, f.headAt, row, f.width, func(first int64, x *kernel.Value) error {
			f.Store(f.byRows, i.Mul(num(wide)).Add(num(first)), f.Op(kernel.Mul, x, scale))
			return nil
		})
	})
	if err != nil {
		return err
	}
	return f.flip(f.byRows, f.rows, f.turned, wide)
}

// flip transposes a matrix of rows by columns, both of whole vectors, by squares in registers.
func (f *prefill) flip(from *kernel.Buffer, rows int64, to *kernel.Buffer, columns int64) error {
	side := int64(f.lanes)
	return f.each("r", num(rows/side), func(r ir.Dim) error {
		return f.each("c", num(columns/side), func(c ir.Dim) error {
			list := make([]*kernel.Value, side)
			for u := range list {
				list[u] = f.Load(from, r.Mul(num(side)).Add(num(int64(u))).Mul(num(columns)).Add(c.Mul(num(side))), f.lanes)
			}
			for u, x := range f.flipped(list) {
				f.Store(to, c.Mul(num(side)).Add(num(int64(u))).Mul(num(rows)).Add(r.Mul(num(side))), x)
			}
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
	err := f.each("d", num(f.up(f.values)*f.vectors), func(d ir.Dim) error {
		f.Store(f.sums, d.Mul(num(int64(f.lanes))), f.Float(f.vector(), 0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	start, end := f.keysSeen(f.first, num(f.rows))
	start, count := f.keyBlocks(start, end, f.block)
	got, err := f.round(kernel.Serial, "b", count, init, func(b ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		b = start.Add(b)
		at := f.known("key", b.Mul(num(f.block)), f.keys)
		return f.keyBlock(b, at, f.tiles(at, end), acc[:f.vectors], acc[f.vectors:])
	})
	if err != nil {
		return nil, err
	}
	return got[f.vectors:], nil
}

// tiles is how many tiles of keys before the end the block at a key has.
func (f *prefill) tiles(at, end ir.Dim) ir.Dim {
	switch n, ok := end.IsConst(); {
	case ok && n <= f.block:
		return num((n + f.tile - 1) / f.tile)
	case ok && n%f.block == 0:
		return num(f.block / f.tile)
	}
	return f.known("tiles", ceilDiv(end.Sub(at).Min(num(f.block)), num(f.tile)), num(f.block/f.tile+1))
}

// keyBlock adds a block of keys to what the ones before gave: the largest scores and the sums of weights.
func (f *prefill) keyBlock(block, at, tiles ir.Dim, most, sum []*kernel.Value) ([]*kernel.Value, error) {
	top, err := f.round(kernel.Serial, "t", tiles, most, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return f.scoreTile(block, at, t, acc)
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
				weight := f.Op(f.exp, f.Op(kernel.Sub, f.Load(f.scores, place, f.lanes), base[x]))
				f.Store(f.scores, place, weight)
				next[x] = f.Op(kernel.Add, next[x], weight)
			}
		}
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	return append(append([]*kernel.Value{}, top...), sum...), f.addValues(block, tiles, fade)
}

// place is where vector x of a row of queries lies in scratch.
func (f *prefill) place(row ir.Dim, x int64) ir.Dim {
	return row.Mul(num(f.rows)).Add(num(x * int64(f.lanes)))
}

// product adds to count sums for each vector of queries the products of a's row with count numbers of b.
func (f *prefill) product(a *kernel.Buffer, row ir.Dim, count int64, b *kernel.Buffer, number func(u int64) ir.Dim, acc []*kernel.Value) []*kernel.Value {
	var left []*kernel.Value
	for x := range f.vectors {
		left = append(left, f.Load(a, f.place(row, x), f.lanes))
	}
	next := make([]*kernel.Value, len(acc))
	for u := range count {
		y := f.Splat(f.Load(b, number(u), 1), f.lanes)
		for x := range f.vectors {
			next[u*f.vectors+x] = f.Op(kernel.MulAdd, left[x], y, acc[u*f.vectors+x])
		}
	}
	return next
}

// scoreTile computes the scores of tile t of a block of keys and gives the largest so far.
func (f *prefill) scoreTile(block, at, t ir.Dim, most []*kernel.Value) ([]*kernel.Value, error) {
	init := make([]*kernel.Value, f.tile*f.vectors)
	for i := range init {
		init[i] = f.Float(f.vector(), 0)
	}
	first := t.Mul(num(f.tile))
	keys, err := f.k.at(f.attention, block.Mul(num(f.block/f.tile)).Add(t))
	if err != nil {
		return nil, err
	}
	scores, err := f.round(kernel.Serial, "k", num(f.width), init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return f.product(f.turned, i, f.tile, f.k.buf, func(u int64) ir.Dim { return keys.Add(num(u * f.width)).Add(i) }, acc), nil
	})
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
			// NaN may be passed over: its weight is NaN all the same.
			next[x] = f.Select(f.Op(kernel.Less, next[x], s), s, next[x])
		}
	}
	return next, nil
}

// addValues adds the weighted values of a block to the sums, which fade first.
func (f *prefill) addValues(block, tiles ir.Dim, fade []*kernel.Value) error {
	columns := f.columns()
	add := func(first ir.Dim, count int64) error {
		var init []*kernel.Value
		for u := range count {
			for x := range f.vectors {
				init = append(init, f.Op(kernel.Mul, f.Load(f.sums, f.place(first.Add(num(u)), x), f.lanes), fade[x]))
			}
		}
		got, err := f.round(kernel.Serial, "t", tiles, init, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			at, err := f.v.at(f.attention, block.Mul(num(f.block/f.tile)).Add(t))
			if err != nil {
				return nil, err
			}
			for j := range f.tile {
				values := at.Add(num(j * f.values)).Add(first)
				acc = f.product(f.scores, t.Mul(num(f.tile)).Add(num(j)), count, f.v.buf, func(u int64) ir.Dim { return values.Add(num(u)) }, acc)
			}
			return acc, nil
		})
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
	wide := f.up(f.values)
	if err := f.flip(f.sums, wide, f.byRows, f.rows); err != nil {
		return err
	}
	return f.each("i", num(f.rows), func(i ir.Dim) error {
		return f.storeRow(i, func(first int64) *kernel.Value {
			return f.Load(f.byRows, i.Mul(num(wide)).Add(num(first)), f.lanes)
		})
	})
}

// storeRow writes query i of the block if there is one.
func (f *prefill) storeRow(i ir.Dim, load func(first int64) *kernel.Value) error {
	row := f.first.Add(i)
	return f.branch(ir.Cond{Left: row, Rel: ir.RelLT, Right: f.queries}, func() error { return f.store(f.headAt, row, load) })
}
