package sensitivity

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

// world has a model of some weights, and passes that "compress" one by noting its name in the module; what is noted adds
// noise to the model's only output.
type world struct{ noise func(noted []string) float64 }

// half is a pass that halves bytes.
func half(name string) func() *pass.Pass {
	return func() *pass.Pass {
		p := &pass.Pass{Name: name}
		only := p.Options.Strings("include", "")
		p.Run = func(ctx *pass.Context, m *ir.Module) error {
			done := 0
			for _, w := range []string{"a.weight", "b.weight", "c[1].weight", "d.weight"} {
				c := pass.Compressed{Tensor: w, Modules: []string{w[:1]}, Op: "nn.linear", Elem: host.F32, Shape: []int{5, 5}, Before: 100, After: 100}
				switch {
				case len(*only) > 0 && !strings.Contains(strings.Join(*only, " "), literal(w)):
					c.Refused, c.Ignored = "it matches no include", true
				case w == "d.weight":
					c.Refused = "it is odd"
				default:
					done++
					c.Scheme, c.After, c.Signal, c.Noise = stored(name), 50, 100, 1
					m.Name += " " + w[:1]
				}
				ctx.Compressed(c)
			}
			if done == 0 {
				return &pass.NothingCompressed{Reason: "nothing"}
			}
			return nil
		}
		return p
	}
}

func (w world) Compile(_ context.Context, m *ir.Module) (pass.Program, error) {
	return running{w.noise(strings.Fields(m.Name))}, nil
}

type running struct{ noise float64 }

func (r running) Run(_ context.Context, calls []pass.Call, _ *pass.Watch) (*pass.Results, error) {
	out := &pass.Results{}
	for range calls {
		f, err := host.FromValues(host.F32, []int{2}, []float64{1 + r.noise, -2 - r.noise})
		if err != nil {
			return nil, err
		}
		index, err := host.FromValues(host.I64, []int{1}, []int64{int64(1000 * r.noise)})
		if err != nil {
			return nil, err
		}
		out.Outputs = append(out.Outputs, []*host.Tensor{f, index})
	}
	return out, nil
}

func (r running) Close() error { return nil }

// additive is a model in which the weights a, b, c add noise of 0.01, 0.02 and 0.04 to the output.
func additive(noted []string) float64 {
	sum := 0.0
	for _, w := range noted {
		sum += map[string]float64{"a": 1e-4, "b": 4e-4, "c": 16e-4}[w]
	}
	return math.Sqrt(sum)
}

func measured(t *testing.T, noise func([]string) float64) (*pass.Context, *ir.Module, *Table) {
	t.Helper()
	ctx, m, table, err := measure(t, noise)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, m, table
}

func measure(t *testing.T, noise func([]string) float64) (*pass.Context, *ir.Module, *Table, error) {
	t.Helper()
	set := &pass.Set{}
	if err := set.Add(half("half")); err != nil {
		t.Fatal(err)
	}
	schemes, err := Schemes(set, "half")
	if err != nil {
		t.Fatal(err)
	}
	ret := &ir.OpDef{Name: "core.return", Operands: []ir.Arg{ir.Many("values", ir.AnyElem)}, Traits: ir.Terminator}
	f := &ir.Func{Name: "main"}
	f.Append(ir.NewOp(ret, nil, nil, nil, nil, ir.Unknown))
	m := &ir.Module{Funcs: []*ir.Func{f}}
	ctx := &pass.Context{Context: t.Context(), Executor: world{noise}, Calibration: &pass.Samples{Count: 2, All: func(yield func(pass.Sample, error) bool) {
		for i := range 2 {
			if !yield(pass.Sample{Name: fmt.Sprint(i), Calls: []pass.Call{{Func: "main"}}}, nil) {
				return
			}
		}
	}}}
	table, err := Measure(ctx, m, Options{Schemes: schemes, Metric: PSNR})
	return ctx, m, table, err
}

