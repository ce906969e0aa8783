package graph

import (
	"cmp"
	"slices"
)

// orderRows orders the vertices of each layer so that few edges cross: sweeps that sort a row by the mean place of its neighbours,
// then exchanges of neighbours, keeping the best (E. Gansner and others, A technique for drawing directed graphs, 1993). It begins
// with the vertices in the order of a walk down, and of one up.
func (s *sheet) orderRows() {
	n := len(s.left)
	s.place = make([]int32, n)
	depth := int32(0)
	for _, l := range s.layer {
		depth = max(depth, l+1)
	}
	sweeps, starts := 24, []bool{true, false}
	if n > 2000 { // what takes time with the size is cut, so that the whole takes a time that is near to its square root
		sweeps, starts = max(2, 60000/n), starts[:1]
	}
	var best [][]int32
	least := -1
	for _, down := range starts {
		s.rows = make([][]int32, depth)
		for _, v := range s.walk(down) {
			l := s.layer[v]
			s.place[v] = int32(len(s.rows[l]))
			s.rows[l] = append(s.rows[l], v)
		}
		for i, idle := -1, 0; i < sweeps && idle < 8 && least != 0; i++ {
			if i >= 0 {
				s.sweep(i%2 == 0, i%4 > 1)
			}
			if n < 20000 {
				s.exchange()
			}
			idle++
			if c := s.crossings(); least < 0 || c < least {
				best, least, idle = s.copyRows(), c, 0
			}
		}
	}
	s.useRows(best)
}

// walk lists the vertices along arcs, depth first, from the top down or from the bottom up.
func (s *sheet) walk(down bool) []int32 {
	n := len(s.left)
	before, after := s.up, s.down
	if !down {
		before, after = after, before
	}
	seen := make([]bool, n)
	order := make([]int32, 0, n)
	var stack []int32
	for root := range n {
		if seen[root] || len(before[root]) > 0 {
			continue
		}
		stack = append(stack, int32(root))
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[v] {
				continue
			}
			seen[v] = true
			order = append(order, v)
			for i := len(after[v]) - 1; i >= 0; i-- {
				if a := s.arcs[after[v][i]]; down {
					stack = append(stack, a.to)
				} else {
					stack = append(stack, a.from)
				}
			}
		}
	}
	return order
}

func (s *sheet) copyRows() [][]int32 {
	rows := make([][]int32, len(s.rows))
	for i, r := range s.rows {
		rows[i] = slices.Clone(r)
	}
	return rows
}

func (s *sheet) useRows(rows [][]int32) {
	s.rows = rows
	for _, r := range rows {
		for i, v := range r {
			s.place[v] = int32(i)
		}
	}
}

// The end of an arc in its row: places apart by a step, and where on the box within it.
const rowStep = 1 << 16

func (s *sheet) upper(a arc) int64 { return s.end(a.from, a.fromAt) }
func (s *sheet) lower(a arc) int64 { return s.end(a.to, a.toAt) }

func (s *sheet) end(v, at int32) int64 {
	return int64(s.place[v])*rowStep + int64(min(max(at, -rowStep/2+1), rowStep/2-1))
}

// sweep sorts each row by its neighbours above, from the top down, or by those below from the bottom up. Of vertices with the same
// mean the first stays first, or with turn becomes last.
func (s *sheet) sweep(down, turn bool) {
	key := make([]int64, len(s.left))
	for i := range s.rows {
		row := s.rows[i]
		if !down {
			row = s.rows[len(s.rows)-1-i]
		}
		for _, v := range row {
			sum, count := int64(0), int64(0)
			if down {
				for _, a := range s.up[v] {
					sum += s.upper(s.arcs[a]) - int64(s.arcs[a].toAt)
					count++
				}
			} else {
				for _, a := range s.down[v] {
					sum += s.lower(s.arcs[a]) - int64(s.arcs[a].fromAt)
					count++
				}
			}
			if key[v] = s.end(v, 0); count > 0 {
				key[v] = sum / count
			}
		}
		if turn {
			slices.Reverse(row)
		}
		slices.SortStableFunc(row, func(v, w int32) int { return cmp.Compare(key[v], key[w]) })
		for k, v := range row {
			s.place[v] = int32(k)
		}
	}
}

func (s *sheet) degree(v int32) int { return len(s.up[v]) + len(s.down[v]) }

// mostPairs bounds the pairs of arcs that are looked at to exchange two vertices.
const mostPairs = 1 << 12

// exchange swaps neighbours in a row while that saves crossings.
func (s *sheet) exchange() {
	for turn := 0; turn < 4; turn++ {
		better := false
		for _, row := range s.rows {
			for i := 0; i+1 < len(row); i++ {
				v, w := row[i], row[i+1]
				if s.degree(v)*s.degree(w) > mostPairs {
					continue
				}
				if s.pairCrossings(v, w) > s.pairCrossings(w, v) {
					row[i], row[i+1] = w, v
					s.place[v], s.place[w] = s.place[w], s.place[v]
					better = true
				}
			}
		}
		if !better {
			return
		}
	}
}

// pairCrossings counts the crossings between the arcs of two vertices of a row if v stands left of w.
func (s *sheet) pairCrossings(v, w int32) int32 {
	n := int32(0)
	for _, a := range s.up[v] {
		for _, b := range s.up[w] {
			if s.upper(s.arcs[a]) > s.upper(s.arcs[b]) {
				n += s.arcs[a].edges * s.arcs[b].edges
			}
		}
	}
	for _, a := range s.down[v] {
		for _, b := range s.down[w] {
			if s.lower(s.arcs[a]) > s.lower(s.arcs[b]) {
				n += s.arcs[a].edges * s.arcs[b].edges
			}
		}
	}
	return n
}

// crossings counts the pairs of edges that cross (W. Barth, M. Jünger, P. Mutzel, Simple and efficient bilayer cross counting,
// 2002).
func (s *sheet) crossings() int {
	type ends struct {
		up, low int64
		edges   int
	}
	var list []ends
	var lows []int64
	var tree []int
	total := 0
	for _, row := range s.rows {
		list, lows = list[:0], lows[:0]
		for _, v := range row {
			for _, a := range s.down[v] {
				e := ends{s.upper(s.arcs[a]), s.lower(s.arcs[a]), int(s.arcs[a].edges)}
				list, lows = append(list, e), append(lows, e.low)
			}
		}
		slices.SortFunc(list, func(a, b ends) int { return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(a.low, b.low)) })
		slices.Sort(lows)
		lows = slices.Compact(lows)
		tree = append(tree[:0], make([]int, len(lows)+1)...)
		before := 0
		for i, j := 0, 0; i < len(list); i = j {
			for ; j < len(list) && list[j].up == list[i].up; j++ { // arcs of one end do not cross
				at, _ := slices.BinarySearch(lows, list[j].low)
				right := before
				for k := at + 1; k > 0; k -= k & -k {
					right -= tree[k]
				}
				total += right * list[j].edges
			}
			for ; i < j; i++ {
				at, _ := slices.BinarySearch(lows, list[i].low)
				before += list[i].edges
				for k := at + 1; k < len(tree); k += k & -k {
					tree[k] += list[i].edges
				}
			}
		}
	}
	return total
}
