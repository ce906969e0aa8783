package schedule

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// contraction says how an operation is a batch of matrix products: y[batch, m, n] is the sum over k of a[batch, m, k] *
// b[batch, k, n], plus the bias. Rows and columns may stand for several axes.
type contraction struct {
	op      *ir.Op
	batches []ir.Dim
	m, n, k ir.Dim
	a, b    factor
	bias    *ir.Value                                     // nil where there is none
	biasAt  func(batch []ir.Dim, row, col part) point     // its place
	at      func(batch []ir.Dim, row, col part) (q point) // the place in y
}

// factor is one of the two matrices, a with its rows as the outer axis, b with its columns.
type factor struct {
	v      *ir.Value
	at     func(batch []ir.Dim, outer, k part) (point, error)
	alongK bool // neighbours in memory lie along k, not along the outer axis

	// Where there are count matrices for all batches, number is which one belongs to a batch, and batch the opposite.
	count  ir.Dim
	number func(batch []ir.Dim) ir.Dim
	batch  func(number ir.Dim) []ir.Dim
	conv   *convolution // of its input, which at does not describe; nil otherwise
}

// shared is the numbering of a matrix that all batches share.
func (f factor) shared() factor {
	f.count = one
	f.number = func([]ir.Dim) ir.Dim { return zero }
	f.batch = func(ir.Dim) []ir.Dim { return []ir.Dim{zero, zero} }
	return f
}

// products are the operations that are matrix products.
func products() map[*ir.OpDef]func(g *Group, op *ir.Op) (*contraction, error) {
	return map[*ir.OpDef]func(g *Group, op *ir.Op) (*contraction, error){nn.Linear: linearProduct, tensor.MatMul: matmulProduct, nn.Conv: convProduct}
}

// needsProduct says why a group is no matrix product.
func (g *Group) needsProduct(Target) string {
	if g.Anchor == nil {
		return "it has no heavy operation"
	}
	if products()[g.Anchor.Def] == nil {
		return g.Anchor.Name() + " is no matrix product"
	}
	return ""
}

// contraction describes the group's product.
func (g *Group) contraction() (*contraction, error) { return products()[g.Anchor.Def](g, g.Anchor) }

// fewRows describes the group's product, where it is one of a known number of rows, one to so many.
func (g *Group) fewRows(t Target, most int64) (c *contraction, why string) {
	if why := g.needsProduct(t); why != "" {
		return nil, why
	}
	c, err := g.contraction()
	if err != nil {
		return nil, err.Error()
	}
	if n, ok := c.m.IsConst(); !ok || n < 1 || n > most {
		return nil, "it has many rows, or none"
	}
	return c, ""
}

// newProductOf is a gemm for a group's product, with vectors of some lanes. It has no kernel and no result yet.
func newProductOf(g *Group, t Target, lanes int) (*gemm, error) {
	c, err := g.contraction()
	if err != nil {
		return nil, err
	}
	elem, err := productElem(c.op)
	if err != nil {
		return nil, err
	}
	return &gemm{emitter: newEmitter(g, t, lanes), contraction: c, elem: elem}, nil
}

func along(axes int, size ir.Dim, p part) part {
	p.axes, p.size = axes, size
	return p
}

// neighbours is the axis of a value along which neighbours in memory lie.
func neighbours(v *ir.Value) int {
	if op := v.Def; op != nil {
		switch {
		case op.Is(tensor.Transpose):
			inner := neighbours(op.Operand(0))
			for i, a := range op.Ints("perm") {
				if a == inner {
					return i
				}
			}
		case op.Is(tensor.Cast) || op.Is(quant.Dequantize):
			return neighbours(op.Operand(0))
		}
	}
	return v.Type.Rank() - 1
}

// linearProduct is x [m, k] times weight [n, k].
func linearProduct(_ *Group, op *ir.Op) (*contraction, error) {
	x, w := op.Operand(0), op.Operand(1)
	rank := x.Type.Rank()
	p := &contraction{op: op, m: product(x.Type.Shape[:rank-1]), n: w.Type.Shape[0], k: w.Type.Shape[1], bias: op.Operand(2)}
	p.a = factor{v: x, alongK: neighbours(x) == rank-1, at: func(_ []ir.Dim, row, k part) (point, error) {
		if rank == 1 {
			return point{along(1, p.k, k)}, nil
		}
		return point{along(rank-1, p.m, row), along(1, p.k, k)}, nil
	}}.shared()
	p.b = factor{v: w, alongK: neighbours(w) == 1, at: func(_ []ir.Dim, col, k part) (point, error) {
		return point{along(1, p.n, col), along(1, p.k, k)}, nil
	}}.shared()
	p.at = func(_ []ir.Dim, row, col part) point {
		if rank == 1 {
			return point{along(1, p.n, col)}
		}
		return point{along(rank-1, p.m, row), along(1, p.n, col)}
	}
	p.biasAt = func(_ []ir.Dim, _, col part) point { return point{along(1, p.n, col)} }
	return p, nil
}

