package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// linalg holds the targets of linear algebra beyond products: equations and determinants here, factorizations and
// eigenvalues in files of their own.
func linalg(t *Table) {
	factorizations(t)
	spectra(t)
	for _, target := range []string{"aten.linalg_inv", "aten.inverse"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.One(tensor.Inverse, nil, c.matrix()) }))
	}
	t.Add("aten.linalg_inv_ex", All(func(c *Call) []*ir.Value {
		a := c.Value("A")
		return []*ir.Value{c.One(tensor.Inverse, c.checked(), a), c.singularInfo(1, a)}
	}))
	t.Add("aten.linalg_solve", One(func(c *Call) *ir.Value { return c.solve(nil) }))
	t.Add("aten.linalg_solve_ex", All(func(c *Call) []*ir.Value {
		return []*ir.Value{c.solve(c.checked()), c.singularInfo(1, c.Value("A"))}
	}))
	t.Add("aten._linalg_solve_ex", All(func(c *Call) []*ir.Value {
		return append(c.withFactors([]*ir.Value{c.solve(c.checked())}), c.singularInfo(3, c.Value("A")))
	}))
	for _, target := range []string{"aten.linalg_det", "aten.det"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.One(tensor.Det, nil, c.matrix()) }))
	}
	for _, target := range []string{"aten.linalg_slogdet", "aten.slogdet"} {
		t.Add(target, All(func(c *Call) []*ir.Value { return c.slogdet(c.matrix()) }))
	}
	t.Add("aten.logdet", One(logdet))
	t.Add("aten._linalg_det", All(func(c *Call) []*ir.Value {
		return c.withFactors([]*ir.Value{c.One(tensor.Det, nil, c.Value("A"))})
	}))
	t.Add("aten._linalg_slogdet", All(func(c *Call) []*ir.Value { return c.withFactors(c.slogdet(c.Value("A"))) }))
	t.Add("aten.linalg_solve_triangular", One(func(c *Call) *ir.Value {
		a, b, upper, unit := c.Value("self"), c.Value("B"), c.Bool("upper"), c.Bool("unitriangular")
		if c.Bool("left") {
			return c.triangular(a, b, upper, unit)
		}
		return c.Swap(c.triangular(c.Swap(a, -2, -1), c.Swap(b, -2, -1), !upper, unit), -2, -1)
	}))
	t.Add("aten.triangular_solve", All(triangularSolve))
	t.Add("aten.linalg_tensorinv", One(tensorInverse))
	t.Add("aten.linalg_tensorsolve", One(tensorSolve))
	for _, target := range []string{"aten.linalg_vander", "aten.vander"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x, n := c.Out(c.Value("x")), c.Result(0).Shape[c.Result(0).Rank()-1]
			powers := c.Cast(c.Count(n, realOf(x.Type.Elem)), x.Type.Elem)
			if c.Has("increasing") && !c.Bool("increasing") {
				powers = c.Flip(powers, 0)
			}
			return c.ReshapeTo(c.Pow(c.Unsqueeze(x, -1), powers), c.Result(0)) // a single number counts as one row
		}))
	}
	for _, target := range []string{"aten.linalg_matrix_power", "aten.matrix_power"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.matrixPower(c.Value("self"), c.Int("n")) }))
	}
	for _, target := range []string{"aten.linalg_matrix_exp", "aten.matrix_exp"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.One(tensor.MatrixExp, nil, c.Value("self")) }))
	}
}

// logdet is the logarithm of the determinant; NaN where that is negative.
func logdet(c *Call) *ir.Value {
	vs := c.slogdet(c.Value("self"))
	sign, size := vs[0], vs[1]
	if sign.Type.Elem.IsComplex() {
		return c.Add(c.Log(sign), c.Cast(size, sign.Type.Elem))
	}
	return c.Where(c.Compare(tensor.Lt, sign, c.Like(sign, 0)), c.Like(size, math.NaN()), size)
}

// triangularSolve gives the solution, and the matrix as it is.
func triangularSolve(c *Call) []*ir.Value {
	a, b, upper := c.Value("A"), c.Value("self"), c.Bool("upper")
	m := a
	if c.Bool("transpose") {
		m, upper = c.Swap(a, -2, -1), !upper
	}
	return []*ir.Value{c.triangular(m, b, upper, c.Bool("unitriangular")), c.ExpandTo(a, c.Result(1))}
}

// tensorInverse is the inverse of the matrix whose rows are the first ind axes.
func tensorInverse(c *Call) *ir.Value {
	x, ind := c.Value("self"), c.Int("ind")
	if ind < 1 || ind >= x.Type.Rank() {
		c.Failf("ind is %d, expected 1 to %d, the axes of %s that stand for rows", ind, x.Type.Rank()-1, x.Type)
	}
	rows := product(x.Type.Shape[:ind])
	return c.ReshapeTo(c.One(tensor.Inverse, nil, c.Reshape(x, rows, rows)), c.Result(0))
}

// tensorSolve solves the square equations that the axes of other make, which the axes dims of self go behind.
func tensorSolve(c *Call) *ir.Value {
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
}

// matrix is the matrix argument, which is called A or self.
func (c *Call) matrix() *ir.Value {
	if c.Has("A") {
		return c.Value("A")
	}
	return c.Value("self")
}

// checked is the attribute that says whether a matrix that cannot be factored is an error, as the call asks.
func (c *Call) checked() ir.Attrs {
	return ir.Attrs{ir.Set("check", ir.Bool(c.Has("check_errors") && c.Bool("check_errors")))}
}

