package ir

import (
	"errors"
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// InferCtx is what Infer may ask about sizes. It exists while an operation is built and while one is verified.
type InferCtx struct {
	Func      *Func
	Module    *Module // nil while building: symbols are checked by the verifier
	resources map[string]*Resource
	building  bool // a requirement that is not known becomes a guard
}

// Resource finds a resource by name; nil where there is none, and while building.
func (c *InferCtx) Resource(name string) *Resource { return c.resources[name] }

// Compare decides whether two sizes are equal as far as the function's ranges and guards tell.
func (c *InferCtx) Compare(a, b Dim) Order { return c.Func.Env().Compare(a, b) }

// Simplify rewrites a size by what is known of its symbols.
func (c *InferCtx) Simplify(d Dim) Dim { return c.Func.Env().Simplify(d) }

// Require demands a relation of two sizes. What is known to be false is an error. What is not known becomes a guard of
// the function while building; while verifying, the guard must be there.
func (c *InferCtx) Require(a Dim, rel Relation, b Dim) error {
	if err := errors.Join(a.Err(), b.Err()); err != nil {
		return err
	}
	cond := Cond{Left: a, Rel: rel, Right: b}
	switch c.Func.Env().Prove(cond) {
	case True:
		return nil
	case False:
		return fmt.Errorf("%s %s %s does not hold", a, rel, b)
	}
	g := Guard{Any: []Cond{cond}}
	if c.Func.Env().texts()[g.String()] { // which may be more than can be proven from it
		return nil
	}
	if !c.building {
		return fmt.Errorf("%s is not known to hold: the function needs `guard %s`", g, g)
	}
	return c.Func.Home(a, b).AddGuard(g)
}

// SameShape demands equal shapes.
func (c *InferCtx) SameShape(a, b Type) error {
	if a.Rank() != b.Rank() {
		return fmt.Errorf("shapes %s and %s differ in rank", a, b)
	}
	for i := range a.Shape {
		if err := c.Require(a.Shape[i], RelEQ, b.Shape[i]); err != nil {
			return fmt.Errorf("shapes %s and %s differ in dimension %d: %w", a, b, i, err)
		}
	}
	return nil
}

// Broadcast gives the shape that shapes broadcast to by numpy's rules. A symbolic size never counts as 1, as in
// PyTorch's exported programs.
func (c *InferCtx) Broadcast(shapes ...[]Dim) ([]Dim, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]Dim, rank)
	one := Const(1)
	for i := range out {
		out[i] = one
		for _, s := range shapes {
			k := i - (rank - len(s))
			if k < 0 || s[k].Equal(one) || s[k].Equal(out[i]) {
				continue
			}
			if out[i].Equal(one) {
				out[i] = s[k]
				continue
			}
			if err := c.Require(out[i], RelEQ, s[k]); err != nil {
				return nil, fmt.Errorf("dimension %d does not broadcast: %s against %s", i, out[i], s[k])
			}
			if _, ok := s[k].IsConst(); ok {
				out[i] = s[k]
			}
		}
	}
	return out, nil
}

// Axis checks an axis attribute against a rank; a negative one counts from the end.
func Axis(axis, rank int) (int, error) {
	at := axis
	if at < 0 {
		at += rank
	}
	if at < 0 || at >= rank {
		return 0, fmt.Errorf("axis %d is outside a tensor of rank %d", axis, rank)
	}
	return at, nil
}

// SameElem demands that all present operands have the first one's element type.
func SameElem(op *Op) (host.Elem, error) {
	e := op.In(0).Elem
	for i, v := range op.Operands {
		if v != nil && v.Type.Elem != e {
			return e, op.Errorf("operand %d is %s, the first is %s: cast one of them", i, v.Type.Elem, e)
		}
	}
	return e, nil
}
