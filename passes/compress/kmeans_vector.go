package compress

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// clusterVectors gives k centres with little squared error, [k, length]; fewer where there are fewer points. It breeds
// solutions as HG-means does (Gribel and Vidal 2019): of two good ones it takes half of the centres each, moves one of them
// to where the error is great, and improves what comes of it by Lloyd's algorithm. It does so on cells of points; the best
// solutions are then improved on all of them. The random numbers are always the same.
func clusterVectors(v vectors, k int) []float32 {
	among := v.sample(k * cellsPerCentre * pointsPerCell).cells(k * cellsPerCentre)
	if among.count() <= k {
		return among.x
	}
	b := &breed{lloyd: newLloyd(among), size: k, random: rand.New(rand.NewPCG(1, 2))}
	b.search()
	full := newLloyd(v)
	var best []float32
	least := math.Inf(1)
	for _, s := range b.pool[:min(len(b.pool), finalists(v.count()))] {
		full.centres = slices.Clone(s.centres)
		full.assign()
		full.run(manyPasses, finalGain)
		if v.even && v.count() <= fewPoints {
			full.polish(manyPolishes)
		}
		if full.loss < least {
			best, least = full.centres, full.loss
		}
	}
	return best
}

const (
	cellsPerCentre = 128
	pointsPerCell  = 16
	fewPoints      = 1 << 14
	manyPasses     = 100 // they mostly end before
	manyPolishes   = 20
	searchGain     = 3e-5 // a part of the error that is worth going on for, and in the end
	finalGain      = 1e-7

	poolSize  = 12
	firstOnes = 8
	mostBred  = 300
	leastBred = 8
	breedWork = 50 * 2048 * 16 // distances from all centres in the first look at them
)

// finalists is how many solutions are tried on all points.
func finalists(points int) int {
	if points > 1<<20 {
		return 1
	}
	return 4
}

// breed is a pool of solutions, the best first.
type breed struct {
	*lloyd
	size   int // centres of each
	random *rand.Rand
	pool   []solution
}

type solution struct {
	centres []float32
	loss    float64
}

func (b *breed) search() {
	for range firstOnes {
		b.scatter()
		b.enter()
	}
	n := max(leastBred, min(mostBred, breedWork/(b.count()*b.size)))
	for range n {
		if b.pool[0].loss == 0 {
			return
		}
		b.cross(b.pick(), b.pick())
		b.mutate()
		b.enter()
	}
}

// enter improves the centres; if they are new and good they get into the pool.
func (b *breed) enter() {
	b.run(manyPasses, searchGain)
	at, _ := slices.BinarySearchFunc(b.pool, b.loss, func(s solution, loss float64) int { return cmp.Compare(s.loss, loss) })
	for _, i := range []int{at - 1, at} {
		if i >= 0 && i < len(b.pool) && math.Abs(b.pool[i].loss-b.loss) <= 1e-7*b.loss {
			if b.loss < b.pool[i].loss {
				b.pool[i] = solution{slices.Clone(b.centres), b.loss}
			}
			return
		}
	}
	b.pool = slices.Insert(b.pool, at, solution{slices.Clone(b.centres), b.loss})
	b.pool = b.pool[:min(len(b.pool), poolSize)]
}

// pick takes the better of two solutions.
func (b *breed) pick() solution {
	return b.pool[min(b.random.IntN(len(b.pool)), b.random.IntN(len(b.pool)))]
}

// scatter takes points as centres, far from each other with a likelihood that their squared distance gives (k-means++).
func (b *breed) scatter() {
	first := b.random.IntN(b.count())
	b.centres = append(b.centres[:0], b.x[first*b.length:][:b.length]...)
	b.assign()
	for b.k() < b.size {
		b.grow()
	}
}

// grow adds a centre where the error is great.
func (b *breed) grow() {
	left, at := b.random.Float64()*b.loss, 0
	for i, u := range b.upper {
		if u > 0 {
			at = i
			if left -= b.vectors.loss(i, u*u); left < 0 {
				break
			}
		}
	}
	c := b.k()
	b.centres = append(b.centres, b.x[at*b.length:][:b.length]...)
	b.weight, b.sum = append(b.weight, make([]float64, b.length)...), append(b.sum, make([]float64, b.length)...)
	b.put(c, at)
}

// cross makes pairs of near centres of two solutions, and takes one of each.
func (b *breed) cross(one, two solution) {
	b.centres = append(b.centres[:0], one.centres...)
	from := vectors{x: one.centres, length: b.length, even: true}
	used := make([]bool, b.size)
	for _, c := range b.random.Perm(b.size) {
		at, least := -1, float32(math.Inf(1))
		for o := range b.size {
			if used[o] {
				continue
			}
			if d := from.distance(c, two.centres[o*b.length:]); d < least || at < 0 {
				at, least = o, d
			}
		}
		used[at] = true
		if b.random.IntN(2) == 1 {
			copy(b.centres[c*b.length:][:b.length], two.centres[at*b.length:][:b.length])
		}
	}
}

// mutate moves one centre.
func (b *breed) mutate() {
	c := b.random.IntN(b.size)
	b.centres = slices.Delete(b.centres, c*b.length, (c+1)*b.length)
	b.assign()
	b.grow()
}
