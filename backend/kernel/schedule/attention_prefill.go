package schedule

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// prefill computes blocks of many queries, one in each lane: so the softmax has nothing to do across lanes, and a score is
// a vector of queries times one number of a key. A round has several blocks of queries: each block of keys and values is copied
// to scratch once for all of them, as numbers one behind the other whatever they come from.
type prefill struct {
	*attention
	vectors int64  // of queries in a block
	rows    int64  // queries of a block
	blocks  int64  // of queries in a round, at most
	tile    int64  // keys, or columns of values, that are accumulated in registers
	block   int64  // keys
	pairs   bool   // products are of numbers rounded to bf16, in pairs
	first   ir.Dim // query of the block
	number  ir.Dim // of the block in its round

	// Columns are as many as fill whole vectors. In pairs, each two rows are one of pairs, but those of keys, whose columns are.
	byRows       *kernel.Buffer // queries, and then results, [rows, columns]
	turned, sums *kernel.Buffer // of each block of queries, [width, rows] and [values, rows]
	state        *kernel.Buffer // of each block, vectors of the largest scores so far, and of sums of weights
	keyRows      *kernel.Buffer // [block, width]
	valueRows    *kernel.Buffer // [block, values]
	scores       *kernel.Buffer // [block, rows]
	weights      *kernel.Buffer // that scores become; the same memory, but in pairs
}

const (
	keysInBlock   = 48 // about how many keys are handled at a time: their scores stay in the first-level cache
	blocksInRound = 8  // of queries; more would hardly have to copy less
)

func (a *attention) prefill() error {
	f := &prefill{attention: a, vectors: 2, tile: max(int64(a.target.Registers)*3/8, 1)}
	if n, ok := a.queries.IsConst(); ok && n <= int64(a.lanes) {
		f.vectors = 1
	}
	if a.elem == host.F32 && (a.mask == nil || a.mask.Type.Elem == host.Bool) { // a mask that is added would have to be scaled, and overflow
		a.exp, a.scale = kernel.Exp2, a.scale*math.Log2E
	}
	f.rows = f.vectors * int64(a.lanes)
	f.block = (keysInBlock + f.tile - 1) / f.tile * f.tile
	f.blocks = f.blocksTogether()
	f.buffers()
	together := num(f.blocks * f.rows)
	return a.over(1, ceilDiv(a.queries, together), func(round ir.Dim) error {
		from := round.Mul(together)
		err := f.some(f.keys, func() error { return f.several(from) })
		if err != nil {
			return err
		}
		return f.none(f.keys, func() error {
			f.first = from
			return f.each("i", together, func(i ir.Dim) error { return f.storeRow(i, f.nothing) })
		})
	})
}

// buffers declares the memory of the thread.
func (f *prefill) buffers() {
	wide, wideValues := f.up(f.width), f.up(f.values)
	factor := f.scratch
	f.pairs = f.target.Halves && f.elem == host.F32 && f.lanes > 1 && f.tile%2 == 0 && slices.Contains(f.target.Features, halvesFeature)
	if f.pairs {
		factor = func(name string, n int64) *kernel.Buffer {
			return f.Buffer(name, host.BF16, num(n), kernel.Private, kernel.Read|kernel.Write)
		}
	}
	f.byRows = f.scratch("rows", f.rows*max(wide, wideValues))
	f.turned, f.sums = factor("turned", f.blocks*wide*f.rows), f.scratch("sums", f.blocks*wideValues*f.rows)
	f.state = f.scratch("state", f.blocks*2*f.rows)
	f.keyRows, f.valueRows = factor("keys", f.block*wide), factor("values", f.block*wideValues)
	f.scores = f.scratch("scores", f.block*f.rows)
	f.weights = f.scores
	if f.pairs {
		f.weights = factor("weights", f.block*f.rows)
	}
}

// blocksTogether is how many blocks of queries are in a round: as many as leave enough rounds for cores to share, and find room
// in the second-level cache.
func (f *prefill) blocksTogether() int64 {
	units, all := int64(1), int64(blocksInRound/2) // not known
	if n, ok := product(f.batch).Mul(f.heads).IsConst(); ok {
		units = max(n, 1)
	}
	if n, ok := f.queries.IsConst(); ok {
		all = max((n+f.rows-1)/f.rows, 1)
	}
	each := (f.up(f.width) + f.up(f.values)) * f.rows * int64(f.elem.Bytes())
	most := max(min(units*all/roundsWanted, f.target.L2/2/each, blocksInRound, all), 1)
	rounds := (all + most - 1) / most
	return (all + rounds - 1) / rounds
}

