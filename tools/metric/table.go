package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Metric is a number that says how near two tensors are.
type Metric struct {
	Name   string // as flags and JSON spell it
	Title  string // as people read it
	Unit   string // behind the number, may be empty
	Doc    string // its formula, with t the tested and r the reference elements
	Higher bool   // more is nearer
	// Discrete metrics judge integers and bools; by any other these are judged by their mismatches.
	Discrete bool
	// Everywhere says that elements count that are finite on one side only; any other metric is of those that are finite on both.
	Everywhere bool
	Rows       bool // it is of rows along the last axis, and needs Options.Rows
	// Of is its value; NaN where it is not defined.
	Of func(*Scores) float64
	// hidden says that large elements hide the error of others: verdicts take the SNR into account, too.
	hidden bool
	// judged is what limits are held against, where that is not the value; nil: it is.
	judged func(*Scores) float64
	// limit is the value that goes with a relative error of r, that is the norm of t-r over the norm of r.
	limit func(relative float64) float64
}

// normalPeak is how far, in dB, the largest of a million normally distributed elements lies above their root mean square. It
// relates limits of the PSNR to those of metrics that do not know the peak.
const normalPeak = 13.5

// Metrics lists the metrics, the default one first.
func Metrics() []Metric {
	db := func(relative float64) float64 { return math.Round(1e6*(normalPeak-20*math.Log10(relative))) / 1e6 }
	itself := func(relative float64) float64 { return relative }
	share := func(relative float64) float64 { return relative * relative }
	return []Metric{
		{Name: "psnr", Title: "PSNR", Unit: "dB", Higher: true, Doc: "10 log10(max r² / mean (t-r)²)", Of: (*Scores).psnr, limit: db, hidden: true},
		{Name: "snr", Title: "SNR", Unit: "dB", Higher: true, Doc: "10 log10(sum r² / sum (t-r)²)", Of: (*Scores).SNR,
			limit: func(relative float64) float64 { return -20 * math.Log10(relative) }},
		{Name: "rel-l2", Title: "relative L2", Doc: "|t-r| / |r|, of the norms", Of: (*Scores).relL2, limit: itself},
		{Name: "cosine", Title: "cosine", Doc: "sum t r / (|t| |r|); 1 where both are zero, 0 where one is", Higher: true, Of: (*Scores).cosine,
			limit: func(relative float64) float64 { return 1 - relative*relative/2 }},
		{Name: "max-abs", Title: "max |t-r|", Doc: "max |t-r|; judged by its ratio to max |r|", Of: func(s *Scores) float64 { return s.MaxAbs },
			judged: (*Scores).maxRatio, limit: itself},
		{Name: "kl", Title: "KL", Rows: true, Unit: "nats", Doc: "mean over rows of sum p ln(p/q), p of the reference and q of the tested row, of softmax over the last axis or, where the operation is softmax, of the elements; for softmax and outputs",
			Of: (*Scores).kl, limit: func(relative float64) float64 { return relative * relative / 2 }},
		{Name: "top1", Title: "top-1", Rows: true, Doc: "share of rows whose largest element is at the same place; where kl is", Higher: true, Of: (*Scores).top1,
			limit: func(relative float64) float64 { return 1 - relative }},
		{Name: "iou", Title: "IoU", Discrete: true, Doc: "elements above 0.5 in both, over those above it in one at least", Higher: true, Of: (*Scores).iou,
			limit: func(relative float64) float64 { return 1 - relative }},
		{Name: "mismatches", Title: "mismatches", Discrete: true, Everywhere: true, Doc: "share of elements that are not equal; what integers and bools are judged by", Of: (*Scores).mismatched, limit: share},
		{Name: "nonfinite", Title: "non-finite", Everywhere: true, Doc: "elements that are NaN or infinite in one tensor and not the same in the other", Of: func(s *Scores) float64 { return float64(s.NonFinite.Differ) },
			limit: func(float64) float64 { return 0 }},
		{Name: "psnr-apple", Title: "Apple's PSNR", Unit: "dB", Higher: true, Doc: "10 log10((max r² + 1e-5) / (mean (t-r)² + 0.99e-10)), as the test runner of Apple's coreai-models; equal tensors do not get infinity",
			Of: (*Scores).applePSNR, limit: db, hidden: true},
	}
}

// Names lists the names of the metrics.
func Names() []string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
	}
	return names
}

// Find gives the metric of a name.
func Find(name string) (Metric, error) {
	all := Metrics()
	at := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name })
	if at < 0 {
		return Metric{}, fmt.Errorf("there is no metric %q; there is %s", name, strings.Join(Names(), ", "))
	}
	return all[at], nil
}

// Worse orders two values of the metric, the worse one first; what is not defined comes last.
func (m Metric) Worse(a, b float64) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b) || a == b:
		return 0
	case math.IsNaN(b):
		return -1
	case math.IsNaN(a):
		return 1
	case a < b == m.Higher:
		return -1
	}
	return 1
}

// Says reports that the metric tells how near two tensors are: not where elements are finite on one side only, however near the others are.
func (m Metric) Says(s *Scores) bool { return m.Everywhere || s.NonFinite.Differ == 0 }

// Text shows the value of scores to people; nil has none. Where the metric does not say how near the tensors are, it is "non-finite".
func (m Metric) Text(s *Scores) string {
	if s == nil {
		return m.Format(math.NaN())
	}
	if !m.Says(s) {
		return "non-finite"
	}
	x := m.Of(s)
	if m.Unit == "dB" && s.Exact() && math.IsInf(x, 1) {
		return "exact"
	}
	return m.Format(x)
}

// Format shows a value to people.
func (m Metric) Format(x float64) string {
	text := ""
	switch {
	case math.IsNaN(x):
		return "–"
	case m.Unit == "dB":
		text = strconv.FormatFloat(x, 'f', 1, 64)
	case m.Name == "cosine":
		text = strconv.FormatFloat(x, 'f', 6, 64)
	default:
		text = strconv.FormatFloat(x, 'g', 3, 64)
	}
	if m.Unit != "" {
		text += " " + m.Unit
	}
	return text
}
