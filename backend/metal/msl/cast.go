package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// cast converts between element types, in steps where that says how often it is rounded.
func (g *gen) cast(in *kernel.Instr, a []expr) expr {
	if d, ok := g.indices[in.Args[0]]; ok && in.Result.Type.Elem != host.Bool {
		return g.castIndex(in, d)
	}
	return g.castOf(in.Args[0], a[0], in.Result.Type)
}

// castIndex computes an index in its own width first, whatever integer it was.
func (g *gen) castIndex(in *kernel.Instr, d ir.Dim) expr {
	to := in.Result.Type
	lo, hi := g.rangeOf(d)
	if !to.Elem.IsFloat() {
		if least, most := intRange(to.Elem); lo >= least && hi <= most && (lo >= 0 || to.Elem.Kind() == host.KindInt) {
			g.indices[in.Result] = d
		}
	}
	e, w := g.sum(d, fitting(lo, hi)), fitting(lo, hi)
	switch {
	case elemName(to.Elem) == w.String():
		return e
	case to.Elem == host.F16 || to.Elem == host.BF16:
		e = call("float", e)
	}
	return call(typeName(to), e)
}

func (g *gen) castOf(v *kernel.Value, e expr, to kernel.Type) expr {
	from := v.Type.Elem
	half := from == host.F16 || from == host.BF16
	wide := kernel.Type{Elem: host.F32, Lanes: to.Lanes}
	switch {
	case to.Elem == host.Bool && to.Lanes == 1:
		return infix(e, "!=", precEqual, zero(v.Type))
	case to.Elem == host.Bool:
		return infix(e, "!=", precEqual, zero(v.Type))
	case from == host.Bool && to.Lanes > 1:
		return call("select", zero(to), call(typeName(to), number(to.Elem, 1, 1)), e)
	case from.IsFloat() && !to.Elem.IsFloat():
		return g.each(to, func(i int) expr {
			x := g.lane(v, i)
			if half {
				x = call("float", x)
			}
			return g.helper("to_"+elemName(to.Elem), x)
		})
	case half && (to.Elem == host.F16 || to.Elem == host.BF16), !from.IsFloat() && (to.Elem == host.F16 || to.Elem == host.BF16):
		return call(typeName(to), call(typeName(wide), e)) // by way of f32, as the interpreter does it
	}
	return call(typeName(to), e)
}
