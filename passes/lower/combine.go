package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// combinations lists all choices of r elements: where the places in a grid of r axes ascend.
func combinations(c *Call) *ir.Value {
	x, result, r := c.Value("self"), c.Result(0), c.Int("r")
	if r == 0 || result.NumElements().Equal(ir.Const(0)) {
		return c.Fill(ir.Int(0), result)
	}
	if r < 0 || r > 8 {
		c.Failf("r is %d, expected 0 to 8", r)
	}
	n, def := x.Type.Shape[0], tensor.Lt
	if c.Bool("with_replacement") {
		def = tensor.Le
	}
	place := func(axis int) *ir.Value { return c.alongAxis(c.Count(n, host.I64), axis, r) }
	mask := c.Fill(ir.Bool(true), ir.TensorOf(host.Bool, slices.Repeat([]ir.Dim{n}, r)...))
	for i := 1; i < r; i++ {
		mask = c.And(mask, c.Compare(def, place(i-1), place(i)))
	}
	index := c.positions(mask, result.Shape[0], 0)
	for i, at := range index {
		index[i] = c.Take(x, at, 0)
	}
	return c.Stack(1, index...)
}

// chunkCat pads an axis of each tensor to a multiple of the number of chunks, and joins their chunks as rows.
func chunkCat(c *Call) *ir.Value {
	vs := c.Values("tensors")
	chunks := ir.Const(int64(c.Int("num_chunks")))
	axis := c.Axis("dim", vs[0].Type.Rank())
	for i, v := range vs {
		low, high := make([]ir.Dim, v.Type.Rank()), make([]ir.Dim, v.Type.Rank())
		size := v.Type.Shape[axis]
		high[axis] = c.env().Simplify(ir.Const(0).Sub(size).Mod(chunks))
		v = c.Pad(c.Out(v), low, high, c.number(ir.Int(0), c.Result(0).Elem))
		row := product(v.Type.Shape[axis:]).FloorDiv(chunks)
		vs[i] = c.Reshape(v, append(slices.Clone(v.Type.Shape[:axis]), chunks, row)...)
	}
	return c.Concat(axis+1, vs...)
}

// cartesianProd lists all choices of one element of each tensor.
func cartesianProd(c *Call) *ir.Value {
	vs := c.Values("tensors")
	if len(vs) == 1 {
		return vs[0]
	}
	dims := make([]ir.Dim, len(vs))
	for i, v := range vs {
		dims[i] = v.Type.Shape[0]
	}
	for i, v := range vs {
		vs[i] = c.Flat(c.Expand(c.alongAxis(v, i, len(vs)), dims...))
	}
	return c.Stack(1, vs...)
}
