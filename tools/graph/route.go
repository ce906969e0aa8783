package graph

import (
	"cmp"
	"slices"
)

// Gaps between rows, in pixels: the least, and the most where edges go far to the side.
const (
	rowGap     = 26
	rowGapMost = 90
)

// placeRows finds the y of each vertex: boxes stand in the middle of their row, those with neighbours on one side only near these.
func (s *sheet) placeRows() {
	s.y = make([]int32, len(s.left))
	s.top, s.bottom = make([]int32, len(s.rows)), make([]int32, len(s.rows))
	y := int32(0)
	for i, row := range s.rows {
		height, aside := int32(0), int32(0)
		for _, v := range row {
			height = max(height, s.height[v])
			for _, a := range s.down[v] {
				a := s.arcs[a]
				aside = max(aside, abs(s.x[a.from]+a.fromAt-s.x[a.to]-a.toAt))
			}
		}
		if i == 0 && s.ins == 0 {
			y += frameMargin
		}
		s.top[i], s.bottom[i] = y, y+height
		for _, v := range row {
			spare := height - s.height[v]
			switch first, last := len(s.up[v]) == 0, len(s.down[v]) == 0; {
			case first && !last: // near its users
			case last && !first:
				spare = 0
			default:
				spare /= 2
			}
			s.y[v] = y + spare
		}
		y += height + min(rowGap+aside/12, rowGapMost)
	}
}

func abs(x int32) int32 { return max(x, -x) }

// finish fills a plan with where all is.
func (s *sheet) finish(p *plan) {
	if len(s.rows) == 0 {
		p.w, p.h = 2*frameMargin, frameMargin
		return
	}
	least, most := int32(far), int32(-far)
	for v := range s.x {
		least, most = min(least, s.x[v]-s.left[v]), max(most, s.x[v]+s.right[v])
	}
	dx := frameMargin - least
	for v := range s.x {
		s.x[v] += dx
	}
	p.w = even(most - least + 2*frameMargin)
	p.h = s.bottom[len(s.rows)-1]
	if s.outs == 0 {
		p.h += frameMargin
	}
	for i := range p.items {
		it := &p.items[i]
		it.h = s.height[i]
		it.x, it.y = s.x[i]-it.w/2, s.y[i]
	}
	p.in, p.out = s.x[s.boxes:s.boxes+s.ins], s.x[s.boxes+s.ins:s.boxes+s.ins+s.outs]
	s.spreadEnds(p)
	for _, th := range s.threads {
		for _, e := range th.ends {
			if !e.stub {
				p.edges = append(p.edges, s.wire(th, e))
			}
		}
	}
	s.hang(p)
}

// spreadEnds moves the ends of edges at a closed box apart: one that comes straight down keeps the middle, those from the left go
// left of it, those from the right go right.
func (s *sheet) spreadEnds(p *plan) {
	const apart = 14
	for v := range s.boxes {
		arcs := s.up[v]
		if len(arcs) < 2 || p.items[v].plan != nil {
			continue
		}
		list := slices.Clone(arcs)
		from := func(a int32) int32 { return s.x[s.arcs[a].from] + s.arcs[a].fromAt }
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(from(a), from(b)) })
		middle := -1
		for i, a := range list {
			if from(a) == s.x[v] {
				middle = i
			}
		}
		step := min(apart, (p.items[v].w/2-12)/int32(len(list)))
		for i, a := range list {
			if middle >= 0 {
				s.arcs[a].toAt = int32(i-middle) * step
			} else {
				s.arcs[a].toAt = (int32(2*i-len(list)+1) * step) / 2
			}
		}
	}
}

// wire is the way of a thread to one of its ends: along its bends, upright within each row, so that it meets no box.
func (s *sheet) wire(th thread, e threadEnd) wire {
	w := wire{from: s.item(th.from), to: s.item(e.to), link: e.link, more: e.more}
	x, y := s.x[th.from]+th.fromAt, s.y[th.from]+s.height[th.from]
	add := func(x, y int32) {
		n := len(w.points)
		if n > 0 && w.points[n-1] == (Point{x, y}) {
			return
		}
		if n > 1 && w.points[n-1].X == x && w.points[n-2].X == x {
			w.points[n-1].Y = y
			return
		}
		w.points = append(w.points, Point{x, y})
	}
	if s.isIn(th.from) && s.height[th.from] == 0 {
		y = -titleHeight
	}
	add(x, y)
	add(x, s.bottom[s.layer[th.from]])
	for _, v := range e.chain {
		add(s.x[v], s.top[s.layer[v]])
		add(s.x[v], s.bottom[s.layer[v]])
	}
	x = s.x[e.to] + e.toAt
	last := th.from
	if n := len(e.chain); n > 0 {
		last = e.chain[n-1]
	}
	for _, a := range s.up[e.to] {
		if s.arcs[a].from == last && (last != th.from || s.arcs[a].fromAt == th.fromAt) {
			x = s.x[e.to] + s.arcs[a].toAt
		}
	}
	add(x, s.top[s.layer[e.to]])
	add(x, s.y[e.to])
	return w
}

func (s *sheet) item(v int32) int32 {
	if v < s.boxes {
		return v
	}
	return -1
}

// hang places the stubs, from the top of their box down.
func (s *sheet) hang(p *plan) {
	count := map[[2]int32]int32{}
	for _, u := range s.stubs {
		v := u.item
		key := [2]int32{v, int32(u.side)}
		k := count[key]
		count[key]++
		switch u.side {
		case Left:
			u.at = Point{s.x[v] - p.items[v].w/2, s.y[v] + 10 + stubHeight*k}
		case Right:
			u.at = Point{s.x[v] + p.items[v].w/2, s.y[v] + 10 + stubHeight*k}
		case Top:
			u.at = Point{s.x[v], s.y[v]}
		case Bottom:
			u.at = Point{s.x[v], s.y[v] + s.height[v]}
		}
		u.item = s.item(v)
		p.stubs = append(p.stubs, u)
	}
}
