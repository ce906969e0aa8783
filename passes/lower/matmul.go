package lower

import (
	"slices"
	"strings"

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
		return c.addProduct(c.Mul(c.Unsqueeze(c.Value("vec1"), 1), c.Value("vec2")))
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
	t.Add("aten._trilinear", One(func(c *Call) *ir.Value {
		var y *ir.Value
		for _, i := range []string{"1", "2", "3"} {
			x := c.Value("i" + i)
			for _, axis := range c.Ints("expand" + i) {
				x = c.Unsqueeze(x, axis)
			}
			if y == nil {
				y = x
			} else {
				y = c.Mul(y, x)
			}
		}
		return c.Sum(y, false, c.Ints("sumdim")...)
	}))
	t.Add("transformers.grouped_mm_fallback", One(func(c *Call) *ir.Value {
		return c.One(nn.GroupedMatMul, nil, c.Value("input"), c.Value("weight"), c.Value("offs"))
	}))
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

// term is an operand of einsum with a label for each axis.
type term struct {
	v      *ir.Value
	labels []rune
}

// einsum contracts its operands from left to right.
func einsum(c *Call) *ir.Value {
	vs := c.Values("tensors")
	for i, v := range vs {
		vs[i] = c.Out(v)
	}
	terms, out := c.parseEinsum(c.Str("equation"), vs)
	needed := func(l rune, rest []term) bool {
		return slices.Contains(out, l) || slices.ContainsFunc(rest, func(t term) bool { return slices.Contains(t.labels, l) })
	}
	acc := c.sumOut(terms[0], func(l rune) bool { return needed(l, terms[1:]) })
	for i, t := range terms[1:] {
		rest := terms[i+2:]
		t = c.sumOut(t, func(l rune) bool { return slices.Contains(acc.labels, l) || needed(l, rest) })
		acc = c.contract(acc, t, func(l rune) bool { return needed(l, rest) })
	}
	perm := make([]int, len(out))
	for i, l := range out {
		perm[i] = slices.Index(acc.labels, l)
	}
	return c.ReshapeTo(c.Transpose(acc.v, perm...), c.Result(0))
}

// parseEinsum reads an equation; an axis covered by ... gets a capital Greek letter, counted from the end.
func (c *Call) parseEinsum(equation string, vs []*ir.Value) (terms []term, out []rune) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(vs) {
		c.Failf("equation %q has %d terms for %d tensors", equation, len(parts), len(vs))
	}
	const ellipsis = 'Α'
	dots := 0
	for i, part := range parts {
		rank := vs[i].Type.Rank()
		before, after, has := strings.Cut(part, "...")
		var labels []rune
		labels = append(labels, []rune(before)...)
		if has {
			n := rank - len(before) - len(after)
			dots = max(dots, n)
			for k := n; k > 0; k-- {
				labels = append(labels, ellipsis+rune(k))
			}
		}
		labels = append(labels, []rune(after)...)
		if len(labels) != rank {
			c.Failf("term %q of equation %q does not fit %s", part, equation, vs[i].Type)
		}
		terms = append(terms, c.onDiagonals(term{vs[i], labels}))
	}
	var all []rune
	for k := dots; k > 0; k-- {
		all = append(all, ellipsis+rune(k))
	}
	if explicit {
		before, after, has := strings.Cut(right, "...")
		out = []rune(before)
		if has {
			out = append(out, all...)
		}
		return terms, append(out, []rune(after)...)
	}
	var once []rune // without an output: the labels that occur once, sorted
	for _, l := range strings.ReplaceAll(strings.ReplaceAll(left, ",", ""), ".", "") {
		if strings.Count(left, string(l)) == 1 {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return terms, append(all, once...)
}

// onDiagonals replaces two axes of one label by their diagonal.
func (c *Call) onDiagonals(t term) term {
	for i := 0; i < len(t.labels); i++ {
		k := i + 1 + slices.Index(t.labels[i+1:], t.labels[i])
		if k == i {
			continue
		}
		at := c.Count(t.v.Type.Shape[i], host.I64)
		v := c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(i, k))}, t.v, at, at)
		if k != i+1 { // the common axis of separated indices comes first
			v = c.Move(v, 0, i)
		}
		t = term{v, slices.Delete(slices.Clone(t.labels), k, k+1)}
		i--
	}
	return t
}

// sumOut adds along the axes whose label is of no further use.
func (c *Call) sumOut(t term, needed func(rune) bool) term {
	var axes []int
	var labels []rune
	for i, l := range t.labels {
		if needed(l) {
			labels = append(labels, l)
		} else {
			axes = append(axes, i)
		}
	}
	return term{c.Sum(t.v, false, axes...), labels}
}

// contract multiplies two terms and adds along the labels that are not needed: a matrix product with the common needed
// labels as batch, or a plain product where nothing is summed.
func (c *Call) contract(a, b term, needed func(rune) bool) term {
	var batch, onlyA, onlyB, summed []rune
	for _, l := range a.labels {
		switch {
		case !slices.Contains(b.labels, l):
			onlyA = append(onlyA, l)
		case needed(l):
			batch = append(batch, l)
		default:
			summed = append(summed, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			onlyB = append(onlyB, l)
		}
	}
	labels := slices.Concat(batch, onlyA, onlyB)
	if len(summed) == 0 {
		left := c.arrange(a, batch, onlyA, nil)
		for range onlyB {
			left = c.Unsqueeze(left, -1)
		}
		right := c.arrange(b, batch, nil, onlyB)
		for range onlyA {
			right = c.Unsqueeze(right, len(batch))
		}
		return term{c.Mul(left, right), labels}
	}
	for _, l := range summed { // an axis of size 1 broadcasts: the other side is summed first
		i, k := slices.Index(a.labels, l), slices.Index(b.labels, l)
		one := ir.Const(1)
		if sa, sb := a.v.Type.Shape[i], b.v.Type.Shape[k]; sa.Equal(one) && !sb.Equal(one) {
			b.v = c.Sum(b.v, true, k)
		} else if sb.Equal(one) && !sa.Equal(one) {
			a.v = c.Sum(a.v, true, i)
		}
	}
	left, right := c.arrange(a, batch, onlyA, summed), c.arrange(b, batch, summed, onlyB)
	n, m, k := len(batch), len(onlyA), len(summed)
	ls, rs := left.Type.Shape, right.Type.Shape
	shape := slices.Concat(ls[:n], ls[n:n+m], rs[n+k:])
	for i := range n { // batch axes broadcast
		if shape[i].Equal(ir.Const(1)) {
			shape[i] = rs[i]
		}
	}
	left = c.Reshape(left, append(slices.Clone(ls[:n]), product(ls[n:n+m]), product(ls[n+m:]))...)
	right = c.Reshape(right, append(slices.Clone(rs[:n]), product(rs[n:n+k]), product(rs[n+k:]))...)
	return term{c.Reshape(c.One(tensor.MatMul, nil, left, right), shape...), labels}
}

// arrange orders the axes of a term by groups of labels.
func (c *Call) arrange(t term, groups ...[]rune) *ir.Value {
	var perm []int
	for _, l := range slices.Concat(groups...) {
		perm = append(perm, slices.Index(t.labels, l))
	}
	return c.Transpose(t.v, perm...)
}
