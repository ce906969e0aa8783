package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Preset says what a scheme of compression is expected to leave, in dB of PSNR.
type Preset struct {
	Name       string
	Doc        string
	Green, Red float64 // at least Green is good, below Red is bad
}

// Presets lists the presets, the strictest first. fp32, fp16 and lut4 are the limits of Apple's documents on validating
// converted models; the others lie where one layer of that scheme alone leaves a random model.
func Presets() []Preset {
	return []Preset{
		{"fp32", "the same numbers, summed in another order", 70, 60},
		{"fp16", "f16 values", 50, 40},
		{"w8", "weights or activations of 8 bits", 45, 35},
		{"bf16", "bf16 values", 40, 30},
		{"lut4", "palettes of 4 bits and more", 40, 30},
		{"w4", "weights of 4 bits and fewer on a grid", 30, 20},
	}
}

// FindPreset gives the preset of a name.
func FindPreset(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fmt.Errorf("there is no preset %q; there is %s", name, strings.Join(names, ", "))
}

// destroyed is the PSNR in dB below which a tensor has little to do with its reference.
const destroyed = 10

// Verdict is what a score means.
type Verdict uint8

// The verdicts, the worst first.
const (
	NotComparable Verdict = iota // other shapes
	Destroyed
	Red
	Yellow
	Green
	Undefined // the metric says nothing about this tensor
)

type verdictInfo struct{ name, mark string }

func (v Verdict) info() verdictInfo {
	return [...]verdictInfo{NotComparable: {"not comparable", "○"}, Destroyed: {"destroyed", "■"}, Red: {"red", "■"}, Yellow: {"yellow", "▲"}, Green: {"green", "●"}, Undefined: {"undefined", "○"}}[v]
}

// String is the verdict's name.
func (v Verdict) String() string { return v.info().name }

// Mark is a shape that shows the verdict without colours.
func (v Verdict) Mark() string { return v.info().mark }

// MarshalText writes the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Limits are the values of the metric from which on a tensor is green, below which it is red, and below which it is
// destroyed; for a metric of which less is better, above which. They follow from those of the PSNR, for normally distributed
// elements, so that another metric does not give such a tensor another verdict.
func (p Preset) Limits(m Metric) (green, red, gone float64) {
	at := func(psnr float64) float64 { return m.limit(math.Pow(10, (normalPeak-psnr)/20)) }
	return at(p.Green), at(p.Red), at(destroyed)
}

// Judge gives the verdict of one metric. Elements that are finite on one side only are red whatever the metric says;
// integers and bools are judged by their mismatches. Where a few large elements hide the error of the others from the metric, a tensor whose
// SNR is below its limit is not green.
func (p Preset) Judge(s *Scores, m Metric) Verdict {
	if s.NonFinite.Differ > 0 {
		return Red
	}
	if s.Discrete && !m.Discrete {
		all := Metrics()
		m = all[slices.IndexFunc(all, func(m Metric) bool { return m.Name == "mismatches" })]
	}
	of := m.Of
	if m.judged != nil {
		of = m.judged
	}
	x := of(s)
	if math.IsNaN(x) {
		return Undefined
	}
	green, red, gone := p.Limits(m)
	below := func(limit float64) bool { return x != limit && x < limit == m.Higher }
	switch {
	case below(gone):
		return Destroyed
	case below(red):
		return Red
	case below(green):
		return Yellow
	}
	if m.hidden && s.Peaky() && s.SNR() < p.Green-normalPeak {
		return Yellow
	}
	return Green
}