// several computes a round: its blocks of queries from a query.
func (f *prefill) several(from ir.Dim) error {
	left := f.queries.Sub(from)
	count := f.known("blocks", ceilDiv(left.Min(num(f.blocks*f.rows)), num(f.rows)), num(f.blocks+1))
	each := func(body func() error) error {
		return f.each("q", count, func(q ir.Dim) error {
			f.number, f.first = q, from.Add(q.Mul(num(f.rows)))
			return body()
		})
	}
	if err := each(f.begin); err != nil {
		return err
	}
	rows := num(f.blocks * f.rows)
	_, end := f.keysSeen(from, rows)
	start, keyBlocks := f.keyBlocks(from, rows, f.block)
	err := f.each("b", keyBlocks, func(b ir.Dim) error {
		at := f.known("key", start.Add(b).Mul(num(f.block)), f.keys)
		if err := f.copyKeys(at, f.tiles(at, end)); err != nil {
			return err
		}
		return each(func() error { return f.keyBlock(at) })
	})
	if err != nil {
		return err
	}
	return each(f.finish)
}

// up is a number of columns as whole vectors.
func (f *prefill) up(columns int64) int64 {
	return (columns + int64(f.lanes) - 1) / int64(f.lanes) * int64(f.lanes)
}

// nothing is the result where there are no keys.
func (a *attention) nothing(int64) *kernel.Value { return a.Float(a.vector(), 0) }

