package compress

import (
	"container/heap"
	"math"
)

// vectorCell is a set of points that stands for them as their mean.
type vectorCell struct {
	points       []int32
	weight, mean []float64
	axis         int     // the one with the greatest error
	error        float64 // of all axes
}

// cells joins points to about so many, each the mean of points that lie together, with their weight: the set with the
// greatest error is cut at its mean, across the axis with the greatest error, until there are enough. The error of any
// centres is that among the cells and a constant, but for points whose nearest centre is not that of their cell. Equal
// points are always joined.
func (v vectors) cells(most int) vectors {
	all := make([]int32, v.count())
	for i := range all {
		all[i] = int32(i)
	}
	h := &cellHeap{v.cell(all)}
	for len(*h) < most && (*h)[0].error > 0 {
		low, high := v.cut((*h)[0])
		if len(low) == 0 || len(high) == 0 { // they differ by less than float64 tells
			(*h)[0].error = 0
			heap.Fix(h, 0)
			continue
		}
		(*h)[0] = v.cell(low)
		heap.Fix(h, 0)
		heap.Push(h, v.cell(high))
	}
	out := vectors{length: v.length, even: v.even}
	for _, c := range *h {
		for t, m := range c.mean {
			out.x = append(out.x, float32(m))
			out.weights = append(out.weights, float32(c.weight[t]))
		}
	}
	return out
}

// cell measures points around the first of them.
func (v vectors) cell(points []int32) *vectorCell {
	c := &vectorCell{points: points, weight: make([]float64, v.length), mean: make([]float64, v.length)}
	most := 0.0
	for t := range v.length {
		base := float64(v.x[int(points[0])*v.length+t])
		var w, sum, square float64
		for _, p := range points {
			i := int(p)*v.length + t
			u, d := v.weight(i), float64(v.x[i])-base
			w += u
			sum += float64(u * d)
			square += float64(float64(u*d) * d)
		}
		c.weight[t], c.mean[t] = w, base+sum/w
		e := max(square-sum*(sum/w), 0)
		c.error += e
		if e > most {
			c.axis, most = t, e
		}
	}
	return c
}

// cut puts the points up to the mean first.
func (v vectors) cut(c *vectorCell) (low, high []int32) {
	n := 0
	for i, p := range c.points {
		if float64(v.x[int(p)*v.length+c.axis]) <= c.mean[c.axis] {
			c.points[i], c.points[n] = c.points[n], p
			n++
		}
	}
	return c.points[:n], c.points[n:]
}

// cellHeap has the cell with the greatest error first.
type cellHeap []*vectorCell

func (h cellHeap) Len() int           { return len(h) }
func (h cellHeap) Less(i, j int) bool { return h[i].error > h[j].error }
func (h cellHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *cellHeap) Push(c any)        { *h = append(*h, c.(*vectorCell)) }
func (h *cellHeap) Pop() any          { panic("cells are never taken out") }

// sample takes about so many of the points, or all if they are few.
func (v vectors) sample(points int) vectors {
	step := v.count() / points
	if step < 2 {
		return v
	}
	out := vectors{length: v.length, even: v.even}
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

// root of a squared distance.
func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }
