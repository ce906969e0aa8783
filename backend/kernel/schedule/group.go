package schedule

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
)

// Group is what one kernel computes: a body of operations with one result.
type Group struct {
	Name   string
	Params []*ir.Value // the operands, each once: the first buffers of the kernel, dense and row-major
	Body   []*ir.Op    // in an order in which each value is defined before its use
	Result *ir.Value
	Anchor *ir.Op // the heavy operation; nil where there is none

	Constants []bool // which parameters are constants

	decls  []*ir.DimDecl
	guards []ir.Guard
	env    *ir.DimEnv
	effort *ir.Effort   // that proofs about the group take from
	scope  *ir.DimScope // what they know; nil until it is asked
	own    *ir.DimEnv   // see sure
}

// sizes is what is known of the sizes of the group.
func (g *Group) sizes() *ir.DimScope {
	if g.scope == nil {
		env := ir.NewDimEnv(g.decls, g.guards)
		env.Within(g.effort)
		g.scope = env.Scope()
	}
	return g.scope
}

// sure reports a condition on sizes that a kernel of the group knows as well: it follows from ranges, and from guards that speak of the
// sizes of the group's values alone. Others may be left out of the kernel (see [kernel.Builder.Know]).
func (g *Group) sure(c ir.Cond) bool {
	if g.own == nil {
		var used []string
		for _, v := range append([]*ir.Value{g.Result}, g.Params...) {
			for _, d := range v.Type.Shape {
				used = append(used, d.Symbols()...)
			}
		}
		guards := slices.DeleteFunc(slices.Clone(g.guards), func(h ir.Guard) bool {
			return slices.ContainsFunc(h.Symbols(), func(s string) bool { return !slices.Contains(used, s) })
		})
		g.own = ir.NewDimEnv(g.decls, guards)
		g.own.Within(g.effort)
	}
	return g.own.Prove(c) == ir.True
}

// OneResult reports an operation of which only the first result is used.
func OneResult(op *ir.Op) bool {
	return len(op.Results) > 0 && !slices.ContainsFunc(op.Results[1:], (*ir.Value).Used)
}

// NewGroup makes a group from a core.kernel, or from another operation alone. The module is left as it is. Operations that
// have an Expand are replaced by it, save the anchor.
func NewGroup(op *ir.Op) (*Group, error) {
	if !OneResult(op) {
		return nil, fmt.Errorf("%s has %d results, expected 1, or that only the first is used", op.Name(), len(op.Results))
	}
	g := &Group{Name: "k", env: op.Parent().Env()}
	for f := op.Parent(); f != nil; f = f.Outer() {
		g.decls, g.guards = append(slices.Clone(f.Dims), g.decls...), append(slices.Clone(f.Guards), g.guards...)
	}
	values := map[*ir.Value]*ir.Value{}
	param := func(v, as *ir.Value) {
		if values[v] == nil {
			g.Constants = append(g.Constants, v.Def != nil && v.Def.Is(core.Constant))
			values[v] = &ir.Value{Type: v.Type, Name: v.Name, Index: len(g.Params)}
			g.Params = append(g.Params, values[v])
		}
		values[as] = values[v]
	}
	body := []*ir.Op{op}
	result := op.Results[0]
	if op.Is(core.Kernel) {
		inner := op.Bodies[0]
		for i, p := range inner.Params {
			param(op.Operands[i], p.Value)
		}
		body, result = inner.Ops[:len(inner.Ops)-1], inner.Returns()[0]
	} else {
		for _, v := range op.Operands {
			if v != nil {
				param(v, v)
			}
		}
	}
	for _, o := range body {
		if o.Def.Traits.Has(ir.Anchor) {
			if err := g.take(o, values, 0); err != nil {
				return nil, err
			}
			g.Anchor = values[o.Results[0]].Def
			if o.Is(nn.ConvTranspose) {
				if err := g.overlap(); err != nil {
					return nil, err
				}
				values[o.Results[0]] = g.Body[len(g.Body)-1].Results[0]
			}
			continue
		}
		if err := g.take(o, values, maxNested); err != nil {
			return nil, err
		}
	}
	g.Result = values[result]
	return g, nil
}

const maxNested = 8 // expansions of expansions

// take appends a copy of the operation, or of what its Expand gives, with operands replaced by values.
func (g *Group) take(op *ir.Op, values map[*ir.Value]*ir.Value, nested int) error {
	if nested > 0 && op.Def.Expand != nil && len(op.Results) == 1 {
		body, err := ir.Expanded(op, core.Return)
		if err != nil {
			return err
		}
		inner := map[*ir.Value]*ir.Value{}
		at := 0
		seen := map[*ir.Value]bool{}
		for _, v := range op.Operands {
			if v != nil && !seen[v] {
				seen[v] = true
				inner[body.Params[at].Value] = values[v]
				at++
			}
		}
		for _, o := range body.Ops[:len(body.Ops)-1] {
			if err := g.take(o, inner, nested-1); err != nil {
				return err
			}
		}
		values[op.Results[0]] = inner[body.Returns()[0]]
		return nil
	}
	c := &ir.Op{Def: op.Def, Attrs: op.Attrs, Loc: op.Loc}
	for _, v := range op.Operands {
		if v != nil && values[v] == nil {
			return fmt.Errorf("%s uses a value from outside the group", op.Name())
		}
		c.Operands = append(c.Operands, values[v])
	}
	if op.Is(tensor.Div) && c.Operands[0].DefinedBy(tensor.Exp) && c.Operands[1].DefinedBy(tensor.Sum) && !isHalf(op.Result().Type.Elem) {
		c.Def, c.Operands[1] = tensor.Mul, g.reciprocal(c.Operands[1], op.Loc)
	}
	asMean(c)
	for i, r := range op.Results {
		values[r] = &ir.Value{Type: r.Type, Name: r.Name, Def: c, Index: i}
		c.Results = append(c.Results, values[r])
	}
	g.Body = append(g.Body, c)
	return nil
}

// reciprocal appends 1/v: the shares of a softmax are products with one quotient a row, as in the reference, not a quotient
// each.
func (g *Group) reciprocal(v *ir.Value, loc *ir.Loc) *ir.Value {
	one := g.append(loc, core.Constant, ir.TensorOf(v.Type.Elem), ir.Attrs{ir.Set("value", ir.Float(1))})
	return g.append(loc, tensor.Div, v.Type, nil, one, v)
}

// append adds an operation to the body.
func (g *Group) append(loc *ir.Loc, def *ir.OpDef, t ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	op := &ir.Op{Def: def, Attrs: attrs, Loc: loc, Operands: operands}
	op.Results = []*ir.Value{{Type: t, Def: op}}
	g.Body = append(g.Body, op)
	return op.Results[0]
}

// Expanded is the group with its anchor replaced by its Expand, where it has one.
func (g *Group) Expanded() (*Group, error) {
	if g.Anchor == nil || g.Anchor.Def.Expand == nil {
		return g, nil
	}
	e := *g
	e.Body, e.Anchor = nil, nil
	values := map[*ir.Value]*ir.Value{}
	for _, p := range g.Params {
		values[p] = p
	}
	for _, op := range g.Body {
		if err := e.take(op, values, maxNested); err != nil {
			return nil, err
		}
	}
	e.Result = values[g.Result]
	return &e, nil
}
