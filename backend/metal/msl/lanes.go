package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// shuffle takes lanes of one or two vectors.
func (g *gen) shuffle(in *kernel.Instr, _ []expr) expr {
	n := in.Args[0].Type.Lanes
	return g.each(in.Result.Type, func(i int) expr {
		l := in.Lane[i]
		return g.lane(in.Args[l/n], l%n)
	})
}

// pick takes lanes of a vector by number.
func (g *gen) pick(in *kernel.Instr, _ []expr) expr {
	table, n := in.Args[0], in.Args[0].Type.Lanes
	if n == 1 {
		return g.each(in.Result.Type, func(int) expr { return g.values[table] })
	}
	v := g.named(table)
	return g.each(in.Result.Type, func(i int) expr {
		return atom("%s[%s]", v.at(precAtom), infix(g.lane(in.Args[1], i), "&", precBitAnd, atom("%d", n-1)).text)
	})
}

// folded combines lanes pairwise, the lower half with the upper one.
func (g *gen) folded(v *kernel.Value, f func(a, b expr) expr) expr {
	lanes := make([]expr, v.Type.Lanes)
	for i := range lanes {
		lanes[i] = g.lane(v, i)
	}
	for n := len(lanes) / 2; n > 0; n /= 2 {
		for i := range n {
			lanes[i] = f(lanes[i], lanes[i+n])
		}
	}
	return lanes[0]
}

func (g *gen) lanesSum(in *kernel.Instr, _ []expr) expr {
	return g.folded(in.Args[0], func(a, b expr) expr {
		if t := in.Result.Type; !t.Elem.IsFloat() {
			return wrapped(t, "+", precAdd, a, b)
		}
		return expr{a.at(precAdd) + " + " + b.at(precAdd+1), precAdd}
	})
}

func lanesExtreme(name string) func(*gen, *kernel.Instr, []expr) expr {
	return func(g *gen, in *kernel.Instr, _ []expr) expr {
		t := in.Result.Type
		return g.folded(in.Args[0], func(a, b expr) expr {
			switch {
			case t.Elem.IsFloat():
				return g.helper(name+"_of", a, b)
			case t.Elem.Bits() < 64:
				return call(name, a, b)
			}
			op := map[string]string{"min": "<", "max": ">"}[name]
			return ternary(infix(a, op, precLess, b), a, b)
		})
	}
}

func overLanes(name string) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, in *kernel.Instr, a []expr) expr {
		if in.Args[0].Type.Lanes == 1 {
			return a[0]
		}
		return call(name, a[0])
	}
}

// dotBytes adds up products of 4 neighbouring bytes, which Metal has no instruction for.
func (g *gen) dotBytes(in *kernel.Instr, a []expr) expr {
	e := g.neighbours(in, 4, "int")
	return wrapped(kernel.Type{Elem: host.I32, Lanes: 1}, "+", precAdd, a[2], e)
}

func (g *gen) dotHalf(in *kernel.Instr, a []expr) expr {
	if in.Result.Type.Lanes == 1 {
		return infix(a[2], "+", precAdd, g.neighbours(in, 2, "float"))
	}
	sum := g.named(in.Args[2])
	return g.each(in.Result.Type, func(i int) expr {
		e := component(sum, i)
		for k := range 2 {
			e = infix(e, "+", precAdd, infix(call("float", g.lane(in.Args[0], 2*i+k)), "*", precMul, call("float", g.lane(in.Args[1], 2*i+k))))
		}
		return e
	})
}

// neighbours are the products of a number's neighbours, added up.
func (g *gen) neighbours(in *kernel.Instr, times int, in32 string) expr {
	var e expr
	for k := range times {
		p := infix(call(in32, g.lane(in.Args[0], k)), "*", precMul, call(in32, g.lane(in.Args[1], k)))
		if k == 0 {
			e = p
		} else {
			e = infix(e, "+", precAdd, p)
		}
	}
	return e
}
