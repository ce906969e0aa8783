package compress

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// pruning chooses the elements of a weight that are kept. They are kept or not in units: single elements, blocks of
// neighbours, or channels.
type pruning struct {
	sparse Sparse
	shape  []int
	unit   []int // elements of a unit along each axis
	count  []int // units along each axis
	input  int   // the axis that N of M neighbours lie along
}

func newPruning(t *host.Tensor, s Sparse, opt Options) (*pruning, error) {
	if err := s.check(); err != nil {
		return nil, &Refusal{err.Error()}
	}
	switch t.Elem {
	case host.F64, host.F32, host.BF16, host.F16:
	default:
		return nil, &Refusal{fmt.Sprintf("its elements are %s, not f64, f32, bf16 or f16", t.Elem)}
	}
	if len(t.Shape) == 0 {
		return nil, &Refusal{"it is a single number"}
	}
	p := &pruning{sparse: s, shape: t.Shape, unit: slices.Repeat([]int{1}, len(t.Shape))}
	out, in := axesOf(t.Shape, opt.Out), axesOf(t.Shape, opt.In)
	if (s.Channel || s.Block > 1) && len(out) == 0 {
		return nil, &Refusal{"it has no output axis that blocks or channels lie along; try single elements"}
	}
	switch {
	case s.Channel:
		for i, n := range t.Shape {
			if !slices.Contains(out, i) {
				p.unit[i] = max(n, 1)
			}
		}
	case s.Block > 1:
		axis := out[len(out)-1]
		p.unit[axis] = s.Block
		if n := t.Shape[axis]; n%s.Block != 0 {
			return nil, &Refusal{fmt.Sprintf("its output axis of %d is no multiple of blocks of %d; try a size that divides it", n, s.Block)}
		}
	}
	for i, n := range t.Shape {
		p.count = append(p.count, n/p.unit[i])
	}
	if s.M == 0 {
		return p, nil
	}
	if len(in) == 0 {
		return nil, &Refusal{"it has no input axis that neighbours lie along; try a fraction instead"}
	}
	p.input = in[0]
	if n := p.shape[p.input]; n%s.M != 0 {
		return nil, &Refusal{fmt.Sprintf("its input axis of %d is no multiple of %d neighbours; try a number that divides it, or a fraction", n, s.M)}
	}
	return p, nil
}

// eachUnit gives the unit of each element, row-major.
func (p *pruning) eachUnit(fn func(element, unit int)) {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	if n == 0 {
		return
	}
	last := len(p.shape) - 1
	at := make([]int, last)
	for element := 0; element < n; {
		unit := 0
		for i, c := range at {
			unit = unit*p.count[i] + c/p.unit[i]
		}
		unit *= p.count[last]
		for i := range p.shape[last] {
			fn(element, unit+i/p.unit[last])
			element++
		}
		for i := last - 1; i >= 0; i-- {
			if at[i]++; at[i] < p.shape[i] {
				break
			}
			at[i] = 0
		}
	}
}

// scores says how much each unit matters: the magnitude of an element, the sum of squares of a block, the sum of
// magnitudes of a channel; with importance it is what zeros would cost, the weighed sum of squares.
func (p *pruning) scores(x []float32, importance []float64) []float32 {
	single := !p.sparse.Channel && p.sparse.Block <= 1
	sums := make([]float64, 0)
	out := make([]float32, product(p.count))
	if !single {
		sums = make([]float64, len(out))
	}
	p.eachUnit(func(i, unit int) {
		v := math.Abs(float64(x[i]))
		switch {
		case importance != nil:
			v = float64(v*v) * importance[i]
		case !single && !p.sparse.Channel:
			v *= v
		}
		if single {
			out[unit] = float32(v)
			return
		}
		sums[unit] += v
	})
	for i, v := range sums {
		out[i] = float32(v)
	}
	return out
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// keep is 1 for each element that is kept, and 0 for the others, as [host.U8] in the weight's shape. Of units that matter
// equally the first ones become zero.
func (p *pruning) keep(x []float32, importance *host.Tensor) (*host.Tensor, error) {
	for _, v := range x {
		if v-v != 0 {
			return nil, ErrNotFinite
		}
	}
	var weights []float64
	if importance != nil {
		if !slices.Equal(importance.Shape, p.shape) {
			return nil, fmt.Errorf("its importance has the shape %v, expected %v", host.ShapeText(importance.Shape), host.ShapeText(p.shape))
		}
		weights = host.Values[float64](importance)
		if slices.ContainsFunc(weights, func(w float64) bool { return !(w >= 0) || math.IsInf(w, 1) }) {
			return nil, errImportance
		}
	}
	scores := p.scores(x, weights)
	kept := slices.Repeat([]uint8{1}, len(scores))
	if p.sparse.M > 0 {
		p.dropNeighbours(kept, scores)
	} else {
		dropLeast(kept, scores, int(math.Floor(float64(len(scores))*p.sparse.Fraction)))
	}
	out, err := host.Alloc(host.U8, p.shape)
	if err != nil {
		return nil, err
	}
	p.eachUnit(func(i, unit int) { out.Data[i] = kept[unit] })
	return out, nil
}

var errImportance = errors.New("its importance holds numbers that are negative or not finite")

// dropNeighbours drops N of each M units along the input axis.
func (p *pruning) dropNeighbours(kept []uint8, scores []float32) {
	step := product(p.count[p.input+1:])
	n, m := p.sparse.N, p.sparse.M
	for start := 0; start < len(scores); start += m * step {
		for inner := start; inner < start+step; inner++ {
			for range n {
				least := -1
				for i := inner; i < inner+m*step; i += step {
					if kept[i] == 1 && (least < 0 || scores[i] < scores[least]) {
						least = i
					}
				}
				kept[least] = 0
			}
		}
	}
}

// dropLeast drops n units. It finds the score of the last one by the upper bits of all and then by the lower bits of those
// that share them; a score is no negative number, and its bits order as it does.
func dropLeast(kept []uint8, scores []float32, n int) {
	if n == 0 {
		return
	}
	bound, left := uint32(0), n
	for _, shift := range []int{16, 0} {
		var count [1 << 16]int
		for _, v := range scores {
			if b := math.Float32bits(v); shift == 16 || b>>16 == bound>>16 {
				count[b>>shift&0xffff]++
			}
		}
		for digit, c := range count {
			if left <= c {
				bound |= uint32(digit) << shift
				break
			}
			left -= c
		}
	}
	for i, v := range scores {
		switch b := math.Float32bits(v); {
		case b < bound:
			kept[i] = 0
		case b == bound && left > 0:
			kept[i] = 0
			left--
		}
	}
}
