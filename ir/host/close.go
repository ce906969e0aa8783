package host

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
)

// Tolerance says how far a number may be from the one expected: by Abs + Rel*|expected|.
type Tolerance struct{ Abs, Rel float64 }

// Tolerance is what two exact computations in this element type may differ by when they round at different places; the
// numbers for floats are those of torch.testing.assert_close. Integers and bools must be equal.
func (e Elem) Tolerance() Tolerance {
	switch e {
	case F8E8M0, F4E2M1:
		return Tolerance{1e-5, 0.5}
	case F8E5M2:
		return Tolerance{1e-5, 0.25}
	case F8E4M3:
		return Tolerance{1e-5, 0.125}
	case BF16:
		return Tolerance{1e-5, 1.6e-2}
	case F16:
		return Tolerance{1e-5, 1e-3}
	case F32, C64:
		return Tolerance{1e-5, 1.3e-6}
	case F64, C128:
		return Tolerance{1e-7, 1e-7}
	}
	return Tolerance{}
}

// Gap says how far a tensor is from the one expected. NaN equals NaN and an infinity equals itself; elements where only
// one side is finite count as outside and leave the sums alone. A single one that should be finite and is not makes the
// ratios -Inf: a result with a NaN is worth nothing however close the rest is.
type Gap struct {
	Elements int
	Outside  int     // elements beyond the tolerance
	First    int     // the first of them, counted row-major; -1 where there is none
	Lost     int     // elements that are not finite where the expected one is
	MaxAbs   float64 // the largest difference
	Worst    int     // where that is; -1 where nothing differs
	RelL2    float64 // |got-want| / |want|, the norms over all elements
	SNR      float64 // 10 log10(sum want² / sum (got-want)²) in dB; +Inf when equal
	PSNR     float64 // 10 log10(max want² / mean (got-want)²) in dB; +Inf when equal
}

// Close reports that all elements are within the tolerance.
func (g Gap) Close() bool { return g.Outside == 0 }

// Measure compares two tensors of one shape; their element types may differ.
func Measure(got, want *Tensor, tol Tolerance) (Gap, error) {
	if !slices.Equal(got.Shape, want.Shape) {
		return Gap{}, fmt.Errorf("found the shape %v, expected %v", ShapeText(got.Shape), ShapeText(want.Shape))
	}
	m := meter{tol: tol, gap: Gap{Elements: want.Len(), First: -1, Worst: -1}}
	var err error
	switch {
	case got.Elem.IsComplex() || want.Elem.IsComplex():
		err = Pairs(got, want, m.complexes)
	case got.Elem.Class() == ClassI64 && want.Elem.Class() == ClassI64:
		err = Pairs(got, want, m.ints)
	default:
		err = Pairs(got, want, m.floats)
	}
	if err != nil {
		return Gap{}, err
	}
	return m.result(), nil
}

// Near gives nil where got is within tol of want everywhere, and an error that shows the first element that is not.
func Near(got, want *Tensor, tol Tolerance) error {
	g, err := Measure(got, want, tol)
	if err != nil || g.Close() {
		return err
	}
	index := make([]int, len(want.Shape))
	for axis, rest := len(index)-1, g.First; axis >= 0; axis-- {
		index[axis] = rest % want.Shape[axis]
		rest /= want.Shape[axis]
	}
	return fmt.Errorf("%d of %d elements differ; at %v found %v, expected %v; the largest difference is %.3g", g.Outside, g.Elements, index, At(got, g.First), At(want, g.First), g.MaxAbs)
}

// Pairs reads two tensors of one shape side by side, row-major, in blocks of values of T; at is the place of a block's first
// element. Strided tensors are not copied. A block must not be kept.
func Pairs[T Wide](a, b *Tensor, block func(at int, a, b []T)) error {
	a, b = Unpack(a), Unpack(b)
	n, err := newMapNest(a.Shape, a, b)
	if err != nil {
		return err
	}
	left, right := reader[T]{nest: n, k: 0, t: a}, reader[T]{nest: n, k: 1, t: b}
	m := min(blockLen, n.n)
	if m == 0 {
		return nil
	}
	left.prepare(m)
	right.prepare(m)
	for lo := 0; lo < n.n; lo += m {
		m = min(m, n.n-lo)
		block(lo, left.block(lo, m), right.block(lo, m))
	}
	return nil
}

// meter collects a Gap.
type meter struct {
	tol                 Tolerance
	gap                 Gap
	signal, noise, peak float64
}

func (m *meter) floats(at int, got, want []float64) {
	for i, w := range want {
		g := got[i]
		if g == w {
			m.equal(math.Abs(w))
		} else if g == g || w == w {
			m.differ(at+i, math.Abs(g-w), math.Abs(w))
		}
	}
}

func (m *meter) ints(at int, got, want []int64) {
	for i, w := range want {
		if got[i] == w {
			m.equal(math.Abs(float64(w)))
		} else { // float64 does not tell all integers apart, so the difference is at least 1
			m.differ(at+i, max(1, math.Abs(float64(got[i])-float64(w))), math.Abs(float64(w)))
		}
	}
}

func (m *meter) complexes(at int, got, want []complex128) {
	for i, w := range want {
		g := got[i]
		switch {
		case g == w:
			m.equal(cmplx.Abs(w))
		case sameNumber(real(g), real(w)) && sameNumber(imag(g), imag(w)):
		default:
			m.differ(at+i, cmplx.Abs(g-w), cmplx.Abs(w))
		}
	}
}

func sameNumber(a, b float64) bool { return a == b || a != a && b != b }

func (m *meter) equal(size float64) {
	if size <= math.MaxFloat64 {
		m.signal += size * size
		m.peak = max(m.peak, size)
	}
}

func (m *meter) differ(at int, diff, size float64) {
	m.equal(size)
	finite := diff <= math.MaxFloat64
	if !finite {
		diff = math.Inf(1)
		if size <= math.MaxFloat64 {
			m.gap.Lost++
		}
	} else {
		m.noise += diff * diff
	}
	if m.gap.Worst < 0 || diff > m.gap.MaxAbs {
		m.gap.MaxAbs, m.gap.Worst = diff, at
	}
	if !finite || diff > m.tol.Abs+m.tol.Rel*size {
		m.gap.Outside++
		if m.gap.First < 0 {
			m.gap.First = at
		}
	}
}

func (m *meter) result() Gap {
	g := m.gap
	g.SNR, g.PSNR = math.Inf(1), math.Inf(1)
	if g.Lost == 0 && m.noise > 0 {
		mean := m.noise / float64(g.Elements)
		g.SNR = 10 * math.Log10(m.signal/m.noise)
		g.PSNR = 10 * math.Log10(m.peak*m.peak/mean)
		g.RelL2 = math.Sqrt(m.noise / m.signal)
	} else if math.IsInf(g.MaxAbs, 1) { // nothing but elements that are finite on one side only
		g.SNR, g.PSNR, g.RelL2 = math.Inf(-1), math.Inf(-1), math.Inf(1)
	}
	return g
}
