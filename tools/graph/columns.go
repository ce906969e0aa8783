package graph

import (
	"cmp"
	"slices"
)

// columnGap is between neighbours in a row, in pixels; less where one is a bend.
const columnGap, bendGap = 22, 12

// placeColumns finds the x of each vertex. Chains of vertices that are joined by the edges that matter most get one axis each; the
// chains are then put as near to what they are joined to as their order allows.
func (s *sheet) placeColumns() {
	s.weigh()
	c := s.chains()
	c.compact()
	turns := 24
	if len(s.left) > 20000 {
		turns = 6
	}
	for turn := range turns {
		if !c.pull(turn%2 == 0) {
			break
		}
	}
	s.x = make([]int32, len(s.left))
	for v := range s.x {
		s.x[v] = c.x[c.of[v]] + c.shift[v]
	}
}

// The weights of arcs: by what they join; what one gains by the length of the chain that it is on, and by being on the longest, which
// outweighs two others; and up to three times by going on with an axis from above, so that of equals the same is chosen again.
const (
	betweenBends = 2560
	betweenBoxes = 512
	atBend       = 256
	onChain      = 1024
	onLongest    = 2048
	goOn         = 64
)

// weigh says how much each arc should be upright: long edges most, then the chain of most operations.
func (s *sheet) weigh() {
	outside := int32(1) // operations of a chain that goes on outside: more than there are in the frame
	for _, ops := range s.ops {
		outside += ops
	}
	n := len(s.left)
	above, below := make([]int32, n), make([]int32, n)
	longest := int32(1)
	for _, row := range s.rows {
		for _, v := range row {
			for _, a := range s.up[v] {
				above[v] = max(above[v], above[s.arcs[a].from])
			}
			switch {
			case v < s.boxes:
				above[v] += s.ops[v]
			case v == s.main:
				above[v] = outside
			}
		}
	}
	for i := len(s.rows) - 1; i >= 0; i-- {
		for _, v := range s.rows[i] {
			for _, a := range s.down[v] {
				below[v] = max(below[v], below[s.arcs[a].to])
			}
			switch {
			case v < s.boxes:
				below[v] += s.ops[v]
			case s.isOut(v):
				below[v] = outside
			}
		}
	}
	for _, a := range s.arcs {
		longest = max(longest, above[a.from]+below[a.to])
	}
	for i := range s.arcs {
		a := &s.arcs[i]
		length := above[a.from] + below[a.to]
		on := int32(onChain * int64(length) / int64(longest))
		if length == longest {
			on += onLongest
		}
		switch {
		case s.isBend(a.from) && s.isBend(a.to):
			a.weight = betweenBends
		case s.isBend(a.from) || s.isBend(a.to):
			a.weight = atBend + on
		default:
			a.weight = betweenBoxes + on
		}
	}
}

// chains are runs of vertices that share an axis.
type chains struct {
	*sheet
	of    []int32 // of each vertex
	shift []int32 // of a vertex from the axis of its chain
	list  [][]int32
	x     []int32
	order []int32 // the chains, such that what stands left of another comes first
}

// chains joins vertices along arcs, in each gap those that do not cross and weigh most together.
func (s *sheet) chains() *chains {
	n := len(s.left)
	c := &chains{sheet: s, of: make([]int32, n), shift: make([]int32, n)}
	join := make([]int32, n) // the arc to the vertex above that has the same axis
	for v := range join {
		join[v] = -1
	}
	long := make([]int32, n) // how many vertices stand above each on its axis
	for i, row := range s.rows {
		for _, v := range row {
			if join[v] >= 0 {
				long[v] = long[s.arcs[join[v]].from] + 1
			}
			for _, a := range s.down[v] {
				s.arcs[a].weight += goOn * min(long[v], 3)
			}
		}
		if i+1 < len(s.rows) {
			s.heaviest(row, join)
		}
	}
	for _, row := range s.rows {
		for _, v := range row {
			if join[v] < 0 {
				c.of[v] = int32(len(c.list))
				c.list = append(c.list, []int32{v})
				continue
			}
			a := s.arcs[join[v]]
			k := c.of[a.from]
			c.of[v], c.shift[v] = k, c.shift[a.from]+a.fromAt-a.toAt
			c.list[k] = append(c.list[k], v)
		}
	}
	c.sort()
	return c
}

// heaviest finds, among the arcs below a row, the set without crossings and with one arc a vertex that weighs most: a longest
// increasing subsequence.
func (s *sheet) heaviest(row, join []int32) {
	var list []int32
	for _, v := range row {
		list = append(list, s.down[v]...)
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.place[s.arcs[a].from], s.place[s.arcs[b].from]), cmp.Compare(s.place[s.arcs[b].to], s.place[s.arcs[a].to]))
	})
	width := int32(0)
	for _, a := range list {
		width = max(width, s.place[s.arcs[a].to]+1)
	}
	tree := make([]int32, width+1) // of each prefix of the lower row: the best arc to end with, plus one
	sum, before := make([]int32, len(list)), make([]int32, len(list))
	best := int32(-1)
	for i := 0; i < len(list); {
		j := i // arcs of one vertex must not follow each other
		for ; j < len(list) && s.arcs[list[j]].from == s.arcs[list[i]].from; j++ {
			a := s.arcs[list[j]]
			before[j] = -1
			for k := s.place[a.to]; k > 0; k -= k & -k {
				if t := tree[k] - 1; t >= 0 && (before[j] < 0 || sum[t] > sum[before[j]]) {
					before[j] = t
				}
			}
			if sum[j] = a.weight; before[j] >= 0 {
				sum[j] += sum[before[j]]
			}
			if best < 0 || sum[j] > sum[best] {
				best = int32(j)
			}
		}
		for ; i < j; i++ {
			for k := s.place[s.arcs[list[i]].to] + 1; k <= width; k += k & -k {
				if t := tree[k] - 1; t < 0 || sum[i] > sum[t] {
					tree[k] = int32(i) + 1
				}
			}
		}
	}
	for ; best >= 0; best = before[best] {
		join[s.arcs[list[best]].to] = list[best]
	}
}

