package compare

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// region is an operation with those before it, back to values that are known.
type region struct {
	result *ir.Value
	root   *ir.Func
	params []*ir.Value // known values
	ops    []*ir.Op    // in program order, constants included
}

// maxRegion bounds what is run as one operation; a longer way back to known values blames nobody.
const maxRegion = 256

// regionOf collects what computes a value from known ones. Bodies of kernels are open: their parameters are what the kernel is given.
func regionOf(m *ir.Module, v *ir.Value, known func(*ir.Value) bool) (*region, error) {
	r := &region{result: v}
	seenValue, seenOp := map[*ir.Value]bool{}, map[*ir.Op]bool{}
	var visit func(v *ir.Value, f *ir.Func) error
	visit = func(v *ir.Value, f *ir.Func) error {
		if v == nil || seenValue[v] {
			return nil
		}
		seenValue[v] = true
		switch {
		case known(v):
			r.params = append(r.params, v)
			return nil
		case v.Def == nil && outer(v, f) != v:
			return visit(outer(v, f), f.Outer())
		case v.Def == nil:
			return fmt.Errorf("it takes the parameter %s, which the reference does not show", v.Name)
		case len(r.ops) >= maxRegion:
			return fmt.Errorf("more than %d operations lie between it and values that the reference shows", maxRegion)
		case seenOp[v.Def]:
			return nil
		}
		seenOp[v.Def] = true
		for _, o := range v.Def.Operands {
			if err := visit(o, v.Def.Parent()); err != nil {
				return err
			}
		}
		r.ops = append(r.ops, v.Def)
		return nil
	}
	if v.Def == nil {
		return nil, errors.New("no operation computes it")
	}
	r.root = v.Def.Parent().Root()
	return r, visit(v, v.Def.Parent())
}

// module makes the region a function of its own. Its symbols are bound by parameters that come first, whose values are those of the
// call.
func (r *region) module(from *ir.Module, call pass.Call) (*ir.Module, []*host.Tensor, error) {
	f := &ir.Func{Name: "main"}
	var sizes []*host.Tensor
	if len(r.root.Dims) > 0 {
		if r.root.Name != call.Func {
			return nil, nil, errors.New("it is in a function that another one calls, with open sizes")
		}
		bound, err := sizesOf(r.root, call.In)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range r.root.Dims {
			n, ok := bound.Get(d.Name)
			if !ok {
				continue // what the operations bind themselves
			}
			copied := *d
			f.AddDim(&copied)
			t, err := host.Scalar(host.I64, n)
			if err != nil {
				return nil, nil, err
			}
			f.AddParam("size "+d.Name, ir.TensorOf(host.I64), ir.Input).Binds = d.Name
			sizes = append(sizes, t)
		}
	}
	values := map[*ir.Value]*ir.Value{}
	for i, v := range r.params {
		values[v] = f.AddParam(fmt.Sprintf("in%d", i), v.Type, ir.Input).Value
	}
	for _, op := range r.ops {
		for _, o := range op.Operands { // a parameter of a kernel's body is what the kernel is given
			if o != nil && values[o] == nil {
				values[o] = values[through(o, op.Parent())]
			}
		}
		f.Append(op.CloneWith(values))
	}
	f.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{values[r.result]}, nil, ir.Unknown))
	f.Results = []*ir.Result{{Name: "out", Type: r.result.Type, Role: ir.Output}}
	m := &ir.Module{Name: "local", Funcs: []*ir.Func{f}, Resources: slices.Clone(from.Resources), File: from.File}
	m.DropUnusedResources()
	if err := ir.Verify(m); err != nil {
		return nil, nil, fmt.Errorf("it cannot be run alone: %w", err)
	}
	return m, sizes, nil
}

// through follows parameters of kernels' bodies outwards.
func through(v *ir.Value, f *ir.Func) *ir.Value {
	for {
		o := outer(v, f)
		if o == v || f == nil {
			return v
		}
		v, f = o, f.Outer()
	}
}

// sizesOf gives the values of a function's symbols in a call.
func sizesOf(f *ir.Func, in []*host.Tensor) (*backend.Sizes, error) {
	args := make([]*host.Tensor, len(f.Params))
	at := 0
	for i, p := range f.Params {
		if p.Role == ir.Input {
			args[i] = in[at]
			at++
		}
	}
	return backend.BindInputs(f, args)
}
