package metric

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// Distribution says whether the last axis of a tensor holds chances, so that the divergence of its rows means something.
type Distribution uint8

// The distributions.
const (
	None          Distribution = iota
	Logits                     // chances after a softmax over the last axis
	Probabilities              // chances as they are
)

// Options say what to measure beside what is always measured.
type Options struct{ Rows Distribution }

// Mismatch is the error of tensors whose shapes differ: nothing is broadcast.
type Mismatch struct{ Tested, Reference []int }

// Error says both shapes.
func (e *Mismatch) Error() string {
	return fmt.Sprintf("not comparable: the tested tensor has the shape %v, the reference %v", host.ShapeText(e.Tested), host.ShapeText(e.Reference))
}

// Measure compares two tensors of one shape in one pass, but for numbers whose squares float64 does not have; their element types and strides may differ. Another shape is the
// error [Mismatch]. An element that is not finite counts in NonFinite and Mismatches alone.
func Measure(tested, reference *host.Tensor, opt Options) (*Scores, error) {
	if !slices.Equal(tested.Shape, reference.Shape) {
		return nil, &Mismatch{slices.Clone(tested.Shape), slices.Clone(reference.Shape)}
	}
	whole := func(e host.Elem) bool { return e.IsInt() || e == host.Bool }
	m := &meter{scores: Scores{
		Elements: reference.Len(),
		Discrete: whole(tested.Elem) && whole(reference.Elem),
	}, worst: -1, first: -1}
	plain := !tested.Elem.IsComplex() && !reference.Elem.IsComplex()
	if n := len(reference.Shape); opt.Rows != None && plain && n > 0 && reference.Shape[n-1] > 1 && reference.Len() > 0 {
		m.rows = &rows{length: reference.Shape[n-1], raw: opt.Rows == Probabilities}
		m.rows.start()
	}
	var err error
	switch {
	case !plain:
		err = host.Pairs(tested, reference, m.complexes)
	case m.scores.Discrete && tested.Elem.Kind() == host.KindUint && reference.Elem.Kind() == host.KindUint:
		err = host.Pairs(tested, reference, func(at int, t, r []uint64) { integers(m, at, t, r) })
	case m.scores.Discrete:
		err = host.Pairs(tested, reference, func(at int, t, r []int64) { integers(m, at, t, r) })
	default:
		err = host.Pairs(tested, reference, m.floats)
	}
	if err != nil {
		return nil, err
	}
	s := m.result(reference.Shape)
	if !s.Discrete && s.far() {
		err = s.remeasure(tested, reference)
	}
	return s, err
}

// meter collects scores.
type meter struct {
	scores       Scores
	worst, first int // places of the largest difference, and of the first element that is finite on one side only; -1: none
	rows         *rows
}

func (m *meter) floats(at int, tested, reference []float64) {
	for i, r := range reference {
		t := tested[i]
		if t-t == 0 && r-r == 0 { // both are finite
			m.pair(at+i, t, r, math.Abs(t-r))
		} else {
			m.odd(at+i, kind(t), kind(r))
		}
	}
	if m.rows != nil {
		m.rows.add(tested, reference)
	}
}

// integers tells large numbers apart that are one float64.
func integers[T int64 | uint64](m *meter, at int, tested, reference []T) {
	for i, r := range reference {
		t := tested[i]
		diff := math.Abs(float64(t) - float64(r))
		if t != r {
			diff = max(diff, 1)
		}
		m.pair(at+i, float64(t), float64(r), diff)
	}
}

func (m *meter) complexes(at int, tested, reference []complex128) {
	for i, r := range reference {
		t := tested[i]
		if finite(t) && finite(r) {
			s := &m.scores
			s.Dot += real(t)*real(r) + imag(t)*imag(r)
			m.sizes(at+i, cmplx.Abs(t), cmplx.Abs(r), cmplx.Abs(t-r))
			continue
		}
		const kinds = 4
		m.odd(at+i, kinds*kind(real(t))+kind(imag(t)), kinds*kind(real(r))+kind(imag(r)))
	}
}

func finite(z complex128) bool { return !cmplx.IsInf(z) && !cmplx.IsNaN(z) }

func (m *meter) pair(at int, t, r, diff float64) {
	s := &m.scores
	s.Dot += t * r
	m.sizes(at, math.Abs(t), math.Abs(r), diff)
	if t > 0.5 || r > 0.5 {
		s.Either++
		if t > 0.5 && r > 0.5 {
			s.Both++
		}
	}
}

// sizes takes the absolute values of a pair and of its difference.
func (m *meter) sizes(at int, t, r, diff float64) {
	s := &m.scores
	s.Finite++
	s.Tested += t * t
	s.Signal += r * r
	s.Peak = max(s.Peak, r)
	if diff == 0 {
		return
	}
	s.Noise += diff * diff
	s.Mismatches++
	if diff > s.MaxAbs || m.worst < 0 {
		s.MaxAbs, m.worst = diff, at
	}
}

// odd takes the kinds of a pair of which at least one is not finite.
func (m *meter) odd(at, tested, reference int) {
	n := &m.scores.NonFinite
	if tested != finiteKind {
		n.Tested++
	}
	if reference != finiteKind {
		n.Reference++
	}
	if tested == reference {
		return
	}
	n.Differ++
	m.scores.Mismatches++
	if m.first < 0 {
		m.first = at
	}
}

const finiteKind = 0

// kind tells NaN, the infinities and numbers apart.
func kind(x float64) int {
	switch {
	case math.IsNaN(x):
		return 1
	case math.IsInf(x, 1):
		return 2
	case math.IsInf(x, -1):
		return 3
	}
	return finiteKind
}

func (m *meter) result(shape []int) *Scores {
	s := m.scores
	if m.worst >= 0 {
		s.MaxAt = place(shape, m.worst)
	}
	if m.first >= 0 {
		s.NonFinite.At = place(shape, m.first)
	}
	s.units.peak, s.units.most = s.Peak, s.MaxAbs
	if m.rows != nil {
		s.Rows = m.rows.result()
	}
	return &s
}

// place is the index of an element that is counted row-major.
func place(shape []int, at int) []int {
	index := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		index[axis] = at % shape[axis]
		at /= shape[axis]
	}
	return index
}
