package torch

import (
	"fmt"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// This file is about what the file states of the results of nodes.

// misstated are operators for which PyTorch's tracing states other result types than running them gives.
var misstated = map[string]func(c *call, types []ir.Type){
	"aten.lstm":     stateTypes,
	"aten.gru":      stateTypes,
	"aten.rnn_tanh": stateTypes,
	"aten.rnn_relu": stateTypes,
	"aten.bincount": func(c *call, types []ir.Type) {
		if len(c.operands) < 2 || len(types) != 1 {
			return
		}
		types[0].Elem = host.F64
		if c.operands[1].Type.Elem == host.F32 {
			types[0].Elem = host.F32
		}
	},
}

// stateTypes gives the last states of a recurrent network the types of the first ones, its argument hx.
func stateTypes(c *call, types []ir.Type) {
	hx, _ := c.attrs.Get("hx")
	refs, isList := hx.(ir.List)
	if !isList {
		refs = ir.List{hx}
	}
	for i, r := range refs {
		if at, ok := r.(ir.Ref); ok && i+1 < len(types) {
			types[i+1] = c.operands[at].Type
		}
	}
}

// resultTypes lists the results of a node as calls have them: lists flat, without those that are absent or constant.
func (g *graph) resultTypes(outputs []pt2.Argument) (names []string, types []ir.Type, err error) {
	for _, out := range outputs {
		t := ir.TensorOf(host.I64)
		switch out.Kind {
		case pt2.ArgTensors:
			more, moreTypes, err := g.resultTypes(out.List)
			if err != nil {
				return nil, nil, err
			}
			names, types = append(names, more...), append(types, moreTypes...)
			continue
		case pt2.ArgNone, pt2.ArgInt, pt2.ArgFloat, pt2.ArgBool, pt2.ArgString:
			continue
		case pt2.ArgTensor:
			if t, err = g.typeOf(out.Name); err != nil {
				return nil, nil, err
			}
		case pt2.ArgSymInt:
		case pt2.ArgSymFloat:
			t = ir.TensorOf(host.F64)
		case pt2.ArgSymBool:
			t = ir.TensorOf(host.Bool)
		default:
			return nil, nil, fmt.Errorf("a result of kind %s is not supported", out.Kind)
		}
		names, types = append(names, out.Name), append(types, t)
	}
	return names, types, nil
}

// typeOf is the type that the file states for a tensor.
func (g *graph) typeOf(name string) (ir.Type, error) {
	m := g.g.Tensors[name]
	if m == nil {
		return ir.Type{}, fmt.Errorf("the file does not say what tensor %q is", name)
	}
	if m.Layout != pt2.Strided {
		return ir.Type{}, fmt.Errorf("%q is a %s tensor; only dense ones are supported", name, m.Layout)
	}
	elem, ok := m.DType.Elem()
	if !ok {
		return ir.Type{}, fmt.Errorf("%q has the dtype %s, which is not supported", name, m.DType)
	}
	shape, err := g.fn.syms.dims(m.Sizes)
	if err != nil {
		return ir.Type{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	for _, d := range shape {
		if n, ok := d.IsConst(); ok && n < 0 || d.Err() != nil {
			return ir.Type{}, fmt.Errorf("tensor %q has the size %s, expected at least 0", name, d)
		}
	}
	t := ir.TensorOf(elem, shape...)
	if err := t.Check(); err != nil {
		return ir.Type{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	return t, nil
}
