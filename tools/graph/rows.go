package graph

import (
	"cmp"
	"slices"
)

// orderRows orders the vertices of each layer so that few edges cross: sweeps that sort a row by the mean place of its neighbours,
// then exchanges of neighbours, keeping the best (M. Gansner and others, A technique for drawing directed graphs, 1993).
func (s *sheet) orderRows() {
	n := len(s.left)
	s.place = make([]int32, n)
	depth := int32(0)
	for _, l := range s.layer {
		depth = max(depth, l+1)
	}
	s.rows = make([][]int32, depth)
	for _, v := range s.firstOrder() {
		l := s.layer[v]
		s.place[v] = int32(len(s.rows[l]))
		s.rows[l] = append(s.rows[l], v)
	}
	best, least := s.copyRows(), s.crossings()
	sweeps := 24
	if n > 2000 {
		sweeps = max(2, 60000/n)
	}
	for i, idle := 0, 0; i < sweeps && idle < 6 && least > 0; i++ {
		s.sweep(i%2 == 0)
		if n < 20000 {
			s.exchange()
		}
		idle++
		if c := s.crossings(); c < least {
			best, least, idle = s.copyRows(), c, 0
		}
	}
	s.useRows(best)
}

// firstOrder lists the vertices along threads, depth first.
func (s *sheet) firstOrder() []int32 {
	n := len(s.left)
	seen := make([]bool, n)
	order := make([]int32, 0, n)
	var stack []int32
	for root := range n {
		if seen[root] || len(s.up[root]) > 0 {
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
			for i := len(s.down[v]) - 1; i >= 0; i-- {
				stack = append(stack, s.arcs[s.down[v][i]].to)
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

// sweep sorts each row by its neighbours above, from the top down, or by those below from the bottom up.
func (s *sheet) sweep(down bool) {
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
		slices.SortStableFunc(row, func(v, w int32) int { return cmp.Compare(key[v], key[w]) })
		for k, v := range row {
			s.place[v] = int32(k)
		}
	}
}

// exchange swaps neighbours in a row while that saves crossings.
func (s *sheet) exchange() {
	for turn := 0; turn < 4; turn++ {
		better := false
		for _, row := range s.rows {
			for i := 0; i+1 < len(row); i++ {
				v, w := row[i], row[i+1]
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
func (s *sheet) pairCrossings(v, w int32) int {
	n := 0
	for _, a := range s.up[v] {
		for _, b := range s.up[w] {
			if s.upper(s.arcs[a]) > s.upper(s.arcs[b]) {
				n++
			}
		}
	}
	for _, a := range s.down[v] {
		for _, b := range s.down[w] {
			if s.lower(s.arcs[a]) > s.lower(s.arcs[b]) {
				n++
			}
		}
	}
	return n
}

// crossings counts the pairs of arcs that cross (W. Barth, M. Jünger, P. Mutzel, Simple and efficient bilayer cross counting,
// 2002).
func (s *sheet) crossings() int {
	type ends struct{ up, low int64 }
	var list []ends
	var lows []int64
	var tree []int
	total := 0
	for _, row := range s.rows {
		list, lows = list[:0], lows[:0]
		for _, v := range row {
			for _, a := range s.down[v] {
				e := ends{s.upper(s.arcs[a]), s.lower(s.arcs[a])}
				list, lows = append(list, e), append(lows, e.low)
			}
		}
		slices.SortFunc(list, func(a, b ends) int { return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(a.low, b.low)) })
		slices.Sort(lows)
		lows = slices.Compact(lows)
		tree = append(tree[:0], make([]int, len(lows)+1)...)
		for i, j := 0, 0; i < len(list); i = j {
			for ; j < len(list) && list[j].up == list[i].up; j++ { // arcs of one end do not cross
				at, _ := slices.BinarySearch(lows, list[j].low)
				total += i
				for k := at + 1; k > 0; k -= k & -k {
					total -= tree[k]
				}
			}
			for ; i < j; i++ {
				at, _ := slices.BinarySearch(lows, list[i].low)
				for k := at + 1; k < len(tree); k += k & -k {
					tree[k]++
				}
			}
		}
	}
	return total
}
