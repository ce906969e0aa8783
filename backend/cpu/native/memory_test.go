//go:build unix

package native

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/cpu/native/nativetest"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestPlace gives random values memory: none overlaps another one that lives at the same time, and what has died is used again.
func TestPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var list []interval
		for i := range 40 {
			list = append(list, interval{from: i, to: i + rng.IntN(6), size: rng.IntN(1000)})
		}
		total := place(list, 42)
		for i, v := range list {
			if v.offset%memory.Alignment != 0 || v.offset+v.size > total {
				t.Fatalf("%+v lies outside of %d bytes, or not at a cache line", v, total)
			}
			for _, w := range list[:i] {
				if w.to >= v.from && w.offset < v.offset+v.size && v.offset < w.offset+w.size {
					t.Fatalf("%+v overlaps %+v", v, w)
				}
			}
		}
	}
	chain := []interval{{from: 0, to: 1, size: 640}, {from: 1, to: 2, size: 640}, {from: 2, to: 3, size: 640}, {from: 3, to: 4, size: 640}}
	if total := place(chain, 9); total != 1280 {
		t.Errorf("a chain takes %d bytes, expected 1280, two values at a time", total)
	}
}

// stepsTest is a list of kernels for several threads, each of which adds 1 to n numbers on their way from one buffer to another and
// back.
type stepsTest struct {
	pool    *pool
	code    *code
	n, many int
}

func newSteps(t testing.TB, threads, many, n int) *stepsTest {
	t.Helper()
	k := kernel.NewBuilder("add")
	x, y := k.Input("x", host.F32, ir.Const(int64(n))), k.Output("y", host.F32, ir.Const(int64(n)))
	k.For(kernel.Parallel, "i", ir.Const(int64(n)), 16, func(i ir.Dim) {
		k.Store(y, i, k.Op(kernel.Add, k.Load(x, i, 16), k.Float(kernel.Type{Elem: host.F32, Lanes: 16}, 1)))
	})
	made, err := k.Build()
	if err != nil {
		t.Fatal(err)
	}
	c, err := testCompiler(t).compile(t.Context(), "test", []*kernel.Kernel{made})
	if err != nil {
		t.Fatal(err)
	}
	s := &stepsTest{newPool(threads), c, n, many}
	t.Cleanup(s.pool.close)
	return s
}

// launch makes the list for buffers of its own: that of the first numbers and that of the last. Every fourth kernel is not cut.
func (s *stepsTest) launch(t testing.TB) (l *launch, first, last *host.Tensor) {
	t.Helper()
	x, y := guard(t, make([]byte, 4*s.n), true), guard(t, make([]byte, 4*s.n), true)
	pr := &prepared{words: []uint64{uint64(x.Addr()), uint64(y.Addr()), uint64(y.Addr()), uint64(x.Addr())}}
	for i := range s.many {
		it := item{function: s.code.functions[0], ctx: i % 2 * 2, rounds: int64(s.n / 16), cost: serialWork}
		if i%4 == 3 {
			it.cost = 0
		}
		pr.items = append(pr.items, it)
	}
	show := func(g *nativetest.Guarded) *host.Tensor {
		shown, err := host.FromBytes(host.F32, []int{s.n}, g.Data)
		if err != nil {
			t.Fatal(err)
		}
		return shown
	}
	first, last = show(x), show([]*nativetest.Guarded{x, y}[s.many%2])
	t.Cleanup(func() { runtime.KeepAlive(pr) }) // whose words the list points to
	return pr.launch(pr.items, s.pool.size(), s.code), first, last
}

// TestPool has several callers share a pool of more threads than there are processors: each kernel of each list runs after the
// one before has ended, each of its pieces once.
func TestPool(t *testing.T) {
	for _, processors := range []int{1, 2, 8} {
		old := runtime.GOMAXPROCS(processors)
		s := newSteps(t, 4, 31, 1<<10)
		rounds := 200
		if testing.Short() {
			rounds = 20
		}
		var callers sync.WaitGroup
		for range 8 {
			l, in, out := s.launch(t)
			callers.Go(func() {
				var args [6]uintptr
				for round := range rounds {
					clear(in.Data)
					l.begin(0, 0)
					if err := s.pool.run(&l.job, &args); err != nil {
						t.Error(err)
						return
					}
					for i := range out.Len() {
						if got, want := host.FloatAt(out, i), float64(s.many); got != want {
							t.Errorf("element %d is %g after %d kernels that add 1, in round %d", i, got, s.many, round)
							return
						}
					}
				}
			})
		}
		callers.Wait()
		runtime.GOMAXPROCS(old)
	}
}
