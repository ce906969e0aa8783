package schedule

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// crew is the threads that share a row: a SIMD group, or a whole group of threads. What they reduce together all of them know.
type crew struct {
	*emitter
	own     ir.Dim // which of them the thread is
	threads int64
	size    ir.Dim // of the row
}

// element is a vector of neighbours in a row. Where less than the last one is left, it is the last one, and is not this thread's.
type element struct {
	part
	number, count ir.Dim // which vector of the row it would be, of how many
	ragged        bool   // it may be behind the last
}

// mine builds what is for a vector that is this thread's.
func (c *crew) mine(x element, body func() error) error {
	if !x.ragged {
		return body()
	}
	return c.only(ir.Cond{Left: x.number, Rel: ir.RelLT, Right: x.count}, body)
}

// first builds what is for one thread alone.
func (c *crew) first(body func() error) error {
	return c.only(ir.Cond{Left: c.own, Rel: ir.RelLT, Right: one}, body)
}

// each goes over the vectors of the row that are this thread's. A short row is written out, so that what is computed of it stays
// in registers.
func (c *crew) each(body func(x element) error) error {
	_, err := c.carry(nil, func(x element, _ []*kernel.Value) ([]*kernel.Value, error) { return nil, body(x) })
	return err
}

// carry is each with carried values.
func (c *crew) carry(acc []*kernel.Value, body func(x element, acc []*kernel.Value) ([]*kernel.Value, error)) ([]*kernel.Value, error) {
	vars := len(c.vars)
	defer func() { c.vars = c.vars[:vars] }()
	c.vars = append(c.vars, c.own.Symbols()...)
	count := c.size.FloorDiv(num(int64(c.lanes)))
	whole := count.FloorDiv(num(c.threads))
	ragged := !isZero(count.Mod(num(c.threads)))
	round := func(i ir.Dim, acc []*kernel.Value) ([]*kernel.Value, error) {
		return body(c.element(i.Mul(num(c.threads)).Add(c.own), count, false), acc)
	}
	var err error
	if n, ok := whole.IsConst(); ok && n <= inRegisters {
		for i := int64(0); i < n && err == nil; i++ {
			acc, err = round(num(i), acc)
		}
	} else {
		acc, err = c.hoistedLoop("k", whole, acc, round)
	}
	if err == nil && ragged {
		acc, err = body(c.element(whole.Mul(num(c.threads)).Add(c.own), count, true), acc)
	}
	return acc, err
}

func (c *crew) element(number, count ir.Dim, ragged bool) element {
	x := element{number: number, count: count, ragged: ragged}
	at := number
	if ragged {
		at = c.symbol("element", number, count.Sub(one))
	}
	x.part = part{axes: 1, size: c.size, at: at.Mul(num(int64(c.lanes)))}
	if c.lanes > 1 {
		x.step = one
	}
	return x
}

// fold reduces what a sweep goes over: each thread its vectors, then their lanes, then all threads.
func (c *crew) fold(s *sweep, elem host.Elem, r reduction) (*kernel.Value, error) {
	template, runs := s.runs(true)
	if err := c.fits(s, template, runs); err != nil {
		return nil, err
	}
	acc, err := c.carry([]*kernel.Value{r.start(c.emitter, kernel.Type{Elem: elem, Lanes: c.lanes})}, func(x element, acc []*kernel.Value) ([]*kernel.Value, error) {
		q := append(point(nil), template...)
		q[runs[0]].at, q[runs[0]].step = x.at, x.step
		v, err := c.value(s.x, q)
		if err != nil {
			return nil, err
		}
		v = c.spread(c.Cast(v, elem), c.lanes)
		if x.ragged {
			v = c.Select(c.Splat(c.valid(x), c.lanes), v, r.start(c.emitter, v.Type))
		}
		return []*kernel.Value{c.Op(r.op, acc[0], v)}, nil
	})
	if err != nil {
		return nil, err
	}
	sum := acc[0]
	if c.lanes > 1 {
		sum = c.combineLanes(sum, r)
	}
	return c.together(sum, r), nil
}

// fits says why a reduction is not one over the row.
func (c *crew) fits(s *sweep, template point, runs []int) error {
	switch {
	case s.kept.mentions(c.own.Symbols()):
		return errAgain
	case len(runs) != 1 || c.g.env.Compare(template[runs[0]].size, c.size) != ir.CompareEqual:
		return reason(s.op, "it goes over something else than the rows of the group")
	}
	return nil
}

