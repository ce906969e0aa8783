package graph

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/aiopt/aiopt/ir"
)

// TestInvariants holds what is true of every picture, on random graphs with random nodes open.
func TestInvariants(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := random(t, r, 3+r.IntN(150), true)
		tree := NewTree(m, m.Funcs[0])
		checkTree(t, tree)
		open := Open{}
		for n := range tree.Len() {
			open[Node(n)] = r.IntN(4) > 0
		}
		s := tree.Layout(open)
		checkScene(t, tree, open, s)
		again := NewTree(m, m.Funcs[0])
		if !reflect.DeepEqual(s, tree.Layout(open)) || !reflect.DeepEqual(s, again.Layout(open)) {
			t.Errorf("seed %d: the same tree gives another picture", seed)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkTree(t *testing.T, tree *Tree) {
	t.Helper()
	seen := map[Node]bool{}
	for n := Node(1); int(n) < tree.Len(); n++ {
		if p := tree.Parent[n]; p >= n || !tree.Contains(p, n) || tree.End[n] > tree.End[p] {
			t.Errorf("node %d does not lie in its parent %d", n, p)
		}
	}
	for op, n := range tree.nodes {
		if seen[n] || tree.Op(n) != op || tree.Of(op) != n {
			t.Errorf("node %d is several operations", n)
		}
		seen[n] = true
	}
	for _, v := range tree.Values {
		for _, u := range v.Users {
			if tree.Contains(v.From, u) {
				t.Errorf("node %d takes its own value", u)
			}
		}
	}
}

func checkScene(t *testing.T, tree *Tree, open Open, s *Scene) {
	t.Helper()
	children := map[int32][]int32{}
	at := map[Node]int32{}
	for i, b := range s.Boxes {
		at[b.Node] = int32(i)
		if b.Open != (i == 0 || open[b.Node] && tree.Opens(b.Node)) {
			t.Errorf("box %d is open: %v", i, b.Open)
		}
		if b.In < 0 {
			continue
		}
		children[b.In] = append(children[b.In], int32(i))
		in := s.Boxes[b.In]
		if !in.Open || tree.Parent[b.Node] != in.Node || b.X < in.X || b.Y < in.Y+titleHeight || b.X+b.W > in.X+in.W || b.Y+b.H > in.Y+in.H {
			t.Errorf("box %d %+v does not lie in box %d %+v", i, b, b.In, in)
		}
	}
	for _, list := range children {
		for i, a := range list {
			for _, b := range list[:i] {
				if p, q := s.Boxes[a], s.Boxes[b]; p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H {
					t.Errorf("boxes %d and %d overlap", a, b)
				}
			}
		}
	}
	joined := map[[3]int32]bool{}
	for i, e := range s.Edges {
		frame := checkEnds(t, s, e)
		joined[[3]int32{e.From, e.To, e.Value}] = true
		for _, c := range children[frame] {
			if b := s.Boxes[c]; (c != e.From && c != e.To) && crosses(e, b) {
				t.Errorf("edge %d %+v runs through box %d %+v", i, e, c, b)
			}
		}
	}
	checkLinks(t, tree, s, at, joined)
}

// checkEnds holds an edge against the boxes that it joins, and gives the open box it lies in.
func checkEnds(t *testing.T, s *Scene, e Edge) int32 {
	t.Helper()
	from, to := s.Boxes[e.From], s.Boxes[e.To]
	frame := from.In
	first, last := e.Points[0], e.Points[len(e.Points)-1]
	begin, end := from.Y+from.H, to.Y
	if to.In == e.From || e.From == e.To {
		frame, begin = e.From, from.Y
	}
	if from.In == e.To || e.From == e.To {
		frame, end = e.To, to.Y+to.H
	}
	if first.Y != begin || first.X < from.X || first.X > from.X+from.W {
		t.Errorf("edge %+v does not begin at box %+v", e, from)
	}
	if last.Y != end || last.X < to.X || last.X > to.X+to.W {
		t.Errorf("edge %+v does not end at box %+v", e, to)
	}
	for i := 1; i < len(e.Points); i++ {
		if e.Points[i].Y < e.Points[i-1].Y {
			t.Errorf("edge %+v goes up", e)
		}
	}
	return frame
}

// crosses follows an edge's curves in small steps.
func crosses(e Edge, b Box) bool {
	const steps = 24
	for i := 1; i < len(e.Points); i++ {
		p, q := e.Points[i-1], e.Points[i]
		for k := range steps + 1 {
			u := float64(k) / steps
			v := 1 - u
			bend := 3*v*v*u + v*v*v // how much of x is still p's
			x := bend*float64(p.X) + (1-bend)*float64(q.X)
			y := (v*v*v)*float64(p.Y) + 3*v*u*float64(p.Y+q.Y)/2 + u*u*u*float64(q.Y)
			if x > float64(b.X) && x < float64(b.X+b.W) && y > float64(b.Y) && y < float64(b.Y+b.H) {
				return true
			}
		}
	}
	return false
}

// checkLinks looks for each value between the boxes of its giver and its users: an edge, one that stands for several values, or a
// stub at both ends.
func checkLinks(t *testing.T, tree *Tree, s *Scene, at map[Node]int32, joined map[[3]int32]bool) {
	t.Helper()
	stubs := map[string]bool{}
	for _, u := range s.Stubs {
		stubs[fmt.Sprint(u.Box, u.Value, u.Gives)] = true
	}
	more := map[[2]int32]bool{}
	for _, e := range s.Edges {
		if e.More > 0 {
			more[[2]int32{e.From, e.To}] = true
		}
	}
	for i, b := range s.Boxes {
		if !b.Open {
			continue
		}
		for _, l := range tree.linksOf(b.Node) {
			from, to := int32(i), int32(i)
			if l.from != None {
				from = at[l.from]
			}
			if l.to != None {
				to = at[l.to]
			}
			if !joined[[3]int32{from, to, l.value}] && !more[[2]int32{from, to}] &&
				!(stubs[fmt.Sprint(from, l.value, true)] && stubs[fmt.Sprint(to, l.value, false)]) {
				t.Errorf("value %d does not go from box %d to box %d", l.value, from, to)
			}
		}
	}
}

// TestRepeated: equal blocks are laid out once.
func TestRepeated(t *testing.T) {
	m := decoder(t, 34, true)
	tree := NewTree(m, m.Funcs[0])
	tree.Layout(tree.ToDepth(0, -1))
	// The root, rotary, the first block, whose first value comes from elsewhere, and what is in one block.
	if made := tree.cache.made; made > 12 {
		t.Errorf("%d frames were laid out", made)
	}
	a, b := tree.Find("layers.3"), tree.Find("layers.31")
	if a == None || b == None || tree.Alike[a] != tree.Alike[b] {
		t.Errorf("layers.3 and layers.31 are not alike")
	}
}

func BenchmarkTree50k(b *testing.B) {
	m := decoder(b, 50000/31, true)
	for b.Loop() {
		t := NewTree(m, m.Funcs[0])
		b.ReportMetric(float64(t.Len()), "nodes")
	}
}

func BenchmarkLayout(b *testing.B) {
	for _, c := range []struct {
		name  string
		model func() *ir.Module
	}{
		{"nested3k", func() *ir.Module { return decoder(b, 3000/31, true) }},
		{"flat3k", func() *ir.Module { return decoder(b, 3000/31, false) }},
		{"random3k", func() *ir.Module { return random(b, rand.New(rand.NewPCG(1, 1)), 3000, false) }},
		{"nested50k", func() *ir.Module { return decoder(b, 50000/31, true) }},
		{"random50k", func() *ir.Module { return random(b, rand.New(rand.NewPCG(1, 1)), 50000, false) }},
		{"flat50k", func() *ir.Module { return decoder(b, 50000/31, false) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := c.model()
			t := NewTree(m, m.Funcs[0])
			open := t.ToDepth(0, -1)
			for b.Loop() {
				t.cache.plans = nil
				s := t.Layout(open)
				b.ReportMetric(float64(len(s.Boxes)), "boxes")
			}
		})
	}
}
