package graph

import (
	"cmp"

	"github.com/aiopt/aiopt/ir"
)

// NewTree nests the operations of a function of a module.
func NewTree(m *ir.Module, f *ir.Func) *Tree {
	size := 0
	f.WithBodies(func(f *ir.Func) { size += len(f.Ops) + len(f.Params) })
	b := &builder{
		Tree:   &Tree{nodes: make(map[*ir.Op]Node, size)},
		texts:  make(map[string]Text, size),
		values: make(map[*ir.Value]int32, size),
		paths:  newModules(m, f),
		family: familyTable(),
	}
	b.text("")
	root := b.add(Root, nil, None, f.Name, "@"+f.Name, b.paths.list[0].class)
	b.body(f, root, 0, false)
	b.connect()
	b.measure()
	b.summarise()
	b.likeness()
	return b.Tree
}

type builder struct {
	*Tree
	texts   map[string]Text
	values  map[*ir.Value]int32 // their places in Values
	paths   *modules
	family  map[string]Family
	uses    []use    // by results, until connect adds those by operations
	program []*ir.Op // the operations in the program's order within each function
}

func (b *builder) text(s string) Text {
	t, ok := b.texts[s]
	if !ok {
		t = Text(len(b.Strings))
		b.texts[s] = t
		b.Strings = append(b.Strings, s)
	}
	return t
}

// add makes a node, the last one so far. The caller ends it once all that is in it is there.
func (b *builder) add(kind Kind, op *ir.Op, parent Node, name, title, detail string) Node {
	n := Node(len(b.Kind))
	b.Kind = append(b.Kind, kind)
	b.Family = append(b.Family, Other)
	b.Parent = append(b.Parent, parent)
	b.End = append(b.End, n+1)
	b.Name = append(b.Name, b.text(name))
	b.Title = append(b.Title, b.text(title))
	b.Detail = append(b.Detail, b.text(detail))
	b.Lines = append(b.Lines, nil)
	b.Count = append(b.Count, 0)
	b.ops = append(b.ops, op)
	if op != nil {
		b.nodes[op] = n
	}
	return n
}

func (b *builder) end(n Node) {
	b.End[n] = Node(len(b.Kind))
	b.Children(n, func(c Node) {
		if b.Kind[c] == Op {
			b.Count[n]++
		} else {
			b.Count[n] += b.Count[c]
		}
	})
}

// define enters a value that a node gives.
func (b *builder) define(n Node, v *ir.Value) {
	b.values[v] = int32(len(b.Values))
	b.Values = append(b.Values, Value{From: n, Name: b.text(valueName(v)), Type: b.text(typeText(v.Type))})
}

// scope is a function or a body whose operations are being nested.
type scope struct {
	ops   []*ir.Op // without constants and core.return
	at    []int32  // the module each lies in
	index map[*ir.Op]int32
	item  []int32 // the item of each at the level being split
	level []int32 // which level that is
	now   int32
}

// body nests what is in a function or a body under a node that was added for it. Modules are those below base; flat nests none.
func (b *builder) body(f *ir.Func, n Node, base int32, flat bool) {
	for _, p := range f.Params {
		b.param(p, n)
	}
	s := &scope{index: make(map[*ir.Op]int32, len(f.Ops))}
	var constants []*ir.Op
	for _, op := range f.Ops {
		switch {
		case op.Def.Traits.Has(ir.Terminator):
			continue
		case isConstant(op):
			constants = append(constants, op)
			continue
		}
		at := base
		if !flat {
			at = b.paths.visit(place(op))
		}
		s.index[op] = int32(len(s.ops))
		s.ops, s.at = append(s.ops, op), append(s.at, at)
	}
	b.program = append(b.program, s.ops...)
	s.item, s.level = make([]int32, len(s.ops)), make([]int32, len(s.ops))
	if n == 0 {
		b.placeConstants(constants)
	} else {
		b.paths.list[base].constants = constants
	}
	all := make([]int32, len(s.ops))
	for i := range all {
		all[i] = int32(i)
	}
	b.level(s, all, n, base)
	for i, v := range f.Returns() {
		b.result(f, i, v, n)
	}
	b.end(n)
}

// placeConstants hands each constant of the function to the module that its parameter's path names, or the nearest around that with
// operations. Those of bodies stay in the bodies.
func (b *builder) placeConstants(list []*ir.Op) {
	for _, op := range list {
		at := b.paths.of(op.Loc.Leaves()[0].Path)
		for at > 0 && !b.paths.list[at].live {
			at = b.paths.list[at].parent
		}
		b.paths.list[at].constants = append(b.paths.list[at].constants, op)
	}
}

// level adds what is in a module: the operations named by indices, those of modules below in nodes of these modules.
func (b *builder) level(s *scope, list []int32, n Node, base int32) {
	m := &b.paths.list[base]
	for _, op := range m.constants {
		c := b.add(Constant, op, n, constantName(op), constantTitle(op), typeText(op.Result().Type))
		b.define(c, op.Result())
	}
	m.constants = nil // a second call of the module shows none
	for _, it := range b.split(s, list, base) {
		if it.module < 0 {
			b.operation(s.ops[it.ops[0]], n, base)
			continue
		}
		at := it.module
		c := b.add(Module, nil, n, b.paths.list[at].path, b.paths.name(at), b.paths.list[at].class)
		b.level(s, it.ops, c, at)
		b.end(c)
	}
}

func (b *builder) operation(op *ir.Op, parent Node, base int32) {
	title := b.opTitle(op)
	n := b.add(Op, op, parent, opName(op), title, resultText(op))
	b.Family[n] = b.familyOf(op, title)
	b.Lines[n] = b.constantLines(op)
	for _, r := range op.Results {
		b.define(n, r)
	}
	if len(op.Bodies) == 0 {
		return
	}
	flat := op.Def.Traits.Has(ir.Inline)
	for _, f := range op.Bodies {
		at := n
		if len(op.Bodies) > 1 {
			at = b.add(Body, nil, n, f.Name, f.Name, "")
			b.Family[at] = Control
		}
		b.body(f, at, base, flat)
	}
	if len(op.Bodies) > 1 {
		b.end(n)
	}
}

func (b *builder) param(p *ir.Param, parent Node) {
	kind, name := Input, p.Value.Name
	switch p.Role {
	case ir.ConstArg:
		return
	case ir.StateIn:
		kind, name = State, p.State
	}
	n := b.add(kind, nil, parent, valueName(p.Value), name, typeText(p.Value.Type))
	b.Family[n] = Port
	if kind == State {
		b.Family[n] = Memory
	}
	b.define(n, p.Value)
}

// result adds the place where a function gives a value; its users are entered by connect, with those of operations.
func (b *builder) result(f *ir.Func, i int, v *ir.Value, parent Node) {
	kind, name := Output, ""
	if i < len(f.Results) {
		r := f.Results[i]
		if name = r.Name; r.Role == ir.Update {
			kind, name = Update, r.Target
		}
	}
	if name == "" {
		name = cmp.Or(lastStep(valueName(v)), "result")
	}
	n := b.add(kind, nil, parent, valueName(v), name, typeText(v.Type))
	b.Family[n] = Port
	if kind == Update {
		b.Family[n] = Memory
	}
	b.uses = append(b.uses, use{v, n})
}
