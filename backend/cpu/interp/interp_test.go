package interp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// broken panics in Eval, as an operation with a mistake in it would; cut also does so in another goroutine.
var broken = ir.NewDialect("broken", "operations with mistakes", &ir.OpDef{
	Name:     "broken.op",
	Doc:      "Panic.",
	Operands: []ir.Arg{ir.In("x", ir.AnyElem)},
	Results:  []ir.Arg{ir.Out("y", ir.AnyElem)},
	Attrs:    []ir.AttrDef{ir.Default("cut", ir.KindBool, ir.Bool(false), "panic inside Parallel")},
	Infer:    func(_ *ir.InferCtx, op *ir.Op) ([]ir.Type, error) { return []ir.Type{op.In(0)}, nil },
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		if op.Bool("cut") {
			c.Par()(1000, 1, func(lo, _ int) {
				if lo > 500 {
					panic("a mistake in a piece")
				}
			})
		}
		var none []int
		return nil, fmt.Errorf("%d", none[in[0].Len()])
	},
})

func compile(t *testing.T, threads int, source string) (*ir.Module, backend.Program) {
	t.Helper()
	tk := aiopt.Standard().AddDialect(broken)
	if err := tk.Err(); err != nil {
		t.Fatal(err)
	}
	m, err := text.Parse("m.air", []byte("air 1\nmodule @m {\n"+source+"\n}\n"), tk.Ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	p, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return m, p
}

func call(t *testing.T, s backend.Session, in ...*host.Tensor) []*host.Tensor {
	t.Helper()
	out, err := s.Call(t.Context(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func f32(values ...float32) *host.Tensor {
	t := host.New(host.F32, len(values))
	copy(host.Raw[float32](t), values)
	return t
}

func holds(t *testing.T, what string, x *host.Tensor, want ...float32) {
	t.Helper()
	if diff := cmp.Diff(want, host.Raw[float32](x)); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// spoil writes over a tensor that its owner may write to.
func spoil(x *host.Tensor) {
	for i := range x.Data {
		x.Data[i] = 0xff
	}
}

func state(t *testing.T, s backend.Session, name string) *host.Tensor {
	t.Helper()
	x, err := s.State(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestOwnership writes over everything the caller owns after each call; a second call must not see it.
func TestOwnership(t *testing.T) {
	for _, c := range []struct {
		name, source string
		outputs      [][]float32 // of each call, which gets [1, 2]
		state        []float32   // of @k after it
	}{
		{"an update is the input", `
  state @k : tensor<2xf32> = zero
  func @main(state @k %k: tensor<2xf32>, %x: tensor<2xf32>) -> (%y: tensor<2xf32>, update @k: tensor<2xf32>) {
    core.return(%k, %x)
  }`, [][]float32{{0, 0, 1, 2}}, []float32{1, 2}},
		{"an update is a view of the input", `
  state @k : tensor<2xf32> = zero
  func @main(state @k %k: tensor<2xf32>, %x: tensor<2xf32>) -> (update @k: tensor<2xf32>) {
    %v = tensor.reshape(%x) : tensor<2x1xf32>
    %w = tensor.reshape(%v) : tensor<2xf32>
    core.return(%w)
  }`, nil, []float32{1, 2}},
		{"a state stays and is an output", `
  state @k : tensor<2xf32> = @w
  func @main(state @k %k: tensor<2xf32>, %x: tensor<2xf32>) -> (%y: tensor<2xf32>, update @k: tensor<2xf32>) {
    core.return(%k, %k)
  }
  resource @w : tensor<2xf32> = data "AABAQAAAgEA="`, [][]float32{{3, 4}}, []float32{3, 4}},
		{"an output is the input, twice", `
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>, %z: tensor<2xf32>) {
    core.return(%x, %x)
  }`, [][]float32{{1, 2}, {1, 2}}, nil},
		{"an output is a weight", `
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>, %z: tensor<1xf32>) {
    %w = core.constant() {value = @w} : tensor<2xf32>
    %s = tensor.slice(%w) {axis = 0, start = 1, stop = 2} : tensor<1xf32>
    core.return(%w, %s)
  }
  resource @w : tensor<2xf32> = data "AABAQAAAgEA="`, [][]float32{{3, 4}, {4}}, nil},
		{"an output is written out", `
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %w = core.constant() {value = dense<2xf32>[5.0, 6.0]} : tensor<2xf32>
    core.return(%w)
  }`, [][]float32{{5, 6}}, nil},
		{"an output and a view of it", `
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>, %z: tensor<1xf32>) {
    %n = tensor.neg(%x) : tensor<2xf32>
    %s = tensor.slice(%n) {axis = 0, start = 1, stop = 2} : tensor<1xf32>
    core.return(%n, %s)
  }`, [][]float32{{-1, -2}, {-2}}, nil},
		{"a mutated input that stays", `
  func @main(%x: tensor<2xf32>) -> (update %x: tensor<2xf32>) {
    core.return(%x)
  }`, [][]float32{{1, 2}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := compile(t, 1, c.source)
			s := p.NewSession()
			defer p.Close()
			for turn := range 2 {
				x := f32(1, 2)
				out := call(t, s, x)
				for i, want := range c.outputs {
					if len(want) == 4 { // the outputs of a first and a second call
						want = want[2*turn : 2*turn+2]
					}
					holds(t, fmt.Sprintf("call %d, output %d", turn, i), out[i], want...)
					spoil(out[i])
				}
				holds(t, "the input", x, 1, 2)
				spoil(x)
				if c.state != nil {
					k := state(t, s, "k")
					holds(t, fmt.Sprintf("call %d, state", turn), k, c.state...)
					spoil(k)
					holds(t, "the state again", state(t, s, "k"), c.state...)
				}
			}
		})
	}
}

const swap = `
  state @a : tensor<2xf32> = @w
  state @b : tensor<2xf32> = zero
  func @main(state @a %a: tensor<2xf32>, state @b %b: tensor<2xf32>) -> (%y: tensor<2xf32>, update @a: tensor<2xf32>, update @b: tensor<2xf32>) {
    core.return(%a, %b, %a)
  }
  resource @w : tensor<2xf32> = data "AABAQAAAgEA="`

func TestStates(t *testing.T) {
	_, p := compile(t, 1, swap)
	s := p.NewSession()
	mine := f32(7, 8)
	if err := s.SetState("b", mine); err != nil {
		t.Fatal(err)
	}
	spoil(mine)
	y := call(t, s)[0]
	holds(t, "output", y, 3, 4)
	spoil(y)
	holds(t, "@a", state(t, s, "a"), 7, 8)
	holds(t, "@b", state(t, s, "b"), 3, 4)
	holds(t, "second output", call(t, s)[0], 7, 8)
	holds(t, "@a", state(t, s, "a"), 3, 4)
	s.Reset()
	holds(t, "@a after Reset", state(t, s, "a"), 3, 4)
	holds(t, "@b after Reset", state(t, s, "b"), 0, 0)
	holds(t, "output after Reset", call(t, s)[0], 3, 4)

	for _, c := range []struct {
		name string
		x    *host.Tensor
		want string
	}{
		{"c", f32(1, 2), `the module has no state "c"; it has a, b`},
		{"a", f32(1, 2, 3), `state "a" is tensor<2xf32>, found tensor<3xf32>`},
		{"a", host.New(host.F16, 2), `found tensor<2xf16>`},
		{"a", nil, `found no tensor`},
	} {
		if err := s.SetState(c.name, c.x); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("@%s: found the error %v, expected one with %q", c.name, err, c.want)
		}
	}
	if _, err := s.State("c"); err == nil {
		t.Error("the state @c exists")
	}
}

const running = `
  state @sum : tensor<2xf32> = zero
  func @main(state @sum %k: tensor<2xf32>, %x: tensor<2xf32>) -> (%y: tensor<2xf32>, update @sum: tensor<2xf32>) {
    %w = core.constant() {value = @w} : tensor<2xf32>
    %p = tensor.mul(%w, %x) : tensor<2xf32>
    %y = tensor.add(%k, %p) : tensor<2xf32>
    core.return(%y, %y)
  }
  resource @w : tensor<2xf32> = data "AABAQAAAgEA="`

// TestConcurrentSessions is of use under the race detector: sessions share the program's plans and weights.
func TestConcurrentSessions(t *testing.T) {
	_, p := compile(t, 2, running)
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			s := p.NewSession()
			for turn := range 20 {
				out, err := s.Call(t.Context(), "main", []*host.Tensor{f32(float32(k), 1)}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				n := float32(turn + 1)
				if got, want := host.Raw[float32](out[0]), []float32{3 * float32(k) * n, 4 * n}; !slices.Equal(got, want) {
					t.Errorf("session %d, call %d: found %v, expected %v", k, turn, got, want)
				}
				spoil(out[0])
			}
		})
	}
	wg.Wait()
}

func TestErrors(t *testing.T) {
	_, p := compile(t, 4, `
  state @k : tensor<2xf32> = zero
  func @main(state @k %k: tensor<2xf32>, %x: tensor<2xf32>) -> (%y: tensor<2xf32>, update @k: tensor<2xf32>) {
    %n = tensor.neg(%x) : tensor<2xf32>
    %y = broken.op(%n) : tensor<2xf32>
    core.return(%y, %n)
  }
  func @cut(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %y = broken.op(%x) {cut = true} : tensor<2xf32>
    core.return(%y)
  }
  func @guarded(%x: tensor<[B]xf32>) -> (%y: tensor<[B]xf32>) {
    dim B in 1..100
    %y = core.kernel(%x) : tensor<[B]xf32>
      do(%v: tensor<[B]xf32>) {
        guard B >= 50
        %n = tensor.neg(%v) : tensor<[B]xf32>
        core.return(%n)
      }
    core.return(%y)
  }`)
	s := p.NewSession()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		name, fn string
		ctx      context.Context
		in       []*host.Tensor
		want     string
	}{
		{"panic", "main", t.Context(), []*host.Tensor{f32(1, 2)}, "@main: internal error in broken.op: runtime error: index out of range"},
		{"panic on another thread", "cut", t.Context(), []*host.Tensor{f32(1, 2)}, "internal error in broken.op: a mistake in a piece"},
		{"guard of a body", "guarded", t.Context(), []*host.Tensor{f32(1, 2)}, "guard `B >= 50`; B is 2"},
		{"no such function", "foo", t.Context(), nil, `no function "foo"`},
		{"number of inputs", "main", t.Context(), nil, "@main takes 1 inputs, found 0"},
		{"no tensor", "main", t.Context(), []*host.Tensor{nil}, `@main: input "x" is missing, expected tensor<2xf32>`},
		{"shape", "main", t.Context(), []*host.Tensor{f32(1)}, `input "x": dimension 0 is 1, expected 2`},
		{"cancelled", "main", stopped, []*host.Tensor{f32(1, 2)}, "context canceled"},
	} {
		_, err := s.Call(c.ctx, c.fn, c.in, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found the error %v, expected one with %q", c.name, err, c.want)
		}
		if c.ctx == stopped && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v is not context.Canceled", c.name, err)
		}
	}
	holds(t, "the state after errors", state(t, s, "k"), 0, 0)
	if _, err := s.Call(t.Context(), "guarded", []*host.Tensor{host.New(host.F32, 50)}, nil); err != nil {
		t.Errorf("the guard holds: %v", err)
	}
}

// TestThreads holds that the number of threads changes no bit.
func TestThreads(t *testing.T) {
	const source = `
  func @main(%x: tensor<65x130xf32>, %w: tensor<70x130xf32>) -> (%y: tensor<65x70xf32>, %z: tensor<65xf32>, %s: tensor<f32>) {
    %l = nn.linear(%x, %w) : tensor<65x70xf32>
    %y = nn.softmax(%l) {axis = 1} : tensor<65x70xf32>
    %z = tensor.sum(%l) {axes = [1]} : tensor<65xf32>
    %s = tensor.sum(%x) {axes = [0, 1]} : tensor<f32>
    core.return(%y, %z, %s)
  }`
	x, w := host.New(host.F32, 65, 130), host.New(host.F32, 70, 130)
	for i, v := range host.Raw[float32](x) {
		host.Raw[float32](x)[i] = v + float32(i*7919%1009)/1009 - 0.5
	}
	for i, v := range host.Raw[float32](w) {
		host.Raw[float32](w)[i] = v + float32(i*104729%997)/997 - 0.5
	}
	var first []*host.Tensor
	for _, threads := range []int{1, 2, 3, 8} {
		_, p := compile(t, threads, source)
		out := call(t, p.NewSession(), x, w)
		if first == nil {
			first = out
		}
		for i := range out {
			if !bytes.Equal(out[i].Bytes(), first[i].Bytes()) {
				t.Errorf("%d threads: output %d differs", threads, i)
			}
		}
	}
}

const nested = `
  func @main(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %a = tensor.neg(%x) : tensor<2xf32>
    %b = core.call(%a) {callee = @twice} : tensor<2xf32>
    %c = core.kernel(%b) : tensor<2xf32>
      do(%v: tensor<2xf32>) {
        %n = tensor.abs(%v) : tensor<2xf32>
        core.return(%n)
      }
    core.return(%c)
  }
  func @twice(%x: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %d = tensor.add(%x, %x) : tensor<2xf32>
    core.return(%d)
  }`

func TestObserve(t *testing.T) {
	_, p := compile(t, 1, nested)
	var seen, ran []string
	done := 0
	opt := &backend.CallOptions{
		Select:   func(v *ir.Value) bool { return v.Name != "b" },
		Observe:  func(v *ir.Value, x *host.Tensor) { seen = append(seen, fmt.Sprint(v.Name, host.Raw[float32](x))) },
		Progress: func(at, total int) { done = 100*total + at },
		Timing: func(op *ir.Op, _ string, ns int64) {
			if ran = append(ran, op.Name()); ns < 0 {
				t.Errorf("%s took %d ns", op.Name(), ns)
			}
		},
	}
	out, err := p.NewSession().Call(t.Context(), "main", []*host.Tensor{f32(1, -2)}, opt)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, "output", out[0], 2, 4)
	if diff := cmp.Diff([]string{"x[1 -2]", "a[-1 2]", "x[-1 2]", "d[-2 4]", "v[-2 4]", "n[2 4]", "c[2 4]"}, seen); diff != "" {
		t.Errorf("observed: -want +got\n%s", diff)
	}
	// An operation that runs others is not timed beside them.
	if diff := cmp.Diff([]string{"tensor.neg", "tensor.add", "tensor.abs"}, ran); diff != "" {
		t.Errorf("timed: -want +got\n%s", diff)
	}
	if done != 303 {
		t.Errorf("progress ended at %d", done)
	}
}

func TestSignatures(t *testing.T) {
	m, p := compile(t, 1, swap)
	sigs := p.Functions()
	if len(sigs) != 1 || sigs[0].Func != m.Func("main") || len(sigs[0].Inputs) != 0 || len(sigs[0].Outputs) != 1 {
		t.Errorf("found %+v, expected @main with one output and no inputs", sigs)
	}
}
