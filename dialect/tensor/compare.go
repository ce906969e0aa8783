package tensor

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Comparisons; every one with NaN is false, except ne.
var (
	Eq = predicate("eq", "Whether a equals b.", 2, ir.AnyElem, ir.Commutative,
		host.Predicate{Bool: eqLoop[bool], I64: eqLoop[int64], U64: eqLoop[uint64], F32: eqLoop[float32], F64: eqLoop[float64], C64: eqLoop[complex64], C128: eqLoop[complex128]},
		`%y = tensor.eq(%a: tensor<3xf32> = [1, nan, 3], %b: tensor<3xf32> = [1, nan, 4]) : tensor<3xbool> // [true, false, false]`)
	Ne = predicate("ne", "Whether a differs from b.", 2, ir.AnyElem, ir.Commutative,
		host.Predicate{Bool: neLoop[bool], I64: neLoop[int64], U64: neLoop[uint64], F32: neLoop[float32], F64: neLoop[float64], C64: neLoop[complex64], C128: neLoop[complex128]},
		`%y = tensor.ne(%a: tensor<3xf32> = [1, nan, 3], %b: tensor<3xf32> = [1, nan, 4]) : tensor<3xbool> // [false, true, true]`)
	Lt = predicate("lt", "Whether a is less than b; false is less than true.", 2, ir.AnyElem, 0,
		host.Predicate{Bool: ltBool, I64: ltLoop[int64], U64: ltLoop[uint64], F32: ltLoop[float32], F64: ltLoop[float64]},
		`%y = tensor.lt(%a: tensor<3xi64> = [1, 2, 3], %b: tensor<i64> = [2]) : tensor<3xbool> // [true, false, false]`)
	Le = predicate("le", "Whether a is less than b or equal.", 2, ir.AnyElem, 0,
		host.Predicate{Bool: leBool, I64: leLoop[int64], U64: leLoop[uint64], F32: leLoop[float32], F64: leLoop[float64]},
		`%y = tensor.le(%a: tensor<3xi64> = [1, 2, 3], %b: tensor<i64> = [2]) : tensor<3xbool> // [true, true, false]`)
	Gt = predicate("gt", "Whether a is greater than b; true is greater than false.", 2, ir.AnyElem, 0,
		host.Predicate{Bool: swapped(ltBool), I64: swapped(ltLoop[int64]), U64: swapped(ltLoop[uint64]), F32: swapped(ltLoop[float32]), F64: swapped(ltLoop[float64])},
		`%y = tensor.gt(%a: tensor<3xi64> = [1, 2, 3], %b: tensor<i64> = [2]) : tensor<3xbool> // [false, false, true]`)
	Ge = predicate("ge", "Whether a is greater than b or equal.", 2, ir.AnyElem, 0,
		host.Predicate{Bool: swapped(leBool), I64: swapped(leLoop[int64]), U64: swapped(leLoop[uint64]), F32: swapped(leLoop[float32]), F64: swapped(leLoop[float64])},
		`%y = tensor.ge(%a: tensor<3xi64> = [1, 2, 3], %b: tensor<i64> = [2]) : tensor<3xbool> // [false, true, true]`)
)

// Where chooses between two tensors.
var Where = &ir.OpDef{
	Name:     "tensor.where",
	Doc:      "a where the condition is true, b elsewhere. Nothing is computed on the elements, so a NaN in the one not chosen does no harm.",
	Operands: []ir.Arg{ir.In("cond", ir.Booleans), ir.In("a", ir.AnyElem), ir.In("b", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Traits:   ir.Elementwise,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		a, b := op.In(1), op.In(2)
		if a.Elem != b.Elem {
			return nil, op.Errorf("a is %s, b is %s: cast one of them", a, b)
		}
		shape, err := broadcast(c, op)
		if err != nil {
			return nil, err
		}
		return []ir.Type{ir.TensorOf(a.Elem, shape...)}, nil
	},
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		shape, err := broadcastHost(in)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		out, err := host.Alloc(in[1].Elem, shape)
		if err == nil {
			err = host.Where(c.Par(), out, in[0], in[1], in[2])
		}
		return results(op, err, out)
	},
	Example: `%y = tensor.where(%cond: tensor<3xbool> = [true, false, true], %a: tensor<3xf32> = [1, 2, 3], %b: tensor<f32> = [nan]) : tensor<3xf32> // [1, nan, 3]`,
}

var compareOps = []*ir.OpDef{Eq, Ne, Lt, Le, Gt, Ge, Where}

func eqLoop[T comparable](dst []bool, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] == b[i]
	}
}

func neLoop[T comparable](dst []bool, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] != b[i]
	}
}

func ltLoop[T float | integer](dst []bool, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] < b[i]
	}
}

func leLoop[T float | integer](dst []bool, src [][]T) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = a[i] <= b[i]
	}
}

func ltBool(dst []bool, src [][]bool) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = !a[i] && b[i]
	}
}

func leBool(dst []bool, src [][]bool) {
	a, b := src[0], src[1]
	for i := range dst {
		dst[i] = !a[i] || b[i]
	}
}

// swapped is the loop with its operands exchanged.
func swapped[T any](loop func([]bool, [][]T)) func([]bool, [][]T) {
	return func(dst []bool, src [][]T) { loop(dst, [][]T{src[1], src[0]}) }
}
