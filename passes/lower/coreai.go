package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// coreai holds the operators that Core AI's Python packages add to PyTorch: compressed weights, quantized activations,
// caches and tables.
func coreai(t *Table) {
	t.Add("coreai.lut_to_dense", One(func(c *Call) *ir.Value {
		indices := c.Value("indices")
		axis := ir.Attrs{ir.Set("axis", ir.Int(c.Axis("axis", indices.Type.Rank())))}
		return c.Out(c.One(quant.Lookup, axis, indices, c.Value("lut")))
	}))
	t.Add("coreai.sparse_to_dense", One(func(c *Call) *ir.Value {
		return c.One(quant.SparseToDense, nil, c.Value("nonzero_data"), c.Value("mask"))
	}))
	t.Add("coreai.constexpr_blockwise_shift_scale", One(func(c *Call) *ir.Value {
		return c.shiftScale(c.Value("input"), c.Value("scale"), c.Maybe("zero_point"), c.Maybe("minval"))
	}))
	t.Add("coreai.dequantize", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		return c.shiftScale(x, c.channels("scale", x), c.channels("zero_point", x), c.channels("minval", x))
	}))
	t.Add("coreai.dequantize_per_tensor", One(func(c *Call) *ir.Value {
		return c.affine(c.Value("quantized"), c.number0("scale", c.Value("scale").Type.Elem), c.Maybe("zero_point"), host.F32, c.Result(0).Elem)
	}))
	t.Add("coreai.quantize", One(coreaiQuantize))
	t.Add("coreai.fused_dequant_gather_reshape", One(func(c *Call) *ir.Value {
		rows := c.Take(c.Value("embedding_table"), c.Index64(c.Value("input_ids")), 0)
		scale := c.Value("scale")
		return c.ReshapeTo(c.affine(rows, scale, nil, scale.Type.Elem, c.Result(0).Elem), c.Result(0))
	}))
	t.Add("coreai.rope_gather_cached_cos_sin", All(func(c *Call) []*ir.Value {
		at := c.Cast(c.Value("position_ids"), host.I32)
		return []*ir.Value{c.Take(c.Value("cos_cached"), at, 0), c.Take(c.Value("sin_cached"), at, 0)}
	}))
	t.Add("coreai.immutable_slice_update", One(func(c *Call) *ir.Value {
		return c.sliceWrite(c.Value("x"), c.Value("update"), c.Value("begin"), c.Value("end"))
	}))
	// Operators that change an argument give its new value behind their own result.
	t.Add("coreai.mutable_slice_update", All(func(c *Call) []*ir.Value {
		y := c.sliceWrite(c.Value("x"), c.Value("update"), c.Value("begin"), c.Value("end"))
		return []*ir.Value{y, y}
	}))
	t.Add("coreai.mutable_cache_update_and_fetch", All(func(c *Call) []*ir.Value {
		cache := c.sliceWrite(c.Value("x"), c.Unsqueeze(c.Value("update"), 0), c.Value("begin"), c.Value("end"))
		layer := c.Part(cache, 0, c.fromEnd(c.Dim("layer_idx"), cache.Type.Shape[0]), ir.Const(1))
		if c.Has("seq_len") {
			layer = c.Part(layer, c.Axis("seq_dim", layer.Type.Rank()), ir.Const(0), c.Dim("seq_len"))
		}
		return []*ir.Value{c.Squeeze(layer, 0), cache}
	}))
}

// channels is a parameter of x: of rank 0 or 1 it runs along the argument axis, otherwise it has the rank of x. It is nil
// where it is absent.
func (c *Call) channels(name string, x *ir.Value) *ir.Value {
	v := c.Maybe(name)
	if v != nil && v.Type.Rank() <= 1 && x.Type.Rank() > 0 {
		return c.alongAxis(v, c.Axis("axis", x.Type.Rank()), x.Type.Rank())
	}
	return v
}

