package emit

import (
	"fmt"
	"math"
	"strings"

	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/ir/host"
)

// shaped gives a type for a number of lanes: one lane is a plain number.
func shaped(elem types.Type, lanes int) types.Type {
	if lanes == 1 {
		return elem
	}
	return types.NewVector(uint64(lanes), elem)
}

// lanesOf is the number of lanes of a value.
func lanesOf(v value.Value) int {
	if t, ok := v.Type().(*types.VectorType); ok {
		return int(t.Len)
	}
	return 1
}

// elemOf is the type of a value's lanes.
func elemOf(v value.Value) types.Type {
	if t, ok := v.Type().(*types.VectorType); ok {
		return t.ElemType
	}
	return v.Type()
}

// held gives the LLVM type that numbers of an element type have in registers. bf16 and the floats of a byte are their bits.
func held(e host.Elem) types.Type {
	switch e {
	case host.Bool:
		return types.I1
	case host.F16:
		return types.Half
	case host.F32:
		return types.Float
	case host.F64:
		return types.Double
	}
	return intType(e.Bits())
}

func intType(bits int) *types.IntType {
	switch bits {
	case 1:
		return types.I1
	case 8:
		return types.I8
	case 16:
		return types.I16
	case 32:
		return types.I32
	}
	return types.I64
}

// mangled is how the name of an intrinsic calls a type.
func mangled(t types.Type) string {
	switch t := t.(type) {
	case *types.VectorType:
		return fmt.Sprintf("v%d%s", t.Len, mangled(t.ElemType))
	case *types.IntType:
		return fmt.Sprintf("i%d", t.BitSize)
	case *types.FloatType:
		return map[types.FloatKind]string{types.FloatKindHalf: "f16", types.FloatKindFloat: "f32", types.FloatKindDouble: "f64"}[t.Kind]
	case pointer:
		return "p0"
	}
	return strings.ReplaceAll(t.String(), " ", "")
}

// splatConst is a constant in every lane.
func splatConst(c constant.Constant, lanes int) value.Value {
	if lanes == 1 {
		return c
	}
	elems := make([]constant.Constant, lanes)
	for i := range elems {
		elems[i] = c
	}
	return constant.NewVector(types.NewVector(uint64(lanes), c.Type()), elems...)
}

// float is the constant of a float type. llir cuts a mantissa that is too long, so it is rounded here.
func float(t *types.FloatType, x float64) constant.Constant {
	if t.Kind == types.FloatKindFloat && !math.IsNaN(x) {
		x = float64(float32(x))
	}
	c := constant.NewFloat(t, x)
	c.NaN = math.IsNaN(x)
	return c
}

// like makes a number a constant of another value's type.
func (g *gen) like(v value.Value, x float64) value.Value {
	switch t := elemOf(v).(type) {
	case *types.FloatType:
		return splatConst(float(t, x), lanesOf(v))
	case *types.IntType:
		return splatConst(constant.NewInt(t, int64(x)), lanesOf(v))
	}
	panic(fmt.Sprintf("no constant of type %s", v.Type()))
}

// bits makes an integer a constant of another integer's type.
func (g *gen) bits(v value.Value, x int64) value.Value {
	if elemOf(v).Equal(types.I1) {
		return splatConst(constant.NewBool(x != 0), lanesOf(v))
	}
	return splatConst(constant.NewInt(elemOf(v).(*types.IntType), x), lanesOf(v))
}

// splat puts a number in every lane.
func (g *gen) splat(v value.Value, lanes int) value.Value {
	if lanes == 1 {
		return v
	}
	if c, ok := v.(constant.Constant); ok {
		return splatConst(c, lanes)
	}
	t := types.NewVector(uint64(lanes), v.Type())
	one := g.block.NewInsertElement(constant.NewPoison(t), v, constant.NewInt(types.I64, 0))
	return g.block.NewShuffleVector(one, constant.NewPoison(t), constant.NewZeroInitializer(types.NewVector(uint64(lanes), types.I32)))
}

// shuffle chooses lanes of a, and of b where the number is beyond a's.
func (g *gen) shuffle(a, b value.Value, lanes []int) value.Value {
	index := make([]constant.Constant, len(lanes))
	for i, l := range lanes {
		index[i] = constant.NewInt(types.I32, int64(l))
	}
	return g.block.NewShuffleVector(a, b, constant.NewVector(types.NewVector(uint64(len(lanes)), types.I32), index...))
}

