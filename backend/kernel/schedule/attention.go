package schedule

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// attention builds nn.sdpa by the online softmax: blocks of keys one after the other, the largest score so far, the sum of
// the weights and the weighted sum of values, which are scaled down when a larger score comes (Milakov and Gimelshein,
// "Online normalizer calculation for softmax", 2018).
type attention struct {
	*emitter
	op            *ir.Op
	out           *kernel.Buffer
	elem          host.Elem // that scores and sums are computed in
	q, k, v, mask *ir.Value
	batch         []ir.Dim // the result's axes before its heads
	heads         ir.Dim   // of q
	queries, keys ir.Dim
	width, values int64 // of a row of q and k, and of a row of v
	scale         float64
	exp           kernel.Op // that makes weights of scores: Exp, or Exp2 where scores are scaled for it
	causal        bool
	window        int64
	lines         map[host.Elem]*kernel.Buffer
	hidden        *kernel.Value // the score of a key that a query does not see, in every lane
	batchAt       point         // of the round, an axis each
	headAt        ir.Dim        // the first head of q of the round
}

// widest is how wide the rows of queries and values may be, which live in scratch.
const widest = 1024

func (g *Group) needsAttention(Target) string {
	switch op := g.Anchor; {
	case op == nil || !op.Is(nn.SDPA):
		return "it has no nn.sdpa"
	case narrowRow(op.In(0)) == 0 || narrowRow(op.In(2)) == 0:
		return fmt.Sprintf("%s: rows of q %s and v %s, expected 1 to %d numbers in each", op.Name(), op.In(0), op.In(2), widest)
	}
	return ""
}

// narrowRow is the size of the last axis, 0 where it is not known or too wide.
func narrowRow(t ir.Type) int64 {
	n, ok := t.Shape[t.Rank()-1].IsConst()
	if !ok || n > widest {
		return 0
	}
	return n
}

// fewRows is how many queries that share keys are computed side by side in registers.
const fewRows = 16

func makeAttention(g *Group, t Target) (*Made, error) {
	a, err := newAttention(g, t)
	if err != nil {
		return nil, err
	}
	if rows, shared := a.fewQueries(); rows > 0 {
		err = a.decode(rows, shared)
	} else {
		err = a.prefill()
	}
	if err != nil {
		return nil, err
	}
	k, err := a.Build()
	return &Made{Kernels: []*kernel.Kernel{k}}, err
}

func newAttention(g *Group, t Target) (*attention, error) {
	op := g.Anchor
	e := newEmitter(g, t, t.Lanes)
	a := &attention{emitter: e, op: op, q: op.Operand(0), k: op.Operand(1), v: op.Operand(2), mask: op.Operand(3), exp: kernel.Exp, lines: map[host.Elem]*kernel.Buffer{}}
	var err error
	if a.out, err = e.output(); err != nil {
		return nil, err
	}
	shape := op.Result().Type.Shape
	rank := len(shape)
	a.elem = computeElem(a.q.Type.Elem)
	a.heads = one
	if rank > 2 {
		a.batch, a.heads = shape[:rank-3], shape[rank-3]
	}
	a.queries, a.keys = shape[rank-2], a.k.Type.Shape[rank-2]
	a.width, a.values = narrowRow(a.q.Type), narrowRow(a.v.Type)
	a.scale = 1 / math.Sqrt(float64(a.width))
	if op.Has("scale") {
		a.scale = op.Float("scale")
	}
	a.causal, a.window = op.Bool("is_causal"), int64(op.Int("window_size"))
	a.hidden = e.Float(a.vector(), math.Inf(-1))
	return a, nil
}

// fewQueries is how many rows share keys and values where these are so few that lanes go along a row, and by how many heads
// they do; 0 where lanes go along the queries.
func (a *attention) fewQueries() (rows, shared int64) {
	n, ok := a.queries.IsConst()
	if !ok {
		return 0, 0
	}
	if by, ok := a.share(a.k).IsConst(); ok && a.share(a.v).Equal(ir.Const(by)) && n*by <= fewRows {
		return n * by, by
	}
	if n <= fewRows/4 {
		return n, 1
	}
	return 0, 0
}

