package graph

import "github.com/aiopt/aiopt/ir"

// Node is a node of a tree, by its place in the tree's columns. The root is 0; a node stands before all that is in it.
type Node int32

// None is no node.
const None Node = -1

// Text is a text of a tree, by its place in Tree.Strings.
type Text int32

// Kind says what a node is.
type Kind uint8

// The kinds of nodes. What has nodes in it can be opened: Root, Module, Body, and an Op with bodies. The one body of an
// operation is the operation's node itself; several are nodes of kind Body in it.
const (
	Root     Kind = iota // the function
	Module               // a call of a module of the PyTorch model
	Op                   // an operation
	Body                 // one of several bodies of an operation
	Input                // a tensor that a function or a body takes
	State                // the value of a state when the function starts
	Output               // a result of a function or a body
	Update               // the new value of a state or an input
	Constant             // a constant; it has no box of its own, the boxes of its users name it
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"root", "module", "op", "body", "input", "state", "output", "update", "constant"}[k]
}

// Tree is a function as a tree of modules and operations, in columns: element i of each describes node i. Every operation has
// exactly one place, save core.return, which is there as the outputs. A module that is called several times with other
// operations between the calls, so that one box of it would lie on a cycle, is a node for each call.
type Tree struct {
	Kind    []Kind
	Family  []Family
	Parent  []Node   // None for the root
	End     []Node   // the nodes in i are i+1 to End[i]-1
	Name    []Text   // who it is: the path of a module, otherwise the name of the value for the user, such as linear_3
	Title   []Text   // what its box says: layer.0 or linear
	Detail  []Text   // the second line: the class of a module, the type that an operation gives
	Lines   [][]Text // further lines: the constants that an operation takes; what a module gives
	Count   []int32  // how many operations are in it; what is in the bodies of these does not count
	Alike   []int32  // equal for nodes whose contents look alike: repeated modules
	Strings []string
	Values  []Value

	nodes map[*ir.Op]Node
	ops   []*ir.Op
	depth []int32 // of each value: how long the longest chain of operations to it is
	links []link
	first []int32 // the links of the frame i are links[first[i]:first[i+1]]
	cache planCache
}

// Value is a tensor that a node gives to others.
type Value struct {
	From  Node
	Name  Text
	Type  Text
	Users []Node // each once, ascending
}

// Len is the number of nodes.
func (t *Tree) Len() int { return len(t.Kind) }

// Text is the text of a column's element.
func (t *Tree) Text(s Text) string { return t.Strings[s] }

// Of is the node of an operation, None where the tree has none.
func (t *Tree) Of(op *ir.Op) Node {
	if n, ok := t.nodes[op]; ok {
		return n
	}
	return None
}

// Op is the operation of a node, nil where it has none.
func (t *Tree) Op(n Node) *ir.Op { return t.ops[n] }

// Opens reports a node that has others in it.
func (t *Tree) Opens(n Node) bool { return t.End[n] > n+1 && t.Kind[n] != Constant }

// Only is the one operation in a module, None where it has another number of them.
func (t *Tree) Only(n Node) Node {
	if t.Kind[n] == Module && t.Count[n] == 1 {
		for c := n + 1; c < t.End[n]; c++ {
			if t.Kind[c] == Op {
				return c
			}
		}
	}
	return None
}

// Plain reports a module of one operation without bodies, whose closed box says all there is.
func (t *Tree) Plain(n Node) bool {
	op := t.Only(n)
	return op != None && !t.Opens(op)
}

// Contains reports whether node in is n or lies in it.
func (t *Tree) Contains(n, in Node) bool { return n <= in && in < t.End[n] }

// Children calls fn for each node directly in n.
func (t *Tree) Children(n Node, fn func(Node)) {
	for c := n + 1; c < t.End[n]; c = t.End[c] {
		fn(c)
	}
}

// Find gives the first node, after the root, whose name is a path of a module or a value, None where there is none. The
// empty path is the root.
func (t *Tree) Find(name string) Node {
	if name == "" {
		return 0
	}
	for _, module := range []bool{true, false} {
		for n := range t.Kind {
			if (t.Kind[n] == Module) == module && n > 0 && t.Text(t.Name[n]) == name {
				return Node(n)
			}
		}
	}
	return None
}
