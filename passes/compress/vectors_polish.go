package compress

import "math"

// polish moves single points to other clusters where that lowers the error though their own centre is nearer, since both
// centres follow (Hartigan and Wong 1979).
func (l *lloyd) polish(passes int) {
	for range passes {
		least := math.Inf(1)
		for c := range l.k() {
			if w := l.weight[c*l.length]; w > 0 {
				least = min(least, w)
			}
		}
		moves := 0
		for i := range l.nearest {
			if l.transfer(i, least) {
				moves++
			}
		}
		if moves == 0 {
			break
		}
	}
	l.measure()
}

// transfer moves a point to the cluster where it costs least. least is about the weight of the lightest cluster.
func (l *lloyd) transfer(i int, least float64) bool {
	a, w := int(l.nearest[i]), l.vectors.weight(i*l.length)
	own := l.weight[a*l.length]
	if !(own > w*(1+1e-9)) { // it is alone
		return false
	}
	s := l.look(i, l.centres)
	other := s.otherwise
	if s.first != a {
		other = s.distance
	}
	most := float64(l.distance(i, l.centres[a*l.length:])) * own / (own - w)
	if most*(1-1e-6) <= float64(other)*least/(least+2*w) {
		return false
	}
	best := a
	most *= 1 - 1e-6
	for c := range l.k() {
		if c == a {
			continue
		}
		u := l.weight[c*l.length]
		if cost := float64(l.distance(i, l.centres[c*l.length:])) * u / (u + w); cost < most {
			best, most = c, cost
		}
	}
	if best == a {
		return false
	}
	l.add(i, a, -1)
	l.add(i, best, 1)
	l.nearest[i] = int32(best)
	for _, c := range []int{a, best} {
		for t := c * l.length; t < (c+1)*l.length; t++ {
			l.centres[t] = float32(l.sum[t] / l.weight[t])
		}
	}
	return true
}
