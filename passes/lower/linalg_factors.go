package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// factorizations holds the targets that factor matrices and those that use the factors.
func factorizations(t *Table) {
	choleskys(t)
	pivoted(t)
	orthogonal(t)
}

// checkedFactors is checked; targets without that argument are errors where they fail.
func (c *Call) checkedFactors() ir.Attrs {
	if c.Has("check_errors") {
		return c.checked()
	}
	return ir.Attrs{ir.Set("check", ir.Bool(true))}
}

// choleskys holds the factors l of l*l'.
func choleskys(t *Table) {
	for _, target := range []string{"aten.linalg_cholesky", "aten.cholesky", "aten.linalg_cholesky_ex"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs := c.Emit(tensor.Cholesky, append(c.checkedFactors(), ir.Set("upper", ir.Bool(c.Bool("upper")))), c.Value("self"))
			return vs[:c.Results()]
		}))
	}
	t.Add("aten.cholesky_inverse", One(func(c *Call) *ir.Value {
		l := c.Value("self")
		if c.Bool("upper") {
			l = c.adjoint(l)
		}
		return c.choleskySolve(l, c.identity(l.Type))
	}))
	for _, target := range []string{"aten.cholesky_solve", "aten._cholesky_solve_helper"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			name := "A"
			if c.Has("input2") {
				name = "input2"
			}
			l := c.Value(name)
			if c.Bool("upper") {
				l = c.adjoint(l)
			}
			return c.choleskySolve(l, c.Value("self"))
		}))
	}
}

// pivoted holds the factorizations that exchange rows: LU and LDL.
func pivoted(t *Table) {
	for _, target := range []string{"aten.linalg_lu_factor", "aten.linalg_lu_factor_ex", "aten._lu_with_info"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			c.needPivot()
			return c.Emit(tensor.LU, c.checkedFactors(), c.matrix())[:c.Results()]
		}))
	}
	t.Add("aten.linalg_lu", All(func(c *Call) []*ir.Value {
		c.needPivot()
		vs := c.Emit(tensor.LU, nil, c.Value("A"))
		return append([]*ir.Value{c.permutationMatrix(vs[1], c.Result(0))}, c.triangles(vs[0])...)
	}))
	t.Add("aten.lu_unpack", All(func(c *Call) []*ir.Value {
		vs := make([]*ir.Value, 3)
		if c.Bool("unpack_pivots") {
			vs[0] = c.permutationMatrix(c.Value("LU_pivots"), c.Result(0))
		}
		if c.Bool("unpack_data") {
			copy(vs[1:], c.triangles(c.Value("LU_data")))
		}
		return c.absentEmpty(vs)
	}))
	t.Add("aten.lu_solve", One(func(c *Call) *ir.Value {
		return c.luSolve(c.Value("LU_data"), c.Value("LU_pivots"), c.Value("self"), false)
	}))
	t.Add("aten.linalg_lu_solve", One(func(c *Call) *ir.Value {
		lu, pivots, b, adjoint := c.Value("LU"), c.Value("pivots"), c.Value("B"), c.Bool("adjoint")
		if c.Bool("left") {
			return c.luSolve(lu, pivots, b, adjoint)
		}
		return c.adjoint(c.luSolve(lu, pivots, c.adjoint(b), !adjoint))
	}))
	for _, target := range []string{"aten.linalg_ldl_factor", "aten.linalg_ldl_factor_ex"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			return c.Emit(tensor.LDL, append(c.checkedFactors(), ir.Set("hermitian", ir.Bool(c.Bool("hermitian")))), c.Value("self"))[:c.Results()]
		}))
	}
	t.Add("aten.linalg_ldl_solve", One(func(c *Call) *ir.Value {
		vs := c.sameBatch([]*ir.Value{c.Value("LD"), c.Value("pivots"), c.Value("B")}, 2, 1, 2)
		return c.One(tensor.SolveLDL, ir.Attrs{ir.Set("hermitian", ir.Bool(c.Bool("hermitian")))}, vs...)
	}))
}

