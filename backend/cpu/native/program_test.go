//go:build unix

package native

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// mixed has native segments around an operation that no kernel computes, a value that leaves a segment and is used again
// later, and a loop whose body is native.
const mixed = `air 1
module @mixed {
  func @main(%a: tensor<[B]x[N]xf32>, %b: tensor<[N]xf32>, %n: tensor<i64>) -> (%y: tensor<[B]x[N]xf32>, %s: tensor<[B]x[N]xf32>, %m: tensor<[B]x[N]xf32>) {
    dim B in 0..1000
    dim N in 1..1000
    %s = tensor.add(%a, %b) : tensor<[B]x[N]xf32>
    %t = tensor.tanh(%s) : tensor<[B]x[N]xf32>
    %u = tensor.exp(%t) : tensor<[B]x[N]xf32>
    %v, %i = tensor.sort(%u) {axis = 1} : tensor<[B]x[N]xf32>, tensor<[B]x[N]xi64>
    %w = tensor.mul(%v, %t) : tensor<[B]x[N]xf32>
    %y = tensor.sub(%w, %s) : tensor<[B]x[N]xf32>
    %zero = core.constant() {value = dense<i64>[0]} : tensor<i64>
    %k, %m = core.while(%zero, %a, %n) {carried = 2} : tensor<i64>, tensor<[B]x[N]xf32>
      cond(%j: tensor<i64>, %x: tensor<[B]x[N]xf32>, %most: tensor<i64>) {
        %more = tensor.lt(%j, %most) : tensor<bool>
        core.return(%more)
      }
      do(%j: tensor<i64>, %x: tensor<[B]x[N]xf32>, %most: tensor<i64>) {
        %one = core.constant() {value = dense<i64>[1]} : tensor<i64>
        %next = tensor.add(%j, %one) : tensor<i64>
        %half = tensor.sin(%x) : tensor<[B]x[N]xf32>
        %z = tensor.add(%half, %x) : tensor<[B]x[N]xf32>
        core.return(%next, %z)
      }
    core.return(%y, %s, %m)
  }
}
`

// engines compiles a module for both engines.
func engines(t testing.TB, m *ir.Module, threads int) (native, reference backend.Program) {
	t.Helper()
	return enginesOf(t, "", m, threads)
}

// enginesOf compiles a module for a target, "" for the best one, and for the reference.
func enginesOf(t testing.TB, target string, m *ir.Module, threads int) (native, reference backend.Program) {
	t.Helper()
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	native, err := Backend{Cache: cache, Target: target}.Compile(context.Background(), m, backend.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	reference, err = interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := native.Close(); err != nil {
			t.Error(err)
		}
	})
	return native, reference
}

func random(rng *rand.Rand, shape ...int) *host.Tensor {
	x := host.New(host.F32, shape...)
	for i := range x.Len() {
		host.SetFloat(x, i, rng.NormFloat64())
	}
	return x
}

func mixedInputs(rng *rand.Rand, b, n, loops int) []*host.Tensor {
	count := host.New(host.I64)
	host.SetInt(count, 0, int64(loops))
	return []*host.Tensor{random(rng, b, n), random(rng, n), count}
}

// agree calls both sessions and compares what they give.
func agree(native, reference backend.Session, in []*host.Tensor) error {
	return agreeOn("main", native, reference, in)
}

func agreeOn(f string, native, reference backend.Session, in []*host.Tensor) error {
	return backendtest.Agree(f, native, reference, in, func(got, want *host.Tensor) error {
		return host.Near(got, want, host.Tolerance{Abs: 1e-5, Rel: 1e-5})
	})
}

// TestProgram runs a program for each target of this processor.
func TestProgram(t *testing.T) {
	machines, err := processor.Machines()
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range machines {
		if skipped(i, len(machines)) { // threads share the work alike on all
			continue
		}
		for _, threads := range []int{1, 3} {
			native, reference := enginesOf(t, m.Name, backendtest.Parse(t, mixed), threads)
			a, b := native.NewSession(), reference.NewSession()
			rng := rand.New(rand.NewPCG(1, uint64(threads)))
			for _, shape := range [][2]int{{1, 1}, {0, 5}, {3, 17}, {2, 16}, {999, 1000}, {7, 33}, {3, 17}, {64, 999}} {
				if err := agree(a, b, mixedInputs(rng, shape[0], shape[1], 3)); err != nil {
					t.Errorf("%s: %v", m.Name, err)
				}
			}
		}
	}
	if err := (Backend{Target: "z80"}).Available(); err == nil || !strings.Contains(err.Error(), "does not run code for z80") {
		t.Errorf("found the error %v for a target that there is not", err)
	}
}

// TestSegments makes sure that TestProgram tests native code.
func TestSegments(t *testing.T) {
	p, err := newProgram(context.Background(), testCompiler(t), backendtest.Parse(t, mixed), 1)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, s := range p.segments {
		names := ""
		for _, st := range s.steps {
			names += strings.TrimPrefix(st.op.Name(), "tensor.") + " "
		}
		found = append(found, names)
	}
	if got, want := strings.Join(found, "; "), "add tanh exp ; mul sub ; lt ; add sin add "; got != want {
		t.Errorf("found the segments %q, expected %q\n%v", got, want, p.reasons)
	}
}

