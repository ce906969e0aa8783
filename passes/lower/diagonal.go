package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// diagonals holds targets that look at where an element stands in a matrix.
func diagonals(t *Table) {
	t.Add("aten.diagonal", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		rank := x.Type.Rank()
		return c.diagonal(x, c.Int("offset"), c.Axis("dim1", rank), c.Axis("dim2", rank))
	}))
	t.Add("aten.diagonal_copy", t.Lookup("aten.diagonal"))
	t.Add("aten.linalg_diagonal", One(func(c *Call) *ir.Value {
		x := c.Value("A")
		rank := x.Type.Rank()
		return c.diagonal(x, c.Int("offset"), c.Axis("dim1", rank), c.Axis("dim2", rank))
	}))
	t.Add("aten.diag", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		if x.Type.Rank() == 1 {
			n := c.Result(0).Shape[0]
			return c.onDiagonal(x, nil, c.Int("diagonal"), n, n)
		}
		return c.diagonal(x, c.Int("diagonal"), 0, 1)
	}))
	t.Add("aten.trace", One(func(c *Call) *ir.Value {
		return c.Sum(c.Out(c.diagonal(c.Value("self"), 0, 0, 1)), false, 0)
	}))
	t.Add("aten.diag_embed", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		rank := x.Type.Rank() + 1
		a, b := c.Axis("dim1", rank), c.Axis("dim2", rank)
		n := c.Result(0).Shape[a]
		return c.fromLast(c.onDiagonal(x, nil, c.Int("offset"), n, n), a, b)
	}))
	t.Add("aten.diagflat", One(func(c *Call) *ir.Value {
		n := c.Result(0).Shape[0]
		return c.onDiagonal(c.Flat(c.Value("self")), nil, c.Int("offset"), n, n)
	}))
	t.Add("aten.diagonal_scatter", One(func(c *Call) *ir.Value {
		x := c.Value("self")
		rank := x.Type.Rank()
		a, b := c.Axis("dim1", rank), c.Axis("dim2", rank)
		x = c.toLast(x, a, b)
		n, m := x.Type.Shape[rank-2], x.Type.Shape[rank-1]
		src := c.Cast(c.Value("src"), x.Type.Elem)
		return c.fromLast(c.onDiagonal(src, x, c.Int("offset"), n, m), a, b)
	}))
	for _, target := range []string{"aten.tril", "aten.triu"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			x := c.Value("self")
			rank := x.Type.Rank()
			across := c.across(x.Type.Shape[rank-2], x.Type.Shape[rank-1])
			keep := tensor.Le
			if target == "aten.triu" {
				keep = tensor.Ge
			}
			return c.Where(c.Compare(keep, across, c.Const(ir.OfDim(c.Dim("diagonal")), host.I64)), x, c.Like(x, 0))
		}))
	}
	for _, target := range []string{"aten.tril_indices", "aten.triu_indices"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			at := c.triangle(c.Dim("row"), c.Dim("col"), c.Int("offset"), target == "aten.tril_indices", c.Result(0).Shape[1])
			return c.Out(c.Stack(0, at...))
		}))
	}
	t.Add("aten.eye", One(func(c *Call) *ir.Value {
		r := c.Result(0)
		return c.Cast(c.Compare(tensor.Eq, c.across(r.Shape[0], r.Shape[1]), c.Const(ir.Int(0), host.I64)), r.Elem)
	}))
}

// across is the matrix [n, m] of column minus row.
func (c *Call) across(n, m ir.Dim) *ir.Value {
	rows := c.Iota(ir.TensorOf(host.I64, n, ir.Const(1)), 0, ir.Int(0), ir.Int(1))
	return c.Sub(c.Count(m, host.I64), rows)
}

// toLast moves axes a and b to the end; fromLast undoes it.
func (c *Call) toLast(x *ir.Value, a, b int) *ir.Value {
	return c.Transpose(x, lastPerm(x.Type.Rank(), a, b)...)
}

func (c *Call) fromLast(x *ir.Value, a, b int) *ir.Value {
	perm := lastPerm(x.Type.Rank(), a, b)
	inverse := make([]int, len(perm))
	for i, p := range perm {
		inverse[p] = i
	}
	return c.Transpose(x, inverse...)
}

func lastPerm(rank, a, b int) []int {
	perm := slices.DeleteFunc(axesFrom(0, rank), func(i int) bool { return i == a || i == b })
	return append(perm, a, b)
}

// diagonal takes the elements where column - row is offset, as the last axis.
func (c *Call) diagonal(x *ir.Value, offset, a, b int) *ir.Value {
	x = c.toLast(x, a, b)
	rank := x.Type.Rank()
	n, m := x.Type.Shape[rank-2].Sub(ir.Const(int64(max(-offset, 0)))), x.Type.Shape[rank-1].Sub(ir.Const(int64(max(offset, 0))))
	length := c.env().Simplify(n.Min(m).Max(ir.Const(0)))
	rows := c.Iota(ir.TensorOf(host.I64, length), 0, ir.Int(max(-offset, 0)), ir.Int(1))
	cols := c.Iota(ir.TensorOf(host.I64, length), 0, ir.Int(max(offset, 0)), ir.Int(1))
	return c.One(tensor.Index, ir.Attrs{ir.Set("axes", ir.OfInts(rank-2, rank-1))}, x, rows, cols)
}

// onDiagonal puts the last axis of src where column - row is offset in matrices [n, m], over base or over zeros.
func (c *Call) onDiagonal(src, base *ir.Value, offset int, n, m ir.Dim) *ir.Value {
	rank := src.Type.Rank()
	zero := make([]ir.Dim, rank)
	low, high := slices.Clone(zero), slices.Clone(zero)
	low[rank-1] = ir.Const(int64(max(-offset, 0)))
	high[rank-1] = n.Sub(low[rank-1]).Sub(src.Type.Shape[rank-1])
	perRow := src
	if !perRow.Type.Shape[rank-1].Equal(n) {
		perRow = c.Pad(src, low, high, c.number(ir.Int(0), src.Type.Elem))
	}
	on := c.Compare(tensor.Eq, c.across(n, m), c.Const(ir.Int(int64(offset)), host.I64))
	if base == nil {
		base = c.Like(src, 0)
	}
	return c.Where(on, c.Unsqueeze(perRow, -1), base)
}

// triangle lists the total places in a triangle of a matrix, row by row: their rows and their columns.
func (c *Call) triangle(rows, cols ir.Dim, offset int, lower bool, total ir.Dim) []*ir.Value {
	width := c.Size(cols, host.I64)
	number := func(n int) *ir.Value { return c.Const(ir.Int(int64(n)), host.I64) }
	edge := func(n int) *ir.Value { // the columns before the diagonal, shifted
		return c.Min(c.Max(c.Add(c.Count(rows, host.I64), number(n)), number(0)), width)
	}
	counts, first := edge(offset+1), number(0)
	if !lower {
		first = edge(offset)
		counts = c.Sub(width, first)
	}
	ends := c.One(tensor.Cumsum, ir.Attrs{ir.Set("axis", ir.Int(0))}, counts)
	k := c.Count(total, host.I64)
	row := c.One(tensor.Searchsorted, ir.Attrs{ir.Set("right", ir.Bool(true))}, ends, k)
	starts := c.Sub(c.Sub(ends, counts), first) // place minus column, for each row
	return []*ir.Value{row, c.Sub(k, c.Take(starts, row, 0))}
}
