package tensor

import (
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// matrixParts infers results whose matrices have sizes made of m, n and min(m, n), the sizes of x's.
func matrixParts(parts func(op *ir.Op, m, n, k ir.Dim) [][]ir.Dim) inferFunc {
	return func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		x := op.In(0)
		r := x.Rank() - 2
		if r < 0 {
			return nil, op.Errorf("x is %s, expected matrices", x)
		}
		m, n := x.Shape[r], x.Shape[r+1]
		var types []ir.Type
		for _, sizes := range parts(op, m, n, m.Min(n)) {
			types = append(types, x.WithShape(slices.Concat(x.Shape[:r], sizes)...))
		}
		return types, nil
	}
}

// squareParts is matrixParts for square matrices of n rows.
func squareParts(parts func(n ir.Dim) [][]ir.Dim) inferFunc {
	return func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := square(c, op, 0); err != nil {
			return nil, err
		}
		return matrixParts(func(_ *ir.Op, _, n, _ ir.Dim) [][]ir.Dim { return parts(n) })(c, op)
	}
}

// withElems gives the results from number first on an element type made of the operand's.
func withElems(infer inferFunc, first int, elem func(host.Elem) host.Elem) inferFunc {
	return func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		types, err := infer(c, op)
		if err != nil {
			return nil, err
		}
		for i, t := range types[first:] {
			types[first+i] = t.WithElem(elem(t.Elem))
		}
		return types, nil
	}
}

func i32Elem(host.Elem) host.Elem { return host.I32 }

// sameBatch demands that an operand has the leading axes of the first one, before its last few.
func sameBatch(c *ir.InferCtx, op *ir.Op, i, last int) error {
	a, b := op.In(0), op.In(i)
	r := b.Rank() - last
	if r < 0 || r != a.Rank()-2 {
		return op.Errorf("%s is %s beside %s, which is %s: the leading axes differ", op.Def.Operands[i].Name, b, op.Def.Operands[0].Name, a)
	}
	for k, d := range b.Shape[:r] {
		if err := c.Require(a.Shape[k], ir.RelEQ, d); err != nil {
			return op.Errorf("%s is %s beside %s, which is %s: axis %d: %v", op.Def.Operands[i].Name, b, op.Def.Operands[0].Name, a, k, err)
		}
	}
	return nil
}

// LU factors matrices with exchanges of rows.
var LU = &ir.OpDef{
	Name: "tensor.lu",
	Doc: "The factors of matrices [..., m, n] with exchanged rows, as LAPACK gives them: L below the diagonal (which is 1) and U in one " +
		"matrix, and the row, counted from 1, that each of the first min(m, n) rows was exchanged with in turn. info is the place of " +
		"the first zero on U's diagonal, counted from 1, or 0.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("lu", ir.FloatsComplex), ir.Out("pivots", ir.Index), ir.Out("info", ir.Index)},
	Attrs:    []ir.AttrDef{checkSingular(false)},
	Infer: withElems(matrixParts(func(_ *ir.Op, m, n, k ir.Dim) [][]ir.Dim {
		return [][]ir.Dim{{m, n}, {k}, {}}
	}), 1, i32Elem),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		lu, pivots, info, err := host.LU(c.Par(), in[0], op.Bool("check"))
		return results(op, err, lu, pivots, info)
	}),
	Example: `%lu, %p, %info = tensor.lu(%x: tensor<2x2xf32> = [1, 3, 2, 4]) : tensor<2x2xf32>, tensor<2xi32>, tensor<i32> // [2, 4, 0.5, 1]; [2, 2]; 0`,
}

// Permutation gives the order of the rows that pivots stand for.
var Permutation = &ir.OpDef{
	Name: "tensor.lu_permutation",
	Doc: "The order of n rows, counted from 0, that the exchanges of tensor.lu make: row i of L*U is row perm[i] of the matrix. " +
		"A pivot outside 1 to n is an error.",
	Operands: []ir.Arg{ir.In("pivots", ir.Index)},
	Results:  []ir.Arg{ir.Out("perm", ir.Index)},
	Attrs:    []ir.AttrDef{ir.Require("n", ir.KindDim, "the number of rows")},
	Infer: func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		p := op.In(0)
		if p.Rank() < 1 {
			return nil, op.Errorf("pivots are %s, expected at least one axis", p)
		}
		return []ir.Type{ir.TensorOf(host.I64, slices.Concat(p.Shape[:p.Rank()-1], []ir.Dim{op.Dim("n")})...)}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		n, err := c.Dim(op.Dim("n"))
		if err != nil {
			return nil, op.Errorf("%v", err)
		}
		perm, err := host.Permutation(c.Par(), in[0], n)
		return results(op, err, perm)
	}),
	Example: `%p = tensor.lu_permutation(%x: tensor<2xi32> = [3, 3]) {n = 3} : tensor<3xi64> // [2, 0, 1]`,
}

