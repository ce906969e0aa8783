package runtime

import (
	"context"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// stand gives the stand-in for a program, with inputs. When the test is over, everything has to be released.
func stand(t *testing.T, text string, sizes map[string]int64) (*recorder, *ir.Module, []*host.Tensor) {
	t.Helper()
	m := backendtest.Parse(t, text)
	p, err := plan.Make(t.Context(), m, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := numeric.MakeInputs(m.Funcs[0], sizes)
	if err != nil {
		t.Fatal(err)
	}
	r := record(p, sizes)
	t.Cleanup(func() { r.gone(t) }) // when programs are closed
	return r, m, in
}

// engine is the backend on the stand-in.
type engine struct{ r *recorder }

func (engine) Name() string { return Name }

func (e engine) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	return with(ctx, e.r, m, e.r.plan, opt)
}

// gone waits until nobody owns anything: what sessions hold goes when they do.
func (r *recorder) gone(t *testing.T) {
	t.Helper()
	for range 1000 {
		if len(r.left()) == 0 {
			r.right(t)
			return
		}
		goruntime.GC()
		goruntime.Gosched()
	}
	t.Errorf("these objects are never released: %s", strings.Join(r.left(), ", "))
}

// unsent are messages that no right program has sent.
var unsent = []name{bufferError, description, newBufferOver}

// TestPrograms holds small programs against the interpreter, on old systems, too, with all that the stand-in watches for.
func TestPrograms(t *testing.T) {
	var sent [names]int
	for _, old := range []bool{false, true} {
		for _, c := range walktest.Programs {
			t.Run(c.Name, func(t *testing.T) {
				r, m, in := stand(t, c.Text, c.Sizes)
				r.old = old
				want := c.Run(t, interp.Backend{}, m, in)
				got := c.Run(t, engine{r}, m, in)
				for i := range want {
					if err := numeric.Differ(got[i], want[i]); err != nil {
						t.Errorf("result %d: %v", i, err)
					}
				}
				for i, n := range r.sent {
					sent[i] += n
				}
			})
		}
	}
	for m, n := range sent {
		if n == 0 && !slices.Contains(unsent, name(m)) {
			t.Errorf("nobody sends %s", messages[m].selector)
		}
	}
}

// branches has two values that need not wait for each other, and one that waits for both.
const branches = `air 1
module @m {
  func @main(%x: tensor<40xf32>) -> (%y: tensor<40xf32>) {
    %a = tensor.exp(%x) : tensor<40xf32>
    %b = tensor.sin(%x) : tensor<40xf32>
    %c = tensor.add(%a, %b) : tensor<40xf32>
    %y = tensor.mul(%c, %x) : tensor<40xf32>
    core.return(%y)
  }
}
`

// TestEncoding holds what is encoded: barriers where the plan has a step wait, and nowhere else.
func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"branches", branches, []string{"dispatch exp_", "dispatch sin_", "barrier", "dispatch add_", "barrier", "dispatch mul_", "commit"}},
		{"states", walktest.Decoder, []string{
			"fill 4 bytes with 0", "fill 16 bytes with 255", "dispatch index_update_", "barrier", "dispatch sdpa_",
			"dispatch slice_update_", "barrier", "dispatch slice_update_", "barrier", "dispatch add_", "commit",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, m, in := stand(t, c.text, nil)
			walktest.Sample{Calls: 1}.Run(t, engine{r}, m, in)
			if d := cmp.Diff(c.want, r.lines); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestMissingBarrier holds that a step which does not wait as it should shows in the result.
func TestMissingBarrier(t *testing.T) {
	r, m, in := stand(t, branches, nil)
	want := walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
	steps := r.plan.File.Functions[0].Steps
	for i := range steps {
		waits := steps[i].Waits
		if len(waits) == 0 {
			continue
		}
		steps[i].Waits = nil
		if got := (walktest.Sample{Calls: 1}).Run(t, engine{r}, m, in); numeric.Differ(got[0], want[0]) == nil {
			t.Errorf("step %d need not wait for %v", i, waits)
		}
		steps[i].Waits = waits
	}
}

// TestMistake holds that a call which fails changes no state.
func TestMistake(t *testing.T) {
	r, m, in := stand(t, walktest.Decoder, nil)
	walktest.Mistake(t, engine{r}, m, in)
}

// TestStatesStay holds that calls after the first one make no buffers, and leave states where they are.
func TestStatesStay(t *testing.T) {
	r, m, in := stand(t, walktest.Decoder, nil)
	p, err := engine{r}.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession()
	made := 0
	for i := range 4 {
		if _, err := s.Call(t.Context(), "main", in, nil); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			made = r.sent[newBuffer]
		}
	}
	if n := r.sent[newBuffer]; n != made {
		t.Errorf("%d buffers are made in later calls", n-made)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.State("keys"); err != nil { // it can still be read
		t.Error(err)
	}
}

// TestTiming holds that each operation is said to have taken what the GPU took for its command buffer.
func TestTiming(t *testing.T) {
	r, m, in := stand(t, branches, nil)
	p, err := engine{r}.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var said, shown []string
	_, err = p.NewSession().Call(t.Context(), "main", in, &backend.CallOptions{
		Timing: func(op *ir.Op, by string, ns int64) {
			said = append(said, op.Name()+" "+by+" "+time.Duration(ns).Round(time.Microsecond).String())
		},
		Observe: func(v *ir.Value, _ *host.Tensor) { shown = append(shown, v.Name) },
		Select:  func(v *ir.Value) bool { return v.Name == "b" || v.Name == "y" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"tensor.exp metal 1ms", "tensor.sin metal 1ms", "tensor.add metal 1ms", "tensor.mul metal 1ms"}, said); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"b", "y"}, shown); d != "" {
		t.Error(d)
	}
}
