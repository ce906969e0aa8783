package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// joins holds targets that cut tensors and join them.
func joins(t *Table) {
	for _, target := range []string{"aten.split", "aten.split_with_sizes", "aten.unsafe_split", "aten.unsafe_split_with_sizes", "aten.chunk",
		"aten.unsafe_chunk", "aten.tensor_split.sections", "aten.split_copy", "aten.split_with_sizes_copy"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cut(x, c.Axis("dim", x.Type.Rank()))
		}))
	}
	t.Add("aten.tensor_split.indices", All(func(c *Call) []*ir.Value {
		x := c.Value("self")
		return c.cutAt(x, c.Axis("dim", x.Type.Rank()), c.Dims("indices"))
	}))
	for axis, target := range []string{"aten.vsplit", "aten.hsplit", "aten.dsplit"} {
		t.Add(target+".int", All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cut(x, min(axis, x.Type.Rank()-1))
		}))
		t.Add(target+".array", All(func(c *Call) []*ir.Value {
			x := c.Value("self")
			return c.cutAt(x, min(axis, x.Type.Rank()-1), c.Dims("indices"))
		}))
	}
	for _, target := range []string{"aten.unbind", "aten.unbind_copy"} {
		t.Add(target, All(unbind))
	}
	for _, target := range []string{"aten.cat", "aten.concat", "aten.concatenate"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			vs := c.joined()
			return c.Concat(c.Axis("dim", vs[0].Type.Rank()), vs...)
		}))
	}
	for _, target := range []string{"aten.stack", "aten._stack"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.Stack(c.Axis("dim", c.Result(0).Rank()), c.joined()...) }))
	}
	t.Add("aten.pad_sequence", One(padSequence))
	t.Add("aten.flatten_dense_tensors", One(flattenDense))
	t.Add("aten.unflatten_dense_tensors", All(unflattenDense))
	for _, target := range []string{"aten.hstack", "aten.vstack", "aten.row_stack", "aten.dstack", "aten.column_stack"} {
		t.Add(target, One(func(c *Call) *ir.Value { return c.stackAs(target) }))
	}
	t.Add("aten.meshgrid", All(meshgrid))
	t.Add("aten.broadcast_tensors", All(func(c *Call) []*ir.Value {
		vs := c.Values("tensors")
		for i, v := range vs {
			vs[i] = c.ExpandTo(v, c.Result(i))
		}
		return vs
	}))
	t.Add("aten.sum_to_size", One(sumToSize))
	t.Add("aten.block_diag", One(blockDiag))
	t.Add("aten._chunk_cat", One(chunkCat))
	t.Add("aten.cartesian_prod", One(cartesianProd))
	t.Add("aten.combinations", One(combinations))
	t.Add("aten.kron", One(kron))
}

// flattenDense puts the elements of tensors in one row.
func flattenDense(c *Call) *ir.Value {
	vs := c.Values("tensors")
	for i, v := range vs {
		vs[i] = c.Flat(v)
	}
	return c.Concat(0, vs...)
}

// unflattenDense cuts a row into tensors of the shapes that the file states.
func unflattenDense(c *Call) []*ir.Value {
	flat, start := c.Value("flat"), ir.Const(0)
	vs := make([]*ir.Value, c.Results())
	for i := range vs {
		size := c.Result(i).NumElements()
		vs[i] = c.ReshapeTo(c.Part(flat, 0, start, size), c.Result(i))
		start = start.Add(size)
	}
	return vs
}

// sumToSize adds up what broadcasting from the result's shape repeats.
func sumToSize(c *Call) *ir.Value {
	x, r := c.Out(c.Value("self")), c.Result(0)
	lead := x.Type.Rank() - r.Rank()
	axes := axesFrom(0, lead)
	for i, d := range r.Shape {
		if d.Equal(ir.Const(1)) && !x.Type.Shape[lead+i].Equal(d) {
			axes = append(axes, lead+i)
		}
	}
	return c.ReshapeTo(c.reduceNumbers(tensor.Sum, x, true, axes...), r)
}

// unbind takes the elements of an axis apart.
func unbind(c *Call) []*ir.Value {
	x := c.Value("self")
	axis := c.Axis("dim", x.Type.Rank())
	vs := make([]*ir.Value, c.Results())
	for i := range vs {
		vs[i] = c.Select(x, axis, ir.Const(int64(i)))
	}
	return vs
}

// cut takes the results one after the other from an axis; their sizes are in the file.
func (c *Call) cut(x *ir.Value, axis int) []*ir.Value {
	vs := make([]*ir.Value, c.Results())
	start := ir.Const(0)
	for i := range vs {
		size := c.Result(i).Shape[axis]
		vs[i] = c.Part(x, axis, start, size)
		start = start.Add(size)
	}
	return vs
}

