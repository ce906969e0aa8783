package ir

import (
	"bytes"
	"fmt"
	"slices"
)

// RenameFunc gives a function of the module another name.
func (m *Module) RenameFunc(f *Func, name string) {
	old := f.Name
	f.Name = name
	m.renameSymbols(map[string]string{old: name})
	for i := range m.Lost {
		if m.Lost[i].Func == old {
			m.Lost[i].Func = name
		}
	}
}

// Merge moves what another module has into m, which must be verified then. States with one name are one state; resources
// with one name are one where their data is equal, otherwise that of other gets its function's name before its own. An
// error leaves both modules unusable.
func (m *Module) Merge(other *Module) error {
	rename := map[string]string{}
	for _, f := range other.Funcs {
		if m.Func(f.Name) != nil {
			return fmt.Errorf("the module has a function @%s already; give one of them another name, NAME=MODEL", f.Name)
		}
	}
	var added []*Resource
	for _, r := range other.Resources {
		if mine := m.Resource(r.Name); mine != nil {
			same, err := sameData(mine, r)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		if name := m.FreshResourceName(r.Name); name != r.Name {
			name = m.FreshResourceName(other.Funcs[0].Name + "." + r.Name)
			rename[r.Name] = name
			r.Name = name
		}
		added = append(added, r)
	}
	other.renameSymbols(rename)
	for _, s := range other.States {
		mine := m.State(s.Name)
		switch {
		case mine == nil:
			m.States = append(m.States, s)
		case !mine.Type.Equal(s.Type):
			return fmt.Errorf("the state @%s is %s, in the modules before %s; states are shared by name", s.Name, s.Type, mine.Type)
		case mine.Init != s.Init:
			return fmt.Errorf("the state @%s starts from other data than in the modules before; states are shared by name", s.Name)
		}
	}
	m.Funcs = append(m.Funcs, other.Funcs...)
	m.Resources = append(m.Resources, added...)
	m.Lost = append(m.Lost, other.Lost...)
	m.AddClasses(other.Classes...)
	if m.Program != other.Program {
		m.Program = ""
	}
	if !slices.Equal(m.Passes, other.Passes) {
		m.Passes = nil
	}
	return nil
}

// sameData compares type and bytes of resources.
func sameData(a, b *Resource) (bool, error) {
	if !a.Type.Equal(b.Type) {
		return false, nil
	}
	x, err := a.Tensor()
	if err != nil {
		return false, err
	}
	y, err := b.Tensor()
	if err != nil {
		return false, err
	}
	return bytes.Equal(x.Bytes(), y.Bytes()), nil
}

// renameSymbols gives what states and operations refer to other names.
func (m *Module) renameSymbols(names map[string]string) {
	if len(names) == 0 {
		return
	}
	for _, s := range m.States {
		if to, ok := names[s.Init]; ok {
			s.Init = to
		}
	}
	m.Walk(func(op *Op) {
		for i, a := range op.Attrs {
			op.Attrs[i].Value = renamed(a.Value, names)
		}
	})
}

func renamed(a Attr, names map[string]string) Attr {
	switch a := a.(type) {
	case Symbol:
		if to, ok := names[string(a)]; ok {
			return Symbol(to)
		}
	case List:
		list := slices.Clone(a)
		for i, item := range list {
			list[i] = renamed(item, names)
		}
		return list
	}
	return a
}
