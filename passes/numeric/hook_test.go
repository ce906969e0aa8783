package numeric

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
)

func vector[T host.Wide](t *testing.T, e host.Elem, values ...T) *host.Tensor {
	t.Helper()
	x, err := host.FromValues(e, []int{len(values)}, values)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestDiffer(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	f32 := func(v ...float64) *host.Tensor {
		out := host.New(host.F32, len(v))
		for i, x := range v {
			host.SetFloat(out, i, x)
		}
		return out
	}
	f8 := func(v ...float64) *host.Tensor {
		out := host.New(host.F8E4M3, len(v))
		for i, x := range v {
			host.SetFloat(out, i, x)
		}
		return out
	}
	for _, c := range []struct {
		name      string
		got, want *host.Tensor
		err       string // "": they agree
	}{
		{"equal", f32(1, 2), f32(1, 2), ""},
		{"rounding", f32(1, 2.00001), f32(1, 2), ""},
		{"near zero beside large", f32(1e-6, 1), f32(0, 1), ""},
		{"far", f32(1, 2.1), f32(1, 2), "element 1 is 2.1, it was 2.0"},
		{"NaN", f32(1, nan), f32(1, 2), "element 1 is nan"},
		{"number for NaN", f32(1, 2), f32(1, nan), "element 1 is 2.0"},
		{"equal NaN", f32(1, nan), f32(1, nan), ""},
		{"equal infinity", f32(inf, 1), f32(inf, 1), ""},
		{"infinity", f32(inf, 1), f32(-inf, 1), "element 0 is inf"},
		{"number for infinity", f32(3, 1), f32(inf, 1), "element 0 is 3.0"},
		{"shape", host.New(host.F32, 2, 3), host.New(host.F32, 3, 2), "found tensor<2x3xf32>, expected tensor<3x2xf32>"},
		{"rank", host.New(host.F32, 6), host.New(host.F32, 3, 2), "found tensor<6xf32>"},
		{"2^53+1", vector(t, host.I64, int64(5), 1<<53+1), vector(t, host.I64, int64(5), 1<<53), "element 1 is 9007199254740993, it was 9007199254740992"},
		{"2^63+1", vector(t, host.U64, uint64(1<<63+1)), vector(t, host.U64, uint64(1<<63)), "element 0 is 9223372036854775809"},
		{"integers of two types", vector(t, host.I32, int64(7), 8), vector(t, host.I64, int64(7), 8), ""},
		{"integers of two types differ", vector(t, host.I32, int64(7), 8), vector(t, host.I64, int64(7), 9), "element 1 is 8, it was 9"},
		{"bools", vector(t, host.Bool, true, false), vector(t, host.Bool, true, true), "element 1 is false, it was true"},
		{"float8 zeros", f8(0, 1), f8(math.Copysign(0, -1), 1), ""},
		{"float8", f8(0, 1), f8(0, 2), "element 1 is 1.0, it was 2.0"},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, Differ(c.got, c.want), c.err) })
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("found the error %v, expected none", err)
	case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
		t.Errorf("found the error %v, expected one with %q", err, text)
	}
}

func TestSNR(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want []float64
		db        float64
	}{
		{"equal", []float64{1, 2}, []float64{1, 2}, inf},
		{"noise", []float64{3, 4.5}, []float64{3, 4}, 20},
		{"NaN alone", []float64{nan, 4}, []float64{3, 4}, -inf},
		{"NaN beside noise", []float64{nan, 4.5}, []float64{3, 4}, -inf},
		{"infinity beside noise", []float64{inf, 4.5}, []float64{3, 4}, -inf},
		{"NaN stays", []float64{nan, 3, 4.5}, []float64{nan, 3, 4}, 20},
		{"finite for infinite", []float64{-65504, 3, 4.5}, []float64{-inf, 3, 4}, 20},
	} {
		db, err := SNR(vector(t, host.F64, c.got...), vector(t, host.F64, c.want...))
		if err != nil || db != c.db && !(math.Abs(db-c.db) < 1e-9) {
			t.Errorf("%s: found %v dB, %v, expected %v dB", c.name, db, err, c.db)
		}
	}
	if _, err := SNR(host.New(host.F32, 2), host.New(host.F32, 3)); err == nil {
		t.Error("tensors of different shapes have an SNR")
	}
}

// scripted gives one list of results after the other.
type scripted struct {
	outs   [][]*host.Tensor // of each call: outputs and states
	states int
}

