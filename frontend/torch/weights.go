package torch

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// weights makes the resources of a module. Names are the model's own; parameters that PyTorch ties share a resource,
// and so does a weight that several programs have under one name, when its bytes are equal.
type weights struct {
	mod     *ir.Module
	taken   map[string]bool // names of functions and resources
	byName  map[string][]resource
	byView  map[viewKey]resource
	sources map[entryKey]*ir.Source
}

type entryKey struct {
	archive *pt2.Archive
	entry   string
}

type viewKey struct {
	archive *pt2.Archive
	view    string // entry, element type, offset, sizes and strides
}

// resource is one that the module may have: it joins the module's list when something uses it.
type resource struct {
	*ir.Resource
	tensor *pt2.Tensor

	from, to int64 // the bytes of the entry from the first element to behind the last: views of one may differ in type
}

func newWeights(mod *ir.Module) *weights {
	return &weights{mod: mod, taken: map[string]bool{}, byName: map[string][]resource{}, byView: map[viewKey]resource{}, sources: map[entryKey]*ir.Source{}}
}

// add gives the resource for a weight of a program, which fn names.
func (w *weights) add(p *Program, fqn string, store pt2.Store) (resource, error) {
	t, err := p.Model.Tensor(fqn, store)
	if err != nil {
		return resource{}, err
	}
	if shape, ok := typeOfTensor(t).Static(); ok { // a view may repeat its bytes without end
		if _, err := host.SizeBytes(t.Elem, shape); err != nil {
			return resource{}, err
		}
	}
	key := entryKey{p.Archive, t.Entry.Name}
	view := fmt.Sprint(key.entry, t.Elem, t.Offset, t.Sizes, t.Strides)
	if r, ok := w.byView[viewKey{p.Archive, view}]; ok {
		return r, nil
	}
	for _, r := range w.byName[fqn] {
		if sameView(r.tensor, t) && r.tensor.Entry.Size == t.Entry.Size && r.tensor.Entry.CRC == t.Entry.CRC &&
			bytes.Equal(r.tensor.Entry.Data, t.Entry.Data) {
			return r, nil
		}
	}
	l, width := places{t.Sizes, t.Strides, t.Offset}, int64(t.Elem.Bytes())
	r := resource{&ir.Resource{Name: w.name(p, fqn), Type: typeOfTensor(t), Offset: t.Offset, Source: w.source(p, key, t)}, t, l.offset * width, l.end() * width}
	if !rowMajor(t) {
		r.Strides = slices.Clone(t.Strides)
	}
	w.byName[fqn] = append(w.byName[fqn], r)
	w.byView[viewKey{p.Archive, view}] = r
	if w.sources[key] == nil {
		w.sources[key] = r.Source
	}
	w.mod.Resources = append(w.mod.Resources, r.Resource)
	return r, nil
}

// source shares the bytes of an entry between all views of it.
func (w *weights) source(p *Program, key entryKey, t *pt2.Tensor) *ir.Source {
	if s := w.sources[key]; s != nil {
		return s
	}
	container, entry := p.Archive.Container, t.Entry
	if p.embedded {
		return &ir.Source{Data: entry.Data, Size: entry.Size}
	}
	return &ir.Source{
		File: p.Archive.Path, Entry: t.Entry.Name, Size: t.Entry.Size, CRC: t.Entry.CRC,
		Open:    func() ([]byte, error) { return container.Checked(entry) },
		Release: func() { container.Release(entry) },
	}
}

// name is the weight's own name, or that behind its function's where another weight of the module has it.
func (w *weights) name(p *Program, fqn string) string {
	name := fqn
	if w.taken[name] {
		name = p.Func + "." + fqn
	}
	for i := 1; w.taken[name]; i++ {
		name = fmt.Sprintf("%s.%s_%d", p.Func, fqn, i)
	}
	w.taken[name] = true
	return name
}

// rename gives a resource another name, if that is free.
func (w *weights) rename(r *ir.Resource, name string) {
	if !w.taken[name] {
		delete(w.taken, r.Name)
		w.taken[name] = true
		r.Name = name
	}
}

func typeOfTensor(t *pt2.Tensor) ir.Type {
	shape := make([]ir.Dim, len(t.Sizes))
	for i, n := range t.Sizes {
		shape[i] = ir.Const(n)
	}
	return ir.TensorOf(t.Elem, shape...)
}

func sameView(a, b *pt2.Tensor) bool {
	return a.Elem == b.Elem && a.Offset == b.Offset && slices.Equal(a.Sizes, b.Sizes) && slices.Equal(a.Strides, b.Strides)
}

// rowMajor reports a view without gaps whose last axis varies fastest. The stride of an axis of one is never used.
func rowMajor(t *pt2.Tensor) bool {
	want := int64(1)
	for i := len(t.Sizes) - 1; i >= 0; i-- {
		if t.Sizes[i] == 0 {
			return true
		}
		if t.Sizes[i] != 1 && t.Strides[i] != want {
			return false
		}
		want *= t.Sizes[i]
	}
	return true
}