// singularInfo is result i: where a has its first zero pivot, for each matrix.
func (c *Call) singularInfo(i int, a *ir.Value) *ir.Value {
	if !c.Used(i) {
		return nil
	}
	return c.Emit(tensor.LU, nil, a)[2]
}

// adjoint is the conjugate transpose.
func (c *Call) adjoint(x *ir.Value) *ir.Value {
	if x.Type.Elem.IsComplex() {
		x = c.One(tensor.Conj, nil, x)
	}
	return c.Swap(x, -2, -1)
}

// wide converts to f64 or c128, for computations of several steps.
func (c *Call) wide(x *ir.Value) *ir.Value {
	if x.Type.Elem.IsComplex() {
		return c.Cast(x, host.C128)
	}
	return c.Cast(x, host.F64)
}

// band keeps the elements of matrices whose column minus row compares with 0 as told, and makes the others 0.
func (c *Call) band(def *ir.OpDef, x *ir.Value) *ir.Value {
	rank := x.Type.Rank()
	across := c.across(x.Type.Shape[rank-2], x.Type.Shape[rank-1])
	return c.Where(c.Compare(def, across, c.Const(ir.Int(0), host.I64)), x, c.Like(x, 0))
}

// identity is a matrix with ones on its diagonal, for each matrix of a batch; its sizes are the last two of the type.
func (c *Call) identity(t ir.Type) *ir.Value {
	eye := c.Compare(tensor.Eq, c.across(t.Shape[t.Rank()-2], t.Shape[t.Rank()-1]), c.Const(ir.Int(0), host.I64))
	return c.ExpandTo(c.Cast(eye, t.Elem), t)
}

// triangular gives y with a*y = b for a triangular a; with unit its diagonal counts as 1.
func (c *Call) triangular(a, b *ir.Value, upper, unit bool) *ir.Value {
	return c.One(tensor.SolveTriangular, ir.Attrs{ir.Set("upper", ir.Bool(upper)), ir.Set("unit", ir.Bool(unit))}, a, b)
}

// sameBatch broadcasts the axes before the last ones of each value; last tells how many those are.
func (c *Call) sameBatch(vs []*ir.Value, last ...int) []*ir.Value {
	var batch []ir.Dim
	for i, v := range vs {
		both, err := (&ir.InferCtx{Func: c.b.Func}).Broadcast(batch, v.Type.Shape[:v.Type.Rank()-last[i]])
		c.check(err)
		batch = both
	}
	out := make([]*ir.Value, len(vs))
	for i, v := range vs {
		out[i] = c.Expand(v, slices.Concat(batch, v.Type.Shape[v.Type.Rank()-last[i]:])...)
	}
	return out
}

// slogdet is the sign of the determinant and the logarithm of its absolute value, from the factors of the matrix.
func (c *Call) slogdet(a *ir.Value) []*ir.Value {
	fs := c.Emit(tensor.LU, nil, a)
	lu, pivots := fs[0], fs[1]
	rank := a.Type.Rank()
	n := a.Type.Shape[rank-1]
	places := c.Count(n, host.I64)
	d := c.diagonal(lu, 0, rank-2, rank-1)
	exchanged := c.Compare(tensor.Ne, c.Cast(pivots, host.I64), c.Add(places, c.Const(ir.Int(1), host.I64)))
	swaps := c.Where(exchanged, c.Like(d, -1), c.Like(d, 1))
	sign := c.Reduce(tensor.Prod, c.Mul(sgn(c, d), swaps), false, rank-2)
	return []*ir.Value{sign, c.Sum(c.Log(c.Abs(d)), false, rank-2)}
}

// withFactors appends the factors of the matrix A and their pivots, which some targets give as well.
func (c *Call) withFactors(vs []*ir.Value) []*ir.Value {
	n := len(vs)
	if !c.Used(n) && !c.Used(n+1) {
		return append(vs, nil, nil)
	}
	return append(vs, c.Emit(tensor.LU, nil, c.Value("A"))[:2]...)
}

// solve gives X with A X = B, or X A = B. B is a batch of vectors where it has one axis less than A.
func (c *Call) solve(attrs ir.Attrs) *ir.Value {
	a, b := c.Value("A"), c.Value("B")
	vector := b.Type.Rank() == 1 || c.Result(0).Rank() == b.Type.Rank() && b.Type.Rank() == a.Type.Rank()-1
	switch {
	case vector:
		return c.Squeeze(c.One(tensor.Solve, attrs, a, c.Unsqueeze(b, -1)), c.Result(0).Rank())
	case c.Bool("left"):
		return c.One(tensor.Solve, attrs, a, b)
	}
	return c.Swap(c.One(tensor.Solve, attrs, c.Swap(a, -2, -1), c.Swap(b, -2, -1)), -2, -1)
}

// matrixPower multiplies a matrix, or its inverse, |n| times by itself, in as few products as n has bits.
func (c *Call) matrixPower(x *ir.Value, n int) *ir.Value {
	if n == 0 {
		return c.identity(x.Type)
	}
	left := uint64(n)
	if n < 0 {
		x, left = c.One(tensor.Inverse, nil, x), -left // which is right for the least number too
	}
	var product *ir.Value
	for power := x; ; power = c.One(tensor.MatMul, nil, power, power) {
		if left&1 == 1 && product == nil {
			product = power
		} else if left&1 == 1 {
			product = c.One(tensor.MatMul, nil, product, power)
		}
		if left >>= 1; left == 0 {
			return product
		}
	}
}
