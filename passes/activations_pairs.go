package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/calibrate"
	"github.com/aiopt/aiopt/passes/compress"
)

// build puts a site's quantization before the first of its uses, which take what it gives. Kernels are left to canonKernels.
func (a *activationQuantizer) build(s *site) (*ir.Value, error) {
	if s.scheme.dynamic() { // what kernels are given is quantized before them
		var users []*ir.Op
		for _, u := range s.uses {
			users = append(users, kernelAround(u.Op))
		}
		v, err := a.dynamicPair(s, a.before(first(users)))
		if err != nil {
			return nil, err
		}
		for _, u := range s.uses {
			giveTo(u, v)
		}
		return v, nil
	}
	var users []*ir.Op
	for _, u := range s.uses {
		users = append(users, u.Op)
	}
	b := a.before(first(users))
	params, err := a.staticParams(s, b)
	if err != nil {
		return nil, err
	}
	v, err := a.pair(s, b, params)
	if err != nil {
		return nil, err
	}
	for _, u := range s.uses {
		u.Op.SetOperand(u.Index, v)
	}
	return v, nil
}

// kernelAround is the kernel that an operation is in, or the operation.
func kernelAround(op *ir.Op) *ir.Op {
	if insideKernel(op.Parent()) {
		return op.Parent().Owner()
	}
	return op
}

// giveTo makes a use take a value, as a parameter of its own where it is in a kernel that the value is outside of.
func giveTo(u ir.Use, v *ir.Value) {
	if kernel := kernelAround(u.Op); kernel != u.Op {
		kernel.SetOperands(append(slices.Clone(kernel.Operands), v)...)
		v = kernel.Bodies[0].AddParam(v.Name, v.Type, ir.Input).Value
	}
	u.Op.SetOperand(u.Index, v)
}

func (a *activationQuantizer) before(op *ir.Op) *ir.Builder {
	b := ir.Before(op)
	b.Loc = op.Loc.By(a.ctx.Pass.Name)
	return b
}

// first is the first of some operations of a function.
func first(ops []*ir.Op) *ir.Op {
	f := ops[0].Parent()
	return slices.MinFunc(ops, func(x, y *ir.Op) int { return f.Index(x) - f.Index(y) })
}

// pair quantizes a site's value and makes numbers of the codes again.
func (a *activationQuantizer) pair(s *site, b *ir.Builder, params []*ir.Value) (*ir.Value, error) {
	v, c := s.value, s.scheme.codes
	var attrs ir.Attrs
	if least, _, _ := c.Bounds(); c.Clipped {
		if lowest, _ := c.Elem.Range(); least != lowest {
			attrs = ir.Attrs{ir.Set("low", ir.Int(int64(least)))}
		}
	}
	codes, err := b.Typed(quant.Quantize, attrs, v.Type.WithElem(c.Elem), append([]*ir.Value{v}, params...)...)
	if err != nil {
		return nil, err
	}
	back, err := b.Typed(quant.Dequantize, nil, v.Type, append([]*ir.Value{codes}, params...)...)
	if err != nil {
		return nil, err
	}
	if v.Name != "" {
		codes.Name, back.Name = v.Name+"_codes", fmt.Sprintf("%s_a%d", v.Name, c.Elem.Bits())
	}
	return back, nil
}

