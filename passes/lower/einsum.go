package lower

import (
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

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
