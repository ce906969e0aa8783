package graph

// item is what stands side by side in a module: an operation, or a call of a module with its operations.
type item struct {
	module int32 // -1 for an operation
	ops    []int32
}

// split groups operations, which are in the program's order, into the items of a module. Where one box for all calls of a module
// would lie on a cycle, each run of its operations is a call of its own: then every edge leads forward in the program's order.
func (b *builder) split(s *scope, list []int32, base int32) []item {
	items, contiguous := b.group(s, list, base)
	if contiguous {
		return items
	}
	cycle := components(s.successors(list, len(items)))
	size := make([]int, len(items))
	for _, c := range cycle {
		size[c]++
	}
	var split []item
	now := make([]int32, len(items)) // where an item's operations go
	for i := range now {
		now[i] = -1
	}
	last := map[int32]int32{} // of each cycle: the item that the operation before was of
	for _, op := range list {
		it := s.item[op]
		c := cycle[it]
		before, seen := last[c]
		if now[it] < 0 || size[c] > 1 && (!seen || before != it) {
			now[it] = int32(len(split))
			split = append(split, item{module: items[it].module})
		}
		last[c] = it
		split[now[it]].ops = append(split[now[it]].ops, op)
	}
	return split
}

// group makes an item of each operation and each module; contiguous says that no other operation stands between those of one.
func (b *builder) group(s *scope, list []int32, base int32) (items []item, contiguous bool) {
	of := map[int32]int32{}
	contiguous = true
	s.now++
	for k, op := range list {
		s.level[op] = s.now
		m := b.paths.under(s.at[op], base)
		if m < 0 {
			s.item[op] = int32(len(items))
			items = append(items, item{-1, list[k : k+1]})
			continue
		}
		it, ok := of[m]
		switch {
		case !ok:
			it = int32(len(items))
			of[m] = it
			items = append(items, item{module: m})
		case s.item[list[k-1]] != it:
			contiguous = false
		}
		s.item[op] = it
		items[it].ops = append(items[it].ops, op)
	}
	return items, contiguous
}

// successors lists which items take values of each item.
func (s *scope) successors(list []int32, n int) [][]int32 {
	next := make([][]int32, n)
	for _, op := range list {
		for _, v := range s.ops[op].Operands {
			if v == nil || v.Def == nil {
				continue
			}
			if from, ok := s.index[v.Def]; ok && s.level[from] == s.now && s.item[from] != s.item[op] {
				next[s.item[from]] = append(next[s.item[from]], s.item[op])
			}
		}
	}
	return next
}

// components numbers the strongly connected components of a graph and gives each node its number (R. Tarjan, Depth-first search
// and linear graph algorithms, 1972), without recursion.
func components(next [][]int32) []int32 {
	n := len(next)
	order, low, of := make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range of {
		of[i] = -1
	}
	var stack, path []int32
	at := make([]int, n)
	seen, count := int32(0), int32(0)
	for root := range n {
		if order[root] != 0 {
			continue
		}
		path = append(path, int32(root))
		for len(path) > 0 {
			v := path[len(path)-1]
			if at[v] == 0 && order[v] == 0 {
				seen++
				order[v], low[v] = seen, seen
				stack = append(stack, v)
			}
			if at[v] < len(next[v]) {
				w := next[v][at[v]]
				at[v]++
				if order[w] == 0 {
					path = append(path, w)
				} else if of[w] < 0 {
					low[v] = min(low[v], order[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				u := path[len(path)-1]
				low[u] = min(low[u], low[v])
			}
			if low[v] != order[v] {
				continue
			}
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				of[w] = count
				if w == v {
					break
				}
			}
			count++
		}
	}
	return of
}
