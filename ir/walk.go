package ir

// AllFuncs calls fn for every function and, after the function, every body in it.
func (m *Module) AllFuncs(fn func(*Func)) {
	for _, f := range m.Funcs {
		f.WithBodies(fn)
	}
}

// WithBodies calls fn for the function and every body in it, outer before inner.
func (f *Func) WithBodies(fn func(*Func)) {
	fn(f)
	for _, op := range f.Ops {
		for _, b := range op.Bodies {
			b.WithBodies(fn)
		}
	}
}

// Walk calls fn for every operation of the module, bodies included, in order.
func (m *Module) Walk(fn func(*Op)) {
	m.AllFuncs(func(f *Func) {
		for _, op := range f.Ops {
			fn(op)
		}
	})
}

// WalkOwn is Walk without the bodies of foreign operations, which say what other code computes: passes that change numbers
// leave them alone.
func (m *Module) WalkOwn(fn func(*Op)) {
	m.AllFuncs(func(f *Func) {
		if f.Foreign() {
			return
		}
		for _, op := range f.Ops {
			fn(op)
		}
	})
}

// Foreign reports a body of a foreign operation, or one inside of it.
func (f *Func) Foreign() bool {
	for ; f.owner != nil; f = f.Outer() {
		if f.owner.Def.Traits.Has(Foreign) {
			return true
		}
	}
	return false
}

// Symbols calls fn for each attribute of an operation that names a resource, a state or a function.
func (op *Op) Symbols(fn func(name string)) {
	for _, a := range op.Attrs {
		walkAttr(a.Value, func(a Attr) {
			if s, ok := a.(Symbol); ok {
				fn(string(s))
			}
		})
	}
}

func walkAttr(a Attr, fn func(Attr)) {
	fn(a)
	if list, ok := a.(List); ok {
		for _, it := range list {
			walkAttr(it, fn)
		}
	}
}

// DimsOf calls fn for every size in an operation's attributes and result types.
func (op *Op) DimsOf(fn func(Dim)) {
	for _, a := range op.Attrs {
		dimsOf(a.Value, fn)
	}
	for _, r := range op.Results {
		for _, d := range r.Type.Shape {
			fn(d)
		}
	}
}

func dimsOf(a Attr, fn func(Dim)) {
	walkAttr(a, func(a Attr) {
		switch a := a.(type) {
		case DimAttr:
			fn(a.Dim)
		case Dims:
			for _, d := range a {
				fn(d)
			}
		}
	})
}

// DropUnusedResources removes the resources that no operation and no state refers to.
func (m *Module) DropUnusedResources() {
	used := map[string]bool{}
	m.Walk(func(op *Op) { op.Symbols(func(name string) { used[name] = true }) })
	for _, s := range m.States {
		used[s.Init] = true
	}
	kept := m.Resources[:0:0]
	for _, r := range m.Resources {
		if used[r.Name] {
			kept = append(kept, r)
		}
	}
	m.Resources = kept
}

// SettleLost drops from the list of lost tensors those that a value of their function claims, and repeated ones.
func (m *Module) SettleLost() {
	if len(m.Lost) == 0 {
		return
	}
	type tensor struct{ fn, name string } // the graphs of two functions may use one name
	claimed := map[tensor]bool{}
	m.AllFuncs(func(f *Func) {
		fn := f.Root().Name
		claim := func(v *Value) {
			for _, c := range v.Claims {
				claimed[tensor{fn, c.Tensor}] = true
			}
		}
		for _, p := range f.Params {
			claim(p.Value)
		}
		for _, op := range f.Ops {
			for _, r := range op.Results {
				claim(r)
			}
		}
	})
	kept := m.Lost[:0:0]
	for _, l := range m.Lost {
		if k := (tensor{l.Func, l.Tensor}); !claimed[k] {
			claimed[k] = true
			kept = append(kept, l)
		}
	}
	m.Lost = kept
}
