package ir

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rename gives inputs, outputs and states other names, by the ones they have; a name stands for all that has it, in every
// function. It refuses names that nothing has, and those that would then stand for two things: two inputs, two outputs, an
// input and an output that had different names, or a state and another thing of the module.
func (m *Module) Rename(names map[string]string) Problems {
	if len(names) == 0 {
		return nil
	}
	r := renamer{names: names, have: map[string]bool{}}
	for _, f := range m.Funcs {
		r.function(f)
	}
	for _, s := range m.States {
		r.state(m, s)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !r.have[name] {
			r.refuse("", "rename "+name, "there is no input, output or state of that name; there are %s", strings.Join(slices.Sorted(maps.Keys(r.have)), ", "))
		}
	}
	if len(r.problems) > 0 {
		return r.problems
	}
	for _, change := range r.changes {
		change()
	}
	return nil
}

// renamer collects what is to be changed, and why it cannot.
type renamer struct {
	names    map[string]string
	have     map[string]bool // the names of inputs, outputs and states
	changes  []func()
	problems Problems
}

func (r *renamer) refuse(fn, op, format string, args ...any) {
	r.problems = append(r.problems, Problem{Func: fn, Op: op, Msg: fmt.Sprintf(format, args...)})
}

// to gives a name's new name.
func (r *renamer) to(name string) string {
	if to, ok := r.names[name]; ok {
		return to
	}
	return name
}

// set changes a name later on.
func (r *renamer) set(name *string) {
	if to := r.to(*name); to != *name {
		r.changes = append(r.changes, func() { *name = to })
	}
}

func (r *renamer) function(f *Func) {
	inputs, outputs := map[string]string{}, map[string]string{} // the old name of each new one
	take := func(kind string, of map[string]string, name string) {
		r.have[name] = true
		if old, taken := of[r.to(name)]; taken && old != name {
			r.refuse(f.Name, kind+" "+name, "the name %s is taken by another %s, %s", r.to(name), kind, old)
		}
		of[r.to(name)] = name
	}
	for _, p := range f.Params {
		if p.Role == StateIn {
			r.set(&p.State)
			continue
		}
		take("input", inputs, p.Value.Name)
		r.set(&p.Value.Name)
	}
	for _, x := range f.Results {
		if x.Role == Update {
			if x.Name == x.Target {
				r.set(&x.Name)
			}
			r.set(&x.Target)
			continue
		}
		take("output", outputs, x.Name)
		if in, taken := inputs[r.to(x.Name)]; taken && in != x.Name {
			r.refuse(f.Name, "output "+x.Name, "the name %s is taken by the input %s", r.to(x.Name), in)
		}
		r.set(&x.Name)
	}
}

func (r *renamer) state(m *Module, s *State) {
	r.have[s.Name] = true
	to := r.to(s.Name)
	other := m.State(to)
	switch {
	case to == s.Name:
	case m.Func(to) != nil || m.Resource(to) != nil || other != nil && r.to(to) == to:
		r.refuse("", "state "+s.Name, "the name @%s is taken", to)
	}
	r.set(&s.Name)
}
