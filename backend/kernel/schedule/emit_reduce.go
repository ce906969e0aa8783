package schedule

import (
	"errors"
	"math"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// errAgain says that loops stand in an order in which a reduction would be computed again and again.
var errAgain = errors.New("a reduction would be computed again in every round of a loop that it does not depend on")

// reduction is how the elements along axes are combined.
type reduction struct {
	op      kernel.Op // of two accumulators
	lanes   kernel.Op // of the lanes of one; Const where there is none
	start   func(e *emitter, t kernel.Type) *kernel.Value
	mean    bool // the sum is divided by the number of elements
	ordered bool // no elements are an error
}

var (
	sumOf     = reduction{op: kernel.Add, lanes: kernel.Sum, start: nothing}
	meanOf    = reduction{op: kernel.Add, lanes: kernel.Sum, start: nothing, mean: true}
	productOf = reduction{op: kernel.Mul, start: func(e *emitter, t kernel.Type) *kernel.Value { return e.Number(t, 1) }}
	maxOf     = reduction{op: kernel.Max, lanes: kernel.LanesMax, start: least, ordered: true}
	minOf     = reduction{op: kernel.Min, lanes: kernel.LanesMin, start: most, ordered: true}
	anyOf     = reduction{op: kernel.Or, lanes: kernel.Any, start: nothing}
	allOf     = reduction{op: kernel.And, lanes: kernel.All, start: func(e *emitter, t kernel.Type) *kernel.Value { return e.Int(t, 1) }}
)

func nothing(e *emitter, t kernel.Type) *kernel.Value { return e.Number(t, 0) }

// least is what every number of a type is at least.
func least(e *emitter, t kernel.Type) *kernel.Value {
	switch t.Elem.Kind() {
	case host.KindFloat:
		return e.Float(t, math.Inf(-1))
	case host.KindInt:
		return e.Int(t, math.MinInt64>>(64-t.Elem.Bits()))
	}
	return e.Int(t, 0)
}

func most(e *emitter, t kernel.Type) *kernel.Value {
	switch t.Elem.Kind() {
	case host.KindFloat:
		return e.Float(t, math.Inf(1))
	case host.KindInt:
		return e.Int(t, math.MaxInt64>>(64-t.Elem.Bits()))
	}
	return e.Int(t, -1)
}

func reduceBy(r reduction) pointFunc {
	return func(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
		x := op.Operand(0)
		if err := computable(op, x.Type.Elem); err != nil {
			return nil, err
		}
		if x.Type.Elem == host.Bool && r.ordered {
			bools := map[kernel.Op]reduction{kernel.Max: anyOf, kernel.Min: allOf}[r.op]
			bools.ordered = true
			return bools.emit(e, op, p)
		}
		return r.emit(e, op, p)
	}
}

func (r reduction) emit(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	x := op.Operand(0)
	s, err := newSweep(e, op, p, op.Ints("axes"))
	if err != nil {
		return nil, err
	}
	elem := computeElem(x.Type.Elem)
	if r.ordered {
		e.tellEmpty(s.count)
	}
	finish := func(acc *kernel.Value) *kernel.Value {
		if r.mean {
			n := e.Splat(e.Cast(e.Index(host.I64, s.count), acc.Type.Elem), acc.Type.Lanes)
			acc = e.Op(kernel.Div, acc, n)
		}
		return e.rounded(e.Cast(acc, computeElem(x.Type.Elem)), x.Type.Elem)
	}
	if s.across && e.beside > 1 {
		return s.foldBeside(elem, r, p, finish)
	}
	acc, err := s.fold(elem, r)
	if err != nil {
		return nil, err
	}
	return finish(acc), nil
}

// tellEmpty sets the status where there is nothing to reduce.
func (e *emitter) tellEmpty(count ir.Dim) {
	if e.g.env.Prove(ir.Cond{Left: one, Rel: ir.RelLE, Right: count}) == ir.True {
		return
	}
	n, results := e.Index(host.I64, count), e.Index(host.I64, e.g.Result.Type.NumElements())
	none := e.Op(kernel.Less, n, e.Int(n.Type, 1))
	asked := e.Op(kernel.Less, e.Int(n.Type, 0), results) // it may stand before loops over no elements
	e.tell(e.Cast(e.Op(kernel.And, none, asked), host.I32))
}

// sweep goes over the elements that one reduction combines.
type sweep struct {
	e       *emitter
	op      *ir.Op
	x       *ir.Value
	kept    point // in x, with nothing for the axes reduced
	reduced []bool
	count   ir.Dim
	across  bool // lanes lie along an axis that is kept: one result each
	long    bool // f32 are summed up in runs, and these in f64
}

func newSweep(e *emitter, op *ir.Op, p point, axes []int) (*sweep, error) {
	x, shape := op.Operand(0), op.Result().Type.Shape
	s := &sweep{e: e, op: op, x: x, reduced: make([]bool, x.Type.Rank()), count: one, across: !p.uniform()}
	for _, a := range axes {
		s.reduced[a] = true
		s.count = s.count.Mul(x.Type.Shape[a])
	}
	if last := x.Type.Rank() - 1; s.across && last >= 0 && s.reduced[last] && !isOne(x.Type.Shape[last]) {
		return nil, errLanes // far apart
	}
	axis := 0
	var err error
	for _, r := range s.reduced {
		if r {
			if p, err = p.cut(shape, axis); err != nil {
				return nil, err
			}
		}
		if !r || op.Bool("keep_dims") {
			axis++
		}
		if r && op.Bool("keep_dims") {
			if p, err = p.cut(shape, axis); err != nil {
				return nil, err
			}
		}
	}
	p = e.simplified(p)
	if !e.trial && !p.once(e.loops) && !e.cheap(s.count) {
		return nil, errAgain
	}
	at := 0
	for a := 0; a < len(s.reduced); {
		if s.reduced[a] {
			if op.Bool("keep_dims") {
				at++
			}
			s.kept = append(s.kept, part{axes: 1, size: x.Type.Shape[a]})
			a++
			continue
		}
		s.kept = append(s.kept, p[at])
		a += p[at].axes
		at++
	}
	return s, nil
}

// runs are the places of s.kept that are reduced; with merge, neighbours become one part. The template has them with no place.
func (s *sweep) runs(merge bool) (template point, runs []int) {
	axis := 0
	for _, q := range s.kept {
		r := s.reduced[axis]
		if n := len(template); r && merge && axis > 0 && s.reduced[axis-1] {
			template[n-1].axes++
			template[n-1].size = template[n-1].size.Mul(q.size)
		} else {
			if r {
				runs = append(runs, n)
			}
			template = append(template, q)
		}
		axis += q.axes
	}
	return template, runs
}

// fold combines the elements in the first way of going over them that can be emitted.
func (s *sweep) fold(elem host.Elem, r reduction) (*kernel.Value, error) {
	if c := s.e.crew; c != nil && !s.across {
		return c.fold(s, elem, r)
	}
	var err error
	for _, way := range []struct{ merge, scalar bool }{{true, false}, {false, false}, {false, true}} {
		build := func() (*kernel.Value, error) { return s.foldBy(elem, r, way.merge, way.scalar) }
		if err = s.e.try(func() error { _, err := build(); return err }); err == nil {
			return build()
		}
	}
	return nil, err
}

func (s *sweep) foldBy(elem host.Elem, r reduction, merge, scalar bool) (*kernel.Value, error) {
	e := s.e
	template, runs := s.runs(merge)
	lanes := e.lanes
	if !s.across && (scalar || len(runs) == 0) {
		lanes = 1
	}
	row := s.keep(runs)
	along := 1
	if !s.across {
		along = lanes
	}
	step := func(p point, acc *kernel.Value) (*kernel.Value, error) {
		v, err := e.value(s.x, p)
		if err != nil {
			return nil, err
		}
		if row != nil {
			e.StoreLanes(row.buf, p[runs[0]].at, one, e.spread(v, lanes), e.laneMask(lanes))
		}
		v = e.spread(e.Cast(v, acc.Type.Elem), lanes)
		if !s.across {
			if m := e.laneMask(lanes); m != nil {
				v = e.Select(m, v, r.start(e, v.Type))
			}
		}
		return e.Op(r.op, acc, v), nil
	}
	if s.long = r.long(elem, e.added(template, runs, along)); s.long {
		elem = e.target.wide()
	}
	start := r.start(e, kernel.Type{Elem: elem, Lanes: lanes})
	acc, err := s.nest(template, runs, start, lanes, step, r)
	if row != nil {
		e.kept = append(e.kept, *row)
	}
	if err != nil || s.across || lanes == 1 {
		return acc, err
	}
	return e.combineLanes(acc, r), nil
}

// sweepStep adds the elements at a place to an accumulator.
type sweepStep func(p point, acc *kernel.Value) (*kernel.Value, error)

// nest loops over the reduced parts, the last one by vectors where lanes lie along it.
func (s *sweep) nest(p point, runs []int, acc *kernel.Value, lanes int, step sweepStep, r reduction) (*kernel.Value, error) {
	e := s.e
	if len(runs) == 0 {
		return step(p, acc)
	}
	at := func(i, by ir.Dim) point {
		q := append(point(nil), p...)
		q[runs[0]].at, q[runs[0]].step = i, by
		return q
	}
	n := p[runs[0]].size
	if len(runs) == 1 && !s.across && lanes > 1 {
		return s.vectors(n, at, acc, lanes, step, r)
	}
	along := 1
	if !s.across {
		along = lanes
	}
	body := func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		v, err := s.nest(at(i, zero), runs[1:], acc[0], lanes, step, r)
		return []*kernel.Value{v}, err
	}
	got, err := s.roundsOf(n, e.added(p, runs[1:], along), []*kernel.Value{acc}, body)
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

// reduceLoop hoists what does not change out of the loop and gives the first carried value.
func (e *emitter) reduceLoop(name string, n ir.Dim, init []*kernel.Value, body func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error)) (*kernel.Value, error) {
	got, err := e.hoistedLoop(name, n, init, body)
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

// vectors loops over n elements, in runs where the accumulator is to take the sum of many.
func (s *sweep) vectors(n ir.Dim, at func(i, by ir.Dim) point, acc *kernel.Value, lanes int, step sweepStep, r reduction) (*kernel.Value, error) {
	e := s.e
	if !s.inF64(acc) {
		return s.vectorsFrom(zero, n, at, acc, lanes, step, r)
	}
	run := func(from, n ir.Dim, totals []*kernel.Value) ([]*kernel.Value, error) {
		sum, err := s.vectorsFrom(from, n, at, e.fresh(totals)[0], lanes, step, r)
		if err != nil {
			return nil, err
		}
		return e.addTo(totals, []*kernel.Value{sum}), nil
	}
	each := ir.Const(int64(lanes * unroll * runOfSum))
	runs := n.FloorDiv(each)
	totals, err := e.hoistedLoop("run", runs, []*kernel.Value{acc}, func(i ir.Dim, totals []*kernel.Value) ([]*kernel.Value, error) {
		return run(i.Mul(each), each, totals)
	})
	if rest := n.Sub(runs.Mul(each)); err == nil && !isZero(rest) {
		totals, err = run(runs.Mul(each), rest, totals)
	}
	if err != nil {
		return nil, err
	}
	return totals[0], nil
}

// vectorsFrom loops over n elements: several accumulators while there are enough, then one vector at a time, the last one masked.
func (s *sweep) vectorsFrom(from, n ir.Dim, at func(i, by ir.Dim) point, acc *kernel.Value, lanes int, step sweepStep, r reduction) (*kernel.Value, error) {
	e := s.e
	wide := ir.Const(int64(lanes * unroll))
	rounds := n.FloorDiv(wide)
	start := rounds.Mul(wide)
	if !isZero(rounds) {
		init := []*kernel.Value{acc}
		for range unroll - 1 {
			init = append(init, r.start(e, acc.Type))
		}
		got, err := e.hoistedLoop("k", rounds, init, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
			next := make([]*kernel.Value, len(acc))
			for u := range acc {
				var err error
				if next[u], err = step(at(from.Add(i.Mul(wide)).Add(ir.Const(int64(u*lanes))), one), acc[u]); err != nil {
					return nil, err
				}
			}
			return next, nil
		})
		if err != nil {
			return nil, err
		}
		for len(got) > 1 {
			half := len(got) / 2
			for i := range half {
				got[i] = e.Op(r.op, got[i], got[i+half])
			}
			got = got[:half]
		}
		acc = got[0]
	}
	tail := n.Sub(start)
	if isZero(tail) {
		return acc, nil
	}
	vector := ir.Const(int64(lanes))
	tailRounds := tail.Add(vector).Sub(one).FloorDiv(vector)
	return e.reduceLoop("k", tailRounds, []*kernel.Value{acc}, func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		first := from.Add(start).Add(i.Mul(vector))
		if isZero(tail.Mod(vector)) {
			v, err := step(at(first, one), acc[0])
			return []*kernel.Value{v}, err
		}
		var v *kernel.Value
		err := e.under(cond{at: first, step: one, least: zero, most: from.Add(n).Sub(one)}, func() error {
			var err error
			v, err = step(at(first, one), acc[0])
			return err
		})
		return []*kernel.Value{v}, err
	})
}

// laneMask is the mask of the conditions that differ from lane to lane.
func (e *emitter) laneMask(lanes int) *kernel.Value {
	var conds []cond
	for _, c := range e.conds {
		if !isZero(c.step) {
			conds = append(conds, c)
		}
	}
	return e.mask(conds, lanes)
}

// combineLanes makes one number of a vector of accumulators.
func (e *emitter) combineLanes(v *kernel.Value, r reduction) *kernel.Value {
	if r.lanes != kernel.Const {
		return e.Op(r.lanes, v)
	}
	for n := v.Type.Lanes; n > 1; n /= 2 { // Lanes is a power of two
		lower, upper := make([]int, n/2), make([]int, n/2)
		for i := range lower {
			lower[i], upper[i] = i, n/2+i
		}
		v = e.Op(r.op, e.Shuffle(v, nil, lower...), e.Shuffle(v, nil, upper...))
	}
	return v
}
