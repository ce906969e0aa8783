package passes

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// viewedWeights gives weights other shapes and orders. Data stays where it is: a resource that is read otherwise takes its place.
type viewedWeights struct {
	views map[string]string // a resource and how it is read: the resource that does that
	made  []viewed          // all of these
}

// viewed is a resource that reads the data of another one.
type viewed struct{ name, of string }

// linearOfConstant makes x times constant data a linear of the data transposed.
func (vw *viewedWeights) linearOfConstant(rw *rewrite.Rewriter, op *ir.Op) bool {
	x, b := op.Operands[0], op.Operands[1]
	if b.Type.Rank() != 2 || !isConstant(b) || inKernel(op) {
		return false
	}
	w := vw.turned(rw, b, []int{1, 0})
	if !provable(op.Parent(), nn.Linear, nil, op.Result().Type, x, w) {
		return false
	}
	rw.Replace(op, rw.Build(nn.Linear, nil, x, w))
	return true
}

// turned is the transpose of constant data. What decodes compressed data decodes transposed data then, and data itself gets strides: no
// operation that moves it is left, save where the values of sparse data would come in another order.
func (vw *viewedWeights) turned(rw *rewrite.Rewriter, v *ir.Value, perm []int) *ir.Value {
	op := v.Def
	t := v.Type.WithShape(permuted(v.Type.Shape, perm)...)
	switch {
	case op.Is(tensor.Transpose):
		return transposed(rw, op.Operands[0], composed(op.Ints("perm"), perm))
	case op.Is(tensor.Cast):
		return rw.Typed(tensor.Cast, nil, t, vw.turned(rw, op.Operands[0], perm))
	case op.Is(quant.Dequantize):
		operands := slices.Clone(op.Operands)
		for i, p := range operands {
			if p != nil {
				operands[i] = vw.turned(rw, p, perm)
			}
		}
		return rw.Typed(op.Def, op.Attrs, t, operands...)
	case op.Is(quant.Lookup):
		n := len(perm)
		table := vw.turned(rw, op.Operands[1], append(slices.Clone(perm), n, n+1))
		axis := ir.Set("axis", ir.Int(slices.Index(perm, op.Int("axis"))))
		return rw.Build(op.Def, ir.Attrs{axis}, vw.turned(rw, op.Operands[0], perm), table)
	case op.Is(core.Constant):
		from := resourceOf(rw.Module, op)
		switch {
		case from == nil:
		case !t.Elem.Packed():
			return vw.constant(rw, op, from, t, permuted(stridesOf(from), perm))
		default:
			if c := vw.repacked(rw, op, from, perm); c != nil {
				return c
			}
		}
	}
	return transposed(rw, v, perm)
}

// repacked is a constant of the transpose of packed data, which has no strides; nil where the data cannot be had.
func (vw *viewedWeights) repacked(rw *rewrite.Rewriter, op *ir.Op, from *ir.Resource, perm []int) *ir.Value {
	data, err := from.Tensor()
	if err != nil {
		return nil
	}
	packed, err := host.Pack(host.Unpack(data).Transpose(perm).Clone(), data.Elem)
	if err != nil {
		return nil
	}
	to := rw.Module.AddData(from.Name+".view", packed)
	vw.made = append(vw.made, viewed{to.Name, from.Name})
	v := rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(to.Name))}, to.Type)
	if once(op.Result()) {
		v.Name = op.Result().Name
	}
	return v
}

// resourceOf is the resource that a constant reads; nil for what is no such constant.
func resourceOf(m *ir.Module, op *ir.Op) *ir.Resource {
	if op.Is(core.Constant) {
		if name, ok := op.Attr("value").(ir.Symbol); ok {
			return m.Resource(string(name))
		}
	}
	return nil
}

func stridesOf(r *ir.Resource) []int64 {
	if r.Strides != nil {
		return r.Strides
	}
	shape, _ := r.Type.Static()
	strides := make([]int64, len(shape))
	step := int64(1)
	for i, n := range slices.Backward(shape) {
		strides[i] = step
		step *= int64(n)
	}
	return strides
}

// constant reads a resource as a type, with strides.
func (vw *viewedWeights) constant(rw *rewrite.Rewriter, op *ir.Op, from *ir.Resource, t ir.Type, strides []int64) *ir.Value {
	m := rw.Module
	key := fmt.Sprint(from.Name, t, strides)
	if vw.views[key] == "" {
		to := *from
		to.Name, to.Type, to.Strides = m.FreshResourceName(from.Name+".view"), t, strides
		m.Resources = slices.Insert(m.Resources, slices.Index(m.Resources, from)+1, &to)
		vw.views[key] = to.Name
		vw.made = append(vw.made, viewed{to.Name, cmp.Or(vw.origin(from.Name), from.Name)})
	}
	v := rw.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(vw.views[key]))}, t)
	if once(op.Result()) {
		v.Name = op.Result().Name
	}
	return v
}

func (vw *viewedWeights) origin(name string) string {
	at := slices.IndexFunc(vw.made, func(v viewed) bool { return v.name == name })
	if at < 0 {
		return ""
	}
	return vw.made[at].of
}

// names gives views the names of what they took the place of.
func (vw *viewedWeights) names(m *ir.Module) {
	renamed := map[string]string{}
	for _, v := range vw.made {
		if r := m.Resource(v.name); r != nil && m.Resource(v.of) == nil {
			r.Name = v.of
			renamed[v.name] = v.of
		}
	}
	m.Walk(func(op *ir.Op) {
		if name, ok := op.Attr("value").(ir.Symbol); ok && op.Is(core.Constant) && renamed[string(name)] != "" {
			op.Attrs = ir.Attrs{ir.Set("value", ir.Symbol(renamed[string(name)]))}
		}
	})
}

// asWindow is the weight [out, in] of a linear as that of a convolution, [out, in, 1, 1]. Compressed data is decoded as it is stored, since
// codes of few bits are packed along their last axis.
func (vw *viewedWeights) asWindow(rw *rewrite.Rewriter, v *ir.Value) *ir.Value {
	one := ir.Const(1)
	t := v.Type.WithShape(append(slices.Clone(v.Type.Shape), one, one)...)
	from := resourceOf(rw.Module, v.Def)
	if from == nil || t.Elem.Packed() {
		return reshaped(rw, v, t.Shape)
	}
	strides := from.Strides
	if strides != nil {
		strides = append(slices.Clone(strides), 1, 1)
	}
	return vw.constant(rw, v.Def, from, t, strides)
}
