package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// quantizing holds the operators of PyTorch's own quantization, which give and take integers and their parameters. Their
// steps and the type of each are those of torch.ao.quantization.fx._decomposed, since a rounding more moves codes by one.
func quantizing(t *Table) {
	t.Add("quantized_decomposed.quantize_per_tensor", One(func(c *Call) *ir.Value {
		x := c.Cast(c.Value("input"), host.F32)
		inverse := c.Cast(c.Reciprocal(c.number0("scale", host.F64)), host.F32) // 1/scale is a Python number
		zero := c.number0("zero_point", host.F32)
		if low, high, ok := c.limits(); ok {
			return c.quantizeBy(x, inverse, zero, low, high, c.Result(0))
		}
		return c.codes(c.Add(c.round(c.Mul(x, inverse)), zero))
	}))
	t.Add("quantized_decomposed.dequantize_per_tensor", One(func(c *Call) *ir.Value {
		out := c.Result(0).Elem
		return c.affine(c.Value("input"), c.number0("scale", opmath(out)), c.number0("zero_point", host.I64), out, out)
	}))
	t.Add("quantized_decomposed.quantize_per_channel", One(func(c *Call) *ir.Value {
		x := c.Cast(c.Value("input"), host.F32)
		scale, zero := c.channelParams(x)
		return c.quantizeBy(x, c.Reciprocal(scale), zero, c.Float("quant_min"), c.Float("quant_max"), c.Result(0))
	}))
	t.Add("quantized_decomposed.dequantize_per_channel", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		scale, zero := c.channelParams(x)
		return c.affine(x, scale, zero, host.Invalid, c.Result(0).Elem)
	}))
	t.Add("quantized_decomposed.fake_quant_per_channel", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		scale, zero := c.channelParams(x)
		scale, zero = c.Cast(scale, host.F32), c.Cast(zero, host.F32)
		y := c.Add(c.round(c.Mul(x, c.Reciprocal(scale))), zero)
		return c.Mul(c.Sub(c.inRange(y), zero), scale)
	}))
	for _, target := range []string{"quantize_per_token", "quantize_per_channel_group"} { // which add before they round
		t.Add("quantized_decomposed."+target, One(func(c *Call) *ir.Value {
			x, scale, zero := c.Value("input"), c.Value("scales"), c.Value("zero_points")
			if target == "quantize_per_channel_group" {
				size := c.groupSize(x)
				x = c.Reshape(x, x.Type.NumElements().FloorDiv(size), size)
				scale, zero = c.column(scale), c.column(zero)
			}
			y := c.mixed(tensor.Add, c.mixed(tensor.Mul, x, c.Reciprocal(scale)), zero)
			return c.ReshapeTo(c.codes(c.round(y)), c.Result(0))
		}))
	}
	t.Add("quantized_decomposed.dequantize_per_token", One(func(c *Call) *ir.Value {
		return c.affine(c.Value("input"), c.Value("scales"), c.Value("zero_points"), host.Invalid, c.Result(0).Elem)
	}))
	t.Add("quantized_decomposed.dequantize_per_channel_group", One(func(c *Call) *ir.Value {
		x := c.Value("input")
		rows, cols := x.Type.Shape[0], x.Type.Shape[1]
		groups := cols.FloorDiv(c.groupSize(x))
		zero := c.Maybe("zero_points")
		if zero != nil {
			zero = c.Reshape(zero, rows, groups)
		}
		return c.affine(x, c.Reshape(c.Value("scales"), rows, groups), zero, host.Invalid, c.Result(0).Elem)
	}))
	for _, target := range []string{"choose_qparams", "choose_qparams_symmetric"} {
		t.Add("quantized_decomposed."+target, All(func(c *Call) []*ir.Value { return chooseForTensor(c, target == "choose_qparams_symmetric") }))
	}
	t.Add("quantized_decomposed.choose_qparams_per_token", All(func(c *Call) []*ir.Value {
		x := c.Value("input")
		most := c.Reduce(tensor.ReduceMax, c.Abs(x), true, x.Type.Rank()-1)
		if most.Type.Elem == host.F16 {
			most = c.Cast(most, host.F32)
		}
		scale := c.Div(c.Max(most, c.Like(most, 1e-5)), c.Like(most, 127))
		// The file states f64 and i64; what PyTorch computes has the type of the scale.
		c.restate(0, scale.Type)
		return []*ir.Value{scale, c.Fill(ir.Int(0), c.restate(1, scale.Type))}
	}))
	for _, target := range []string{"choose_qparams_per_token_asymmetric", "_choose_qparams_per_token_asymmetric_impl"} {
		t.Add("quantized_decomposed."+target, All(chooseForToken))
	}
	t.Add("quantized_decomposed.convert_element_type", One(func(c *Call) *ir.Value { return c.Out(c.Value("input")) }))
}

