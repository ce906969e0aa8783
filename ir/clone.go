package ir

import "slices"

// Clone copies a module so that changes to the copy do not reach the original. Sources of data are shared.
func (m *Module) Clone() *Module {
	c := &Module{Name: m.Name, Program: m.Program, File: m.File, Lost: slices.Clone(m.Lost), Classes: slices.Clone(m.Classes), Passes: slices.Clone(m.Passes)}
	for _, s := range m.States {
		s := *s
		c.States = append(c.States, &s)
	}
	for _, r := range m.Resources {
		r := *r
		c.Resources = append(c.Resources, &r)
	}
	for _, f := range m.Funcs {
		c.Funcs = append(c.Funcs, f.Clone())
	}
	return c
}

// Clone copies a function with its bodies; the copy belongs to no operation.
func (f *Func) Clone() *Func {
	values := map[*Value]*Value{}
	c := &Func{Name: f.Name, Guards: slices.Clone(f.Guards)}
	for _, d := range f.Dims {
		d := *d
		c.Dims = append(c.Dims, &d)
	}
	for _, p := range f.Params {
		q := *p
		q.Value = &Value{Type: p.Value.Type, Name: p.Value.Name, Index: p.Value.Index, Claims: slices.Clone(p.Value.Claims)}
		values[p.Value] = q.Value
		c.Params = append(c.Params, &q)
	}
	for _, r := range f.Results {
		r := *r
		c.Results = append(c.Results, &r)
	}
	for _, op := range f.Ops {
		c.Append(op.CloneWith(values))
	}
	return c
}

// CloneWith copies an operation with its bodies. Operands are looked up in values, or kept where they are not in it; the
// copy's results are entered there. The copy belongs to no list yet.
func (op *Op) CloneWith(values map[*Value]*Value) *Op {
	c := &Op{Def: op.Def, Attrs: slices.Clone(op.Attrs), Loc: op.Loc, Pos: op.Pos}
	for i, v := range op.Operands {
		if w, ok := values[v]; ok {
			v = w
		}
		c.Operands = append(c.Operands, v)
		v.addUse(c, i)
	}
	for i, r := range op.Results {
		w := &Value{Type: r.Type, Name: r.Name, Def: c, Index: i, Claims: slices.Clone(r.Claims)}
		values[r] = w
		c.Results = append(c.Results, w)
	}
	for _, b := range op.Bodies {
		c.AttachBody(b.Clone())
	}
	return c
}

// Expanded gives a body that computes an operation by its Expand: it takes the operands that are present and gives the
// results, with an operation of the definition ret as its end. It is nil for an operation that has no Expand.
func Expanded(op *Op, ret *OpDef) (*Func, error) {
	if op.Def.Expand == nil {
		return nil, nil
	}
	body := &Func{Name: op.Def.Name}
	holder := &Op{Def: op.Def, Loc: op.Loc, parent: op.parent}
	holder.AttachBody(body)
	values := map[*Value]*Value{}
	for _, v := range op.Operands {
		if v != nil && values[v] == nil {
			values[v] = body.AddParam(v.Name, v.Type, Input).Value
		}
	}
	inner := op.CloneWith(values)
	body.Append(inner)
	results, err := op.Def.Expand(Before(inner), inner)
	if err != nil {
		return nil, err
	}
	for i, r := range inner.Results {
		r.ReplaceAllUses(results[i])
	}
	body.Erase(inner)
	body.Append(NewOp(ret, nil, nil, results, nil, op.Loc))
	return body, nil
}