// staticParams are constants for the scale and the zero point that calibration found.
func (a *activationQuantizer) staticParams(s *site, b *ir.Builder) ([]*ir.Value, error) {
	c := s.scheme.codes
	ranges := s.ranges()
	shape := make([]int, s.value.Type.Rank())
	for i := range shape {
		shape[i] = 1
	}
	if len(ranges) > 1 {
		shape[s.axis] = len(ranges)
	}
	scales, zeros := host.New(s.scheme.scale, shape...), host.New(c.Elem, shape...)
	for i, r := range ranges {
		scale, zero := c.Params(r)
		host.SetFloat(scales, i, float64(scale))
		if c.HasZero() {
			host.SetInt(zeros, i, int64(zero))
		}
	}
	params := []compress.Part{{Name: "scale", Data: scales}}
	if c.HasZero() {
		params = append(params, compress.Part{Name: "zero_point", Data: zeros})
	}
	var list []*ir.Value
	for _, p := range params {
		v, err := a.constant(s, b, p)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// ranges are those of a site: known, or found in calibration data.
func (s *site) ranges() []calibrate.Range {
	if r, known := s.scheme.known(); known {
		return []calibrate.Range{r}
	}
	return s.stats.Ranges(s.scheme.options())
}

// constant makes a constant: a number where one does, which a kernel may hold, and otherwise data, which it is given.
func (a *activationQuantizer) constant(s *site, b *ir.Builder, p compress.Part) (*ir.Value, error) {
	t := ir.TypeOf(p.Data)
	if p.Data.Len() == 1 {
		var number ir.Attr = ir.Float(host.FloatAt(p.Data, 0))
		if p.Data.Elem.IsInt() {
			number = ir.Int(host.IntAt(p.Data, 0))
		}
		return b.Typed(core.Constant, ir.Attrs{ir.Set("value", number)}, t)
	}
	kernel := b.Func.Owner()
	if insideKernel(b.Func) {
		b = a.before(kernel)
	} else {
		kernel = nil
	}
	name := s.value.Name
	if name == "" {
		name = "activation"
	}
	r := a.m.AddData(name+"."+p.Name, p.Data)
	v, err := b.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, t)
	if err != nil {
		return nil, err
	}
	if s.value.Name != "" {
		v.Name = s.value.Name + "_" + p.Name
	}
	if kernel == nil {
		return v, nil
	}
	kernel.SetOperands(append(slices.Clone(kernel.Operands), v)...)
	return kernel.Bodies[0].AddParam(v.Name, t, ir.Input).Value, nil
}

// dynamicPair computes the scale of each row from the row's numbers: those of calibrate.Codes.Params for its range.
func (a *activationQuantizer) dynamicPair(s *site, b *ir.Builder) (*ir.Value, error) {
	v, c := s.value, s.scheme.codes
	g := &calc{b: b}
	least, _, most := c.Bounds()
	var params []*ir.Value
	tiny := c.Tiny()
	if c.Asymmetric {
		low := g.do(tensor.Min, g.f32(g.reduce(tensor.ReduceMin, v, s.rows)), 0)
		high := g.do(tensor.Max, g.f32(g.reduce(tensor.ReduceMax, v, s.rows)), 0)
		scale := g.do(tensor.Max, g.do(tensor.Div, g.two(tensor.Sub, high, low), most-least), tiny)
		steps := g.one(tensor.Neg, g.one(tensor.Round, g.two(tensor.Div, low, scale)))
		if least != 0 {
			steps = g.do(tensor.Add, steps, least)
		}
		params = []*ir.Value{scale, g.do(tensor.Min, steps, most)}
	} else {
		top := g.f32(g.reduce(tensor.ReduceMax, g.one(tensor.Abs, v), s.rows))
		params = []*ir.Value{g.do(tensor.Max, g.do(tensor.Div, top, c.Steps()), tiny)}
	}
	if g.err != nil {
		return nil, g.err
	}
	if v.Name != "" {
		params[0].Name = v.Name + "_scale"
	}
	return a.pair(s, b, params)
}

// calc builds operations and keeps the first error.
type calc struct {
	b   *ir.Builder
	err error
}

func (g *calc) build(def *ir.OpDef, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	if g.err != nil {
		return nil
	}
	v, err := g.b.One(def, attrs, operands...)
	g.err = err
	return v
}

func (g *calc) one(def *ir.OpDef, x *ir.Value) *ir.Value    { return g.build(def, nil, x) }
func (g *calc) two(def *ir.OpDef, x, y *ir.Value) *ir.Value { return g.build(def, nil, x, y) }

// do combines a value with a number.
func (g *calc) do(def *ir.OpDef, x *ir.Value, y float64) *ir.Value {
	if g.err != nil {
		return nil
	}
	number, err := g.b.Typed(core.Constant, ir.Attrs{ir.Set("value", ir.Float(y))}, ir.TensorOf(x.Type.Elem))
	if err != nil {
		g.err = err
		return nil
	}
	return g.build(def, nil, x, number)
}

func (g *calc) reduce(def *ir.OpDef, x *ir.Value, axes []int) *ir.Value {
	return g.build(def, ir.Attrs{ir.Set("axes", ir.OfInts(axes...)), ir.Set("keep_dims", ir.Bool(true))}, x)
}

// f32 casts a value, unless it is f32.
func (g *calc) f32(x *ir.Value) *ir.Value {
	if g.err != nil || x.Type.Elem == host.F32 {
		return x
	}
	v, err := g.b.Typed(tensor.Cast, nil, x.Type.WithElem(host.F32), x)
	g.err = err
	return v
}
