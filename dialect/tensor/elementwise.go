package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

type inferFunc = func(*ir.InferCtx, *ir.Op) ([]ir.Type, error)
type evaluation = func(*ir.EvalCtx, *ir.Op, []*host.Tensor) ([]*host.Tensor, error)

// Elementwise makes an operation of any dialect whose operands, named x or a and b, and result have one type; k has a loop
// for each compute class the operation is defined for. It is all that an elementwise operation for every type takes.
func Elementwise(name, doc string, arity int, elems ir.ElemSet, traits ir.Trait, k host.Kernel, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     name,
		Doc:      doc,
		Operands: operands(arity, elems),
		Results:  []ir.Arg{ir.Out("y", elems)},
		Traits:   ir.Elementwise | traits,
		Infer:    inferElementwise(k.Has, sameElem),
		Eval: evalElementwise(sameElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
			return host.Map(c.Par(), &k, out, in...)
		}),
		Example: example,
	}
}

func elementwise(name, doc string, arity int, elems ir.ElemSet, traits ir.Trait, k host.Kernel, example string) *ir.OpDef {
	return Elementwise("tensor."+name, doc, arity, elems, traits, k, example)
}

// predicate makes an elementwise operation with a bool result.
func predicate(name, doc string, arity int, elems ir.ElemSet, traits ir.Trait, k host.Predicate, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "tensor." + name,
		Doc:      doc,
		Operands: operands(arity, elems),
		Results:  []ir.Arg{ir.Out("y", ir.Booleans)},
		Traits:   ir.Elementwise | traits,
		Infer:    inferElementwise(k.Has, boolElem),
		Eval: evalElementwise(boolElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
			return host.Test(c.Par(), &k, out, in...)
		}),
		Example: example,
	}
}

func unary(name, doc string, elems ir.ElemSet, k host.Kernel, example string) *ir.OpDef {
	return elementwise(name, doc, 1, elems, 0, k, example)
}

func binary(name, doc string, elems ir.ElemSet, traits ir.Trait, k host.Kernel, example string) *ir.OpDef {
	return elementwise(name, doc, 2, elems, traits, k, example)
}

func operands(arity int, elems ir.ElemSet) []ir.Arg {
	if arity == 1 {
		return []ir.Arg{ir.In("x", elems)}
	}
	return []ir.Arg{ir.In("a", elems), ir.In("b", elems)}
}

func sameElem(e host.Elem) host.Elem { return e }
func boolElem(host.Elem) host.Elem   { return host.Bool }

// inferElementwise broadcasts the operands' shapes; result gives the result's element type from theirs.
func inferElementwise(has func(host.Class) bool, result func(host.Elem) host.Elem) inferFunc {
	return func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		e, err := ir.SameElem(op)
		if err != nil {
			return nil, err
		}
		if !has(e.Class()) {
			return nil, op.Errorf("is not defined for %s", e)
		}
		shape, err := broadcast(c, op)
		if err != nil {
			return nil, err
		}
		return []ir.Type{ir.TensorOf(result(e), shape...)}, nil
	}
}

func broadcast(c *ir.InferCtx, op *ir.Op) ([]ir.Dim, error) {
	shapes := make([][]ir.Dim, len(op.Operands))
	for i := range op.Operands {
		shapes[i] = op.In(i).Shape
	}
	shape, err := c.Broadcast(shapes...)
	if err != nil {
		types := op.In(0).String()
		for i := range op.Operands[1:] {
			types += ", " + op.In(1+i).String()
		}
		return nil, op.Errorf("operands %s: %v", types, err)
	}
	return shape, nil
}

// evalElementwise allocates the result and runs the loop.
func evalElementwise(result func(host.Elem) host.Elem, run func(*ir.EvalCtx, *host.Tensor, []*host.Tensor) error) evaluation {
	return func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		shape, err := broadcastHost(in)
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		out, err := host.Alloc(result(in[0].Elem), shape)
		if err == nil {
			err = run(c, out, in)
		}
		return results(op, err, out)
	}
}

func broadcastHost(in []*host.Tensor) ([]int, error) {
	shapes := make([][]int, len(in))
	for i, t := range in {
		shapes[i] = t.Shape
	}
	return host.BroadcastShapes(shapes...)
}

// statedType is the result type that a Typed operation states.
func statedType(op *ir.Op) (ir.Type, error) {
	if len(op.Results) != 1 {
		return ir.Type{}, op.Errorf("found %d stated result types, expected 1", len(op.Results))
	}
	return op.Results[0].Type, nil
}

// elementwiseOps are the operations of this family, in the order of the documentation.
var elementwiseOps = slices.Concat(unaryOps, specialOps, complexOps, binaryOps, compareOps, castOps, createOps)

// viaMath makes loops from functions on one number, for functions so slow that the call does not matter; f32 is computed
// in float64 and rounded. complexes may be nil.
func viaMath(floats func(float64) float64, complexes func(complex128) complex128) host.Kernel {
	k := host.Kernel{
		F32: func(dst []float32, src [][]float32) {
			for i, x := range src[0] {
				dst[i] = float32(floats(float64(x)))
			}
		},
		F64: func(dst []float64, src [][]float64) {
			for i, x := range src[0] {
				dst[i] = floats(x)
			}
		},
	}
	if complexes != nil {
		k.C64 = func(dst []complex64, src [][]complex64) {
			for i, x := range src[0] {
				dst[i] = complex64(complexes(complex128(x)))
			}
		}
		k.C128 = func(dst []complex128, src [][]complex128) {
			for i, x := range src[0] {
				dst[i] = complexes(x)
			}
		}
	}
	return k
}

// viaMath2 is viaMath for functions of two numbers.
func viaMath2(f func(a, b float64) float64) host.Kernel {
	return host.Kernel{
		F32: func(dst []float32, src [][]float32) {
			a, b := src[0], src[1]
			for i := range dst {
				dst[i] = float32(f(float64(a[i]), float64(b[i])))
			}
		},
		F64: func(dst []float64, src [][]float64) {
			a, b := src[0], src[1]
			for i := range dst {
				dst[i] = f(a[i], b[i])
			}
		},
	}
}
