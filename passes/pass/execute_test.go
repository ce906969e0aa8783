package pass

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// recorder is an engine that notes what it is asked.
type recorder struct {
	notes []string
	fails int // the run that fails, counted from 1
}

func (r *recorder) Compile(context.Context, *ir.Module) (Program, error) {
	r.notes = append(r.notes, "compile")
	return r, nil
}

func (r *recorder) Run(_ context.Context, calls []Call, w *Watch) (*Results, error) {
	text := "run"
	for _, c := range calls {
		text += fmt.Sprintf(" %s(%s)", c.Func, c.In[0])
	}
	r.notes = append(r.notes, text)
	if r.fails--; r.fails == 0 {
		return nil, errors.New("broken")
	}
	return &Results{}, nil
}

func (r *recorder) Close() error {
	r.notes = append(r.notes, "close")
	return nil
}

func inputs(e host.Elem) *ir.Module {
	f := &ir.Func{Name: "main"}
	f.AddParam("x", ir.StaticType(e, 2), ir.Input)
	return &ir.Module{Funcs: []*ir.Func{f}}
}

func samplesOf(n int, fail error, calls ...Call) *Samples {
	return &Samples{Count: n, All: func(yield func(Sample, error) bool) {
		for k := range n {
			if !yield(Sample{Name: fmt.Sprint("s", k), Calls: calls}, nil) {
				return
			}
		}
		if fail != nil {
			yield(Sample{}, fail)
		}
	}}
}

// TestCalibrate: a module is compiled once for all samples, the calls of a sample run together, on the types that the
// function has, and the user sees how far it is.
func TestCalibrate(t *testing.T) {
	x := host.New(host.F32, 2)
	call := Call{Func: "main", In: []*host.Tensor{x}}
	for _, c := range []struct {
		name    string
		elem    host.Elem
		samples *Samples
		fails   int
		notes   []string
		steps   string
		err     string
	}{
		{"none given", host.F32, nil, 0, nil, "", "this pass needs calibration data"},
		{"empty", host.F32, samplesOf(0, nil), 0, []string{"compile", "close"}, "", "the calibration data has no samples"},
		{"two", host.F32, samplesOf(2, nil, call), 0, []string{"compile", "run main(tensor<2xf32>)", "run main(tensor<2xf32>)", "close"}, "0/2 1/2 2/2", ""},
		{"a run of calls", host.F16, samplesOf(1, nil, call, call), 0, []string{"compile", "run main(tensor<2xf16>) main(tensor<2xf16>)", "close"}, "0/1 1/1", ""},
		{"no such function", host.F32, samplesOf(1, nil, Call{Func: "f"}), 0, []string{"compile", "close"}, "0/1", "calibration sample s0: the module has no function @f"},
		{"too few inputs", host.F32, samplesOf(1, nil, Call{Func: "main"}), 0, []string{"compile", "close"}, "0/1", "calibration sample s0: @main takes 1 inputs, found 0"},
		{"fails", host.F32, samplesOf(3, nil, call), 2, []string{"compile", "run main(tensor<2xf32>)", "run main(tensor<2xf32>)", "close"}, "0/3 1/3", "calibration sample s1: broken"},
		{"unreadable", host.F32, samplesOf(1, errors.New("torn"), call), 0, []string{"compile", "run main(tensor<2xf32>)", "close"}, "0/1", "torn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			engine := &recorder{fails: c.fails}
			var steps []string
			ctx := &Context{Context: t.Context(), Executor: engine, Calibration: c.samples,
				Progress: func(_ string, done, total int) { steps = append(steps, fmt.Sprintf("%d/%d", done, total)) }}
			err := ctx.Calibrate(inputs(c.elem), &Watch{})
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("found the error %v, expected %q", err, c.err)
			}
			if diff := cmp.Diff(c.notes, engine.notes); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got := strings.Join(steps, " "); got != c.steps {
				t.Errorf("found the steps %q, expected %q", got, c.steps)
			}
		})
	}
	if err := (&Context{Context: t.Context(), Calibration: samplesOf(1, nil, call)}).Calibrate(inputs(host.F32), nil); err == nil || !strings.Contains(err.Error(), "has no engine") {
		t.Errorf("without an engine: found the error %v", err)
	}
}