// share is how many heads of q use one head of k or v.
func (a *attention) share(v *ir.Value) ir.Dim {
	if v.Type.Rank() < 3 {
		return one
	}
	return a.heads.FloorDiv(v.Type.Shape[v.Type.Rank()-3])
}

func (a *attention) vector() kernel.Type { return kernel.Type{Elem: a.elem, Lanes: a.lanes} }
func (a *attention) number() kernel.Type { return kernel.Type{Elem: a.elem, Lanes: 1} }

func num(n int64) ir.Dim { return ir.Const(n) }

func ceilDiv(d, by ir.Dim) ir.Dim { return d.Add(by).Sub(one).FloorDiv(by) }

// scratch declares memory of the thread.
func (a *attention) scratch(name string, n int64) *kernel.Buffer {
	return a.Buffer(name, a.elem, num(n), kernel.Private, kernel.Read|kernel.Write)
}

// round builds a loop of the schedule. That heavy values are computed in it is meant so.
func (a *attention) round(kind kernel.LoopKind, name string, extent ir.Dim, init []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	depth := len(a.loops)
	return a.loop(kind, name, extent, init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		a.loops = a.loops[:depth]
		return body(i, acc)
	})
}

// each is round without carried values.
func (a *attention) each(name string, extent ir.Dim, body func(i ir.Dim) error) error {
	_, err := a.round(kernel.Serial, name, extent, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(i) })
	return err
}

// known names an index that lies in 0 ... size-1 by its construction, so that what is made of it is easy to prove. Indices
// just behind the end become the last one.
func (a *attention) known(name string, at, size ir.Dim) ir.Dim {
	if _, ok := at.IsConst(); ok && isZero(at) {
		return at
	}
	return a.Bind(a.Index(host.I64, at), name, zero, size.Sub(one), nil)
}

// over builds the outermost loop, over batches, heads in steps of shared, and blocks of queries.
func (a *attention) over(shared int64, blocks ir.Dim, body func(block ir.Dim) error) error {
	groups := a.heads.FloorDiv(num(shared))
	all := product(a.batch).Mul(groups)
	_, err := a.round(kernel.Parallel, "w", all.Mul(blocks), nil, func(w ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		return nil, a.some(all, func() error {
			return a.some(a.queries, func() error { return a.unit(w, blocks, all, groups, shared, body) })
		})
	})
	return err
}

// some builds what is for sizes of at least 1.
func (e *emitter) some(size ir.Dim, body func() error) error {
	if e.g.env.Prove(ir.Cond{Left: one, Rel: ir.RelLE, Right: size}) == ir.True {
		return body()
	}
	return e.branch(ir.Cond{Left: one, Rel: ir.RelLE, Right: size}, body)
}

// none builds what is for a size of 0.
func (e *emitter) none(size ir.Dim, body func() error) error {
	if e.g.env.Prove(ir.Cond{Left: one, Rel: ir.RelLE, Right: size}) == ir.True {
		return nil
	}
	return e.branch(ir.Cond{Left: size, Rel: ir.RelLT, Right: one}, body)
}

// unit finds out what round w is for.
func (a *attention) unit(w, blocks, all, groups ir.Dim, shared int64, body func(block ir.Dim) error) error {
	unit := w
	block := zero
	if !isOne(blocks) {
		unit = a.known("unit", w.FloorDiv(blocks), all)
		block = a.known("block", w.Sub(unit.Mul(blocks)), blocks)
	}
	batch := a.known("batch", unit.FloorDiv(groups), product(a.batch))
	if isOne(product(a.batch)) {
		batch = zero
	}
	head := a.known("head", unit.Sub(batch.Mul(groups)), groups)
	a.headAt = head.Mul(num(shared))
	a.batchAt = nil
	if n := len(a.batch); n > 0 {
		var err error
		if a.batchAt, err = (part{axes: n, size: product(a.batch), at: batch}).split(a.batch); err != nil {
			return err
		}
		for i := range a.batchAt { // split gives quotients, which are hard to prove bounds of
			if len(a.batch) > 1 {
				a.batchAt[i].at = a.known("batch", a.batchAt[i].at, a.batch[i])
			}
		}
	}
	return body(block)
}

