package nn

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// steps builds the operations of an expansion. Its methods give up, through a panic that expansion recovers, at the first
// error, so that a formula reads as one.
type steps struct {
	b  *ir.Builder
	op *ir.Op
}

type stepsError struct{ err error }

// expansion makes an Expand from a function that builds the one result, in the type that narrow floats are computed in.
func expansion(fn func(s *steps) *ir.Value) func(*ir.Builder, *ir.Op) ([]*ir.Value, error) {
	return func(b *ir.Builder, op *ir.Op) (out []*ir.Value, err error) {
		defer func() {
			if r := recover(); r != nil {
				failed, ok := r.(stepsError)
				if !ok {
					panic(r)
				}
				err = op.Errorf("expanding: %v", failed.err)
			}
		}()
		s := &steps{b, op}
		return []*ir.Value{s.cast(fn(s), op.Result().Type.Elem)}, nil
	}
}

func (s *steps) do(def *ir.OpDef, operands ...*ir.Value) *ir.Value {
	return s.with(def, nil, operands...)
}

func (s *steps) with(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	v, err := s.b.One(def, attrs, operands...)
	if err != nil {
		panic(stepsError{err})
	}
	return v
}

func (s *steps) typed(def *ir.OpDef, attrs ir.Attrs, t ir.Type, operands ...*ir.Value) *ir.Value {
	v, err := s.b.Typed(def, attrs, t, operands...)
	if err != nil {
		panic(stepsError{err})
	}
	return v
}

func (s *steps) cast(v *ir.Value, e host.Elem) *ir.Value {
	if v.Type.Elem == e {
		return v
	}
	return s.typed(tensor.Cast, nil, v.Type.WithElem(e), v)
}

// in is operand i in the type it is computed in, or nil where it is absent.
func (s *steps) in(i int) *ir.Value {
	v := s.op.Operand(i)
	if v == nil || v.Type.Elem.Class() != host.ClassF32 {
		return v
	}
	return s.cast(v, host.F32)
}

// num is a number of the type that operand 0 is computed in.
func (s *steps) num(x float64) *ir.Value {
	e := s.op.In(0).Elem
	if e.Class() == host.ClassF32 {
		e = host.F32
	}
	return s.typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(x))}, ir.TensorOf(e))
}

func (s *steps) add(a, b *ir.Value) *ir.Value { return s.do(tensor.Add, a, b) }
func (s *steps) sub(a, b *ir.Value) *ir.Value { return s.do(tensor.Sub, a, b) }
func (s *steps) mul(a, b *ir.Value) *ir.Value { return s.do(tensor.Mul, a, b) }
func (s *steps) div(a, b *ir.Value) *ir.Value { return s.do(tensor.Div, a, b) }

// clamp limits v to lo..hi.
func (s *steps) clamp(v *ir.Value, lo, hi float64) *ir.Value {
	return s.do(tensor.Min, s.do(tensor.Max, v, s.num(lo)), s.num(hi))
}

// reduce keeps the reduced axes with size 1.
func (s *steps) reduce(def *ir.OpDef, v *ir.Value, axes ...int) *ir.Value {
	return s.with(def, ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("keep_dims", ir.Bool(true))}, v)
}

func (s *steps) reshape(v *ir.Value, shape ...ir.Dim) *ir.Value {
	return s.typed(tensor.Reshape, nil, v.Type.WithShape(shape...), v)
}

func (s *steps) expand(v *ir.Value, shape ...ir.Dim) *ir.Value {
	return s.typed(tensor.Expand, nil, v.Type.WithShape(shape...), v)
}

// swap exchanges the last two axes.
func (s *steps) swap(v *ir.Value) *ir.Value {
	perm := make([]int, v.Type.Rank())
	for i := range perm {
		perm[i] = i
	}
	r := len(perm)
	perm[r-2], perm[r-1] = r-1, r-2
	return s.with(tensor.Transpose, ir.Attrs{ir.Set("perm", ir.OfInts(perm...))}, v)
}

func (s *steps) slice(v *ir.Value, axis int, start, stop ir.Dim) *ir.Value {
	return s.with(tensor.Slice, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.OfDim(start)), ir.Set("stop", ir.OfDim(stop))}, v)
}
