package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/recipe"
	"github.com/aiopt/aiopt/passes/weights"
)

// activationsByRecipe chooses as a recipe says, among the operations that the options cover.
type activationsByRecipe struct {
	*weights.Filter
	recipe  *recipe.Recipe
	targets *targets
	edges   *boundaries
	last    *ir.Op // the operation that target describes
	target  recipe.Target
}

func (b *activationsByRecipe) input(op *ir.Op, i int) activationChoice {
	v := op.Operands[i]
	if !isActivation(v) || b.edges.constant[v] || op.Def.Dialect() == "core" {
		return activationChoice{}
	}
	act, by, ok := b.recipe.Input(b.describe(op), i, b.edges.into(op, i)...)
	if !ok {
		return activationChoice{}
	}
	return b.choice(op, v, act, by)
}

func (b *activationsByRecipe) output(op *ir.Op) (*ir.Value, activationChoice) {
	if len(op.Results) == 0 || op.Def.Dialect() == "core" || !isActivation(op.Results[0]) || b.edges.constant[op.Results[0]] {
		return nil, activationChoice{}
	}
	v := region(op)
	edges := b.edges.outOf(v)
	if v.Def != op {
		edges = append(edges, b.edges.outOf(op.Results[0])...)
	}
	act, by, ok := b.recipe.Output(b.describe(op), 0, edges...)
	if !ok {
		return nil, activationChoice{}
	}
	return v, b.choice(op, v, act, by)
}

func (b *activationsByRecipe) describe(op *ir.Op) recipe.Target {
	if b.last != op {
		b.last, b.target = op, recipe.Target{Op: op.Name()}
		if len(op.Operands) > 0 && op.Operands[0] != nil {
			b.target = b.targets.op(op)
		}
	}
	return b.target
}

// unused is left to the weights, which the options are for, too.
func (b *activationsByRecipe) unused() []string { return nil }

// choice is what a spec means for a value.
func (b *activationsByRecipe) choice(op *ir.Op, v *ir.Value, act recipe.Activation, by recipe.By) activationChoice {
	c := activationChoice{axis: calibrate.PerTensor, by: by.String(), keep: b.KeepOp(op)}
	var problem string
	if c.scheme, problem = schemeOf(act); problem != "" {
		c.refused = fmt.Sprintf("%s (%s)", problem, by)
		return c
	}
	if asymmetric, known := oneSided(v); known && act.CoreAI && act.Elem.IsInt() {
		c.scheme.codes.Asymmetric, c.scheme.codes.Clipped = asymmetric, false
	}
	rank := v.Type.Rank()
	if act.Granularity.Kind == compress.PerChannel {
		c.axis = act.Granularity.Axis
		if c.axis < 0 {
			c.axis += rank
		}
		if c.axis < 0 || c.axis >= rank {
			c.axis = calibrate.PerTensor
			c.refused = fmt.Sprintf("it is %s, which has no axis %d (%s)", v.Type, act.Granularity.Axis, by)
		}
	}
	if c.scheme.dynamic() {
		for i := range rank {
			if i != c.axis {
				c.rows = append(c.rows, i)
			}
		}
		c.axis = calibrate.PerTensor
	}
	return c
}

// gathers pairs the ways of gathering ranges with observers; what is not here is dynamic.
var gathers = map[recipe.Gather]string{recipe.LastSample: "last", recipe.MovingAverage: "moving", recipe.AllSamples: "minmax"}