// shiftScale is (x - zero) * scale, or with low (x - the least code) * scale + low, in the type of scale.
func (c *Call) shiftScale(x, scale, zero, low *ir.Value) *ir.Value {
	out := c.Result(0)
	if x.Type.Elem == host.U8 && scale.Type.Elem == host.F8E8M0 { // two numbers of f4e2m1 in each
		return c.affine(c.ReshapeTo(c.halves(x), out), scale, nil, host.F32, out.Elem)
	}
	if x.Type.Elem.IsFloat() {
		return c.affine(x, scale, nil, host.F32, out.Elem)
	}
	e := scale.Type.Elem
	if low == nil {
		return c.affine(x, scale, zero, e, out.Elem)
	}
	if least, _ := c.Elem("input_dtype").Range(); least != 0 {
		zero = c.Const(ir.Int(int64(least)), host.I32)
	}
	if e == host.F32 && x.Type.Elem.Bits() <= 16 {
		return c.dequantize(x, scale, zero, low, out.Elem)
	}
	return c.Add(c.affine(x, scale, zero, e, e), c.blocks(low, x)) // which rounds in between
}

// halves are the f4e2m1 numbers in the halves of bytes, the low one first, as f32 along a new last axis.
func (c *Call) halves(x *ir.Value) *ir.Value {
	codes, err := host.FromBytes(host.F4E2M1, []int{16}, []byte{0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe})
	c.check(err)
	table := host.New(host.F32, 16)
	c.check(host.Cast(host.Serial, table, codes))
	lut := c.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Dense{T: table})}, ir.StaticType(host.F32, 16))
	half := c.Const(ir.Int(16), host.U8)
	pair := c.Stack(x.Type.Rank(), c.One(tensor.Remainder, nil, x, half), c.One(tensor.FloorDiv, nil, x, half))
	ones := slices.Repeat([]ir.Dim{ir.Const(1)}, pair.Type.Rank())
	return c.One(quant.Lookup, nil, pair, c.Reshape(lut, append(ones, ir.Const(16), ir.Const(1))...))
}

// coreaiQuantize is x / scale, rounded and shifted, within the range of the result's type.
func coreaiQuantize(c *Call) *ir.Value {
	x, e := c.Value("input"), c.Elem("output_dtype")
	scale, zero, low := c.channels("scale", x), c.channels("zero_point", x), c.channels("minval", x)
	least, most := e.Range()
	if e.IsFloat() {
		return c.Out(c.Clamp(c.Div(c.Cast(x, host.F32), c.withRank(c.Cast(scale, host.F32), x.Type.Rank())), least, most))
	}
	rank := x.Type.Rank()
	scale, low = c.withRank(scale, rank), c.withRank(low, rank)
	if zero = c.withRank(zero, rank); zero != nil && c.allZero(zero) {
		zero = nil
	}
	if zero == nil && low != nil && least != 0 {
		zero = c.withRank(c.Const(ir.Int(int64(least)), host.I32), rank)
	}
	wide := host.Promote(x.Type.Elem, scale.Type.Elem)
	if low != nil {
		wide = host.Promote(wide, low.Type.Elem)
	}
	if wide == host.F32 { // in which quant.quantize computes
		attrs := ir.Attrs{ir.Set("low", ir.Int(int64(least))), ir.Set("high", ir.Int(int64(most)))}
		if c.Result(0).Elem == e {
			attrs = nil
		}
		operands := []*ir.Value{x, scale, zero, low}
		for operands[len(operands)-1] == nil {
			operands = operands[:len(operands)-1]
		}
		return c.Typed(quant.Quantize, attrs, c.Result(0), operands...)
	}
	if low != nil {
		x = c.mixed(tensor.Sub, x, low)
	}
	y := c.round(c.mixed(tensor.Div, x, scale))
	if zero != nil {
		y = c.mixed(tensor.Add, y, zero)
	}
	return c.Out(c.Clamp(y, least, most))
}