// number0 is a number, or a tensor of one element, as a tensor of rank 0.
func (c *Call) number0(name string, e host.Elem) *ir.Value {
	o := c.operand(name)
	if o.value != nil {
		o.value = c.Reshape(o.value)
	}
	return o.as(c, e)
}

// channelParams are the arguments scales and zero_points, of rank 1, along the argument axis of x; zero may be nil.
func (c *Call) channelParams(x *ir.Value) (scale, zero *ir.Value) {
	axis, rank := c.Axis("axis", x.Type.Rank()), x.Type.Rank()
	if zero = c.Maybe("zero_points"); zero != nil {
		zero = c.alongAxis(zero, axis, rank)
	}
	return c.alongAxis(c.Value("scales"), axis, rank), zero
}

// groupSize is the argument group_size; a single group may be stated larger than the rows of x.
func (c *Call) groupSize(x *ir.Value) ir.Dim {
	size, row := c.Dim("group_size"), x.Type.Shape[x.Type.Rank()-1]
	if c.proven(size, ir.RelGT, row) {
		return row
	}
	return size
}

func (c *Call) column(v *ir.Value) *ir.Value {
	return c.Reshape(v, v.Type.NumElements(), ir.Const(1))
}

func (c *Call) round(x *ir.Value) *ir.Value { return c.One(tensor.Round, nil, x) }

// mixed builds an operation of two tensors in the type that PyTorch computes it in, where neither counts as a number.
func (c *Call) mixed(def *ir.OpDef, a, b *ir.Value) *ir.Value {
	e := host.Promote(a.Type.Elem, b.Type.Elem)
	return c.One(def, nil, c.Cast(a, e), c.Cast(b, e))
}

// inRange keeps x within the arguments quant_min and quant_max.
func (c *Call) inRange(x *ir.Value) *ir.Value {
	e := x.Type.Elem
	return c.Min(c.Max(x, c.number0("quant_min", e)), c.number0("quant_max", e))
}

// codes keeps x within the arguments quant_min and quant_max and converts it to the result's type.
func (c *Call) codes(x *ir.Value) *ir.Value { return c.Out(c.inRange(x)) }

// affine is (data - zero) * scale, converted to out. e is the float type that data has before; Invalid where PyTorch
// subtracts integers and multiplies in the type of scale. scale and zero, which may be nil, have one element, or for each
// axis of data one or one for each of equal blocks. Codes stay as they are stored: quant.dequantize gives the same bits.
func (c *Call) affine(data, scale, zero *ir.Value, e, out host.Elem) *ir.Value {
	if zero != nil && c.allZero(zero) {
		zero = nil
	}
	product := host.Promote(e, scale.Type.Elem)
	if zero != nil && zero.Type.Elem.IsFloat() {
		product = host.Promote(product, zero.Type.Elem)
	}
	if bits := data.Type.Elem.Bits(); data.Type.Elem.IsInt() && (bits > 16 || bits > 8 && e != host.Invalid && e.Bits() < 32) {
		return c.Cast(c.mixed(tensor.Mul, c.centred(data, zero, e), c.blocks(scale, data)), out)
	}
	if e == host.Invalid && zero != nil && host.Promote(data.Type.Elem, zero.Type.Elem).Bits() <= 8 {
		data, zero = c.centred(data, zero, e), nil // integers of 8 bits wrap around
	}
	if product == host.F32 && out.Bits() <= 32 {
		product = out // f32 is what quant.dequantize computes in
	}
	return c.Cast(c.dequantize(data, scale, zero, nil, product), out)
}

// centred is data - zero in a float type, or as integers where e is Invalid.
func (c *Call) centred(data, zero *ir.Value, e host.Elem) *ir.Value {
	if e == host.Invalid && zero == nil {
		return data
	}
	if e == host.Invalid {
		return c.mixed(tensor.Sub, data, c.blocks(zero, data))
	}
	if data = c.Cast(data, e); zero == nil {
		return data
	}
	return c.Sub(data, c.Cast(c.blocks(zero, data), e))
}

// dequantize is (data - zero) * scale + low in the type e, computed in f32 (f64 for f64) and rounded once. zero and low may
// be nil.
func (c *Call) dequantize(data, scale, zero, low *ir.Value, e host.Elem) *ir.Value {
	rank := data.Type.Rank()
	operands := []*ir.Value{data, c.withRank(scale, rank)}
	if zero != nil || low != nil {
		operands = append(operands, c.withRank(zero, rank))
	}
	if low != nil {
		operands = append(operands, c.withRank(low, rank))
	}
	return c.Typed(quant.Dequantize, nil, data.Type.WithElem(e), operands...)
}

