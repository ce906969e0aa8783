package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// products holds matrix products and their sums.
func products(t *Table) {
	t.Add("aten.linear", One(func(c *Call) *ir.Value {
		return c.One(nn.Linear, nil, c.Value("input"), c.Value("weight"), c.Maybe("bias"))
	}))
	for _, e := range []struct{ target, a, b string }{
		{"aten.matmul", "self", "other"}, {"aten.linalg_matmul", "self", "other"}, {"aten.__matmul__", "self", "other"}, {"aten.mm", "self", "mat2"}, {"aten.bmm", "self", "mat2"},
		{"aten._int_mm", "self", "mat2"}, {"aten.mv", "self", "vec"}, {"aten.dot", "self", "tensor"},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value { return c.Matmul(c.Out(c.Value(e.a)), c.Out(c.Value(e.b))) }))
	}
	t.Add("aten.vdot", One(func(c *Call) *ir.Value {
		a := c.Value("self")
		if a.Type.Elem.IsComplex() {
			a = c.One(tensor.Conj, nil, a)
		}
		return c.Matmul(a, c.Value("other"))
	}))
	t.Add("aten.linalg_vecdot", One(func(c *Call) *ir.Value {
		a := c.Value("x")
		if a.Type.Elem.IsComplex() {
			a = c.One(tensor.Conj, nil, a)
		}
		p := c.Mul(a, c.Value("y"))
		return c.Sum(p, false, c.Axis("dim", p.Type.Rank()))
	}))
	t.Add("aten.inner", One(func(c *Call) *ir.Value {
		a, b := c.Value("self"), c.Value("other")
		if a.Type.Rank() == 0 || b.Type.Rank() == 0 {
			return c.Mul(a, b)
		}
		m, k, n := a.Type.Shape[:a.Type.Rank()-1], a.Type.Shape[a.Type.Rank()-1], b.Type.Shape[:b.Type.Rank()-1]
		y := c.Matmul(c.Reshape(a, product(m), k), c.Swap(c.Reshape(b, product(n), k), 0, 1))
		return c.ReshapeTo(y, c.Result(0))
	}))
	for _, target := range []string{"aten.outer", "aten.ger"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			return c.Mul(c.Unsqueeze(c.Out(c.Value("self")), 1), c.Out(c.Value("vec2")))
		}))
	}
	for _, e := range []struct{ target, a, b string }{
		{"aten.addmm", "mat1", "mat2"}, {"aten.baddbmm", "batch1", "batch2"}, {"aten.addmv", "mat", "vec"}, {"aten._addmm_activation", "mat1", "mat2"},
	} {
		t.Add(e.target, One(func(c *Call) *ir.Value {
			y := c.addProduct(c.Matmul(c.Value(e.a), c.Value(e.b)))
			if e.target == "aten._addmm_activation" {
				if c.Bool("use_gelu") {
					return c.One(nn.GELU, nil, y)
				}
				return c.One(nn.ReLU, nil, y)
			}
			return y
		}))
	}
	t.Add("aten.addbmm", One(func(c *Call) *ir.Value {
		return c.addProduct(c.Sum(c.Matmul(c.Value("batch1"), c.Value("batch2")), false, 0))
	}))
	t.Add("aten.addr", One(func(c *Call) *ir.Value {
		self := c.Out(c.Value("self")) // each step is rounded to its type
		p := c.Mul(c.Unsqueeze(c.scaled(c.Out(c.Value("vec1")), "alpha"), 1), c.Out(c.Value("vec2")))
		if beta, ok := asFloat(c.Arg("beta")); ok && beta == 0 {
			return p
		}
		return c.Add(c.scaled(self, "beta"), p)
	}))
	t.Add("aten.tensordot", One(tensorDot))
	t.Add("aten.einsum", One(einsum))
	for _, target := range []string{"aten.linalg_multi_dot", "aten.chain_matmul"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			var y *ir.Value
			for _, m := range c.matrices() {
				if y == nil {
					y = m
				} else {
					y = c.Matmul(y, m)
				}
			}
			return y
		}))
	}
	t.Add("aten.bilinear", One(func(c *Call) *ir.Value {
		a, b, w := c.Value("input1"), c.Value("input2"), c.Value("weight") // out x in1 x in2
		rows := a.Type.Shape[:a.Type.Rank()-1]
		in1, in2, out := w.Type.Shape[1], w.Type.Shape[2], w.Type.Shape[0]
		x := c.Matmul(c.Reshape(a, product(rows), in1), c.Reshape(c.Transpose(w, 1, 0, 2), in1, out.Mul(in2)))
		x = c.Reshape(x, product(rows), out, in2)
		y := c.ReshapeTo(c.Squeeze(c.Matmul(x, c.Reshape(b, product(rows), in2, ir.Const(1))), 2), c.Result(0))
		if bias := c.Maybe("bias"); bias != nil {
			y = c.Add(y, bias)
		}
		return y
	}))
	t.Add("aten._trilinear", One(trilinear))
	t.Add("aten._compute_linear_combination", One(func(c *Call) *ir.Value {
		x, k := c.Value("input"), c.Value("coefficients")
		rows := x.Type.Shape[0]
		return c.ReshapeTo(c.Matmul(k, c.Reshape(x, rows, product(x.Type.Shape[1:]))), c.Result(0))
	}))
	t.Add("aten._grouped_mm", One(groupedMatMul))
	t.Add("transformers.grouped_mm_fallback", One(func(c *Call) *ir.Value {
		return c.One(nn.GroupedMatMul, nil, c.Value("input"), c.Value("weight"), c.Value("offs"))
	}))
}

