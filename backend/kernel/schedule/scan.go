package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scans are the operations that carry a number along an axis and give what it is at each place.
func scans() map[*ir.OpDef]reduction {
	return map[*ir.OpDef]reduction{tensor.Cumsum: sumOf, tensor.Cumprod: productOf}
}

// needsScan says why the group is not a scan of something.
func (g *Group) needsScan(Target) string {
	if g.Result.Def == nil {
		return "it computes nothing"
	}
	if _, ok := scans()[g.Result.Def.Def]; !ok {
		return "it does not end with a scan"
	}
	return ""
}

// scan makes a kernel for a group that ends with one.
type scan struct {
	*emitter
	op   *ir.Op
	out  *kernel.Buffer
	r    reduction
	elem host.Elem // that is carried: f64 for floats
}

// makeScan carries one number along each row, or a vector of them where there are axes behind the one that is scanned.
func makeScan(g *Group, t Target) (*Made, error) {
	op := g.Result.Def
	x, axis := op.In(0), op.Int("axis")
	if err := computable(op, x.Elem); err != nil {
		return nil, err
	}
	before, inner := product(x.Shape[:axis]), product(x.Shape[axis+1:])
	lanes := t.Lanes
	if n, ok := inner.IsConst(); ok {
		for lanes > 1 && int64(lanes/2) >= n {
			lanes /= 2
		}
	}
	e := newEmitter(g, t, lanes)
	s := scan{emitter: e, op: op, out: e.Output("y", storageElem(x.Elem), x.NumElements()).As(kernel.Result, 0), r: scans()[op.Def], elem: x.Elem}
	if x.Elem.IsFloat() {
		s.elem = t.wide()
	}
	p := point{}
	if axis > 0 {
		p = append(p, part{axes: axis, size: before})
	}
	at := len(p)
	p = append(p, part{axes: 1, size: x.Shape[axis]})
	if axis+1 < x.Rank() {
		p = append(p, part{axes: x.Rank() - axis - 1, size: inner})
	}
	rows, columns := kernel.Parallel, kernel.Serial
	if isOne(before) {
		rows, columns = kernel.Serial, kernel.Parallel
	}
	_, err := e.loop(rows, "row", before, nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		if at > 0 {
			p[0].at = i
		}
		return nil, s.columns(columns, p, at)
	})
	if err != nil {
		return nil, err
	}
	k, err := e.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{k}}, nil
}

// columns goes over what lies behind the axis by vectors, the last one masked.
func (s scan) columns(kind kernel.LoopKind, p point, at int) error {
	vector := ir.Const(int64(s.lanes))
	if at == len(p)-1 {
		return s.along(p, at, 1)
	}
	inner := p[at+1].size
	_, err := s.loop(kind, "column", inner.Add(vector).Sub(one).FloorDiv(vector), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		p[at+1].at, p[at+1].step = i.Mul(vector), one
		if s.lanes == 1 {
			p[at+1].step = zero
		}
		if isZero(inner.Mod(vector)) {
			return nil, s.along(p, at, s.lanes)
		}
		return nil, s.under(cond{at: i.Mul(vector), step: p[at+1].step, least: zero, most: inner.Sub(one)}, func() error { return s.along(p, at, s.lanes) })
	})
	return err
}

// along carries numbers along the axis.
func (s scan) along(p point, at, lanes int) error {
	init := []*kernel.Value{s.r.start(s.emitter, kernel.Type{Elem: s.elem, Lanes: lanes})}
	_, err := s.loop(kernel.Serial, "k", p[at].size, init, func(k ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		p[at].at = k
		v, err := s.value(s.op.Operand(0), append(point(nil), p...))
		if err != nil {
			return nil, err
		}
		next := s.Op(s.r.op, acc[0], s.spread(s.Cast(v, s.elem), lanes))
		to := p.linear()
		v = s.narrow(s.op.In(0).Elem, s.Cast(next, computeElem(s.op.In(0).Elem)))
		s.StoreLanes(s.out, to.at, one, v, s.mask(s.relevant(p), lanes))
		return []*kernel.Value{next}, nil
	})
	return err
}
