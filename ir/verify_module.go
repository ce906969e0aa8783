package ir

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

func (v *verifier) module() {
	names := map[string]string{}
	declare := func(kind, name string) {
		if name == "" {
			v.report(Problem{Op: kind, Msg: "has no name"})
		} else if names[name] != "" {
			v.report(Problem{Op: kind + " @" + name, Msg: fmt.Sprintf("the name is taken by a %s", names[name])})
		}
		names[name] = kind
		v.names[name] = true
	}
	for _, f := range v.m.Funcs {
		declare("function", f.Name)
	}
	for _, r := range v.m.Resources {
		declare("resource", r.Name)
		v.resources[r.Name] = r
		v.resource(r)
	}
	for _, s := range v.m.States {
		declare("state", s.Name)
		if s.Init == "" {
			continue
		}
		if r := v.resources[s.Init]; r == nil {
			v.report(Problem{Op: "state @" + s.Name, Msg: fmt.Sprintf("starts from @%s, which is no resource", s.Init)})
		} else if !r.Type.Equal(s.Type) {
			v.report(Problem{Op: "state @" + s.Name, Msg: fmt.Sprintf("is %s, its initial value @%s is %s", s.Type, s.Init, r.Type)})
		}
	}
}

func (v *verifier) resource(r *Resource) {
	what := "resource @" + r.Name
	if r.Source == nil {
		v.report(Problem{Op: what, Msg: "has no source"})
		return
	}
	shape, ok := r.Type.Static()
	if !ok {
		v.report(Problem{Op: what, Msg: fmt.Sprintf("has the symbolic type %s; constant data has fixed sizes", r.Type)})
		return
	}
	size, err := host.SizeBytes(r.Type.Elem, shape)
	if err != nil {
		v.report(Problem{Op: what, Msg: err.Error()})
		return
	}
	if r.Strides == nil {
		at, width := r.Offset, int64(r.Type.Elem.Bytes())
		if at < 0 || width > 0 && at > r.Source.Size/width || at*width+int64(size) > r.Source.Size {
			v.report(Problem{Op: what, Msg: fmt.Sprintf("%s at element %d takes %d bytes, its source has %d", r.Type, r.Offset, size, r.Source.Size)})
		}
	} else if err := stridesFit(r, shape); err != nil {
		v.report(Problem{Op: what, Msg: err.Error()})
	}
}

// stridesFit holds a view with strides against the bytes of its source.
func stridesFit(r *Resource, shape []int) error {
	switch {
	case r.Type.Elem.Packed():
		return fmt.Errorf("is %s with strides; packed data has none", r.Type)
	case len(r.Strides) != len(shape):
		return fmt.Errorf("found %d strides for %d dimensions", len(r.Strides), len(shape))
	}
	elements := r.Source.Size / int64(r.Type.Elem.Bytes())
	left := elements - 1 - r.Offset // how far from the first element the last one may be
	if r.Offset < 0 {
		left = -1
	}
	for i, s := range r.Strides {
		if s < 0 {
			return fmt.Errorf("stride %d of dimension %d is negative", s, i)
		}
		if n := int64(shape[i] - 1); n > 0 && left >= 0 {
			if s > left/n {
				left = -1
			} else {
				left -= n * s
			}
		}
	}
	if left < 0 && !slices.Contains(shape, 0) {
		return fmt.Errorf("%s at element %d with strides %v does not lie within its source of %d elements", r.Type, r.Offset, r.Strides, elements)
	}
	return nil
}

// calls refuses functions that call themselves, directly or through others: sizes and plans are worked out along calls.
func (v *verifier) calls() {
	const open, closed = 1, 2
	state := map[*Func]int{}
	var visit func(f *Func)
	visit = func(f *Func) {
		state[f] = open
		f.WithBodies(func(b *Func) {
			for _, op := range b.Ops {
				op.Symbols(func(name string) {
					switch g := v.m.Func(name); {
					case g == nil:
					case state[g] == open:
						v.fn = f
						v.op(op, "calls @%s, which is running then: a function cannot call itself, directly or through others; use core.while", name)
					case state[g] == 0:
						visit(g)
					}
				})
			}
		})
		state[f] = closed
	}
	for _, f := range v.m.Funcs {
		if state[f] == 0 {
			visit(f)
		}
	}
}
