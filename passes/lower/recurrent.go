package lower

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
)

// recurrents holds the recurrent layers and cells.
func recurrents(t *Table) {
	for _, e := range []struct {
		target string
		def    *ir.OpDef
		attrs  ir.Attrs
	}{
		{"aten.lstm.input", nn.LSTM, nil}, {"aten.gru.input", nn.GRU, nil}, {"aten.rnn_tanh.input", nn.RNN, nil},
		{"aten.rnn_relu.input", nn.RNN, ir.Attrs{ir.Set("nonlinearity", ir.String("relu"))}},
	} {
		t.Add(e.target, All(func(c *Call) []*ir.Value {
			if c.Bool("train") && c.Float("dropout") > 0 {
				c.Failf("the model drops elements at random (train=True): export it in eval mode, model.eval()")
			}
			return c.layers(e.def, e.attrs)
		}))
	}
	t.Add("aten.lstm_cell", All(func(c *Call) []*ir.Value {
		hx := c.Values("hx")
		return c.cell(nn.LSTM, nil, hx[0], hx[1])[1:]
	}))
	t.Add("aten.gru_cell", All(func(c *Call) []*ir.Value { return c.cell(nn.GRU, nil, c.Value("hx"))[1:] }))
	t.Add("aten.rnn_tanh_cell", All(func(c *Call) []*ir.Value { return c.cell(nn.RNN, nil, c.Value("hx"))[1:] }))
	t.Add("aten.rnn_relu_cell", All(func(c *Call) []*ir.Value {
		return c.cell(nn.RNN, ir.Attrs{ir.Set("nonlinearity", ir.String("relu"))}, c.Value("hx"))[1:]
	}))
}

// cell is one step of one layer.
func (c *Call) cell(def *ir.OpDef, attrs ir.Attrs, states ...*ir.Value) []*ir.Value {
	x := c.Value("input")
	flat := x.Type.Rank() == 1
	if flat {
		x = c.Unsqueeze(x, 0)
		for i := range states {
			states[i] = c.Unsqueeze(states[i], 0)
		}
	}
	operands := append([]*ir.Value{c.Unsqueeze(x, 0)}, states...)
	operands = append(operands, c.Value("w_ih"), c.Value("w_hh"), c.Maybe("b_ih"), c.Maybe("b_hh"))
	vs := slices.Clone(c.Emit(def, attrs, operands...))
	if flat {
		for i := range vs {
			vs[i] = c.Squeeze(vs[i], 0)
		}
	}
	return vs
}

// layers runs the layers and directions of a recurrent network one after the other.
func (c *Call) layers(def *ir.OpDef, attrs ir.Attrs) []*ir.Value {
	x := c.Value("input")
	var states []*ir.Value // h, or h and c, with an axis of layers and directions
	if def == nn.LSTM {
		states = c.Values("hx")
	} else {
		states = []*ir.Value{c.Value("hx")}
	}
	params, biases := c.Values("params"), c.Bool("has_biases")
	unbatched := x.Type.Rank() == 2
	batchFirst := c.Bool("batch_first") && !unbatched
	if unbatched {
		x = c.Unsqueeze(x, 1)
		for i := range states {
			states[i] = c.Unsqueeze(states[i], 1)
		}
	}
	if batchFirst {
		x = c.Swap(x, 0, 1)
	}
	directions := 1
	if c.Bool("bidirectional") {
		directions = 2
	}
	// With projections, weights come in fives; the operation has none.
	each := 2
	if biases {
		each = 4
	}
	if len(params) != each*c.Int("num_layers")*directions {
		c.Failf("found %d weights for %d layers in %d directions; projections (proj_size) are not supported", len(params), c.Int("num_layers"), directions)
	}
	last := make([][]*ir.Value, len(states))
	for layer := range c.Int("num_layers") {
		var outs []*ir.Value
		for d := range directions {
			k := layer*directions + d
			operands := []*ir.Value{x}
			for _, s := range states {
				operands = append(operands, c.Select(s, 0, ir.Const(int64(k))))
			}
			vs := c.Emit(def, attrs.With("reverse", ir.Bool(d == 1)), append(operands, params[k*each:(k+1)*each]...)...)
			outs = append(outs, vs[0])
			for i, v := range vs[1:] {
				last[i] = append(last[i], v)
			}
		}
		x = c.Concat(2, outs...)
	}
	if batchFirst {
		x = c.Swap(x, 0, 1)
	}
	vs := []*ir.Value{x}
	for _, list := range last {
		vs = append(vs, c.Stack(0, list...))
	}
	if unbatched {
		for i := range vs {
			vs[i] = c.Squeeze(vs[i], 1)
		}
	}
	return vs
}
