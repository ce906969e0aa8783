package nn

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var recurrentOps = []*ir.OpDef{LSTM, GRU, RNN}

// LSTM is a layer of long short-term memory.
var LSTM = &ir.OpDef{
	Name: "nn.lstm",
	Doc: "One layer of long short-term memory in one direction, over x [steps, batch, in] from the hidden and cell state h and c [batch, n]. " +
		"w_ih [4n, in], w_hh [4n, n] and the biases [4n] hold the input, forget, cell and output gates in this order. Gives the hidden state " +
		"after each step and the last hidden and cell state.",
	Operands: recurrentOperands("c"),
	Results:  []ir.Arg{ir.Out("y", ir.Floats), ir.Out("h_out", ir.Floats), ir.Out("c_out", ir.Floats)},
	Attrs:    []ir.AttrDef{reverseAttr},
	Traits:   ir.Anchor,
	Work:     recurrentWork(3),
	Infer: func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
		types, err := inferRecurrent(c, op, 3, 4)
		if err != nil {
			return nil, err
		}
		return append(types, types[1]), has(c, op, 2, types[1].Shape...)
	},
	Eval: evalRecurrent(func(*ir.Op) host.Cell { return host.CellLSTM }),
	Example: `%y, %h1, %c1 = nn.lstm(%x: tensor<1x1x1xf32> = [3], %h: tensor<1x1xf32> = [0], %c: tensor<1x1xf32> = [2], %w_ih: tensor<4x1xf32> = [0, 0, 0, 0], ` +
		`%w_hh: tensor<4x1xf32> = [1, 1, 1, 1]) : tensor<1x1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32> // [0.3807971]; [0.3807971]; [1]`,
}

// GRU is a layer of gated recurrent units.
var GRU = &ir.OpDef{
	Name: "nn.gru",
	Doc: "One layer of gated recurrent units in one direction, over x [steps, batch, in] from the hidden state h [batch, n]. w_ih [3n, in], w_hh " +
		"[3n, n] and the biases [3n] hold the reset gate, the update gate and the new state in this order. Gives the hidden state after each " +
		"step and the last one.",
	Operands: recurrentOperands(""),
	Results:  []ir.Arg{ir.Out("y", ir.Floats), ir.Out("h_out", ir.Floats)},
	Attrs:    []ir.AttrDef{reverseAttr},
	Traits:   ir.Anchor,
	Work:     recurrentWork(2),
	Infer:    func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return inferRecurrent(c, op, 2, 3) },
	Eval:     evalRecurrent(func(*ir.Op) host.Cell { return host.CellGRU }),
	Example: `%y, %h1 = nn.gru(%x: tensor<2x1x1xf32> = [0, 0], %h: tensor<1x1xf32> = [8], %w_ih: tensor<3x1xf32> = [1, 1, 1], %w_hh: tensor<3x1xf32> = [0, 0, 0]) : ` +
		`tensor<2x1x1xf32>, tensor<1x1xf32> // [4, 2]; [2]`,
}

// RNN is a layer of plain recurrent units.
var RNN = &ir.OpDef{
	Name: "nn.rnn",
	Doc: "One plain recurrent layer in one direction: h = f(x*w_ih' + b_ih + h*w_hh' + b_hh) over x [steps, batch, in] from the hidden state h " +
		"[batch, n]. Gives the hidden state after each step and the last one.",
	Operands: recurrentOperands(""),
	Results:  []ir.Arg{ir.Out("y", ir.Floats), ir.Out("h_out", ir.Floats)},
	Attrs:    []ir.AttrDef{ir.Choice("nonlinearity", "the function f", "tanh", "relu"), reverseAttr},
	Traits:   ir.Anchor,
	Work:     recurrentWork(2),
	Infer:    func(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return inferRecurrent(c, op, 2, 1) },
	Eval: evalRecurrent(func(op *ir.Op) host.Cell {
		if op.Str("nonlinearity") == "relu" {
			return host.CellReLU
		}
		return host.CellTanh
	}),
	Example: `%y, %h1 = nn.rnn(%x: tensor<2x1x1xf32> = [1, 10], %h: tensor<1x2xf32> = [0, 100], %w_ih: tensor<2x1xf32> = [1, -1], %w_hh: tensor<2x2xf32> = [1, 0, 0, 1], ` +
		`%b_ih: tensor<2xf32> = [0, 2], %b_hh: tensor<2xf32> = [0.5, 0]) {nonlinearity = "relu", reverse = true} : tensor<2x1x2xf32>, tensor<1x2xf32> // [12, 93, 10.5, 92]; [12, 93]`,
}

var reverseAttr = ir.Default("reverse", ir.KindBool, ir.Bool(false), "from the last step to the first; y keeps the order of x")

// recurrentOperands lists the operands of a layer; cell is the name of the second state, if it has one.
func recurrentOperands(cell string) []ir.Arg {
	args := []ir.Arg{ir.In("x", ir.Floats), ir.In("h", ir.Floats)}
	if cell != "" {
		args = append(args, ir.In(cell, ir.Floats))
	}
	return append(args, ir.InWeight("w_ih", ir.Floats, []int{0}, []int{1}), ir.InWeight("w_hh", ir.Floats, []int{0}, []int{1}), ir.Opt("b_ih", ir.Floats), ir.Opt("b_hh", ir.Floats))
}

// recurrentWork counts the products of both weights, the first of which is operand number weights, at every step.
func recurrentWork(weights int) func(*ir.Op) ir.Dim {
	return func(op *ir.Op) ir.Dim {
		x := op.In(0)
		return op.In(weights).NumElements().Add(op.In(weights + 1).NumElements()).Mul(x.Shape[0]).Mul(x.Shape[1])
	}
}

// inferRecurrent checks the operands, the weights starting with operand number weights, and gives the types of y and h.
func inferRecurrent(c *ir.InferCtx, op *ir.Op, weights int, gates int64) ([]ir.Type, error) {
	if _, err := ir.SameElem(op); err != nil {
		return nil, err
	}
	if err := rank(op, 0, 3, 3); err != nil {
		return nil, err
	}
	if err := rank(op, 1, 2, 2); err != nil {
		return nil, err
	}
	x, h := op.In(0), op.In(1)
	n := h.Shape[1]
	if err := has(c, op, 1, x.Shape[1], n); err != nil {
		return nil, err
	}
	wide := n.Mul(ir.Const(gates))
	if err := has(c, op, weights, wide, x.Shape[2]); err != nil {
		return nil, err
	}
	if err := has(c, op, weights+1, wide, n); err != nil {
		return nil, err
	}
	for i := weights + 2; i < weights+4; i++ {
		if err := has(c, op, i, wide); err != nil {
			return nil, err
		}
	}
	return []ir.Type{x.WithShape(x.Shape[0], x.Shape[1], n), h}, nil
}

func evalRecurrent(cell func(*ir.Op) host.Cell) evalFunc {
	return eval(func(c *ir.EvalCtx, op *ir.Op, in func(int) *host.Tensor) ([]*host.Tensor, error) {
		p := host.RecurrentParams{Input: in(0), Hidden: in(1), Reverse: op.Bool("reverse")}
		kind, at := cell(op), 2
		if kind == host.CellLSTM {
			p.CellState, at = in(2), 3
		}
		p.WeightIn, p.WeightHidden, p.BiasIn, p.BiasHidden = in(at), in(at+1), in(at+2), in(at+3)
		y, h, last, err := host.Recurrent(c.Par(), kind, p)
		if kind == host.CellLSTM {
			return []*host.Tensor{y, h, last}, err
		}
		return []*host.Tensor{y, h}, err
	})
}
