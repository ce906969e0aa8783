package core

import (
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Kernel groups operations that a backend computes in one go.
var Kernel = &ir.OpDef{
	Name: "core.kernel",
	Doc: "A group of operations that a backend computes in one go, made by `fuse`. The body gives one value. It holds at " +
		"most one anchor (a heavy operation, such as nn.linear); everything else in it is elementwise, a view, a cast, a " +
		"broadcast, a concatenation, padding, or a dequantization. Constants in it have one element; larger ones are operands.",
	Operands: []ir.Arg{ir.Many("args", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Bodies:   []ir.BodyDef{{Name: "do", Doc: "takes the operands, gives one value"}},
	Traits:   ir.Inline,
	Infer:    inferKernel,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return c.Call(op.Bodies[0], in)
	},
}

func inferKernel(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	if len(op.Bodies) != 1 {
		return nil, op.Errorf("has %d bodies, expected 1", len(op.Bodies))
	}
	body := op.Bodies[0]
	returns := body.Returns()
	if len(returns) != 1 {
		return nil, op.Errorf("gives %d values, expected 1", len(returns))
	}
	var anchor *ir.Op
	for _, o := range body.Ops {
		switch {
		case o.Def.Traits.Has(ir.Terminator):
		case o.Def.Traits.Has(ir.Anchor):
			if anchor != nil {
				return nil, op.Errorf("holds two anchors, %s and %s; a kernel has at most one", anchor.Name(), o.Name())
			}
			anchor = o
		case o.Is(Constant):
			if !OneElement(o) {
				return nil, op.Errorf("holds a constant of type %s; only constants of one element stand inside, pass it as an operand", o.Results[0].Type)
			}
		case !o.Def.CanFuse():
			return nil, op.Errorf("holds %s, which is neither an anchor nor can be fused", o.Name())
		}
		if len(o.Results) > 1 {
			return nil, op.Errorf("holds %s with %d results; operations in a kernel have one", o.Name(), len(o.Results))
		}
	}
	return typesOf(returns), checkBody(c, op, body, typesOf(op.Operands), typesOf(returns))
}