// orthogonal holds QR and the products with what it gives.
func orthogonal(t *Table) {
	qr := func(complete func(c *Call) bool) Lowering {
		return All(func(c *Call) []*ir.Value {
			vs := slices.Clone(c.Emit(tensor.QR, ir.Attrs{ir.Set("complete", ir.Bool(complete(c)))}, c.matrix()))
			if c.Has("mode") && c.Str("mode") == "r" {
				vs[0] = nil
			}
			return c.absentEmpty(vs)
		})
	}
	t.Add("aten.linalg_qr", qr(func(c *Call) bool { return c.Str("mode") == "complete" }))
	t.Add("aten.qr", qr(func(c *Call) bool { return !c.Bool("some") }))
	t.Add("aten.geqrf", All(func(c *Call) []*ir.Value { return c.Emit(tensor.Reflectors, nil, c.Value("self")) }))
	for _, names := range [][3]string{{"aten.linalg_householder_product", "input", "tau"}, {"aten.orgqr", "self", "input2"}} {
		t.Add(names[0], One(func(c *Call) *ir.Value {
			a, tau := c.Value(names[1]), c.Value(names[2])
			return c.One(tensor.MultiplyQ, nil, a, tau, c.identity(a.Type))
		}))
	}
	t.Add("aten.ormqr", One(func(c *Call) *ir.Value {
		a, tau, x, adjoint, left := c.Value("self"), c.Value("input2"), c.Value("input3"), c.Bool("transpose"), c.Bool("left")
		if !left { // x*Q is (Q'*x')'
			x, adjoint = c.adjoint(x), !adjoint
		}
		y := c.One(tensor.MultiplyQ, ir.Attrs{ir.Set("adjoint", ir.Bool(adjoint))}, a, tau, x)
		if !left {
			y = c.adjoint(y)
		}
		return y
	}))
}

// needPivot refuses factors without exchanges of rows, which PyTorch computes on GPUs only.
func (c *Call) needPivot() {
	if !c.Bool("pivot") {
		c.Failf("pivot=False is not supported; PyTorch itself has it on GPUs only: pass pivot=True")
	}
}

// choleskySolve gives x with l*l'*x = b for a lower triangular l.
func (c *Call) choleskySolve(l, b *ir.Value) *ir.Value {
	l = c.wide(l)
	return c.Out(c.triangular(c.adjoint(l), c.triangular(l, c.wide(b), false, false), true, false))
}

// permutationMatrix is P with P*L*U the matrix that was factored; its type is t.
func (c *Call) permutationMatrix(pivots *ir.Value, t ir.Type) *ir.Value {
	if t.Rank() < 2 {
		return nil
	}
	n := t.Shape[t.Rank()-1]
	rows := c.Iota(ir.TensorOf(host.I64, n, ir.Const(1)), 0, ir.Int(0), ir.Int(1))
	return c.Cast(c.Compare(tensor.Eq, rows, c.Unsqueeze(c.rowOrder(pivots, n), -2)), t.Elem)
}

// rowOrder is the order of n rows that the pivots of an LU factorization stand for.
func (c *Call) rowOrder(pivots *ir.Value, n ir.Dim) *ir.Value {
	return c.One(tensor.Permutation, ir.Attrs{ir.Set("n", ir.OfDim(n))}, pivots)
}

// triangles are the factors L and U that stand in one matrix [..., m, n].
func (c *Call) triangles(lu *ir.Value) []*ir.Value {
	rank := lu.Type.Rank()
	m, n := lu.Type.Shape[rank-2], lu.Type.Shape[rank-1]
	k := c.env().Simplify(m.Min(n))
	l := c.Slice(lu, rank-1, ir.Const(0), k, 1)
	u := c.Slice(lu, rank-2, ir.Const(0), k, 1)
	return []*ir.Value{c.Add(c.band(tensor.Lt, l), c.identity(l.Type)), c.band(tensor.Ge, u)}
}

// luSolve gives x with a*x = b, or a'*x = b, for the factors of a that tensor.lu gives.
func (c *Call) luSolve(lu, pivots, b *ir.Value, adjoint bool) *ir.Value {
	perm := c.rowOrder(pivots, lu.Type.Shape[lu.Type.Rank()-1])
	lu, b = c.wide(lu), c.wide(b)
	if !adjoint {
		y := c.triangular(lu, c.takeRows(b, perm), false, true)
		return c.Out(c.triangular(lu, y, true, false))
	}
	h := c.adjoint(lu)
	y := c.triangular(h, c.triangular(h, b, false, false), true, true)
	_, back := c.sorted(perm, perm.Type.Rank()-1, false)
	return c.Out(c.takeRows(y, back))
}

// takeRows puts the rows of matrices [..., n, k] in the order [..., n]; the other axes broadcast.
func (c *Call) takeRows(x, order *ir.Value) *ir.Value {
	vs := c.sameBatch([]*ir.Value{x, c.Unsqueeze(order, -1)}, 2, 2)
	return c.Gather(vs[0], c.ExpandTo(vs[1], vs[0].Type.WithElem(order.Type.Elem)), vs[0].Type.Rank()-2)
}
