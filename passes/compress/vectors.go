package compress

import (
	"math"
	"slices"
)

// vectors are points with length numbers each. weights, of each number's squared error, may be nil: all are 1 then. even
// says that those of a point are equal, so that what is nearest to it does not depend on them.
type vectors struct {
	x, weights []float32
	length     int
	even       bool
}

func (v vectors) count() int { return len(v.x) / v.length }

// weight is that of one number.
func (v vectors) weight(i int) float64 {
	if v.weights == nil {
		return 1
	}
	return float64(v.weights[i])
}

// newVectors shows numbers as points. Weights become parts of the greatest one, so that none is too great or small.
func newVectors(x []float32, weights []float64, length int) vectors {
	v := vectors{x: x, length: length, even: true}
	if weights == nil {
		return v
	}
	most := slices.Max(weights)
	v.weights = make([]float32, len(weights))
	for i, u := range weights {
		v.weights[i] = float32(max(u/most, leastWeight))
		v.even = v.even && v.weights[i] == v.weights[i/length*length]
	}
	return v
}

// unit is a power of two that brings numbers to magnitudes of at most 1, whose squares a float32 holds.
func unit(x []float32) float32 {
	most := float32(0)
	for _, v := range x {
		most = max(most, v, -v)
	}
	_, e := math.Frexp(float64(most))
	return float32(math.Ldexp(1, max(-126, min(126, -e))))
}

// times gives the numbers times a factor.
func times(x []float32, factor float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = v * factor
	}
	return out
}

// seen is what a look at the centres from a point finds: the nearest one, the one after it, and their squared distances,
// weighed unless weights are even.
type seen struct {
	first, second       int
	distance, otherwise float32 // otherwise is infinite for one centre
}

// A distance is no negative float: its bits order as it does, and minimums of integers take no branches. So each is kept
// above the number of its centre.
func packSeen(first, second uint64) seen {
	s := seen{int(uint32(first)), int(uint32(second)), math.Float32frombits(uint32(first >> 32)), float32(math.Inf(1))}
	if second == math.MaxUint64 {
		s.second = s.first
	} else {
		s.otherwise = math.Float32frombits(uint32(second >> 32))
	}
	return s
}

// look looks at all centres from a point; of equally near ones the first is the nearest.
func (v vectors) look(i int, centres []float32) seen {
	first, second := uint64(math.MaxUint64), uint64(math.MaxUint64)
	x := v.x[i*v.length:][:v.length]
	if v.length == 2 && v.even {
		a, b := x[0], x[1]
		for c := 0; c < len(centres)-1; c += 2 {
			d, e := a-centres[c], b-centres[c+1]
			at := uint64(math.Float32bits(float32(d*d)+float32(e*e)))<<32 | uint64(c>>1)
			second = min(second, max(first, at))
			first = min(first, at)
		}
		return packSeen(first, second)
	}
	for c := range len(centres) / v.length {
		at := uint64(math.Float32bits(v.distance(i, centres[c*v.length:])))<<32 | uint64(c)
		second = min(second, max(first, at))
		first = min(first, at)
	}
	return packSeen(first, second)
}

// distance is the squared distance of a point from a centre, weighed unless weights are even.
func (v vectors) distance(i int, centre []float32) float32 {
	x, sum := v.x[i*v.length:][:v.length], float32(0)
	centre = centre[:len(x)]
	switch {
	case v.even && len(x) == 2:
		d, e := x[0]-centre[0], x[1]-centre[1]
		return float32(d*d) + float32(e*e)
	case v.even:
		for t, u := range x {
			d := u - centre[t]
			sum += float32(d * d)
		}
		return sum
	}
	w := v.weights[i*v.length:][:len(x)]
	for t, u := range x {
		d := u - centre[t]
		sum += float32(float32(d*d) * w[t])
	}
	return sum
}

// loss is the error that a squared distance of a point stands for.
func (v vectors) loss(i int, distance float32) float64 {
	if v.even {
		return v.weight(i*v.length) * float64(distance)
	}
	return float64(distance)
}