// TestConcurrentSessions has sessions of one program run at the same time, with sizes of their own.
func TestConcurrentSessions(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, mixed), 2)
	calls := 40
	if testing.Short() {
		calls = 6
	}
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			a, b := native.NewSession(), reference.NewSession()
			rng := rand.New(rand.NewPCG(9, uint64(g)))
			for range calls {
				if err := agree(a, b, mixedInputs(rng, rng.IntN(40), 1+rng.IntN(200), rng.IntN(4))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestOutputsAreTheCallers writes to outputs and calls again.
func TestOutputsAreTheCallers(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, mixed), 1)
	s := native.NewSession()
	in := mixedInputs(rand.New(rand.NewPCG(2, 2)), 4, 20, 0)
	first, err := s.Call(context.Background(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kept []*host.Tensor
	for _, out := range first {
		kept = append(kept, out.Clone())
		clear(out.Data)
	}
	again, err := s.Call(context.Background(), "main", in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		if err := host.Near(again[i], kept[i], host.Tolerance{}); err != nil {
			t.Errorf("output %d: %v", i, err)
		}
		if host.FloatAt(first[i], 1) != 0 {
			t.Errorf("output %d of the first call was written to by the second", i)
		}
	}
}

// TestWatched observes and times the operations of a segment.
func TestWatched(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, mixed), 1)
	in := mixedInputs(rand.New(rand.NewPCG(3, 3)), 4, 20, 1)
	seen := [2]map[string]*host.Tensor{{}, {}}
	by := map[string]string{}
	for i, p := range []backend.Program{native, reference} {
		opt := &backend.CallOptions{Observe: func(v *ir.Value, x *host.Tensor) { seen[i][v.Name] = x.Clone() }}
		if i == 0 {
			opt.Timing = func(op *ir.Op, engine string, _ int64) { by[op.Name()] = engine }
		}
		if _, err := p.NewSession().Call(context.Background(), "main", in, opt); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range seen[1] {
		got := seen[0][name]
		if got == nil {
			t.Errorf("%%%s was not observed", name)
		} else if err := host.Near(got, want, host.Tolerance{Abs: 1e-5, Rel: 1e-5}); err != nil {
			t.Errorf("%%%s: %v", name, err)
		}
	}
	if by["tensor.tanh"] != "native" || by["tensor.sort"] != "interp" {
		t.Errorf("found the engines %v, expected tanh to be native and sort interpreted", by)
	}
}

func TestCancelled(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, mixed), 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := native.NewSession().Call(ctx, "main", mixedInputs(rand.New(rand.NewPCG(3, 3)), 4, 20, 1), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected %v", err, context.Canceled)
	}
}

// TestOutOfRange has an index out of range in native code: the error is the interpreter's.
func TestOutOfRange(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, `air 1
module @m {
  func @main(%w: tensor<10x24xf32>, %i: tensor<[S]xi64>) -> (%y: tensor<[S]x24xf32>) {
    dim S in 1..100
    %e = nn.embedding(%w, %i) : tensor<[S]x24xf32>
    %y = tensor.exp(%e) : tensor<[S]x24xf32>
    core.return(%y)
  }
}
`), 2)
	rng := rand.New(rand.NewPCG(4, 4))
	w, ids := random(rng, 10, 24), host.New(host.I64, 3)
	a, b := native.NewSession(), reference.NewSession()
	for _, id := range []int64{0, 9} {
		host.SetInt(ids, 1, id)
		if err := agree(a, b, []*host.Tensor{w, ids}); err != nil {
			t.Error(err)
		}
	}
	for _, id := range []int64{10, -1, -11, 1 << 40, -1 << 62} {
		host.SetInt(ids, 1, id)
		_, got := a.Call(context.Background(), "main", []*host.Tensor{w, ids}, nil)
		_, want := b.Call(context.Background(), "main", []*host.Tensor{w, ids}, nil)
		if got == nil || want == nil || got.Error() != want.Error() {
			t.Errorf("found the error %v for %d, expected %v", got, id, want)
		}
	}
}

// TestEmptyBatches multiplies no matrices, and matrices of no rows.
func TestEmptyBatches(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, `air 1
module @m {
  func @main(%a: tensor<0x2x3xf32>, %b: tensor<0x3x4xf32>, %c: tensor<5x0x3xf32>, %d: tensor<3x4xf32>) -> (%x: tensor<0x2x4xf32>, %y: tensor<5x0x4xf32>) {
    %x = tensor.matmul(%a, %b) : tensor<0x2x4xf32>
    %y = tensor.matmul(%c, %d) : tensor<5x0x4xf32>
    core.return(%x, %y)
  }
}
`), 2)
	in := []*host.Tensor{host.New(host.F32, 0, 2, 3), host.New(host.F32, 0, 3, 4), host.New(host.F32, 5, 0, 3), host.New(host.F32, 3, 4)}
	if err := agree(native.NewSession(), reference.NewSession(), in); err != nil {
		t.Error(err)
	}
}
