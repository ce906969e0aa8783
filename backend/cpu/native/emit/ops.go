package emit

import (
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// rule makes the code of an operation from its arguments. e is the element type of the first argument.
type rule func(g *gen, e host.Elem, a []value.Value) value.Value

// rules are the operations that need only their arguments.
func rules() map[kernel.Op]rule {
	return map[kernel.Op]rule{
		kernel.Select: func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.choose(a[0], a[1], a[2]) },

		kernel.Add: byKind((*gen).fadd, (*gen).add),
		kernel.Sub: byKind((*gen).fsub, (*gen).sub),
		kernel.Mul: byKind((*gen).fmul, (*gen).mul),
		kernel.Div: func(g *gen, e host.Elem, a []value.Value) value.Value {
			if e.IsFloat() {
				return g.fdiv(a[0], a[1])
			}
			q, _ := g.divide(e, a[0], a[1])
			return q
		},
		kernel.Rem: func(g *gen, e host.Elem, a []value.Value) value.Value {
			_, r := g.divide(e, a[0], a[1])
			return r
		},
		kernel.Min: func(g *gen, e host.Elem, a []value.Value) value.Value { return g.extreme(e, true, a[0], a[1]) },
		kernel.Max: func(g *gen, e host.Elem, a []value.Value) value.Value { return g.extreme(e, false, a[0], a[1]) },
		kernel.Neg: func(g *gen, e host.Elem, a []value.Value) value.Value {
			if e.IsFloat() {
				return g.block.NewFNeg(a[0])
			}
			return g.sub(g.like(a[0], 0), a[0])
		},
		kernel.Abs: func(g *gen, e host.Elem, a []value.Value) value.Value {
			switch {
			case e.IsFloat():
				return g.fabs(a[0])
			case !signed(e):
				return a[0]
			}
			zero := g.bits(a[0], 0)
			return g.choose(g.icmp(enum.IPredSLT, a[0], zero), g.sub(zero, a[0]), a[0])
		},
		kernel.MulAdd: func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.fma(a[0], a[1], a[2]) },
		kernel.And:    func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.and(a[0], a[1]) },
		kernel.Or:     func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.or(a[0], a[1]) },
		kernel.Xor:    func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.xor(a[0], a[1]) },
		kernel.Not:    func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.xor(a[0], g.bits(a[0], -1)) },
		kernel.ShiftLeft: func(g *gen, _ host.Elem, a []value.Value) value.Value {
			over := g.icmp(enum.IPredUGE, a[1], g.bits(a[1], int64(widthOf(a[1]))))
			return g.choose(over, g.bits(a[0], 0), g.block.NewShl(a[0], g.choose(over, g.bits(a[1], 0), a[1])))
		},
		kernel.ShiftRight: func(g *gen, e host.Elem, a []value.Value) value.Value {
			most := g.bits(a[1], int64(widthOf(a[1]))-1)
			over := g.icmp(enum.IPredUGT, a[1], most)
			if signed(e) {
				return g.block.NewAShr(a[0], g.choose(over, most, a[1]))
			}
			return g.choose(over, g.bits(a[0], 0), g.block.NewLShr(a[0], g.choose(over, most, a[1])))
		},

		kernel.Equal:     compare(enum.FPredOEQ, enum.IPredEQ, enum.IPredEQ),
		kernel.Less:      compare(enum.FPredOLT, enum.IPredSLT, enum.IPredULT),
		kernel.LessEqual: compare(enum.FPredOLE, enum.IPredSLE, enum.IPredULE),
		kernel.IsNaN:     func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.isNaN(a[0]) },

		kernel.Sqrt: overloaded("sqrt"),
		kernel.Rsqrt: func(g *gen, _ host.Elem, a []value.Value) value.Value {
			return g.fdiv(g.like(a[0], 1), g.over("sqrt", a[0]))
		},
		kernel.Recip: func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.fdiv(g.like(a[0], 1), a[0]) },
		kernel.Exp:   function(kernel.Exp, (*gen).exp, (*gen).exp64),
		kernel.Exp2:  function(kernel.Exp2, (*gen).exp2, (*gen).exp264),
		kernel.Log:   function(kernel.Log, (*gen).log, (*gen).log64),
		kernel.Log2:  function(kernel.Log2, (*gen).log2, (*gen).log264),
		kernel.Sin:   function(kernel.Sin, (*gen).sin, nil),
		kernel.Cos:   function(kernel.Cos, (*gen).cos, nil),
		kernel.Tanh:  function(kernel.Tanh, (*gen).tanh, (*gen).tanh64),
		kernel.Erf:   function(kernel.Erf, (*gen).erf, nil),
		kernel.Floor: overloaded("floor"),
		kernel.Ceil:  overloaded("ceil"),
		kernel.Round: overloaded("nearbyint"), // in the rounding mode that programs start with: to even
		kernel.Trunc: overloaded("trunc"),

		kernel.Sum:      folded(kernel.Add),
		kernel.LanesMin: folded(kernel.Min),
		kernel.LanesMax: folded(kernel.Max),
		kernel.Any:      folded(kernel.Or),
		kernel.All:      folded(kernel.And),
		kernel.Pick:     func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.pickLanes(a[0], a[1]) },
		kernel.DotBytes: func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.dotBytes(a[0], a[1], a[2]) },
		kernel.DotHalf:  func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.dotHalf(a[0], a[1], a[2]) },
	}
}

