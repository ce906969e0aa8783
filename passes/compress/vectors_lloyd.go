package compress

import (
	"math"
	"slices"
)

// lloyd moves centres to the means of the points that are nearest to them, over and over. Most points are not looked at
// again, by the bounds of Hamerly (2010): an upper one of the distance from the point's own centre, and a lower one of that
// from all others.
type lloyd struct {
	vectors
	centres      []float32 // [k, length]
	nearest      []int32
	upper, lower []float32
	weight, sum  []float64 // of each centre's numbers
	loss         float64   // at the last look at all points

	moved, apart []float32 // how far centres moved, and half of how far the next one is
}

func newLloyd(v vectors) *lloyd {
	n := v.count()
	return &lloyd{vectors: v, nearest: make([]int32, n), upper: make([]float32, n), lower: make([]float32, n)}
}

// k is how many centres there are.
func (l *lloyd) k() int { return len(l.centres) / l.length }

// assign looks at all centres from all points.
func (l *lloyd) assign() {
	l.weight, l.sum = cleared(l.weight, len(l.centres)), cleared(l.sum, len(l.centres))
	l.loss = 0
	for i := range l.nearest {
		s := l.look(i, l.centres)
		l.keep(i, s)
		l.add(i, s.first, 1)
		l.loss += l.vectors.loss(i, s.distance)
	}
}

func cleared(x []float64, n int) []float64 {
	x = slices.Grow(x[:0], n)[:n]
	clear(x)
	return x
}

// keep keeps what a look found.
func (l *lloyd) keep(i int, s seen) {
	l.nearest[i] = int32(s.first)
	l.upper[i], l.lower[i] = root(s.distance), root(s.otherwise)
}

// add adds a point to a cluster, or with the sign -1 takes it away.
func (l *lloyd) add(i, c int, sign float64) {
	x := l.x[i*l.length:][:l.length]
	weight, sum := l.weight[c*l.length:][:len(x)], l.sum[c*l.length:][:len(x)]
	if l.weights == nil {
		for t, v := range x {
			weight[t] += sign
			sum[t] += sign * float64(v)
		}
		return
	}
	w := l.weights[i*l.length:][:len(x)]
	for t, v := range x {
		u := sign * float64(w[t])
		weight[t] += u
		sum[t] += float64(u * float64(v))
	}
}

// run moves centres until a move gains less than a part of the error. All points must be assigned.
func (l *lloyd) run(passes int, least float64) {
	l.fill()
	for range passes {
		if gain := l.move(); !(gain > least*l.loss) {
			break
		}
		l.update()
	}
	l.measure()
}

// measure finds the loss of points that are assigned.
func (l *lloyd) measure() {
	l.loss = 0
	for i, c := range l.nearest {
		d := l.distance(i, l.centres[int(c)*l.length:])
		l.upper[i] = root(d)
		l.loss += l.vectors.loss(i, d)
	}
}

// move moves each centre to the mean of its points, if it has any. It gives what that alone gains.
func (l *lloyd) move() (gain float64) {
	l.moved = slices.Grow(l.moved[:0], l.k())[:l.k()]
	for c := range l.moved {
		far := 0.0
		for t := c * l.length; t < (c+1)*l.length; t++ {
			if !(l.weight[t] > leastWeight) {
				continue
			}
			before := l.centres[t]
			l.centres[t] = float32(l.sum[t] / l.weight[t])
			d := float64(l.centres[t] - before)
			far += float64(d * d)
			gain += float64(l.weight[t]*d) * d
		}
		l.moved[c] = float32(math.Sqrt(far))
	}
	return gain
}

// update finds the nearest centres after a move.
func (l *lloyd) update() {
	if !l.even {
		l.assign()
		return
	}
	l.separate()
	most, next := 0, float32(0) // the centre that moved most, and how far another one did at most
	for c, m := range l.moved {
		switch {
		case c == 0:
		case m > l.moved[most]:
			most, next = c, l.moved[most]
		default:
			next = max(next, m)
		}
	}
	farthest := l.moved[most]
	for i, c := range l.nearest {
		far := farthest
		if int(c) == most {
			far = next
		}
		upper, lower := l.upper[i]+l.moved[c], l.lower[i]-far
		l.upper[i], l.lower[i] = upper, lower
		bound := max(lower, l.apart[c])
		if upper <= bound {
			continue
		}
		upper = root(l.distance(i, l.centres[int(c)*l.length:]))
		l.upper[i] = upper
		if upper <= bound {
			continue
		}
		s := l.look(i, l.centres)
		l.keep(i, s)
		if s.first != int(c) {
			l.add(i, int(c), -1)
			l.add(i, s.first, 1)
		}
	}
}

// separate finds half of each centre's distance from the next one.
func (l *lloyd) separate() {
	l.apart = slices.Grow(l.apart[:0], l.k())[:l.k()]
	from := vectors{x: l.centres, length: l.length, even: true}
	for c := range l.apart {
		least := float32(math.Inf(1))
		for o := range l.apart {
			if o != c {
				least = min(least, from.distance(c, l.centres[o*l.length:]))
			}
		}
		l.apart[c] = root(least) / 2
	}
}

// fill moves each centre without points to the point with the greatest error.
func (l *lloyd) fill() {
	for c := range l.k() {
		if l.weight[c*l.length] > 0 {
			continue
		}
		at, most := 0, 0.0
		for i, u := range l.upper {
			if e := l.vectors.loss(i, u*u); e > most {
				at, most = i, e
			}
		}
		if most == 0 {
			return
		}
		l.put(c, at)
	}
}

// put moves a centre without points to a point, and finds the points that are nearest to it then.
func (l *lloyd) put(c, at int) {
	copy(l.centres[c*l.length:][:l.length], l.x[at*l.length:][:l.length])
	for i, a := range l.nearest {
		switch d := root(l.distance(i, l.centres[c*l.length:])); {
		case d < l.upper[i]:
			l.loss -= l.vectors.loss(i, l.upper[i]*l.upper[i]) - l.vectors.loss(i, d*d)
			l.add(i, int(a), -1)
			l.add(i, c, 1)
			l.nearest[i], l.upper[i], l.lower[i] = int32(c), d, l.upper[i]
		default:
			l.lower[i] = min(l.lower[i], d)
		}
	}
}