// groupedMatMul multiplies group by group. Where an operand is a matrix, offs cuts it into the groups: the rows of self, the
// columns of mat2, or with two matrices the axis that is summed.
func groupedMatMul(c *Call) *ir.Value {
	a, b := c.Value("self"), c.Value("mat2")
	if c.Has("bias") {
		c.Failf("a bias is not supported; add it to the result")
	}
	if a.Type.Rank() == 3 && b.Type.Rank() == 3 {
		return c.Out(c.Matmul(a, b))
	}
	ends := c.Value("offs")
	if b.Type.Rank() == 3 {
		return c.Out(c.One(nn.GroupedMatMul, nil, a, b, ends))
	}
	cut := b.Type.Shape[1]
	if a.Type.Rank() == 2 {
		cut = a.Type.Shape[1]
	}
	group := c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, ends, c.Count(cut, ends.Type.Elem))
	mine := c.Compare(tensor.Eq, c.Unsqueeze(c.Unsqueeze(c.Count(ends.Type.Shape[0], host.I64), 1), 1), group) // [groups, 1, cut]
	pick := func(v *ir.Value) *ir.Value { return c.Where(mine, v, c.Like(v, 0)) }
	if a.Type.Rank() == 2 {
		return c.Out(c.Matmul(pick(c.Unsqueeze(a, 0)), c.Unsqueeze(b, 0)))
	}
	return c.Out(c.Sum(pick(c.Matmul(a, c.Unsqueeze(b, 0))), false, 0))
}

// trilinear multiplies three tensors and sums along axes: those that the third lacks are summed, and rounded, before it.
func trilinear(c *Call) *ir.Value {
	wide := opmath(c.Result(0).Elem)
	factor := func(i string) *ir.Value {
		x := c.Cast(c.Value("i"+i), wide)
		for _, axis := range c.Ints("expand" + i) {
			x = c.Unsqueeze(x, axis)
		}
		return x
	}
	var early, late []int
	for _, axis := range c.Ints("sumdim") {
		if slices.Contains(c.Ints("expand3"), axis) {
			early = append(early, axis)
		} else {
			late = append(late, axis)
		}
	}
	y := c.Out(c.Sum(c.Mul(factor("1"), factor("2")), true, early...))
	y = c.Out(c.Sum(c.Mul(c.Cast(y, wide), factor("3")), true, late...))
	return c.ReshapeTo(y, c.Result(0))
}

