package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// Gate is a comparison held against a limit, for scripts.
type Gate struct {
	Limit    metric.Number `json:"limit"`    // of the report's metric
	Judged   int           `json:"judged"`   // points that were held against it
	Failures []Failure     `json:"failures"` // in the order of the program
}

// Failure is a tensor that does not pass, and why.
type Failure struct {
	Name   string `json:"name"`
	Call   int    `json:"call"`
	Module string `json:"module,omitempty"`
	Reason string `json:"reason"`

	order int // in the reference
}

// String names the tensor and says why.
func (f Failure) String() string { return nameOf(f.Name, f.Call, f.Module) + ": " + f.Reason }

// Passed reports that something was judged, and nothing failed.
func (g *Gate) Passed() bool { return g.Judged > 0 && len(g.Failures) == 0 }

// String says in one line what came of it.
func (g *Gate) String() string {
	switch n := len(g.Failures); {
	case n > 0:
		return fmt.Sprintf("%s of %d judged, the first: %s", host.Counted(n, "failure"), g.Judged, g.Failures[0])
	case g.Judged == 0:
		return "nothing was judged"
	}
	return fmt.Sprintf("passed by all of %s", host.Counted(g.Judged, "point"))
}

// Hold holds the report against a limit of its metric. What fails is a point that is worse, that has no value of the metric although the
// metric is one of such tensors, that is finite in other places than the reference, or whose shapes differ; and an output of the
// reference that was not compared. Integers and bools are judged by the limit where the metric is mismatches or iou, and fail where
// they are red otherwise. Where nothing could be judged the gate is not passed, either.
func (r *Report) Hold(limit float64) *Gate {
	g := &Gate{Limit: metric.Number(limit), Failures: []Failure{}}
	for i := range r.Points {
		p := &r.Points[i]
		reason, judged := r.fails(p, limit)
		if judged {
			g.Judged++
		}
		if reason != "" {
			if p.Local != nil && p.Local.Guilty {
				reason += "; " + guilty
			}
			g.Failures = append(g.Failures, Failure{p.Name, p.Call, p.Module, reason, p.by[1].Order})
		}
	}
	for _, u := range r.Unmatched {
		if u.Output != "" {
			g.Failures = append(g.Failures, Failure{u.Name, u.Call, u.Module, fmt.Sprintf("the output %s is not compared: %s", u.Output, u.Reason), u.order})
		}
	}
	slices.SortStableFunc(g.Failures, func(a, b Failure) int { return cmp.Compare(a.order, b.order) })
	r.Gate = g
	return g
}

// fails says why a point does not pass, and whether the metric is one of such tensors.
func (r *Report) fails(p *Point, limit float64) (reason string, judged bool) {
	s := p.Scores
	if s == nil {
		return p.Problem, true
	}
	if s.NonFinite.Differ > 0 {
		return unlike(s), true
	}
	x := r.Metric.Of(s)
	switch {
	case s.Discrete && !r.Metric.Discrete:
		if p.Verdict == metric.Red || p.Verdict == metric.Destroyed {
			return differing(s), true
		}
		return "", true
	case !math.IsNaN(x):
		if r.Metric.Worse(x, limit) < 0 {
			return r.Metric.Text(s), true
		}
		return "", true
	case s.Exact():
		return "", false
	case s.Rows != nil:
		return fmt.Sprintf("the %s is not a number", r.Metric.Title), true
	case p.by[1].Output != "":
		return fmt.Sprintf("an output, of which there is no %s", r.Metric.Title), true
	}
	return "", false
}
