package passes

import (
	"fmt"
	"math"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// constant narrows a constant, and keeps an f32 version of one that is needed in both.
func (c *narrowing) constant(op *ir.Op) error {
	r := op.Result()
	switch {
	case !narrows(r.Type.Elem):
		return nil
	case needsF32(c.kind[r]):
		_, err := c.widen(op)
		return err
	case c.inBoth[op]:
		keep := op.CloneWith(map[*ir.Value]*ir.Value{})
		keep.Result().Name = suffixed(r.Name, "_f32")
		op.Parent().InsertBefore(op, keep)
		wide, err := c.widen(keep)
		if err != nil {
			return err
		}
		c.versions[version{r, host.F32}] = wide
	}
	value := op.Attr("value")
	switch a := value.(type) {
	case ir.Symbol:
		value = ir.Symbol(c.resource16(string(a)))
	case ir.Dense:
		t, err := castTensor(a.T, host.F16)
		if err != nil {
			return err
		}
		value = ir.Dense{T: t}
	}
	op.Attrs = ir.Attrs{ir.Set("value", value)}
	c.setElem(r, host.F16)
	return nil
}

// widen gives a constant in f32. Data in bf16 stays as it is stored, and is cast.
func (c *narrowing) widen(op *ir.Op) (*ir.Value, error) {
	r := op.Result()
	if r.Type.Elem == host.F32 {
		return r, nil
	}
	switch a := op.Attr("value").(type) {
	case ir.Symbol:
		next := op.Parent().Ops[op.Parent().Index(op)+1]
		b := ir.Before(next)
		b.Loc = op.Loc.By("fp16")
		wide, err := b.Typed(tensor.Cast, nil, r.Type.WithElem(host.F32), r)
		if err != nil {
			return nil, err
		}
		c.versions[version{r, host.F32}] = wide
		base := strings.TrimSuffix(r.Name, "_f32")
		wide.Name, r.Name = suffixed(base, "_f32"), suffixed(base, "_bf16")
		return wide, nil
	case ir.Dense:
		t, err := castTensor(a.T, host.F32)
		if err != nil {
			return nil, err
		}
		op.Attrs = ir.Attrs{ir.Set("value", ir.Dense{T: t})}
	}
	c.setElem(r, host.F32)
	return r, nil
}

func castTensor(t *host.Tensor, e host.Elem) (*host.Tensor, error) {
	out, err := host.Alloc(e, t.Shape)
	if err != nil {
		return nil, err
	}
	return out, host.Cast(host.Serial, out, t)
}

// resource16 makes the f16 version of a resource that fits and gives its name.
func (c *narrowing) resource16(name string) string {
	if c.narrowed == nil {
		c.narrowed = map[string]string{}
	}
	if c.narrowed[name] == "" {
		t := c.data[name].narrow
		c.narrowed[name] = c.m.AddData(name+".f16", t).Name
		c.bytes += int64(t.Len() * t.Elem.Bytes())
	}
	return c.narrowed[name]
}

// resourceNames puts the narrow resources in the place of the old ones, under their names where these are free again.
func (c *narrowing) resourceNames() {
	fresh := map[string]*ir.Resource{}
	kept := map[string]bool{}
	for _, r := range c.m.Resources {
		fresh[r.Name], kept[r.Name] = r, true
	}
	var list []*ir.Resource
	renamed := map[string]string{}
	for _, name := range c.order {
		if r := fresh[name]; r != nil {
			list = append(list, r)
			delete(fresh, name)
		}
		if r := fresh[c.narrowed[name]]; r != nil {
			delete(fresh, r.Name)
			if !kept[name] {
				renamed[r.Name] = name
				r.Name = name
			}
			list = append(list, r)
		}
	}
	c.m.Resources = list
	c.m.Walk(func(op *ir.Op) {
		if s, ok := op.Attr("value").(ir.Symbol); ok && op.Is(core.Constant) && renamed[string(s)] != "" {
			op.Attrs = ir.Attrs{ir.Set("value", ir.Symbol(renamed[string(s)]))}
		}
	})
	for _, s := range c.m.States {
		if to := renamed[s.Init]; to != "" {
			s.Init = to
		}
	}
}

// rangeOf is the kind of constant that a tensor is, and says why it does not fit. Single small numbers may be lost.
func rangeOf(t *host.Tensor) (kind valueKind, reason string) {
	if !t.Contiguous() {
		t = t.Clone()
	}
	var most float32
	block := make([]float32, 1024)
	for i, n := 0, t.Len(); i < n; i += len(block) {
		block = block[:min(len(block), n-i)]
		host.Load(block, t, t.Offset+i, 1)
		for _, v := range block {
			if v < 0 {
				v = -v
			}
			if v > most && v <= math.MaxFloat32 {
				most = v
			}
		}
	}
	switch {
	case most > mostF16:
		return beyond, fmt.Sprintf("holds %s, beyond the 65504 of f16", host.FormatFloat(float64(most), host.F32))
	case most > 0 && most < normalF16:
		return tiny, fmt.Sprintf("holds no number above %s, too small for f16", host.FormatFloat(float64(most), host.F32))
	}
	return constant, ""
}

// rangeOfNumber is rangeOf for a number, or anything else, which fits. A small number fits until it becomes zero.
func rangeOfNumber(a ir.Attr) valueKind {
	x := 0.0
	switch a := a.(type) {
	case ir.Float:
		x = math.Abs(float64(a))
	case ir.Int:
		x = math.Abs(float64(a))
	}
	switch {
	case x > mostF16 && !math.IsInf(x, 1):
		return beyond
	case x > 0 && x <= zeroF16:
		return tiny
	}
	return constant
}
