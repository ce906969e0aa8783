package graph

import (
	"encoding/binary"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// link is an edge within a frame, which is a node with what is in it: a value goes from one of the nodes directly in it to
// another. From is None where it comes in from outside, To is None where it goes out.
type link struct {
	value    int32
	from, to Node
}

// use is a node that takes a value.
type use struct {
	value *ir.Value
	node  Node
}

// connect enters the users of all values, and the links of all frames.
func (b *builder) connect() {
	for n, op := range b.ops {
		if op == nil || b.Kind[n] == Constant {
			continue
		}
		for _, v := range op.Operands {
			b.uses = append(b.uses, use{v, Node(n)})
		}
	}
	slices.SortStableFunc(b.uses, func(x, y use) int { return int(x.node - y.node) })
	c := connector{Tree: b.Tree}
	for _, u := range b.uses {
		v, ok := b.values[u.value]
		if !ok { // an operand that is absent
			continue
		}
		x := &b.Values[v]
		before := None
		if n := len(x.Users); n > 0 {
			before = x.Users[n-1]
		}
		if before == u.node {
			continue
		}
		x.Users = append(x.Users, u.node)
		if b.Kind[x.From] != Constant {
			c.enter(v, u.node, before)
		}
	}
	c.leave()
	c.sort()
}

// connector finds the links of all frames. In a frame they stand in an order that depends on what is in it alone: those of each
// user in the order of its operands, then those that go out.
type connector struct {
	*Tree
	frames []Node // of each link
	list   []link
}

// enter adds the links on the way of a value to a user, from the outermost frame that both lie in. The links on the way to the user
// before, which are there, are not repeated.
func (c *connector) enter(v int32, user, before Node) {
	from := c.Values[v].From
	at := user
	for ; ; at = c.Parent[at] {
		if before != None && c.Contains(at, before) {
			return
		}
		if c.Contains(c.Parent[at], from) {
			break
		}
		c.add(c.Parent[at], link{v, None, at})
	}
	giver := from
	for c.Parent[giver] != c.Parent[at] {
		giver = c.Parent[giver]
	}
	c.add(c.Parent[at], link{v, giver, at})
}

// leave adds the links on the way of each value out of frames, to the innermost that all users lie in.
func (c *connector) leave() {
	for v := range c.Values {
		x := &c.Values[v]
		if len(x.Users) == 0 || c.Kind[x.From] == Constant {
			continue
		}
		first, last := x.Users[0], x.Users[len(x.Users)-1]
		for at := x.From; ; at = c.Parent[at] {
			frame := c.Parent[at]
			if c.Contains(frame, first) && c.Contains(frame, last) {
				break
			}
			c.add(frame, link{int32(v), at, None})
		}
	}
}

func (c *connector) add(frame Node, l link) {
	c.frames, c.list = append(c.frames, frame), append(c.list, l)
}

// sort brings the links of each frame together.
func (c *connector) sort() {
	n := c.Len()
	c.first = make([]int32, n+1)
	for _, f := range c.frames {
		c.first[f+1]++
	}
	for i := range n {
		c.first[i+1] += c.first[i]
	}
	at := slices.Clone(c.first[:n])
	c.links = make([]link, len(c.list))
	for i, l := range c.list {
		f := c.frames[i]
		c.links[at[f]] = l
		at[f]++
	}
}

// linksOf are the links of a frame.
func (t *Tree) linksOf(frame Node) []link { return t.links[t.first[frame]:t.first[frame+1]] }

// measure counts, for each value, the operations of the longest chain that leads to it. Those with a matrix of parameters count for
// many, so that what a model computes of its inputs is longer than how a mask or positions are made.
func (b *builder) measure() {
	const withMatrix = 32
	b.depth = make([]int32, len(b.Values))
	for _, op := range b.program {
		deep, own := int32(0), int32(1)
		for _, v := range op.Operands {
			at, ok := b.values[v]
			switch {
			case !ok:
			case b.Kind[b.Values[at].From] == Constant && v.Type.Rank() > 1 && v.Type.Elem.IsFloat():
				own = withMatrix
			default:
				deep = max(deep, b.depth[at])
			}
		}
		for _, r := range op.Results {
			b.depth[b.values[r]] = deep + own
		}
	}
}

// mainOf is the value that comes into a frame after the longest chain of operations, -1 where none comes in.
func (t *Tree) mainOf(frame Node) int32 {
	main := int32(-1)
	for _, l := range t.linksOf(frame) {
		if l.from == None && (main < 0 || t.depth[l.value] > t.depth[main]) {
			main = l.value
		}
	}
	return main
}

// likeness numbers the nodes by their structure: equal numbers for equal texts, contents and links. The texts of a module's own
// box are those of the frame around it, save its class.
func (b *builder) likeness() {
	b.Alike = make([]int32, b.Len())
	classes := map[string]int32{}
	local := newNumbering(len(b.Values))
	var key []byte
	for n := Node(b.Len()) - 1; n >= 0; n-- {
		key = append(key[:0], byte(b.Kind[n]), byte(b.Family[n]))
		key = appendInts(key, b.Detail[n])
		if b.Kind[n] != Module && b.Kind[n] != Root {
			key = appendInts(key, b.Title[n])
		}
		key = appendInts(key, b.Lines[n]...)
		b.Children(n, func(c Node) {
			key = appendInts(key, -1, b.Alike[c], int32(b.Title[c]))
		})
		local.restart()
		main := b.mainOf(n)
		for _, l := range b.linksOf(n) {
			if l.value == main {
				key = appendInts[int32](key, -3)
			}
			key = appendInts(key, -2, local.of(l.value), int32(max(l.from-n, -1)), int32(max(l.to-n, -1)))
		}
		class, ok := classes[string(key)]
		if !ok {
			class = int32(len(classes))
			classes[string(key)] = class
		}
		b.Alike[n] = class
	}
}

func appendInts[T ~int32](key []byte, list ...T) []byte {
	for _, i := range list {
		key = binary.AppendVarint(key, int64(i))
	}
	return key
}

// numbering numbers things anew, by the order of their first use, as often as it is restarted.
type numbering struct {
	turn []int32
	num  []int32
	now  int32
	next int32
}

func newNumbering(n int) *numbering { return &numbering{turn: make([]int32, n), num: make([]int32, n)} }

func (n *numbering) restart() { n.now, n.next = n.now+1, 0 }

func (n *numbering) of(i int32) int32 {
	if n.turn[i] != n.now {
		n.turn[i], n.num[i] = n.now, n.next
		n.next++
	}
	return n.num[i]
}
