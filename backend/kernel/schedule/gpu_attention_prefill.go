package schedule

import (
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// gpuPrefill computes many queries by the online softmax over blocks of keys. A SIMD group has 8 queries: they, and the sums of
// values, are 8x8 matrices in its registers; a block of keys, then the values that belong to them, lies in shared memory. The scores
// go through shared memory as well, where four threads have a row. Rows of sums are scaled by a product with a diagonal matrix.
type gpuPrefill struct {
	*attention
	simds      int64
	block      int64 // keys
	deep, wide int64 // rows of queries and values, filled up to whole matrices
	laneOf     int   // of vectors along rows

	rows, scores, diagonal *kernel.Buffer // of the group, [simds, 8, block] and [simds, 8, 8]
	thread, simd, lane     ir.Dim
	line, quarter          ir.Dim // the thread's row of scores, and which part of it
	query, first           ir.Dim // of the thread's row, and of the group's first
}

func newGPUPrefill(a *attention) *gpuPrefill {
	up := func(n int64) int64 { return (n + side - 1) / side * side }
	p := &gpuPrefill{attention: a, simds: min(int64(a.target.Threads/a.target.SIMD), 4), block: 32, deep: up(a.width), wide: up(a.values)}
	if max(p.deep, p.wide) > 128 {
		p.block = 16
	}
	p.laneOf = a.widthOf(a.width, a.values)
	return p
}

func (p *gpuPrefill) threads() int64   { return p.simds * int64(p.target.SIMD) }
func (p *gpuPrefill) height() int64    { return p.simds * side }
func (p *gpuPrefill) scoreStep() int64 { return p.block + 4 }

func (p *gpuPrefill) build() error {
	size := max(p.block, p.height()) * (max(p.deep, p.wide) + 4)
	p.rows = p.Buffer("rows", host.F32, num(size), kernel.Shared, 0)
	p.scores = p.Buffer("scores", host.F32, num(p.simds*side*p.scoreStep()), kernel.Shared, 0)
	p.diagonal = p.Buffer("diagonal", host.F32, num(p.simds*side*side), kernel.Shared, 0)
	blocks := ceilDiv(p.queries, num(p.height()))
	return p.units(1, blocks, p.threads(), func(block, t ir.Dim) error {
		simd := num(int64(p.target.SIMD))
		p.thread = t
		p.simd = p.symbol("simd", t.FloorDiv(simd), num(p.simds-1))
		p.lane = p.symbol("lane", t.Mod(simd), simd.Sub(one))
		p.line = p.symbol("line", p.lane.FloorDiv(num(4)), num(side-1))
		p.quarter = p.symbol("quarter", p.lane.Mod(num(4)), num(3))
		p.first = block.Mul(num(p.height()))
		p.query = p.known("query", p.first.Add(p.simd.Mul(num(side))).Add(p.line), p.queries)
		if err := p.some(p.keys, p.all); err != nil {
			return err
		}
		return p.none(p.keys, func() error {
			return p.put(func(ir.Dim, ir.Dim) *kernel.Value { return p.Float(kernel.Type{Elem: host.F32, Lanes: p.laneOf}, 0) })
		})
	})
}

// fill lays rows of an operand from one on into shared memory; elements behind the end of a row are 0, rows behind the last are any.
func (p *gpuPrefill) fill(v *ir.Value, first, size ir.Dim, rows, width, deep int64) error {
	lanes := int64(p.laneOf)
	each := deep / lanes
	if lanes > deep || deep%lanes != 0 {
		return errLanes
	}
	for from := int64(0); from < rows*each; from += p.threads() {
		number := p.thread.Add(num(from))
		take := func() error {
			return p.laned(p.laneOf, func() error {
				return p.scoped(func() error { return p.element(v, first, size, number, rows, each, width) })
			})
		}
		var err error
		if from+p.threads() > rows*each {
			err = p.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: num(rows * each)}, take)
		} else {
			err = take()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element lays one vector of a row.
func (p *gpuPrefill) element(v *ir.Value, first, size, number ir.Dim, rows, each, width int64) error {
	lanes := int64(p.laneOf)
	row := p.symbol("line", number.FloorDiv(num(each)), num(rows-1))
	in := p.symbol("in", number.Mod(num(each)), num(each-1))
	at := in
	if each*lanes > width {
		at = p.symbol("at", in, num(width/lanes-1))
	}
	col := part{at: at.Mul(num(lanes))}
	if lanes > 1 {
		col.step = one
	}
	q, err := p.at(v, p.headAt, part{at: p.known("row", first.Add(row), size)}, col)
	if err != nil {
		return err
	}
	x, err := p.value(v, q)
	if err != nil {
		return err
	}
	x = p.spread(p.Cast(x, p.elem), p.laneOf)
	if each*lanes > width {
		x = p.Select(p.Splat(p.Within(1, in, one, zero, num(width/lanes-1)), p.laneOf), x, p.Float(x.Type, 0))
	}
	p.Store(p.rows, row.Mul(num(each*lanes+4)).Add(in.Mul(num(lanes))), x)
	return nil
}

// matrices loads neighbouring 8x8 matrices from one on.
func (p *gpuPrefill) matrices(buf *kernel.Buffer, at ir.Dim, n, apart, step int64) []*kernel.Value {
	list := make([]*kernel.Value, n)
	for i := range list {
		list[i] = p.TileLoad(buf, at.Add(num(int64(i)*apart)), num(step))
	}
	return list
}

// all goes over the keys, and stores the results.
func (p *gpuPrefill) all() error {
	if err := p.fill(p.q, p.first, p.queries, p.height(), p.width, p.deep); err != nil {
		return err
	}
	for i := int64(0); i < side*side; i += int64(p.target.SIMD) {
		p.Store(p.diagonal, p.simd.Mul(num(side*side)).Add(p.lane).Add(num(i)), p.Float(p.number(), 0))
	}
	p.Barrier()
	queries := p.matrices(p.rows, p.simd.Mul(num(side*(p.deep+4))), p.deep/side, side, p.deep+4)
	init := []*kernel.Value{p.Float(p.number(), math.Inf(-1)), p.Float(p.number(), 0)}
	for range p.wide / side {
		init = append(init, p.Float(kernel.Type{Elem: host.F32, Lanes: side * side}, 0))
	}
	start, count := p.keyBlocks(p.first, num(p.height()), p.block)
	acc, err := p.round(kernel.Serial, "block", count, init, func(b ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return p.step(start.Add(b).Mul(num(p.block)), queries, acc)
	})
	if err != nil {
		return err
	}
	p.Barrier()
	sums := p.scaled(p.inverse(acc[1]), acc[2:])
	for j, m := range sums { // all have read what lay here
		p.TileStore(p.rows, p.simd.Mul(num(side*(p.wide+4))).Add(num(int64(j)*side)), num(p.wide+4), m)
	}
	p.Barrier()
	return p.put(func(row, col ir.Dim) *kernel.Value {
		return p.Load(p.rows, row.Mul(num(p.wide+4)).Add(col), p.laneOf)
	})
}

// step takes a block of keys.
func (p *gpuPrefill) step(keys ir.Dim, queries, acc []*kernel.Value) ([]*kernel.Value, error) {
	p.Barrier() // what lay in shared memory has been read
	if err := p.fill(p.k, keys, p.keys, p.block, p.width, p.deep); err != nil {
		return nil, err
	}
	p.Barrier()
	base := p.simd.Mul(num(side * p.scoreStep()))
	for j := int64(0); j < p.block; j += side {
		score := p.Float(kernel.Type{Elem: host.F32, Lanes: side * side}, 0)
		for i, q := range queries {
			score = p.Op(kernel.TileMulAdd, q, p.TileLoadTransposed(p.rows, num(j*(p.deep+4)+int64(i)*side), num(p.deep+4)), score)
		}
		p.TileStore(p.scores, base.Add(num(j)), num(p.scoreStep()), score)
	}
	p.Barrier()
	if err := p.fill(p.v, keys, p.keys, p.block, p.values, p.wide); err != nil {
		return nil, err
	}
	most, sum, fade, err := p.soften(keys, acc[0], acc[1])
	if err != nil {
		return nil, err
	}
	sums := p.scaled(fade, acc[2:]) // with a barrier: values and weights are there
	weights := p.matrices(p.scores, base, p.block/side, side, p.scoreStep())
	for j := range sums {
		for i, w := range weights {
			v := p.TileLoad(p.rows, num(int64(i)*side*(p.wide+4)+int64(j)*side), num(p.wide+4))
			sums[j] = p.Op(kernel.TileMulAdd, w, v, sums[j])
		}
	}
	return append([]*kernel.Value{most, sum}, sums...), nil
}

// soften makes weights of the thread's quarter of a row of scores.
func (p *gpuPrefill) soften(keys ir.Dim, before, sum *kernel.Value) (most, next, fade *kernel.Value, err error) {
	each := p.block / 4
	at := p.simd.Mul(num(side * p.scoreStep())).Add(p.line.Mul(num(p.scoreStep()))).Add(p.quarter.Mul(num(each)))
	lanes := p.emitter.lanes
	var scores []*kernel.Value
	largest := before
	for i := int64(0); i < each; i += int64(lanes) {
		s := p.Op(kernel.Mul, p.Load(p.scores, at.Add(num(i)), lanes), p.Float(p.vector(), p.scale))
		key := part{at: keys.Add(p.quarter.Mul(num(each))).Add(num(i)), step: one}
		if lanes == 1 {
			key.step = zero
		}
		if s, err = p.sees(s, p.headAt, part{at: p.query}, key, true); err != nil {
			return nil, nil, nil, err
		}
		scores = append(scores, s)
		largest = p.Op(kernel.Max, largest, p.one(kernel.LanesMax, s))
	}
	largest = p.amongFour(kernel.Max, largest)
	base, fade := p.weigh(largest, before)
	total := p.Float(p.number(), 0)
	for i, s := range scores {
		w := p.Op(kernel.Exp, p.Op(kernel.Sub, s, p.Splat(base, lanes)))
		p.Store(p.scores, at.Add(num(int64(i*lanes))), w)
		total = p.Op(kernel.Add, total, p.one(kernel.Sum, w))
	}
	return largest, p.Op(kernel.MulAdd, sum, fade, p.amongFour(kernel.Add, total)), fade, nil
}

// one makes a number of a vector.
func (p *gpuPrefill) one(op kernel.Op, v *kernel.Value) *kernel.Value {
	if v.Type.Lanes == 1 {
		return v
	}
	return p.Op(op, v)
}

// amongFour combines numbers of the four threads that share a row.
func (p *gpuPrefill) amongFour(op kernel.Op, v *kernel.Value) *kernel.Value {
	id := p.Index(host.I32, p.lane)
	for _, by := range []int64{1, 2} {
		v = p.Op(op, v, p.Op(kernel.GroupShuffle, v, p.Op(kernel.Xor, id, p.Int(id.Type, by))))
	}
	return v
}

// scaled multiplies each row of the sums by a number that the threads of the row have.
func (p *gpuPrefill) scaled(by *kernel.Value, sums []*kernel.Value) []*kernel.Value {
	at := p.simd.Mul(num(side * side))
	p.If(ir.Cond{Left: p.quarter, Rel: ir.RelLT, Right: one}, func() { p.Store(p.diagonal, at.Add(p.line.Mul(num(side+1))), by) })
	p.Barrier()
	scale := p.TileLoad(p.diagonal, at, num(side))
	next := make([]*kernel.Value, len(sums))
	for j, m := range sums {
		next[j] = p.Op(kernel.TileMulAdd, scale, m, p.Float(m.Type, 0))
	}
	return next
}

// put stores the results of the group, by vectors.
func (p *gpuPrefill) put(load func(row, col ir.Dim) *kernel.Value) error {
	lanes := int64(p.laneOf)
	each := p.values / lanes
	for from := int64(0); from < p.height()*each; from += p.threads() {
		number := p.thread.Add(num(from))
		row := p.symbol("line", number.FloorDiv(num(each)), num(p.height()-1))
		query := p.first.Add(row)
		store := func() error {
			return p.only(ir.Cond{Left: query, Rel: ir.RelLT, Right: p.queries}, func() error {
				col := part{at: p.symbol("col", number.Mod(num(each)), num(each-1)).Mul(num(lanes))}
				if lanes > 1 {
					col.step = one
				}
				return p.laned(p.laneOf, func() error { return p.result(p.headAt, p.known("query", query, p.queries), col, load(row, col.at)) })
			})
		}
		var err error
		if from+p.threads() > p.height()*each {
			err = p.only(ir.Cond{Left: number, Rel: ir.RelLT, Right: num(p.height() * each)}, store)
		} else {
			err = store()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