// sliceWrite is x with update at x[begin:end], where begin and end hold an index for each of the first axes as Python's
// slices understand them: one may count from the end, and end may lie beyond it. On an axis on which begin is not known
// before the program runs, what is written is as large as update.
func (c *Call) sliceWrite(x, update, begin, end *ir.Value) *ir.Value {
	shape := x.Type.Shape
	rank := len(shape)
	named := min(c.length(begin), c.length(end)) // as zip pairs them
	if named > rank || update.Type.Rank() > rank {
		c.Failf("begin and end name %d axes and update is %s, which does not fit %s", named, update.Type, x.Type)
	}
	ones := slices.Repeat([]ir.Dim{ir.Const(1)}, rank-update.Type.Rank())
	update = c.Reshape(c.Cast(update, x.Type.Elem), slices.Concat(ones, update.Type.Shape)...)
	at, size := make([]ir.Dim, rank), slices.Clone(update.Type.Shape)
	var open []int // axes on which begin is not known
	for i, whole := range shape {
		at[i] = ir.Const(0)
		if i >= named {
			size[i] = whole
			continue
		}
		first, ok := c.known(begin, i)
		if !ok {
			open = append(open, i)
			continue
		}
		at[i] = c.clampIndex(first, whole)
		if stop, ok := c.known(end, i); ok && size[i].Equal(ir.Const(1)) { // update may broadcast
			stop = c.clampIndex(stop, whole)
			if !c.proven(at[i], ir.RelLE, stop) {
				stop = stop.Max(at[i])
			}
			size[i] = c.env().Simplify(stop.Sub(at[i]))
		}
	}
	update = c.Expand(update, size...)
	switch len(open) {
	case 0:
		return c.writeBlock(x, update, at)
	case 1:
		axis := open[0]
		index := c.Add(c.Count(size[axis], host.I64), c.element(begin, axis))
		return c.One(state.IndexUpdate, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("at", ir.OfDims(at...))}, x, update, index)
	}
	var places *ir.Value // in x as one line
	for i, whole := range shape {
		from := c.Size(at[i], host.I64)
		if slices.Contains(open, i) {
			from = c.element(begin, i)
			from = c.Where(c.Compare(tensor.Lt, from, c.Like(from, 0)), c.Add(from, c.Size(whole, host.I64)), from)
		}
		index := c.alongAxis(c.Add(c.Count(size[i], host.I64), from), i, rank)
		if places != nil {
			index = c.Add(c.Mul(places, c.Size(whole, host.I64)), index)
		}
		places = index
	}
	y := c.put(c.Flat(x), c.Flat(update), false, []int{0}, c.Flat(c.Expand(places, size...)))
	return c.ReshapeTo(y, x.Type)
}

// length is the number of elements of a list of indices.
func (c *Call) length(v *ir.Value) int {
	n, ok := v.Type.NumElements().IsConst()
	if !ok || v.Type.Rank() != 1 {
		c.Failf("found indices of type %s, expected one for each axis", v.Type)
	}
	return int(n)
}

// element is an index out of a list, of rank 0.
func (c *Call) element(list *ir.Value, i int) *ir.Value {
	return c.Cast(c.Select(list, 0, ir.Const(int64(i))), host.I64)
}

// writeBlock is x with update from the place at on.
func (c *Call) writeBlock(x, update *ir.Value, at []ir.Dim) *ir.Value {
	axis := -1
	for i, n := range update.Type.Shape {
		if !n.Equal(x.Type.Shape[i]) {
			axis = i
		}
	}
	if axis < 0 {
		return update
	}
	start := at[axis]
	at = slices.Clone(at)
	at[axis] = ir.Const(0)
	attrs := ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.OfDim(start))}
	if slices.ContainsFunc(at, func(d ir.Dim) bool { return !d.Equal(ir.Const(0)) }) || c.partial(x, update, axis) {
		attrs = append(attrs, ir.Set("at", ir.OfDims(at...)))
	}
	return c.One(state.SliceUpdate, attrs, x, update)
}

// partial reports whether update is smaller than x on an axis besides one.
func (c *Call) partial(x, update *ir.Value, axis int) bool {
	for i, n := range update.Type.Shape {
		if i != axis && !n.Equal(x.Type.Shape[i]) {
			return true
		}
	}
	return false
}
