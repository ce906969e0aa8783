package lower

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// spectra holds the targets that compute eigenvalues, singular values and what follows from them.
func spectra(t *Table) {
	t.Add("aten.linalg_svdvals", One(func(c *Call) *ir.Value { return c.Emit(tensor.SVD, nil, c.Value("A"))[1] }))
	svd := All(func(c *Call) []*ir.Value {
		uv := !c.Has("compute_uv") || c.Bool("compute_uv")
		vs := slices.Clone(c.Emit(tensor.SVD, full(uv && c.Bool("full_matrices")), c.Value("A")))
		if !uv {
			vs[0], vs[2] = nil, nil
		}
		return c.absentEmpty(vs)
	})
	t.Add("aten.linalg_svd", svd)
	t.Add("aten._linalg_svd", svd)
	t.Add("aten.svd", All(func(c *Call) []*ir.Value {
		uv := c.Bool("compute_uv")
		vs := slices.Clone(c.Emit(tensor.SVD, full(uv && !c.Bool("some")), c.Value("self")))
		if vs[2] = c.adjoint(vs[2]); !uv { // zeros, of the sizes that the file states
			vs[0], vs[2] = nil, nil
		}
		return c.absentEmpty(vs)
	}))
	for _, target := range []string{"aten.linalg_eigh", "aten.linalg_eigvalsh", "aten._linalg_eigh"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			vs := slices.Clone(c.Emit(tensor.Eigh, ir.Attrs{ir.Set("upper", ir.Bool(c.Str("UPLO") == "U"))}, c.matrix()))
			if c.Has("compute_v") && !c.Bool("compute_v") {
				vs[1] = nil
			}
			return c.absentEmpty(vs[:c.Results()])
		}))
	}
	for _, target := range []string{"aten.linalg_eig", "aten.linalg_eigvals", "aten._linalg_eigvals"} {
		t.Add(target, All(func(c *Call) []*ir.Value { return c.Emit(tensor.Eig, nil, c.Value("self"))[:c.Results()] }))
	}
	t.Add("aten.linalg_lstsq", All(lstsq))
	for _, target := range []string{"aten.linalg_pinv", "aten.pinverse"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			if x.Type.NumElements().Equal(ir.Const(0)) {
				return c.Fill(ir.Int(0), c.Result(0))
			}
			u, s, v := c.singular(x)
			inverted := c.Where(c.Compare(tensor.Gt, c.Abs(s), c.tolerance(x, s)), c.Reciprocal(s), c.Like(s, 0))
			return c.One(tensor.MatMul, nil, c.Mul(v, c.Cast(c.Unsqueeze(inverted, -2), v.Type.Elem)), c.adjoint(u))
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
	t.Add("aten.linalg_cond", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		if x.Type.NumElements().Equal(ir.Const(0)) {
			return c.Fill(ir.Int(0), c.Result(0))
		}
		var order ir.Attr = ir.Float(2)
		if c.Has("p") {
			order = c.Arg("p")
		}
		return c.condition(x, order)
	}))
}

func full(yes bool) ir.Attrs { return ir.Attrs{ir.Set("full", ir.Bool(yes))} }

// condition is the condition number of matrices for a norm: "fro", "nuc" or a number.
func (c *Call) condition(x *ir.Value, order ir.Attr) *ir.Value {
	rank := x.Type.Rank()
	if p, ok := asFloat(order); ok && math.Abs(p) == 2 {
		s := c.Emit(tensor.SVD, nil, x)[1]
		n := s.Type.Shape[rank-2]
		top, bottom := c.Select(s, rank-2, ir.Const(0)), c.Select(s, rank-2, n.Sub(ir.Const(1)))
		if p < 0 {
			return c.Div(bottom, top)
		}
		return c.Div(top, bottom)
	}
	info := c.Emit(tensor.LU, nil, x)[2]
	inverse := c.One(tensor.Inverse, ir.Attrs{ir.Set("check", ir.Bool(false))}, x)
	singular := c.Unsqueeze(c.Unsqueeze(c.Compare(tensor.Gt, info, c.Const(ir.Int(0), info.Type.Elem)), -1), -1)
	inverse = c.Where(singular, c.Like(inverse, math.Inf(1)), inverse)
	axes := []int{rank - 2, rank - 1}
	y := c.Mul(c.matrixNorm(x, order, axes), c.matrixNorm(inverse, order, axes))
	return c.Where(c.isNaN(y), c.Like(y, math.Inf(1)), y)
}

// singular gives u, s and v with x = u*diag(s)*v'. For a matrix that is called hermitian these are the eigenvalues, and
// only its lower triangle counts.
func (c *Call) singular(x *ir.Value) (u, s, v *ir.Value) {
	if c.Has("hermitian") && c.Bool("hermitian") {
		vs := c.Emit(tensor.Eigh, nil, x)
		return vs[1], vs[0], vs[1]
	}
	vs := c.Emit(tensor.SVD, nil, x)
	return vs[0], vs[1], c.adjoint(vs[2])
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
	} else if a, known := asFloat(c.Arg("atol")); !known || !(a > 0) { // otherwise only atol counts
		size := c.Size(x.Type.Shape[rank-2].Max(x.Type.Shape[rank-1]), s.Type.Elem)
		tol = c.Mul(top, c.MulN(size, c.epsilon(s.Type.Elem)))
		if c.Has("atol") && !known {
			a := each("atol")
			tol = c.Where(c.Compare(tensor.Gt, a, c.Like(a, 0)), c.Like(tol, 0), tol)
		}
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

// lstsq solves min |a*x - b| by the pseudoinverse, as PyTorch's driver gelsy does: of all solutions the shortest.
func lstsq(c *Call) []*ir.Value {
	a, b := c.Value("self"), c.Value("b")
	rank := a.Type.Rank()
	vector := b.Type.Rank() == rank-1
	if vector {
		b = c.Unsqueeze(b, -1)
	}
	u, s, v := c.singular(a)
	above := c.Compare(tensor.Gt, s, c.tolerance(a, s))
	inverted := c.Where(above, c.Reciprocal(s), c.Like(s, 0))
	x := c.Matmul(c.Mul(v, c.Cast(c.Unsqueeze(inverted, -2), v.Type.Elem)), c.Matmul(c.adjoint(u), b))
	vs := []*ir.Value{x, nil, nil, nil}
	if vector {
		vs[0] = c.Squeeze(x, x.Type.Rank()-1)
	}
	if !c.Result(1).NumElements().Equal(ir.Const(0)) {
		off := c.Abs(c.Sub(c.Matmul(a, x), b))
		vs[1] = c.ReshapeTo(c.Sum(c.Mul(off, off), false, off.Type.Rank()-2), c.Result(1))
	}
	if !c.Result(2).NumElements().Equal(ir.Const(0)) {
		vs[2] = c.ReshapeTo(c.Sum(c.Cast(above, host.I64), false, s.Type.Rank()-1), c.Result(2))
	}
	if !c.Result(3).NumElements().Equal(ir.Const(0)) {
		vs[3] = s
	}
	return c.absentEmpty(vs)
}
