package schedule

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// place follows a value of the body to the group's result: where what is at p goes. The way is over operations that keep
// shapes, and over views that only move elements. seen is the last value before anything is computed, and q its place.
func (g *Group) place(v *ir.Value, p point) (at point, seen *ir.Value, q point, err error) {
	seen, q = v, p
	moving := true
	for v != g.Result {
		op := g.user(v)
		if op == nil {
			return nil, nil, nil, reason(v.Def, "the result does not depend on it alone")
		}
		to := op.Result()
		switch {
		case op.Is(tensor.Reshape):
			p, err = p.reshaped(g.env, to.Type.Shape)
		case op.Is(tensor.Transpose):
			p, err = p.permuted(v.Type.Shape, op.Ints("perm"))
		case valueTable()[op.Def] == nil && !op.Is(tensor.Cast):
			err = reason(op, "a schedule of heavy operations cannot write through it")
		case !sameShape(g.env, v.Type.Shape, to.Type.Shape):
			err = reason(op, "it broadcasts the result of %s", v.Def.Name())
		default:
			moving = false
		}
		if err != nil {
			return nil, nil, nil, err
		}
		v = to
		if moving {
			seen, q = v, p
		}
	}
	return p, seen, q, nil
}

// user is the first operation of the body that takes a value.
func (g *Group) user(v *ir.Value) *ir.Op {
	for _, op := range g.Body {
		for _, o := range op.Operands {
			if o == v && len(op.Results) == 1 {
				return op
			}
		}
	}
	return nil
}

func sameShape(env *ir.DimEnv, a, b []ir.Dim) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if env.Compare(a[i], b[i]) != ir.CompareEqual {
			return false
		}
	}
	return true
}

// permuted is the place after axes are put in another order: axis i of the result is axis perm[i] of shape.
func (p point) permuted(shape []ir.Dim, perm []int) (point, error) {
	single, err := p.single(shape)
	if err != nil {
		return nil, err
	}
	q := make(point, len(perm))
	for i, axis := range perm {
		q[i] = single[axis]
	}
	return q, nil
}

// storeAt writes the group's result where it depends on the value v of the body, which the schedule has computed at p.
func (e *emitter) storeAt(out *kernel.Buffer, v *ir.Value, p point, made *kernel.Value) error {
	at, v, p, err := e.g.place(v, p)
	if err != nil {
		return err
	}
	made = e.rounded(made, v.Type.Elem)
	here := e.simplified(p).linear()
	e.bound[v] = func(q point) (*kernel.Value, error) {
		if l := q.linear(); !l.at.Equal(here.at) || !l.step.Equal(here.step) {
			return nil, reason(v.Def, "its result is needed at several places at a time")
		}
		return made, nil
	}
	defer delete(e.bound, v)
	result, err := e.value(e.g.Result, at)
	if err != nil {
		return err
	}
	e.put(out, at, result)
	return nil
}

// put stores numbers of the group's result at a place, those of lanes whose conditions hold.
func (e *emitter) put(out *kernel.Buffer, at point, result *kernel.Value) {
	to, lanes := at.linear(), 1
	if !isZero(to.step) {
		lanes = e.lanes
	}
	if lanes == 1 {
		to.step = one
	}
	if result.Type.Elem != host.Bool || out.Elem != host.Bool {
		result = e.narrow(e.g.Result.Type.Elem, result)
	}
	conds := e.checked(e.relevant(at), to.at, to.step, out)
	e.StoreLanes(out, to.at, to.step, e.spread(result, lanes), e.mask(conds, lanes))
}

// output declares the buffer of the result.
func (e *emitter) output() (*kernel.Buffer, error) {
	r := e.g.Result.Type
	if r.Elem.Packed() || r.Elem.IsComplex() || storageElem(r.Elem) != r.Elem {
		return nil, fmt.Errorf("a result of %s is not emitted", r.Elem)
	}
	return e.Output("y", r.Elem, r.NumElements()).As(kernel.Result, 0), nil
}