// cutAt cuts an axis at indices, which need not ascend.
func (c *Call) cutAt(x *ir.Value, axis int, at []ir.Dim) []*ir.Value {
	size := x.Type.Shape[axis]
	vs := make([]*ir.Value, len(at)+1)
	start := ir.Const(0)
	for i := range vs {
		stop := size
		if i < len(at) {
			stop = c.clampIndex(at[i], size)
		}
		end := stop
		if !c.proven(start, ir.RelLE, end) {
			end = c.env().Simplify(end.Max(start))
		}
		vs[i] = c.Slice(x, axis, start, end, 1)
		start = stop
	}
	return vs
}

// joined are the tensors to join, in the type of the result. Empty tensors of rank 1 are left out where others have a
// higher rank, as PyTorch still does.
func (c *Call) joined() []*ir.Value {
	vs := c.Values("tensors")
	rank := c.Result(0).Rank()
	legacy := func(v *ir.Value) bool {
		return v.Type.Rank() == 1 && rank != 1 && v.Type.Shape[0].Equal(ir.Const(0)) && base(c.Callee()) != "aten.stack" && base(c.Callee()) != "aten._stack"
	}
	if !slices.ContainsFunc(vs, func(v *ir.Value) bool { return !legacy(v) }) {
		return vs
	}
	vs = slices.DeleteFunc(vs, legacy)
	for i, v := range vs {
		vs[i] = c.Out(v)
	}
	return vs
}

// padSequence makes sequences of different lengths equally long and stacks them.
func padSequence(c *Call) *ir.Value {
	vs := c.Values("sequences")
	batch, time := 1, 0
	if c.Bool("batch_first") {
		batch, time = 0, 1
	}
	steps := c.Result(0).Shape[time]
	for i, v := range vs {
		low, high := make([]ir.Dim, v.Type.Rank()), make([]ir.Dim, v.Type.Rank())
		missing := c.env().Simplify(steps.Sub(v.Type.Shape[0]))
		if high[0] = missing; c.Str("padding_side") == "left" {
			low[0], high[0] = missing, ir.Const(0)
		}
		vs[i] = c.Pad(v, low, high, c.number(ir.Float(c.Float("padding_value")), v.Type.Elem))
	}
	return c.Stack(batch, vs...)
}

// stackAs is hstack and its kin: tensors brought to a least rank, joined along an axis.
func (c *Call) stackAs(target string) *ir.Value {
	vs := c.joined()
	axis := 0
	for i, v := range vs {
		switch rank := v.Type.Rank(); target {
		case "aten.hstack":
			if rank == 0 {
				v = c.Unsqueeze(v, 0)
			}
			axis = min(v.Type.Rank()-1, 1)
		case "aten.vstack", "aten.row_stack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, 0)
			}
		case "aten.column_stack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, -1)
			}
			axis = 1
		case "aten.dstack":
			for v.Type.Rank() < 2 {
				v = c.Unsqueeze(v, 0)
			}
			if rank < 3 {
				v = c.Unsqueeze(v, -1)
			}
			axis = 2
		}
		vs[i] = v
	}
	return c.Concat(axis, vs...)
}

// alongAxis gives a tensor of rank 1 or 0 rank axes, all of size 1 but one.
func (c *Call) alongAxis(v *ir.Value, axis, rank int) *ir.Value {
	dims := make([]ir.Dim, rank)
	for i := range dims {
		dims[i] = ir.Const(1)
	}
	dims[axis] = v.Type.NumElements()
	return c.Reshape(v, dims...)
}

func meshgrid(c *Call) []*ir.Value {
	vs := c.Values("tensors")
	rank := len(vs)
	for i, v := range vs {
		axis := i
		if c.Has("indexing") && c.Str("indexing") == "xy" && rank >= 2 && i < 2 {
			axis = 1 - i
		}
		vs[i] = c.ExpandTo(c.alongAxis(v, axis, rank), c.Result(i))
	}
	return vs
}

func blockDiag(c *Call) *ir.Value {
	vs := c.Values("tensors")
	width := c.Result(0).Shape[1]
	left := ir.Const(0)
	zero := ir.Const(0)
	for i, v := range vs {
		for v.Type.Rank() < 2 {
			v = c.Unsqueeze(v, 0)
		}
		right := width.Sub(left).Sub(v.Type.Shape[1])
		next := left.Add(v.Type.Shape[1])
		vs[i] = c.Pad(c.Out(v), []ir.Dim{zero, left}, []ir.Dim{zero, right}, c.number(ir.Int(0), c.Result(0).Elem))
		left = next
	}
	return c.Concat(0, vs...)
}

func kron(c *Call) *ir.Value {
	a, b := c.Out(c.Value("self")), c.Out(c.Value("other"))
	rank := c.Result(0).Rank()
	for a.Type.Rank() < rank {
		a = c.Unsqueeze(a, 0)
	}
	for b.Type.Rank() < rank {
		b = c.Unsqueeze(b, 0)
	}
	var wideA, wideB []ir.Dim
	for i := range rank {
		wideA = append(wideA, a.Type.Shape[i], ir.Const(1))
		wideB = append(wideB, ir.Const(1), b.Type.Shape[i])
	}
	return c.ReshapeTo(c.Mul(c.Reshape(a, wideA...), c.Reshape(b, wideB...)), c.Result(0))
}
