package lower

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// attentions holds scaled dot product attention and PyTorch's fused transformer layers.
func attentions(t *Table) {
	t.Add("aten.scaled_dot_product_attention", One(func(c *Call) *ir.Value { return c.sdpa("attn_mask") }))
	for _, e := range []struct{ target, mask string }{
		{"aten._scaled_dot_product_flash_attention_for_cpu", "attn_mask"}, {"aten._scaled_dot_product_flash_attention", ""},
		{"aten._scaled_dot_product_efficient_attention", "attn_bias"}, {"aten._scaled_dot_product_cudnn_attention", "attn_bias"},
		{"aten._scaled_dot_product_attention_math", "attn_mask"}, {"aten._scaled_dot_product_fused_attention_overrideable", "attn_bias"},
	} {
		t.Add(e.target, All(func(c *Call) []*ir.Value {
			vs := make([]*ir.Value, c.Results())
			vs[0] = c.sdpa(e.mask)
			return vs
		}))
	}
	t.Add("aten._transformer_encoder_layer_fwd", One(encoderLayer))
	t.Add("aten._native_multi_head_attention", All(func(c *Call) []*ir.Value {
		if c.Value("query") != c.Value("key") || c.Value("query") != c.Value("value") {
			c.Failf("only self-attention is known: query, key and value must be one tensor")
		}
		vs := make([]*ir.Value, c.Results())
		vs[0] = c.selfAttention(c.Value("query"), c.Int("num_head"))
		return vs
	}))
}

func (c *Call) sdpa(mask string) *ir.Value {
	if c.Has("dropout_p") && c.Float("dropout_p") > 0 {
		c.Failf("the model drops attention weights at random (dropout_p=%v): export it in eval mode, model.eval()", c.Float("dropout_p"))
	}
	q, k, v := c.Value("query"), c.Value("key"), c.Value("value")
	var m *ir.Value
	if mask != "" {
		m = c.Maybe(mask)
	}
	attrs := ir.Attrs{}
	if c.Has("is_causal") && c.Bool("is_causal") {
		attrs = attrs.With("is_causal", ir.Bool(true))
	}
	if c.Has("scale") {
		attrs = attrs.With("scale", ir.Float(c.Float("scale")))
	}
	return c.attend(q, k, v, m, attrs)
}

// attend brings the operands into the form nn.sdpa takes: equal ranks, and as many heads in q as in k and v.
func (c *Call) attend(q, k, v, mask *ir.Value, attrs ir.Attrs) *ir.Value {
	rank := max(q.Type.Rank(), k.Type.Rank(), v.Type.Rank())
	for _, p := range []**ir.Value{&q, &k, &v} {
		for (*p).Type.Rank() < rank {
			*p = c.Unsqueeze(*p, 0)
		}
	}
	if one := ir.Const(1); rank > 2 && q.Type.Shape[rank-3].Equal(one) && !k.Type.Shape[rank-3].Equal(one) {
		q = c.ExpandTo(q, withAxis(q.Type, rank-3, k.Type.Shape[rank-3]))
	}
	if mask != nil && mask.Type.Elem != host.Bool {
		mask = c.Cast(mask, q.Type.Elem)
	}
	return c.ReshapeTo(c.One(nn.SDPA, attrs, q, k, v, mask), c.Result(0))
}

// selfAttention is the fused block of PyTorch: one product for query, key and value, attention, one product after it.
func (c *Call) selfAttention(x *ir.Value, heads int) *ir.Value {
	qkv := c.One(nn.Linear, nil, x, c.Value("qkv_weight"), c.Value("qkv_bias"))
	b, l, e := x.Type.Shape[0], x.Type.Shape[1], x.Type.Shape[2]
	h := ir.Const(int64(heads))
	qkv = c.Transpose(c.Reshape(qkv, b, l, ir.Const(3), h, e.FloorDiv(h)), 2, 0, 3, 1, 4)
	part := func(i int64) *ir.Value { return c.Select(qkv, 0, ir.Const(i)) }
	var mask *ir.Value
	if m := c.Maybe("mask"); m != nil {
		m = c.Not(c.Cast(m, host.Bool)) // true there means: not looked at
		if m.Type.Rank() == 2 && c.Has("mask_type") && c.Int("mask_type") == 1 {
			m = c.Reshape(m, b, ir.Const(1), ir.Const(1), l) // a mask of keys
		}
		mask = m
	}
	y := c.One(nn.SDPA, nil, part(0), part(1), part(2), mask)
	y = c.Reshape(c.Transpose(y, 0, 2, 1, 3), b, l, e)
	return c.One(nn.Linear, nil, y, c.Value("proj_weight"), c.Value("proj_bias"))
}

// encoderLayer is nn.TransformerEncoderLayer as PyTorch's fast path computes it in eval mode.
func encoderLayer(c *Call) *ir.Value {
	x := c.Value("src")
	axes := []int{x.Type.Rank() - 1}
	norm := func(v *ir.Value, i string) *ir.Value {
		return c.One(nn.LayerNorm, ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("eps", ir.Float(c.Float("eps")))},
			v, c.Value("norm_weight_"+i), c.Value("norm_bias_"+i))
	}
	feedForward := func(v *ir.Value) *ir.Value {
		def := nn.ReLU
		if c.Bool("use_gelu") {
			def = nn.GELU
		}
		h := c.One(def, nil, c.One(nn.Linear, nil, v, c.Value("ffn_weight_1"), c.Value("ffn_bias_1")))
		return c.One(nn.Linear, nil, h, c.Value("ffn_weight_2"), c.Value("ffn_bias_2"))
	}
	heads := c.Int("num_heads")
	if c.Bool("norm_first") {
		x = c.Add(x, c.selfAttention(norm(x, "1"), heads))
		return c.Add(x, feedForward(norm(x, "2")))
	}
	x = norm(c.Add(x, c.selfAttention(x, heads)), "1")
	return norm(c.Add(x, feedForward(x)), "2")
}
