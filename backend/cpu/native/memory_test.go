package native

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// TestPlace gives random values memory: none overlaps another one that lives at the same time, and what has died is used again.
func TestPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var list []interval
		for i := range 40 {
			list = append(list, interval{from: i, to: i + rng.IntN(6), size: rng.IntN(1000)})
		}
		total := place(list)
		for i, v := range list {
			if v.offset%alignment != 0 || v.offset+v.size > total {
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
	if total := place(chain); total != 1280 {
		t.Errorf("a chain takes %d bytes, expected 1280, two values at a time", total)
	}
}

// TestPool has several callers share a pool: each part of each job runs once.
func TestPool(t *testing.T) {
	p := newPool(3)
	defer p.close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range 300 {
				parts := n%3 + 1
				var ran [3]atomic.Int32
				p.run(parts, func(i int) { ran[i].Add(1) })
				for i := range parts {
					if got := ran[i].Load(); got != 1 {
						t.Errorf("part %d of %d ran %d times", i, parts, got)
					}
				}
			}
		})
	}
	wg.Wait()
}
