package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
)

// activation is an operand that a8 quantizes, or a result: -1.
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

// site is a value that is to be quantized once, for all its uses that ask for the same.
type site struct {
	value   *ir.Value
	elem    host.Elem
	uses    []ir.Use
	users   []*ir.Op // the operations it is quantized for
	axis    int      // of its channels, or calibrate.PerTensor
	rows    []int    // dynamic: the axes that a row's numbers lie along
	refused string
	ignored bool
	stats   *calibrate.Stats
}

// siteKey tells what must not share a scale.
type siteKey struct {
	value  *ir.Value
	layout string // the axes
	reason string // sites that stay as they are stand for themselves
}

func (s *site) name() string {
	what := "the input of "
	if len(s.uses) == 0 || s.uses[0].Op != s.users[0] {
		what = "the result of "
	}
	if s.value.Name != "" {
		return fmt.Sprintf("%%%s, %s%s", s.value.Name, what, describe(s.users[0]))
	}
	return what + describe(s.users[0])
}

// find finds all candidates in program order.
func (a *a8) find() {
	a.m.Walk(func(op *ir.Op) {
		for _, x := range activations {
			if op.Is(x.def) {
				a.candidate(op, x, op.Operands[x.operand], []ir.Use{{Op: op, Index: x.operand}})
			}
		}
		if reason := asIs[op.Def]; reason != "" {
			a.add(op, activation{def: op.Def, row: -1, channel: -1}, op.Operands[0], []ir.Use{{Op: op, Index: 0}}, reason, false)
		}
	})
	if !a.outputs {
		return
	}
	a.m.Walk(func(op *ir.Op) {
		for _, x := range activations {
			if op.Is(x.def) && x.operand == 0 {
				v := behindActivation(op.Result())
				a.candidate(op, x, v, slices.Clone(v.Uses()))
			}
		}
	})
}

// behindActivation is the result of the function of one operand that alone uses a value, or the value.
func behindActivation(v *ir.Value) *ir.Value {
	u, only := v.OnlyUse()
	if only && u.Op.Def.Traits.Has(ir.Elementwise) && len(u.Op.Operands) == 1 && u.Op.Result().Type.Equal(v.Type) {
		return u.Op.Result()
	}
	return v
}

func (a *a8) candidate(op *ir.Op, x activation, v *ir.Value, uses []ir.Use) {
	f := op.Parent()
	if isConstant(v) || computedFromConstants(f, v) {
		return // a weight
	}
	reason, ignored := "", false
	names := modulePaths(op)
	if v.Name != "" {
		names = append(names, v.Name)
	}
	switch unwanted := a.filter.refuses(names...); {
	case unwanted != "":
		reason, ignored = unwanted, true
	case !v.Type.Elem.IsFloat() || v.Type.Elem.Bits() < 16:
		reason = fmt.Sprintf("it is %s", v.Type)
	case quantizedAlready(f, v):
		reason = compressedAlready
	case a.dynamic && insideKernel(f) && v.Def != nil:
		reason = "a kernel computes it, which cannot hold the search for its range; run a8 before fuse"
	}
	if a.dynamic && insideKernel(f) && reason == "" {
		v = f.Owner().Operands[v.Index]
	}
	a.add(op, x, v, uses, reason, ignored)
}

// add puts a candidate to the site it shares, or starts one.
func (a *a8) add(op *ir.Op, x activation, v *ir.Value, uses []ir.Use, reason string, ignored bool) {
	s := &site{value: v, elem: v.Type.Elem, uses: uses, users: []*ir.Op{op}, axis: calibrate.PerTensor, refused: reason, ignored: ignored}
	layout := ""
	if a.perChannel {
		s.axis = x.channelAxis(op, v.Type.Rank())
		layout = fmt.Sprint(s.axis)
		if _, known := v.Type.Shape[s.axis].IsConst(); !known && reason == "" {
			s.refused = fmt.Sprintf("the number of its channels, %s, is open", v.Type.Shape[s.axis])
		}
	}
	if a.dynamic {
		s.rows = x.rowAxes(v.Type.Rank())
		layout = fmt.Sprint(s.rows)
	}
	key := siteKey{value: v, layout: layout, reason: s.refused}
	have := a.sites[key]
	if have == nil {
		a.sites[key], a.order = s, append(a.order, s)
		return
	}
	if !slices.Contains(have.users, op) {
		have.users = append(have.users, op)
	}
	for _, u := range uses {
		if !slices.Contains(have.uses, u) {
			have.uses = append(have.uses, u)
		}
	}
}

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

func insideKernel(f *ir.Func) bool { return f.Owner() != nil && f.Owner().Is(core.Kernel) }

// quantizedAlready reports a value in f that is, by views alone, the result of quant.dequantize.
func quantizedAlready(f *ir.Func, v *ir.Value) bool {
	for {
		switch {
		case v.Def == nil && insideKernel(f):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.DefinedBy(core.Kernel):
			f = v.Def.Bodies[0]
			v = f.Returns()[v.Index]
		case v.Def != nil && v.Def.Def.Traits.Has(ir.View):
			v = v.Def.Operands[0]
		default:
			return v.DefinedBy(quant.Dequantize)
		}
	}
}
