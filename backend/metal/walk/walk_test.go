package walk_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/backend/metal/walk"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// engine walks plans on a device that interprets kernels. Its memory is the host's, or is not shown to it.
type engine struct {
	sizes  map[string]int64
	apart  bool // the host shares no memory
	poison bool
	change func(p *plan.Plan)
	ran    map[string]int // how often each kernel has run; nil does not count
	idle   bool           // kernels do nothing
	refuse string         // the text whose kernels are not taken by the queue
	gone   error          // that Wait gives
}

func (engine) Name() string { return "interpreted kernels" }

func (e engine) Compile(ctx context.Context, m *ir.Module, opt backend.Options) (backend.Program, error) {
	p, err := plan.Make(ctx, m, plan.Options{})
	if err != nil {
		return nil, err
	}
	if e.change != nil {
		e.change(p)
	}
	return walk.Compile(ctx, m, p, &device{e, p}, opt, walk.Options{Poison: e.poison})
}

type device struct {
	engine
	plan *plan.Plan
}

func (d *device) Alloc(bytes int) (walk.Block, error) {
	return &block{make([]byte, bytes), d.engine}, nil
}

func (d *device) Constant(data []byte) (walk.Block, error) {
	return &block{data, d.engine}, nil
}

func (d *device) NewQueue() (walk.Queue, error) { return queue{d}, nil }
func (d *device) Close() error                  { return nil }

type block struct {
	data []byte
	of   engine
}

func (b *block) Bytes() []byte {
	if b.of.apart {
		return nil
	}
	return b.data
}
func (b *block) Read(at int, to []byte) error    { copy(to, b.data[at:][:len(to)]); return nil }
func (b *block) Write(at int, from []byte) error { copy(b.data[at:][:len(from)], from); return nil }
func (b *block) Free()                           {}

func bytesOf(s walk.Span) []byte { return s.Block.(*block).data[s.At:][:s.Len:s.Len] }

// queue is one in which nothing waits.
type queue struct{ *device }

func (d queue) Dispatch(_ context.Context, run *walk.Dispatch) error {
	if d.ran != nil {
		d.ran[run.Kernel.Text]++
	}
	if d.idle {
		return nil
	}
	if run.Kernel.Text == d.refuse {
		return fmt.Errorf("%s is refused", d.refuse)
	}
	call := kernel.Call{Sizes: d.sizes}
	for i, a := range run.Args {
		if a.Block != nil {
			if a.At%walk.Alignment != 0 {
				return fmt.Errorf("parameter %s begins at byte %d", run.Kernel.Params[i].Name, a.At)
			}
			call.Buffers = append(call.Buffers, bytesOf(a.Span))
		}
	}
	for i := range d.plan.File.Kernels {
		if &d.plan.File.Kernels[i] == run.Kernel {
			return kernel.Run(d.plan.Kernels[i], call)
		}
	}
	return fmt.Errorf("kernel %s is not of the plan", run.Kernel.Function)
}

func (d queue) Fill(to walk.Span, value byte) error {
	for i := range bytesOf(to) {
		bytesOf(to)[i] = value
	}
	return nil
}

func (d queue) Copy(to, from walk.Span) error { copy(bytesOf(to), bytesOf(from)); return nil }

func (d queue) Wait(context.Context) (time.Duration, error) { return 0, d.gone }

func (d queue) Close() {}

// both are the two kinds of devices.
var both = []engine{{}, {apart: true, poison: true}}

// TestPrograms holds small programs against the interpreter.
func TestPrograms(t *testing.T) {
	for _, e := range both {
		for _, c := range walktest.Programs {
			t.Run(fmt.Sprintf("%s, apart %v", c.Name, e.apart), func(t *testing.T) {
				m := backendtest.Parse(t, c.Text)
				in, err := numeric.MakeInputs(m.Funcs[0], c.Sizes)
				if err != nil {
					t.Fatal(err)
				}
				e.sizes = c.Sizes
				want := c.Run(t, interp.Backend{}, m, in)
				got := c.Run(t, e, m, in)
				for i := range want {
					if err := numeric.Differ(got[i], want[i]); err != nil {
						t.Errorf("result %d: %v", i, err)
					}
				}
			})
		}
	}
}