// instr makes the code of an instruction and gives its result.
func (g *gen) instr(in *kernel.Instr) value.Value {
	switch in.Op {
	case kernel.Const:
		return g.constant(in)
	case kernel.Index:
		v := g.dim(in.Index)
		if in.Result.Type.Elem == host.I32 {
			v = g.block.NewTrunc(v, types.I32)
		}
		return g.splat(v, in.Result.Type.Lanes)
	case kernel.Bind:
		g.bind(in)
		return nil
	case kernel.Within:
		return g.within(in)
	case kernel.Load:
		return g.loadLanes(in)
	case kernel.Store:
		g.storeLanes(in)
		return nil
	case kernel.Splat:
		return g.splat(g.values[in.Args[0]], in.Result.Type.Lanes)
	case kernel.Lanes:
		return count(held(in.Result.Type.Elem).(*types.IntType), in.Result.Type.Lanes)
	case kernel.Shuffle:
		return g.shuffled(in)
	case kernel.Cast:
		return g.cast(g.values[in.Args[0]], in.Args[0].Type.Elem, in.Result.Type.Elem)
	case kernel.Bits:
		v := g.values[in.Args[0]]
		return g.block.NewBitCast(v, shaped(held(in.Result.Type.Elem), in.Result.Type.Lanes))
	}
	r := g.rules[in.Op]
	if r == nil {
		refuse("%s has no code for a CPU", in.Op)
	}
	args := make([]value.Value, len(in.Args))
	for i, a := range in.Args {
		args[i] = g.values[a]
	}
	return r(g, in.Args[0].Type.Elem, args)
}

func (g *gen) constant(in *kernel.Instr) value.Value {
	t := in.Result.Type
	switch e := held(t.Elem).(type) {
	case *types.FloatType:
		return splatConst(float(e, in.Number), t.Lanes)
	case *types.IntType:
		if t.Elem == host.BF16 {
			refuse("a constant of bf16")
		}
		if e.BitSize == 1 {
			return splatConst(constant.NewBool(in.Int != 0), t.Lanes)
		}
		return splatConst(constant.NewInt(e, in.Int), t.Lanes)
	}
	return nil
}

func (g *gen) shuffled(in *kernel.Instr) value.Value {
	a := g.vector(g.values[in.Args[0]])
	b := g.poison(a)
	if len(in.Args) == 2 {
		b = g.vector(g.values[in.Args[1]])
	}
	v := g.shuffle(a, b, in.Lane)
	if len(in.Lane) == 1 {
		return g.block.NewExtractElement(v, constant.NewInt(types.I64, 0))
	}
	return v
}

func signed(e host.Elem) bool { return e.Kind() == host.KindInt }

func byKind(f, n func(g *gen, a, b value.Value) value.Value) rule {
	return func(g *gen, e host.Elem, a []value.Value) value.Value {
		if e.IsFloat() {
			return f(g, a[0], a[1])
		}
		return n(g, a[0], a[1])
	}
}

