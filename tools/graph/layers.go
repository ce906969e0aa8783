package graph

// assignLayers puts each vertex into a layer below those that it takes values of: as high as that allows, then as near to its users
// as shortens edges.
func (s *sheet) assignLayers() {
	n := len(s.left)
	s.layer = make([]int32, n)
	order := s.topological()
	first := int32(0)
	if s.ins > 0 {
		first = 1
	}
	for v := range s.layer {
		if !s.isIn(int32(v)) {
			s.layer[v] = first
		}
	}
	from := s.threadsFrom()
	for _, v := range order {
		for _, k := range from[v] {
			for _, e := range s.threads[k].ends {
				s.layer[e.to] = max(s.layer[e.to], s.layer[v]+1)
			}
		}
	}
	last := first
	for v, l := range s.layer {
		if !s.isOut(int32(v)) {
			last = max(last, l)
		}
	}
	for v := range s.layer {
		if s.isOut(int32(v)) {
			s.layer[v] = last + 1
		}
	}
	s.tighten(order, from)
}

func (s *sheet) threadsFrom() [][]int32 {
	from := make([][]int32, len(s.left))
	for k, th := range s.threads {
		from[th.from] = append(from[th.from], int32(k))
	}
	return from
}

// topological orders the vertices such that values go forward, otherwise by their numbers.
func (s *sheet) topological() []int32 {
	n := len(s.left)
	waits := make([]int32, n)
	for _, th := range s.threads {
		for _, e := range th.ends {
			waits[e.to]++
		}
	}
	from := s.threadsFrom()
	order := make([]int32, 0, n)
	for v := range n {
		if waits[v] == 0 {
			order = append(order, int32(v))
		}
	}
	for i := 0; i < len(order); i++ {
		for _, k := range from[order[i]] {
			for _, e := range s.threads[k].ends {
				if waits[e.to]--; waits[e.to] == 0 {
					order = append(order, e.to)
				}
			}
		}
	}
	return order
}

// tighten moves boxes down towards their users where the threads that become shorter are at least as many as those that become
// longer, or as many and nothing holds the box above. A thread becomes longer only if the box is the lowest of those it goes to.
func (s *sheet) tighten(order []int32, from [][]int32) {
	into := make([][]int32, len(s.left))
	for k, th := range s.threads {
		if th.stub {
			continue
		}
		for _, e := range th.ends {
			into[e.to] = append(into[e.to], int32(k))
		}
	}
	alone := s.alone(order, from, into)
	for i := len(order) - 1; i >= 0; i-- {
		v := order[i]
		if v >= s.boxes || len(from[v]) == 0 {
			continue
		}
		shorter, low := 0, int32(1<<30)
		for _, k := range from[v] {
			if !s.threads[k].stub {
				shorter++
			}
			for _, e := range s.threads[k].ends {
				low = min(low, s.layer[e.to])
			}
		}
		longer := 0
		for _, k := range into[v] {
			deepest := true
			for _, e := range s.threads[k].ends {
				deepest = deepest && (e.to == v || s.layer[e.to] < low-1)
			}
			if deepest {
				longer++
			}
		}
		if shorter > longer || shorter == longer && alone[v] {
			s.layer[v] = low - 1
		}
	}
}

// alone marks the vertices that nothing from outside reaches and that give to one other: chains that begin with one follow it down.
func (s *sheet) alone(order []int32, from, into [][]int32) []bool {
	alone := make([]bool, len(s.left))
	for _, v := range order {
		alone[v] = !s.isIn(v) && len(from[v]) == 1 && len(s.threads[from[v][0]].ends) == 1
		for _, k := range into[v] {
			alone[v] = alone[v] && alone[s.threads[k].from]
		}
	}
	return alone
}

