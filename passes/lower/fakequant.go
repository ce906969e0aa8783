package lower

import (
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// fakeQuantizing holds the operators that round to codes and back, which training aware of quantization leaves in a
// model, and the product of 8-bit floats.
func fakeQuantizing(t *Table) {
	t.Add("aten.fake_quantize_per_tensor_affine", One(func(c *Call) *ir.Value {
		y, _ := c.fakeQuantize(c.number0("scale", host.F32), c.number0("zero_point", host.F32))
		return y
	}))
	t.Add("aten.fake_quantize_per_tensor_affine_cachemask", All(func(c *Call) []*ir.Value {
		y, mask := c.fakeQuantize(c.number0("scale", host.F32), c.number0("zero_point", host.F32))
		return []*ir.Value{y, mask}
	}))
	t.Add("aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams", All(func(c *Call) []*ir.Value {
		y, mask := c.fakeQuantize(c.number0("scale", host.F32), c.number0("zero_point", host.F32))
		on := c.number0("fake_quant_enabled", host.Bool)
		return []*ir.Value{c.Where(on, y, c.Value("self")), c.Or(mask, c.Not(on))}
	}))
	for _, target := range []string{"aten.fake_quantize_per_channel_affine", "aten.fake_quantize_per_channel_affine_cachemask"} {
		t.Add(target, All(func(c *Call) []*ir.Value {
			rank := c.Value("self").Type.Rank()
			axis := c.Axis("axis", rank)
			along := func(name string) *ir.Value { return c.Cast(c.alongAxis(c.Value(name), axis, rank), host.F32) }
			y, mask := c.fakeQuantize(along("scale"), along("zero_point"))
			return []*ir.Value{y, mask}[:c.Results()]
		}))
	}
	t.Add("aten._scaled_mm", One(func(c *Call) *ir.Value {
		y := c.Matmul(c.Cast(c.Value("self"), host.F32), c.Cast(c.Value("mat2"), host.F32))
		y = c.Mul(c.Mul(y, c.Cast(c.scaleOf("scale_a"), host.F32)), c.Cast(c.scaleOf("scale_b"), host.F32))
		if c.Has("bias") {
			y = c.Add(y, c.Cast(c.Value("bias"), host.F32))
		}
		if out := c.Result(0).Elem; out.IsFloat() && out.Bits() == 8 {
			if c.Has("scale_result") {
				y = c.Mul(y, c.Cast(c.scaleOf("scale_result"), host.F32))
			}
			least, most := out.Range()
			y = c.Clamp(y, least, most)
		}
		return c.Out(y)
	}))
}

// scaleOf is a scale of one element, of rank 0, or one for each row or column.
func (c *Call) scaleOf(name string) *ir.Value {
	v := c.Value(name)
	if v.Type.NumElements().Equal(ir.Const(1)) {
		return c.Reshape(v)
	}
	return v
}

// fakeQuantize rounds the argument self to codes and back, and tells which were within quant_min and quant_max.
func (c *Call) fakeQuantize(scale, zero *ir.Value) (y, within *ir.Value) {
	x := c.Value("self")
	wide := c.Cast(x, host.Promote(host.F32, x.Type.Elem))
	e := wide.Type.Elem
	codes := c.Add(c.round(c.Mul(wide, c.Cast(c.Reciprocal(scale), e))), c.Cast(zero, e))
	low := c.number0("quant_min", e)
	codes = c.Where(c.isNaN(codes), c.AddN(low, -1), codes) // as an integer, NaN is below all others
	kept := c.inRange(codes)
	within = c.Compare(tensor.Eq, kept, codes)
	if y := c.throughCodes(x, scale, zero); y != nil {
		return y, within
	}
	return c.Cast(c.Mul(c.Sub(kept, c.Cast(zero, e)), c.Cast(scale, e)), x.Type.Elem), within
}

// throughCodes rounds x to codes of 8 or 16 bits and back, as a model that is done with training does; nil where PyTorch
// rounds at other places than that, or the codes have more bits.
func (c *Call) throughCodes(x, scale, zero *ir.Value) *ir.Value {
	low, high, ok := c.limits()
	if !ok {
		return nil
	}
	inverse := c.Reciprocal(scale)
	for _, e := range []host.Elem{host.I8, host.U8, host.I16} {
		if quantizesAlike(x, inverse, zero, low, high, e) {
			if c.allZero(zero) {
				zero = nil
			}
			codes := c.quantizeBy(x, inverse, zero, low, high, x.Type.WithElem(e))
			return c.dequantize(codes, scale, zero, nil, x.Type.Elem)
		}
	}
	return nil
}
