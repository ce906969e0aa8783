package compare

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/aiopt/aiopt/tools/metric"
)

// Point is a tensor that both sides have shown, with how near the tested one is.
type Point struct {
	Index     int            `json:"index"` // in the order of the reference
	Call      int            `json:"call"`
	Func      string         `json:"func,omitempty"` // of the reference; empty for the function that was called
	Name      string         `json:"name"`           // as PyTorch's graph has it, otherwise as the text has it
	Also      []string       `json:"also,omitempty"` // other tensors of the graph that are the same value on both sides
	Tier      Tier           `json:"tier"`
	Module    string         `json:"module"`
	Class     string         `json:"class,omitempty"`
	Source    string         `json:"source,omitempty"` // file and line of Python
	Tested    End            `json:"tested"`
	Reference End            `json:"reference"`
	Scores    *metric.Scores `json:"scores"`            // of the worst turn; nil where the two do not fit
	Problem   string         `json:"problem,omitempty"` // why there are no scores
	Turns     int            `json:"turns"`             // how often it was compared: more than once in a loop
	Turn      int            `json:"turn"`              // the worst turn, counted from 0
	Verdict   metric.Verdict `json:"verdict"`
	Local     *Local         `json:"local,omitempty"`

	by [2]Candidate // the values that were compared
}

// End is one side of a point.
type End struct {
	Name   string `json:"name"` // in the text, such as %17; of saved values that of the tensor, such as linear_3
	Op     string `json:"op"`
	Elem   string `json:"elem"`
	Shape  []int  `json:"shape"`
	Approx bool   `json:"approx,omitempty"` // a pass that changes numbers touched it, or something before it
	Kernel string `json:"kernel,omitempty"`
}

// Report is the result of a comparison.
type Report struct {
	Tested, Reference Info
	Metric            metric.Metric // decides the verdicts
	Preset            metric.Preset
	Chosen            bool    // the caller named the preset
	Points            []Point // in the order of the reference
	Unmatched         []Unmatched
	Gate              *Gate // what the comparison was held against; nil: nothing
	Spilled           int64 // bytes that went through a temporary file
}

// Count counts the points of some verdicts.
func (r *Report) Count(verdicts ...metric.Verdict) int {
	n := 0
	for i := range r.Points {
		if slices.Contains(verdicts, r.Points[i].Verdict) {
			n++
		}
	}
	return n
}

// Value is a point's value of a metric; NaN where it has none.
func (p *Point) Value(m metric.Metric) float64 {
	if p.Scores == nil {
		return math.NaN()
	}
	return m.Of(p.Scores)
}

// Judge gives the verdict of a point by another metric or preset.
func (p *Point) Judge(m metric.Metric, preset metric.Preset) metric.Verdict {
	if p.Scores == nil {
		return metric.NotComparable
	}
	return preset.Judge(p.Scores, m)
}

// First is the first point in the order of the program that is red or cannot be compared, where errors begin; nil where there is none.
func (r *Report) First() *Point { return r.first((*Point).failed) }

// first is the first point in the order of the program of which that is so.
func (r *Report) first(is func(*Point) bool) *Point {
	for i := range r.Points {
		if p := &r.Points[i]; is(p) {
			return p
		}
	}
	return nil
}

// Order says how points are listed.
type Order string

// The orders.
const (
	WorstFirst   Order = "worst"  // what cannot be compared, then by the metric
	ProgramOrder Order = "order"  // as the reference computes them
	ModuleOrder  Order = "module" // the module with the worst point first, in each the worst point first
)

// Orders lists the orders, the default one first.
func Orders() []Order { return []Order{WorstFirst, ProgramOrder, ModuleOrder} }

// Sorted lists the points in an order.
func (r *Report) Sorted(o Order) []*Point {
	list := make([]*Point, len(r.Points))
	for i := range list {
		list[i] = &r.Points[i]
	}
	if o == ProgramOrder {
		return list
	}
	slices.SortStableFunc(list, r.worse)
	if o == ModuleOrder {
		rank := map[string]int{}
		for i, p := range list {
			if _, ok := rank[p.Module]; !ok {
				rank[p.Module] = i
			}
		}
		slices.SortStableFunc(list, func(a, b *Point) int { return cmp.Compare(rank[a.Module], rank[b.Module]) })
	}
	return list
}

// worse orders points, the worse first: by what a metric does not say, then those below green, whose metric may look better, and then by
// the metric.
func (r *Report) worse(a, b *Point) int {
	good := func(p *Point) int {
		if p.below() {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(r.Metric, a.Scores), rank(r.Metric, b.Scores)), cmp.Compare(good(a), good(b)), worse(r.Metric, a.Scores, b.Scores))
}

// worse orders scores, the worse first: by what the metric does not say, and then by the metric.
func worse(m metric.Metric, a, b *metric.Scores) int {
	if order := cmp.Compare(rank(m, a), rank(m, b)); order != 0 || a == nil {
		return order
	}
	return m.Worse(m.Of(a), m.Of(b))
}

// rank is lowest where there are no scores, then where one side is not finite, and then where the metric is not a number.
func rank(m metric.Metric, s *metric.Scores) int {
	switch {
	case s == nil:
		return 0
	case s.NonFinite.Differ > 0:
		return 1
	case s.Rows != nil && math.IsNaN(m.Of(s)):
		return 2
	}
	return 3
}

// summary counts verdicts for JSON.
type summary struct {
	Points        int `json:"points"`
	Green         int `json:"green"`
	Yellow        int `json:"yellow"`
	Red           int `json:"red"`
	Destroyed     int `json:"destroyed"`
	NotComparable int `json:"not_comparable"`
	Undefined     int `json:"undefined"`
	Unmatched     int `json:"unmatched"`
	InsideKernels int `json:"inside_kernels"` // of those
	Tensors       int `json:"tensors"`        // points, other tensors that are the same values, and those without a point
}

// summary counts what was found.
func (r *Report) summary() summary {
	inside, tensors := 0, len(r.Points)+len(r.Unmatched)
	for i := range r.Points {
		tensors += len(r.Points[i].Also)
	}
	for _, u := range r.Unmatched {
		if u.InsideKernel() {
			inside++
		}
	}
	return summary{
		Points: len(r.Points), Green: r.Count(metric.Green), Yellow: r.Count(metric.Yellow), Red: r.Count(metric.Red), Destroyed: r.Count(metric.Destroyed),
		NotComparable: r.Count(metric.NotComparable), Undefined: r.Count(metric.Undefined), Unmatched: len(r.Unmatched),
		InsideKernels: inside, Tensors: tensors,
	}
}

// WriteJSON writes the report; docs/debugging.md describes it.
func (r *Report) WriteJSON(w io.Writer) error {
	green, red, _ := r.Preset.Limits(r.Metric)
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	all := map[string]any{
		"tested": r.Tested, "reference": r.Reference, "metric": r.Metric.Name,
		"preset":  map[string]any{"name": r.Preset.Name, "green": metric.Number(green), "red": metric.Number(red)},
		"summary": r.summary(), "points": list(r.Points), "unmatched": list(r.Unmatched),
	}
	if r.Gate != nil {
		all["gate"] = r.Gate
	}
	return e.Encode(all)
}

// list is an empty list instead of null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func endOf(c Candidate) End {
	return End{Name: cmp.Or(c.Text, c.Name), Op: c.Op, Elem: c.Elem.String(), Approx: c.Claim.Approx, Kernel: c.Kernel}
}
