package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// linalgOps are matrix products, decompositions and the Fourier transform. All take batches: the matrices are the last
// two axes.
var linalgOps = []*ir.OpDef{MatMul, Inverse, Solve, SolveTriangular, Det, LU, Permutation, LDL, SolveLDL, Cholesky, QR, Reflectors, MultiplyQ,
	SVD, Eigh, Eig, MatrixExp, FFT}

// MatMul multiplies matrices.
var MatMul = &ir.OpDef{
	Name: "tensor.matmul",
	Doc: "The matrix product of a [..., m, k] and b [..., k, n]; leading axes broadcast. Floats narrower than f32 are summed " +
		"as f32 and rounded once; integers wrap.",
	Operands: []ir.Arg{ir.In("a", ir.Numbers), ir.InWeight("b", ir.Numbers, []int{-1}, []int{-2})},
	Results:  []ir.Arg{ir.Out("y", ir.Numbers)},
	Traits:   ir.Anchor,
	Work:     func(op *ir.Op) ir.Dim { return op.Result().Type.NumElements().Mul(op.In(0).Shape[op.In(0).Rank()-1]) },
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		e, err := ir.SameElem(op)
		if err != nil {
			return nil, err
		}
		a, b := op.In(0), op.In(1)
		if a.Rank() < 2 || b.Rank() < 2 {
			return nil, op.Errorf("a is %s, b is %s: both need at least two axes", a, b)
		}
		if err := c.Require(a.Shape[a.Rank()-1], ir.RelEQ, b.Shape[b.Rank()-2]); err != nil {
			return nil, op.Errorf("a is %s, b is %s: the inner sizes differ: %v", a, b, err)
		}
		shape, err := broadcastBatches(c, op, a, b)
		if err != nil {
			return nil, err
		}
		return []ir.Type{ir.TensorOf(e, append(shape, a.Shape[a.Rank()-2], b.Shape[b.Rank()-1])...)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.MatMul(c.Par(), in[0], in[1])
		return results(op, err, y)
	}),
	Example: `%y = tensor.matmul(%a: tensor<2x3xf32> = [1, 2, 3, 4, 5, 6], %b: tensor<3x2xf32> = [1, 0, 0, 1, 2, -1]) : tensor<2x2xf32> // [7, -1, 16, -1]
%y = tensor.matmul(%a: tensor<2x1x2xi64> = [1, 2, 3, 4], %b: tensor<2x1xi64> = [10, 1]) : tensor<2x1x1xi64> // [12, 34]`,
}

// broadcastBatches broadcasts all axes but the last two.
func broadcastBatches(c *ir.InferCtx, op *ir.Op, a, b ir.Type) ([]ir.Dim, error) {
	shape, err := c.Broadcast(a.Shape[:a.Rank()-2], b.Shape[:b.Rank()-2])
	if err != nil {
		return nil, op.Errorf("a is %s, b is %s: the leading axes: %v", a, b, err)
	}
	return slices.Clip(shape), nil
}

// square demands a batch of square matrices.
func square(c *ir.InferCtx, op *ir.Op, i int) (ir.Type, error) {
	t := op.In(i)
	name := op.Def.Operands[i].Name
	if t.Rank() < 2 {
		return t, op.Errorf("%s is %s, expected square matrices", name, t)
	}
	if err := c.Require(t.Shape[t.Rank()-2], ir.RelEQ, t.Shape[t.Rank()-1]); err != nil {
		return t, op.Errorf("%s is %s, expected square matrices: %v", name, t, err)
	}
	return t, nil
}

func inferSquare(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	t, err := square(c, op, 0)
	return []ir.Type{t}, err
}

// checkSingular is the attribute that makes a singular matrix an error.
func checkSingular(byDefault bool) ir.AttrDef {
	return ir.Default("check", ir.KindBool, ir.Bool(byDefault), "a singular matrix is an error; otherwise a division by its zero pivot gives infinities")
}