// begin readies a block of queries before the first block of keys.
func (f *prefill) begin() error {
	for x := range 2 * f.vectors {
		start := f.Float(f.vector(), 0)
		if x < f.vectors {
			start = f.hidden
		}
		f.Store(f.state, f.place(f.number.Mul(num(2)), x), start)
	}
	err := f.each("d", num(f.up(f.values)), func(d ir.Dim) error {
		for x := range f.vectors {
			f.Store(f.sums, f.place(f.sumsFrom().Add(d), x), f.Float(f.vector(), 0))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.turn()
}

// turnedFrom is the first row of the block in turned.
func (f *prefill) turnedFrom() ir.Dim { return f.number.Mul(num(f.up(f.width))) }

// sumsFrom is the first row of the block in sums.
func (f *prefill) sumsFrom() ir.Dim { return f.number.Mul(num(f.up(f.values))) }

// place is where vector x of a row of queries lies in scratch.
func (f *prefill) place(row ir.Dim, x int64) ir.Dim {
	return row.Mul(num(f.rows)).Add(num(x * int64(f.lanes)))
}

// together is how many numbers are multiplied at a time.
func (f *prefill) together() int64 {
	if f.pairs {
		return 2
	}
	return 1
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

// keyBlock adds the block of keys at one of them to what the ones before gave, where queries see any of it.
func (f *prefill) keyBlock(at ir.Dim) error {
	start, end := f.keysSeen(f.first, num(f.rows))
	build := func() error { return f.addKeys(at, f.tiles(at, end)) }
	if f.causal || f.window > 0 {
		inner := build
		build = func() error { return f.branch(ir.Cond{Left: at, Rel: ir.RelLT, Right: end}, inner) }
	}
	if f.window > 0 {
		return f.branch(ir.Cond{Left: start, Rel: ir.RelLT, Right: at.Add(num(f.block))}, build)
	}
	return build()
}

// addKeys adds a block of keys to the largest scores, the sums of weights, and those of values.
func (f *prefill) addKeys(at, tiles ir.Dim) error {
	most, sum := f.loadState(0), f.loadState(f.vectors)
	top, err := f.round(kernel.Serial, "t", tiles, most, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return f.scoreTile(at, t.Mul(num(f.tile)), acc)
	})
	if err != nil {
		return err
	}
	base, fade := make([]*kernel.Value, f.vectors), make([]*kernel.Value, f.vectors)
	faded := make([]*kernel.Value, f.vectors)
	for x := range base {
		base[x], fade[x] = f.weigh(top[x], most[x])
		faded[x] = f.Op(kernel.Mul, sum[x], fade[x])
	}
	sum, err = f.round(kernel.Serial, "t", tiles, faded, func(t ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		next := append([]*kernel.Value{}, acc...)
		first := t.Mul(num(f.tile))
		for x := range f.vectors {
			weights := make([]*kernel.Value, f.tile)
			for u := range f.tile {
				score := f.Load(f.scores, f.place(first.Add(num(u)), x), f.lanes)
				weights[u] = f.Op(f.exp, f.Op(kernel.Sub, score, base[x]))
				next[x] = f.Op(kernel.Add, next[x], weights[u])
			}
			f.storeRows(f.weights, weights, func(u, each int64) ir.Dim { return f.place(first.Add(num(u)), x*each) })
		}
		return next, nil
	})
	if err != nil {
		return err
	}
	for x, v := range append(top[:len(top):len(top)], sum...) {
		f.Store(f.state, f.place(f.number.Mul(num(2)), int64(x)), v)
	}
	return f.addValues(tiles, fade)
}

// loadState gives the block's vectors of state from one.
func (f *prefill) loadState(from int64) []*kernel.Value {
	list := make([]*kernel.Value, f.vectors)
	for x := range list {
		list[x] = f.Load(f.state, f.place(f.number.Mul(num(2)), from+int64(x)), f.lanes)
	}
	return list
}

// product accumulates, for count numbers of a row of b and all queries, the sum over n of a's row i times b's number i.
func (f *prefill) product(a matrix, n ir.Dim, count int64, b *kernel.Buffer, number func(u int64, i ir.Dim) ir.Dim, init []*kernel.Value) ([]*kernel.Value, error) {
	each := f.together()
	return f.round(kernel.Serial, "k", ceilDiv(n, num(each)), init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		i = i.Mul(num(each))
		var left []*kernel.Value
		for x := range f.vectors {
			left = append(left, f.Load(a.buf, f.place(a.row.Add(i), x*each), f.lanes*int(each)))
		}
		next := make([]*kernel.Value, len(acc))
		for u := range count {
			y, op := (*kernel.Value)(nil), kernel.MulAdd
			if f.pairs {
				y, op = f.loadPair(b, number(u, i)), kernel.DotHalf
			} else {
				y = f.Splat(f.Load(b, number(u, i), 1), f.lanes)
			}
			for x := range f.vectors {
				next[u*f.vectors+x] = f.Op(op, left[x], y, acc[u*f.vectors+x])
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
	number := func(u int64, i ir.Dim) ir.Dim { return first.Add(num(u)).Mul(num(f.up(f.width))).Add(i) }
	scores, err := f.product(matrix{f.turned, f.turnedFrom()}, num(f.width), f.tile, f.keyRows, number, init)
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
func (f *prefill) addValues(tiles ir.Dim, fade []*kernel.Value) error {
	columns := f.columns()
	add := func(first ir.Dim, count int64) error {
		place := func(u, x int64) ir.Dim { return f.place(f.sumsFrom().Add(first).Add(num(u)), x) }
		var init []*kernel.Value
		for u := range count {
			for x := range f.vectors {
				init = append(init, f.Op(kernel.Mul, f.Load(f.sums, place(u, x), f.lanes), fade[x]))
			}
		}
		number := func(u int64, j ir.Dim) ir.Dim {
			return j.Mul(num(f.up(f.values))).Add(first.Add(num(u)).Mul(num(f.together())))
		}
		got, err := f.product(matrix{f.weights, zero}, tiles.Mul(num(f.tile)), count, f.valueRows, number, init)
		if err != nil {
			return err
		}
		for u := range count {
			for x := range f.vectors {
				f.Store(f.sums, place(u, x), got[u*f.vectors+x])
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
func (f *prefill) finish() error {
	inverse := f.loadState(f.vectors)
	for x, sum := range inverse {
		inverse[x] = f.inverse(sum)
	}
	err := f.each("d", num(f.values), func(d ir.Dim) error {
		for x := range f.vectors {
			place := f.place(f.sumsFrom().Add(d), x)
			f.Store(f.sums, place, f.Op(kernel.Mul, f.Load(f.sums, place, f.lanes), inverse[x]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	wide := f.up(f.values)
	if err := f.flip(matrix{f.sums, f.sumsFrom()}, wide, matrix{f.byRows, zero}, f.rows); err != nil {
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
