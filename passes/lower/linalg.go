package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// linalg holds the targets of linear algebra beyond products.
func linalg(t *Table) {
	for _, target := range []string{"aten.linalg_inv", "aten.inverse"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			return c.One(tensor.Inverse, nil, c.matrix())
		}))
	}
	t.Add("aten.linalg_inv_ex", All(func(c *Call) []*ir.Value {
		return []*ir.Value{c.One(tensor.Inverse, nil, c.Value("A")), c.noError(1)}
	}))
	t.Add("aten.linalg_solve", One(func(c *Call) *ir.Value { return c.solve(c.Value("A"), c.Value("B"), c.Bool("left")) }))
	t.Add("aten.linalg_solve_ex", All(func(c *Call) []*ir.Value {
		return []*ir.Value{c.solve(c.Value("A"), c.Value("B"), c.Bool("left")), c.noError(1)}
	}))
	cholesky := func(c *Call, x *ir.Value) *ir.Value {
		return c.One(tensor.Cholesky, ir.Attrs{ir.Set("upper", ir.Bool(c.Bool("upper")))}, x)
	}
	for _, target := range []string{"aten.linalg_cholesky", "aten.cholesky"} {
		t.Add(target, One(func(c *Call) *ir.Value { return cholesky(c, c.self()) }))
	}
	t.Add("aten.linalg_cholesky_ex", All(func(c *Call) []*ir.Value { return []*ir.Value{cholesky(c, c.Value("self")), c.noError(1)} }))
	t.Add("aten.linalg_det", One(func(c *Call) *ir.Value { return c.One(tensor.Det, nil, c.Value("A")) }))
	t.Add("aten.det", One(func(c *Call) *ir.Value { return c.One(tensor.Det, nil, c.Value("self")) }))
	t.Add("aten.linalg_svdvals", One(func(c *Call) *ir.Value { return c.Emit(tensor.SVD, nil, c.Value("A"))[1] }))
	t.Add("aten.linalg_slogdet", All(func(c *Call) []*ir.Value { return c.slogdet(c.Value("A")) }))
	t.Add("aten.slogdet", All(func(c *Call) []*ir.Value { return c.slogdet(c.Value("self")) }))
	t.Add("aten.logdet", One(func(c *Call) *ir.Value { return c.Log(c.One(tensor.Det, nil, c.Value("self"))) }))
	t.Add("aten._linalg_det", All(func(c *Call) []*ir.Value {
		return c.withFactors([]*ir.Value{c.One(tensor.Det, nil, c.Value("A"))})
	}))
	t.Add("aten._linalg_slogdet", All(func(c *Call) []*ir.Value { return c.withFactors(c.slogdet(c.Value("A"))) }))
	t.Add("aten._linalg_solve_ex", All(func(c *Call) []*ir.Value {
		vs := c.withFactors([]*ir.Value{c.solve(c.Value("A"), c.Value("B"), c.Bool("left"))})
		return append(vs, c.noError(3))
	}))
	svd := All(func(c *Call) []*ir.Value {
		a := c.Value("A")
		uv := !c.Has("compute_uv") || c.Bool("compute_uv")
		if rank := a.Type.Rank(); uv && c.Bool("full_matrices") && !a.Type.Shape[rank-2].Equal(a.Type.Shape[rank-1]) {
			c.Failf("full_matrices=True is supported for square matrices only, found %s; pass full_matrices=False", a.Type)
		}
		vs := slices.Clone(c.Emit(tensor.SVD, nil, a))
		if !uv {
			vs[0], vs[2] = nil, nil
		}
		return c.absentEmpty(vs)
	})
	t.Add("aten.linalg_svd", svd)
	t.Add("aten._linalg_svd", svd)
	t.Add("aten.linalg_qr", All(func(c *Call) []*ir.Value {
		return c.Emit(tensor.QR, ir.Attrs{ir.Set("complete", ir.Bool(c.Str("mode") == "complete"))}, c.Value("A"))
	}))
	for _, target := range []string{"aten.linalg_eigh", "aten.linalg_eigvalsh", "aten._linalg_eigh"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs := c.Emit(tensor.Eigh, ir.Attrs{ir.Set("upper", ir.Bool(c.Str("UPLO") == "U"))}, c.matrix())
			return vs[:c.Results()]
		}))
	}
	for _, target := range []string{"aten.linalg_lu_factor", "aten.linalg_lu_factor_ex", "aten._lu_with_info"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs := slices.Clone(c.Emit(tensor.LU, nil, c.matrix()))
			if c.Results() == 3 {
				vs = append(vs, c.noError(2))
			}
			return vs
		}))
	}
	t.Add("aten.linalg_solve_triangular", One(func(c *Call) *ir.Value {
		a, b, upper := c.Value("self"), c.Value("B"), c.Bool("upper")
		attrs := func(upper bool) ir.Attrs {
			return ir.Attrs{ir.Set("upper", ir.Bool(upper)), ir.Set("unit", ir.Bool(c.Bool("unitriangular")))}
		}
		if c.Bool("left") {
			return c.One(tensor.SolveTriangular, attrs(upper), a, b)
		}
		return c.Swap(c.One(tensor.SolveTriangular, attrs(!upper), c.Swap(a, -2, -1), c.Swap(b, -2, -1)), -2, -1)
	}))
	for _, target := range []string{"aten.linalg_pinv", "aten.pinverse"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if x.Type.NumElements().Equal(ir.Const(0)) {
				return c.Fill(ir.Int(0), c.Result(0))
			}
			u, s, v := c.singular(x)
			inverted := c.Where(c.Compare(tensor.Gt, c.Abs(s), c.tolerance(x, s)), c.Reciprocal(s), c.Like(s, 0))
			return c.One(tensor.MatMul, nil, c.Mul(v, c.Unsqueeze(inverted, -2)), c.Swap(u, -2, -1))
		}))
	}
	t.Add("aten.linalg_matrix_rank", One(func(c *Call) *ir.Value {
		x := c.self()
		if x.Type.NumElements().Equal(ir.Const(0)) {
			return c.Fill(ir.Int(0), c.Result(0))
		}
		_, s, _ := c.singular(x)
		above := c.Compare(tensor.Gt, c.Abs(s), c.tolerance(x, s))
		return c.Sum(c.Cast(above, host.I64), false, s.Type.Rank()-1)
	}))
	t.Add("aten.cholesky_inverse", One(func(c *Call) *ir.Value {
		l := c.Value("self")
		a, b := l, c.adjoint(l)
		if c.Bool("upper") {
			a, b = b, a
		}
		return c.One(tensor.Inverse, nil, c.One(tensor.MatMul, nil, a, b))
	}))
	t.Add("aten.cholesky_solve", One(func(c *Call) *ir.Value {
		b, l, upper := c.Value("self"), c.Value("input2"), c.Bool("upper")
		first, second := l, c.adjoint(l)
		if upper {
			first, second = second, first
		}
		triangle := func(upper bool) ir.Attrs { return ir.Attrs{ir.Set("upper", ir.Bool(upper))} }
		return c.One(tensor.SolveTriangular, triangle(true), second, c.One(tensor.SolveTriangular, triangle(false), first, b))
	}))
	t.Add("aten.linalg_tensorinv", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		rows := product(x.Type.Shape[:c.Int("ind")])
		return c.ReshapeTo(c.One(tensor.Inverse, nil, c.Reshape(x, rows, rows)), c.Result(0))
	}))
	t.Add("aten.linalg_tensorsolve", One(func(c *Call) *ir.Value {
		a, b := c.Value("self"), c.Value("other")
		if c.Has("dims") { // these axes go to the end
			last := c.Ints("dims")
			for i, axis := range last {
				last[i] = c.axis(axis, a.Type.Rank())
			}
			perm := slices.DeleteFunc(axesFrom(0, a.Type.Rank()), func(i int) bool { return slices.Contains(last, i) })
			a = c.Transpose(a, append(perm, last...)...)
		}
		n := product(b.Type.Shape)
		y := c.One(tensor.Solve, nil, c.Reshape(a, n, n), c.Reshape(b, n, ir.Const(1)))
		return c.ReshapeTo(y, c.Result(0))
	}))
	t.Add("aten.linalg_vander", One(func(c *Call) *ir.Value {
		x, n := c.Out(c.Value("x")), c.Result(0).Shape[c.Result(0).Rank()-1]
		return c.Pow(c.Unsqueeze(x, -1), c.Count(n, x.Type.Elem))
	}))
	for _, target := range []string{"aten.linalg_matrix_power", "aten.matrix_power"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.matrixPower(c.Value("self"), c.Int("n")) }))
	}
}