// matmulProduct is a [batch, m, k] times b [batch, k, n]; where b is one matrix, the batches of a are further rows.
func matmulProduct(g *Group, op *ir.Op) (*contraction, error) {
	a, b, y := op.Operand(0), op.Operand(1), op.Result()
	rank := y.Type.Rank()
	batch := y.Type.Shape[:rank-2]
	p := &contraction{op: op, m: y.Type.Shape[rank-2], n: y.Type.Shape[rank-1], k: a.Type.Shape[a.Type.Rank()-1]}
	rows := 1 // axes that rows stand for
	if isOne(product(b.Type.Shape[:b.Type.Rank()-2])) && a.Type.Rank() == rank {
		p.m, rows, batch = product(y.Type.Shape[:rank-1]), rank-1, nil
	}
	axes, count := len(batch), product(batch)
	if axes > 0 {
		p.batches = []ir.Dim{count}
	}
	within := func(v *ir.Value, bs []ir.Dim, x, y part) (point, error) {
		if axes == 0 {
			return point{x, y}, nil
		}
		shape := append(append([]ir.Dim{}, batch...), x.size, y.size)
		return point{part{axes: axes, size: count, at: bs[0]}, x, y}.broadcast(g.env, shape, v.Type.Shape)
	}
	p.a = factor{v: a, alongK: neighbours(a) == a.Type.Rank()-1, at: func(bs []ir.Dim, row, k part) (point, error) {
		return within(a, bs, along(rows, p.m, row), along(1, p.k, k))
	}}
	p.b = factor{v: b, alongK: neighbours(b) == b.Type.Rank()-2, at: func(bs []ir.Dim, col, k part) (point, error) {
		q, err := within(b, bs, along(1, p.k, k), along(1, p.n, col))
		for len(q) < b.Type.Rank() && axes == 0 { // one matrix with leading axes of size 1
			q = append(point{origin()}, q...)
		}
		return q, err
	}}
	for _, f := range []*factor{&p.a, &p.b} {
		shape := f.v.Type.Shape[:f.v.Type.Rank()-2]
		switch {
		case axes == 0 || isOne(product(shape)):
			*f = f.shared()
		case g.env.Compare(product(shape), count) == ir.CompareEqual:
			f.count = count
			f.number = func(b []ir.Dim) ir.Dim { return b[0] }
			f.batch = func(n ir.Dim) []ir.Dim { return []ir.Dim{n} }
		}
	}
	p.at = func(b []ir.Dim, row, col part) point {
		q := point{along(rows, p.m, row), along(1, p.n, col)}
		if axes > 0 {
			q = append(point{part{axes: axes, size: count, at: b[0]}}, q...)
		}
		return q
	}
	return p, nil
}

// productElem is the type that a product is summed up in.
func productElem(op *ir.Op) (host.Elem, error) {
	e := op.Result().Type.Elem
	if err := computable(op, e); err != nil {
		return e, err
	}
	if e == host.Bool {
		return e, reason(op, "products of bools are not emitted")
	}
	return computeElem(e), nil
}

// forward gives the place in the group's result of what is at a place in the anchor's result.
func (g *Group) forward(p point) (point, error) {
	at := g.Anchor.Result()
	for at != g.Result {
		op := g.user(at)
		if op == nil {
			return nil, fmt.Errorf("the result does not depend on %s", g.Anchor.Name())
		}
		to := op.Result()
		var err error
		switch {
		case op.Is(tensor.Reshape):
			p, err = p.reshaped(g.env, to.Type.Shape)
		case op.Is(tensor.Transpose):
			var single point
			if single, err = p.single(at.Type.Shape); err == nil {
				p = nil
				for _, axis := range op.Ints("perm") {
					p = append(p, single[axis])
				}
			}
		case !sameShape(g.env, at.Type.Shape, to.Type.Shape) || g.rearranges(op):
			return nil, fmt.Errorf("%s behind %s is not emitted with it", op.Name(), g.Anchor.Name())
		}
		if err != nil {
			return nil, err
		}
		at = to
	}
	return p, nil
}

// rearranges reports an operation whose elements do not each depend on those at the same place.
func (g *Group) rearranges(op *ir.Op) bool {
	return pointTable()[op.Def] != nil && !op.Is(tensor.Cast) && !op.Is(quant.Dequantize)
}

// constant reports a value that depends on constants only.
func (g *Group) constant(v *ir.Value) bool {
	if v.Def == nil {
		return g.Constants[v.Index]
	}
	for _, o := range v.Def.Operands {
		if o != nil && !g.constant(o) {
			return false
		}
	}
	return true
}

// looksUp reports a value that depends on a table, whose codes are checked at each use.
func (g *Group) looksUp(v *ir.Value) bool {
	return v.Def != nil && (v.Def.Is(quant.Lookup) ||
		slices.ContainsFunc(v.Def.Operands, func(o *ir.Value) bool { return o != nil && g.looksUp(o) }))
}

// heldBy lists the parameters that a value depends on.
func (g *Group) heldBy(v *ir.Value, list []bool) {
	if v.Def == nil {
		list[v.Index] = true
		return
	}
	for _, o := range v.Def.Operands {
		if o != nil {
			g.heldBy(o, list)
		}
	}
}
