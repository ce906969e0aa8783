package msl

import (
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// rule is how an operation is written.
type rule struct {
	hint  string // the name of a result that gets one
	named bool   // it always does: the place where it is computed matters
	make  func(g *gen, in *kernel.Instr, a []expr) expr
}

// rules are the operations that Metal has, one entry each.
func rules() map[kernel.Op]rule {
	return map[kernel.Op]rule{
		kernel.Const:   {"c", false, constantValue},
		kernel.Index:   {"n", false, (*gen).indexValue},
		kernel.Bind:    {"", false, (*gen).bind},
		kernel.Within:  {"inside", false, (*gen).within},
		kernel.Load:    {"", true, (*gen).load},
		kernel.Store:   {"", false, (*gen).store},
		kernel.Splat:   {"v", false, func(g *gen, in *kernel.Instr, a []expr) expr { return call(typeName(in.Result.Type), a[0]) }},
		kernel.Lanes:   {"lanes", false, countLanes},
		kernel.Shuffle: {"v", false, (*gen).shuffle},
		kernel.Pick:    {"picked", false, (*gen).pick},
		kernel.Cast:    {"v", false, (*gen).cast},
		kernel.Bits: {"bits", false, func(g *gen, in *kernel.Instr, a []expr) expr {
			return call("as_type<"+typeName(in.Result.Type)+">", a[0])
		}},
		kernel.Select: {"v", false, (*gen).choose},

		kernel.Add:    {"v", false, arithmetic("+", precAdd)},
		kernel.Sub:    {"v", false, arithmetic("-", precAdd)},
		kernel.Mul:    {"v", false, arithmetic("*", precMul)},
		kernel.Div:    {"v", false, divided("/")},
		kernel.Rem:    {"v", false, divided("%")},
		kernel.Min:    {"least", false, func(g *gen, in *kernel.Instr, _ []expr) expr { return g.extreme("min", in.Args[0], in.Args[1]) }},
		kernel.Max:    {"most", false, func(g *gen, in *kernel.Instr, _ []expr) expr { return g.extreme("max", in.Args[0], in.Args[1]) }},
		kernel.Neg:    {"v", false, (*gen).negative},
		kernel.Abs:    {"v", false, (*gen).magnitude},
		kernel.MulAdd: {"v", false, function("fma")},

		kernel.And:        {"v", false, bitwise("&", "&&", precAnd)},
		kernel.Or:         {"v", false, bitwise("|", "||", precOr)},
		kernel.Xor:        {"v", false, (*gen).exclusive},
		kernel.Not:        {"v", false, (*gen).not},
		kernel.ShiftLeft:  {"v", false, (*gen).shiftLeft},
		kernel.ShiftRight: {"v", false, (*gen).shiftRight},

		kernel.Equal:     {"is", false, compared("==", precEqual)},
		kernel.Less:      {"is", false, compared("<", precLess)},
		kernel.LessEqual: {"is", false, compared("<=", precLess)},
		kernel.IsNaN:     {"is", false, function("isnan")},

		kernel.Sqrt:  {"root", false, function("precise::sqrt")},
		kernel.Rsqrt: {"r", false, function("precise::rsqrt")},
		kernel.Recip: {"r", false, func(g *gen, _ *kernel.Instr, a []expr) expr { return infix(atom("1.0f"), "/", precMul, a[0]) }},
		kernel.Exp:   {"e", false, function("precise::exp")},
		kernel.Exp2:  {"e", false, function("precise::exp2")},
		kernel.Log:   {"v", false, function("precise::log")},
		kernel.Log2:  {"v", false, function("precise::log2")},
		kernel.Sin:   {"v", false, function("precise::sin")},
		kernel.Cos:   {"v", false, function("precise::cos")},
		kernel.Tanh:  {"v", false, function("precise::tanh")},
		kernel.Erf:   {"v", false, (*gen).erf},
		kernel.Floor: {"v", false, function("floor")},
		kernel.Ceil:  {"v", false, function("ceil")},
		kernel.Round: {"v", false, function("rint")},
		kernel.Trunc: {"v", false, function("trunc")},

		kernel.Sum:      {"sum", false, (*gen).lanesSum},
		kernel.LanesMin: {"least", false, lanesExtreme("min")},
		kernel.LanesMax: {"most", false, lanesExtreme("max")},
		kernel.Any:      {"any_lane", false, overLanes("any")},
		kernel.All:      {"all_lanes", false, overLanes("all")},
		kernel.DotBytes: {"sum", false, (*gen).dotBytes},
		kernel.DotHalf:  {"sum", false, (*gen).dotHalf},

		kernel.Barrier:      {"", false, (*gen).barrier},
		kernel.GroupSum:     {"sum", true, func(g *gen, in *kernel.Instr, a []expr) expr { return g.together("simd_sum", in, a[0]) }},
		kernel.GroupMax:     {"most", true, (*gen).groupExtreme},
		kernel.GroupMin:     {"least", true, (*gen).groupExtreme},
		kernel.GroupShuffle: {"v", true, (*gen).groupShuffle},
		kernel.TileMulAdd:   {"acc", true, (*gen).tileMulAdd},
		kernel.TileLoad:     {"", true, (*gen).tileLoad},
		kernel.TileStore:    {"", false, (*gen).tileStore},
	}
}

func constantValue(_ *gen, in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	n := number(t.Elem, in.Number, in.Int)
	switch {
	case isTile(t):
		return atom("make_filled_simdgroup_matrix<%s, 8, 8>(%s)", elemName(t.Elem), n.text)
	case t.Lanes > 1:
		return call(typeName(t), n)
	}
	return n
}

func countLanes(g *gen, in *kernel.Instr, _ []expr) expr {
	t := in.Result.Type
	return g.each(t, func(i int) expr { return atom("%d", i) })
}

// unsignedOf is the type without sign in which integers of a type are computed, so that they wrap.
func unsignedOf(t kernel.Type) string { return vectorName(elemTypes[t.Elem].unsigned, t.Lanes) }

// wrapped computes on integers. Numbers of 8 and 16 bits are computed in 32; signed ones of more, and vectors, without their sign.
func wrapped(t kernel.Type, op string, prec int, a, b expr) expr {
	signed, narrow := t.Elem.Kind() == host.KindInt, t.Elem.Bits() < 32 && t.Lanes == 1
	switch {
	case narrow && t.Elem == host.U16 && op == "*":
		return call("ushort", infix(call("uint", a), op, prec, b))
	case narrow:
		return call(typeName(t), infix(a, op, prec, b))
	case signed:
		return call(typeName(t), infix(call(unsignedOf(t), a), op, prec, call(unsignedOf(t), b)))
	}
	return infix(a, op, prec, b)
}

func arithmetic(op string, prec int) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, in *kernel.Instr, a []expr) expr {
		if t := in.Result.Type; !t.Elem.IsFloat() {
			return wrapped(t, op, prec, a[0], a[1])
		}
		return infix(a[0], op, prec, a[1])
	}
}