func TestMeasure(t *testing.T) {
	_, m, table := measured(t, additive)
	if m.Name != "" {
		t.Errorf("the module was changed: %q", m.Name)
	}
	var got []string
	for _, u := range table.Units {
		s := u.Scores[0]
		db := "-"
		if s.DB != nil {
			db = fmt.Sprintf("%.2f", *s.DB)
		}
		got = append(got, fmt.Sprintf("%s: %d to %d, %s dB%s", u.Name, u.Before, s.After, db, s.Refused))
	}
	want := []string{ // 10 log10((4 + 1e-5) / (noise² + 1e-10))
		"a.weight: 100 to 50, 46.02 dB",
		"b.weight: 100 to 50, 40.00 dB",
		"c[1].weight: 100 to 50, 33.98 dB",
		"d.weight: 100 to 100, - dBit is odd",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestChooseQuality holds plans to the quality that was asked for when the model runs with all choices, also where the
// damage of weights is more or less than the sum of what each does alone.
func TestChooseQuality(t *testing.T) {
	models := map[string]func([]string) float64{
		"additive": additive,
		"worse together": func(noted []string) float64 {
			return additive(noted) * float64(max(len(noted), 1))
		},
		"cancelling": func(noted []string) float64 {
			if len(noted) > 1 {
				return 1e-3
			}
			return additive(noted)
		},
	}
	for _, c := range []struct {
		model string
		db    float64
		want  string // weights that are compressed
	}{
		{"additive", 30, "a b c"},
		{"additive", 38, "a b"},
		{"additive", 45, "a"},
		{"additive", 60, ""},
		{"worse together", 38, "a"},
		{"cancelling", 45, "a b c"},
	} {
		ctx, m, table := measured(t, models[c.model])
		p, err := table.Choose(ctx, m, Goal{DB: c.db})
		if err != nil {
			t.Fatal(err)
		}
		list, err := table.Apply(ctx, m, p)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(m.Name); got != c.want {
			t.Errorf("%s at %g dB: %q are compressed, expected %q", c.model, c.db, got, c.want)
		}
		if *p.DB < c.db {
			t.Errorf("%s: the plan gives %g dB, expected %g", c.model, *p.DB, c.db)
		}
		if len(list) != 4 || list[3].Refused != "it is odd" || list[3].Ignored {
			t.Errorf("%s: the plan says %v", c.model, list)
		}
	}
	ctx, m, table := measured(t, additive)
	if p, err := table.Choose(ctx, m, Goal{DB: 500}); err == nil {
		t.Errorf("500 dB were reached: %v", p)
	}
}

func TestMeterOfLostNumbers(t *testing.T) {
	for _, c := range []struct {
		got, want float64
		lost      bool
	}{
		{math.NaN(), 1, true}, {math.Inf(1), 1, true}, {1, math.Inf(-1), true},
		{math.NaN(), math.NaN(), false}, {math.Inf(-1), math.Inf(-1), false}, {1, 1, false},
	} {
		m := &meter{}
		m.number(c.got, c.want)
		if db := m.decibels(PSNR); (db == least) != c.lost {
			t.Errorf("%g for %g gives %g dB", c.got, c.want, db)
		}
	}
}

// TestNoNumbers holds that no quality is made up where the exact outputs are no numbers.
func TestNoNumbers(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		_, _, _, err := measure(t, func([]string) float64 { return v })
		if err == nil || !strings.Contains(err.Error(), "outputs are NaN for sample 0: of result 0 of @main, tensor<2xf32>, no number is finite") {
			t.Errorf("outputs of %g: error %v", v, err)
		}
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		want, got []float64
		lost      int
		db        float64 // PSNR
	}{
		{[]float64{nan, 2, inf, 0}, []float64{nan, 2.2, inf, 0}, 2, 10 * math.Log10((4+1e-5)/(.02+1e-10))}, // over two elements
		{[]float64{nan, 2}, []float64{1, 2}, 1, least},
		{[]float64{inf, 2}, []float64{-inf, 2}, 1, least},
		{[]float64{1, 2}, []float64{nan, 2}, 0, least},
	} {
		tensors := make([]*host.Tensor, 2)
		for i, values := range [][]float64{c.want, c.got} {
			var err error
			if tensors[i], err = host.FromValues(host.F64, []int{len(values)}, values); err != nil {
				t.Fatal(err)
			}
		}
		calls := []pass.Call{{Func: "main"}}
		outs := [][]*host.Tensor{tensors[:1]}
		numbers, lost, err := leftOut("a", calls, outs)
		if err != nil || numbers != len(c.want) || lost != c.lost {
			t.Errorf("%v: %d numbers, %d left out, expected %d; error %v", c.want, numbers, lost, c.lost, err)
		}
		cmp := newComparison(reference{outs})
		if err := cmp.add(0, calls, [][]*host.Tensor{tensors[1:]}); err != nil {
			t.Fatal(err)
		}
		if db := cmp.worst(PSNR); math.Abs(db-c.db) > 1e-9 {
			t.Errorf("%v for %v gives %g dB, expected %g", c.got, c.want, db, c.db)
		}
	}
}

func TestSchemes(t *testing.T) {
	set := &pass.Set{}
	for _, p := range []func() *pass.Pass{half("half"), func() *pass.Pass { return &pass.Pass{Name: "fold"} }} {
		if err := set.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"":           "expected passes that store weights",
		"fold":       "fold stores no weights in fewer bits",
		"half, half": "half is named twice",
		"hlf":        "did you mean half?",
	} {
		if _, err := Schemes(set, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: found error %v, expected one with %q", text, err, want)
		}
	}
}

// stored is a scheme that is no more than its text.
type stored string

func (s stored) String() string { return string(s) }
