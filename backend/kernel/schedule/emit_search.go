package schedule

import (
	"math/bits"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// searchSorted halves the part of a row where a value belongs, as often as the longest row needs.
func searchSorted(e *emitter, op *ir.Op, p point) (*kernel.Value, error) {
	row, values := op.Operand(0), op.Operand(1)
	if err := computable(op, row.Type.Elem); err != nil {
		return nil, err
	}
	last := row.Type.Rank() - 1
	n := row.Type.Shape[last]
	if e.g.env.Prove(ir.Cond{Left: one, Rel: ir.RelLE, Right: n}) != ir.True {
		return nil, reason(op, "the row may be empty")
	}
	if !p.uniform() {
		return nil, errLanes // each lane is somewhere else
	}
	v, err := e.value(values, p)
	if err != nil {
		return nil, err
	}
	var q point
	if last > 0 {
		single, err := p.single(values.Type.Shape)
		if err != nil {
			return nil, err
		}
		q = single[:last:last]
	}
	behind := kernel.LessEqual // what an element is to a value that belongs before it
	if op.Bool("right") {
		behind = kernel.Less
	}
	_, most := e.g.env.Range(n)
	i64 := func(x int64) *kernel.Value { return e.Int(kernel.Type{Elem: host.I64, Lanes: 1}, x) }
	halve := func(_ ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		from, count := acc[0], acc[1]
		half := e.Op(kernel.ShiftRight, count, i64(1))
		middle := e.Op(kernel.Add, from, half)
		at := e.Bind(middle, "at", zero, n.Sub(one), nil) // where nothing is left, it may be behind the row
		e.vars = append(e.vars, at.Symbols()...)
		x, err := e.value(row, append(q, part{axes: 1, size: n, at: at}))
		if err != nil {
			return nil, err
		}
		up := e.Op(kernel.And, e.Op(kernel.Less, i64(0), count), e.Op(kernel.Not, e.Op(behind, v, x)))
		next := e.Op(kernel.Add, half, i64(1))
		return []*kernel.Value{
			e.Select(up, e.Op(kernel.Add, from, next), from),
			e.Select(up, e.Op(kernel.Sub, count, next), half),
		}, nil
	}
	rounds := ir.Const(int64(bits.Len64(uint64(most))))
	got, err := e.loop(kernel.Serial, "k", rounds, []*kernel.Value{i64(0), e.Index(host.I64, n)}, halve)
	if err != nil {
		return nil, err
	}
	return got[0], nil
}
