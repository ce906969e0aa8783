package ir

import (
	"cmp"
	"slices"
)

// Class says which Python class a module of the PyTorch model has, of those that hold others too.
type Class struct {
	Path string // such as encoder.layer.0; empty for the root
	Name string // with its Python module, such as transformers.models.bert.modeling_bert.BertLayer
}

// AddClasses enters classes in the module's table, which stays sorted by path, then name, each entry once. A path has
// several classes where functions come from different models.
func (m *Module) AddClasses(list ...Class) {
	if len(list) == 0 {
		return
	}
	all := slices.Concat(m.Classes, list)
	slices.SortFunc(all, func(a, b Class) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name)) })
	m.Classes = slices.Compact(all)
}

// ClassesOf lists the classes of a module by its path: none where it is not known.
func (m *Module) ClassesOf(path string) []Class {
	at, _ := slices.BinarySearchFunc(m.Classes, path, func(c Class, path string) int { return cmp.Compare(c.Path, path) })
	end := at
	for end < len(m.Classes) && m.Classes[end].Path == path {
		end++
	}
	return m.Classes[at:end]
}
