package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// torchao holds the operators of the package torchao. A block_size says for each axis how many elements share a parameter.
func torchao(t *Table) {
	t.Add("torchao.quantize_affine", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		counts := c.blockCounts(x)
		zero := c.Maybe("zero_point")
		if zero != nil && zero.Type.NumElements().Equal(ir.Const(0)) {
			zero = nil
		}
		if zero != nil {
			zero = c.Reshape(zero, counts...)
		}
		low, high := c.codeLimits("output_dtype")
		return c.quantizeBy(x, c.Reciprocal(c.Reshape(c.Value("scale"), counts...)), zero, low, high, c.Result(0))
	}))
	t.Add("torchao.dequantize_affine", One(func(c *Call) *ir.Value {
		x, out := c.Value("input"), c.Result(0).Elem
		counts := c.blockCounts(x)
		zero := c.Maybe("zero_point")
		if zero != nil {
			zero = c.Reshape(zero, counts...)
		}
		return c.affine(x, c.Reshape(c.Value("scale"), counts...), zero, out, out)
	}))
	t.Add("torchao.choose_qparams_affine", All(chooseAffine))
	t.Add("torchao.choose_scale_float8", One(func(c *Call) *ir.Value {
		x := c.Value("tensor")
		_, most := c.overBlocks(c.Abs(x))
		if c.Has("hp_value_lb") {
			most = c.Max(most, c.Like(most, c.Float("hp_value_lb")))
		}
		if c.Has("hp_value_ub") {
			most = c.Min(most, c.Like(most, c.Float("hp_value_ub")))
		}
		_, limit := c.Elem("float8_dtype").Range()
		scale := c.Div(most, c.Like(most, limit))
		if c.Elem("scale_dtype") == host.F8E8M0 {
			scale = c.One(tensor.Exp2, nil, c.round(c.One(tensor.Log2, nil, scale)))
		}
		return c.Out(c.ReshapeTo(scale, c.Result(0)))
	}))
	t.Add("torchao.quantize_affine_float8_non_decomposed", One(func(c *Call) *ir.Value {
		x := c.Cast(c.Value("tensor"), host.F32)
		least, most := c.Result(0).Elem.Range()
		return c.Out(c.Clamp(c.mixed(tensor.Div, x, c.blocks(c.Value("scale"), x)), least, most))
	}))
	t.Add("torchao.dequantize_affine_float8_non_decomposed", One(func(c *Call) *ir.Value {
		return c.affine(c.Value("tensor"), c.Value("scale"), nil, host.F32, c.Result(0).Elem)
	}))
	t.Add("torchao.int_matmul", One(func(c *Call) *ir.Value { return c.Matmul(c.Out(c.Value("a")), c.Out(c.Value("b"))) }))
	t.Add("torchao.int_scaled_matmul", One(func(c *Call) *ir.Value {
		y := c.Matmul(c.Cast(c.Value("a"), host.I32), c.Cast(c.Value("b"), host.I32))
		scale := c.Value("scales1")
		return c.Out(c.Mul(c.Cast(y, scale.Type.Elem), scale))
	}))
}

// blockCounts is the number of blocks of x on each axis.
func (c *Call) blockCounts(x *ir.Value) []ir.Dim {
	sizes := c.Dims("block_size")
	if len(sizes) != x.Type.Rank() {
		c.Failf("block_size has %d sizes, expected one for each axis of %s", len(sizes), x.Type)
	}
	counts := make([]ir.Dim, len(sizes))
	for i, size := range sizes {
		whole := x.Type.Shape[i]
		switch n, _ := size.IsConst(); {
		case size.Equal(whole) || n == -1:
			counts[i] = ir.Const(1)
		default:
			counts[i] = whole.FloorDiv(size)
			c.check(counts[i].Err())
		}
	}
	return counts
}

// codeLimits are the arguments quant_min and quant_max, or the range of the type that the argument dtype names.
func (c *Call) codeLimits(dtype string) (least, most float64) {
	least, most = c.Elem(dtype).Range()
	if c.Has("quant_min") {
		least = c.Float("quant_min")
	}
	if c.Has("quant_max") {
		most = c.Float("quant_max")
	}
	return least, most
}

// overBlocks are the smallest and the largest element of each block of x.
func (c *Call) overBlocks(x *ir.Value) (least, most *ir.Value) {
	var shape []ir.Dim
	var axes []int
	counts := c.blockCounts(x)
	for i, n := range counts {
		axes = append(axes, len(shape)+1)
		shape = append(shape, n, x.Type.Shape[i].FloorDiv(n))
	}
	split := c.Reshape(x, shape...)
	return c.Reduce(tensor.ReduceMin, split, false, axes...), c.Reduce(tensor.ReduceMax, split, false, axes...)
}

func chooseAffine(c *Call) []*ir.Value {
	x := c.Value("input")
	low, high := c.codeLimits("target_dtype")
	var eps float64
	if c.Has("eps") {
		eps = c.Float("eps")
	} else {
		eps = c.epsilon(x.Type.Elem)
	}
	least, most := c.overBlocks(x)
	least, most = c.Min(least, c.Like(least, 0)), c.Max(most, c.Like(most, 0))
	var scale, zero *ir.Value
	switch mapping := c.Str("mapping_type"); mapping {
	case "SYMMETRIC":
		scale = c.Div(c.Max(c.Neg(least), most), c.Like(most, (high-low)/2))
	case "SYMMETRIC_NO_CLIPPING_ERR":
		down, up := c.Div(least, c.Like(least, low)), c.Div(most, c.Like(most, high))
		scale = c.Where(c.Compare(tensor.Gt, down, up), down, up)
	case "ASYMMETRIC":
		scale = c.Div(c.Sub(most, least), c.Like(most, high-low))
	default:
		c.Failf("mapping_type is %q, expected SYMMETRIC, SYMMETRIC_NO_CLIPPING_ERR or ASYMMETRIC", mapping)
	}
	scale = c.Max(scale, c.Like(scale, eps))
	if c.Str("mapping_type") == "ASYMMETRIC" {
		zero = c.Clamp(c.SubFrom(low, c.round(c.Div(least, scale))), low, high)
	} else {
		zero = c.Fill(ir.Int(int64((high+low+1)/2)), scale.Type)
	}
	results := []*ir.Value{scale, zero}
	for i, v := range results {
		results[i] = c.Cast(c.ReshapeTo(v, c.Result(i)), c.Result(i).Elem)
	}
	return results
}
