package weights

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// decode builds what gives a weight of type t from the values of its parts, which are those of packed.
func decode(b *ir.Builder, packed *compress.Packed, parts []*ir.Value, t ir.Type) (*ir.Value, error) {
	shape, _ := t.Static()
	next := func(present *host.Tensor) *ir.Value {
		if present == nil {
			return nil
		}
		v := parts[0]
		parts = parts[1:]
		return v
	}
	x, mask, lut := next(packed.Codes), next(packed.Mask), next(packed.Table)
	scale, zero, low := next(packed.Scale), next(packed.Zero), next(packed.Min)
	steps := []struct {
		wanted bool
		build  func() (*ir.Value, error)
	}{
		{mask != nil, func() (*ir.Value, error) { return b.One(quant.SparseToDense, nil, x, mask) }},
		{lut != nil, func() (*ir.Value, error) {
			return b.One(quant.Lookup, ir.Attrs{ir.Set("axis", ir.Int(packed.Axis))}, x, lut)
		}},
		{scale != nil, func() (*ir.Value, error) {
			return b.Typed(quant.Dequantize, nil, x.Type.WithElem(t.Elem), x, scale, zero, low)
		}},
		{!slices.Equal(packed.Stored, shape), func() (*ir.Value, error) { return b.Typed(tensor.Reshape, nil, t, x) }},
	}
	for _, s := range steps {
		if !s.wanted {
			continue
		}
		v, err := s.build()
		if err != nil {
			return nil, err
		}
		x = v
	}
	if !x.Type.Equal(t) {
		return nil, fmt.Errorf("the compressed weight decodes to %s, expected %s", x.Type, t)
	}
	return x, nil
}

// Replace puts the parts of packed in the place of a weight, and decodes them right before each operation that uses it: the
// kernels that take it take its parts instead. It gives the values of all parts.
func (w *Weight) Replace(m *ir.Module, by string, packed *compress.Packed) ([]*ir.Value, error) {
	var values []*ir.Value
	var made []*ir.Resource
	parts := packed.Parts()
	for _, p := range parts {
		made = append(made, m.AddData(w.Resource.Name+"."+p.Name, p.Data))
	}
	m.Resources = m.Resources[:len(m.Resources)-len(made)]
	at := slices.Index(m.Resources, w.Resource)
	m.Resources = slices.Replace(m.Resources, at, at+1, made...)
	for _, c := range w.constants {
		e := weightEdit{old: c.Result(), loc: c.Loc.By(by), packed: packed}
		for i, r := range made {
			op := ir.NewOp(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, []ir.Type{r.Type}, nil, nil, e.loc)
			if e.old.Name != "" {
				op.Result().Name = e.old.Name + "_" + parts[i].Name
			}
			c.Parent().InsertBefore(c, op)
			e.parts = append(e.parts, op.Result())
		}
		if err := e.run(); err != nil {
			return nil, err
		}
		c.Parent().Erase(c)
		values = append(values, e.parts...)
	}
	return values, nil
}

// weightEdit replaces the uses of one constant.
type weightEdit struct {
	old    *ir.Value
	parts  []*ir.Value // of packed
	loc    *ir.Loc
	packed *compress.Packed
}

func (e *weightEdit) run() error {
	var users []*ir.Op
	for _, u := range e.old.Uses() {
		if !slices.Contains(users, u.Op) {
			users = append(users, u.Op)
		}
	}
	for _, op := range users {
		edit := e.outside
		if op.Is(core.Kernel) {
			edit = e.inside
		}
		if err := edit(op); err != nil {
			return op.Errorf("%v", err)
		}
	}
	return nil
}

// build decodes the parts before an operation. The value takes over what is said of the constant.
func (e *weightEdit) build(before *ir.Op, parts []*ir.Value) (*ir.Value, error) {
	b := ir.Before(before)
	b.Loc = e.loc
	v, err := decode(b, e.packed, parts, e.old.Type)
	if err != nil {
		return nil, err
	}
	v.Name = e.old.Name
	v.AddClaims(e.old.Claims...)
	return v, nil
}

func (e *weightEdit) outside(op *ir.Op) error {
	v, err := e.build(op, e.parts)
	if err != nil {
		return err
	}
	for i, o := range op.Operands {
		if o == e.old {
			op.SetOperand(i, v)
		}
	}
	return nil
}

func (e *weightEdit) inside(kernel *ir.Op) error {
	body := kernel.Bodies[0]
	args := slices.Clone(kernel.Operands)
	var inner []*ir.Value
	for _, p := range e.parts {
		args = append(args, p)
		inner = append(inner, body.AddParam(p.Name, p.Type, ir.Input).Value)
	}
	kernel.SetOperands(args...)
	v, err := e.build(body.Ops[0], inner)
	if err != nil {
		return err
	}
	for i, o := range args {
		if o == e.old {
			body.Params[i].Value.ReplaceAllUses(v)
		}
	}
	rewrite.CanonKernel(kernel)
	return nil
}