func product(dims []ir.Dim) ir.Dim {
	n := ir.Const(1)
	for _, d := range dims {
		n = n.Mul(d)
	}
	return n
}

func (c *Call) matrices() []*ir.Value {
	for _, name := range []string{"tensors", "matrices"} {
		if c.Has(name) {
			return c.Values(name)
		}
	}
	return c.Values("tensors")
}

// Matmul is torch.matmul: vectors count as a row on the left and a column on the right, other leading axes broadcast.
func (c *Call) Matmul(a, b *ir.Value) *ir.Value {
	row, column := a.Type.Rank() == 1, b.Type.Rank() == 1
	if row {
		a = c.Unsqueeze(a, 0)
	}
	if column {
		b = c.Unsqueeze(b, 1)
	}
	y := c.One(tensor.MatMul, nil, a, b)
	shape := slices.Clone(y.Type.Shape)
	n := len(shape)
	if column {
		shape = slices.Delete(shape, n-1, n)
	}
	if row {
		shape = slices.Delete(shape, n-2, n-1)
	}
	return c.Reshape(y, shape...)
}

// addProduct is beta*self + alpha*p; a beta of 0 hides self even where it is NaN.
func (c *Call) addProduct(p *ir.Value) *ir.Value {
	one := func(name string) bool {
		n, ok := asFloat(c.Arg(name))
		return !c.Has(name) || ok && n == 1
	}
	if beta, ok := asFloat(c.Arg("beta")); ok && beta == 0 {
		return c.Out(c.ExpandTo(c.scaled(p, "alpha"), c.Result(0)))
	}
	self := c.Value("self")
	if one("alpha") && one("beta") {
		return c.Out(c.Add(self, p))
	}
	e := opmath(p.Type.Elem)
	return c.Out(c.Add(c.scaled(c.Cast(self, e), "beta"), c.scaled(c.Cast(p, e), "alpha")))
}

func tensorDot(c *Call) *ir.Value {
	a, b := c.Value("self"), c.Value("other")
	ra, rb := a.Type.Rank(), b.Type.Rank()
	dimsA, dimsB := c.Ints("dims_self"), c.Ints("dims_other")
	for i := range dimsA {
		dimsA[i], dimsB[i] = c.axis(dimsA[i], ra), c.axis(dimsB[i], rb)
		one := ir.Const(1) // a summed axis of size 1 broadcasts, so the other side is summed first
		if sa, sb := a.Type.Shape[dimsA[i]], b.Type.Shape[dimsB[i]]; sa.Equal(one) && !sb.Equal(one) {
			b = c.Sum(b, true, dimsB[i])
		} else if sb.Equal(one) && !sa.Equal(one) {
			a = c.Sum(a, true, dimsA[i])
		}
	}
	split := func(rank int, summed []int) []int {
		return slices.DeleteFunc(axesFrom(0, rank), func(i int) bool { return slices.Contains(summed, i) })
	}
	size := func(v *ir.Value, axes []int) ir.Dim {
		n := ir.Const(1)
		for _, i := range axes {
			n = n.Mul(v.Type.Shape[i])
		}
		return n
	}
	freeA, freeB := split(ra, dimsA), split(rb, dimsB)
	left := c.Reshape(c.Transpose(a, append(slices.Clone(freeA), dimsA...)...), size(a, freeA), size(a, dimsA))
	right := c.Reshape(c.Transpose(b, append(slices.Clone(dimsB), freeB...)...), size(b, dimsB), size(b, freeB))
	return c.ReshapeTo(c.Matmul(left, right), c.Result(0))
}
