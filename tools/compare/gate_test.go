package compare

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// shows is a side with the tensors that it is given, by the names of what they claim. Those of outputs begin with a !.
type shows struct {
	values  []*Value
	tensors []*host.Tensor
}

func (s *shows) add(name string, t *host.Tensor) *shows {
	plain := strings.TrimPrefix(name, "!")
	v := &Value{Order: len(s.values), Until: len(s.values), Name: plain, Text: "%" + plain, Claims: []ir.Claim{{Tensor: plain}}, Sure: true, Loc: ir.Unknown, Elem: t.Elem, Float: t.Elem.IsFloat()}
	if plain != name {
		v.Output = plain
	}
	s.values, s.tensors = append(s.values, v), append(s.tensors, t)
	return s
}

func (s *shows) Info() Info        { return Info{Stable: true} }
func (s *shows) Values() []*Value  { return s.values }
func (s *shows) Lost() []Lost      { return nil }
func (*shows) Release(*Value, int) {}

func (s *shows) Show(ctx context.Context, wanted func(*Value) bool, show func(*Value, *host.Tensor)) error {
	for i, v := range s.values {
		if wanted(v) {
			show(v, s.tensors[i])
		}
	}
	return ctx.Err()
}

func numbers(e host.Elem, values ...float64) *host.Tensor {
	x := host.New(e, len(values))
	for i, v := range values {
		host.SetFloat(x, i, v)
	}
	return x
}

// TestGate: what fails, and what does not, by the rule that docs/debugging.md states.
func TestGate(t *testing.T) {
	f := func(values ...float64) *host.Tensor { return numbers(host.F32, values...) }
	whole := func(values ...float64) *host.Tensor { return numbers(host.I64, values...) }
	yes := func(values ...float64) *host.Tensor { return numbers(host.Bool, values...) }
	nan := math.NaN()
	for _, c := range []struct {
		name, metric      string
		limit             float64
		tested, reference *shows
		judged            int
		want              []string
	}{
		{"near enough", "psnr", 40, new(shows).add("a", f(1, 2.001)), new(shows).add("a", f(1, 2)), 1, nil},
		{"beyond the limit", "psnr", 40, new(shows).add("a", f(1, 2)).add("b", f(1, 2.5)), new(shows).add("a", f(1, 2)).add("b", f(1, 2)), 2, []string{"b: 15.1 dB"}},
		{"where less is better", "rel-l2", 0.1, new(shows).add("a", f(1, 2.5)), new(shows).add("a", f(1, 2)), 1, []string{"a: 0.224"}},
		{"in the order of the program", "psnr", 40, new(shows).add("a", f(1, 2.5)).add("b", f(9, 9)), new(shows).add("a", f(1, 2)).add("b", f(1, 2)), 2, []string{"a: 15.1 dB", "b: -11.5 dB"}},
		{"other shapes", "psnr", 1, new(shows).add("a", f(1, 2, 3)), new(shows).add("a", f(1, 2)), 1, []string{"a: not comparable: the tested tensor has the shape [3], the reference [2]"}},
		{"NaN in the tested one", "psnr", 1, new(shows).add("a", f(1, nan)), new(shows).add("a", f(1, 2)), 1, []string{"a: 1 element finite on one side only, the first at [1]"}},
		{"infinite in the reference", "cosine", 0, new(shows).add("a", f(1, 2)), new(shows).add("a", f(math.Inf(1), 2)), 1, []string{"a: 1 element finite on one side only, the first at [0]"}},
		{"the same NaN", "psnr", 40, new(shows).add("a", f(1, nan)), new(shows).add("a", f(1, nan)), 1, nil},
		{"a score that is NaN", "kl", 0.1, new(shows).add("!a", f(nan, 1)), new(shows).add("!a", f(nan, 2)), 1, []string{"a: the KL is not a number"}},
		{"integers by their mismatches", "psnr", 1, new(shows).add("a", whole(1, 2)), new(shows).add("a", whole(1, 3)), 1, []string{"a: 1 of 2 elements differ"}},
		{"equal integers", "psnr", 100, new(shows).add("a", whole(1, 2)), new(shows).add("a", whole(1, 2)), 1, nil},
		{"bools by mismatches", "mismatches", 0.1, new(shows).add("a", yes(1, 0, 1, 1)), new(shows).add("a", yes(1, 1, 1, 1)), 1, []string{"a: 0.25"}},
		{"few mismatches", "mismatches", 0.3, new(shows).add("a", yes(1, 0, 1, 1)), new(shows).add("a", yes(1, 1, 1, 1)), 1, nil},
		{"bools by IoU", "iou", 0.8, new(shows).add("a", yes(1, 0, 1, 1)), new(shows).add("a", yes(1, 1, 1, 1)), 1, []string{"a: 0.75"}},
		{"no IoU beyond the limit", "iou", 0.7, new(shows).add("a", yes(1, 0, 1, 1)), new(shows).add("a", yes(1, 1, 1, 1)), 1, nil},
		{"nothing is judged", "kl", 0.1, new(shows).add("a", f(1)), new(shows).add("a", f(2)), 0, nil},
		{"an output without the metric", "kl", 0.1, new(shows).add("a", f(1, 2)).add("!y", f(1)), new(shows).add("a", f(1, 2)).add("!y", f(2)), 2, []string{"y: an output, of which there is no KL"}},
		{"an output that is missing", "psnr", 40, new(shows).add("a", f(1, 2)), new(shows).add("!y", f(1)).add("a", f(1, 2)), 1,
			[]string{"y: the output y is not compared: no counterpart: the tested side has no tensor of that name"}},
		{"an output too many", "psnr", 40, new(shows).add("a", f(1, 2)).add("!y", f(1)), new(shows).add("a", f(1, 2)), 1, nil},
	} {
		m, err := metric.Find(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		g := compared(t, c.tested, c.reference, Options{Metric: m}).Hold(c.limit)
		var got []string
		for _, f := range g.Failures {
			got = append(got, f.String())
		}
		if !slices.Equal(got, c.want) || g.Judged != c.judged || g.Passed() != (c.want == nil && c.judged > 0) {
			t.Errorf("%s: found %q of %d judged, expected %q of %d", c.name, got, g.Judged, c.want, c.judged)
		}
	}
}

// TestWorstTurnIsNotFinite: a turn that is finite on one side only is worse than any number.
func TestWorstTurnIsNotFinite(t *testing.T) {
	turns := func(last float64) *script {
		s := newScript("a")
		s.shown = []int{0, 0, 0}
		s.number = func(_ string, turn int) float64 { return []float64{1, last, 2}[turn] }
		return s
	}
	r := compared(t, turns(math.NaN()), turns(1.5), Options{})
	if p := r.Points[0]; p.Turn != 1 || p.Verdict != metric.Red || len(r.Hold(-1000).Failures) != 1 {
		t.Errorf("found %+v", p)
	}
}