// gap is the least distance of the axes of neighbours in a row.
func (s *sheet) gap(v, w int32) int32 {
	g := int32(columnGap)
	if s.isBend(v) || s.isBend(w) {
		g = bendGap
	}
	return s.right[v] + g + s.left[w]
}

// sort orders the chains from left to right.
func (c *chains) sort() {
	waits := make([]int32, len(c.list))
	for _, row := range c.rows {
		for i := 1; i < len(row); i++ {
			waits[c.of[row[i]]]++
		}
	}
	for k := range c.list {
		if waits[k] == 0 {
			c.order = append(c.order, int32(k))
		}
	}
	for i := 0; i < len(c.order); i++ {
		for _, v := range c.list[c.order[i]] {
			row := c.rows[c.layer[v]]
			if p := int(c.place[v]) + 1; p < len(row) {
				k := c.of[row[p]]
				if waits[k]--; waits[k] == 0 {
					c.order = append(c.order, k)
				}
			}
		}
	}
}

const far = 1 << 29

// room is the least and the largest x that the neighbours of a chain leave it.
func (c *chains) room(k int32) (least, most int32) {
	least, most = -far, far
	for _, v := range c.list[k] {
		row, p := c.rows[c.layer[v]], int(c.place[v])
		if p > 0 {
			w := row[p-1]
			least = max(least, c.x[c.of[w]]+c.shift[w]+c.gap(w, v)-c.shift[v])
		}
		if p+1 < len(row) {
			w := row[p+1]
			most = min(most, c.x[c.of[w]]+c.shift[w]-c.gap(v, w)-c.shift[v])
		}
	}
	return least, most
}

// compact puts the chains between where they are when all are as far left as they can be, and when all are as far right.
func (c *chains) compact() {
	n := len(c.list)
	c.x = make([]int32, n)
	for i := range c.x {
		c.x[i] = -far
	}
	edge := int32(-far)
	for _, k := range c.order {
		least := int32(0)
		for _, v := range c.list[k] {
			least = max(least, c.left[v]-c.shift[v])
		}
		if l, _ := c.room(k); l > -far/2 {
			least = max(least, l)
		}
		c.x[k] = least
		for _, v := range c.list[k] {
			edge = max(edge, c.x[k]+c.shift[v]+c.right[v])
		}
	}
	low := slices.Clone(c.x)
	for i := range c.x {
		c.x[i] = far
	}
	for i := n - 1; i >= 0; i-- {
		k := c.order[i]
		most := int32(far)
		for _, v := range c.list[k] {
			most = min(most, edge-c.right[v]-c.shift[v])
		}
		if _, m := c.room(k); m < far/2 {
			most = min(most, m)
		}
		c.x[k] = most
	}
	for i := range c.x {
		c.x[i] = (c.x[i] + low[i]) / 2
	}
	// The halves of odd sums may have taken away a pixel.
	for _, k := range c.order {
		if l, _ := c.room(k); l > -far/2 {
			c.x[k] = max(c.x[k], l)
		}
	}
}

// pull moves each chain to the weighted median of where its edges want it, as far as there is room, and reports whether any moved.
func (c *chains) pull(right bool) bool {
	type wish struct{ x, weight int32 }
	var wishes []wish
	moved := false
	for i := range c.order {
		k := c.order[i]
		if right {
			k = c.order[len(c.order)-1-i]
		}
		wishes = wishes[:0]
		total := int32(0)
		for _, v := range c.list[k] {
			for _, a := range c.up[v] {
				if a := c.arcs[a]; c.of[a.from] != k {
					wishes = append(wishes, wish{c.x[c.of[a.from]] + c.shift[a.from] + a.fromAt - a.toAt - c.shift[v], a.weight})
					total += a.weight
				}
			}
			for _, a := range c.down[v] {
				if a := c.arcs[a]; c.of[a.to] != k {
					wishes = append(wishes, wish{c.x[c.of[a.to]] + c.shift[a.to] + a.toAt - a.fromAt - c.shift[v], a.weight})
					total += a.weight
				}
			}
		}
		if len(wishes) == 0 {
			continue
		}
		slices.SortFunc(wishes, func(a, b wish) int { return cmp.Compare(a.x, b.x) })
		want, sum := int32(0), int32(0)
		for j, w := range wishes {
			if sum += w.weight; 2*sum >= total {
				if want = w.x; 2*sum == total && j+1 < len(wishes) {
					want = (w.x + wishes[j+1].x) / 2
				}
				break
			}
		}
		least, most := c.room(k)
		if want = min(max(want, least), most); want != c.x[k] {
			c.x[k], moved = want, true
		}
	}
	return moved
}