// Inverse inverts matrices.
var Inverse = &ir.OpDef{
	Name:     "tensor.inverse",
	Doc:      "The inverse of square matrices.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{checkSingular(true)},
	Infer:    inferSquare,
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Inverse(c.Par(), in[0], op.Bool("check"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.inverse(%x: tensor<2x2xf32> = [4, 2, 0, 1]) : tensor<2x2xf32> // [0.25, -0.5, 0, 1]`,
}

// Solve solves linear equations.
var Solve = &ir.OpDef{
	Name:     "tensor.solve",
	Doc:      "The matrix y [..., n, k] with a*y = b, for square a [..., n, n] and b [..., n, k]; leading axes broadcast.",
	Operands: []ir.Arg{ir.In("a", ir.FloatsComplex), ir.In("b", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{checkSingular(true)},
	Infer:    inferSolve,
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Solve(c.Par(), in[0], in[1], op.Bool("check"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.solve(%a: tensor<2x2xf32> = [0, 2, 4, 1], %b: tensor<2x1xf32> = [6, 11]) : tensor<2x1xf32> // [2, 3]`,
}

func inferSolve(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	e, err := ir.SameElem(op)
	if err != nil {
		return nil, err
	}
	a, err := square(c, op, 0)
	if err != nil {
		return nil, err
	}
	b := op.In(1)
	if b.Rank() < 2 {
		return nil, op.Errorf("b is %s, expected matrices", b)
	}
	if err := c.Require(a.Shape[a.Rank()-1], ir.RelEQ, b.Shape[b.Rank()-2]); err != nil {
		return nil, op.Errorf("a is %s, b is %s: the numbers of rows differ: %v", a, b, err)
	}
	shape, err := broadcastBatches(c, op, a, b)
	if err != nil {
		return nil, err
	}
	return []ir.Type{ir.TensorOf(e, append(shape, b.Shape[b.Rank()-2:]...)...)}, nil
}

// SolveTriangular solves linear equations with a triangular matrix.
var SolveTriangular = &ir.OpDef{
	Name:     "tensor.solve_triangular",
	Doc:      "The matrix y with a*y = b, as tensor.solve, where only one triangle of a is read. A zero on the diagonal gives infinities.",
	Operands: []ir.Arg{ir.In("a", ir.FloatsComplex), ir.In("b", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Attrs: []ir.AttrDef{
		ir.Default("upper", ir.KindBool, ir.Bool(false), "read the upper triangle, not the lower one"),
		ir.Default("unit", ir.KindBool, ir.Bool(false), "take the diagonal as 1"),
	},
	Infer: inferSolve,
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.SolveTriangular(c.Par(), in[0], in[1], op.Bool("upper"), op.Bool("unit"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.solve_triangular(%a: tensor<2x2xf32> = [2, 9, 5, 4], %b: tensor<2x1xf32> = [8, 12]) : tensor<2x1xf32> // [4, -2]`,
}

// Det gives determinants.
var Det = &ir.OpDef{
	Name:     "tensor.det",
	Doc:      "The determinant of square matrices.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		t, err := square(c, op, 0)
		if err != nil {
			return nil, err
		}
		return []ir.Type{t.WithShape(t.Shape[:t.Rank()-2]...)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.Det(c.Par(), in[0])
		return results(op, err, y)
	}),
	Example: `%y = tensor.det(%x: tensor<2x2x2xf32> = [1, 2, 3, 4, 1, 2, 2, 4]) : tensor<2xf32> // [-2, 0]`,
}

// FFT is the discrete Fourier transform.
var FFT = &ir.OpDef{
	Name: "tensor.fft",
	Doc: "The discrete Fourier transform along axes, without normalization: the sum of x[j] * exp(-2*pi*i*j*k/n), or with +2*pi*i for " +
		"the inverse one.",
	Operands: []ir.Arg{ir.In("x", ir.Complexes)},
	Results:  []ir.Arg{ir.Out("y", ir.Complexes)},
	Attrs: []ir.AttrDef{
		ir.Require("axes", ir.KindInts, "the axes to transform"),
		ir.Default("inverse", ir.KindBool, ir.Bool(false), "use the other sign in the exponent"),
	},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := checkAxes(op, op.In(0)); err != nil {
			return nil, err
		}
		return []ir.Type{op.In(0)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.FFT(c.Par(), in[0], op.Ints("axes"), op.Bool("inverse"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.fft(%x: tensor<4xc128> = [1, 0, 2, 0, 3, 0, 4, 0]) {axes = [0]} : tensor<4xc128> // [10, 0, -2, 2, -2, 0, -2, -2]`,
}
