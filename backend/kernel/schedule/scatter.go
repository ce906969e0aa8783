package schedule

import (
	"slices"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// scattering writes into a copy of x: tensor.scatter and tensor.index_put. What may go to one place is written by one thread, in order.
type scattering struct {
	*emitter
	op      *ir.Op
	out     *kernel.Buffer
	combine kernel.Op // of what stands there and what is written; Const: it is replaced
}

var combinations = map[host.Combine]kernel.Op{host.CombineNone: kernel.Const, host.CombineAdd: kernel.Add, host.CombineMul: kernel.Mul,
	host.CombineMin: kernel.Min, host.CombineMax: kernel.Max}

// needsScatter says why the group is none.
func (g *Group) needsScatter(Target) string {
	if len(g.Body) != 1 || !g.Body[0].Is(tensor.Scatter) && !g.Body[0].Is(tensor.IndexPut) {
		return "it writes to no places that are computed"
	}
	return ""
}

// makeScatter is a kernel that copies x, and one that writes into the copy.
func makeScatter(g *Group, t Target) (*Made, error) {
	op := g.Body[0]
	s := scattering{op: op}
	lanes := 1
	if op.Is(tensor.Scatter) {
		s.combine = combinations[host.Combine(op.Str("reduce"))]
	} else {
		if op.Bool("accumulate") {
			s.combine = kernel.Add
		}
		axes := op.Ints("axes")
		for i, axis := range axes {
			if axis != axes[0]+i {
				return nil, reason(op, "axes %v that are no neighbours are not emitted", axes)
			}
		}
		if len(axes) == 0 {
			return nil, reason(op, "no axis is indexed")
		}
		lanes = narrowest(t.Lanes, product(op.In(0).Shape[axes[len(axes)-1]+1:]))
	}
	x := op.In(0)
	switch elem := x.Elem; {
	case elem.Packed() || elem.IsComplex() || storageElem(elem) != elem:
		return nil, reason(op, "a result of %s is not emitted", elem)
	case s.combine != kernel.Const && computeElem(elem) != elem:
		return nil, reason(op, "sums of %s would be rounded at each place", elem)
	case x.Rank() == 0:
		return nil, reason(op, "there is no axis")
	}
	copied, err := g.copyOf(op.Operand(0), t)
	if err != nil {
		return nil, err
	}
	s.emitter = newEmitter(g, t, lanes)
	s.out = s.Buffer("y", x.Elem, x.NumElements(), kernel.Global, kernel.Read|kernel.Write).As(kernel.Result, 0)
	write := s.scatter
	if op.Is(tensor.IndexPut) {
		write = s.put
	}
	if err := write(); err != nil {
		return nil, err
	}
	k, err := s.Build()
	if err != nil {
		return nil, err
	}
	return &Made{Kernels: []*kernel.Kernel{copied, k}}, nil
}

// copyOf is the kernel of the group that copies a parameter to the result.
func (g *Group) copyOf(x *ir.Value, t Target) (*kernel.Kernel, error) {
	op := &ir.Op{Def: tensor.Reshape, Operands: []*ir.Value{x}}
	op.Results = []*ir.Value{{Type: x.Type, Def: op}}
	c := *g
	c.Body, c.Result, c.Anchor = []*ir.Op{op}, op.Results[0], nil
	made, err := makeNest(&c, t)
	if err != nil {
		return nil, err
	}
	return made.Kernels[0], nil
}

// scatter goes over all elements of the index, along the axis last.
func (s scattering) scatter() error {
	axis, shape := s.op.Int("axis"), s.op.In(1).Shape
	var order []int
	for i := range shape {
		if i != axis {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(extentOf(shape[b]) - extentOf(shape[a])) })
	order = append(order, axis)
	at := make([]ir.Dim, len(shape))
	var level func(depth int) error
	level = func(depth int) error {
		if depth == len(order) {
			return s.element(axis, at)
		}
		kind := kernel.Serial
		if depth == 0 && order[0] != axis {
			kind = kernel.Parallel
		}
		_, err := s.loop(kind, "i", shape[order[depth]], nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			at[order[depth]] = i
			return nil, level(depth + 1)
		})
		return err
	}
	if len(order) > 1 {
		return level(0)
	}
	_, err := s.loop(kernel.Parallel, "all", one, nil, func(ir.Dim, []*kernel.Value) ([]*kernel.Value, error) { return nil, level(0) })
	return err
}

// extentOf is a size, or what is more than most for an open one.
func extentOf(d ir.Dim) int64 {
	if n, ok := d.IsConst(); ok {
		return min(n, 1<<30)
	}
	return 1 << 30
}