// withRank gives a tensor leading axes of size 1; one element has any rank, and so has nil.
func (c *Call) withRank(v *ir.Value, rank int) *ir.Value {
	if v == nil {
		return nil
	}
	shape := v.Type.Shape
	if v.Type.NumElements().Equal(ir.Const(1)) {
		shape = nil
	}
	ones := slices.Repeat([]ir.Dim{ir.Const(1)}, max(rank-len(shape), 0))
	return c.Reshape(v, slices.Concat(ones, shape)...)
}

// blocks repeats each element of a parameter over its block of data.
func (c *Call) blocks(v, data *ir.Value) *ir.Value {
	v = c.withRank(v, data.Type.Rank())
	var wide, split []ir.Dim
	whole := true
	for i, n := range v.Type.Shape {
		size := data.Type.Shape[i]
		if n.Equal(ir.Const(1)) || n.Equal(size) {
			wide, split = append(wide, n), append(split, n)
			continue
		}
		whole = false
		wide, split = append(wide, n, size.FloorDiv(n)), append(split, n, ir.Const(1))
	}
	if whole {
		return v
	}
	shape := slices.Clone(v.Type.Shape)
	for i, n := range shape {
		if !n.Equal(ir.Const(1)) {
			shape[i] = data.Type.Shape[i]
		}
	}
	return c.Reshape(c.Expand(c.Reshape(v, split...), wide...), shape...)
}

// chooseForTensor gives scale and zero point, of one element each, for all of a tensor.
func chooseForTensor(c *Call, symmetric bool) []*ir.Value {
	x := c.Value("input")
	axes := axesFrom(0, x.Type.Rank())
	least, most := c.Reduce(tensor.ReduceMin, x, false, axes...), c.Reduce(tensor.ReduceMax, x, false, axes...)
	low, high := c.Float("quant_min"), c.Float("quant_max")
	least, most = c.Min(least, c.Like(least, 0)), c.Max(most, c.Like(most, 0))
	atLeast := func(scale *ir.Value) *ir.Value {
		scale = c.Cast(scale, host.Promote(host.F32, scale.Type.Elem)) // eps is a tensor of type f32
		return c.Max(scale, c.Const(ir.Float(float32(c.Float("eps"))), scale.Type.Elem))
	}
	if symmetric {
		scale := atLeast(c.Div(c.Max(c.Neg(least), most), c.Like(most, (high-low)/2)))
		zero := 0
		if c.Elem("dtype") == host.U8 {
			zero = 128
		}
		return []*ir.Value{c.Cast(c.ReshapeTo(scale, c.Result(0)), c.Result(0).Elem), c.Fill(ir.Int(zero), c.Result(1))}
	}
	scale := atLeast(c.Div(c.Sub(most, least), c.Like(most, high-low)))
	zero := c.Cast(c.round(c.Div(c.Cast(least, scale.Type.Elem), scale)), host.I32)
	zero = c.Sub(c.Const(ir.Int(c.Int("quant_min")), host.I32), zero)
	zero = c.Min(c.Max(zero, c.Const(ir.Int(c.Int("quant_min")), host.I32)), c.Const(ir.Int(c.Int("quant_max")), host.I32))
	return []*ir.Value{c.Cast(c.ReshapeTo(scale, c.Result(0)), c.Result(0).Elem), c.Cast(c.ReshapeTo(zero, c.Result(1)), c.Result(1).Elem)}
}

// chooseForToken gives a scale and a zero point of i8 for each row of a tensor.
func chooseForToken(c *Call) []*ir.Value {
	const low, high = -128, 127
	x := c.Value("input")
	last := x.Type.Rank() - 1
	least, most := c.Reduce(tensor.ReduceMin, x, true, last), c.Reduce(tensor.ReduceMax, x, true, last)
	least, most = c.Min(least, c.Like(least, 0)), c.Max(most, c.Like(most, 0))
	scale := c.Div(c.Sub(most, least), c.Like(most, high-low))
	scale = c.Max(scale, c.Like(scale, c.epsilon(host.F32)))
	downTo, upTo := c.Div(least, scale), c.Div(most, scale)
	errors := c.Add(c.AddN(downTo, low), c.AddN(upTo, high))
	zero := c.Where(c.Compare(tensor.Gt, errors, c.Like(errors, 0)), c.SubFrom(low, downTo), c.SubFrom(high, upTo))
	zero = c.round(c.Clamp(zero, low, high))
	return []*ir.Value{c.Cast(scale, c.Result(0).Elem), c.Cast(zero, c.Result(1).Elem)}
}
