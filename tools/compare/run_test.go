package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/metric"
)

// script is a side that shows what it is told to.
type script struct {
	info   Info
	values []*Value
	lost   []Lost
	shown  []int // places in values, in the order in which they are shown
	number func(name string, turn int) float64
	fails  error // after all is shown
	blocks bool  // it does not end by itself

	released []string
}

// newScript makes a side with a value for each name; several claims of one value are joined by +, a kernel stands before a /.
func newScript(names ...string) *script {
	s := &script{number: func(name string, turn int) float64 { return float64(len(name) + turn) }}
	for i, n := range names {
		v := &Value{Order: i, Until: i, Text: fmt.Sprintf("%%%d", i), Float: true, Elem: host.F32, Loc: ir.Unknown}
		if kernel, rest, ok := strings.Cut(n, "/"); ok {
			v.Kernel, n = kernel, rest
		}
		v.Sure = v.Kernel == ""
		for _, c := range strings.Split(n, "+") {
			v.Claims = append(v.Claims, ir.Claim{Tensor: c})
		}
		v.Name = v.Claims[0].Tensor
		s.values = append(s.values, v)
		s.shown = append(s.shown, i)
	}
	return s
}

func (s *script) Info() Info       { return s.info }
func (s *script) Values() []*Value { return s.values }
func (s *script) Lost() []Lost     { return s.lost }

func (s *script) Release(v *Value, turn int) {
	s.released = append(s.released, fmt.Sprint(v.Name, turn))
}

