package lower

import (
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
)

// convolutions holds convolution and its transpose.
func convolutions(t *Table) {
	for _, target := range []string{"aten.conv1d", "aten.conv2d", "aten.conv3d", "aten._convolution_mode"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			w := c.Value("weight")
			n := w.Type.Rank() - 2
			dilation := c.IntsN("dilation", n)
			var low, high []int
			if s, ok := c.Arg("padding").(ir.String); ok {
				low, high = c.namedPadding(string(s), w, dilation)
			} else {
				low = c.IntsN("padding", n)
				high = low
			}
			return c.conv(w, c.IntsN("stride", n), dilation, low, high, c.Int("groups"))
		}))
	}
	for _, target := range []string{"aten.conv_transpose1d", "aten.conv_transpose2d", "aten.conv_transpose3d"} {
		t.Add(target, One((*Call).convTranspose))
	}
	t.Add("aten.conv_tbc", One(func(c *Call) *ir.Value { // time, batch, channels
		x, w := c.Transpose(c.Value("self"), 1, 2, 0), c.Transpose(c.Value("weight"), 2, 1, 0)
		pad := ir.Ints{int64(c.Int("pad"))}
		y := c.One(nn.Conv, ir.Attrs{ir.Set("stride", ir.Ints{1}), ir.Set("low", pad), ir.Set("high", pad)}, x, w, c.Value("bias"))
		return c.Transpose(y, 2, 0, 1)
	}))
	for _, target := range []string{"aten.convolution", "aten._convolution"} {
		t.Add(target, One(func(c *Call) *ir.Value {
			if c.Bool("transposed") {
				return c.convTranspose()
			}
			w := c.Value("weight")
			n := w.Type.Rank() - 2
			pad := c.IntsN("padding", n)
			return c.conv(w, c.IntsN("stride", n), c.IntsN("dilation", n), pad, pad, c.Int("groups"))
		}))
	}
}

// namedPadding gives the padding that "valid" and "same" stand for.
func (c *Call) namedPadding(name string, w *ir.Value, dilation []int) (low, high []int) {
	low, high = make([]int, len(dilation)), make([]int, len(dilation))
	switch name {
	case "valid":
	case "same":
		for i, d := range dilation {
			k, ok := w.Type.Shape[2+i].IsConst()
			if !ok {
				c.Failf(`padding="same" needs a weight of fixed size, found %s`, w.Type)
			}
			total := d * (int(k) - 1)
			low[i], high[i] = total/2, total-total/2
		}
	default:
		c.Failf(`padding is %q, expected "valid", "same" or numbers`, name)
	}
	return low, high
}

// batched adds a batch axis to an input that has none; undo takes it away.
func (c *Call) batched(x *ir.Value, rank int) (y *ir.Value, undo func(*ir.Value) *ir.Value) {
	if x.Type.Rank() == rank-1 {
		return c.Unsqueeze(x, 0), func(y *ir.Value) *ir.Value { return c.Squeeze(y, 0) }
	}
	return x, func(y *ir.Value) *ir.Value { return y }
}

func (c *Call) conv(w *ir.Value, stride, dilation, low, high []int, groups int) *ir.Value {
	x, undo := c.batched(c.Value("input"), w.Type.Rank())
	return undo(c.One(nn.Conv, ir.Attrs{
		ir.Set("stride", ir.OfInts(stride...)), ir.Set("dilation", ir.OfInts(dilation...)),
		ir.Set("low", ir.OfInts(low...)), ir.Set("high", ir.OfInts(high...)), ir.Set("groups", ir.Int(groups)),
	}, x, w, c.Maybe("bias")))
}

func (c *Call) convTranspose() *ir.Value {
	w := c.Value("weight")
	n := w.Type.Rank() - 2
	x, undo := c.batched(c.Value("input"), w.Type.Rank())
	return undo(c.One(nn.ConvTranspose, ir.Attrs{
		ir.Set("stride", ir.OfInts(c.IntsN("stride", n)...)), ir.Set("dilation", ir.OfInts(c.IntsN("dilation", n)...)),
		ir.Set("padding", ir.OfInts(c.IntsN("padding", n)...)), ir.Set("output_padding", ir.OfInts(c.IntsN("output_padding", n)...)),
		ir.Set("groups", ir.Int(c.Int("groups"))),
	}, x, w, c.Maybe("bias")))
}
