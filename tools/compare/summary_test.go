package compare

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// near is a comparison whose points a, b, c, ... are off by these shares of their size.
func near(t *testing.T, preset string, off ...float64) *Report {
	t.Helper()
	a, b := new(shows), new(shows)
	for i, x := range off {
		name := string(rune('a' + i))
		a.add(name, numbers(host.F32, 1, 1+x))
		b.add(name, numbers(host.F32, 1, 1))
	}
	return compared(t, a, b, Options{Preset: preset})
}

// ranAlone notes what the operation of a point loses alone: so much of its size.
func ranAlone(t *testing.T, r *Report, at int, off float64) {
	t.Helper()
	s, err := metric.Measure(numbers(host.F32, 1, 1+off), numbers(host.F32, 1, 1), metric.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := r.Preset.Judge(s, r.Metric)
	r.Points[at].Local = &Local{Scores: s, Verdict: v, Guilty: v == metric.Red || v == metric.Destroyed}
}

// TestLead: the summary leads somewhere whatever the worst colour is. For w4 0.06 is 27.4 dB, yellow, and 0.2 is 17.0 dB, red.
func TestLead(t *testing.T) {
	for _, c := range []struct {
		name  string
		off   []float64
		alone map[int]float64
		want  []string
	}{
		{"exact", []float64{0, 0}, map[int]float64{0: 0}, nil},
		{"green", []float64{0, 0.001}, nil, nil},
		{"green, run alone", []float64{0.001, 0.002}, map[int]float64{0: 0.001, 1: 0.0001}, []string{"loses most: a with 63.0 dB alone"}},
		{"yellow", []float64{0, 0.06, 0.07}, nil, []string{"first yellow: b, 27.4 dB", "makes the error: --local tells which operations make it and which inherit it",
			"worst modules: (the root module) 26.1 dB (2 of 3 yellow)"}},
		{"yellow, run alone", []float64{0, 0.06, 0.07}, map[int]float64{1: 0.06, 2: 0}, []string{"first yellow: b, 27.4 dB",
			"makes the error: of 2 operations that ran alone none is red; b with 27.4 dB alone loses the most", "worst modules: (the root module) 26.1 dB (2 of 3 yellow)"}},
		{"yellow before red", []float64{0.06, 0.2}, map[int]float64{1: 0.2}, []string{"first yellow: a, 27.4 dB", "first red: b, 17.0 dB", "makes the error: b",
			"worst modules: (the root module) 17.0 dB (1 of 2 red, 1 yellow)"}},
		{"red before yellow", []float64{0.2, 0.06}, map[int]float64{0: 0.001}, []string{"first red: a, 17.0 dB",
			"makes the error: none of the 1 operation that ran alone, at worst a with 63.0 dB alone: errors add up", "worst modules: (the root module) 17.0 dB (1 of 2 red, 1 yellow)"}},
	} {
		r := near(t, "w4", c.off...)
		for at, off := range c.alone {
			ranAlone(t, r, at, off)
		}
		var got []string
		for _, b := range r.blames() {
			got = append(got, b.Title+": "+b.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found\n  %s\nexpected\n  %s", c.name, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
}

// TestUnseen: the summary says how many tensors it says nothing of.
func TestUnseen(t *testing.T) {
	a, b := newScript("a", "%41/b", "c"), newScript("a", "b", "c+view", "gone")
	a.shown = []int{0, 2}
	a.info.How = "the backend cpu"
	r := compared(t, a, b, Options{})
	var table bytes.Buffer
	if err := r.WriteTable(&table, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	const want = "2 of 4 tensors have no point, 1 of them inside kernels; --backend=interp shows those\n"
	if !strings.Contains(table.String(), want) {
		t.Errorf("found\n%s", &table)
	}
	if s := r.summary(); s.InsideKernels != 1 || s.Tensors != 4 || s.Unmatched != 2 {
		t.Errorf("found %+v", s)
	}
	if r := compared(t, newScript("a"), newScript("a"), Options{}); r.unseen() != "" {
		t.Errorf("found %q", r.unseen())
	}
}

// TestEndNames: both ends of a point have a name, in the text or in the file.
func TestEndNames(t *testing.T) {
	if e := endOf(Candidate{Value: &Value{Name: "linear_3"}}); e.Name != "linear_3" {
		t.Errorf("found %+v", e)
	}
	if e := endOf(Candidate{Value: &Value{Name: "linear_3", Text: "%17"}}); e.Name != "%17" {
		t.Errorf("found %+v", e)
	}
}

// TestWorstAlone: the line that names the worst point says what it loses alone, where that is known.
func TestWorstAlone(t *testing.T) {
	r := near(t, "w4", 0, 0.06)
	ranAlone(t, r, 1, 0)
	if line := r.Line(); !strings.HasSuffix(line, "worst: b, 27.4 dB (exact alone)") {
		t.Errorf("found %q", line)
	}
	var table bytes.Buffer
	if err := r.WriteTable(&table, TableOptions{}); err != nil || !strings.Contains(table.String(), "first yellow:    b, 27.4 dB\n") {
		t.Errorf("found %v\n%s", err, &table)
	}
}
