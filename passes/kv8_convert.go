package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// convert makes codes and scales of a cache.
func (k *kv8) convert(c *cache) error {
	s, wide := c.state, c.state.Type
	narrow := wide.WithShape(slices.Clone(wide.Shape)...)
	narrow.Shape[wide.Rank()-1] = ir.Const(1)
	c.scale = &ir.State{Name: k.m.FreshResourceName(s.Name + ".scale"), Type: narrow}
	if s.Init != "" {
		if err := k.initial(c); err != nil {
			return err
		}
	}
	s.Type = wide.WithElem(host.I8)
	at := slices.Index(k.m.States, s)
	k.m.States = slices.Insert(k.m.States, at+1, c.scale)
	for _, cf := range c.funcs {
		if err := k.function(c, cf, wide); err != nil {
			return err
		}
	}
	return nil
}

// initial quantizes what the state starts from, as rows are quantized when the model runs.
func (k *kv8) initial(c *cache) error {
	t, err := k.m.Resource(c.state.Init).Tensor()
	if err != nil {
		return err
	}
	shape := slices.Clone(t.Shape)
	row := shape[len(shape)-1]
	shape[len(shape)-1] = 1
	scale, err := host.Alloc(t.Elem, shape)
	if err != nil {
		return err
	}
	_, most := host.I8.Range()
	values := host.Values[float64](t)
	for i := range scale.Len() {
		top := 0.0
		for _, x := range values[i*row : (i+1)*row] {
			top = max(top, x, -x)
		}
		host.SetFloat(scale, i, max(top/most, leastScale(t.Elem)))
	}
	codes, err := host.Alloc(host.I8, t.Shape)
	if err != nil {
		return err
	}
	least, most := host.I8.Range()
	if err := host.Quantize(host.Serial, codes, t, scale, nil, nil, least, most); err != nil {
		return err
	}
	name := c.state.Init
	c.state.Init = k.m.AddData(name+".i8", codes).Name
	c.scale.Init = k.m.AddData(name+".scale", scale).Name
	return nil
}

// leastScale keeps rows of zeros from being divided by 0: the least number of full precision, for f16 the least number.
func leastScale(e host.Elem) float64 {
	if e == host.F16 {
		return 0x1p-24
	}
	return 0x1p-126
}

// function converts what one function does with a cache.
func (k *kv8) function(c *cache, cf *cacheFunc, wide ir.Type) error {
	name := cf.param.Value.Name
	scale := cf.f.AddParam(suffixed(name, "_scale"), c.scale.Type, ir.StateIn)
	scale.State = c.scale.Name
	codes := map[*ir.Value]*ir.Value{cf.param.Value: cf.param.Value}
	scales := map[*ir.Value]*ir.Value{cf.param.Value: scale.Value}
	cf.param.Value.Type = c.state.Type
	for _, v := range cf.versions {
		if v.Def != nil {
			if err := k.update(v, codes, scales); err != nil {
				return err
			}
		}
		if err := k.reads(cf, v, codes[v], scales[v], wide); err != nil {
			return err
		}
	}
	if cf.result >= 0 {
		last := cf.f.Returns()[cf.result]
		values := slices.Clone(cf.f.Returns())
		values[cf.result] = codes[last]
		cf.f.Results[cf.result].Type = c.state.Type
		cf.f.Results = append(cf.f.Results, &ir.Result{Type: c.scale.Type, Role: ir.Update, Target: c.scale.Name, State: true})
		cf.f.Terminator().SetOperands(append(values, scales[last])...)
	}
	for _, v := range slices.Backward(cf.versions) {
		if v.Def != nil {
			cf.f.Erase(v.Def)
		}
	}
	return nil
}

// update quantizes the rows that an update writes, and writes codes and scales.
func (k *kv8) update(v *ir.Value, codes, scales map[*ir.Value]*ir.Value) error {
	op := v.Def
	base, rows := op.Operands[0], op.Operands[1]
	b := ir.Before(op)
	b.Loc = op.Loc.By("kv8")
	g := &calc{b: b}
	_, most := host.I8.Range()
	top := g.reduce(tensor.ReduceMax, g.one(tensor.Abs, rows), []int{rows.Type.Rank() - 1})
	scale := g.do(tensor.Max, g.do(tensor.Div, top, most), leastScale(rows.Type.Elem))
	if g.err != nil {
		return g.err
	}
	small, err := b.Typed(quant.Quantize, nil, rows.Type.WithElem(host.I8), rows, scale)
	if err != nil {
		return err
	}
	b.Loc = op.Loc
	rest := op.Operands[2:]
	codes[v] = g.build(op.Def, op.Attrs, append([]*ir.Value{codes[base], small}, rest...)...)
	scales[v] = g.build(op.Def, op.Attrs, append([]*ir.Value{scales[base], scale}, rest...)...)
	if g.err == nil && v.Name != "" {
		codes[v].Name, scales[v].Name = v.Name, v.Name+"_scale"
	}
	return g.err
}

// reads makes numbers of a version of the cache where something reads it. What the version claims to be, those numbers are.
func (k *kv8) reads(cf *cacheFunc, v, codes, scale *ir.Value, wide ir.Type) error {
	var readers []ir.Use
	var users []*ir.Op
	for _, u := range v.Uses() {
		isUpdate := u.Op.Def.Traits.Has(ir.InPlace) && u.Index == 0
		isResult := u.Op == cf.f.Terminator() && u.Index == cf.result
		mine := u.Op.Is(quant.Dequantize) && u.Op.Operands[0] == codes && u.Op.Operand(1) == scale
		if !isUpdate && !isResult && !mine {
			readers, users = append(readers, u), append(users, u.Op)
		}
	}
	claims := v.Claims
	if len(readers) == 0 {
		if v.Def != nil {
			rewrite.Lose(k.m, v.Def, "kv8", codes)
		} else {
			for _, c := range claims {
				k.m.Lost = append(k.m.Lost, ir.Lost{Tensor: c.Tensor, Pass: "kv8", Func: cf.f.Name, Into: v.Name})
			}
		}
		v.Claims = nil
		return nil
	}
	b := ir.Before(first(users))
	b.Loc = b.Loc.By("kv8")
	x, err := b.Typed(quant.Dequantize, nil, wide, codes, scale)
	if err != nil {
		return err
	}
	v.Claims = nil
	x.AddClaims(claims...)
	if v.Name != "" {
		x.Name = v.Name + "_values"
	}
	for _, u := range readers {
		u.Op.SetOperand(u.Index, x)
	}
	k.changed = append(k.changed, x)
	return nil
}