func (g *gen) poison(v value.Value) value.Value { return constant.NewPoison(v.Type()) }

// lane takes one lane out.
func (g *gen) lane(v value.Value, i int) value.Value {
	if lanesOf(v) == 1 {
		return v
	}
	return g.block.NewExtractElement(v, constant.NewInt(types.I64, int64(i)))
}

// part takes lanes [at, at+n) out.
func (g *gen) part(v value.Value, at, n int) value.Value {
	if n == lanesOf(v) {
		return v
	}
	if n == 1 {
		return g.lane(v, at)
	}
	return g.shuffle(v, g.poison(v), run(at, n, 1))
}

// join puts vectors of equal type one after the other.
func (g *gen) join(parts []value.Value) value.Value {
	for len(parts) > 1 {
		var pairs []value.Value
		for i := 0; i < len(parts); i += 2 {
			pairs = append(pairs, g.shuffle(parts[i], parts[i+1], run(0, 2*lanesOf(parts[i]), 1)))
		}
		parts = pairs
	}
	return parts[0]
}

func run(at, n, step int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = at + i*step
	}
	return list
}

// pure calls an intrinsic of LLVM by its full name.
func (g *gen) pure(name string, result types.Type, args ...value.Value) value.Value {
	return g.block.NewCall(g.intrinsic(name, result, args), args...)
}

// over calls an intrinsic that is named by the type of its arguments.
func (g *gen) over(name string, args ...value.Value) value.Value {
	t := args[0].Type()
	return g.pure("llvm."+name+"."+mangled(t), t, args...)
}

// The rest are LLVM's instructions under short names, for the formulas in other files.

func (g *gen) fma(a, b, c value.Value) value.Value { return g.over("fma", a, b, c) }
func (g *gen) fadd(a, b value.Value) value.Value   { return g.block.NewFAdd(a, b) }
func (g *gen) fsub(a, b value.Value) value.Value   { return g.block.NewFSub(a, b) }
func (g *gen) fmul(a, b value.Value) value.Value   { return g.block.NewFMul(a, b) }
func (g *gen) fdiv(a, b value.Value) value.Value   { return g.block.NewFDiv(a, b) }
func (g *gen) fabs(a value.Value) value.Value      { return g.over("fabs", a) }
func (g *gen) add(a, b value.Value) value.Value    { return g.block.NewAdd(a, b) }
func (g *gen) sub(a, b value.Value) value.Value    { return g.block.NewSub(a, b) }
func (g *gen) mul(a, b value.Value) value.Value    { return g.block.NewMul(a, b) }
func (g *gen) and(a, b value.Value) value.Value    { return g.block.NewAnd(a, b) }
func (g *gen) or(a, b value.Value) value.Value     { return g.block.NewOr(a, b) }
func (g *gen) xor(a, b value.Value) value.Value    { return g.block.NewXor(a, b) }

func (g *gen) shl(a value.Value, n int64) value.Value  { return g.block.NewShl(a, g.bits(a, n)) }
func (g *gen) lshr(a value.Value, n int64) value.Value { return g.block.NewLShr(a, g.bits(a, n)) }
func (g *gen) ashr(a value.Value, n int64) value.Value { return g.block.NewAShr(a, g.bits(a, n)) }

func (g *gen) fcmp(p enum.FPred, a, b value.Value) value.Value { return g.block.NewFCmp(p, a, b) }
func (g *gen) icmp(p enum.IPred, a, b value.Value) value.Value { return g.block.NewICmp(p, a, b) }
func (g *gen) choose(c, a, b value.Value) value.Value          { return g.block.NewSelect(c, a, b) }

// to gives a type of v's number of lanes.
func to(v value.Value, elem types.Type) types.Type { return shaped(elem, lanesOf(v)) }

// asInt and asFloat show a number's bits as the other kind of the same width.
func (g *gen) asInt(v value.Value) value.Value {
	return g.block.NewBitCast(v, to(v, intType(widthOf(v))))
}

func (g *gen) asFloat(v value.Value) value.Value {
	t := types.Float
	if widthOf(v) == 64 {
		t = types.Double
	}
	return g.block.NewBitCast(v, to(v, t))
}

func widthOf(v value.Value) int {
	switch t := elemOf(v).(type) {
	case *types.IntType:
		return int(t.BitSize)
	case *types.FloatType:
		return map[types.FloatKind]int{types.FloatKindHalf: 16, types.FloatKindFloat: 32, types.FloatKindDouble: 64}[t.Kind]
	}
	return 64
}
