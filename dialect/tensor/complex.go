package tensor

import (
	"math"
	"math/cmplx"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// partElem is the element type of a complex type's parts; a real type is its own part.
func partElem(e host.Elem) host.Elem {
	switch e {
	case host.C64:
		return host.F32
	case host.C128:
		return host.F64
	}
	return e
}

// Abs is an operation of its own kind: a complex operand gives a real result.
var Abs = &ir.OpDef{
	Name:     "tensor.abs",
	Doc:      "The absolute value; of a complex number its magnitude, a real number.",
	Operands: []ir.Arg{ir.In("x", ir.Numbers)},
	Results:  []ir.Arg{ir.Out("y", ir.Reals)},
	Traits:   ir.Elementwise,
	Infer:    inferElementwise(func(host.Class) bool { return true }, partElem),
	Eval: evalElementwise(partElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
		if in[0].Elem.IsComplex() {
			return mapParts(c, cmplx.Abs, out, in[0])
		}
		return host.Map(c.Par(), &absKernel, out, in...)
	}),
	Example: `%y = tensor.abs(%x: tensor<3xf32> = [-1.5, 2, -inf]) : tensor<3xf32> // [1.5, 2, inf]`,
}

var absKernel = host.Kernel{I64: absInt, U64: absUint, F32: absLoop[float32], F64: absLoop[float64]}

// The parts of complex numbers.
var (
	Real = partOp("real", "The real part.", func(x complex128) float64 { return real(x) },
		`%y = tensor.real(%x: tensor<2xc64> = [complex(1, 2), complex(-3, 4)]) : tensor<2xf32> // [1, -3]`)
	Imag = partOp("imag", "The imaginary part.", func(x complex128) float64 { return imag(x) },
		`%y = tensor.imag(%x: tensor<2xc64> = [complex(1, 2), complex(-3, 4)]) : tensor<2xf32> // [2, 4]`)
	Angle = partOp("angle", "The angle from the positive real axis, between -pi and pi.", cmplx.Phase,
		`%y = tensor.angle(%x: tensor<2xc64> = [complex(0, 2), complex(1, 0)]) : tensor<2xf32> // [1.5707964, 0]`)
	Conj = unary("conj", "The complex conjugate.", ir.Complexes, withComplex(host.Kernel{}, cmplx.Conj),
		`%y = tensor.conj(%x: tensor<1xc64> = [complex(1, 2)]) : tensor<1xc64> // [complex(1, -2)]`)
)

// Complex joins two real tensors.
var Complex = &ir.OpDef{
	Name:     "tensor.complex",
	Doc:      "The complex number with the given real and imaginary parts.",
	Operands: []ir.Arg{ir.In("re", ir.Floats), ir.In("im", ir.Floats)},
	Results:  []ir.Arg{ir.Out("y", ir.Complexes)},
	Traits:   ir.Elementwise,
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		e, err := ir.SameElem(op)
		if err != nil {
			return nil, err
		}
		if e != host.F32 && e != host.F64 {
			return nil, op.Errorf("re is %s, expected f32 or f64", e)
		}
		shape, err := broadcast(c, op)
		if err != nil {
			return nil, err
		}
		return []ir.Type{ir.TensorOf(complexElem(e), shape...)}, nil
	},
	Eval: evalElementwise(complexElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
		if out.Elem == host.C64 {
			return host.Apply(c.Par(), joinLoop64, out, in...)
		}
		return host.Apply(c.Par(), joinLoop128, out, in...)
	}),
	Example: `%y = tensor.complex(%re: tensor<2xf32> = [1, 2], %im: tensor<2xf32> = [3, -4]) : tensor<2xc64> // [complex(1, 3), complex(2, -4)]`,
}

var complexOps = []*ir.OpDef{Real, Imag, Conj, Angle, Complex}

func complexElem(e host.Elem) host.Elem {
	if e == host.F64 {
		return host.C128
	}
	return host.C64
}

func partOp(name, doc string, part func(complex128) float64, example string) *ir.OpDef {
	return &ir.OpDef{
		Name:     "tensor." + name,
		Doc:      doc,
		Operands: []ir.Arg{ir.In("x", ir.Complexes)},
		Results:  []ir.Arg{ir.Out("y", ir.Floats)},
		Traits:   ir.Elementwise,
		Infer:    inferElementwise(func(host.Class) bool { return true }, partElem),
		Eval: evalElementwise(partElem, func(c *ir.EvalCtx, out *host.Tensor, in []*host.Tensor) error {
			return mapParts(c, part, out, in[0])
		}),
		Example: example,
	}
}

func mapParts(c *ir.EvalCtx, part func(complex128) float64, out, in *host.Tensor) error {
	if out.Elem == host.F32 {
		return host.Apply(c.Par(), func(dst []float32, src [][]complex64) {
			for i, x := range src[0] {
				dst[i] = float32(part(complex128(x)))
			}
		}, out, in)
	}
	return host.Apply(c.Par(), func(dst []float64, src [][]complex128) {
		for i, x := range src[0] {
			dst[i] = part(x)
		}
	}, out, in)
}

func joinLoop64(dst []complex64, src [][]float32) {
	re, im := src[0], src[1]
	for i := range dst {
		dst[i] = complex(re[i], im[i])
	}
}

func joinLoop128(dst []complex128, src [][]float64) {
	re, im := src[0], src[1]
	for i := range dst {
		dst[i] = complex(re[i], im[i])
	}
}

// Tests of single numbers.
var (
	IsNaN = predicate("is_nan", "Whether the number is NaN; of a complex number, whether a part is.", 1, ir.FloatsComplex, 0,
		host.Predicate{F32: nanLoop[float32], F64: nanLoop[float64], C64: nanLoop[complex64], C128: nanLoop[complex128]},
		`%y = tensor.is_nan(%x: tensor<3xf32> = [1, nan, inf]) : tensor<3xbool> // [false, true, false]`)
	IsInf = predicate("is_inf", "Whether the number is infinite; of a complex number, whether a part is.", 1, ir.FloatsComplex, 0,
		host.Predicate{F32: infLoop[float32], F64: infLoop[float64], C64: infComplex[complex64], C128: infComplex[complex128]},
		`%y = tensor.is_inf(%x: tensor<3xf32> = [1, nan, -inf]) : tensor<3xbool> // [false, false, true]`)
)

func nanLoop[T float | complexNumber](dst []bool, src [][]T) {
	for i, x := range src[0] {
		dst[i] = x != x
	}
}

func infLoop[T float](dst []bool, src [][]T) {
	for i, x := range src[0] {
		dst[i] = math.IsInf(float64(x), 0)
	}
}

func infComplex[T complexNumber](dst []bool, src [][]T) {
	for i, x := range src[0] {
		dst[i] = cmplx.IsInf(complex128(x))
	}
}
