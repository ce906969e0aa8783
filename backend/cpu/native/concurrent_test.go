//go:build unix

package native

import (
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
)

// TestRandomShapes has sessions of one program make 1,000 calls with random sizes at the same time: every result is the
// interpreter's, and memory does not grow with calls.
func TestRandomShapes(t *testing.T) {
	const sessions = 8
	calls := 125
	if testing.Short() {
		calls = 10
	}
	native, reference := engines(t, backendtest.Parse(t, mixed), 2)
	var a, b [sessions]backend.Session
	for i := range a {
		a[i], b[i] = native.NewSession(), reference.NewSession()
	}
	round := func(seed uint64) {
		var wg sync.WaitGroup
		for g := range a {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, uint64(g)))
				for range calls {
					if err := agree(a[g], b[g], mixedInputs(rng, rng.IntN(100), 1+rng.IntN(300), rng.IntN(4))); err != nil {
						t.Error(err)
						return
					}
				}
				// The largest call of each round is the same, so that it needs no more memory than the round before.
				if err := agree(a[g], b[g], mixedInputs(rng, 100, 300, 4)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	round(1)
	arenas := func() (n int) {
		for _, s := range a {
			n += interp.ArenaOf(s).Bytes()
		}
		return n
	}
	heap, mapped := liveHeap(), arenas()
	round(2)
	if now := arenas(); now > mapped*5/4 {
		t.Errorf("the arenas of %d sessions have %d bytes after as many calls again, before they had %d", sessions, now, mapped)
	}
	if now := liveHeap(); now > heap+4<<20 {
		t.Errorf("%d bytes of the heap are in use after as many calls again, before it were %d", now, heap)
	}
	runtime.KeepAlive(a)
}

// liveHeap is what a collection leaves of the heap.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // the first one only moves what pools hold
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// TestGrowingSizes calls with ever greater sizes, as decoding does: what a session keeps ready does not grow with them, and memory
// is mapped anew few times.
func TestGrowingSizes(t *testing.T) {
	m := backendtest.Parse(t, mixed)
	p, err := newProgram(t.Context(), testCompiler(t), m, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := p.newSession()
	program, err := interp.CompileWith(t.Context(), m, backend.Options{Threads: 1}, p.interpreted(func() interp.Runner { return s.run }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := program.Close(); err != nil {
			t.Error(err)
		}
	}()
	native := program.NewSession()
	rng := rand.New(rand.NewPCG(8, 8))
	regions, before := 0, 0
	for n := range 200 {
		if _, err := native.Call(t.Context(), "main", mixedInputs(rng, 16, 100+4*n, 1), nil); err != nil {
			t.Fatal(err)
		}
		if now := interp.ArenaOf(native).Bytes(); now != before {
			regions, before = regions+1, now
		}
	}
	for id, ready := range s.ready {
		if len(ready) > maxReady {
			t.Errorf("segment %d is ready for %d sizes, expected at most %d", id, len(ready), maxReady)
		}
	}
	if regions > 25 {
		t.Errorf("memory was mapped %d times for 200 sizes", regions)
	}
}