func (s *scripted) Compile(_ context.Context, m *ir.Module) (pass.Program, error) {
	s.states = len(m.States)
	return s, nil
}

func (s *scripted) Run(_ context.Context, calls []pass.Call, _ *pass.Watch) (*pass.Results, error) {
	r := &pass.Results{}
	for range calls {
		n := len(s.outs[0]) - s.states
		r.Outputs, r.States = append(r.Outputs, s.outs[0][:n]), s.outs[0][n:]
		s.outs = s.outs[1:]
	}
	return r, nil
}

func (s *scripted) Close() error { return nil }

// shape makes a module whose @main has one input, some outputs, and states.
func shape(outputs int, states ...string) *ir.Module {
	f := &ir.Func{Name: "main"}
	f.AddParam("x", ir.TensorOf(host.F32), ir.Input)
	for range outputs {
		f.Results = append(f.Results, &ir.Result{Role: ir.Output})
	}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	for _, s := range states {
		f.Results = append(f.Results, &ir.Result{Role: ir.Update, State: true, Target: s})
		m.States = append(m.States, &ir.State{Name: s, Type: ir.TensorOf(host.F32)})
	}
	return m
}

func TestHook(t *testing.T) {
	a, b, nan := vector(t, host.F32, float32(1), 2), vector(t, host.F32, float32(3), 4), vector(t, host.F32, float32(math.NaN()), 2)
	near := vector(t, host.F32, float32(1.01), 2)
	type tensors = []*host.Tensor
	lossy := &pass.Lossy{MinSNR: 20}
	for _, c := range []struct {
		name          string
		lossy         *pass.Lossy
		before, after *ir.Module
		was, is       tensors
		err, report   string
	}{
		{name: "the same", before: shape(2), after: shape(2), was: tensors{a, b}, is: tensors{a, b}},
		{name: "other numbers", before: shape(2), after: shape(2), was: tensors{a, b}, is: tensors{a, a}, err: "the pass p changed result 1 of @main: element 0 is 1.0, it was 3.0"},
		{name: "an output less", before: shape(2), after: shape(1), was: tensors{a, b}, is: tensors{a}, err: "the pass p changed how many values @main gives: found 1, expected 2"},
		{name: "an output more", before: shape(1), after: shape(2), was: tensors{a}, is: tensors{a, b}, err: "found 2, expected 1"},
		{name: "an output for a state", before: shape(1, "k"), after: shape(2), was: tensors{a, b}, is: tensors{a, b}, err: `found result 1, expected state "k"`},
		{name: "states", before: shape(1, "k", "v"), after: shape(1, "k", "v"), was: tensors{a, b, a}, is: tensors{a, b, b}, err: `changed state "v" of @main`},
		{name: "the engine gives too few", before: shape(2), after: shape(2), was: tensors{a, b}, is: tensors{a}, err: "@main gave 1 outputs, expected 2"},
		{name: "lossy", lossy: lossy, before: shape(1), after: shape(1), was: tensors{a}, is: tensors{near}, report: "p: results have an SNR of 47.0 dB"},
		{name: "too lossy", lossy: lossy, before: shape(1), after: shape(1), was: tensors{a}, is: tensors{b}, err: "leaves an SNR of -2.0 dB, it should leave at least 20.0 dB", report: "p: results have an SNR of -2.0 dB"},
		{name: "lossy NaN", lossy: lossy, before: shape(1), after: shape(1), was: tensors{a}, is: tensors{nan}, err: "leaves an SNR of -Inf dB", report: "p: results have an SNR of -Inf dB"},
		{name: "lossy shape", lossy: lossy, before: shape(1), after: shape(1), was: tensors{a}, is: tensors{host.New(host.F32, 3)}, err: "the pass p changed result 0 of @main"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var report string
			cases := func(*ir.Module) ([]Case, error) { return []Case{{Func: "main", In: tensors{host.New(host.F32)}}}, nil }
			h := Hook(cases, func(line string) { report += line })
			ctx := &pass.Context{Context: t.Context(), Executor: &scripted{outs: []tensors{c.was, c.is}}, Pass: &pass.Pass{Name: "p", Lossy: c.lossy}}
			if err := h.Before(ctx, c.before); err != nil {
				t.Fatal(err)
			}
			wantError(t, h.After(ctx, c.after), c.err)
			if diff := cmp.Diff(c.report, report); diff != "" {
				t.Errorf("report: -want +got\n%s", diff)
			}
		})
	}
}