// singular gives u, s and v with x = u*diag(s)*v'. For a matrix that is called hermitian these are the eigenvalues, and
// only its lower triangle counts.
func (c *Call) singular(x *ir.Value) (u, s, v *ir.Value) {
	if c.Has("hermitian") && c.Bool("hermitian") {
		vs := c.Emit(tensor.Eigh, nil, x)
		return vs[1], vs[0], vs[1]
	}
	vs := c.Emit(tensor.SVD, nil, x)
	return vs[0], vs[1], c.Swap(vs[2], -2, -1)
}

// adjoint is the conjugate transpose.
func (c *Call) adjoint(x *ir.Value) *ir.Value {
	if x.Type.Elem.IsComplex() {
		x = c.One(tensor.Conj, nil, x)
	}
	return c.Swap(x, -2, -1)
}

// tolerance is the size below which a singular value s [..., k] of x counts as 0, for each matrix.
func (c *Call) tolerance(x, s *ir.Value) *ir.Value {
	rank := x.Type.Rank()
	top := c.Reduce(tensor.ReduceMax, c.Abs(s), true, s.Type.Rank()-1)
	each := func(name string) *ir.Value { // a number, or one for each matrix
		v := c.Tensor(name, s.Type.Elem)
		if v.Type.Rank() > 0 {
			v = c.Unsqueeze(v, -1)
		}
		return v
	}
	switch {
	case c.Has("rcond"):
		return c.Mul(top, each("rcond"))
	case c.Has("tol"):
		return each("tol")
	}
	var tol *ir.Value
	if c.Has("rtol") {
		tol = c.Mul(top, each("rtol"))
	} else if a, known := asFloat(c.Arg("atol")); !c.Has("atol") || known && a == 0 {
		size := c.Size(x.Type.Shape[rank-2].Max(x.Type.Shape[rank-1]), s.Type.Elem)
		tol = c.Mul(top, c.MulN(size, epsilon[s.Type.Elem]))
	}
	if c.Has("atol") {
		if a := each("atol"); tol == nil {
			tol = a
		} else {
			tol = c.Max(tol, a)
		}
	}
	return tol
}

