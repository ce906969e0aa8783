package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// cast converts between element types, in steps where that says how often it is rounded.
func (g *gen) cast(in *kernel.Instr, a []expr) expr {
	return g.castOf(in.Args[0], a[0], in.Result.Type)
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