// valid is the bool that a vector is this thread's.
func (c *crew) valid(x element) *kernel.Value {
	return c.Within(1, x.number, one, zero, x.count.Sub(one))
}

// together combines a number of each thread.
func (c *crew) together(v *kernel.Value, r reduction) *kernel.Value {
	elem := v.Type.Elem
	v = c.inStep(c.Cast(v, reducedType(elem)), r)
	simd := int64(c.target.SIMD)
	if c.threads > simd {
		v = c.Cast(c.exchanged(c.Cast(v, elem), r.start(c.emitter, kernel.Type{Elem: elem, Lanes: 1})), reducedType(elem))
		v = c.inStep(v, r)
	}
	return c.Cast(v, elem)
}

// exchanged gives each thread of every SIMD group what one of the SIMD groups has, and those that are left over what changes nothing.
func (c *crew) exchanged(v, nothing *kernel.Value) *kernel.Value {
	simd := num(int64(c.target.SIMD))
	groups := num(c.threads / int64(c.target.SIMD))
	elem := v.Type.Elem
	if elem == host.Bool {
		v, nothing = c.Cast(v, host.U8), c.Cast(nothing, host.U8)
	}
	all := c.Buffer("partial", v.Type.Elem, groups, kernel.Shared, 0)
	lane := c.own.Mod(simd)
	c.If(ir.Cond{Left: lane, Rel: ir.RelLT, Right: one}, func() { c.Store(all, c.symbol("simd", c.own.FloorDiv(simd), groups.Sub(one)), v) })
	c.Barrier()
	v = c.Load(all, c.symbol("lane", lane, groups.Sub(one)), 1)
	if !groups.Equal(simd) {
		v = c.Select(c.Within(1, lane, one, zero, groups.Sub(one)), v, nothing)
	}
	return c.Cast(v, elem)
}

// inStep combines a number of each thread of a SIMD group.
func (e *emitter) inStep(v *kernel.Value, r reduction) *kernel.Value {
	short := v.Type.Elem.Bits() == 32
	switch {
	case short && r.op == kernel.Add:
		return e.Op(kernel.GroupSum, v)
	case short && (r.op == kernel.Max || r.op == kernel.Or):
		return e.Op(kernel.GroupMax, v)
	case short && (r.op == kernel.Min || r.op == kernel.And):
		return e.Op(kernel.GroupMin, v)
	}
	return e.butterfly([]*kernel.Value{v}, func(a, b []*kernel.Value) []*kernel.Value {
		return []*kernel.Value{e.Op(r.op, a[0], b[0])}
	})[0]
}

// butterfly combines numbers of all threads of a SIMD group pairwise, over distances that are halved.
func (e *emitter) butterfly(v []*kernel.Value, combine func(a, b []*kernel.Value) []*kernel.Value) []*kernel.Value {
	id := e.Index(host.I32, e.crew.own.Mod(num(int64(e.target.SIMD))))
	for by := e.target.SIMD / 2; by > 0; by /= 2 {
		from := e.Op(kernel.Xor, id, e.Int(id.Type, int64(by)))
		other := make([]*kernel.Value, len(v))
		for i := range v {
			other[i] = e.shuffled(v[i], from)
		}
		v = combine(v, other)
	}
	return v
}

// shuffled is the number of another thread of the SIMD group; those of 64 bits go in halves.
func (e *emitter) shuffled(v, from *kernel.Value) *kernel.Value {
	if v.Type.Elem.Bits() < 64 {
		return e.Op(kernel.GroupShuffle, v, from)
	}
	bits := e.Bits(v, host.U64)
	low, high := e.Cast(bits, host.U32), e.Cast(e.Op(kernel.ShiftRight, bits, e.Int(bits.Type, 32)), host.U32)
	low, high = e.Op(kernel.GroupShuffle, low, from), e.Op(kernel.GroupShuffle, high, from)
	bits = e.Op(kernel.Or, e.Cast(low, host.U64), e.Op(kernel.ShiftLeft, e.Cast(high, host.U64), e.Int(bits.Type, 32)))
	return e.Bits(bits, v.Type.Elem)
}