func compare(f enum.FPred, s, u enum.IPred) rule {
	return func(g *gen, e host.Elem, a []value.Value) value.Value {
		switch {
		case e.IsFloat():
			return g.fcmp(f, a[0], a[1])
		case signed(e):
			return g.icmp(s, a[0], a[1])
		}
		return g.icmp(u, a[0], a[1])
	}
}

func overloaded(name string) rule {
	return func(g *gen, _ host.Elem, a []value.Value) value.Value { return g.over(name, a[0]) }
}

// function chooses between the formulas for f32 and f64.
func function(op kernel.Op, single, double func(g *gen, x value.Value) value.Value) rule {
	return func(g *gen, e host.Elem, a []value.Value) value.Value {
		f := single
		if e == host.F64 {
			f = double
		}
		if f == nil {
			refuse("there is no native code for %s of f64", op)
		}
		return f(g, a[0])
	}
}

// divide gives the quotient toward zero and the remainder of integers. Where the machine would trap, by zero and by the
// least number over -1, the quotient is 0 and the least number.
func (g *gen) divide(e host.Elem, a, b value.Value) (q, r value.Value) {
	zero, one := g.bits(b, 0), g.bits(b, 1)
	byZero := g.icmp(enum.IPredEQ, b, zero)
	if !signed(e) {
		q = g.block.NewUDiv(a, g.choose(byZero, one, b))
		q = g.choose(byZero, zero, q)
		return q, g.choose(byZero, zero, g.sub(a, g.mul(q, b)))
	}
	minus := g.icmp(enum.IPredEQ, b, g.bits(b, -1))
	q = g.block.NewSDiv(a, g.choose(g.or(byZero, minus), one, b))
	q = g.choose(byZero, zero, g.choose(minus, g.sub(zero, a), q))
	return q, g.choose(byZero, zero, g.sub(a, g.mul(q, b)))
}

func (g *gen) isNaN(a value.Value) value.Value { return g.fcmp(enum.FPredUNO, a, a) }

// extreme is the lesser or the greater; NaN if either float is. Of zeros the negative is the lesser.
func (g *gen) extreme(e host.Elem, least bool, a, b value.Value) value.Value {
	if !e.IsFloat() {
		pred := map[[2]bool]enum.IPred{
			{true, true}: enum.IPredSLT, {true, false}: enum.IPredULT, {false, true}: enum.IPredSGT, {false, false}: enum.IPredUGT,
		}[[2]bool{least, signed(e)}]
		return g.choose(g.icmp(pred, a, b), a, b)
	}
	if g.machine.Name == "neon" { // one instruction there, and exactly this
		if least {
			return g.over("minimum", a, b)
		}
		return g.over("maximum", a, b)
	}
	pred := enum.FPredOGT
	if least {
		pred = enum.FPredOLT
	}
	m := g.choose(g.fcmp(pred, a, b), a, b) // b where they are equal or either is NaN
	if _, ok := b.(constant.Constant); !ok {
		ai, bi := g.asInt(a), g.asInt(b)
		both := g.and(ai, bi)
		if least {
			both = g.or(ai, bi)
		}
		m = g.choose(g.fcmp(enum.FPredOEQ, a, b), g.block.NewBitCast(both, a.Type()), m)
	}
	return g.choose(g.isNaN(a), a, m)
}

// folded combines lanes in a fixed order: the upper half with the lower one, until one is left. What has no partner stays.
func folded(op kernel.Op) rule {
	return func(g *gen, e host.Elem, a []value.Value) value.Value {
		v := a[0]
		for n := lanesOf(v); n > 1; n = lanesOf(v) {
			half := (n + 1) / 2
			low := g.part(v, 0, n/2)
			low = g.rules[op](g, e, []value.Value{low, g.part(v, half, n/2)})
			if n%2 == 1 {
				low = g.append(low, g.lane(v, half-1))
			}
			v = low
		}
		return v
	}
}

// append puts one more lane at the end.
func (g *gen) append(v, x value.Value) value.Value {
	n := lanesOf(v)
	wide := g.shuffle(g.vector(v), g.poison(g.vector(v)), append(run(0, n, 1), 0))
	return g.block.NewInsertElement(wide, x, constant.NewInt(types.I64, int64(n)))
}
