package compress

import (
	"cmp"
	"math"
	"slices"
)

// vectors are points with length numbers each. weights, of each number's squared error, may be nil: all are 1 then.
type vectors struct {
	x, weights []float32
	length     int
}

func (v vectors) count() int { return len(v.x) / v.length }

// weight is that of one number.
func (v vectors) weight(i int) float64 {
	if v.weights == nil {
		return 1
	}
	return float64(v.weights[i])
}

// clusterVectors gives k centres with little squared error, [k, length]; fewer where there are fewer points. There is no
// randomness: the cluster with the greatest error is split until there are enough, and then, as in breathing k-means
// (Fritzke 2020), some centres are added where the error is great and as many taken away where they are of little use,
// as long as that helps.
func clusterVectors(v vectors, k int) []float32 {
	sample := v.sample(k * perCentre)
	s := &vectorSearch{vectors: sample, centres: sample.mean()}
	s.lloyd(0)
	for len(s.centres) < k*v.length && s.loss > 0 {
		s.split(min(len(s.centres)/v.length, k-len(s.centres)/v.length))
		s.lloyd(fewPasses)
	}
	s.breathe(k)
	s = &vectorSearch{vectors: v, centres: s.centres}
	for range manyPasses {
		before := s.loss
		s.lloyd(1)
		if !(s.loss < before*(1-finalGain)) && before > 0 {
			break
		}
	}
	return s.centres
}

// sample takes about so many of the points, or all if they are few.
func (v vectors) sample(points int) vectors {
	step := v.count() / points
	if step < 2 {
		return v
	}
	out := vectors{length: v.length}
	// Not each step-th one: that could always be the same row of a weight.
	for i := range v.count() / step {
		at := (i*step + i*7%step) * v.length
		out.x = append(out.x, v.x[at:at+v.length]...)
		if v.weights != nil {
			out.weights = append(out.weights, v.weights[at:at+v.length]...)
		}
	}
	return out
}

// breathe adds and removes centres.
func (s *vectorSearch) breathe(k int) {
	s.lloyd(manyPasses)
	for m := min(mostBreath, k/2); m > 0 && s.loss > 0; {
		before, centres := s.loss, slices.Clone(s.centres)
		s.split(m)
		s.lloyd(fewPasses)
		s.remove(len(s.centres)/s.length - k)
		s.lloyd(manyPasses)
		if !(s.loss < before*(1-leastGain)) {
			s.centres = centres
			s.lloyd(0)
			m--
		}
	}
}

const (
	perCentre  = 1024 // points that the search looks at before it looks at all of them
	fewPasses  = 6
	manyPasses = 100  // they mostly end before
	mostBreath = 5    // centres that are added at once
	leastGain  = 3e-5 // a part of the error that is worth going on for, and in the end
	finalGain  = 1e-7
)

// vectorSearch is a set of centres, and what the last look at all points found.
type vectorSearch struct {
	vectors
	centres []float32

	nearest  []int32
	loss     float64
	clusters []vectorCluster
}

// vectorCluster is what belongs to one centre.
type vectorCluster struct {
	weight, sum, square []float64 // of each of a point's numbers, measured from the centre
	loss, use           float64   // the error, and how much there would be more without the centre
	second              int       // a centre that is near
}

// mean is a first centre.
func (v vectors) mean() []float32 {
	out := make([]float32, v.length)
	for t := range out {
		var w, sum float64
		for i := t; i < len(v.x); i += v.length {
			u := v.weight(i)
			w += u
			sum += float64(u * float64(v.x[i]))
		}
		out[t] = float32(sum / w)
	}
	return out
}

// look finds the nearest centre of each point, and sums up the clusters.
func (s *vectorSearch) look() {
	n, k := s.count(), len(s.centres)/s.length
	if s.nearest == nil {
		s.nearest = make([]int32, n)
	}
	s.clusters = make([]vectorCluster, k)
	sums := make([]float64, 3*k*s.length)
	for c := range s.clusters {
		part := sums[3*c*s.length:][:3*s.length]
		s.clusters[c] = vectorCluster{weight: part[:s.length], sum: part[s.length : 2*s.length], square: part[2*s.length:], second: c}
	}
	s.loss = 0
	distance := make([]float32, k)
	for i := range n {
		s.measure(distance, i)
		// A distance is no negative float: its bits order as it does, and minimums of integers take no branches.
		first, second := uint64(math.MaxUint64), uint64(math.MaxUint64)
		for c, d := range distance {
			at := uint64(math.Float32bits(d))<<32 | uint64(c)
			second = min(second, max(first, at))
			first = min(first, at)
		}
		c := uint32(first)
		s.nearest[i] = int32(c)
		cluster, loss := &s.clusters[c], float64(math.Float32frombits(uint32(first>>32)))
		s.add(i, cluster)
		s.loss += loss
		cluster.loss += loss
		if k > 1 {
			cluster.use += float64(math.Float32frombits(uint32(second>>32))) - loss
			cluster.second = int(uint32(second))
		}
	}
}