func divided(op string) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, in *kernel.Instr, a []expr) expr {
		e := infix(a[0], op, precMul, a[1])
		if t := in.Result.Type; !t.Elem.IsFloat() && t.Elem.Bits() < 32 && t.Lanes == 1 {
			return call(typeName(t), e)
		}
		return e
	}
}

func bitwise(op, logical string, logicalPrec int) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, in *kernel.Instr, a []expr) expr {
		t := in.Result.Type
		switch {
		case t.Elem == host.Bool:
			return infix(a[0], logical, logicalPrec, a[1])
		case t.Elem.Bits() < 32 && t.Lanes == 1:
			return call(typeName(t), shifted(a[0], op, a[1]))
		}
		return shifted(a[0], op, a[1])
	}
}

func (g *gen) exclusive(in *kernel.Instr, a []expr) expr {
	if in.Result.Type.Elem != host.Bool {
		return bitwise("^", "", 0)(g, in, a)
	}
	return g.each(in.Result.Type, func(i int) expr {
		return infix(g.lane(in.Args[0], i), "!=", precEqual, g.lane(in.Args[1], i))
	})
}

func (g *gen) not(in *kernel.Instr, a []expr) expr {
	t := in.Result.Type
	switch {
	case t.Elem == host.Bool:
		return prefix("!", a[0])
	case t.Elem.Bits() < 32 && t.Lanes == 1:
		return call(typeName(t), prefix("~", a[0]))
	}
	return prefix("~", a[0])
}