// schemeOf is what a spec asks for; the problem is why that cannot be done to activations.
func schemeOf(act recipe.Activation) (s *activationScheme, problem string) {
	s = &activationScheme{
		codes: calibrate.Codes{Elem: act.Elem, Asymmetric: act.Range == compress.Asymmetric, Clipped: act.Range == compress.Clipped, CoreAI: act.CoreAI},
		low:   act.Least, high: act.Most, scale: act.Scale, shares: string(act.Granularity.Kind),
	}
	if s.scale == host.Invalid {
		s.scale = host.F32
	}
	if s.shares == "" {
		s.shares = string(compress.PerTensor)
	}
	if name, static := gathers[act.Gather]; static {
		s.observer = calibrate.Find(name)
	}
	kind := compress.Kind(s.shares)
	switch {
	case kind != compress.PerTensor && kind != compress.PerChannel:
		problem = fmt.Sprintf("an activation has one scale, or one for each channel; the configuration says %s", kind)
	case act.Offset == compress.MinValue:
		problem = "an activation has a zero point; the configuration says qformulation: minval"
	case act.Scale == host.F8E8M0:
		problem = "the scales of an activation are no powers of two here"
	case act.Elem.IsInt() && act.Elem.Bits() < 2:
		problem = "one bit is too few for an activation"
	case s.dynamic() && (s.low != nil || s.high != nil):
		problem = "its range is computed while the model runs, so float_range cannot say it"
	case s.dynamic() && !s.codes.Asymmetric && s.codes.HasZero():
		problem = "symmetric codes whose scale is computed while the model runs are signed; the configuration says " + act.Elem.String()
	}
	return s, problem
}

// isActivation reports a value that can be quantized.
func isActivation(v *ir.Value) bool {
	return v != nil && v.Type.Elem.IsFloat() && v.Type.Elem.Bits() >= 16
}

// normed and activated are the operations that coreai-opt quantizes as one with a norm and with an activation function that
// follow them; functions are those.
var (
	normed    = []*ir.OpDef{nn.Linear, nn.Conv, nn.ConvTranspose}
	activated = []*ir.OpDef{nn.Linear, nn.Conv, nn.ConvTranspose, tensor.MatMul, tensor.Add, tensor.Mul}
	functions = []string{"nn.relu", "nn.leaky_relu", "nn.silu", "nn.elu", "nn.gelu", "nn.hardswish", "nn.hardsigmoid", "tensor.sigmoid", "tensor.tanh"}
)

// region is the value that leaves what is quantized as one.
func region(op *ir.Op) *ir.Value {
	v := op.Results[0]
	if slices.Contains(normed, op.Def) {
		v = behind(v, func(next *ir.Op) bool { return next.Is(nn.BatchNorm) })
	}
	if !slices.Contains(activated, op.Def) {
		return v
	}
	after := behind(v, func(next *ir.Op) bool { return slices.Contains(functions, next.Name()) })
	for after == v || isBound(after.Def) { // relu6 and hardtanh are two operations
		next := behind(after, isBound)
		if next == after {
			break
		}
		after = next
	}
	return after
}

// isBound reports an operation that keeps numbers within a constant bound.
func isBound(op *ir.Op) bool {
	return (op.Is(tensor.Max) || op.Is(tensor.Min)) && op.Operands[1].DefinedBy(core.Constant) && op.Operands[1].Type.Rank() == 0
}

// sides says of which functions coreai-opt takes the results as asymmetric, or as symmetric, whatever a recipe says.
var sides = map[string]bool{"nn.relu": true, "tensor.sigmoid": true, "nn.hardsigmoid": true, "tensor.tanh": false}

// oneSided looks a value's function up in sides.
func oneSided(v *ir.Value) (asymmetric, known bool) {
	for v.Def != nil && movesOnly(v.Def) {
		v = v.Def.Operands[0]
	}
	if v.Def == nil {
		return false, false
	}
	asymmetric, known = sides[v.Def.Name()]
	return asymmetric, known
}

// movesOnly reports an operation whose result holds numbers of its operand.
func movesOnly(op *ir.Op) bool { return op.Is(nn.MaxPool) || op.Def.Traits.Has(ir.View) }

// callsOf are what PyTorch called an operation, by the names of the tensors that its results are: add_3 is an add. Of a
// module without a program nothing is known.
func callsOf(m *ir.Module, op *ir.Op) []string {
	var calls []string
	for _, r := range op.Results {
		for _, c := range r.Claims {
			name := c.Tensor[strings.LastIndexByte(c.Tensor, '/')+1:]
			calls = append(calls, strings.Trim(strings.TrimRight(name, "0123456789"), "_"))
		}
	}
	if len(calls) == 0 && m.Program != "" {
		calls = []string{""}
	}
	return calls
}