// measure gives the squared distances of a point from all centres.
func (s *vectorSearch) measure(distance []float32, i int) {
	x := s.x[i*s.length:][:s.length]
	if s.weights != nil {
		w := s.weights[i*s.length:][:s.length]
		for c := range distance {
			centre, sum := s.centres[c*s.length:][:len(x)], float32(0)
			for t, v := range x {
				d := v - centre[t]
				sum += float32(float32(d*d) * w[t])
			}
			distance[c] = sum
		}
		return
	}
	if s.length == 2 {
		a, b, centres := x[0], x[1], s.centres[:2*len(distance)]
		for c := range distance {
			d, e := a-centres[2*c], b-centres[2*c+1]
			distance[c] = float32(d*d) + float32(e*e)
		}
		return
	}
	for c := range distance {
		centre, sum := s.centres[c*s.length:][:len(x)], float32(0)
		for t, v := range x {
			d := v - centre[t]
			sum += float32(d * d)
		}
		distance[c] = sum
	}
}

func (s *vectorSearch) add(i int, c *vectorCluster) {
	centre := s.centres[int(s.nearest[i])*s.length:]
	for t := range s.length {
		at := i*s.length + t
		w, d := s.weight(at), float64(s.x[at]-centre[t])
		c.weight[t] += w
		c.sum[t] += float64(w * d)
		c.square[t] += float64(float64(w*d) * d)
	}
}

// lloyd moves centres to the means of their points until that gains little, passes times at most. A centre without
// points stays; it is of no use and will be taken away.
func (s *vectorSearch) lloyd(passes int) {
	s.look()
	for range passes {
		before := s.loss
		s.move()
		s.look()
		if !(s.loss < before*(1-leastGain)) {
			return
		}
	}
}

// move moves each centre to the mean of its points, if it has any.
func (s *vectorSearch) move() {
	for c, cluster := range s.clusters {
		for t, w := range cluster.weight {
			if w > 0 {
				s.centres[c*s.length+t] += float32(cluster.sum[t] / w)
			}
		}
	}
}

// order gives the clusters, those with the least or greatest of something first.
func (s *vectorSearch) order(less func(a, b vectorCluster) int) []int {
	order := make([]int, len(s.clusters))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return less(s.clusters[a], s.clusters[b]) })
	return order
}

// split replaces each of the m centres with the greatest error by two, apart along the axis with the greatest error.
func (s *vectorSearch) split(m int) {
	order := s.order(func(a, b vectorCluster) int { return -cmp.Compare(a.loss, b.loss) })
	for _, c := range order[:min(m, len(order))] {
		cluster, axis, most := s.clusters[c], 0, 0.0
		for t, q := range cluster.square {
			if q > most {
				axis, most = t, q
			}
		}
		if most == 0 {
			return
		}
		apart := float32(math.Sqrt(most / cluster.weight[axis]))
		old := slices.Clone(s.centres[c*s.length:][:s.length])
		s.centres[c*s.length+axis] -= apart
		old[axis] += apart
		s.centres = append(s.centres, old...)
	}
}

// remove takes away the m centres that are of least use; of two that are near each other only one, while others are left.
func (s *vectorSearch) remove(m int) {
	order := s.order(func(a, b vectorCluster) int { return cmp.Compare(a.use, b.use) })
	gone, held := make([]bool, len(order)), make([]bool, len(order))
	for _, mind := range []bool{true, false} {
		for _, c := range order {
			if m <= 0 {
				break
			}
			if gone[c] || mind && held[c] {
				continue
			}
			gone[c] = true
			held[s.clusters[c].second] = true
			m--
		}
	}
	kept := s.centres[:0]
	for c := range gone {
		if !gone[c] {
			kept = append(kept, s.centres[c*s.length:][:s.length]...)
		}
	}
	s.centres = kept
}