func (g *gen) negative(in *kernel.Instr, a []expr) expr {
	if t := in.Result.Type; !t.Elem.IsFloat() {
		return wrapped(t, "-", precAdd, zero(t), a[0])
	}
	return prefix("-", a[0])
}

func (g *gen) magnitude(in *kernel.Instr, a []expr) expr {
	switch t := in.Result.Type; {
	case t.Elem.IsFloat():
		return call("abs", a[0])
	case t.Elem.Kind() != host.KindInt:
		return a[0]
	default:
		v := g.named(in.Args[0])
		return g.pickBy(t, infix(v, "<", precLess, zero(t)), wrapped(t, "-", precAdd, zero(t), v), v)
	}
}

// pickBy chooses between two values by a comparison.
func (g *gen) pickBy(t kernel.Type, cond, a, b expr) expr {
	if t.Lanes == 1 {
		return chosen(cond, a, b)
	}
	return call("select", b, a, cond)
}

func (g *gen) choose(in *kernel.Instr, a []expr) expr {
	t := in.Result.Type
	if t.Elem == host.Bool && t.Lanes > 1 {
		return g.each(t, func(i int) expr {
			return ternary(g.lane(in.Args[0], i), g.lane(in.Args[1], i), g.lane(in.Args[2], i))
		})
	}
	return g.pickBy(t, a[0], a[1], a[2])
}

func (g *gen) shiftLeft(in *kernel.Instr, a []expr) expr {
	t := in.Result.Type
	if g.isZero(in.Args[1]) {
		return a[0]
	}
	if t.Lanes == 1 && t.Elem.Bits() < 32 { // what is below 0 is not shifted
		return call(typeName(t), shifted(call("uint", a[0]), "<<", a[1]))
	}
	if t.Elem.Kind() == host.KindInt {
		return call(typeName(t), shifted(call(unsignedOf(t), a[0]), "<<", call(unsignedOf(t), a[1])))
	}
	return shifted(a[0], "<<", a[1])
}

func (g *gen) isZero(v *kernel.Value) bool {
	def := g.defs[v]
	return def != nil && def.Op == kernel.Const && def.Int == 0 && v.Type.Elem.IsInt()
}

func (g *gen) shiftRight(in *kernel.Instr, a []expr) expr {
	if g.isZero(in.Args[1]) {
		return a[0]
	}
	e := shifted(a[0], ">>", a[1])
	if t := in.Result.Type; t.Lanes == 1 && t.Elem.Bits() < 32 {
		return call(typeName(t), e)
	}
	return e
}

func compared(op string, prec int) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, _ *kernel.Instr, a []expr) expr { return infix(a[0], op, prec, a[1]) }
}

func function(name string) func(*gen, *kernel.Instr, []expr) expr {
	return func(_ *gen, _ *kernel.Instr, a []expr) expr { return call(name, a...) }
}

// extreme is the smaller or larger of two, of floats NaN where one is. Metal's own of two floats leaves NaN out.
func (g *gen) extreme(name string, a, b *kernel.Value) expr {
	t, x, y := a.Type, g.values[a], g.values[b]
	switch {
	case t.Elem.IsFloat():
		return g.helper(name+"_of"+laneSuffix(t.Lanes), x, y)
	case t.Lanes == 1 && t.Elem.Bits() < 64:
		return call(name, x, y)
	}
	x, y = g.named(a), g.named(b)
	op := map[string]string{"min": "<", "max": ">"}[name]
	return g.pickBy(t, infix(x, op, precLess, y), x, y)
}

func laneSuffix(lanes int) string { return vectorName("", lanes) }

// erf goes lane by lane.
func (g *gen) erf(in *kernel.Instr, _ []expr) expr {
	return g.each(in.Result.Type, func(i int) expr { return g.helper("erf_of", g.lane(in.Args[0], i)) })
}