// sees gives the score that counts: hidden where the query does not see the key, with the mask. query and key are places of
// the first lane, and their steps.
func (a *attention) sees(score *kernel.Value, head ir.Dim, query, key part, tail bool) (*kernel.Value, error) {
	lanes := score.Type.Lanes
	var conds []cond
	if tail {
		conds = append(conds, cond{at: key.at, step: key.step, least: zero, most: a.keys.Sub(one)})
	}
	shift := cond{at: key.at.Sub(query.at), step: key.step.Sub(query.step), least: a.keys.Add(a.queries).Neg(), most: a.keys.Add(a.queries)}
	if a.causal {
		shift.most = zero
	}
	if a.window > 0 {
		shift.least = num(1 - a.window)
		if !a.causal {
			shift.most = num(a.window - 1)
		}
	}
	if a.causal || a.window > 0 {
		conds = append(conds, shift)
	}
	var seen *kernel.Value
	if a.mask != nil {
		m, err := a.maskAt(head, query, key)
		if err != nil {
			return nil, err
		}
		m = a.spread(m, lanes)
		if m.Type.Elem == host.Bool {
			seen = m
		} else {
			score = a.Op(kernel.Add, score, a.Cast(m, a.elem))
		}
	}
	if m := a.emitter.mask(conds, lanes); m != nil {
		if seen != nil {
			m = a.Op(kernel.And, m, seen)
		}
		seen = m
	}
	if seen == nil {
		return score, nil
	}
	return a.Select(seen, score, a.hidden), nil
}

func (a *attention) maskAt(head ir.Dim, query, key part) (*kernel.Value, error) {
	shape := a.op.Result().Type.Shape
	full := append(append([]ir.Dim{}, shape[:len(shape)-1]...), a.keys)
	place := func(query, key part) (point, error) {
		query.axes, query.size, key.axes, key.size = 1, a.queries, 1, a.keys
		p := append(point{}, a.batchAt...)
		if len(shape) > 2 {
			p = append(p, part{axes: 1, size: a.heads, at: head})
		}
		return append(p, query, key).broadcast(a.g.env, full, a.mask.Type.Shape)
	}
	var m *kernel.Value
	var err error
	inQueries := cond{at: query.at, step: query.step, least: zero, most: a.queries.Sub(one)}
	inKeys := cond{at: key.at, step: key.step, least: zero, most: a.keys.Sub(one)}
	err = a.under(inQueries, func() error {
		return a.under(inKeys, func() error {
			if isZero(query.step) {
				m, err = a.across(a.mask, key, a.keys, func(key part) (point, error) { return place(query, key) })
			} else {
				m, err = a.across(a.mask, query, a.queries, func(query part) (point, error) { return place(query, key) })
			}
			return err
		})
	})
	return m, err
}

// keysSeen are the first key that queries first ... first+rows-1 see, and the one behind the last.
func (a *attention) keysSeen(first, rows ir.Dim) (start, end ir.Dim) {
	start, end = zero, a.keys
	if a.causal {
		end = end.Min(first.Add(rows))
	}
	if a.window > 0 {
		start = first.Sub(num(a.window - 1)).Max(zero)
		if !a.causal {
			end = end.Min(first.Add(rows).Add(num(a.window - 1)))
		}
	}
	return start, end
}

// keyBlocks are the blocks of size keys that queries first ... first+rows-1 see any of: the number of the first, and how many.
func (a *attention) keyBlocks(first, rows ir.Dim, size int64) (start, count ir.Dim) {
	from, end := a.keysSeen(first, rows)
	start = from.FloorDiv(num(size))
	return start, ceilDiv(end, num(size)).Sub(start).Max(zero)
}

// weigh gives what scores are less before exp, which is finite where all are hidden, and what older sums are scaled by.
func (a *attention) weigh(most, before *kernel.Value) (base, fade *kernel.Value) {
	nothing := a.Op(kernel.Equal, most, a.Float(most.Type, math.Inf(-1)))
	base = a.Select(nothing, a.Float(most.Type, 0), most)
	return base, a.Op(a.exp, a.Op(kernel.Sub, before, base))
}

// share of one over the sum of weights; 0 where there is none.
func (a *attention) inverse(sum *kernel.Value) *kernel.Value {
	none := a.Op(kernel.Equal, sum, a.Float(sum.Type, 0))
	return a.Select(none, a.Float(sum.Type, 0), a.Op(kernel.Div, a.Float(sum.Type, 1), sum))
}
