package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// at is the place in an operand, or in the result, of a head's row and column.
func (a *attention) at(v *ir.Value, head ir.Dim, row, col part) (point, error) {
	t := v.Type
	shape := a.op.Result().Type.Shape
	row.axes, row.size = 1, t.Shape[t.Rank()-2]
	col.axes, col.size = 1, t.Shape[t.Rank()-1]
	if len(shape) == 2 {
		return point{row, col}, nil
	}
	heads := t.Shape[t.Rank()-3]
	p, err := a.batchAt.broadcast(a.g.env, a.batch, t.Shape[:t.Rank()-3])
	if err != nil {
		return nil, err
	}
	place := origin()
	if !isOne(heads) {
		place = part{axes: 1, size: heads, at: head}
		if by := a.heads.FloorDiv(heads); !isOne(by) {
			place.at = a.known("group", head.FloorDiv(by), heads)
		}
	}
	return append(append(p[:len(p):len(p)], place), row, col), nil
}

// chunks gives the columns from ... width-1 by vectors, the last one under the condition that its lanes lie there.
func (a *attention) chunks(from, width int64, body func(first int64, col part) error) error {
	for first := from; first < width; first += int64(a.lanes) {
		col := part{at: num(first), step: one}
		if a.lanes == 1 {
			col.step = zero
		}
		build := func() error { return body(first, col) }
		var err error
		if first+int64(a.lanes) > width {
			err = a.under(cond{at: col.at, step: one, least: zero, most: num(width - 1)}, build)
		} else {
			err = build()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// row gives the numbers of a row of an operand by vectors; lanes behind its end are 0.
func (a *attention) row(v *ir.Value, head, at ir.Dim, width int64, use func(first int64, x *kernel.Value) error) error {
	return a.rowFrom(v, head, at, 0, width, use)
}

// rowFrom gives the columns from ... to-1 of a row.
func (a *attention) rowFrom(v *ir.Value, head, at ir.Dim, from, to int64, use func(first int64, x *kernel.Value) error) error {
	return a.chunks(from, to, func(first int64, col part) error {
		x, err := a.across(v, col, num(to), func(col part) (point, error) { return a.at(v, head, part{at: at}, col) })
		if err != nil {
			return err
		}
		x = a.spread(a.Cast(x, a.elem), a.lanes)
		if m := a.laneMask(a.lanes); m != nil {
			x = a.Select(m, x, a.Float(x.Type, 0))
		}
		return use(first, x)
	})
}

// store writes a row of the result.
func (a *attention) store(head, row ir.Dim, load func(first int64) *kernel.Value) error {
	result := a.op.Result()
	put := func(col part, x *kernel.Value) error {
		p, err := a.at(result, head, part{at: row}, col)
		if err != nil {
			return err
		}
		if e := result.Type.Elem; e.IsFloat() && e.Bits() < 32 { // it is rounded before what follows it sees it
			x = a.Cast(a.Cast(x, e), a.elem)
		}
		return a.storeAt(a.out, result, p, x)
	}
	return a.chunks(0, a.values, func(first int64, col part) error {
		x := load(first)
		if a.try(func() error { return put(col, x) }) == nil {
			return put(col, x)
		}
		line := a.line(a.elem)
		a.Store(line, zero, x)
		return a.lane(col, num(a.values), func(n ir.Dim, col part) error { return put(col, a.Load(line, n, 1)) })
	})
}

// across emits a vector, of which place gives the place of the lanes. Where they do not lie at equal distances, it emits one
// lane after the other; lanes at or behind the limit are then 0.
func (a *attention) across(v *ir.Value, at part, limit ir.Dim, place func(part) (point, error)) (*kernel.Value, error) {
	emit := func(at part) (*kernel.Value, error) {
		p, err := place(at)
		if err != nil {
			return nil, err
		}
		return a.value(v, p)
	}
	if isZero(at.step) {
		return emit(at)
	}
	err := a.try(func() error { _, err := emit(at); return err })
	if err == nil {
		return emit(at)
	}
	elem := computeElem(v.Type.Elem)
	line := a.line(elem)
	a.Store(line, zero, a.Number(kernel.Type{Elem: elem, Lanes: a.lanes}, 0))
	single := a.lane(at, limit, func(n ir.Dim, at part) error {
		x, err := emit(at)
		if err == nil {
			a.Store(line, n, x)
		}
		return err
	})
	if single != nil {
		return nil, err
	}
	return a.Load(line, zero, a.lanes), nil
}

// lane goes over the lanes of a place that lie before a limit.
func (a *attention) lane(at part, limit ir.Dim, body func(n ir.Dim, at part) error) error {
	return a.each("n", num(int64(a.lanes)), func(n ir.Dim) error {
		here := at.at.Add(n.Mul(at.step))
		return a.branch(ir.Cond{Left: here, Rel: ir.RelLT, Right: limit}, func() error { return body(n, part{at: here}) })
	})
}

// line is scratch for the lanes of one vector.
func (a *attention) line(elem host.Elem) *kernel.Buffer {
	if a.lines[elem] == nil {
		a.lines[elem] = a.Buffer("line", elem, num(int64(a.lanes)), kernel.Private, kernel.Read|kernel.Write)
	}
	return a.lines[elem]
}