var hermitianAttr = ir.Default("hermitian", ir.KindBool, ir.Bool(false), "the matrix is Hermitian, not symmetric")

// LDL factors symmetric matrices that need not be definite.
var LDL = &ir.OpDef{
	Name: "tensor.ldl",
	Doc: "The factors L*D*L' of symmetric or Hermitian matrices with exchanged rows, as LAPACK's sytrf gives them for the lower " +
		"triangle, the only one that is read: D with blocks of one or two rows and below it L in one matrix, and pivots, counted from 1, " +
		"negative for the two rows of a block. info is the place of the first zero block, counted from 1, or 0.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("ld", ir.FloatsComplex), ir.Out("pivots", ir.Index), ir.Out("info", ir.Index)},
	Attrs:    []ir.AttrDef{hermitianAttr, checkSingular(false)},
	Infer:    withElems(squareParts(func(n ir.Dim) [][]ir.Dim { return [][]ir.Dim{{n, n}, {n}, {}} }), 1, i32Elem),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		ld, pivots, info, err := host.LDL(c.Par(), in[0], op.Bool("hermitian"), op.Bool("check"))
		return results(op, err, ld, pivots, info)
	}),
	Example: `%ld, %p, %info = tensor.ldl(%x: tensor<2x2xf32> = [4, 0, 2, 5]) : tensor<2x2xf32>, tensor<2xi32>, tensor<i32> // [4, 0, 0.5, 4]; [1, 2]; 0`,
}

// SolveLDL solves linear equations by the factors that LDL gives.
var SolveLDL = &ir.OpDef{
	Name:     "tensor.solve_ldl",
	Doc:      "The matrix y with a*y = b, where ld and pivots are the factors of a from tensor.ldl. A zero block gives infinities.",
	Operands: []ir.Arg{ir.In("ld", ir.FloatsComplex), ir.In("pivots", ir.Index), ir.In("b", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{hermitianAttr},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		a, err := square(c, op, 0)
		if err != nil {
			return nil, err
		}
		for i, last := range []int{2, 1, 2} {
			if err := sameBatch(c, op, i, last); err != nil {
				return nil, err
			}
		}
		n, r := a.Shape[a.Rank()-1], a.Rank()-2
		pivots, b := op.In(1), op.In(2)
		for _, d := range []ir.Dim{pivots.Shape[r], b.Shape[r]} {
			if err := c.Require(n, ir.RelEQ, d); err != nil {
				return nil, op.Errorf("ld is %s, pivots are %s, b is %s: the numbers of rows differ: %v", a, pivots, b, err)
			}
		}
		if a.Elem != b.Elem {
			return nil, op.Errorf("ld is %s, b is %s: cast one of them", a, b)
		}
		return []ir.Type{b}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.SolveLDL(c.Par(), in[0], in[1], in[2], op.Bool("hermitian"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.solve_ldl(%ld: tensor<2x2xf32> = [4, 0, 0.5, 4], %p: tensor<2xi32> = [1, 2], %b: tensor<2x1xf32> = [8, 12]) : tensor<2x1xf32> // [1, 2]`,
}

// Cholesky factors positive definite matrices.
var Cholesky = &ir.OpDef{
	Name: "tensor.cholesky",
	Doc: "The lower triangular L with L*L' = x, of which only the lower triangle is read; or with upper the upper triangular L' from the " +
		"upper triangle. info is the order of the first leading minor that is not positive definite, where the factorization stopped, or 0.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex), ir.Out("info", ir.Index)},
	Attrs: []ir.AttrDef{
		ir.Default("upper", ir.KindBool, ir.Bool(false), "give the upper triangular factor"),
		ir.Default("check", ir.KindBool, ir.Bool(true), "a matrix that is not positive definite is an error"),
	},
	Infer: withElems(squareParts(func(n ir.Dim) [][]ir.Dim { return [][]ir.Dim{{n, n}, {}} }), 1, i32Elem),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, info, err := host.Cholesky(c.Par(), in[0], op.Bool("upper"), op.Bool("check"))
		return results(op, err, y, info)
	}),
	Example: `%y, %info = tensor.cholesky(%x: tensor<2x2xf32> = [4, 2, 2, 10]) : tensor<2x2xf32>, tensor<i32> // [2, 0, 1, 3]; 0`,
}

// QR factors matrices.
var QR = &ir.OpDef{
	Name:     "tensor.qr",
	Doc:      "A unitary q [..., m, k] and an upper triangular r [..., k, n] with q*r = x, by Householder reflections with LAPACK's signs.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("q", ir.FloatsComplex), ir.Out("r", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{ir.Default("complete", ir.KindBool, ir.Bool(false), "k is m, not min(m, n)")},
	Infer: matrixParts(func(op *ir.Op, m, n, k ir.Dim) [][]ir.Dim {
		if op.Bool("complete") {
			k = m
		}
		return [][]ir.Dim{{m, k}, {k, n}}
	}),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		q, r, err := host.QR(c.Par(), in[0], op.Bool("complete"))
		return results(op, err, q, r)
	}),
	Example: `%q, %r = tensor.qr(%x: tensor<2x2xf64> = [3, 1, 4, 2]) : tensor<2x2xf64>, tensor<2x2xf64> // [-0.6, -0.8, -0.8, 0.6]; [-5, -2.2, 0, 0.4]`,
}