// cutLong makes stubs of the ends of threads that are too long. In very large frames shorter ones are cut, too, so that the bends
// stay few.
func (s *sheet) cutLong() {
	limit := int32(maxSpan)
	for most := 4*len(s.left) + 2000; limit > 4; limit /= 2 {
		bends := 0
		for _, th := range s.threads {
			bends += int(s.reach(th, limit))
		}
		if bends <= most {
			break
		}
	}
	for k := range s.threads {
		th := &s.threads[k]
		gives := false
		for i := range th.ends {
			e := &th.ends[i]
			if th.stub || s.layer[e.to]-s.layer[th.from] > limit {
				e.stub, gives = true, true
				s.stub(e.to, e.link, false)
			}
		}
		if gives {
			s.stub(th.from, th.link, true)
		}
	}
	for v, n := range s.widen() {
		s.height[v] = max(s.height[v], n)
	}
}

// reach is how many bends a thread has when ends that span more layers than a limit are cut.
func (s *sheet) reach(th thread, limit int32) int32 {
	if th.stub {
		return 0
	}
	most := int32(1)
	for _, e := range th.ends {
		if span := s.layer[e.to] - s.layer[th.from]; span <= limit {
			most = max(most, span)
		}
	}
	return most - 1
}

// stub makes room for a stub beside a vertex.
func (s *sheet) stub(v, link int32, gives bool) {
	u := tag{item: v, link: link, gives: gives, side: Left}
	switch {
	case v >= s.boxes && gives:
		u.side = Top
		s.left[v], s.right[v], s.height[v] = stubWidth/2, stubWidth/2, stubHeight
	case v >= s.boxes:
		u.side = Bottom
		s.left[v], s.right[v], s.height[v] = stubWidth/2, stubWidth/2, stubHeight
	case gives:
		u.side = Right
	}
	s.stubs = append(s.stubs, u)
}

// widen makes room for stubs at the sides of boxes, and gives the height that those need which have several.
func (s *sheet) widen() []int32 {
	const around = 8
	count := make([][2]int32, s.boxes)
	height := make([]int32, s.boxes)
	for _, u := range s.stubs {
		if v := u.item; v < s.boxes {
			count[v][u.side]++
			height[v] = max(height[v], around+stubHeight*count[v][u.side])
		}
	}
	for v, n := range count {
		if n[Left] > 0 {
			s.left[v] += stubWidth
		}
		if n[Right] > 0 {
			s.right[v] += stubWidth
		}
	}
	return height
}

// splitEdges makes bends where threads cross layers, shared by the ends of a thread, and arcs between neighbouring layers.
func (s *sheet) splitEdges() {
	for k := range s.threads {
		th := &s.threads[k]
		var chain, arcs []int32 // arcs[i] ends at chain[i]
		for i := range th.ends {
			e := &th.ends[i]
			if e.stub {
				continue
			}
			bends := int(s.layer[e.to] - s.layer[th.from] - 1)
			for len(chain) < bends {
				v := s.add(3, 3, 0)
				s.layer = append(s.layer, s.layer[th.from]+int32(len(chain))+1)
				arcs = append(arcs, s.arc(th, chain, v, 0))
				chain = append(chain, v)
			}
			e.chain = chain[:bends]
			for _, a := range arcs[:bends] {
				s.arcs[a].edges++
			}
			s.arcs[s.arc(th, e.chain, e.to, e.toAt)].edges++
		}
	}
	n := len(s.left)
	s.up, s.down = make([][]int32, n), make([][]int32, n)
	for i, a := range s.arcs {
		s.down[a.from] = append(s.down[a.from], int32(i))
		s.up[a.to] = append(s.up[a.to], int32(i))
	}
}

// arc adds the last arc of the way along a chain of bends to a vertex.
func (s *sheet) arc(th *thread, chain []int32, to, toAt int32) int32 {
	a := arc{from: th.from, fromAt: th.fromAt, to: to, toAt: toAt}
	if n := len(chain); n > 0 {
		a.from, a.fromAt = chain[n-1], 0
	}
	s.arcs = append(s.arcs, a)
	return int32(len(s.arcs) - 1)
}
