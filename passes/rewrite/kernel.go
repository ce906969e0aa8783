package rewrite

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// CanonKernel gives a core.kernel the one form that its content has, whichever passes made it: the body's operations in
// depth-first post-order from the result, operands left to right; parameters in the order they are met, each named as
// its operand, each operand once; and the kernel's location made of those of its
// operations. Every pass that edits a kernel calls it last.
func CanonKernel(kernel *ir.Op) {
	old := kernel.Bodies[0]
	c := &canon{outer: map[*ir.Value]*ir.Value{}, values: map[*ir.Value]*ir.Value{}, params: map[*ir.Value]*ir.Value{}, body: &ir.Func{Name: old.Name}}
	c.body.SetDims(old.Dims, old.Guards)
	for i, p := range old.Params {
		c.outer[p.Value] = kernel.Operands[i]
	}
	ret := old.Terminator()
	result := c.visit(ret.Operands[0])
	for _, op := range old.Ops {
		op.Detach()
	}
	c.body.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{result}, nil, ir.Unknown))
	kernel.Bodies = nil
	kernel.AttachBody(c.body)
	kernel.SetOperands(c.args...)
	var locs []*ir.Loc
	for _, op := range c.body.Ops {
		if !op.Def.Traits.Has(ir.Cheap) && !op.Def.Traits.Has(ir.Terminator) {
			locs = append(locs, op.Loc)
		}
	}
	kernel.Loc = ir.FuseLocs(locs...)
}

type canon struct {
	outer  map[*ir.Value]*ir.Value // a parameter of the old body: the operand it stands for
	params map[*ir.Value]*ir.Value // an operand: the parameter of the new body
	values map[*ir.Value]*ir.Value // a value of the old body: that of the new one
	body   *ir.Func
	args   []*ir.Value
}

func (c *canon) visit(v *ir.Value) *ir.Value {
	if w := c.values[v]; w != nil {
		return w
	}
	if arg := c.outer[v]; arg != nil {
		if c.params[arg] == nil {
			c.args = append(c.args, arg)
			c.params[arg] = c.body.AddParam(arg.Name, arg.Type, ir.Input).Value
		}
		c.values[v] = c.params[arg]
		return c.values[v]
	}
	for _, o := range v.Def.Operands {
		if o != nil {
			c.visit(o)
		}
	}
	c.body.Append(v.Def.CloneWith(c.values))
	return c.values[v]
}
