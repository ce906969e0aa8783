package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
)

// This file reads how version 2 of a functionalised call describes the arguments that the operator changes: of an
// argument x, _x_base_index and, for a view, _x_alias, _x_slice_* or _x_size, _x_stride and _x_storage_offset; of a
// list, _x_length and the same of _x_0, _x_1 and so on.

// partFields are what follows the name of an argument or item.
var partFields = []string{"base_index", "alias", "slice_dim", "slice_start", "slice_end", "size", "stride", "storage_offset"}

// partArgs describe one tensor, by partFields; nil for what is not stated.
type partArgs []*pt2.Argument

func (p partArgs) get(field string) *pt2.Argument {
	for i, name := range partFields {
		if name == field {
			return p[i]
		}
	}
	return nil
}

// changedPart is an argument that the operator changes, as described.
type changedPart struct {
	name   string
	isList bool
	absent bool // a list that is None
	items  []partArgs
}

// readChanged cuts the arguments of a call into descriptions, in the file's order, and the others.
func readChanged(args []pt2.NamedArgument) (parts []changedPart, rest []pt2.NamedArgument) {
	byName, taken := map[string]*pt2.Argument{}, map[string]bool{}
	for i := range args {
		byName[args[i].Name] = &args[i].Arg
	}
	take := func(prefix string) partArgs {
		p := make(partArgs, len(partFields))
		for i, field := range partFields {
			name := prefix + "_" + field
			p[i], taken[name] = byName[name], true
		}
		return p
	}
	lists, items := map[string][]string{}, map[string]bool{}
	for i := range args {
		if name, ok := strings.CutSuffix(args[i].Name, "_length"); ok {
			lists[args[i].Name] = listItems(byName, name, &args[i].Arg)
			for _, item := range lists[args[i].Name] {
				items[item] = true
			}
		}
	}
	for i := range args {
		full := args[i].Name
		if list := lists[full]; list != nil && full[0] == '_' {
			part := changedPart{name: strings.TrimSuffix(full[1:], "_length"), isList: true, absent: args[i].Arg.Kind == pt2.ArgNone}
			for _, item := range list {
				part.items = append(part.items, take(item))
			}
			parts, taken[full] = append(parts, part), true
		} else if name, ok := strings.CutSuffix(full, "_base_index"); ok && full[0] == '_' && !items[name] {
			parts = append(parts, changedPart{name: name[1:], items: []partArgs{take(name)}})
		}
	}
	for i := range args {
		if !taken[args[i].Name] {
			rest = append(rest, args[i])
		}
	}
	return parts, rest
}

// listItems names the items of the list that a length belongs to; nil where the arguments describe no such list.
func listItems(byName map[string]*pt2.Argument, list string, length *pt2.Argument) []string {
	names := []string{}
	if length.Kind == pt2.ArgNone {
		return names
	}
	if length.Kind != pt2.ArgInt || length.Int < 0 {
		return nil
	}
	for i := range length.Int {
		name := fmt.Sprintf("%s_%d", list, i)
		if byName[name+"_base_index"] == nil {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// changedViews makes the views that an operator changes, of tensors that stand for their bases.
func (g *graph) changedViews(f *functionalized) error {
	all := argument(&pt2.Node{Inputs: f.args}, "_all_bases")
	if all < 0 {
		return fmt.Errorf("the argument _all_bases is missing")
	}
	for _, a := range f.args[all].Arg.List {
		t, err := g.lookup(a.Name)
		if err == nil {
			t, err = g.detached(t)
		}
		if err != nil {
			return err
		}
		f.bases = append(f.bases, t)
	}
	parts, rest := readChanged(f.args)
	f.args = slices.DeleteFunc(rest, func(in pt2.NamedArgument) bool { return in.Name == "_all_bases" })
	for _, part := range parts {
		a := changed{name: part.name, isList: part.isList, absent: part.absent}
		for _, item := range part.items {
			t, err := g.changedView(f.bases, item)
			if err != nil {
				return fmt.Errorf("argument %s: %w", part.name, err)
			}
			a.views = append(a.views, t)
		}
		f.changed = append(f.changed, a)
	}
	return nil
}

// changedView makes one view; nil for an argument that is None.
func (g *graph) changedView(bases []*tensor, p partArgs) (*tensor, error) {
	at := p.get("base_index")
	if at == nil || at.Kind == pt2.ArgNone {
		return nil, nil
	}
	if at.Kind != pt2.ArgInt || at.Int < 0 || at.Int >= int64(len(bases)) {
		return nil, fmt.Errorf("its base is number %d of %d", at.Int, len(bases))
	}
	base := bases[at.Int]
	switch {
	case p.get("slice_dim") != nil:
		return g.changedSlice(base, p)
	case p.get("size") == nil:
		return base, nil
	}
	part := &pt2.Node{}
	for _, name := range []string{"size", "stride", "storage_offset"} {
		if a := p.get(name); a != nil {
			part.Inputs = append(part.Inputs, pt2.NamedArgument{Name: name, Arg: *a})
		}
	}
	want, err := g.stridedArgs(part, base)
	if err != nil {
		return nil, err
	}
	return g.strided(base.owner(), want)
}

func (g *graph) changedSlice(base *tensor, p partArgs) (*tensor, error) {
	var at [3]int64
	for i, field := range []string{"slice_dim", "slice_start", "slice_end"} {
		a := p.get(field)
		if a == nil {
			return nil, fmt.Errorf("its slice is incomplete")
		}
		var err error
		if at[i], err = g.constantInt(a); err != nil {
			return nil, err
		}
	}
	size, ok := int64(0), false
	if at[0] >= 0 && at[0] < int64(base.value.Type.Rank()) {
		size, ok = base.value.Type.Shape[at[0]].IsConst()
	}
	if !ok || at[1] < 0 || at[2] < at[1] || at[2] > size {
		return nil, fmt.Errorf("it is the slice from %d to %d along axis %d of %s", at[1], at[2], at[0], base.value.Type)
	}
	return g.sliced(base, int(at[0]), at[1], at[2], 1)
}
