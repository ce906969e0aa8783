package graph

import (
	"math/rand/v2"
	"testing"

	"github.com/aiopt/aiopt/ir"
)

// drawn are graphs and how many crossings @dagrejs/dagre 3.1.3 draws them with: its order of ranks, with default options, each edge
// from a value to a user counted by itself.
var drawn = []struct {
	name  string
	graph func(t testing.TB) *ir.Module
	dagre int
}{
	{"decoder1", func(t testing.TB) *ir.Module { return decoder(t, 1, false) }, 8},
	{"decoder2", func(t testing.TB) *ir.Module { return decoder(t, 2, false) }, 31},
	{"random20", func(t testing.TB) *ir.Module { return random(t, rand.New(rand.NewPCG(1, 2)), 20, false) }, 22},
	{"random40", func(t testing.TB) *ir.Module { return random(t, rand.New(rand.NewPCG(2, 2)), 40, false) }, 66},
	{"random60", func(t testing.TB) *ir.Module { return random(t, rand.New(rand.NewPCG(3, 2)), 60, false) }, 109},
	{"random80", func(t testing.TB) *ir.Module { return random(t, rand.New(rand.NewPCG(4, 2)), 80, false) }, 226},
	{"branches", branches, 0},
	{"skips", skips, 7},
}

// branches is a stack of blocks whose branches are of different lengths, in the manner of Inception.
func branches(t testing.TB) *ir.Module {
	m := newModel()
	x := "%x"
	for range 6 {
		var ends []string
		for branch := range 4 {
			y := x
			for range branch + 1 {
				y = m.op("tensor.neg", "", y)
			}
			ends = append(ends, y)
		}
		x = m.op("tensor.add", "", m.op("tensor.add", "", ends[0], ends[2]), m.op("tensor.add", "", ends[1], ends[3]))
	}
	return parse(t, m.text([]string{"%x", "%p"}, x))
}

// skips is a ladder: what goes down on one side comes back on the other, in the manner of a U-Net.
func skips(t testing.TB) *ir.Module {
	m := newModel()
	x := "%x"
	var held []string
	for range 8 {
		x = m.op("tensor.exp", "", m.op("tensor.add", "", m.op("tensor.neg", "", x), "%p"))
		held = append(held, x)
	}
	for i := range held {
		x = m.op("tensor.add", "", m.op("tensor.abs", "", x), held[len(held)-1-i])
	}
	return parse(t, m.text([]string{"%x", "%p"}, x))
}

// TestCrossings holds the crossings of pictures against dagre's.
func TestCrossings(t *testing.T) {
	for _, g := range drawn {
		m := g.graph(t)
		tree := NewTree(m, m.Funcs[0])
		s := flatSheet(tree)
		n, shown := s.countEdges()
		if n != s.crossings() {
			t.Errorf("%s: counted %d crossings pair by pair, %d by the tree", g.name, n, s.crossings())
		}
		t.Logf("%s: %d crossings of edges, of which %d show; dagre %d", g.name, n, shown, g.dagre)
		if 10*n > 13*g.dagre {
			t.Errorf("%s: %d crossings, expected at most 1.3 times dagre's %d", g.name, n, g.dagre)
		}
	}
}

// flatSheet orders the rows of a root as they are drawn.
func flatSheet(tree *Tree) *sheet {
	p := &plan{}
	tree.Children(0, func(c Node) { p.items = append(p.items, placed{node: c, w: 80, h: 40}) })
	s := newSheet(tree, 0, p)
	s.assignLayers()
	s.cutLong()
	s.splitEdges()
	s.orderRows()
	return s
}

// countEdges counts crossings pair by pair: those of edges, and those that show, where edges of one value share their way.
func (s *sheet) countEdges() (edges, shown int) {
	for a, x := range s.arcs {
		for _, y := range s.arcs[:a] {
			if s.layer[x.from] == s.layer[y.from] && (s.upper(x)-s.upper(y))*(s.lower(x)-s.lower(y)) < 0 {
				edges += int(x.edges * y.edges)
				shown++
			}
		}
	}
	return edges, shown
}
