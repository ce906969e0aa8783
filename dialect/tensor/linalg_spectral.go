package tensor

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// SVD gives singular values and vectors.
var SVD = &ir.OpDef{
	Name: "tensor.svd",
	Doc: "The singular values s [..., k] of matrices [..., m, n], descending and real, and unitary u [..., m, k] and vh [..., k, n] with " +
		"u*diag(s)*vh = x; k is min(m, n). The signs or phases of the vectors are arbitrary.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("u", ir.FloatsComplex), ir.Out("s", ir.Floats), ir.Out("vh", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{ir.Default("full", ir.KindBool, ir.Bool(false), "u is [..., m, m] and vh [..., n, n], with further vectors")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		types, err := matrixParts(func(op *ir.Op, m, n, k ir.Dim) [][]ir.Dim {
			if op.Bool("full") {
				return [][]ir.Dim{{m, m}, {k}, {n, n}}
			}
			return [][]ir.Dim{{m, k}, {k}, {k, n}}
		})(c, op)
		if err == nil {
			types[1] = types[1].WithElem(partElem(types[1].Elem))
		}
		return types, err
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		u, s, vh, err := host.SVD(c.Par(), in[0], op.Bool("full"))
		return results(op, err, u, s, vh)
	}),
	Example: `%u, %s, %vh = tensor.svd(%x: tensor<2x2xf32> = [0, 2, 3, 0]) : tensor<2x2xf32>, tensor<2xf32>, tensor<2x2xf32> // [0, 1, 1, 0]; [3, 2]; [1, 0, 0, 1]`,
}

// Eigh gives eigenvalues and eigenvectors of symmetric matrices.
var Eigh = &ir.OpDef{
	Name: "tensor.eigh",
	Doc: "The eigenvalues w [..., n] of symmetric or Hermitian matrices, ascending and real, and as columns of v the eigenvectors. One " +
		"triangle of x is read. The signs or phases of the vectors are arbitrary.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("w", ir.Floats), ir.Out("v", ir.FloatsComplex)},
	Attrs:    []ir.AttrDef{ir.Default("upper", ir.KindBool, ir.Bool(false), "read the upper triangle, not the lower one")},
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		types, err := squareParts(func(n ir.Dim) [][]ir.Dim { return [][]ir.Dim{{n}, {n, n}} })(c, op)
		if err == nil {
			types[0] = types[0].WithElem(partElem(types[0].Elem))
		}
		return types, err
	},
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		w, v, err := host.Eigh(c.Par(), in[0], op.Bool("upper"))
		return results(op, err, w, v)
	}),
	Example: `%w, %v = tensor.eigh(%x: tensor<2x2xf32> = [2, 0, 0, 3]) : tensor<2xf32>, tensor<2x2xf32> // [2, 3]; [-1, 0, 0, -1]`,
}

// Eig gives eigenvalues and eigenvectors of any square matrices.
var Eig = &ir.OpDef{
	Name: "tensor.eig",
	Doc: "The eigenvalues w [..., n] of square matrices, and as columns of v the eigenvectors of length 1, whose largest element is real and " +
		"positive. Both are complex; conjugate eigenvalues of a real matrix follow each other, the order is arbitrary otherwise.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("w", ir.Complexes), ir.Out("v", ir.Complexes)},
	Infer: withElems(squareParts(func(n ir.Dim) [][]ir.Dim { return [][]ir.Dim{{n}, {n, n}} }), 0, func(e host.Elem) host.Elem {
		if e.IsComplex() {
			return e
		}
		return complexElem(e)
	}),
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		w, v, err := host.Eig(c.Par(), in[0])
		return results(op, err, w, v)
	}),
	Example: `%w, %v = tensor.eig(%x: tensor<2x2xf64> = [3, 0, 0, 2]) : tensor<2xc128>, tensor<2x2xc128> // [complex(3, 0), complex(2, 0)]; [complex(1, 0), complex(0, 0), complex(0, 0), complex(1, 0)]`,
}

// MatrixExp gives exponentials of matrices.
var MatrixExp = &ir.OpDef{
	Name:     "tensor.matrix_exp",
	Doc:      "The exponential of square matrices, the sum of their powers x^i/i!.",
	Operands: []ir.Arg{ir.In("x", ir.FloatsComplex)},
	Results:  []ir.Arg{ir.Out("y", ir.FloatsComplex)},
	Infer:    inferSquare,
	Eval: unpacked(func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		y, err := host.MatrixExp(c.Par(), in[0])
		return results(op, err, y)
	}),
	Example: `%y = tensor.matrix_exp(%x: tensor<2x2xf32> = [0, 3, 0, 0]) : tensor<2x2xf32> // [1, 3, 0, 1]`,
}
