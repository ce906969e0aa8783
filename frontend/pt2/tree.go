package pt2

import "strings"

// Tree says how flat values nest in Python's containers. A leaf stands for one value.
type Tree struct {
	Type     string // builtins.tuple, builtins.dict, transformers...CausalLMOutput; empty for a leaf
	Keys     []string
	Children []*Tree // named by Keys where the container has names (dicts, dataclasses, named tuples); else Keys is nil
}

// Leaf reports whether the tree is one value.
func (t *Tree) Leaf() bool { return t.Type == "" }

// Leaves is the number of values in the tree.
func (t *Tree) Leaves() int {
	if t.Leaf() {
		return 1
	}
	n := 0
	for _, child := range t.Children {
		n += child.Leaves()
	}
	return n
}

// trees are the call trees as the file has them: JSON inside strings, some of which need names kept elsewhere.
type trees struct {
	in, out string
	fields  map[string][]string // of named tuples, by type
}

func (m *Model) setTrees(d *decoder, t trees, entry string) error {
	for _, tree := range []struct {
		key, text string
		to        **Tree
	}{{"in_spec", t.in, &m.InSpec}, {"out_spec", t.out, &m.OutSpec}} {
		if tree.text == "" {
			continue
		}
		spec, err := parseTree(d.innerText(tree.text), t.fields)
		if err != nil {
			err.At = entry + " at graph_module.module_call_graph signature." + tree.key + ", JSON in a string" + err.At
			return err
		}
		*tree.to = spec
	}
	return nil
}

// parseTree reads [1, tree]; the number is the version of the form.
func parseTree(d *decoder, fields map[string][]string) (*Tree, *Error) {
	var tree *Tree
	for i := range d.array() {
		switch i {
		case 0:
			if version := d.int(); version != 1 && d.err == nil {
				d.failAt(d.pos, tryNewer, "found version %d, expected 1", version)
			}
		case 1:
			tree = d.tree(fields)
		default:
			d.skip()
		}
	}
	if tree == nil {
		d.fail("found no tree, expected [1, tree]")
	}
	d.finish("")
	return tree, d.err
}

func (d *decoder) tree(fields map[string][]string) *Tree {
	d.charge(96)
	t := &Tree{}
	var context string
	for key := range d.object() {
		switch {
		case key == "type" && !d.null():
			t.Type = d.text()
		case key == "context" && !d.null():
			context = d.text()
		case key == "children_spec":
			t.Children = list(d, func(child **Tree) { *child = d.tree(fields) })
		case key == "type" || key == "context":
		default:
			d.skip()
		}
	}
	if t.Leaf() && len(t.Children) > 0 {
		d.fail("found a tree with children and no type")
	}
	keys := fields[strings.Trim(context, `"`)]
	if keys == nil {
		keys = contextKeys(d.innerText(context))
	}
	if len(keys) == len(t.Children) && len(keys) > 0 {
		t.Keys = keys
	}
	return t
}

// contextKeys reads the names of children from what a container notes about itself. Containers of other forms have
// none, which is no mistake: their children are numbered.
func contextKeys(d *decoder) []string {
	keys := d.keys()
	if d.finish("") != nil {
		return nil
	}
	return keys
}

// keys reads ["a", "b"], the first list of [["a", "b"], [...]] (dataclasses), or that of {"dict_context": ["a", "b"]}.
func (d *decoder) keys() []string {
	var keys []string
	if d.next() == '{' {
		for key := range d.object() {
			if key == "dict_context" {
				keys = d.keys()
			} else {
				d.skip()
			}
		}
		return keys
	}
	for i := range d.array() {
		d.charge(mapEntry)
		switch d.next() {
		case '"':
			keys = append(keys, d.text())
		case '[':
			inner := d.keys()
			if i == 0 {
				keys = inner
			}
		default:
			start := d.pos
			d.skip()
			keys = append(keys, string(d.data[start:d.pos]))
		}
	}
	return keys
}

// fieldNames reads {"field_names": [...]}.
func (d *decoder) fieldNames() []string {
	var names []string
	for key := range d.object() {
		if key == "field_names" {
			names = list(d, func(s *string) { *s = d.text() })
		} else {
			d.skip()
		}
	}
	return names
}
