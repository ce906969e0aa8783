package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/pass"
)

// activation is an operand that a8 quantizes.
type activation struct {
	def     *ir.OpDef
	operand int
	channel int  // the axis of its channels, from the end where it is negative
	image   bool // rows are whole images: all axes but the first; the channels of channels_last are the last axis
	row     int  // otherwise, the axis along which a row's numbers lie, from the end
}

// activations lists what a8 may quantize. Rows lie along the axis that is summed over, so that their scales come out of
// the sum.
var activations = []activation{
	{def: nn.Linear, operand: 0, channel: -1, row: -1},
	{def: nn.GroupedMatMul, operand: 0, channel: -1, row: -1},
	{def: nn.Conv, operand: 0, channel: 1, image: true},
	{def: nn.ConvTranspose, operand: 0, channel: 1, image: true},
	{def: tensor.MatMul, operand: 0, channel: -1, row: -1},
	{def: tensor.MatMul, operand: 1, channel: -1, row: -2},
}

// asIs are the operations with weights that a8 leaves alone, and why.
var asIs = map[*ir.OpDef]string{
	nn.LSTM: "the steps of a recurrent layer are computed inside it",
	nn.GRU:  "the steps of a recurrent layer are computed inside it",
	nn.RNN:  "the steps of a recurrent layer are computed inside it",
}

// oneActivation stores what a8 may quantize, and the options cover, in the same way.
type oneActivation struct {
	scheme     *activationScheme
	perChannel bool
	outputs    bool
	filter     *pass.Names
}

func (o *oneActivation) input(op *ir.Op, operand int) activationChoice {
	if reason := asIs[op.Def]; reason != "" && operand == 0 {
		return activationChoice{refused: reason, axis: calibrate.PerTensor}
	}
	at := slices.IndexFunc(activations, func(x activation) bool { return op.Is(x.def) && x.operand == operand })
	if at < 0 {
		return activationChoice{}
	}
	return o.of(op, op.Operands[operand], activations[at])
}

func (o *oneActivation) output(op *ir.Op) (*ir.Value, activationChoice) {
	at := slices.IndexFunc(activations, func(x activation) bool { return op.Is(x.def) && x.operand == 0 })
	if at < 0 || !o.outputs {
		return nil, activationChoice{}
	}
	v := behind(op.Result(), func(next *ir.Op) bool { return next.Def.Traits.Has(ir.Elementwise) && len(next.Operands) == 1 })
	return v, o.of(op, v, activations[at])
}

func (o *oneActivation) of(op *ir.Op, v *ir.Value, x activation) activationChoice {
	c := activationChoice{scheme: o.scheme, axis: calibrate.PerTensor}
	names := ir.ModulePaths(op)
	if v.Name != "" {
		names = append(names, v.Name)
	}
	c.keep = o.filter.Refuses(names...)
	if o.perChannel {
		c.axis = x.channelAxis(op, v.Type.Rank())
	}
	if o.scheme.dynamic() {
		c.rows = x.rowAxes(v.Type.Rank())
	}
	return c
}

func (o *oneActivation) unused() []string { return o.filter.Missed() }

func (x activation) channelAxis(op *ir.Op, rank int) int {
	switch {
	case x.image && op.Has("channels_last") && op.Bool("channels_last"):
		return rank - 1
	case x.channel < 0:
		return rank + x.channel
	}
	return x.channel
}

func (x activation) rowAxes(rank int) []int {
	if !x.image {
		return []int{rank + x.row}
	}
	var axes []int
	for i := 1; i < rank; i++ {
		axes = append(axes, i)
	}
	return axes
}
