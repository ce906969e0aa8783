package ir

// MapSizes replaces every size in the types and attributes of a function; its bodies stay as they are.
func (f *Func) MapSizes(fn func(Dim) Dim) {
	of := func(t Type) Type {
		shape := make([]Dim, len(t.Shape))
		for i, d := range t.Shape {
			shape[i] = fn(d)
		}
		return t.WithShape(shape...)
	}
	for _, p := range f.Params {
		p.Value.Type = of(p.Value.Type)
	}
	for _, r := range f.Results {
		r.Type = of(r.Type)
	}
	for _, op := range f.Ops {
		for _, r := range op.Results {
			r.Type = of(r.Type)
		}
		for i, a := range op.Attrs {
			op.Attrs[i].Value = mapSizes(a.Value, fn)
		}
		if norm, err := NormalAttrs(op.Def, op.Attrs); err == nil { // the verifier reports what is wrong
			op.Attrs = norm
		}
	}
}

// mapSizes rewrites the sizes of an attribute.
func mapSizes(a Attr, fn func(Dim) Dim) Attr {
	switch a := a.(type) {
	case DimAttr:
		return OfDim(fn(a.Dim))
	case Dims:
		out := make([]Dim, len(a))
		for i, d := range a {
			out[i] = fn(d)
		}
		return OfDims(out...)
	case List:
		out := make([]Attr, len(a))
		for i, it := range a {
			out[i] = mapSizes(it, fn)
		}
		return NormalList(out)
	}
	return a
}