// element writes one element of a scatter's source.
func (s scattering) element(axis int, at []ir.Dim) error {
	pointIn := func(v *ir.Value) point {
		var p point
		for i, d := range v.Type.Shape {
			p = append(p, part{axes: 1, size: d, at: at[i]})
		}
		return p
	}
	x := s.op.Operand(0)
	to := pointIn(x)
	place, err := s.place(s.op.Operand(1), pointIn(s.op.Operand(1)), x.Type.Shape[axis])
	if err != nil {
		return err
	}
	to[axis].at = place
	return s.write(to, s.op.Operand(2), pointIn(s.op.Operand(2)))
}

// place is the index that stands at p.
func (s scattering) place(index *ir.Value, p point, size ir.Dim) (ir.Dim, error) {
	id, err := s.value(index, p)
	if err != nil {
		return ir.Dim{}, err
	}
	return s.bind(s.op, s.fromEnd(id, size), zero, size.Sub(one))
}

// write writes what is at p of a value.
func (s scattering) write(to point, v *ir.Value, p point) error {
	x, err := s.value(v, p)
	if err != nil {
		return err
	}
	at := to.linear()
	lanes := 1
	if !isZero(at.step) {
		lanes = s.lanes
	}
	x = s.spread(x, lanes)
	mask := s.mask(s.conds, lanes)
	if s.combine != kernel.Const {
		x = s.Op(s.combine, s.LoadLanes(s.out, at.at, one, lanes, mask), x)
	}
	s.StoreLanes(s.out, at.at, one, s.Cast(x, s.out.Elem), mask)
	return nil
}

// put goes over the indices, for each over the row that they name: all that lies behind the axes.
func (s scattering) put() error {
	x, indices, axes := s.op.Operand(0), s.op.Operands[2:], s.op.Ints("axes")
	ids := indices[0].Type.Shape
	for _, v := range indices {
		if v.Type.Elem == host.Bool {
			return reason(s.op, "an index of bools is not emitted")
		}
		if !sameShape(s.g.env, v.Type.Shape, ids) {
			return reason(s.op, "indices of different shapes are not emitted")
		}
	}
	first := axes[0]
	p := &rowPut{scattering: s, outer: x.Type.Shape[:first], ids: ids, inner: x.Type.Shape[first+len(axes):]}
	// Neither what lies before the axes nor what lies behind them is shared by threads.
	n := product(p.inner)
	vector := num(int64(s.lanes))
	vectors := ceilDiv(n, vector)
	rows, columns := kernel.Parallel, kernel.Serial
	if isOne(product(p.outer)) {
		rows, columns = kernel.Serial, kernel.Parallel
	}
	_, err := s.loop(rows, "row", product(p.outer), nil, func(r ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
		_, err := s.loop(columns, "column", vectors, nil, func(c ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
			step, at := one, c.Mul(vector)
			if s.lanes == 1 {
				step = zero
			}
			indexed := func() error {
				_, err := s.loop(kernel.Serial, "i", product(ids), nil, func(i ir.Dim, _ []*kernel.Value) ([]*kernel.Value, error) {
					return nil, p.row(r, i, at, step)
				})
				return err
			}
			if isZero(n.Mod(vector)) {
				return nil, indexed()
			}
			return nil, s.under(cond{at: at, step: step, least: zero, most: n.Sub(one)}, indexed)
		})
		return nil, err
	})
	return err
}

// rowPut is put with the axes of the result before the indexed ones, those of the indices, and the axes behind.
type rowPut struct {
	scattering
	outer, ids, inner []ir.Dim
}

// row writes what is behind the indices i of the values, from c on.
func (s *rowPut) row(r, i, c, step ir.Dim) error {
	x, values, axes := s.op.Operand(0), s.op.Operand(1), s.op.Ints("axes")
	var from, to point
	both := func(q part) {
		if q.axes > 0 {
			from, to = append(from, q), append(to, q)
		}
	}
	both(part{axes: len(s.outer), size: product(s.outer), at: r})
	var p point
	if len(s.ids) > 0 {
		p = point{{axes: len(s.ids), size: product(s.ids), at: i}}
	}
	from = append(from, p...)
	for k, v := range s.op.Operands[2:] {
		size := x.Type.Shape[axes[k]]
		place, err := s.place(v, p, size)
		if err != nil {
			return err
		}
		to = append(to, part{axes: 1, size: size, at: place})
	}
	both(part{axes: len(s.inner), size: product(s.inner), at: c, step: step})
	from, err := from.broadcast(s.g.env, slices.Concat(s.outer, s.ids, s.inner), values.Type.Shape)
	if err != nil {
		return err
	}
	return s.write(to, values, from)
}