// matrix is the matrix argument, which is called A or self.
func (c *Call) matrix() *ir.Value {
	if c.Has("A") {
		return c.Value("A")
	}
	return c.Value("self")
}

// slogdet is the sign of the determinant and the logarithm of its absolute value, from the factors of the matrix.
func (c *Call) slogdet(a *ir.Value) []*ir.Value {
	fs := c.Emit(tensor.LU, nil, a)
	lu, pivots := fs[0], fs[1]
	rank := a.Type.Rank()
	n := a.Type.Shape[rank-1]
	places := c.Count(n, host.I64)
	d := c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(rank-2, rank-1))}, lu, places, places)
	exchanged := c.Compare(tensor.Ne, c.Cast(pivots, host.I64), c.Add(places, c.Const(ir.Int(1), host.I64)))
	swaps := c.Where(exchanged, c.Like(d, -1), c.Like(d, 1))
	sign := c.Reduce(tensor.Prod, c.Mul(c.One(tensor.Sign, nil, d), swaps), false, rank-2)
	return []*ir.Value{sign, c.Sum(c.Log(c.Abs(d)), false, rank-2)}
}

// withFactors appends the factors of the matrix A and their pivots, which some targets give as well.
func (c *Call) withFactors(vs []*ir.Value) []*ir.Value {
	n := len(vs)
	if !c.Used(n) && !c.Used(n+1) {
		return append(vs, nil, nil)
	}
	return append(vs, c.Emit(tensor.LU, nil, c.Value("A"))...)
}

// noError is the result that tells which matrices failed: none did, since the operation itself reports it.
func (c *Call) noError(i int) *ir.Value {
	if !c.Used(i) {
		return nil
	}
	return c.Fill(ir.Int(0), c.Result(i))
}

// solve gives X with A X = B, or X A = B. B is a batch of vectors where it has one axis less than A.
func (c *Call) solve(a, b *ir.Value, left bool) *ir.Value {
	vector := b.Type.Rank() == 1 || c.Result(0).Rank() == b.Type.Rank() && b.Type.Rank() == a.Type.Rank()-1
	switch {
	case vector:
		return c.Squeeze(c.One(tensor.Solve, nil, a, c.Unsqueeze(b, -1)), c.Result(0).Rank())
	case left:
		return c.One(tensor.Solve, nil, a, b)
	}
	return c.Swap(c.One(tensor.Solve, nil, c.Swap(a, -2, -1), c.Swap(b, -2, -1)), -2, -1)
}

func (c *Call) matrixPower(x *ir.Value, n int) *ir.Value {
	rank := x.Type.Rank()
	if n < 0 {
		return c.matrixPower(c.One(tensor.Inverse, nil, x), -n)
	}
	if n == 0 {
		eye := c.Compare(tensor.Eq, c.across(x.Type.Shape[rank-2], x.Type.Shape[rank-1]), c.Const(ir.Int(0), host.I64))
		return c.ExpandTo(c.Cast(eye, x.Type.Elem), x.Type)
	}
	var product *ir.Value
	for power := x; ; power = c.One(tensor.MatMul, nil, power, power) {
		if n&1 == 1 && product == nil {
			product = power
		} else if n&1 == 1 {
			product = c.One(tensor.MatMul, nil, product, power)
		}
		if n >>= 1; n == 0 {
			return product
		}
	}
}
