package graph

// sheet is a frame while it is laid out in layers (K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of
// hierarchical system structures, 1981). Its vertices are the boxes, then the places where values come in and go out, then bends
// of edges.
type sheet struct {
	boxes, ins, outs int32 // how many there are of each
	layer            []int32
	left, right      []int32 // how far a vertex reaches from its axis
	height           []int32
	ops              []int32 // how many operations stand above each other at a vertex, about
	main             int32   // the place where the value comes in that has come farthest, -1 for none
	x, y             []int32 // of the axis and the upper edge
	threads          []thread
	arcs             []arc
	up, down         [][]int32 // arcs of each vertex
	rows             [][]int32
	place            []int32 // of a vertex in its row
	top, bottom      []int32 // of each row
	stubs            []tag   // of vertices, until finish
}

// thread is a value with the vertices that it goes to.
type thread struct {
	from   int32
	fromAt int32 // where on the vertex, from its axis
	link   int32
	ends   []threadEnd
	stub   bool // it has too many users to be drawn
}

type threadEnd struct {
	to, toAt int32
	link     int32
	more     int32
	stub     bool
	chain    []int32 // the bends on the way
}

// arc joins vertices of neighbouring layers.
type arc struct {
	from, to     int32
	fromAt, toAt int32
	edges        int32 // how many edges go this way
	weight       int32 // how much it should be upright
}

func newSheet(t *Tree, frame Node, p *plan) *sheet {
	s := &sheet{boxes: int32(len(p.items))}
	at := map[Node]int32{}
	for i, it := range p.items {
		at[frame+it.node] = int32(i)
	}
	links := t.linksOf(frame)
	ins, outs := map[int32]int32{}, map[int32]int32{}
	for _, l := range links {
		if _, ok := ins[l.value]; l.from == None && !ok {
			ins[l.value] = int32(len(ins))
		}
		if _, ok := outs[l.value]; l.to == None && !ok {
			outs[l.value] = int32(len(outs))
		}
	}
	s.ins, s.outs, s.main = int32(len(ins)), int32(len(outs)), -1
	if main := t.mainOf(frame); main >= 0 {
		s.main = s.boxes + ins[main]
	}
	for _, it := range p.items {
		s.add(it.w/2, it.w/2, it.h)
		s.ops = append(s.ops, 1+t.Count[frame+it.node])
	}
	for range s.ins + s.outs {
		s.add(portWidth/2, portWidth/2, 0)
	}
	ports := newPorts(t, frame, p)
	type pair struct{ from, to int32 }
	threads := map[pair]int32{}   // by vertex and value
	joined := map[pair][2]int32{} // by vertices: the thread and its end
	for i, l := range links {
		e := threadEnd{link: int32(i)}
		var from, fromAt int32
		value := l.value
		if l.from == None {
			from = s.boxes + ins[value]
		} else {
			from = at[l.from]
			fromAt = ports.out(from, value)
		}
		if l.to == None {
			e.to = s.boxes + s.ins + outs[value]
		} else {
			e.to = at[l.to]
			e.toAt = ports.in(e.to, value)
		}
		closed := from < s.boxes && e.to < s.boxes && p.items[from].plan == nil && p.items[e.to].plan == nil
		if have, ok := joined[pair{from, e.to}]; ok && closed {
			s.threads[have[0]].ends[have[1]].more++
			continue
		}
		k, ok := threads[pair{from, value}]
		if !ok {
			k = int32(len(s.threads))
			threads[pair{from, value}] = k
			s.threads = append(s.threads, thread{from: from, fromAt: fromAt, link: int32(i)})
		}
		if closed {
			joined[pair{from, e.to}] = [2]int32{k, int32(len(s.threads[k].ends))}
		}
		s.threads[k].ends = append(s.threads[k].ends, e)
	}
	for i := range s.threads {
		s.threads[i].stub = len(s.threads[i].ends) > maxUsers
	}
	return s
}

func (s *sheet) add(left, right, height int32) int32 {
	s.left, s.right, s.height = append(s.left, left), append(s.right, right), append(s.height, height)
	return int32(len(s.left) - 1)
}

func (s *sheet) isIn(v int32) bool  { return v >= s.boxes && v < s.boxes+s.ins }
func (s *sheet) isOut(v int32) bool { return v >= s.boxes+s.ins && v < s.boxes+s.ins+s.outs }
func (s *sheet) isBend(v int32) bool {
	return v >= s.boxes+s.ins+s.outs
}

// ports finds where values enter and leave the open boxes of a plan, from the middle of the box.
type ports struct {
	plan       *plan
	ins, given []map[int32]int32
}

func newPorts(t *Tree, frame Node, p *plan) *ports {
	q := &ports{plan: p, ins: make([]map[int32]int32, len(p.items)), given: make([]map[int32]int32, len(p.items))}
	for i, it := range p.items {
		if it.plan == nil {
			continue
		}
		in, out := map[int32]int32{}, map[int32]int32{}
		for _, l := range t.linksOf(frame + it.node) {
			if _, ok := in[l.value]; l.from == None && !ok {
				in[l.value] = int32(len(in))
			}
			if _, ok := out[l.value]; l.to == None && !ok {
				out[l.value] = int32(len(out))
			}
		}
		q.ins[i], q.given[i] = in, out
	}
	return q
}

func (q *ports) in(item, value int32) int32  { return q.find(item, q.ins[item], value, true) }
func (q *ports) out(item, value int32) int32 { return q.find(item, q.given[item], value, false) }

func (q *ports) find(item int32, order map[int32]int32, value int32, in bool) int32 {
	k, ok := order[value]
	if !ok {
		return 0
	}
	p := q.plan.items[item].plan
	if in {
		return p.in[k] - p.w/2
	}
	return p.out[k] - p.w/2
}