// TestMistake holds that a call which fails changes no state.
func TestMistake(t *testing.T) {
	for _, e := range both {
		m := backendtest.Parse(t, walktest.Decoder)
		in, err := numeric.MakeInputs(m.Funcs[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		walktest.Mistake(t, e, m, in)
	}
}

// TestObserve holds that every value is shown which the interpreter shows, constants and parts of others among them.
func TestObserve(t *testing.T) {
	for _, c := range append([]walktest.Sample{{Name: "constant", Text: layers}}, walktest.Programs...) {
		t.Run(c.Name, func(t *testing.T) {
			m := backendtest.Parse(t, c.Text)
			in, err := numeric.MakeInputs(m.Funcs[0], c.Sizes)
			if err != nil {
				t.Fatal(err)
			}
			var shown [2]map[string]*host.Tensor
			for i, b := range []backend.Backend{interp.Backend{}, engine{sizes: c.Sizes}} {
				shown[i] = map[string]*host.Tensor{}
				s := backendtest.Session(t, b, m)
				_, err := s.Call(t.Context(), "main", in, &backend.CallOptions{Observe: func(v *ir.Value, x *host.Tensor) { shown[i][v.Name] = x.Clone() }})
				if err != nil {
					t.Fatal(err)
				}
			}
			for name, want := range shown[0] {
				if got := shown[1][name]; got == nil {
					t.Errorf("%%%s is not shown", name)
				} else if err := numeric.Differ(got, want); err != nil {
					t.Errorf("%%%s: %v", name, err)
				}
			}
			if len(shown[0]) < 4 {
				t.Errorf("the interpreter shows %d values", len(shown[0]))
			}
		})
	}
}

// places has a function that writes over a state, and one that has two states change places.
const places = `air 1
module @m {
  state @a : tensor<4x8xf32> = zero
  state @b : tensor<4x8xf32> = zero
  func @write(%x: tensor<1x8xf32>, state @a %p: tensor<4x8xf32>) -> (%y: tensor<4x8xf32>, update @a %s: tensor<4x8xf32>) {
    %s = state.slice_update(%p, %x) {axis = 0, start = 1, in_place = true} : tensor<4x8xf32>
    %y = tensor.neg(%s) : tensor<4x8xf32>
    core.return(%y, %s)
  }
  func @swap(state @a %p: tensor<4x8xf32>, state @b %q: tensor<4x8xf32>) -> (update @a %r: tensor<4x8xf32>, update @b %s: tensor<4x8xf32>) {
    core.return(%q, %p)
  }
}
`

// TestPlaces holds that a state which lies where another one did is not written over.
func TestPlaces(t *testing.T) {
	m := backendtest.Parse(t, places)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]*host.Tensor
	for _, b := range []backend.Backend{interp.Backend{}, both[0], both[1]} {
		p, err := b.Compile(t.Context(), m, backend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := p.NewSession()
		var got []*host.Tensor
		for i, name := range []string{"write", "swap", "write", "swap", "write", "swap"} {
			var given []*host.Tensor
			if name == "write" {
				given = []*host.Tensor{in[0].Clone()}
				host.SetFloat(given[0], 0, float64(i+1))
			}
			out, err := s.Call(t.Context(), name, given, nil)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, out...)
			for _, state := range []string{"a", "b"} {
				v, err := s.State(state)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, v)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		all = append(all, got)
	}
	for i, want := range all[0] {
		for k, got := range all[1:] {
			if err := numeric.Differ(got[i], want); err != nil {
				t.Errorf("device %d, value %d: %v", k, i, err)
			}
		}
	}
}

// layers has a constant that a kernel puts into another order, below.
const layers = `air 1
module @m {
  func @main(%x: tensor<4xf32>) -> (%y: tensor<4xf32>) {
    %w = core.constant() {value = dense<4xf32>[1.0, 2.0, 3.0, 4.0]} : tensor<4xf32>
    %n = tensor.neg(%w) : tensor<4xf32>
    %y = tensor.add(%x, %n) : tensor<4xf32>
    core.return(%y)
  }
}
`

// pack has the first step fill memory that is packed.
func pack(p *plan.Plan) {
	fn := &p.File.Functions[0]
	d := fn.Steps[0].Dispatch
	d.Once = true
	fn.Buffers[d.Buffers[1]] = launch.Memory{Kind: launch.Packed, DType: "f32", Shape: []string{"4"}}
}

// TestOnce holds that a step which fills packed memory runs once for all sessions.
func TestOnce(t *testing.T) {
	m := backendtest.Parse(t, layers)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	e := engine{ran: map[string]int{}, change: pack}
	want := walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
	p, err := e.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s := p.NewSession()
		for range 2 {
			got, err := s.Call(t.Context(), "main", in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := numeric.Differ(got[0], want[0]); err != nil {
				t.Error(err)
			}
		}
	}
	if d := cmp.Diff(map[string]int{"neg.generated.metal": 1, "add.generated.metal": 6}, e.ran); d != "" {
		t.Error(d)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestTogether runs sessions of a program at the same time.
func TestTogether(t *testing.T) {
	m := backendtest.Parse(t, layers)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	want := walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
	p, err := engine{change: pack}.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s := p.NewSession()
			for range 3 {
				got, err := s.Call(t.Context(), "main", in, nil)
				if err == nil {
					err = numeric.Differ(got[0], want[0])
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestSizes holds that calls of other sizes find other memory.
func TestSizes(t *testing.T) {
	c := walktest.Programs[1]
	m := backendtest.Parse(t, c.Text)
	e := engine{sizes: map[string]int64{}}
	p, err := e.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession()
	for _, n := range []int64{5, 9, 9, 2, 5} {
		e.sizes["n"] = n
		in, err := numeric.MakeInputs(m.Funcs[0], e.sizes)
		if err != nil {
			t.Fatal(err)
		}
		want := walktest.Sample{Calls: 1}.Run(t, interp.Backend{}, m, in)
		got, err := s.Call(t.Context(), "main", in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if err := numeric.Differ(got[i], want[i]); err != nil {
				t.Errorf("size %d, result %d: %v", n, i, err)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestGuards holds that a kernel does not run for sizes that break its guards.
func TestGuards(t *testing.T) {
	c := walktest.Programs[1]
	m := backendtest.Parse(t, c.Text)
	e := engine{sizes: map[string]int64{"n": 5}, idle: true, change: func(p *plan.Plan) {
		guard, err := ir.ParseGuard("2 <= 1")
		if err != nil {
			t.Fatal(err)
		}
		p.Kernels[0].Guards = append(p.Kernels[0].Guards, guard)
	}}
	p, err := e.Compile(t.Context(), m, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := numeric.MakeInputs(m.Funcs[0], e.sizes)
	if err != nil {
		t.Fatal(err)
	}
	want := "the sizes break the guard 2 <= 1"
	if _, err := p.NewSession().Call(t.Context(), "main", in, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found the error %v, expected one with %q", err, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkWalk is what a call of a decoder takes whose kernels do nothing: five dispatches.
func BenchmarkWalk(b *testing.B) {
	m := backendtest.Parse(b, walktest.Decoder)
	in, err := numeric.MakeInputs(m.Funcs[0], nil)
	if err != nil {
		b.Fatal(err)
	}
	p, err := engine{idle: true}.Compile(b.Context(), m, backend.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	s := p.NewSession()
	for b.Loop() {
		if _, err := s.Call(b.Context(), "main", in, nil); err != nil {
			b.Fatal(err)
		}
	}
}