func (s *script) Show(ctx context.Context, wanted func(*Value) bool, show func(*Value, *host.Tensor)) error {
	turns := map[int]int{}
	for _, i := range s.shown {
		v := s.values[i]
		if !wanted(v) {
			continue
		}
		t := host.New(host.F32, 4)
		host.SetFloat(t, 0, s.number(v.Name, turns[i]))
		turns[i]++
		show(v, t)
		host.SetFloat(t, 0, -1) // a side uses its memory again
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if s.blocks {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.fails != nil {
		return fmt.Errorf("%s: %w", s.info.Title, s.fails)
	}
	return nil
}

// within fails a test whose runs wait for each other for ever.
func within(t *testing.T, run func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run(ctx)
	if ctx.Err() != nil {
		t.Fatal("the runs do not come to an end")
	}
}

func compared(t *testing.T, a, b Side, opt Options) *Report {
	t.Helper()
	var r *Report
	within(t, func(ctx context.Context) {
		var err error
		if r, err = Run(ctx, a, b, opt); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

func pointNames(r *Report) []string {
	var names []string
	for _, p := range r.Points {
		names = append(names, p.Name)
	}
	return names
}

// TestOrders: whatever the orders are, every pair is compared, and with the values of one turn.
func TestOrders(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
		a, b := newScript(names...), newScript(names...)
		for _, s := range []*script{a, b} {
			s.shown = nil
			for turn := range 3 {
				near := r.IntN(4) // how far the order of the program is left
				for i := range names {
					s.shown = append(s.shown, i)
					if at := len(s.shown) - 1; near > 0 && at-near >= turn*len(names) {
						j := at - r.IntN(near+1)
						s.shown[at], s.shown[j] = s.shown[j], s.shown[at]
					}
				}
			}
			s.info.Stable = false
		}
		rep := compared(t, a, b, Options{Memory: 1 + int64(r.IntN(64))})
		for _, p := range rep.Points {
			if p.Turns != 3 || !p.Scores.Exact() {
				t.Fatalf("seed %d: %s was compared %d times, found %+v", seed, p.Name, p.Turns, p.Scores)
			}
		}
		if len(rep.Points) != len(names) {
			t.Fatalf("seed %d: found the points %v and without a pair %v", seed, pointNames(rep), rep.Unmatched)
		}
	}
}

// TestInStep: where the orders are the same, nothing is kept for later.
func TestInStep(t *testing.T) {
	a, b := newScript("a", "b+c", "d"), newScript("a", "b", "c", "d")
	r := compared(t, a, b, Options{Memory: 1})
	if r.Spilled != 0 || len(r.Points) != 4 {
		t.Errorf("found the points %v, %d bytes went through a file", pointNames(r), r.Spilled)
	}
}

// TestOutOfStep: what waits goes to a file once memory is used up, and comes back as it was.
func TestOutOfStep(t *testing.T) {
	a, b := newScript("a", "b", "c"), newScript("a", "b", "c")
	b.values[0].Order, b.values[2].Order = 2, 0
	b.values[0], b.values[2] = b.values[2], b.values[0]
	r := compared(t, a, b, Options{Memory: 1})
	if r.Spilled == 0 || len(r.Points) != 3 {
		t.Errorf("found the points %v, %d bytes went through a file", pointNames(r), r.Spilled)
	}
	for _, p := range r.Points {
		if !p.Scores.Exact() {
			t.Errorf("%s is not what was shown", p.Name)
		}
	}
}

// TestSaved: values that stay valid are never copied, in whatever order they come.
func TestSaved(t *testing.T) {
	a, b := newScript("a", "b", "c"), newScript("c", "b", "a")
	b.info.Stable = true
	b.number = func(name string, _ int) float64 { return -1 } // as after show
	a.number = b.number
	if r := compared(t, a, b, Options{Memory: 1}); r.Spilled != 0 || len(r.Points) != 3 {
		t.Errorf("found the points %v, %d bytes went through a file", pointNames(r), r.Spilled)
	}
	if slices.Sort(b.released); len(b.released) < 2 || len(slices.Compact(b.released)) != len(b.released) { // at least those that the other side came to later
		t.Errorf("the tensors of %v were given back", b.released)
	}
}

func TestHidden(t *testing.T) {
	a, b := newScript("a", "%41/b", "c", "d"), newScript("a", "b", "c", "d")
	a.info.How, b.info.How = "the backend cpu", "the backend interp"
	a.values[3].Sure = false
	a.shown = []int{0, 2} // b is inside a kernel, the run of d did not come
	r := compared(t, a, b, Options{})
	if got := pointNames(r); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("found %v", got)
	}
	want := []string{"b: inside kernel %41, which the backend cpu does not expose", "d: not computed: the branch or loop that holds it did not run on the tested side"}
	for i, u := range r.Unmatched {
		if got := u.Name + ": " + u.Reason; got != want[i] || u.Missing != tested {
			t.Errorf("found %q missing in %s, expected %q", got, u.Missing, want[i])
		}
	}
}

// TestCopies: of several values with one claim, the first that is shown counts.
func TestCopies(t *testing.T) {
	a, b := newScript("%1/a", "a", "a", "b"), newScript("a", "b")
	a.shown = []int{1, 2, 3}
	r := compared(t, a, b, Options{})
	if len(r.Points) != 2 || r.Points[0].Turns != 1 || r.Points[0].Tested.Name != "%1" {
		t.Errorf("found %+v", r.Points)
	}
}

func TestWorstTurn(t *testing.T) {
	a, b := newScript("a"), newScript("a")
	a.shown, b.shown = []int{0, 0, 0}, []int{0, 0, 0}
	a.number = func(_ string, turn int) float64 { return []float64{1.01, 1.5, 1.1}[turn] }
	b.number = func(string, int) float64 { return 1 }
	var told []int
	r := compared(t, a, b, Options{Point: func(p Point) { told = append(told, p.Turn) }})
	if p := r.Points[0]; p.Turns != 3 || p.Turn != 1 || !slices.Equal(told, []int{0, 1}) || p.Verdict != metric.Destroyed && p.Verdict != metric.Red {
		t.Errorf("found %+v, told of the turns %v", p, told)
	}
}

func TestFailure(t *testing.T) {
	broken := errors.New("the model is broken")
	a, b := newScript("a", "b"), newScript("a", "b")
	a.fails, a.shown = broken, []int{0}
	b.blocks = true
	a.info.Title = "m.air"
	within(t, func(ctx context.Context) {
		_, err := Run(ctx, a, b, Options{})
		if !errors.Is(err, broken) || err.Error() != "the tested side, m.air: the model is broken" {
			t.Errorf("found %v", err)
		}
	})
}

func TestCancel(t *testing.T) {
	a, b := newScript("a", "b"), newScript("b", "a")
	a.blocks, b.blocks = true, true
	stopped := errors.New("stopped")
	within(t, func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		_, err := Run(ctx, a, b, Options{Point: func(Point) { cancel(stopped) }})
		if !errors.Is(err, stopped) {
			t.Errorf("found %v", err)
		}
	})
}

func TestReasons(t *testing.T) {
	a, b := newScript("a", "b+same", "only"), newScript("a", "b", "gone", "none")
	a.lost = []Lost{{Tensor: "gone", Pass: "decompose", Into: "17"}, {Tensor: "both", Pass: "fuse", Into: "9"}}
	b.lost = []Lost{{Tensor: "both", Pass: "fold"}}
	r := compared(t, a, b, Options{})
	var got []string
	for _, u := range r.Unmatched {
		got = append(got, u.Name+" in "+u.Missing+": "+u.Reason)
	}
	want := []string{
		"only in reference: no counterpart: the reference side has no tensor of that name",
		"gone in tested: lost by decompose into %17",
		"none in tested: no counterpart: the tested side has no tensor of that name",
		"both in both: lost by fuse into %9 (tested) and lost by fold: nothing that is left uses it (reference)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTiers pairs models that were exported apart.
func TestTiers(t *testing.T) {
	a, b := newScript("linear_1", "linear_4", "relu", "mul", "extra", "out_of_it"), newScript("linear", "linear_2", "add", "add_1", "mul_7", "result")
	a.info.Program, b.info.Program = "1", "2"
	a.values[5].Output, b.values[5].Output = "y", "y"
	for _, v := range a.values[3:4] {
		v.Loc = &ir.Loc{Path: "block"}
	}
	a.values[2].Shape = "3"
	r := compared(t, a, b, Options{Pins: []Pin{{"relu", "add_1"}}})
	var got []string
	for _, p := range r.Points {
		got = append(got, fmt.Sprintf("%s=%s by %s", p.by[0].Name, p.Name, p.Tier))
	}
	want := []string{"linear_1=linear by place", "linear_4=linear_2 by place", "relu=add_1 by pin", "out_of_it=result by output"}
	if !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
	if _, err := Run(t.Context(), a, b, Options{Pins: []Pin{{"relu_9", "add"}}}); err == nil || !strings.Contains(err.Error(), `the tested side has no value "relu_9"`) {
		t.Errorf("found %v", err)
	}
}

// TestUnequalPlaces: one more of a kind on one side, and none of them is guessed at.
func TestUnequalPlaces(t *testing.T) {
	a, b := newScript("linear", "linear_1"), newScript("linear_5")
	a.info.Program, b.info.Program = "1", "2"
	r := compared(t, a, b, Options{})
	if len(r.Points) != 0 || len(r.Unmatched) != 3 {
		t.Fatalf("found %v and %v", pointNames(r), r.Unmatched)
	}
	const want = "no counterpart: the models were exported apart, and the root module has 2 linear of this shape on the tested side and 1 on the reference; --pin says which is which"
	for _, u := range r.Unmatched {
		if u.Reason != want {
			t.Errorf("found %q", u.Reason)
		}
	}
}

func TestOrigin(t *testing.T) {
	a, b := newScript("mm", "add"), newScript("linear")
	a.info.Program, b.info.Program = "1", "2"
	a.values[0].Origin, a.values[1].Origin = "linear", "linear"
	if r := compared(t, a, b, Options{}); len(r.Points) != 1 || r.Points[0].Tier != ByOrigin || r.Points[0].by[0].Name != "add" {
		t.Errorf("found %+v", r.Points)
	}
}

func TestAlign(t *testing.T) {
	x := host.New(host.F32, 2, 3) // of PyTorch
	for i := range 6 {
		host.SetFloat(x, i, float64(i))
	}
	perm := ir.Transform{Perm: []int{1, 0}}
	part := ir.Transform{Perm: []int{1, 0}, Slice: "[1:3, 0:1]"}
	permuted := x.Transpose([]int{1, 0})
	for _, c := range []struct {
		name  string
		a, b  *host.Tensor
		ta    ir.Transform
		tb    ir.Transform
		shape []int
		err   string
	}{
		{"none", x, x, ir.Transform{}, ir.Transform{}, []int{2, 3}, ""},
		{"permuted", permuted, x, perm, ir.Transform{}, []int{2, 3}, ""},
		{"both permuted", permuted, permuted, perm, perm, []int{2, 3}, ""},
		{"part", permuted.Slice(0, 1, 3, 1).Slice(1, 0, 1, 1), x, part, ir.Transform{}, []int{2, 1}, ""},
		{"part of permuted", permuted, permuted.Slice(0, 1, 3, 1).Slice(1, 0, 1, 1), perm, part, []int{2, 1}, ""},
		{"other parts", x, x, ir.Transform{Slice: "[0:1]"}, ir.Transform{Slice: "[1:2]"}, nil, "the tested side has the part [0:1], the reference [1:2]"},
		{"no permutation", x, x, ir.Transform{Perm: []int{0, 0}}, ir.Transform{}, nil, "perm [0 0] is no permutation"},
		{"other rank", x, x, ir.Transform{Perm: []int{0, 2, 1}}, ir.Transform{}, nil, "has 3 axes, the value 2"},
		{"part beyond", x, x, ir.Transform{Slice: "[0:9]"}, ir.Transform{}, nil, "slice [0:9] does not fit the shape 2x3"},
	} {
		got, err := align([2]*host.Tensor{c.a, c.b}, [2]ir.Claim{{Transform: c.ta}, {Transform: c.tb}})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: found %v, expected %s", c.name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s, err := metric.Measure(got[0], got[1], metric.Options{})
		if err != nil || !s.Exact() || !slices.Equal(got[0].Shape, c.shape) {
			t.Errorf("%s: found %v, %+v, %v", c.name, got[0].Shape, s, err)
		}
	}
}
