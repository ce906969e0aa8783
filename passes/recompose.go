package passes

import (
	"math"
	"slices"

	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Recompose is the pass `recompose`.
func Recompose() *pass.Pass {
	return &pass.Pass{
		Name: "recompose",
		Doc: "Restore composites that an exporter or the model's own code took apart: quant.dequantize of weights, nn.linear, nn.sdpa, nn.rms_norm, nn.rope, " +
			"nn.silu and nn.gelu. It is the last step of decompose.",
		NeedsLowered: true,
		Run:          func(_ *pass.Context, m *ir.Module) error { return recompose(m, "recompose") },
	}
}

// recompose restores composites; what it builds carries the name of the pass that asked.
func recompose(m *ir.Module, by string) error {
	return settle(m, by, slices.Concat(quantComposites(), linearComposites(), attentionComposites(), normComposites(), activationComposites()))
}

// maxRounds bounds how often patterns go over a module.
const maxRounds = 8

// settle rewrites until nothing matches. One round may not be enough: it removes what the last one left without users,
// which can be all that kept a pattern from seeing that it is a value's only user.
func settle(m *ir.Module, by string, patterns []rewrite.Pattern) error {
	changed := false
	for range maxRounds {
		again, err := rewrite.Run(m, by, patterns)
		if err != nil {
			return err
		}
		if !again {
			break
		}
		changed = true
	}
	if changed {
		canonKernels(m)
	}
	m.SettleLost()
	return nil
}

// once reports a value with a single use, which a composite may swallow.
func once(v *ir.Value) bool { return len(v.Uses()) == 1 }

// eitherOrder calls fn with the two operands of an operation in both orders until it is content.
func eitherOrder(op *ir.Op, fn func(a, b *ir.Value) bool) bool {
	return fn(op.Operands[0], op.Operands[1]) || fn(op.Operands[1], op.Operands[0])
}

// near compares two constants as far as an element type tells them apart.
func near(e host.Elem, a, b float64) bool {
	tol := 1e-6
	if e == host.F64 {
		tol = 1e-12
	}
	return math.Abs(a-b) <= tol*math.Abs(b)
}

// maxFactors bounds the depth of the products that composites are looked for in.
const maxFactors = 8

// factors takes a product apart: its factors that are no numbers, and the product of those that are. Products that are
// used elsewhere, too, are factors.
func factors(v *ir.Value) (list []*ir.Value, number float64) {
	number = 1
	var take func(v *ir.Value, depth int)
	take = func(v *ir.Value, depth int) {
		if x, ok := floatOf(v); ok {
			number *= x
			return
		}
		if depth == 0 || once(v) && depth < maxFactors {
			if v.DefinedBy(tensor.Mul) {
				take(v.Def.Operands[0], depth+1)
				take(v.Def.Operands[1], depth+1)
				return
			}
			if v.DefinedBy(tensor.Div) {
				if x, ok := floatOf(v.Def.Operands[1]); ok {
					number /= x
					take(v.Def.Operands[0], depth+1)
					return
				}
			}
		}
		list = append(list, v)
	}
	take(v, 0)
	return list, number
}

// unscaled takes multiplications by numbers off a value.
func unscaled(v *ir.Value) (*ir.Value, float64) {
	scale := 1.0
	for v.DefinedBy(tensor.Mul) || v.DefinedBy(tensor.Div) {
		a, b := v.Def.Operands[0], v.Def.Operands[1]
		x, ok := floatOf(b)
		switch {
		case ok && v.Def.Is(tensor.Div):
			scale /= x
		case ok:
			scale *= x
		case v.Def.Is(tensor.Div):
			return v, scale
		default:
			if x, ok = floatOf(a); !ok {
				return v, scale
			}
			scale *= x
			a = b
		}
		if !a.Type.Equal(v.Type) {
			return v, scale
		}
		v = a
	}
	return v, scale
}
