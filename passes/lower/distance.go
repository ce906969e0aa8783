package lower

import (
	"math"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// distances holds norms, distances and what is built of them.
func distances(t *Table) {
	t.Add("aten.linalg_vector_norm", normed(func(c *Call, x *ir.Value) *ir.Value {
		return c.norm(x, c.order("ord", 2), c.keep(), c.axesOf(x)...)
	}))
	for _, target := range []string{"aten.norm", "aten.frobenius_norm"} {
		t.Add(target, normed(func(c *Call, x *ir.Value) *ir.Value {
			return c.norm(x, c.order("p", 2), c.keep(), c.axesOf(x)...)
		}))
	}
	t.Add("aten.nuclear_norm", normed(func(c *Call, x *ir.Value) *ir.Value {
		if c.Has("dim") {
			return c.matrixNorm(x, ir.String("nuc"), c.axesOf(x))
		}
		return c.matrixNorm(x, ir.String("nuc"), []int{0, 1})
	}))
	t.Add("aten.linalg_matrix_norm", normed(func(c *Call, x *ir.Value) *ir.Value {
		return c.matrixNorm(x, c.Arg("ord"), c.axesOf(x))
	}))
	t.Add("aten.linalg_norm", normed(func(c *Call, x *ir.Value) *ir.Value {
		axes := c.axesOf(x)
		if c.Has("ord") && len(axes) == 2 {
			return c.matrixNorm(x, c.Arg("ord"), axes)
		}
		return c.norm(x, c.order("ord", 2), c.keep(), axes...)
	}))
	t.Add("aten.linalg__powsum", normed(func(c *Call, x *ir.Value) *ir.Value {
		return c.Sum(c.Pow(c.Abs(x), c.Const(ir.Float(c.order("ord", 2)), realOf(x.Type.Elem))), c.keep(), c.axesOf(x)...)
	}))
	t.Add("aten._euclidean_dist", Math(func(c *Call) *ir.Value { return c.norm(c.apart("x1", "x2"), 2, false, c.Result(0).Rank()) }))
	t.Add("aten.renorm", Math(func(c *Call) *ir.Value {
		x := c.Value("self")
		n := c.norm(x, c.Float("p"), true, without(x, c.Axis("dim", x.Type.Rank()))...)
		most := c.Like(n, c.Float("maxnorm"))
		return c.Mul(x, c.Cast(c.Where(c.Compare(tensor.Gt, n, most), c.Div(most, c.AddN(n, 1e-7)), c.Like(n, 1)), x.Type.Elem))
	}))
	t.Add("aten.dist", One(func(c *Call) *ir.Value {
		d := c.difference("self", "other")
		return c.Out(c.norm(d, c.order("p", 2), false, axesFrom(0, d.Type.Rank())...))
	}))
	t.Add("aten.pairwise_distance", One(func(c *Call) *ir.Value {
		d := c.difference("x1", "x2")
		return c.Out(c.norm(c.AddN(d, c.Float("eps")), c.Float("p"), c.Bool("keepdim"), d.Type.Rank()-1))
	}))
	for _, target := range []string{"aten.cdist", "aten._cdist_forward"} {
		t.Add(target, Math(func(c *Call) *ir.Value {
			return c.norm(c.apart("x1", "x2"), c.Float("p"), false, c.Result(0).Rank())
		}))
	}
	t.Add("aten.cosine_similarity", Math(func(c *Call) *ir.Value {
		return c.cosine(c.Value("x1"), c.Value("x2"), c.Int("dim"), c.Float("eps"))
	}))
	for _, target := range []string{"aten.pdist", "aten._pdist_forward"} {
		t.Add(target, Math(func(c *Call) *ir.Value {
			x := c.Value("self")
			n := x.Type.Shape[0]
			at := c.triangle(n, n, 1, false, c.Result(0).Shape[0])
			return c.norm(c.Sub(c.Take(x, at[0], 0), c.Take(x, at[1], 0)), c.Float("p"), false, 1)
		}))
	}
	weightNorm := func(c *Call, v, g *ir.Value) (w, n *ir.Value) {
		n = c.norm(v, 2, true, without(v, c.Int("dim"))...)
		return c.Mul(v, c.Div(g, n)), n
	}
	t.Add("aten._weight_norm", Math(func(c *Call) *ir.Value {
		w, _ := weightNorm(c, c.Value("v"), c.Value("g"))
		return w
	}))
	t.Add("aten._weight_norm_interface", All(func(c *Call) []*ir.Value {
		e := c.Result(0).Elem
		w, n := weightNorm(c, c.Cast(c.Value("v"), opmath(e)), c.Cast(c.Value("g"), opmath(e)))
		return []*ir.Value{c.Cast(w, e), c.Cast(n, c.Result(1).Elem)}
	}))
	t.Add("aten.norm_except_dim", Math(func(c *Call) *ir.Value {
		v := c.Value("v")
		return c.ReshapeTo(c.norm(v, c.Float("pow"), true, without(v, c.Int("dim"))...), c.Result(0))
	}))
	for _, target := range []string{"aten.linalg_cross", "aten.cross"} {
		t.Add(target, One(cross))
	}
}

// apart is each row of one matrix minus each row of another.
func (c *Call) apart(a, b string) *ir.Value {
	return c.Sub(c.Unsqueeze(c.Value(a), -2), c.Unsqueeze(c.Value(b), -3))
}

// cosine is the cosine of the angle between vectors along an axis; norms below eps count as eps.
func (c *Call) cosine(a, b *ir.Value, dim int, eps float64) *ir.Value {
	shape, err := (&ir.InferCtx{Func: c.b.Func}).Broadcast(a.Type.Shape, b.Type.Shape)
	c.check(err)
	if len(shape) == 0 {
		shape = []ir.Dim{ir.Const(1)}
	}
	axis := c.axis(dim, len(shape))
	unit := func(v *ir.Value) *ir.Value {
		v = c.Expand(v, shape...)
		return c.Div(v, c.Max(c.norm(v, 2, true, axis), c.Like(v, eps)))
	}
	return c.Sum(c.Mul(unit(a), unit(b)), false, axis)
}

// difference is a - b in the type its norm is computed in.
func (c *Call) difference(a, b string) *ir.Value {
	d := c.minus(a, b)
	return c.Cast(d, opmath(floating(d.Type.Elem)))
}

// minus is a - b; integers wrap around, narrow floats are not rounded.
func (c *Call) minus(a, b string) *ir.Value {
	e := opmath(c.Promote(a, b))
	return c.Sub(c.Tensor(a, e), c.Tensor(b, e))
}

// normed makes a lowering of a function of self in the type its norm is computed in; the norm of complex numbers is real.
func normed(fn func(c *Call, x *ir.Value) *ir.Value) Lowering {
	return One(func(c *Call) *ir.Value {
		x := c.self()
		e := opmath(c.Result(0).Elem)
		if x.Type.Elem.IsComplex() {
			e = complexOf(e)
		}
		return c.Out(c.ReshapeTo(fn(c, c.Cast(x, e)), c.Result(0)))
	})
}

// order is the order of a norm: a number, or "fro" for 2.
func (c *Call) order(name string, otherwise float64) float64 {
	if _, isStr := c.Arg(name).(ir.String); isStr || !c.Has(name) {
		return otherwise
	}
	return c.Float(name)
}

// matrixNorm is a norm of the matrices in two axes; order is "fro", "nuc" or a number.
func (c *Call) matrixNorm(x *ir.Value, order ir.Attr, axes []int) *ir.Value {
	rows, cols := axes[0], axes[1]
	name, _ := order.(ir.String)
	if name == "fro" {
		return c.norm(x, 2, c.keep(), rows, cols)
	}
	for _, axis := range axes {
		if x.Type.Shape[axis].Equal(ir.Const(0)) {
			return c.Fill(ir.Int(0), c.Result(0).WithElem(realOf(x.Type.Elem)))
		}
	}
	p, _ := asFloat(order)
	def := tensor.ReduceMax
	if p < 0 {
		def = tensor.ReduceMin
	}
	switch {
	case name == "nuc" || math.Abs(p) == 2:
		x = c.toLast(x, rows, cols)
		values := c.Emit(tensor.SVD, nil, x)[1]
		last := values.Type.Rank() - 1
		if name == "nuc" {
			return c.Sum(values, false, last)
		}
		return c.Reduce(def, values, false, last)
	case math.IsInf(p, 0):
		return c.Reduce(def, c.Sum(c.Abs(x), true, cols), c.keep(), rows, cols)
	case math.Abs(p) == 1:
		return c.Reduce(def, c.Sum(c.Abs(x), true, rows), c.keep(), rows, cols)
	}
	c.Failf("there is no matrix norm %v", order)
	return nil
}

// without lists all axes but one; a negative one leaves none out.
func without(x *ir.Value, axis int) []int {
	var axes []int
	for i := range x.Type.Rank() {
		if i != axis {
			axes = append(axes, i)
		}
	}
	return axes
}

func cross(c *Call) *ir.Value {
	a, b := c.ExpandTo(c.Out(c.Value("self")), c.Result(0)), c.ExpandTo(c.Out(c.Value("other")), c.Result(0))
	rank := a.Type.Rank()
	axis := -1
	if c.Has("dim") {
		axis = c.Axis("dim", rank)
	}
	for i := 0; axis < 0 && i < rank; i++ { // without dim it is the first axis of size 3
		if a.Type.Shape[i].Equal(ir.Const(3)) {
			axis = i
		}
	}
	if axis < 0 {
		c.Failf("no axis of %s has size 3", a.Type)
	}
	turn := func(v *ir.Value, by int64) *ir.Value {
		return c.Concat(axis, c.Slice(v, axis, ir.Const(by), ir.Const(3), 1), c.Slice(v, axis, ir.Const(0), ir.Const(by), 1))
	}
	return c.Sub(c.Mul(turn(a, 1), turn(b, 2)), c.Mul(turn(a, 2), turn(b, 1)))
}
