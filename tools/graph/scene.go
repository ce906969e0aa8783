package graph

// Scene is a tree with some modules open, placed in a plane: x to the right, y down, in pixels of a text of 12. A value goes from
// box to box in edges, from the box that gives it to the border of the open box around, and so on to each user.
type Scene struct {
	Width, Height int32
	Boxes         []Box // an open box stands before all that is in it; the first is the root
	Edges         []Edge
	Stubs         []Stub
}

// Box is a node that shows.
type Box struct {
	Node       Node
	In         int32 // the open box around, by its place in Scene.Boxes; -1 for the root
	X, Y, W, H int32
	Open       bool // what is in it shows, too
}

// Edge is the way of a value in an open box, between two boxes in it or between one and the border of the open box.
type Edge struct {
	From, To int32 // places in Scene.Boxes; the open box itself for its border
	Value    int32 // the first, where there are more
	More     int32 // how many other values go from From to To
	// Points go down; between two, the edge is a cubic curve that is upright at both: the control points of x0, y0 and x1, y1 are
	// x0, (y0+y1)/2 and x1, (y0+y1)/2.
	Points []Point
}

// Point is a place in the plane.
type Point struct{ X, Y int32 }

// Stub is a short end of an edge that is not drawn, as it is long or one of many. One at the border of an open box hangs on an edge
// outside.
type Stub struct {
	Box   int32 // place in Scene.Boxes; the open box itself for its border
	Value int32
	Gives bool // the box gives the value, otherwise it takes it
	// X, Y is where it touches the box: at its side, or at the border above or below.
	X, Y int32
	Side Side
}

// Side is a side of a box.
type Side uint8

// The sides.
const (
	Left Side = iota
	Right
	Top
	Bottom
)

// Open is the set of nodes that are open; the root always is.
type Open map[Node]bool

// ToDepth opens n and, in it, what is less than depth deep; -1 opens all. Modules with a single operation stay closed: their box
// says what it is.
func (t *Tree) ToDepth(n Node, depth int) Open {
	open := Open{n: true}
	deep := make([]int, t.End[n]-n)
	for c := n + 1; c < t.End[n]; c++ {
		deep[c-n] = deep[t.Parent[c]-n] + 1
		if (depth < 0 || deep[c-n] < depth) && t.Opens(c) && !t.Plain(c) {
			open[c] = true
		}
	}
	return open
}

// ToFit opens n and what is in it, a level at a time, as long as no more than a number of boxes show. Kernels and bodies stay
// closed.
func (t *Tree) ToFit(n Node, boxes int) Open {
	open, level := Open{n: true}, []Node{n}
	for shown := 1; len(level) > 0; {
		var next []Node
		for _, o := range level {
			t.Children(o, func(c Node) {
				if t.Kind[c] != Constant {
					shown++
				}
				if t.Kind[c] == Module && t.Only(c) == None {
					next = append(next, c)
				}
			})
		}
		if shown > boxes && level[0] != n {
			return open
		}
		for _, o := range level {
			open[o] = true
		}
		level = next
	}
	return open
}

// Reveal opens all that a node lies in.
func (t *Tree) Reveal(open Open, n Node) {
	for p := t.Parent[n]; p > 0; p = t.Parent[p] {
		open[p] = true
	}
}

// Layout places the boxes of a tree. Frames that look alike are worked out once for all calls.
func (t *Tree) Layout(open Open) *Scene {
	t.cache.Lock()
	defer t.cache.Unlock()
	return t.draw(0, open)
}

// LayoutOf is Layout of one node with what is in it, as if it were the root.
func (t *Tree) LayoutOf(n Node, open Open) *Scene {
	t.cache.Lock()
	defer t.cache.Unlock()
	return t.draw(n, open)
}

func (t *Tree) draw(n Node, open Open) *Scene {
	p := &planner{Tree: t, open: open}
	plan := p.plan(n)
	s := &Scene{}
	w, h := frameSize(t, n, plan)
	s.Width, s.Height = w, h
	s.Boxes = append(s.Boxes, Box{Node: n, In: -1, W: w, H: h, Open: true})
	t.fill(s, 0, plan)
	return s
}

// fill adds what is in an open box.
func (t *Tree) fill(s *Scene, at int32, p *plan) {
	frame := s.Boxes[at]
	dx, dy := frame.X+(frame.W-p.w)/2, frame.Y+titleHeight
	boxes := make([]int32, len(p.items))
	for i, it := range p.items {
		boxes[i] = int32(len(s.Boxes))
		s.Boxes = append(s.Boxes, Box{Node: frame.Node + it.node, In: at, X: dx + it.x, Y: dy + it.y, W: it.w, H: it.h, Open: it.plan != nil})
		if it.plan != nil {
			t.fill(s, boxes[i], it.plan)
		}
	}
	box := func(item int32) int32 {
		if item < 0 {
			return at
		}
		return boxes[item]
	}
	links := t.linksOf(frame.Node)
	for _, e := range p.edges {
		points := make([]Point, len(e.points))
		for i, q := range e.points {
			points[i] = Point{q.X + dx, q.Y + dy}
		}
		s.Edges = append(s.Edges, Edge{From: box(e.from), To: box(e.to), Value: links[e.link].value, More: e.more, Points: points})
	}
	for _, u := range p.stubs {
		s.Stubs = append(s.Stubs, Stub{Box: box(u.item), Value: links[u.link].value, Gives: u.gives, X: u.at.X + dx, Y: u.at.Y + dy, Side: u.side})
	}
}
