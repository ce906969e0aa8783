package sensitivity

import (
	"fmt"
	"math"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// Metric is how outputs are compared. With r the exact numbers and e the differences, over all samples:
//
//	psnr = 10 log10((max r² + 1e-5) / (mean e² + 1e-10))
//	snr  = 10 log10((mean r² + 1e-5) / (mean e² + 1e-10))
//
// in dB, over the elements that are finite in the exact outputs. snr is the formula of coreai-opt's export checks, whose two
// small terms keep outputs of zeros and equal outputs finite. psnr has the same terms, and takes max |r| as the peak, as
// outputs have no known range; numbers of a tool with another peak are not comparable. Of several outputs the worst counts.
type Metric string

// The metrics.
const (
	PSNR Metric = "psnr"
	SNR  Metric = "snr"
)

// least is the score of outputs that are no numbers any more, in dB.
const least = -300

// meter compares one output over all samples.
type meter struct {
	count               int // of the elements that are finite in the exact outputs
	signal, noise, peak float64
	lost                bool // a number became NaN or infinite, or one that is so in the exact outputs something else
}

// add compares two tensors. NaN equals NaN and an infinity itself; where both are so, nothing is measured.
func (m *meter) add(got, want *host.Tensor) error {
	if got.Elem.IsComplex() || want.Elem.IsComplex() {
		x, y := host.Values[complex128](got), host.Values[complex128](want)
		if len(x) != len(y) {
			return shapesDiffer(got, want)
		}
		for i := range y {
			m.number(real(x[i]), real(y[i]))
			m.number(imag(x[i]), imag(y[i]))
		}
		return nil
	}
	x, y := host.Values[float64](got), host.Values[float64](want)
	if len(x) != len(y) {
		return shapesDiffer(got, want)
	}
	for i := range y {
		m.number(x[i], y[i])
	}
	return nil
}

func shapesDiffer(got, want *host.Tensor) error {
	return fmt.Errorf("an output is %s, that of the exact model %s; such outputs cannot be compared", got, want)
}

func (m *meter) number(got, want float64) {
	if !isFinite(want) {
		m.lost = m.lost || !(got == want || math.IsNaN(got) && math.IsNaN(want))
		return
	}
	m.count++
	m.signal += want * want
	m.peak = max(m.peak, want*want)
	m.noise += (got - want) * (got - want)
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// decibels is the metric of what was added.
func (m *meter) decibels(metric Metric) float64 {
	n := float64(max(m.count, 1))
	signal := m.signal / n
	if metric == PSNR {
		signal = m.peak
	}
	db := 10 * (math.Log10(signal+1e-5) - math.Log10(m.noise/n+1e-10))
	if m.lost || math.IsNaN(db) {
		return least
	}
	return max(db, least)
}

// reference holds the exact outputs of the calibration data: for each sample and call, those of the function.
type reference [][][]*host.Tensor

// comparison sums up the outputs of a changed module.
type comparison struct {
	ref reference
	// floats: outputs of integers count only where there are no others, as an index that is off by one says nothing of how
	// far its logits are.
	floats bool
	meters map[output]*meter
	order  []output
}

// output is one result of a function.
type output struct {
	fn    string
	index int
}

func newComparison(ref reference) *comparison {
	return &comparison{ref: ref, floats: ref.haveFloats(), meters: map[output]*meter{}}
}

// add compares what the calls of a sample gave.
func (c *comparison) add(sample int, calls []pass.Call, got [][]*host.Tensor) error {
	for k, outs := range c.ref[sample] {
		for i, want := range outs {
			if !compared(want, c.floats) {
				continue
			}
			o := output{calls[k].Func, i}
			if c.meters[o] == nil {
				c.meters[o] = &meter{}
				c.order = append(c.order, o)
			}
			if err := c.meters[o].add(got[k][i], want); err != nil {
				return err
			}
		}
	}
	return nil
}

// worst is the metric of the output that suffers most, in dB.
func (c *comparison) worst(metric Metric) float64 {
	db := math.Inf(1)
	for _, o := range c.order {
		db = min(db, c.meters[o].decibels(metric))
	}
	return db
}

// compared reports an output that counts.
func compared(t *host.Tensor, floats bool) bool {
	return !floats || t.Elem.IsFloat() || t.Elem.IsComplex()
}

func (ref reference) haveFloats() bool {
	for _, calls := range ref {
		for _, outs := range calls {
			for _, t := range outs {
				if compared(t, true) {
					return true
				}
			}
		}
	}
	return false
}

// countFinite counts the real numbers of a tensor, and those that are finite; a complex one has two.
func countFinite(t *host.Tensor) (numbers, finite int) {
	if !t.Elem.IsFloat() && !t.Elem.IsComplex() {
		return t.Len(), t.Len()
	}
	count := func(x float64) {
		numbers++
		if isFinite(x) {
			finite++
		}
	}
	if t.Elem.IsComplex() {
		for _, v := range host.Values[complex128](t) {
			count(real(v))
			count(imag(v))
		}
		return numbers, finite
	}
	for _, v := range host.Values[float64](t) {
		count(v)
	}
	return numbers, finite
}