// Reflectors is the packed form of QR.
var Reflectors = &ir.OpDef{
	Name: "tensor.geqrf",
	Doc: "The QR factorization of matrices [..., m, n] in LAPACK's packed form: R, below its diagonal column i of v as the reflection " +
		"I - tau[i]*v*v', where v is 1 on the diagonal, and the min(m, n) factors tau.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("a", ir.FloatsComplex), ir.Out("tau", ir.FloatsComplex)},
	Infer:    matrixParts(func(_ *ir.Op, m, n, k ir.Dim) [][]ir.Dim { return [][]ir.Dim{{m, n}, {k}} }),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		a, tau, err := host.Reflectors(c.Par(), in[0])
		return results(op, err, a, tau)
	}),
	Example: `%a, %tau = tensor.geqrf(%x: tensor<2x2xf64> = [3, 1, 4, 2]) : tensor<2x2xf64>, tensor<2xf64> // [-5, -2.2, 0.5, 0.4]; [1.6, 0]`,
}

// MultiplyQ applies the reflections of a packed QR factorization.
var MultiplyQ = &ir.OpDef{
	Name:     "tensor.ormqr",
	Doc:      "Q*x, where Q [m, m] is the product of the reflections that tensor.geqrf packs in a [..., m, n] and tau [..., k]; x is [..., m, cols].",
	Operands: []ir.Arg{ir.In("a", ir.FloatsComplex), ir.In("tau", ir.FloatsComplex), ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{ir.Default("adjoint", ir.KindBool, ir.Bool(false), "multiply by the conjugate transpose of Q")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		if _, err := ir.SameElem(op); err != nil {
			return nil, err
		}
		for i, last := range []int{2, 1, 2} {
			if err := sameBatch(c, op, i, last); err != nil {
				return nil, err
			}
		}
		a, tau, x := op.In(0), op.In(1), op.In(2)
		r := a.Rank() - 2
		if err := c.Require(a.Shape[r], ir.RelEQ, x.Shape[r]); err != nil {
			return nil, op.Errorf("a is %s, x is %s: the numbers of rows differ: %v", a, x, err)
		}
		if err := c.Require(tau.Shape[r], ir.RelLE, a.Shape[r].Min(a.Shape[r+1])); err != nil {
			return nil, op.Errorf("a is %s, tau is %s: there are more factors than columns: %v", a, tau, err)
		}
		return []ir.Type{x}, nil
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.MultiplyQ(c.Par(), in[0], in[1], in[2], op.Bool("adjoint"))
		return results(op, err, y)
	}),
	Example: `%y = tensor.ormqr(%a: tensor<2x2xf64> = [-5, -2.2, 0.5, 0.4], %tau: tensor<2xf64> = [1.6, 0], %x: tensor<2x1xf64> = [1, 0]) : tensor<2x1xf64> // [-0.6, -0.8]`,
}
